"""Chapter 10. Batch Normalization.

Section  Title                                   Objects                                  Claims
-------  --------------------------------------  ---------------------------------------  ----------------------
10.1     Introduction
10.2     Batch Normalization Through an Example  BatchNormalization, DenseBatchNorm,     forward_moments,
                                                 BatchNormMLP, batch_moments,             backward,
                                                 batch_norm_forward, batch_norm_backward  gradient_orthogonality,
                                                                                          scale_invariance,
                                                                                          effective_learning_rate
10.3     Batch Normalization and Minibatches     MovingMoments, recalibrate_batch_norm,    batch_kurtosis,
                                                 fuse_batch_norm, BatchStatisticsMonitor   moving_moments, fold
10.4     Brief Concluding Remarks                the demo

Exercises: batchnorm_backward, bn_moment_bias, layer_norm.

Rooms: `normalization` (the formulas), `layers` and `dense` (layers made of them), `models` (a network by hand),
`statistics` (moving and population moments), `folding` (for inference), `callbacks` (what training shows), then
`claims`, `demo`, `figures` and `exercises`.
"""
