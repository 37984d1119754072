"""Chapter 7. Basics of Stochastic Gradient Descent.

Section  Title                                    Objects                              Claims
-------  ---------------------------------------  -----------------------------------  --------------------------
7.1      Introduction
7.2      The basic setup                          sgd_step                             steepest_descent
7.3      Stochastic gradient descent algorithm    MinibatchSampler, sample_minibatches,      minibatch_unbiased,
                                                  minibatch_gradient_covariance,       epoch_coverage,
                                                  sgd_replicas,                        stationary_variance,
                                                  sgd_stationary_covariance,           sgd_lyapunov,
                                                  RobbinsMonro                         robbins_monro_is_averaging,
                                                                                       step_constant
7.4      Applications to Shallow Neural Networks  ShallowNetwork, shallow_gradients    shallow_gradients
7.5      Implementation Examples                  StepLoop, insert_identity_layer, mlp_apply,       keras_parity
                                                  frameworks
7.6      Brief Concluding Remarks
7.7      Exercises                                sgd_noise_floor, importance_gradient,
                                                  polyak_average

Rooms: `sampling` (which samples a step looks at), `steps` (one step, and thousands of runs side by side), `noise` (the
covariance of minibatch gradients, and where it leaves the iterates), `optimizers` (learning rates that fall), `network`
and `models` (the shallow network: its formulas, and as a Keras model), `trainer` and `growth` (a training loop of one's
own, eager or compiled, and a network that grows in it), `frameworks` (the same step by hand in TensorFlow, JAX and
PyTorch), then `claims`, `demo`, `figures` and `exercises`.
"""
