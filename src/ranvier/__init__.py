"""Ranvier: spiking neural networks. Signals that jump, work that follows the spikes.

Public names are loaded when they are first used, so that `import ranvier` is quick.
"""

from importlib import import_module
from typing import Any

__version__ = "0.2.0"

_HOMES = {
    "ranvier.neurons": ("ALIF", "IF", "LI", "LIF", "Accumulator", "AdaptiveLIF", "CubaLIF", "Neuron", "Run"),
    "ranvier.layers": (
        "AvgPool2d", "Conv2d", "Delays", "Dropout", "Flatten", "Linear", "MaxPool2d", "Recurrent", "SegmentLinear", "Sequential", "SumPool2d",
    ),
    "ranvier.equations": (
        "BlockInput", "BlockSpikes", "Clamp", "CurrentInput", "Euler", "Exact", "ExponentialEuler", "ImpulseInput", "ModelError",
        "NoReset", "RungeKutta4", "Subtract", "ToValue", "parameter", "state",
    ),
    "ranvier.spikes": ("Events",),
    "ranvier.surrogates": (
        "Arctan", "Boxcar", "FastSigmoid", "MultiGaussian", "Sigmoid", "StraightThrough", "Surrogate", "Triangle",
    ),
    "ranvier.units": ("Hz", "mV", "ms", "nA", "nS", "pA", "pF"),
    "ranvier.errors": ("RanvierError",),
}  # fmt: skip
_HOME = {name: home for home, names in _HOMES.items() for name in names}
_ROOMS = (
    "data",
    "decoders",
    "encoders",
    "equations",
    "kernels",
    "layers",
    "losses",
    "neurons",
    "plotting",
    "spikes",
    "surrogates",
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
