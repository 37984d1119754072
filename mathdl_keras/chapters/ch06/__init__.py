"""Chapter 6. Backpropagation.

Section  Title
         file: objects, and the claims about them
-------  ------------------------------------------------------------
6.2      Introductory Example
         claims: worked_example
6.3      Backpropagation in a More General Case
         models: BackpropModel
         claims: gradient_linearity
6.4      Backpropagation for Multilayer Feed Forward Neural Networks
         gradients: autodiff_gradients
         layers: Dense
         models: BackpropMLP
         claims: backprop_is_exact, taylor_coefficient
         exercises: activation_backward, skip_backward
6.5      Backpropagation Applied to a Deep Learning Example
         gradients: check_gradient
         claims: finite_difference_order
         exercises: optimal_fd_step
6.6      Vanishing Gradient Problem
         callbacks: GradientNorms, TerminateOnNonFinite
         gradients: layer_gradients
         claims: delta_bound
6.8      Exercises

§6.1 and §6.7 introduce and conclude.

Rooms: `layers` (one layer and its backward pass), `models` (networks trained by hand-written gradients), `gradients`
(gradients from elsewhere, to check them), `callbacks` (what training looks like from inside); then `claims`, `demo`,
`figures` and `exercises`.
"""
