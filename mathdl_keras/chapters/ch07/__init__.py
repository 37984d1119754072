"""Chapter 7. Basics of Stochastic Gradient Descent.

Section  Title                                    Here
-------  ---------------------------------------  ---------
7.1      Introduction                             (to come)
7.2      The basic setup                          (to come)
7.3      Stochastic gradient descent algorithm    (to come)
7.4      Applications to Shallow Neural Networks  (to come)
7.5      Implementation Examples                  (to come)
7.6      Brief Concluding Remarks                 (to come)
7.7      Exercises                                (to come)
"""
