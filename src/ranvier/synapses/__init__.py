"""Synapse models, one a file."""

from ranvier.synapses.alpha import AlphaSynapse
from ranvier.synapses.conductance import ConductanceSynapse
from ranvier.synapses.delta import DeltaSynapse
from ranvier.synapses.double_exponential import DoubleExponentialSynapse
from ranvier.synapses.exponential import ExponentialSynapse
from ranvier.synapses.nmda import NMDASynapse
from ranvier.synapses.short_term import ShortTermPlasticity
from ranvier.synapses.synapse import Synapse

__all__ = [
    "AlphaSynapse", "ConductanceSynapse", "DeltaSynapse", "DoubleExponentialSynapse", "ExponentialSynapse", "NMDASynapse",
    "ShortTermPlasticity", "Synapse",
]  # fmt: skip
