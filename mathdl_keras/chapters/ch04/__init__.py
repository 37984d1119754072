"""Chapter 4. From the Perceptron Model to Kernels to Neural Networks.

Section  Title                                             Here
-------  ------------------------------------------------  ---------
4.1      Introduction                                      (to come)
4.2      Perceptron Model and Stochastic Gradient Descent  (to come)
4.3      Perceptron Through the Lens of a Kernel           (to come)
4.4      Linear Regression and Kernels                     (to come)
4.5      From Kernels to Neural Networks                   (to come)
4.6      Brief Concluding Remarks                          (to come)
"""
