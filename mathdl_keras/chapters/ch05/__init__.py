"""Chapter 5. Feed Forward Neural Networks.

Section  Title
         file: objects, and the claims about them
-------  ------------------------------------------------------------
5.1      Introduction
         models: MLP
         regions: LinearRegions, linear_regions_1d, sawtooth_network
         claims: linear_regions
         exercises: count_regions
5.2      Truth Tables
         boolean: boolean_inputs, parity_network, truth_table, truth_table_network
         layers: AndUnit, Clip01, NotUnit, OrUnit, XorNetwork, clipping_function
         thresholds: is_threshold_function, threshold_functions, threshold_weights
         claims: truth_tables_exact, threshold_count, parity, clip_indicator
         exercises: majority3, network_for
5.3      Numerical Exploration
         models: MLP
         claims: xor_ladder, symmetric_init
5.4      Activation Functions
         activations: Activation, Clip, LeakyReLU, Linear, ReLU, Sigmoid, Softplus, Tanh, get
         moments: gaussian_moment
         claims: activation_derivatives, softplus_gap, gaussian_moments
5.5      Brief Concluding Remarks
5.6      Exercises

Rooms: `activations` (by their formulas), `any_activation` (of a layer that takes others, too), `models` (any feed
forward network), `layers` (exact units), `boolean` and `thresholds` (truth tables, by one hidden layer and by none),
`regions` (pieces on the line), `moments` (Gaussian means), `replicas` (many small networks at once), then `claims`,
`demo`, `figures` and `exercises`.
"""
