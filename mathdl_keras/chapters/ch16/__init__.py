"""Chapter 16. Universal Approximation Theorems.

Section  Title                                                            Here
-------  ---------------------------------------------------------------  ---------
16.1     Introduction                                                     (to come)
16.2     Basic Universal Approximation Theorems                           (to come)
16.3     Universal Approximation Results Using ReLU Activation Functions  (to come)
16.4     Brief Concluding Remarks                                         (to come)
16.5     Exercises                                                        (to come)
"""
