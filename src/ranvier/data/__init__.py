"""Labelled sets of recordings and pictures: `ranvier.data.open.open_samples` finds one by name or path.

This package file imports nothing, since its modules need soundfile, Pillow or scikit-learn: import the module you use.
"""
