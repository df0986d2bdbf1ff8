"""Layers: synapses, pooling, recurrence and their chain, as torch modules with the verbs call, `step` and `run`."""

from ranvier.layers.binary_lstm import BinaryLSTM
from ranvier.layers.cfc import CfC
from ranvier.layers.conv import Conv2d
from ranvier.layers.delays import Delays
from ranvier.layers.dendritic_tree import DendriticTree
from ranvier.layers.linear import Linear
from ranvier.layers.lsnn import LSNN
from ranvier.layers.ltc import LTC
from ranvier.layers.phased_lstm import PhasedLSTM
from ranvier.layers.pooling import AvgPool2d, MaxPool2d, SumPool2d
from ranvier.layers.rate_lstm import RateLSTM
from ranvier.layers.recurrent import Recurrent
from ranvier.layers.residual import Residual
from ranvier.layers.segment import SegmentLinear
from ranvier.layers.sequential import Sequential
from ranvier.layers.shape import Dropout, Flatten
from ranvier.layers.spiking_lstm import SpikingLSTM
from ranvier.layers.sub_lstm import SubLSTM

__all__ = [
    "AvgPool2d", "Conv2d", "Delays", "Dropout", "Flatten", "Linear", "MaxPool2d", "Recurrent", "SegmentLinear", "Sequential",
    "SumPool2d", "BinaryLSTM", "CfC", "DendriticTree", "LSNN", "LTC", "PhasedLSTM", "RateLSTM", "Residual", "SpikingLSTM", "SubLSTM",
]  # fmt: skip
