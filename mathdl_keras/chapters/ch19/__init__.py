"""Chapter 19. The Neural Tangent Kernel Regime.

Section  Title                                                   Here
-------  ------------------------------------------------------  ---------
19.1     Introduction                                            (to come)
19.2     Weight Initialization                                   (to come)
19.3     The Linear Asymptotic Regime: Neural Tangent Kernel     (to come)
19.4     The Linear Asymptotic Regime in the Discrete Time Case  (to come)
19.5     Preliminary Bounds and Existence of a Limit             (to come)
19.6     Alternative Representation of the Prelimit Process      (to come)
19.7     Proof of Main Convergence Results                       (to come)
19.8     Brief Concluding Remarks                                (to come)
19.9     Exercises                                               (to come)
"""
