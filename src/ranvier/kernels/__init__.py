"""Running code for a `Program`: `eager` is the specification on any device, `cpu` is compiled from the same statements."""

from ranvier.kernels.coefficients import coefficients
from ranvier.kernels.dispatch import BACKENDS, choose, count, linear, run, run_recurrent

__all__ = ["BACKENDS", "choose", "coefficients", "count", "linear", "run", "run_recurrent"]
