"""Chapter 20. Optimization in the Feature Learning Regime: Mean Field Scaling.

Section  Title                                                       Here
-------  ----------------------------------------------------------  ---------
20.1     Introduction                                                (to come)
20.2     Preliminary Thoughts                                        (to come)
20.3     Mean Field Limit for Shallow Neural Networks                (to come)
20.4     Central Limit Theorem Behavior for Shallow Neural Networks  (to come)
20.5     Deep Neural Networks in Mean Field Scaling                  (to come)
20.6     In Between the Linear and the Nonlinear Regime              (to come)
20.7     Elements of Generalization Performance                      (to come)
20.8     Brief Concluding Remarks                                    (to come)
20.9     Exercises                                                   (to come)
"""
