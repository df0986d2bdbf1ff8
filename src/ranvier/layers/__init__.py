"""Layers: synapses, pooling, recurrence and their chain, as torch modules with the verbs call, `step` and `run`."""

from ranvier.layers.conv import Conv2d
from ranvier.layers.delays import Delays
from ranvier.layers.linear import Linear
from ranvier.layers.pooling import AvgPool2d, MaxPool2d, SumPool2d
from ranvier.layers.recurrent import Recurrent
from ranvier.layers.segment import SegmentLinear
from ranvier.layers.sequential import Sequential
from ranvier.layers.shape import Dropout, Flatten

__all__ = [
    "AvgPool2d", "Conv2d", "Delays", "Dropout", "Flatten", "Linear", "MaxPool2d", "Recurrent", "SegmentLinear", "Sequential",
    "SumPool2d",
]  # fmt: skip
