"""Chapter 4. From the Perceptron Model to Kernels to Neural Networks.

Section  Title                                             Objects                                Claims
-------  ------------------------------------------------  -------------------------------------  --------------------
4.1      Introduction
4.2      Perceptron Model and Stochastic Gradient Descent  Perceptron, train_perceptron,          novikoff_tight,
                                                           ZeroOneLoss, PerceptronLoss,           perceptron_is_sgd,
                                                           Hinge, LogisticLoss                xor
4.3      Perceptron Through the Lens of a Kernel           KernelPerceptron, GramMatrix,          primal_dual, xor,
                                                           train_kernel_perceptron, is_psd,       gram_psd,
                                                           require_psd, mercer_spectrum,          mercer_brownian,
                                                           nystrom_features, Kernel,              mercer_rbf
                                                           LinearKernel, PolynomialKernel,
                                                           RBFKernel, LaplaceKernel,
                                                           BrownianKernel
4.4      Linear Regression and Kernels                     KernelRidge, kernel_ridge              kernel_ridge_duality
4.5      From Kernels to Neural Networks                   RandomFourierFeatures,                 random_features
                                                           ArcCosineKernel
4.6      Brief Concluding Remarks

Rooms: `losses`, `perceptron` and `models` (the perceptron: losses, its loop, its model), `kernels`, `arc_cosine` and
`spectrum` (kernels and their eigenvalues), `regression` (ridge regression in closed form), `layers` (Gram matrix,
random features), `machines` (models that hold their training points), then `claims`, `demo`, `figures` and
`exercises`.
"""
