"""The ground floor: what no chapter teaches but all of them need.

Differentiation, training steps, loops and precision on three backends; claims and their verifier;
data sets, figures, reports and the command line. Importing this package loads nothing.
"""
