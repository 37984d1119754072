"""Chapter 5. Feed Forward Neural Networks.

Section  Title                     Here
-------  ------------------------  ---------
5.1      Introduction              (to come)
5.2      Truth Tables              (to come)
5.3      Numerical Exploration     (to come)
5.4      Activation Functions      (to come)
5.5      Brief Concluding Remarks  (to come)
5.6      Exercises                 (to come)
"""
