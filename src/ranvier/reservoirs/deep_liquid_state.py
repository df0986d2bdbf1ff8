"""Deep liquid state machines: liquids one behind the other, with winner-take-all layers between them."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ranvier.plasticity.pair_stdp import PairSTDP
from ranvier.reservoirs.liquid_state import LiquidState
from ranvier.reservoirs.rates import set_scale
from ranvier.reservoirs.wiring import Wiring, forward, joined, winners
from ranvier.units import nA


@dataclass(kw_only=True, eq=False, repr=False)
class DeepLiquidState(LiquidState):
    """Liquids one behind the other; between two of them a winner-take-all layer that learns by STDP; a readout of all.

        spikes -> liquid -> winners -> liquid -> ... -> liquid,   states: the filtered spikes of all neurons side by side

    Liquids are the columns of `LiquidState`, each of the same shape and drawn on its own; input enters the first. An excitatory neuron of a liquid
    reaches each neuron of the winner-take-all layer behind it with `forward_probability`, these reach each neuron of the next liquid so too. A layer of
    winners has `encoders` excitatory neurons and one inhibitory neuron, which fires at each of their spikes and holds all of them back for some
    milliseconds. In `fit` training sequences go through once a layer, the first layer first, while the synapses onto its winners follow `PairSTDP`;
    then they stay. Nothing is learned from the labels but the readout.

    Activity dies or grows with depth, so that `target_rate` is set stage by stage: the input for the first liquid, then what enters winners, what
    enters the next liquid, and so on. The readout is linear in the states of all layers; ridge regression weighs layers, which takes
    the place of the attention over layers in the paper.

    Args:
        shape: of each liquid. layers: how many liquids.
        encoders: excitatory neurons of each layer of winners; 0: there is none, and the excitatory neurons of a liquid reach the next one.
        forward_probability: of a synapse from one stage to the next.
        learning_rate: of STDP, in mean weights a pair of spikes; 0 for none. inhibition: current of a spike of the inhibitory neuron of a layer of winners [A].
        target_rate: mean rate of the excitatory neurons of winners and of all neurons of each liquid [Hz]; None: no weight is scaled.
        others: as in `LiquidState`.

    Attributes:
        stages_: first and behind-last neuron of each stage, liquids and winners in turn. wiring_: of all, with the learned weights. inputs_, input_scale_,
        rate_, silent_: as in `LiquidState`.

    Source: Soures and Kudithipudi (2019), "Deep liquid state machines with neural plasticity for video activity recognition", Frontiers in Neuroscience 13,
    section 3. Neurons, synapses and STDP are those of this library, and what is said above.

    >>> import numpy as np
    >>> from ranvier.reservoirs import Counts, DeepLiquidState
    >>> rng = np.random.default_rng(0)
    >>> trains = [(rng.random((20, 4)) < rate).astype(float) for rate in (0.1, 0.6) * 6]
    >>> model = DeepLiquidState((3, 3, 2), layers=2, encoders=5, code=Counts(), dt=5e-4).fit(trains, ["few", "many"] * 6)
    >>> model.states(trains[:1])[0].shape
    (20, 42)
    """

    shape: Any = field(default=(5, 3, 3), kw_only=False)
    layers: int = 3
    encoders: int = 20
    forward_probability: float = 0.3
    learning_rate: float = 0.01
    inhibition: float = 40 * nA
    target_rate: float | None = 15.0

    @property
    def _columns(self) -> int:
        winning = self.encoders + 1 if self.encoders else 0
        return self.layers * super()._columns + (self.layers - 1) * winning

    def _check_arguments(self) -> None:
        super()._check_arguments()
        for key, low, high in (
            ("layers", 1, np.inf),
            ("encoders", 0, np.inf),
            ("forward_probability", 0, 1),
            ("learning_rate", 0, np.inf),
            ("inhibition", 0, np.inf),
        ):
            value = getattr(self, key)
            if not low <= value <= high:
                raise ValueError(f"{self._name}: {key} must lie in [{low}, {high}], got {value}.")

    def _entered(self) -> int:
        return self.stages_[0][1]

    def _wire(self, rng: np.random.Generator) -> Wiring:
        parts = [super(DeepLiquidState, self)._wire(rng) for _ in range(self.layers)]
        if self.encoders:
            between = [winners(self.encoders, self.inhibition) for _ in parts[1:]]
            parts = [part for pair in zip(parts, [*between, parts[0]], strict=True) for part in pair][:-1]
        ends = np.cumsum([0, *(part.n for part in parts)])
        self.stages_ = list(zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True))
        wiring = joined(parts)
        for k in range(1, len(parts)):
            wins = self._wins(k)
            wiring = forward(
                wiring, np.arange(*self.stages_[k - 1]), self._members(k), self.forward_probability, rng, not wins
            )
        return wiring

    def _wins(self, k: int) -> bool:
        """Whether stage k is a layer of winners."""
        return bool(self.encoders) and k % 2 == 1

    def _members(self, k: int) -> np.ndarray:
        """Neurons of stage k that the stage before reaches: all of a liquid, the excitatory ones of a layer of winners."""
        first, last = self.stages_[k]
        return np.arange(first, last - self._wins(k))

    def _adapt(self, rows: np.ndarray, start: np.ndarray) -> None:
        super()._adapt(rows, start)
        if not self._tally.fed:
            return
        for k in range(1, len(self.stages_)):
            entering = np.isin(self.wiring_.pre, np.arange(*self.stages_[k - 1])) & np.isin(
                self.wiring_.post, self._members(k)
            )
            if not entering.any():
                raise ValueError(
                    f"{self._name}: no synapse reaches stage {k}. Raise forward_probability (now {self.forward_probability:g}), or use a larger shape."
                )
            self._set_rate(k, entering, rows, start)
            if self._wins(k) and self.learning_rate:
                weight = self.wiring_.weight[entering]
                pace, most = float(self.learning_rate * weight.mean()), max(3 * weight.mean(), 1.01 * weight.max())
                rule = PairSTDP(a_plus=pace, a_minus=1.05 * pace, w_min=0.0, w_max=float(most))
                self._teach(rule, rows, start, entering)
                self._set_rate(k, entering, rows, start)

    def _set_rate(self, k: int, entering: np.ndarray, rows: np.ndarray, start: np.ndarray) -> None:
        """Scales the synapses `entering` stage k until its rate is as asked for."""
        if self.target_rate is None:
            return
        drawn, some, members = self.wiring_, self._some(rows, start), self._members(k)

        def rate(scale: float) -> float:
            self.wiring_, self._built = drawn.scaled(np.where(entering, scale, 1.0)), None
            return float(self._rates(some)[members].mean())

        set_scale(self._name, f"synapses into stage {k}", rate, self.target_rate, 1.0)
