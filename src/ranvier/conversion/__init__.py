"""Conversion: ordinary networks of rectified linear units become spiking ones. `convert` does it, the other names are its choices."""

from ranvier.conversion.conversion import AccuracyOverSteps, Conversion
from ranvier.conversion.convert import convert
from ranvier.conversion.input import BernoulliSpikes, ConstantCurrent
from ranvier.conversion.model_file import load_model, save_model
from ranvier.conversion.neuron import RateIF
from ranvier.conversion.normalise import MaxActivation, ModelBased, Percentile, ThresholdBalancing
from ranvier.conversion.qcfs import QCFS, with_qcfs
from ranvier.conversion.saved import load, save
from ranvier.layers.max_gate import MaxGate

__all__ = [
    "QCFS", "AccuracyOverSteps", "BernoulliSpikes", "ConstantCurrent", "Conversion", "MaxActivation", "MaxGate", "ModelBased", "Percentile",
    "RateIF", "ThresholdBalancing", "convert", "load", "load_model", "save", "save_model", "with_qcfs",
]  # fmt: skip
