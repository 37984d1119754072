"""Chapter 24. Automatic Differentiation.

Section  Title                                              Here
-------  -------------------------------------------------  ---------
24.1     Introduction                                       (to come)
24.2     Reverse-mode versus Forward-mode Differentiation   (to come)
24.3     Introduction to PyTorch Automatic Differentiation  (to come)
24.4     Brief Concluding Remarks                           (to come)
"""
