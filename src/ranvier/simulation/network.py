"""`Network`: populations, projections and a clock."""

import time
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from ranvier.checks import scalar
from ranvier.neurons.neuron import Neuron
from ranvier.plasticity.rule import Rule
from ranvier.simulation import room
from ranvier.simulation.checking import (
    floats,
    indices,
    number,
    numbers,
    of_synapses,
    positions,
    seconds,
    synapse_object,
    whole,
)
from ranvier.simulation.checkpoint import State, load, restore, save, state_of, told
from ranvier.simulation.currents import NAME as CURRENTS
from ranvier.simulation.engine import Engine, Probe
from ranvier.simulation.followed import Follower
from ranvier.simulation.initial import start
from ranvier.simulation.patterns import AllToAll, Pattern, Within
from ranvier.simulation.population import Population
from ranvier.simulation.projection import Drive, Projection
from ranvier.simulation.recording import Asked, Recording, check_state, meant
from ranvier.simulation.run import Run
from ranvier.simulation.running import go
from ranvier.simulation.soundness import check
from ranvier.simulation.sources import PoissonSource, SpikeSource
from ranvier.simulation.timed import Timed
from ranvier.simulation.view import PopulationView
from ranvier.synapses.synapse import Synapse
from ranvier.units import ms


class Synapses(NamedTuple):
    """Synapses, one an entry. delay: seconds."""

    pre: np.ndarray
    post: np.ndarray
    weight: np.ndarray
    delay: np.ndarray

    def matrix(self, pre: int, post: int) -> np.ndarray:
        """Sums of the weights between each two neurons, [post, pre]."""
        full = np.zeros((post, pre))
        np.add.at(full, (self.post, self.pre), self.weight)
        return full


