"""Chapter 12. Feature Importance.

Section  Title                                     Here
-------  ----------------------------------------  ---------
12.1     Introduction                              (to come)
12.2     Feature Permutation                       (to come)
12.3     Shapley Value                             (to come)
12.4     Feature Permutation versus Shapley Value  (to come)
12.5     Brief Concluding Remarks                  (to come)
12.6     Exercises                                 (to come)
"""
