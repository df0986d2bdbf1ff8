"""Reservoirs: fixed dynamics, a trained readout, one scikit-learn interface.

>>> from ranvier.reservoirs import EchoState
>>> model = EchoState(200).fit(sequences, labels)
>>> model.score(other_sequences, other_labels)
"""

from ranvier.reservoirs import tasks
from ranvier.reservoirs.deep_echo_state import DeepEchoState
from ranvier.reservoirs.echo_state import EchoState
from ranvier.reservoirs.layer import EchoLayer
from ranvier.reservoirs.nvar import NVAR
from ranvier.reservoirs.pooling import All, Equidistant, Last, Mean
from ranvier.reservoirs.readouts import FORCE, LMS, RLS, Ridge, RidgeClassifier
from ranvier.reservoirs.reservoir import Reservoir, ReservoirRun
from ranvier.reservoirs.spectrum import eigenvalues, spectral_radius
from ranvier.reservoirs.store import load, save
from ranvier.reservoirs.topologies import Cycle, Given, Orthogonal, Sparse
from ranvier.reservoirs.units import IntrinsicPlasticity

__all__ = [
    "All", "Cycle", "DeepEchoState", "EchoLayer", "EchoState", "Equidistant", "FORCE", "Given", "IntrinsicPlasticity", "LMS", "Last",
    "Mean", "NVAR", "Orthogonal", "RLS", "Reservoir", "ReservoirRun", "Ridge", "RidgeClassifier", "Sparse", "eigenvalues",
    "load", "save", "spectral_radius", "tasks",
]  # fmt: skip
