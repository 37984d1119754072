"""Chapter 4. From the Perceptron Model to Kernels to Neural Networks.

Section  Title
         file: objects, and the claims about them
-------  ------------------------------------------------------------
4.1      Introduction
4.2      Perceptron Model and Stochastic Gradient Descent
         losses: Hinge, LogisticLoss, PerceptronLoss, ZeroOneLoss
         models: Perceptron
         perceptron: train_perceptron
         claims: novikoff_tight, perceptron_is_sgd, xor
4.3      Perceptron Through the Lens of a Kernel
         kernels: BrownianKernel, Kernel, LaplaceKernel, LinearKernel, PolynomialKernel, RBFKernel
         layers: GramMatrix
         machines: KernelPerceptron
         perceptron: train_kernel_perceptron
         spectrum: is_psd, mercer_spectrum, nystrom_features, require_psd
         claims: gram_psd, mercer_brownian, mercer_rbf, primal_dual
         exercises: kernel_perceptron_step, is_mercer
4.4      Linear Regression and Kernels
         machines: KernelRidge
         regression: kernel_ridge
         claims: kernel_ridge_duality
4.5      From Kernels to Neural Networks
         arc_cosine: ArcCosineKernel
         layers: RandomFourierFeatures
         claims: random_features
         exercises: arc_cosine_0
4.6      Brief Concluding Remarks

Rooms: `losses`, `perceptron` and `models` (the perceptron: losses, its loop, its model), `kernels`, `arc_cosine` and
`spectrum` (kernels and their eigenvalues), `regression` (ridge regression in closed form), `layers` (Gram matrix,
random features), `machines` (models that hold their training points), then `claims`, `demo`, `figures` and
`exercises`.
"""
