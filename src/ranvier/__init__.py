"""Ranvier: spiking neural networks. Signals that jump, work that follows the spikes.

Public names are loaded when they are first used, so that `import ranvier` is quick.
"""

import os
import sys
from importlib import import_module
from typing import Any

__version__ = "0.4.0"

if "torch" not in sys.modules and "OMP_WAIT_POLICY" not in os.environ:
    # Read when torch is loaded: a thread that waits for the next part of a kernel does so awake for 0.2 ms, then sleeps. The default is
    # some milliseconds, which costs up to ten times the run where other programs want the cores. Without effect if torch came before.
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")

_HOMES = {
    "ranvier.neurons": (
        "ALIF", "EIF", "IF", "LI", "LIF", "QIF", "Accumulator", "AdEx", "AdaptiveLIF", "ConductanceLIF", "CubaLIF", "HodgkinHuxley",
        "Izhikevich", "Neuron", "Run", "Alpha", "BalancedResonateAndFire", "EPropALIF", "EscapeLIF", "PoissonNeuron", "ResonateAndFire",
        "SEAdLIF", "SRM", "SRM0", "Synaptic", "DiehlCookLIF", "LoihiLIF", "Tempotron", "TraubMiles",
    ),
    "ranvier.layers": (
        "AvgPool2d", "Conv2d", "Delays", "Dropout", "Flatten", "Linear", "MaxPool2d", "Recurrent", "SegmentLinear", "Sequential", "SumPool2d",
        "BinaryLSTM", "CfC", "DendriticTree", "LSNN", "LTC", "PhasedLSTM", "RateLSTM", "Residual", "SpikingLSTM", "SubLSTM",
    ),
    "ranvier.equations": (
        "BlockInput", "BlockSpikes", "Clamp", "CurrentInput", "Euler", "Exact", "ExponentialEuler", "ExponentialMidpoint",
        "ImpulseInput", "ModelError", "NoReset", "RungeKutta4", "SemiImplicitEuler", "Subtract", "ToValue", "draw", "parameter", "state",
    ),
    "ranvier.spikes": ("Events",),
    "ranvier.synapses": (
        "AlphaSynapse", "ConductanceSynapse", "DeltaSynapse", "DoubleExponentialSynapse", "ExponentialSynapse", "NMDASynapse",
        "ShortTermPlasticity", "Synapse",
    ),
    "ranvier.plasticity": (
        "ABS", "AntiSTDP", "BCM", "CentredSTDP", "Clopath", "DiehlCookSTDP", "GradedBCM", "InhibitorySTDP", "MSTDP", "MSTDPET", "NearestSTDP", "PairSTDP",
        "Post", "RestrictedSTDP", "RewardSTDP", "Rule", "TripletSTDP", "TsodyksMarkram", "TsodyksMarkramSTDP", "modulator", "trace",
    ),
    "ranvier.simulation": (
        "AllToAll", "DistanceDependent", "FixedInDegree", "FixedOutDegree", "FixedProbability", "FixedTotalNumber", "Network", "OneToOne", "Pairs",
        "PoissonSource", "SmallWorld", "SpikeSource", "Timed",
    ),
    "ranvier.surrogates": (
        "Arctan", "Boxcar", "FastSigmoid", "MultiGaussian", "Sigmoid", "StraightThrough", "Surrogate", "Triangle",
    ),
    "ranvier.units": ("Hz", "Mohm", "cm", "mS", "mV", "ms", "nA", "nS", "pA", "pF", "uA", "uF"),
    "ranvier.errors": ("RanvierError",),
    "ranvier.reservoirs": (
        "Bucket", "DeepEchoState", "DeepLiquidState", "EchoState", "LiquidState", "LiquidTimeConstant", "NCP", "NVAR", "NeuCube",
    ),
    "ranvier.data.event_files": ("read_events",),
    "ranvier.conversion": ("convert",),
}  # fmt: skip
_HOME = {name: home for home, names in _HOMES.items() for name in names}
_ROOMS = (
    "analysis",
    "conversion",
    "data",
    "decoders",
    "encoders",
    "energy",
    "equations",
    "hardware",
    "instruments",
    "interchange",
    "kernels",
    "layers",
    "losses",
    "neurons",
    "plasticity",
    "plot",
    "plotting",
    "reservoirs",
    "simulation",
    "spikes",
    "surrogates",
    "synapses",
    "training",
    "units",
)

__all__ = sorted([*_HOME, *_ROOMS])  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    if name in _ROOMS:
        return import_module(f"ranvier.{name}")
    raise AttributeError(f"module 'ranvier' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
