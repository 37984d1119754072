"""Chapter 21. Reinforcement Learning.

Section  Title                                                 Here
-------  ----------------------------------------------------  ---------
21.1     Introduction                                          (to come)
21.2     Motivating Reinforcement Learning Through an Example  (to come)
21.3     Deep Reinforcement Learning                           (to come)
21.4     Q-learning                                            (to come)
21.5     Convergence Properties of the Q-learning Algorithm    (to come)
21.6     Brief Concluding Remarks                              (to come)
21.7     Exercises                                             (to come)
"""
