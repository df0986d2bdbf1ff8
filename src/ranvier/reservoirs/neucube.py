"""NeuCube: a cube of spiking neurons that learns from its input by STDP, read by deSNN."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from scipy.spatial import KDTree
from sklearn.neighbors import KNeighborsClassifier

from ranvier.neurons.neuron import Neuron
from ranvier.plasticity.pair_stdp import PairSTDP
from ranvier.reservoirs.desnn import DeSNN
from ranvier.reservoirs.liquid import INPUT, Inputs
from ranvier.reservoirs.liquid_state import JUDGED, SATURATED, SILENT, LiquidState
from ranvier.reservoirs.pooling import Pooling
from ranvier.reservoirs.rates import Tally, set_scale
from ranvier.reservoirs.wiring import Wiring, connected
from ranvier.simulation import grid
from ranvier.units import ms, nA

UNHEARD = 0.5  # share of neurons without a spike above which it is said


@dataclass(kw_only=True, eq=False, repr=False)
class NeuCube(LiquidState):
    """NeuCube: neurons in space, small-world wiring, unsupervised STDP, a readout of the order of spikes.

    Neurons stand in the unit cube (a grid, or `positions`, such as those of a brain atlas) and are connected with the probability
    probability exp(-(d/length)^2). A feature enters around its place in the cube, with probability 0.9 exp(-(d/length)^2) (at least its nearest neuron).
    In `fit` training sequences run through once while synapses between excitatory neurons follow `PairSTDP`; then they stay, and `pooling`
    makes one row a sequence. Test sequences change nothing.

    Args:
        shape: of the grid. positions: [N, 3] in its place. input_positions: [features, 3], where features enter; None: spread over the grid.
        inhibitory: share of inhibitory neurons. probability, length: of connections.
        amplitude: mean size of a synapse between neurons [A]. learning_rate: of STDP, in amplitudes a pair of spikes; 0 for none.
        target_rate, input_scale, code, step, dt, random_state: as in `LiquidState`.
        pooling: `DeSNN()` by default, so that a matrix X is n sequences of one feature. readout: nearest neighbours (3) by default.

    Attributes:
        wiring_: with the learned weights, for `rv.plot.liquid`. drawn_: before. rate_, silent_: as in `LiquidState`.

    Warns:
        where there is less than one synapse a neuron; where more than half of the neurons never fire in training; where the mean rate is below 1 Hz
        or above 100 Hz.

    Source: Kasabov (2014), "NeuCube: a spiking neural network architecture for mapping, learning and understanding of spatio-temporal brain data", Neural
    Networks 52. Neurons and synapses are those of `LiquidState` without dynamics, not those of the NeuCube programs.
    """

    kinds = 1

    shape: Sequence[int] = field(default=(8, 8, 8), kw_only=False)
    positions: Any = None
    input_positions: Any = None
    probability: Any = 0.4
    length: float = 0.169
    amplitude: float = 10 * nA
    learning_rate: float = 0.01
    target_rate: float | None = 10.0
    dt: float = 0.5 * ms

    _own_pooling: ClassVar[Pooling | None] = DeSNN()

    # what a cube does not leave open
    lam: float = field(default=1.0, init=False)
    weight_scale: float = field(default=1.0, init=False)
    input_probability: float = field(default=1.0, init=False)
    input_inhibitory: float = field(default=0.0, init=False)
    dynamic: bool = field(default=False, init=False)
    adaptation: float = field(default=0.0, init=False)
    tau_adapt: float = field(default=100 * ms, init=False)
    neuron: Neuron | None = field(default=None, init=False)
    tau_mem: float = field(default=30 * ms, init=False)
    tau_readout: float | None = field(default=None, init=False)
    washout: int = field(default=0, init=False)
    read_input: bool = field(default=False, init=False)
    standardise: bool = field(default=False, init=False)

    @property
    def _columns(self) -> int:
        return int(np.prod(self.shape)) if self.positions is None else len(self.positions)

    def _chosen_readout(self, targets: np.ndarray) -> Any:
        return KNeighborsClassifier(3) if self.readout is None else super()._chosen_readout(targets)

    def _places(self) -> np.ndarray:
        if self.positions is not None:
            return np.asarray(self.positions, np.float64)
        return grid(*self.shape) / np.maximum(np.array(self.shape) - 1, 1)

    def _spacing(self, places: np.ndarray) -> str:
        """The mean distance to the nearest neighbour, for a warning."""
        if len(places) < 2:
            return ""
        return f" ({KDTree(places).query(places, 2)[0][:, 1].mean():.2g})"

    def _near(self, d: np.ndarray) -> np.ndarray:
        return np.exp(-((d / self.length) ** 2))

    def _wire(self, rng: np.random.Generator) -> Wiring:
        """The cube's synapses; warns where there is less than one a neuron."""
        places = self._places()
        n = len(places)
        mute = np.zeros(n, bool)
        mute[rng.permutation(n)[: round(self.inhibitory * n)]] = True
        pre, post = connected(places, self._near, self.probability, rng)
        if len(pre) < n:
            warnings.warn(
                f"NeuCube: {len(pre)} synapses among {n} neurons, less than one a neuron, so that hardly anything spreads in the cube. Raise length "
                f"(now {self.length:g}) towards the distance between neighbours{self._spacing(places)}, or probability (now {self.probability}), "
                "or use a larger shape.",
                stacklevel=6,
            )
        flat = np.ones(len(pre))
        weight = np.where(mute[pre], -1, 1) * self.amplitude * rng.uniform(0.5, 1.5, len(pre))
        return Wiring(places, mute, pre, post, weight, flat * ms, flat, flat, flat)

    def _draw(self, inputs: int) -> None:
        super()._draw(inputs)
        rng = np.random.default_rng([len(self.start_), inputs, int(self.start_[0] * 1e12)])
        places, channels = self.wiring_.positions, self._code().channels(inputs)
        if self.input_positions is None:
            entry = places[np.linspace(0, len(places) - 1, inputs).round().astype(int)]
        else:
            entry = np.asarray(self.input_positions, np.float64)
            if entry.shape != (inputs, 3):
                raise ValueError(
                    f"NeuCube: input_positions must have shape ({inputs}, 3), one place a feature, got {entry.shape}."
                )
        apart = np.linalg.norm(np.tile(entry, (channels // inputs, 1))[:, None] - places[None], axis=-1)
        reached = rng.random(apart.shape) < 0.9 * self._near(apart)
        reached[np.arange(channels), apart.argmin(1)] = True
        channel, neuron = np.nonzero(reached)
        self.inputs_ = Inputs(
            channel, neuron, np.asarray(INPUT)[self.wiring_.inhibitory[neuron].astype(int)], rng.random(channels)
        )

    def _adapt(self, rows: np.ndarray, start: np.ndarray) -> None:
        if self._fed(rows, start) and self.target_rate is not None:
            some = self._some(rows, start)

            def rate(scale: float) -> float:
                self.input_scale_, self._built = scale, None
                return float(self._rates(some).mean())

            set_scale(self._name, "input", rate, self.target_rate, self.input_scale, turn="amplitude, length")
        self.drawn_ = self.wiring_
        if not self.learning_rate:
            return
        pace = self.learning_rate * self.amplitude
        self._teach(PairSTDP(a_plus=pace, a_minus=1.05 * pace, w_min=0.0, w_max=3 * self.amplitude), rows, start)

    def _judge(self, tally: Tally) -> None:
        self.rate_ = float(np.mean(tally.count) / tally.seconds)
        self.silent_ = float(np.mean(np.asarray(tally.count) == 0))
        low, high = self.silent_ > UNHEARD or self.rate_ < SILENT, self.rate_ > SATURATED
        if not tally.fed or tally.seconds < JUDGED or not (low or high):
            return
        if low:
            what = (
                f"{100 * self.silent_:.0f} % of the neurons never fired in all training sequences, at a mean rate of {self.rate_:.3g} Hz, so that the "
                "readout hears little of the cube"
            )
            turn = f"Raise target_rate, length (now {self.length:g}) or amplitude (now {self.amplitude:.3g} A)"
        else:
            what = f"the cube is saturated: its neurons fired at {self.rate_:.3g} Hz on average over the training sequences, expected 5 to 30 Hz"
            turn = f"Lower amplitude (now {self.amplitude:.3g} A) or input_scale (now {self.input_scale_:.3g}), or give target_rate=10"
        warnings.warn(f"NeuCube: {what}. {turn}.", stacklevel=3)
