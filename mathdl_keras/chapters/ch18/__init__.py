"""Chapter 18. Convergence Analysis of Stochastic Gradient Descent.

Section  Title                                    Here
-------  ---------------------------------------  ---------
18.1     Introduction                             (to come)
18.2     Preliminary calculations                 (to come)
18.3     Convergence Results for SGD              (to come)
18.4     Comparing SGD with GD                    (to come)
18.5     Variants of Stochastic Gradient Descent  (to come)
18.6     Brief Concluding Remarks                 (to come)
18.7     Exercises                                (to come)
"""
