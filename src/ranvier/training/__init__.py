"""Recipes behind `ranvier train`: from labelled samples to a trained network, its run folder and its report.

Lightning is imported by `module` and `fit` alone, so that using a trained network does not load it.
"""
