"""Chapter 10. Batch Normalization.

Section  Title
         file: objects, and the claims about them
-------  ------------------------------------------------------------
10.1     Introduction
10.2     Batch Normalization Through an Example
         dense: DenseBatchNorm
         layers: BatchNormalization
         models: BatchNormMLP
         normalization: batch_moments, batch_norm_backward, batch_norm_forward
         claims: forward_moments, backward, gradient_orthogonality, scale_invariance, effective_learning_rate
         exercises: batchnorm_backward
10.3     Batch Normalization and Minibatches
         callbacks: BatchStatisticsMonitor
         folding: fuse_batch_norm
         statistics: MovingMoments, recalibrate_batch_norm
         claims: batch_kurtosis, moving_moments, fold
         exercises: bn_moment_bias
10.4     Brief Concluding Remarks
         exercises: layer_norm
         the demo

Rooms: `normalization` (the formulas), `layers` and `dense` (layers made of them), `models` (a network by hand),
`statistics` (moving and population moments), `folding` (for inference), `callbacks` (what training shows), then
`claims`, `demo`, `figures` and `exercises`.
"""
