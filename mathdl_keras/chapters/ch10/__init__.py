"""Chapter 10. Batch Normalization.

Section  Title                                   Here
-------  --------------------------------------  ---------
10.1     Introduction                            (to come)
10.2     Batch Normalization Through an Example  (to come)
10.3     Batch Normalization and Minibatches     (to come)
10.4     Brief Concluding Remarks                (to come)
"""
