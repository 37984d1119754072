"""Chapter 8. Stochastic Gradient Descent for Multi-layer Networks.

Section  Title                        Here
-------  ---------------------------  ---------
8.1      Introduction                 (to come)
8.2      Multi-layer Neural Networks  (to come)
8.3      Computational Cost           (to come)
8.4      Vanishing Gradient Problem   (to come)
8.5      Implementation Example       (to come)
8.6      Brief Concluding Remarks     (to come)
8.7      Exercises                    (to come)
"""
