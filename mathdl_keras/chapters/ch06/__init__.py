"""Chapter 6. Backpropagation.

Section  Title                                      Objects                               Claims
-------  -----------------------------------------  ------------------------------------  -----------------------
6.2      Introductory Example                                                             worked_example
6.3      Backpropagation in a More General Case     BackpropModel                         gradient_linearity
6.4      Backpropagation for Multilayer Feed        Dense, BackpropMLP,           backprop_is_exact,
         Forward Neural Networks                    autodiff_gradients                    taylor_coefficient
6.5      Backpropagation Applied to a Deep          check_gradient                        finite_difference_order
         Learning Example
6.6      Vanishing Gradient Problem                 GradientNorms, layer_gradients,       delta_bound
                                                    TerminateOnNonFinite
6.8      Exercises                                  activation_backward, skip_backward,
                                                    optimal_fd_step

Sections 6.1 and 6.7 introduce and conclude.

Rooms: `layers` (one layer and its backward pass), `models` (networks trained by hand-written gradients), `gradients`
(gradients from elsewhere, to check them), `callbacks` (what training looks like from inside); then `claims`, `demo`,
`figures` and `exercises`.
"""
