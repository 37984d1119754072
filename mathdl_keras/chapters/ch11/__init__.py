"""Chapter 11. Training, Validation, and Testing.

Section  Title                     Here
-------  ------------------------  ---------
11.1     Introduction              (to come)
11.2     Polynomials               (to come)
11.3     Training                  (to come)
11.4     Validation                (to come)
11.5     Cross-Validation          (to come)
11.6     Brief Concluding Remarks  (to come)
"""
