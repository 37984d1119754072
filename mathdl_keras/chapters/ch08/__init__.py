"""Chapter 8. Stochastic Gradient Descent for Multi-layer Networks.

Section  Title                        Objects                                        Claims
-------  ---------------------------  ---------------------------------------------  ----------------------
8.1      Introduction
8.2      Multi-layer Neural Networks  MultiLayerSGD                                  parameter_count,
                                                                                     sgd_trajectory,
                                                                                     vectorised_equals_loop
8.3      Computational Cost           count_flops, network_cost, NetworkCost,        flops,
                                      activation_memory, Memory,                     finite_difference_cost
                                      measured_flops, compiled_flops
8.4      Vanishing Gradient Problem   signal_propagation, SignalPropagation,         gradient_decay
                                      VanishingGradientReport
8.5      Implementation Example       the demo
8.6      Brief Concluding Remarks
8.7      Exercises                    flops_step, critical_variance, gradient_ratio,
                                      tied_gradient

Rooms: `models` (a classifier with its own descent), `graph` and `cost` (operations and memory, counted), `profilers`
(the same by the frameworks' own accounts), `propagation` (theory of random networks), `callbacks` (what training
shows), then `claims`, `demo`, `figures` and `exercises`.
"""
