"""Chapter 1. Introduction.

Section  Title                                      Here
-------  -----------------------------------------  ---------
1.1      Preliminaries                              (to come)
1.2      Brief Historical Review of Deep Learning   (to come)
1.3      Overview and Notation                      (to come)
1.4      On the General Task of Machine Learning    (to come)
1.5      Quick Overview of Supervised Learning      (to come)
1.6      Bias-Variance Tradeoff and Double Descent  (to come)
1.7      Some Existing Related Books                (to come)
1.8      Organization of this Book                  (to come)
"""
