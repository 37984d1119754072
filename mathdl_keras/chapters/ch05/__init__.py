"""Chapter 5. Feed Forward Neural Networks.

Section  Title                     Objects                                        Claims
-------  ------------------------  ---------------------------------------------  ----------------------------------
5.1      Introduction              MLP, linear_regions_1d,                linear_regions
                                   LinearRegions, sawtooth_network
5.2      Truth Tables              AndUnit, OrUnit, NotUnit, XorNetwork, Clip01,  truth_tables_exact,
                                   clipping_function, boolean_inputs,             threshold_count, parity,
                                   truth_table, truth_table_network,              clip_indicator
                                   parity_network, threshold_weights,
                                   is_threshold_function, threshold_functions
5.3      Numerical Exploration     MLP, empirical_risk (of chapter 1)     xor_ladder, symmetric_init
5.4      Activation Functions      Linear, Sigmoid, Tanh, ReLU, LeakyReLU,        activation_derivatives,
                                   Softplus, Clip, get, gaussian_moment           softplus_gap, gaussian_moments
5.5      Brief Concluding Remarks
5.6      Exercises                 majority3, network_for, count_regions

Rooms: `activations` and `models` (any feed forward network), `layers` (exact units), `boolean` and `thresholds` (truth
tables, by one hidden layer and by none), `regions` (pieces on the line), `moments` (Gaussian means), `replicas` (many
small networks at once), then `claims`, `demo`, `figures` and `exercises`.
"""
