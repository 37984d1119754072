"""Chapter 8. Stochastic Gradient Descent for Multi-layer Networks.

Section  Title
         file: objects, and the claims about them
-------  ------------------------------------------------------------
8.1      Introduction
8.2      Multi-layer Neural Networks
         models: MLPClassifier
         claims: parameter_count, sgd_trajectory, vectorised_equals_loop
8.3      Computational Cost
         network_cost: Memory, NetworkCost, activation_memory, count_flops, network_cost
         profilers: compiled_flops, measured_flops
         claims: flops, finite_difference_cost
         exercises: flops_step
8.4      Vanishing Gradient Problem
         callbacks: VanishingGradientReport
         propagation: SignalPropagation, signal_propagation
         claims: gradient_decay
         exercises: critical_variance, gradient_ratio
8.5      Implementation Example
         the demo
8.6      Brief Concluding Remarks
8.7      Exercises
         exercises: tied_gradient

Rooms: `models` (a classifier with its own descent), `layer_costs` (operations and memory of a layer, counted), `calls`
and `network_cost` (those of a network), `profilers` (the same by the frameworks' own accounts), `propagation` (theory
of random networks), `callbacks` (what training shows), then `claims`, `demo`, `figures` and `exercises`.
"""
