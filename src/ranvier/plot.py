"""Plots for papers and notebooks: matplotlib axes in (`ax=None` makes a figure), axes out.

>>> import ranvier as rv
>>> ax = rv.plot.trace(rv.instruments.membrane_trace(rv.LIF(), 1.5, duration=0.1))
"""

from ranvier.plotting.plot_fi_curve import fi_curve
from ranvier.plotting.plot_phase_plane import phase_plane
from ranvier.plotting.plot_psth import psth
from ranvier.plotting.plot_raster import raster
from ranvier.plotting.plot_trace import trace
from ranvier.plotting.plot_weights import weights

__all__ = ["fi_curve", "phase_plane", "psth", "raster", "trace", "weights"]
