"""Reservoirs: fixed dynamics, a trained readout, one scikit-learn interface.

>>> from ranvier.reservoirs import EchoState
>>> model = EchoState(200).fit(sequences, labels)
>>> model.score(other_sequences, other_labels)
"""

from ranvier.reservoirs import measures, tasks
from ranvier.reservoirs.bucket import Bucket
from ranvier.reservoirs.celegans import CElegans
from ranvier.reservoirs.deep_echo_state import DeepEchoState
from ranvier.reservoirs.deep_liquid_state import DeepLiquidState
from ranvier.reservoirs.desnn import DeSNN
from ranvier.reservoirs.echo_state import EchoState
from ranvier.reservoirs.intrinsic_plasticity import IntrinsicPlasticity
from ranvier.reservoirs.layer import DeepEchoLayer, EchoLayer, ReservoirLayer
from ranvier.reservoirs.liquid_state import LiquidState
from ranvier.reservoirs.liquid_time_constant import LiquidTimeConstant
from ranvier.reservoirs.ncp import NCP
from ranvier.reservoirs.neucube import NeuCube
from ranvier.reservoirs.nvar import NVAR
from ranvier.reservoirs.pooling import All, Equidistant, Last, Mean
from ranvier.reservoirs.readouts import FORCE, LMS, RLS, Ridge, RidgeClassifier, SpikingReadout
from ranvier.reservoirs.reservoir import Reservoir, ReservoirRun
from ranvier.reservoirs.several import Several
from ranvier.reservoirs.spectrum import eigenvalues, spectral_radius
from ranvier.reservoirs.spike_codes import Counts, Rates
from ranvier.reservoirs.store import load, save
from ranvier.reservoirs.topologies import Cycle, Given, Orthogonal, Sparse
from ranvier.reservoirs.wired import WiredCfC, WiredLTC

__all__ = [
    "All", "Bucket", "CElegans", "Counts", "Cycle", "DeSNN", "DeepEchoLayer", "DeepEchoState", "DeepLiquidState", "EchoLayer", "EchoState", "Equidistant",
    "FORCE", "Given", "IntrinsicPlasticity", "LMS", "Last", "LiquidState", "LiquidTimeConstant", "Mean", "NCP", "NVAR", "NeuCube", "Orthogonal", "RLS", "Rates",
    "Reservoir", "ReservoirLayer", "ReservoirRun", "Ridge", "RidgeClassifier", "Several", "Sparse", "SpikingReadout", "WiredCfC", "WiredLTC", "eigenvalues",
    "load", "measures", "save", "spectral_radius", "tasks",
]  # fmt: skip
