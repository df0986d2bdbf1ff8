"""Neuron models, one a file."""

from ranvier.neurons.accumulator import Accumulator
from ranvier.neurons.adaptive_lif import AdaptiveLIF
from ranvier.neurons.alif import ALIF
from ranvier.neurons.cuba_lif import CubaLIF
from ranvier.neurons.integrate_and_fire import IF
from ranvier.neurons.li import LI
from ranvier.neurons.lif import LIF
from ranvier.neurons.neuron import Neuron
from ranvier.neurons.verbs import Run

__all__ = ["ALIF", "IF", "LI", "LIF", "Accumulator", "AdaptiveLIF", "CubaLIF", "Neuron", "Run"]
