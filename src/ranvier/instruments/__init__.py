"""Instruments: looking at one neuron of any model, built-in or your own, through its equations and its runs.

Each takes a `Neuron` and returns a small value of NumPy arrays in SI units; `ranvier.plot` draws them.

>>> import ranvier as rv
>>> curve = rv.instruments.fi_curve(rv.LIF(), [0.5, 1.5])
>>> round(curve.rheobase, 3)
1.0
"""

from ranvier.instruments.fi_curve import FICurve, fi_curve
from ranvier.instruments.fixed_points import FixedPoint, fixed_points
from ranvier.instruments.membrane import MembraneTrace, membrane_trace
from ranvier.instruments.phase_plane import PhasePlane, phase_plane
from ranvier.instruments.protocols import Noise, Pulses, Ramp, Step, Stimulus
from ranvier.instruments.ramp_response import RampResponse, ramp_response
from ranvier.instruments.rheobase import rheobase
from ranvier.instruments.spike_triggered import SpikeTriggered, spike_triggered_average
from ranvier.instruments.step_response import StepResponse, step_response

__all__ = [
    "FICurve", "FixedPoint", "MembraneTrace", "Noise", "PhasePlane", "Pulses", "Ramp", "RampResponse", "SpikeTriggered", "Step",
    "StepResponse", "Stimulus", "fi_curve", "fixed_points", "membrane_trace", "phase_plane", "ramp_response", "rheobase",
    "spike_triggered_average", "step_response",
]  # fmt: skip
