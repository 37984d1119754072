"""Chapter 14. Convolution Neural Networks.

Section  Title
         file: objects, and the claims about them
-------  ------------------------------------------------------------
14.1     Introduction
         geometry: toeplitz_matrix
         claims: toeplitz
14.2     Detection of Known Signal
         detection: detection_probability, detection_threshold, pearson_correlation
         filters: MatchedFilter1D, MatchedFilter2D, PearsonCorrelation1D, PearsonCorrelation2D, SignalDetector
         sliding: sliding_correlation, window_moments
         claims: matched_filter, pearson_null, pearson_affine, localisation
         exercises: filter_for_coloured_noise
14.3     Detection of Unknown Signal
         models: LearnedFilterDetector
         claims: learned_filter
14.4     Auxiliary Thoughts
         convolution: im2col
         geometry: conv_output_size, receptive_field
         pooling: MaxPooling2D, max_pool2d_backward, max_pool2d_forward
         claims: output_size, equivariance, receptive_field
         exercises: dilated_output_size
14.5     SGD for Convolution Neural Networks with a Single Channel
         convolution: conv2d_backward, conv2d_forward
         layers: Conv2D
         models: SingleChannelCNN
         claims: conv_backprop
         exercises: conv_backward
14.6     On Convolution Neural Networks with Multiple Channels
         layers: Conv2D
         models: MultiChannelCNN
14.7     Brief Concluding Remarks
14.8     Exercises

Rooms: `geometry` (sizes, receptive fields, the matrix), `sliding`, `detection` and `filters` (known signals: functions,
layers), `formats` (channels first or last), `convolution`, `layers` and `pooling` (derivatives by hand: functions,
layers), `models`, then `claims`, `demo`, `figures` and `exercises`.
"""
