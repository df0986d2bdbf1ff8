"""A liquid that can be run: wiring and input as one `Network`, through which sequences go one after another."""

from copy import deepcopy
from dataclasses import dataclass
from threading import RLock
from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from ranvier.equations.declaration import state
from ranvier.equations.options import Clamp, CurrentInput
from ranvier.instruments import rheobase
from ranvier.neurons.adaptive_lif import AdaptiveLIF
from ranvier.neurons.lif import LIF
from ranvier.neurons.neuron import Neuron
from ranvier.plasticity.rule import Rule
from ranvier.reservoirs.dynamic_synapse import DynamicSynapse
from ranvier.reservoirs.interrupt import Interrupt
from ranvier.reservoirs.spike_codes import SpikeCode
from ranvier.reservoirs.wiring import Wiring
from ranvier.simulation import Network, Pairs, SpikeSource
from ranvier.simulation.projection import Projection
from ranvier.simulation.run import Run
from ranvier.synapses.exponential import ExponentialSynapse
from ranvier.units import NAMED, Mohm, ms, mV, nA

THRESHOLD, RESET, RESISTANCE, BACKGROUND = 15 * mV, 13.5 * mV, 1 * Mohm, 13.5 * nA
REFRACTORY = (3 * ms, 2 * ms)  # of excitatory and of inhibitory neurons
TAU_SYN = (3 * ms, 6 * ms)  # of the synapses that end from them
INPUT = (18 * nA, 9 * nA)  # amplitude onto them


class Ends(NamedTuple):
    """Where a sequence left a liquid. network: its state; filtered: [N]; sums: of the code."""

    network: Any
    filtered: np.ndarray
    sums: np.ndarray


@dataclass(frozen=True, eq=False)
class Inputs:
    """Input synapses: channel to neuron, weight [A]; and where the sums of the code start, [channels]."""

    channel: NDArray[np.int64]
    neuron: NDArray[np.int64]
    weight: NDArray[np.float64]
    sums: NDArray[np.float64]


def draw_inputs(
    channels: int,
    wiring: Wiring,
    probability: float,
    inhibitory: float,
    rng: np.random.Generator,
    last: int | None = None,
) -> Inputs:
    """Each channel reaches each of the first `last` neurons with a probability, with 18 nA if it is excitatory, 9 nA if it is inhibitory.

    inhibitory: share of the input synapses that have the other sign.
    """
    n = wiring.n if last is None else last
    channel, neuron = np.nonzero(rng.random((channels, n)) < probability)
    sign = np.where(rng.random(len(channel)) < inhibitory, -1.0, 1.0)
    return Inputs(
        channel, neuron, sign * np.asarray(INPUT)[wiring.inhibitory[neuron].astype(int)], rng.random(channels)
    )


def rheobase_of(neuron: Neuron) -> float:
    """The smallest current at which a neuron of a liquid fires. ValueError where it takes no current, never fires, or fires without one."""
    name = type(neuron).__name__
    if not (neuron.declaration.takes_input("dynamics") and isinstance(neuron.options.drive, CurrentInput)):
        raise ValueError(
            f"LiquidState: {name} takes impulses, and the synapses of a liquid make currents. Use a neuron such as rv.AdEx()."
        )
    found = rheobase(neuron)
    if not 0 < found < np.inf:
        what = "fires without input" if found == 0 else "never fires under a constant current"
        raise ValueError(f"LiquidState: {name} {what}, so that currents have no measure. Use other parameters.")
    return found


def _synapse(neuron: Neuron | None) -> type[ExponentialSynapse]:
    """The synapse of a liquid, in the unit of the current that its neurons take: some take a density, or a number."""
    unit = NAMED["current"] if neuron is None else neuron.declaration.input_dimension("dynamics")
    if unit == NAMED["current"]:
        return ExponentialSynapse

    class Converted(ExponentialSynapse):
        i: Annotated[float, unit] = state(0.0)  # pyright: ignore[reportInvalidTypeForm]

        def receive(self, s: Any, x: Annotated[float, unit]) -> Any:  # pyright: ignore[reportInvalidTypeForm]
            return {"i": s.i + x}

    return Converted


