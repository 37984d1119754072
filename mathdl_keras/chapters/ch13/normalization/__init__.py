"""Normalization and dropout of sequences (§13.8).

`normalization` (over the features of a step), `normalized_cells`, `dropout` (one mask for all steps).
"""