class Network:
    """Populations of neurons and the synapses between them, simulated in biological time.

    A step of length dt [s], 0.1 ms unless said otherwise: spikes that arrive now reach their neurons, every neuron takes a step as its equations
    say (decay, input, compare, reset), and what fires arrives elsewhere after its delay, one step at the least. A neuron's own dt does
    not count here. seed: of the wiring, of the starts and of the noise; each has a stream of its own by name, and the result is the same for
    any number of threads, and however a run is cut into pieces. dtype: torch.float32, or torch.float64.

    >>> import ranvier as rv
    >>> from ranvier.units import ms, mV
    >>> net = rv.Network(seed=1)
    >>> noise = net.add(100, rv.PoissonSource(rate=20), name="noise")
    >>> cells = net.add(10, rv.CubaLIF(tau_mem=20 * ms), name="cells")
    >>> _ = net.connect(noise, cells, rv.FixedProbability(0.5), weight=0.2, delay=1.5 * ms)
    >>> run = net.run(0.5)
    >>> 0 < run.rate(cells) < 500
    True
    """

    def __init__(self, dt: float = 0.1 * ms, seed: int = 0, dtype: torch.dtype = torch.float32) -> None:
        self.dt = seconds("Network", "dt", dt)
        if self.dt <= 0:
            raise ValueError(f"Network: dt must be above 0 s, got {dt:g}. Write dt=0.1 * ms.")
        if dtype not in (torch.float32, torch.float64):
            raise TypeError(f"Network: dtype must be torch.float32 or torch.float64, got {dtype}.")
        self.seed = whole("Network", "seed", seed)
        self.dtype = np.dtype(np.float64 if dtype == torch.float64 else np.float32)
        self.populations: list[Population] = []
        self.projections: list[Projection] = []
        self.drives: list[Drive] = []
        self.latest: Run | None = None
        self._asked = Asked()
        self._engine: Engine | None = None

    # ---- building --------------------------------------------------------------------------------------------------------

    def add(
        self,
        n: int,
        model: Neuron | PoissonSource | SpikeSource,
        name: str | None = None,
        excitatory: bool | None = None,
        positions: Any = None,
    ) -> Population:
        """A population of n neurons of one model, or n sources.

        model: any neuron with its parameters (numbers, or tensors [n]); `PoissonSource`, `SpikeSource`. excitatory: True or False to have the
        signs of all its weights checked (Dale's law). positions: where the neurons are, [n, 3] (or [n, 2], [n, 1]), in any unit of length,
        for pictures and as in rv.DistanceDependent(a.positions, b.positions, chance).
        """
        self._still("add a population")
        n = whole("Network.add", "n", n, 1)
        if (
            isinstance(model, type)
            or not isinstance(model, Neuron | PoissonSource | SpikeSource)
            or isinstance(model, Synapse)
        ):
            raise TypeError(
                f"Network.add: the model must be a neuron or a source, got {model!r}. Write net.add({n}, rv.LIF())."
            )
        if excitatory is not None and not isinstance(excitatory, bool | np.bool_):
            raise TypeError(
                f"Network.add: excitatory must be True, False or None, got {excitatory!r}. Write excitatory=False."
            )
        where = None if positions is None else self._placed(positions, n)
        name = name or f"{type(model).__name__}{len(self.populations)}"
        if any(p.name == name for p in self.populations):
            raise ValueError(f"Network.add: there is a population {name!r} already. Give another name.")
        self.populations.append(Population(n, model, name, len(self.populations), excitatory, where))
        return self.populations[-1]

    def connect(
        self,
        pre: Population | PopulationView,
        post: Population | PopulationView,
        pattern: Pattern | None = None,
        weight: Any = 1.0,
        delay: Any = None,
        synapse: Synapse | None = None,
        plasticity: Rule | None = None,
        name: str | None = None,
    ) -> Projection:
        """Synapses from pre to post, populations or some of their neurons, as in net.connect(exc[:100], inh[::2]).

        pattern: `AllToAll()` (the default), `OneToOne()`, `FixedProbability(p)`, `FixedInDegree(n)`, `FixedOutDegree(n)`, `FixedTotalNumber(n)`,
        `Pairs(pre, post)`. weight: what a spike adds, in the unit of the input that it goes to; delay [s], one step at the least and by
        default, rounded to steps. Both are numbers, distributions (`rv.simulation.Normal`, `Uniform`, `LogNormal`, `Exponential`), or one number a
        synapse with Pairs and AllToAll. synapse: a model such as `ExponentialSynapse(tau=5 * ms)` that the impulses go through before they
        become a current; None: the neuron's own input (`receive`; a neuron that takes currents gets the weight as one, for a step).
        plasticity: a rule such as `PairSTDP()` that changes the weights.
        """
        self._still("connect")
        (sending, senders), (taking, takers) = (
            self._some("Network.connect", what, p) for what, p in (("pre", pre), ("post", post))
        )
        if taking.is_source:
            raise ValueError(f"Network.connect: {post.name} is a source, so nothing can be connected to it.")
        name = name or f"{pre.name} -> {post.name}" + (f" #{k}" if (k := self._between(sending, taking)) else "")
        pattern = AllToAll() if pattern is None else pattern
        if isinstance(pattern, type) or not hasattr(pattern, "wire"):
            raise TypeError(f"{name}: the pattern must be an object such as rv.FixedProbability(0.1), got {pattern!r}.")
        synapse_object(name, synapse)
        if plasticity is not None and not isinstance(plasticity, Rule):
            raise TypeError(f"{name}: plasticity must be an object such as rv.PairSTDP(), got {plasticity!r}.")
        weight = of_synapses(name, "weight", weight, "0.5")
        delay = self.dt if delay is None else of_synapses(name, "delay", delay, "1.5 * ms")
        if not (pre is sending and post is taking):
            pattern = Within(pattern, senders, takers)
            weight, delay = (np.asarray(x).ravel() if np.shape(x) == (pre.n, post.n) else x for x in (weight, delay))
        self.projections.append(
            Projection(sending, taking, pattern, weight, delay, synapse, plasticity, name, len(self.projections))
        )
        return self.projections[-1]

    def drive(
        self,
        post: Population,
        rate: float | Timed,
        weight: float,
        synapse: Synapse | None = None,
        name: str | None = None,
    ) -> Drive:
        """Poisson impulses to each neuron, independent of each other: what many sources of `rate` in all would send.

        rate: impulses a second to each neuron, a number or `Timed` values. weight, synapse: as in `connect`.
        """
        self._still("drive a population")
        self._whole("Network.drive", post)
        if post.is_source:
            raise ValueError(f"Network.drive: {post.name} is a source, which takes no input.")
        synapse_object("Network.drive", synapse)
        weight = number("Network.drive", "weight", weight, "0.5")
        rates = np.array([number("Network.drive", "rate", rate)]) if not isinstance(rate, Timed) else rate.values
        if callable(rates) or rates.ndim > 1:
            raise TypeError(
                f"Network.drive: a rate over time must be values [T] for all neurons alike, got {rate!r}. "
                "Write rv.Timed(function(np.arange(0, 1, 1 * ms)), dt=1 * ms), or connect a PoissonSource."
            )
        if rates.min() < 0:
            raise ValueError(f"Network.drive: rate must be at least 0 Hz, got {rates.min():g}.")
        if rates.max() * self.dt > 1000:
            raise ValueError(
                f"Network.drive: {rates.max():g} impulses a second are {rates.max() * self.dt:g} a step; use inject() for their mean."
            )
        name = name or f"drive of {post.name} #{len(self.drives)}"
        self.drives.append(Drive(post, rate if isinstance(rate, Timed) else rates.item(), weight, 0.0, synapse, name))
        return self.drives[-1]

    def noise(
        self, post: Population, sd: float, mean: float = 0.0, synapse: Synapse | None = None, name: str | None = None
    ) -> Drive:
        """White noise to each neuron, independent of each other.

        mean: what it adds in a second; sd: its standard deviation over a second, so that over t it is sd * sqrt(t). Units: of the input it
        goes to times 1/s and 1/sqrt(s); for a neuron that takes a current, of the current and of current * sqrt(s). synapse: as in `connect`.
        """
        self._still("add noise")
        self._whole("Network.noise", post)
        if post.is_source:
            raise ValueError(f"Network.noise: {post.name} is a source, which takes no input.")
        synapse_object("Network.noise", synapse)
        mean, sd = number("Network.noise", "mean", mean, "0.1"), number("Network.noise", "sd", sd, "0.1")
        if sd < 0:
            raise ValueError(f"Network.noise: sd must be a finite number >= 0, got {sd:g}. Write sd={-sd:g}.")
        name = name or f"noise of {post.name} #{len(self.drives)}"
        self.drives.append(Drive(post, None, mean, sd, synapse, name))
        return self.drives[-1]

    def record(
        self,
        of: Population | PopulationView | Projection,
        state: str,
        neurons: Any = None,
        every: float | None = None,
        synapses: Any = None,
    ) -> None:
        """Has something recorded over time, at the ends of steps; `Run.trace` gives it. It replaces an earlier record of the same.

        of, state: neurons (a population, or a view such as `cells[::10]`) and one of their states, such as "v"; or "currents", their excitatory and
        inhibitory synaptic currents [A], summed over neurons, [samples, 2], as `Run.lfp` needs them; or a plastic projection and "weight", or a trace of
        its rule. neurons, synapses: which, all by default; synapses in the order of `weights`. every [s]: between samples, a step by
        default, 100 ms for synapses. Values are in SI units, those of the state and of the weight.

        Weights are brought up to date for each sample, which costs a look at every plastic synapse, and changes nothing of what happens. A run whose
        records need more memory than there is is refused; one whose records need a gigabyte is warned of.
        """
        if isinstance(of, Projection):
            interval = 100 * ms if every is None else seconds("Network.record", "every", every, self.dt)
            self._follow(of, state, synapses, max(1, round(interval / self.dt)))
            return
        population, chosen = self._some("Network.record", "of", of)
        interval = self.dt if every is None else seconds("Network.record", "every", every, self.dt)
        which = chosen if neurons is None else chosen[indices("Network.record", "neurons", neurons, of.n)]
        if synapses is not None:
            raise TypeError(
                f"Network.record: {of.name} has neurons, not synapses. Write neurons=, or record a projection."
            )
        if population.is_source:
            raise ValueError(
                f"Network.record: {population.name} is a source: it has spikes, which are recorded anyway, and no states."
            )
        if state in ("spike", "spikes"):
            raise ValueError("Network.record: spikes are recorded anyway. Read them with run.spikes(population).")
        probe = Probe(population, state, which.astype(np.int64), max(1, round(interval / self.dt)))
        if state != CURRENTS:
            check_state(population, state, self._engine)
        if state == CURRENTS:
            self._asked.summed[of] = probe
        else:
            self._asked.probes[of, state] = probe

    def _follow(self, projection: Projection, state: str, synapses: Any, every: int) -> None:
        rule = self._plastic("Network.record", projection)
        known = ("weight", *rule.declared.traces)
        if state not in known:
            raise ValueError(
                f"Network.record: the synapses of {projection.name} have no {state}{meant(state, known)}. They have: {', '.join(known)}."
            )
        which = None if synapses is None else indices("Network.record", "synapses", synapses, 1 << 32).astype(np.int64)
        self._asked.followers[projection, state] = Follower(projection, state, which, every)

    # ---- running ---------------------------------------------------------------------------------------------------------

    @property
    def time(self) -> float:
        """Biological seconds so far."""
        return 0.0 if self._engine is None else self._engine.step * self.dt

    def build(self) -> "Network":
        """Draws all synapses and compiles what is needed; `run` does so too. After it nothing can be added."""
        if self._engine is None:
            if not self.populations:
                raise ValueError("Network: there is no population. Write net.add(100, rv.LIF()).")
            check(self.populations, self.projections, self.drives, self.dt)
            room.check_neurons(self.populations, self.dtype)
            room.check_synapses(self.projections, self.dtype)
            engine = Engine(self.populations, self.projections, self.drives, self.dt, self.seed, self.dtype)
            start(engine, self.seed)
            self._engine = engine
        return self

    def weights(self, projection: Projection) -> "Synapses":
        """The synapses of a projection as they are now: arrays `pre`, `post`, `weight`, `delay` [s]."""
        self.build()
        assert self._engine is not None
        return Synapses(*self._engine.weights(projection))

    def set_weights(self, projection: Projection, weights: Any) -> None:
        """Gives the synapses of a plastic projection new weights, in the order of `weights(projection).weight`; between runs.

        weights: one number for all, or one a synapse, within the rule's bounds.
        """
        rule, now = self._plastic("Network.set_weights", projection), self.weights(projection).weight
        given = (
            np.full(len(now), number(projection.name, "weights", weights, "0.5"))
            if np.ndim(weights) == 0
            else numbers(projection.name, "weights", weights, len(now))
        )
        if given.size and not (rule.w_min <= given.min() and given.max() <= rule.w_max):
            raise ValueError(
                f"{projection.name}: weights must lie in [{rule.w_min:g}, {rule.w_max:g}], the bounds of its rule, got {given.min():g} to {given.max():g}. "
                "Clip them, or give the rule other bounds."
            )
        assert self._engine is not None
        self._engine.set_weights(projection, given)

    def normalise(self, projection: Projection, total: float) -> None:
        """Scales the weights of a plastic projection so that those that end on each neuron add up to `total`; between runs.

        Neurons whose weights add up to 0 stay as they are. What leaves the bounds of the rule is put back to them, so that a sum can then miss `total`.
        """
        rule = self._plastic("Network.normalise", projection)
        total = scalar(total)
        if isinstance(total, bool) or not isinstance(total, int | float) or not np.isfinite(total) or total == 0:
            raise ValueError(f"Network.normalise: total must be a finite number other than 0, got {total!r}.")
        self.build()
        assert self._engine is not None
        # in place: networks that normalise before every input do it 10^5 times, and copies of all synapses take as long as the input
        post, now = self._engine.own_weights(projection)
        sums = np.bincount(post, now, projection.post.n)
        factor = np.divide(total, sums, out=np.ones_like(sums), where=sums != 0)
        if (factor < 0).any():
            raise ValueError(
                f"{projection.name}: its weights add up to {sums[factor < 0][0]:g}, so their sum cannot become {total:g}. Change the sign of total."
            )
        now[:] = np.clip(now * factor[post], rule.w_min, rule.w_max)

    def reward(self, amount: Any, at: Any = None, to: Projection | None = None) -> None:
        """A third factor, such as dopamine: adds an amount to the modulators of rules that have one (`RewardSTDP`).

        amount: a number, or one a time. at [s]: when, a time or several, not before now; by default now, that is in the next step. A reward falls into the
        step that holds its time, and acts from the end of this step on. to: the one projection whose modulators are meant, by default all.
        """
        self.build()
        assert self._engine is not None
        known = self._engine.learning.modulators
        which = [k for k, (projection, _) in enumerate(known) if to is None or projection is to]
        if not which:
            where = "no projection" if to is None else getattr(to, "name", repr(to))
            raise ValueError(
                f"Network.reward: {where} has {'a' if to is None else 'no'} rule with a modulator. Use plasticity=rv.RewardSTDP()."
            )
        times = floats("Network.reward", "at", self.time if at is None else at, "a time in seconds, or several").ravel()
        times = numbers("Network.reward", "at", times, times.size)
        given = floats("Network.reward", "amount", amount, "a number, or one for each time")
        amounts = numbers(
            "Network.reward", "amount", given if given.ndim else np.broadcast_to(given, times.shape), times.size
        )
        steps = np.floor(times / self.dt + 1e-6).astype(np.int64)
        if steps.size and steps.min() < self._engine.step:
            raise ValueError(f"Network.reward: at must not lie before now, {self.time:g} s, got {times.min():g} s.")
        self._engine.learning.reward(which, steps, amounts)

    def replay(self, population: Population, times: Any, neurons: Any = None) -> None:
        """Gives a `SpikeSource` other spikes, in place of those that it had: many inputs, one after the other, through one network; between runs.

        times, neurons: as in `SpikeSource`; seconds from the start of the simulation, none before now. They are no part of a `state`, so give them after
        `restore`.
        """
        self._own("Network.replay", "population", population)
        if not isinstance(population.model, SpikeSource):
            raise TypeError(
                f"Network.replay: {population.name} replays no spikes, it is {population.model!r}. Use net.add(n, rv.SpikeSource([]))."
            )
        self.build()
        assert self._engine is not None
        source = SpikeSource(times, neurons)
        first = float(np.min(source.times, initial=np.inf))
        if first < self.time - 1e-6 * self.dt:
            raise ValueError(
                f"Network.replay: times must not lie before now, {self.time:g} s, got {first:g} s. Add net.time, or restore an earlier state."
            )
        self._engine.replay(population, source)

    def state(self) -> State:
        """Where the network is: a dict of arrays that `restore` takes, with all that decides how it goes on."""
        self.build()
        assert self._engine is not None
        return state_of(self._engine, *self._described())

    def restore(self, state: Mapping[str, np.ndarray]) -> "Network":
        """Goes back (or forth) to a state of this network, or of one that was built in the same way."""
        self.build()
        assert self._engine is not None
        restore(self._engine, state, *self._described())
        return self

    def save(self, path: str | Path) -> None:
        """Writes the state to a file; `load` goes on from it, in this process or another, on any number of threads."""
        save(path, self.state())

    def load(self, path: str | Path) -> "Network":
        """Restores a state from a file."""
        return self.restore(load(path))

    def run(
        self,
        duration: float,
        spikes: bool = True,
        progress: bool | None = None,
        checkpoint: str | Path | None = None,
        checkpoint_every: float = 60.0,
    ) -> Run:
        """Goes on for `duration` [s]. spikes: whether they are recorded. progress: a bar; by default where one can be seen.

        checkpoint: a file to which the state is saved every `checkpoint_every` seconds of waiting, and at the end.

        Ctrl-C ends the run early; what ran so far is returned, and another `run` goes on from there. Where an error ends it, `Network.latest` is the
        run until then. FloatingPointError: a state became NaN or infinite; population, neuron and time are named, and the network stands before that step
        (where plastic synapses take more than 8 MB no copy is kept: it stands behind the chunk in which it happened).
        """
        duration = seconds("Network.run", "duration", duration)
        checkpoint_every = seconds("Network.run", "checkpoint_every", checkpoint_every, example="60")
        if duration and not round(duration / self.dt):
            raise ValueError(
                f"Network.run: duration must be half a step of dt={self.dt:g} s or more, got {duration:g} s. "
                "Write net.run(100 * ms), or give the network a smaller dt."
            )
        self.build()
        engine = self._engine
        assert engine is not None
        inputs = [*self.projections, *self.drives]
        recording = Recording(self._asked, engine, inputs, engine.step + round(duration / self.dt))
        began = saved = time.perf_counter()

        def between() -> None:
            nonlocal saved
            if checkpoint is not None and time.perf_counter() - saved > checkpoint_every:
                self.save(checkpoint)
                saved = time.perf_counter()

        try:
            go(engine, recording, spikes, progress, between)
            if checkpoint is not None:
                self.save(checkpoint)
        except Exception as error:
            error.add_note(f"What ran until {self.time:g} s is in network.latest.")
            raise
        finally:
            self.latest = recording.result(engine, self.populations, time.perf_counter() - began)
        return self.latest

    # ---- what it is ------------------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        lines = [f"Network: {sum(p.n for p in self.populations):,} neurons, dt={self.dt:g} s, at {self.time:g} s"]
        return "\n  ".join(
            [*lines, *map(repr, self.populations), *map(repr, self.projections), *map(repr, self.drives)]
        )

    def _described(self) -> tuple[str, str]:
        """What decides whether a state fits: the parts, and their numbers."""
        pairs = [(p.name, p.pattern, p.synapse, p.plasticity, p.pre.number, p.post.number) for p in self.projections]
        parts = [(p.name, p.n, p.model, np.size(p.current)) for p in self.populations]
        drives = list(map(repr, self.drives))
        return repr([self.dt, self.seed, self.dtype, parts, pairs, drives]), self._numbers

    @cached_property
    def _numbers(self) -> str:
        """The numbers of neurons and links, by their digest. Asked for once it is built, after which they stay."""
        models = [p.model.parameter_values() for p in self.populations if isinstance(p.model, Neuron)]
        return told([models, [(p.pattern, p.weight, p.delay) for p in self.projections]])

    def _plastic(self, where: str, projection: Any) -> Rule:
        if not isinstance(projection, Projection) or projection not in self.projections:
            raise TypeError(
                f"{where}: the projection must be one of this network, got {projection!r}. Use what net.connect(...) returned."
            )
        if projection.plasticity is None:
            raise ValueError(
                f"{where}: {projection.name} has no plasticity, so its weights stay. Connect it with plasticity=rv.PairSTDP()."
            )
        return projection.plasticity

    def _still(self, what: str) -> None:
        if self._engine is not None:
            raise RuntimeError(f"the network has been built; to {what}, make a new one.")

    def _own(self, where: str, what: str, p: Any) -> None:
        if not isinstance(p, Population) or p.number >= len(self.populations) or self.populations[p.number] is not p:
            raise TypeError(
                f"{where}: {what} must be a population of this network, got {p!r}. Use what net.add(...) returned."
            )

    def _some(self, where: str, what: str, p: Any) -> tuple[Population, np.ndarray]:
        """The population that a population or a view is of, and the numbers of the neurons."""
        population = p.population if isinstance(p, PopulationView) else p
        self._own(where, what, population)
        return population, p.neurons if isinstance(p, PopulationView) else np.arange(population.n)

    def _whole(self, where: str, post: Any) -> Population:
        if isinstance(post, PopulationView):
            raise TypeError(
                f"{where}: takes whole populations, got {post!r}. Make its neurons a population of their own, or connect a PoissonSource to them."
            )
        self._own(where, "post", post)
        return post

    def _between(self, pre: Population, post: Population) -> int:
        return sum(p.pre is pre and p.post is post for p in self.projections)

    def _placed(self, given: Any, n: int) -> np.ndarray:
        """Positions [n, 3]; those of a line or a plane lie at 0 of the other axes."""
        found = positions("Network.add", "positions", given)
        if len(found) != n:
            raise ValueError(f"Network.add: {n} neurons need {n} positions, got {len(found)}.")
        return np.pad(found, ((0, 0), (0, 3 - found.shape[1])))