class Liquid:
    """A network of `Wiring` and `Inputs`; see `LiquidState` for the rest.

    neuron: in place of the LIF neurons of the paper; currents are then as many times its rheobase as they were of theirs.
    rule: of synapses between excitatory neurons, in place of dynamics. learning: [S], bool, which of these follow it; None: all.
    """

    def __init__(
        self,
        wiring: Wiring,
        inputs: Inputs,
        start: NDArray[np.float64],
        *,
        dt: float,
        tau_mem: float,
        adaptation: float,
        tau_adapt: float,
        dynamic: bool,
        neuron: Neuron | None = None,
        rule: Rule | None = None,
        learning: NDArray[np.bool_] | None = None,
    ) -> None:
        self.dt, self.n, self.inputs = dt, wiring.n, inputs
        self.net = Network(dt=dt)
        self.alone = RLock()  # one sequence at a time, whichever thread it comes from
        mute = wiring.inhibitory
        unit = 1.0 if neuron is None else rheobase_of(neuron) / (THRESHOLD / RESISTANCE)  # of currents
        members = [np.flatnonzero(~mute), np.flatnonzero(mute)]
        place = np.empty(self.n, np.int64)
        self.order = np.concatenate(members)  # which neuron the network's first is, and so on
        populations = []
        for k, mine in enumerate(members):
            place[mine] = np.arange(len(mine))
            populations.append(None)
            if len(mine):
                name = ("excitatory", "inhibitory")[k]
                if neuron is not None:
                    populations[k] = self.net.add(len(mine), deepcopy(neuron), name).inject(BACKGROUND * unit)
                    continue
                cell: Any = dict(
                    dt=dt,
                    tau_mem=tau_mem,
                    r=RESISTANCE,
                    v_leak=0.0,
                    v_threshold=THRESHOLD,
                    v_reset=RESET,
                    refractory=Clamp(REFRACTORY[k]),
                )
                made = AdaptiveLIF(**cell, tau_adapt=tau_adapt, jump=adaptation) if adaptation else LIF(**cell)
                populations[k] = self.net.add(len(mine), made, name).inject(BACKGROUND).initialize(v=start[mine])
        self.source = self.net.add(len(inputs.sums), SpikeSource([]), "input")
        currents = [_synapse(neuron)(dt=dt, tau=tau) for tau in TAU_SYN]
        self.projections: list[tuple[Projection, np.ndarray]] = []
        taught = (wiring.kind == 0) & (rule is not None) & (True if learning is None else learning)
        groups = [(k, (wiring.kind == k) & ~taught, DynamicSynapse() if dynamic else None) for k in range(4)]
        for kind, chosen, learned in [*groups, (0, taught, rule)]:
            mine = np.flatnonzero(chosen)
            if len(mine):
                made = self.net.connect(
                    populations[kind // 2], populations[kind % 2], Pairs(place[wiring.pre[mine]], place[wiring.post[mine]]), unit * wiring.weight[mine],
                    np.maximum(wiring.delay[mine], dt), currents[kind // 2], learned, name="taught" if taught[mine[0]] else ("EE", "EI", "IE", "II")[kind],
                )  # fmt: skip
                self.projections.append((made, mine))
        for k in range(2):
            mine = np.flatnonzero(mute[inputs.neuron] == bool(k))
            if len(mine):
                self.net.connect(
                    self.source, populations[k], Pairs(inputs.channel[mine], place[inputs.neuron[mine]]), unit * inputs.weight[mine], synapse=currents[0],
                    name=f"input {k}",
                )  # fmt: skip
        self.net.build()
        self.rest = self._rest(wiring)

    def _rest(self, wiring: Wiring) -> Any:
        """The state from which every sequence starts: synapses have used nothing."""
        state = self.net.state()
        for made, mine in self.projections:
            if isinstance(made.plasticity, DynamicSynapse):
                theirs, ours = self._ours(made, mine)
                rows, clock = state[f"{made.name}.synapses"], made.plasticity.clock
                rows[theirs, 1] = wiring.use[ours]
                rows[theirs, 2] = clock / wiring.recovery[ours]
                rows[theirs, 3] = clock / wiring.facilitation[ours]
        self.net.restore(state)
        return self.net.state()

    def keep_weights(self) -> None:
        """Every later sequence starts with the weights that plastic synapses have now."""
        for made, _ in self.projections:
            if made.plasticity is not None:
                self.rest[f"{made.name}.synapses"][:, 0] = self.net.weights(made).weight

    def learned(self, wiring: Wiring) -> NDArray[np.float64]:
        """The weights kept last, in the order of the wiring."""
        weight = wiring.weight.copy()
        for made, mine in self.projections:
            if made.plasticity is not None:
                weight[self._ours(made, mine)[1]] = self.rest[f"{made.name}.synapses"][self._ours(made, mine)[0], 0]
        return weight

    def _ours(self, made: Projection, mine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Which synapse of the network is which of the wiring: pairs are unique, so both are sorted."""
        found = self.net.weights(made)
        pattern: Any = made.pattern
        return np.lexsort((found.post, found.pre)), mine[np.lexsort((pattern.post, pattern.pre))]

    def spikes(
        self, rows: np.ndarray, step: float, code: SpikeCode, ends: Ends | None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Runs a sequence: steps (from its beginning) and neurons of the spikes, and the sums of the code."""
        run, sums = self.run(rows, step, code, ends)
        own = run.neurons < self.n
        return run.steps[own] - round(run.begin / self.dt), self.order[run.neurons[own]], sums

    def run(self, rows: np.ndarray, step: float, code: SpikeCode, ends: Ends | None) -> tuple[Run, np.ndarray]:
        """Runs a sequence from rest, or from where another ended; and the sums of the code."""
        times, channels, sums = code.spikes(rows, step, self.inputs.sums if ends is None else ends.sums)
        with self.alone:
            net = self.net.restore(self.rest if ends is None else ends.network)
            net.replay(self.source, net.time + times, channels)
            with Interrupt():
                run = net.run(len(rows) * step, progress=False)
        if run.end - run.begin < (len(rows) * round(step / self.dt) - 0.5) * self.dt:
            raise KeyboardInterrupt  # from a handler of the program's own: the network keeps it to itself
        return run, sums

    def states(
        self, rows: np.ndarray, step: float, code: SpikeCode, tau: float | None, ends: Ends | None, keep: bool
    ) -> tuple[np.ndarray, Ends | None, np.ndarray]:
        """Filtered spikes at the end of each row, [T, N], where it ended if `keep`, and the neuron of each spike.

        Each spike adds 1, which decays with tau; tau=None: number of spikes in each row.
        """
        with self.alone:
            at, who, sums = self.spikes(rows, step, code, ends)
            after = self.net.state() if keep else None
        each = round(step / self.dt)
        row = at // each
        weight = None if tau is None else np.exp(-((row + 1) * each - (at + 1)) * (self.dt / tau))
        jumps = (
            np.bincount(row * self.n + who, weight, len(rows) * self.n).reshape(len(rows), self.n).astype(np.float64)
        )
        filtered = np.zeros(self.n) if ends is None else ends.filtered
        if tau is not None:
            decay = np.exp(-step / tau)
            jumps, _ = lfilter([1.0], [1.0, -decay], jumps, axis=0, zi=decay * filtered[None])
        return jumps, Ends(after, jumps[-1].copy(), sums) if keep else None, who
