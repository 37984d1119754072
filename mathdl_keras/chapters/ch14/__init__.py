"""Chapter 14. Convolution Neural Networks.

Section  Title                                   Objects                                       Claims
-------  --------------------------------------  --------------------------------------------  ----------------------
14.1     Introduction                            toeplitz_matrix                               toeplitz
14.2     Detection of Known Signal               MatchedFilter1D/2D, PearsonCorrelation1D/2D,  matched_filter,
                                                 SignalDetector, detection_probability,        pearson_null,
                                                 detection_threshold, sliding_correlation,          pearson_affine,
                                                 window_moments, pearson_correlation           localisation
14.3     Detection of Unknown Signal             LearnedFilterDetector                         learned_filter
14.4     Auxiliary Thoughts                      conv_output_size, receptive_field, im2col,    output_size,
                                                 MaxPooling2D, max_pool2d_forward,        equivariance,
                                                 max_pool2d_backward                           receptive_field
14.5     SGD for Convolution Neural Networks     SingleChannelCNN, Conv2D,             conv_backprop
         with a Single Channel                   conv2d_forward, conv2d_backward
14.6     On Convolution Neural Networks with     MultiChannelCNN, Conv2D               conv_backprop
         Multiple Channels
14.7     Brief Concluding Remarks
14.8     Exercises                               conv_backward, filter_for_coloured_noise,
                                                 dilated_output_size

Rooms: `geometry` (sizes, receptive fields, the matrix), `sliding`, `detection` and `filters` (known signals: functions,
layers), `convolution`, `pooling` and `layers` (derivatives by hand: functions, layers), `models`, then `claims`,
`demo`, `figures` and `exercises`.
"""
