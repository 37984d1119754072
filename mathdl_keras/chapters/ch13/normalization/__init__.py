"""Normalization and dropout of sequences (§13.8).

`layer_normalization` (over the features of a step), `normalized_cells`, `dropout` (one mask for all steps).
"""
