"""The simulators that `simulate.py` compares, one file each. Each file offers `simulation(row, threads, kind, seconds)`, see `Peer`."""

from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from simulators.rows import Row

Spikes = tuple[NDArray[np.float64], NDArray[np.int64]]


class Unsupported(Exception):
    """The simulator has nothing for this network; the text says why."""


@dataclass(frozen=True)
class Ran:
    """A stretch of a simulation. wall, processor: seconds that its steps took; biological: seconds that passed in it.

    spikes: times [s] and neurons, counted through all populations; since: from when on they are told, and until: to when [s].
    """

    wall: float
    processor: float
    biological: float
    spikes: Spikes
    since: float
    until: float


class Simulation(Protocol):
    """A network in a simulator. Its methods are called in this order."""

    def compile(self) -> None:
        """Makes machine code for a network of this kind, as far as the simulator keeps it."""
        ...

    def build(self) -> None:
        """Makes neurons and synapses."""
        ...

    def run(self, seconds: float) -> Ran:
        """Goes on for some biological seconds. One that cannot go on starts again, with the row's transient before."""
        ...


@dataclass(frozen=True)
class Peer:
    """Where a simulator is found. kind: which of its ways to run, or of its number types."""

    module: str
    package: str
    kind: str = ""

    def simulation(self, row: Row, threads: int, seconds: float) -> Simulation:
        """The network in this simulator, not yet built. seconds: biological ones that `run` will be asked for after the transient."""
        return import_module(f"simulators.{self.module}").simulation(row, threads, self.kind, seconds)


PEERS = {
    "ranvier": Peer("ranvier", "ranvier", "float32"),
    "ranvier-float64": Peer("ranvier", "ranvier", "float64"),
    "standalone": Peer("brian", "brian2", "standalone"),
    "cython": Peer("brian", "brian2", "cython"),
    "nest": Peer("nest", "nest-simulator"),
    "annarchy": Peer("annarchy", "ANNarchy"),
}
