"""Pictures of spiking networks: rasters, traces, training curves, confusion matrices and the HTML report of a run.

Functions draw on axes they are given or return a `matplotlib.figure.Figure`. The `plot_*` files hold the public plots, `ranvier.plot`;
they alone make a figure of `matplotlib.pyplot`, and only where they are given no axes (`axes.py`).
"""
