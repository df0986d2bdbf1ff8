"""Liquid state machines: a column of spiking neurons, and a readout of its filtered spikes."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np

from ranvier.neurons.neuron import Neuron
from ranvier.plasticity.rule import Rule
from ranvier.reservoirs.liquid import RESET, THRESHOLD, Ends, Inputs, Liquid, draw_inputs
from ranvier.reservoirs.rates import Tally, set_scale
from ranvier.reservoirs.reading import check_step
from ranvier.reservoirs.reservoir import Reservoir
from ranvier.reservoirs.spike_codes import Rates, SpikeCode
from ranvier.reservoirs.states import begun_each
from ranvier.reservoirs.units import seeds
from ranvier.reservoirs.wiring import PROBABILITY, Wiring, column
from ranvier.simulation.networks.built import Built
from ranvier.simulation.run import Run
from ranvier.units import Hz, ms

SILENT, SATURATED = 1 * Hz, 100 * Hz  # mean rates below and above which a liquid tells little
JUDGED = 1.0  # seconds of training input from which on rates are judged
TRIED = 16  # sequences that a rate is set on


@dataclass(kw_only=True, eq=False, repr=False)
class LiquidState(Reservoir):
    """Liquid state machine of Maass, Natschlaeger and Markram: spikes in, a column of neurons, a readout of its filtered spikes.

    Neurons: LIF, 30 ms, threshold 15 mV, reset 13.5 mV, refractory for 3 ms (excitatory) or 2 ms (inhibitory), 1 Mohm, background current 13.5 nA; they start
    between reset and threshold, drawn once. Synapses: connected with the probability C exp(-(D/lam)^2); C = 0.3, 0.2, 0.4, 0.1 for EE, EI, IE, II (the
    presynaptic neuron first); exponential currents of 3 ms (excitatory) and 6 ms (inhibitory), amplitudes drawn around 30, 60, -19, -19 nA; delays 1.5 ms
    (EE) and 0.8 ms; every synapse depresses and facilitates with a U, D and F of its own (`DynamicSynapse`).

    The state of a neuron is its spikes, each decaying with `tau_readout`. It is read at the end of each row of X, which lasts `step` seconds. Every sequence
    starts from the same state of rest; the network is one `rv.Network`, into which sequences go one after another.

    Args:
        shape: neurons along the three axes of the column.
        inhibitory: share of inhibitory neurons.
        lam: length of connections, in distances between neighbours; 0 leaves the neurons alone.
        probability: C for EE, EI, IE, II.
        weight_scale: what all synapses between neurons are multiplied with.
        input_scale: what input synapses are multiplied with (18 nA onto excitatory neurons, 9 nA onto inhibitory ones).
        input_probability: of a synapse between a channel of the input and a neuron.
        input_inhibitory: share of the input synapses that inhibit; 0 in the paper. About 0.5 where many channels are active at once, so that neurons
            tell differences of channels instead of their sum.
        target_rate: mean rate [Hz] that input_scale is set for, on the first training sequences; None: it stays as it is. 5 to 30 Hz do well.
        dynamic: whether synapses depress and facilitate; False: each spike uses everything.
        adaptation: rise of the threshold at a spike [V], which decays with tau_adapt [s]; 0 for none.
        neuron: any neuron of the library that fires under a current, such as `rv.AdEx(dt=0.1 * ms)`, in place of the LIF; all currents are then as many times
            its rheobase as they are of the LIF's 15 nA, it starts at rest, and its own tau_mem, adaptation and refractory time count. Its dt must be `dt`.
        tau_mem, tau_readout: [s]. tau_readout=None: the state is the number of spikes in each row.
        code: how rows become spikes: `Rates(rate)`, numbers as rates, or `Counts()`, numbers of spikes.
        step: how long a row lasts [s], a multiple of dt. dt: step of the simulation [s].
        readout, pooling, washout, read_input, standardise, random_state: as in `Reservoir`.

    Attributes:
        wiring_: positions, synapses. inputs_: input synapses. input_scale_: used.
        rate_: mean rate of a neuron in training [Hz]. silent_: share of the neurons that never fired in training.

    Warns:
        where the liquid is silent (mean rate below 1 Hz) or saturated (above 100 Hz), with what to turn.

    Source: Maass, Natschlaeger and Markram (2002), "Real-time computing without stable states", Neural Computation 14, section 4 and appendix B. Ours: no
    jitter of the start, static input synapses to `input_probability` of the neurons.

    >>> import numpy as np
    >>> from ranvier.reservoirs import Counts, LiquidState
    >>> rng = np.random.default_rng(0)
    >>> trains = [(rng.random((20, 4)) < rate).astype(float) for rate in (0.1, 0.6) * 10]
    >>> model = LiquidState((5, 3, 3), code=Counts()).fit(trains, ["few", "many"] * 10)
    >>> model.score(trains, ["few", "many"] * 10) > 0.8
    True
    """

    kinds = 4  # of pairs that have a probability of their own

    shape: Sequence[int] = field(default=(15, 3, 3), kw_only=False)
    inhibitory: float = 0.2
    lam: float = 2.0
    probability: Any = PROBABILITY
    weight_scale: float = 1.0
    input_scale: float = 1.0
    input_probability: float = 0.3
    input_inhibitory: float = 0.0
    target_rate: float | None = None
    neuron: Neuron | None = None
    dynamic: bool = True
    adaptation: float = 0.0
    tau_adapt: float = 100 * ms
    tau_mem: float = 30 * ms
    tau_readout: float | None = 30 * ms
    code: SpikeCode | None = None
    step: float = 10 * ms
    dt: float = 0.1 * ms

    def fit(self, X: Any, y: Any) -> Any:
        """See `Reservoir.fit`; says so where the liquid was silent or saturated."""
        tally = self._tally = Tally()
        try:
            super().fit(X, y)
        finally:
            del self._tally
        self._judge(tally)
        return self

    @property
    def network(self) -> Built:
        """The fitted liquid as it runs: a `Network` and its populations, for a look at it; a run in it changes no prediction."""
        net = self._liquid().net
        return Built(net, tuple(net.populations))

    def runs(self, X: Any) -> Iterator[Run]:
        """The run that each sequence makes of `network`, from rest, one after another: for `ranvier.energy` and `ranvier.analysis`."""
        x, liquid = self._given(X), self._liquid()
        for rows in x.parts(self._scaled(x.rows)):
            yield liquid.run(rows, self.step, self._code(), None)[0]

    def spike_counts(self, X: Any) -> Any:
        """Spikes of every neuron in every row of the sequences, from rest, [T, N], in the form of X."""
        x, liquid, found = self._given(X), self._liquid(), []
        for rows in x.parts(self._scaled(x.rows)):
            found.append(liquid.states(rows, self.step, self._code(), None, None, keep=False)[0])
        return x.as_given(np.concatenate(found))

    def input_counts(self, X: Any) -> np.ndarray:
        """Spikes that enter through every channel of the code, summed over each sequence, [n, channels]."""
        x, channels = self._given(X), len(self.inputs_.sums)
        found = [self._code().spikes(rows, self.step, self.inputs_.sums)[1] for rows in x.parts(self._scaled(x.rows))]
        return np.stack([np.bincount(part, minlength=channels) for part in found])

    # what a reservoir defines

    @property
    def _columns(self) -> int:
        return int(np.prod(self.shape))

    def _check_arguments(self) -> None:
        super()._check_arguments()
        name = type(self).__name__
        if not all(isinstance(n, int | np.integer) and n > 0 for n in self.shape) or not 1 <= len(self.shape) <= 3:
            raise ValueError(
                f"{name}: shape must be up to three whole numbers above 0, got {self.shape!r}. Write (15, 3, 3)."
            )
        for key, low, high in (
            ("inhibitory", 0, 1),
            ("input_probability", 0, 1),
            ("input_inhibitory", 0, 1),
            ("lam", 0, np.inf),
            ("adaptation", 0, np.inf),
        ):
            value = getattr(self, key)
            if not low <= value <= high:
                raise ValueError(f"{name}: {key} must lie in [{low}, {high}], got {value}.")
        for key in ("step", "dt", "tau_mem", "tau_adapt", "tau_readout", "target_rate"):
            value = getattr(self, key)
            if value is not None and not 0 < value < np.inf:
                raise ValueError(f"{name}: {key} must be above 0, got {value}.")
        if self.neuron is not None:
            self._check_neuron(self.neuron)
        given = np.atleast_1d(np.asarray(self.probability, np.float64))
        if given.shape != (self.kinds,) or not ((given >= 0) & (given <= 1)).all():
            what = "four numbers in [0, 1], for EE, EI, IE, II" if self.kinds > 1 else "a number in [0, 1]"
            raise ValueError(f"{name}: probability must be {what}, got {self.probability!r}.")
        check_step(name, self.step, self.dt, " Write dt=0.5 * ms, step=10 * ms.")

    def _check_neuron(self, neuron: Any) -> None:
        name = type(self).__name__
        if not isinstance(neuron, Neuron) or not neuron.fires:
            raise TypeError(
                f"{name}: neuron must be an object of a model that fires, got {neuron!r}. Write neuron=rv.AdEx(dt={self.dt:g})."
            )
        if not np.isclose(neuron.dt, self.dt, rtol=1e-9):
            raise ValueError(
                f"{name}: dt is {self.dt:g} s, but that of its neuron {neuron.dt:g} s. Give both the same."
            )
        if self.adaptation:
            raise ValueError(
                f"{name}: adaptation belongs to the LIF, got adaptation={self.adaptation} besides a neuron. Leave it out."
            )

    def _draw(self, inputs: int) -> None:
        wiring, entering, starting = (np.random.default_rng(s) for s in seeds(self.random_state, 3))
        self.wiring_ = self._wire(wiring)
        channels = self._code().channels(inputs)
        self.inputs_: Inputs = draw_inputs(
            channels, self.wiring_, self.input_probability, self.input_inhibitory, entering, self._entered()
        )
        self.start_ = starting.uniform(RESET, THRESHOLD, self.wiring_.n)
        self.input_scale_ = float(self.input_scale)
        self._built: Any = None

    def _wire(self, rng: np.random.Generator) -> Wiring:
        """The liquid's synapses."""
        lam, probability = (self.lam, self.probability) if self.lam > 0 else (1.0, (0.0,) * 4)
        wiring = column(self.shape, rng, inhibitory=self.inhibitory, lam=lam, probability=probability)
        return wiring.scaled(self.weight_scale)

    def _entered(self) -> int:
        """How many neurons, from the first on, input reaches."""
        return self.wiring_.n

    def _adapt(self, rows: np.ndarray, start: np.ndarray) -> None:
        if self._fed(rows, start) and self.target_rate is not None:
            some = self._some(rows, start)

            def rate(scale: float) -> float:
                self.input_scale_, self._built = scale, None
                return float(self._rates(some)[: self._entered()].mean())

            set_scale(self._name, "input", rate, self.target_rate, self.input_scale)

    def _fed(self, rows: np.ndarray, start: np.ndarray) -> bool:
        """Whether a spike of the training sequences enters; says so where none does, since no scale helps then."""
        for first, last in pairwise(start):
            if len(self._code().spikes(rows[first:last], self.step, self.inputs_.sums)[0]):
                return True
        if rows.any():
            why = f"{self._code()} makes no spike of X, whose values lie between {rows.min():.3g} and {rows.max():.3g}"
            what = "Bring X to a larger scale, or use another code"
        else:
            why = "X is zero in all steps of all training sequences"
            what = "Check X" + (
                ", or leave standardise out, which makes what is constant 0" if self.standardise else ""
            )
        warnings.warn(f"{self._name}: {why}, so that no spike enters and the liquid is silent. {what}.", stacklevel=5)
        self._tally.fed = False
        return False

    def _some(self, rows: np.ndarray, start: np.ndarray) -> list[np.ndarray]:
        """A few sequences, spread over all."""
        which = np.unique(np.linspace(0, len(start) - 2, min(TRIED, len(start) - 1)).astype(int))
        return [rows[start[k] : start[k + 1]] for k in which]

    def _rates(self, sequences: Sequence[np.ndarray]) -> np.ndarray:
        """Rate of each neuron [Hz], [N]."""
        tally = Tally()
        for rows in sequences:
            tally.add(
                self._liquid().spikes(rows, self.step, self._code(), None)[1], self.wiring_.n, len(rows) * self.step
            )
        return tally.count / tally.seconds

    def _scan(self, rows: np.ndarray, start: np.ndarray, state: Any, noise: Any = None) -> tuple[np.ndarray, Any]:
        return self._through(rows, start, state, keep=True)

    def _scan_only(self, rows: np.ndarray, start: np.ndarray, noise: Any) -> np.ndarray:
        return self._through(rows, start, None, keep=False)[0]

    def _through(self, rows: np.ndarray, start: np.ndarray, state: Any, keep: bool) -> tuple[np.ndarray, Any]:
        liquid, found, after = self._liquid(), np.empty((len(rows), self._columns)), []
        tally = getattr(self, "_tally", None)
        begins: Sequence[Ends | None] = begun_each(self._name, state, len(start) - 1, Ends)
        for begin, first, last in zip(begins, start[:-1], start[1:], strict=True):
            found[first:last], end, who = liquid.states(
                rows[first:last], self.step, self._code(), self.tau_readout, begin, keep
            )
            after.append(end)
            if tally is not None:
                tally.add(who, self.wiring_.n, (last - first) * self.step)
        return found, after

    def _liquid(self) -> Liquid:
        """The network, built again where only its parameters are there."""
        if getattr(self, "_built", None) is None:
            self._built = self._made()
        return self._built

    def _teach(self, rule: Rule, rows: np.ndarray, start: np.ndarray, learning: Any = None) -> None:
        """Runs sequences through while synapses between excitatory neurons follow a rule (those of `learning`, [S]; None: all), and keeps what they learn."""
        liquid = self._made(rule, learning)
        for first, last in pairwise(start):
            liquid.spikes(rows[first:last], self.step, self._code(), None)
            liquid.keep_weights()
        self.wiring_ = replace(self.wiring_, weight=liquid.learned(self.wiring_))
        self._built = None

    def _made(self, rule: Rule | None = None, learning: Any = None) -> Liquid:
        entering = replace(self.inputs_, weight=self.inputs_.weight * self.input_scale_)
        return Liquid(
            self.wiring_, entering, self.start_, dt=self.dt, tau_mem=self.tau_mem, adaptation=self.adaptation, tau_adapt=self.tau_adapt,
            dynamic=self.dynamic, neuron=self.neuron, rule=rule, learning=learning,
        )  # fmt: skip

    def _code(self) -> SpikeCode:
        return Rates() if self.code is None else self.code

    def _judge(self, tally: Tally) -> None:
        self.rate_ = float(np.mean(tally.count) / tally.seconds)
        self.silent_ = float(np.mean(np.asarray(tally.count) == 0))
        name, low = type(self).__name__, self.rate_ < SILENT
        if tally.fed and tally.seconds >= JUDGED and (low or self.rate_ > SATURATED):
            what = f"nearly silent, {100 * self.silent_:.0f} % of its neurons never fired" if low else "saturated"
            turn = f"{'Raise' if low else 'Lower'} input_scale (now {self.input_scale_:.3g})"
            also = "" if low else f" or weight_scale (now {self.weight_scale:g})"
            warnings.warn(
                f"{name}: the liquid is {what}: its neurons fired at {self.rate_:.3g} Hz on average over the training sequences, expected 5 to 30 Hz. "
                f"{turn}{also}, or give target_rate=15.",
                stacklevel=3,
            )
