"""Neuron models, one a file."""

from ranvier.neurons.accumulator import Accumulator
from ranvier.neurons.adaptive_lif import AdaptiveLIF
from ranvier.neurons.adaptive_lif_symplectic import SEAdLIF
from ranvier.neurons.adex import AdEx
from ranvier.neurons.alif import ALIF
from ranvier.neurons.alpha import Alpha
from ranvier.neurons.balanced_resonate_and_fire import BalancedResonateAndFire
from ranvier.neurons.conductance_lif import ConductanceLIF
from ranvier.neurons.cuba_lif import CubaLIF
from ranvier.neurons.diehl_cook import DiehlCookLIF
from ranvier.neurons.eif import EIF
from ranvier.neurons.eprop_alif import EPropALIF
from ranvier.neurons.escape_noise import EscapeLIF
from ranvier.neurons.hodgkin_huxley import HodgkinHuxley
from ranvier.neurons.integrate_and_fire import IF
from ranvier.neurons.izhikevich import Izhikevich
from ranvier.neurons.li import LI
from ranvier.neurons.lif import LIF
from ranvier.neurons.loihi_lif import LoihiLIF
from ranvier.neurons.neuron import Neuron
from ranvier.neurons.poisson_neuron import PoissonNeuron
from ranvier.neurons.qif import QIF
from ranvier.neurons.resonate_and_fire import ResonateAndFire
from ranvier.neurons.srm import SRM, SRM0
from ranvier.neurons.synaptic_lif import Synaptic
from ranvier.neurons.tempotron import Tempotron
from ranvier.neurons.traub_miles import TraubMiles
from ranvier.neurons.verbs import Run

__all__ = [
    "ALIF", "EIF", "IF", "LI", "LIF", "QIF", "Accumulator", "AdEx", "AdaptiveLIF", "ConductanceLIF", "CubaLIF", "HodgkinHuxley",
    "Izhikevich", "Neuron", "Run", "Alpha", "BalancedResonateAndFire", "EPropALIF", "EscapeLIF", "PoissonNeuron", "ResonateAndFire",
    "SEAdLIF", "SRM", "SRM0", "Synaptic", "DiehlCookLIF", "LoihiLIF", "Tempotron", "TraubMiles",
]  # fmt: skip
