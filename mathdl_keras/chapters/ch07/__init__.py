"""Chapter 7. Basics of Stochastic Gradient Descent.

Section  Title
         file: objects, and the claims about them
-------  ------------------------------------------------------------
7.1      Introduction
7.2      The basic setup
         steps: sgd_step
         claims: steepest_descent
7.3      Stochastic gradient descent algorithm
         noise: minibatch_gradient_covariance, sgd_stationary_covariance
         optimizers: RobbinsMonro
         sampling: MinibatchSampler, sample_minibatches
         steps: sgd_replicas
         claims: minibatch_unbiased, epoch_coverage, stationary_variance, sgd_lyapunov, robbins_monro_is_averaging,
             step_constant
         exercises: sgd_noise_floor, importance_gradient, polyak_average
7.4      Applications to Shallow Neural Networks
         models: ShallowNetwork
         shallow_gradients: shallow_gradients
         claims: shallow_gradients
7.5      Implementation Examples
         growth: insert_identity_layer, mlp_apply
         trainer: StepLoop
         claims: keras_parity
7.6      Brief Concluding Remarks
7.7      Exercises

Rooms: `sampling` (which samples a step looks at), `steps` (one step, and thousands of runs side by side), `noise` (the
covariance of minibatch gradients, and where it leaves the iterates), `optimizers` (learning rates that fall),
`shallow_gradients` and `models` (the shallow network: its formulas, and as a Keras model), `trainer` and `growth` (a
training loop of one's own, eager or compiled, and a network that grows in it), `frameworks` (the same step by hand in
TensorFlow, JAX and PyTorch), then `claims`, `demo`, `figures` and `exercises`.
"""
