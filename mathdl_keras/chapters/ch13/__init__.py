"""Chapter 13. Recurrent Neural Networks for Sequential Data.

Section  Title                                                       Here
-------  ----------------------------------------------------------  ---------
13.1     Introduction                                                (to come)
13.2     The Plant-Observer Paradigm                                 (to come)
13.3     Jordan Networks                                             (to come)
13.4     Elman Networks                                              (to come)
13.5     Training and Backpropagation for Recurrent Neural Networks  (to come)
13.6     Stability                                                   (to come)
13.7     Advanced Architectures                                      (to come)
13.8     Implementation Aspects for Recurrent Neural Networks        (to come)
13.9     Attention Mechanism and Transformers                        (to come)
13.10    Brief Concluding Remarks                                    (to come)
13.11    Exercises                                                   (to come)
"""
