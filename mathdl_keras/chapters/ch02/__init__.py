"""Chapter 2. Linear Regression.

Section  Title                      Here
-------  -------------------------  ---------
2.1      Introduction               (to come)
2.2      Loss Function              (to come)
2.3      Minimization               (to come)
2.4      Metric                     (to come)
2.5      Computational Realization  (to come)
2.6      Brief Concluding Remarks   (to come)
2.7      Exercises                  (to come)
"""
