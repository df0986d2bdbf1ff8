"""Readouts of reservoirs. Each is a scikit-learn estimator of its own; any other of scikit-learn serves as well."""

from ranvier.reservoirs.readouts.force import FORCE
from ranvier.reservoirs.readouts.lms import LMS
from ranvier.reservoirs.readouts.ridge import Ridge
from ranvier.reservoirs.readouts.ridge_classifier import RidgeClassifier
from ranvier.reservoirs.readouts.rls import RLS
from ranvier.reservoirs.readouts.spiking import SpikingReadout

__all__ = ["FORCE", "LMS", "RLS", "Ridge", "RidgeClassifier", "SpikingReadout"]
