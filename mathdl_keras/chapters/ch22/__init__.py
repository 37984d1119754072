"""Chapter 22. Neural Differential Equations.

Section  Title                                                         Here
-------  ------------------------------------------------------------  ---------
22.1     Introduction                                                  (to come)
22.2     Ordinary Differential Equations with Neural Network Dynamics  (to come)
22.3     Backpropagation Formula from the Euler Discretization         (to come)
22.4     Training Neural ODEs with Minibatch Datasets                  (to come)
22.5     Neural Stochastic Differential Equations                      (to come)
22.6     Examples in PyTorch                                           (to come)
22.7     Brief Concluding Remarks                                      (to come)
"""
