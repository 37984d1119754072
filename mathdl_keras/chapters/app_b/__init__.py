"""Appendix B. Background Material in Analysis.

Section  Title                                Here
-------  -----------------------------------  ---------
B.1      Basic Inequalities Used in the Book  (to come)
B.2      Basic Background in Analysis         (to come)
"""
