"""Appendix A. Background Material in Probability.

Section  Title                                           Here
-------  ----------------------------------------------  ---------
A.1      Basic Notions in Probability                    (to come)
A.2      Basics on Stochastic Processes                  (to come)
A.3      Notions of Convergence and Tightness            (to come)
A.4      Convergence in the Skorokhod Space D_E([0, T])  (to come)
A.5      Some Limiting Results and Concentration Bounds  (to come)
A.6      Itô Stochastic Integral                         (to come)
A.7      Very Basics of Itô Stochastic Calculus          (to come)
"""
