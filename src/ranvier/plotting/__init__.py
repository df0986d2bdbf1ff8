"""Pictures of spiking networks: rasters, traces, training curves, confusion matrices and the HTML report of a run.

Nothing here touches `matplotlib.pyplot`: functions draw on axes they are given or return a `matplotlib.figure.Figure`.
"""
