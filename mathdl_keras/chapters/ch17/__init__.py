"""Chapter 17. Convergence Analysis of Gradient Descent.

Section  Title                                                Here
-------  ---------------------------------------------------  ---------
17.1     Introduction                                         (to come)
17.2     Convergence Properties under Convexity Assumptions   (to come)
17.3     Convergence in the Absence of Convexity Assumptions  (to come)
17.4     Accelerated Gradient Descent Methods                 (to come)
17.5     Brief Concluding Remarks                             (to come)
17.6     Exercises                                            (to come)
"""
