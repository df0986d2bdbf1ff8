"""Plots for papers and notebooks: matplotlib axes in (`ax=None` makes a figure), axes out.

>>> import ranvier as rv
>>> ax = rv.plot.trace(rv.instruments.membrane_trace(rv.LIF(), 1.5, duration=0.1))
"""

from ranvier.plotting.plot_accuracy_over_steps import accuracy_over_steps
from ranvier.plotting.plot_connectivity import connectivity
from ranvier.plotting.plot_fi_curve import fi_curve
from ranvier.plotting.plot_liquid import liquid
from ranvier.plotting.plot_phase_plane import phase_plane
from ranvier.plotting.plot_population_raster import population_raster
from ranvier.plotting.plot_population_rate import population_rate
from ranvier.plotting.plot_psth import psth
from ranvier.plotting.plot_raster import raster
from ranvier.plotting.plot_reservoir import attractor, eigenvalues, memory_curve, states
from ranvier.plotting.plot_space import space
from ranvier.plotting.plot_trace import trace
from ranvier.plotting.plot_weight_changes import weight_changes
from ranvier.plotting.plot_weight_histogram import weight_histogram
from ranvier.plotting.plot_weights import weights

__all__ = [
    "accuracy_over_steps", "attractor", "connectivity", "eigenvalues", "fi_curve", "liquid", "memory_curve", "phase_plane", "population_raster",
    "population_rate", "psth", "raster", "space", "states", "trace", "weight_changes", "weight_histogram", "weights",
]  # fmt: skip
