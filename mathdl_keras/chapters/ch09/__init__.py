"""Chapter 9. Regularization and Dropout.

Section  Title                                              Here
-------  -------------------------------------------------  ---------
9.1      Introduction                                       (to come)
9.2      Regularization by Penalty Terms                    (to come)
9.3      Dropout and its Relation to Regularization         (to come)
9.4      A Neural Network Example with Dropout Implemented  (to come)
9.5      Dropout on General Multi-layer Neural Networks     (to come)
9.6      Brief Concluding Remarks                           (to come)
9.7      Exercises                                          (to come)
"""
