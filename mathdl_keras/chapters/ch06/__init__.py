"""Chapter 6. Backpropagation.

Section  Title                                                        Here
-------  -----------------------------------------------------------  ---------
6.1      Introduction                                                 (to come)
6.2      Introductory Example                                         (to come)
6.3      Backpropagation in a More General Case                       (to come)
6.4      Backpropagation for Multilayer Feed Forward Neural Networks  (to come)
6.5      Backpropagation Applied to a Deep Learning Example           (to come)
6.6      Vanishing Gradient Problem                                   (to come)
6.7      Brief Concluding Remarks                                     (to come)
6.8      Exercises                                                    (to come)
"""
