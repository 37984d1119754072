"""Chapter 15. Variational Inference and Generative Models.

Section  Title                                              Here
-------  -------------------------------------------------  ---------
15.1     Introduction                                       (to come)
15.2     Estimating Densities and the Evidence Lower Bound  (to come)
15.3     Generative Adversarial Networks                    (to come)
15.4     Optimization in GANs                               (to come)
15.5     Wasserstein GANs                                   (to come)
15.6     Brief Concluding Remarks                           (to come)
15.7     Exercises                                          (to come)
"""
