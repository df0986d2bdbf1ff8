"""What plastic synapses need besides their rows: rules as kernels, tables of decay, histories of postsynaptic spikes, modulators."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import sympy
from numba import types
from numpy.typing import NDArray

from ranvier.equations.functions import Expr
from ranvier.kernels.cpu import advance as columns
from ranvier.kernels.cpu import openmp
from ranvier.kernels.cpu.advance import visit_all
from ranvier.kernels.cpu.memory import zeros_by_page
from ranvier.kernels.cpu.plasticity import SPAN, WORD, sweep_kernel, sweep_source, visit_kernel, visit_source
from ranvier.kernels.cpu.population import LANES
from ranvier.plasticity.rule import STEP, Post, PreFirst, Rule, learning, symbol_of
from ranvier.simulation.bundles import Rows
from ranvier.simulation.memory import Placed
from ranvier.simulation.projection import Projection
from ranvier.simulation.soundness import changes_weights, check_bounds


class Learned:
    """The plastic bundles of a network.

    lines: for each population that plastic synapses end on, its first line of `history`. visits [segments, parts], moods [parts, M]: see `advance`.
    modulators: the projection and the name of each mood. rewards: step, mood and amount of each reward to come, in order of steps.
    """

    def __init__(self, rows: Rows, placed: Sequence[Placed], dt: float, dtype: np.dtype) -> None:
        self.rows, self.lines = rows, dict[int, int]()
        self.modulators: list[tuple[Projection, str]] = []
        values, tables, reads, fading = [np.zeros(1, dtype)], [np.zeros(1, dtype)], [0], []
        segments = lines = 0
        for k, members in enumerate(rows.members):
            rule = members[0].plasticity
            if rule is None:
                continue
            b, post = rows.bundles[k], int(rows.bundles[k, columns.POST])
            code = _compiled(rule, dtype)
            parameters, table = _numbers(rule, code.settled, dt)
            b[columns.RULE], b[columns.CLOCK] = code.visit, code.sweep
            b[columns.VALUES], b[columns.TABLE] = sum(map(len, values)), sum(map(len, tables))
            b[columns.READS], b[columns.MOODS] = len(reads), len(fading)
            values.append(parameters.astype(dtype))
            tables.append(table.astype(dtype))
            reads += [_field(placed[post], state, members[0]) * LANES for state in code.reads]
            for name, spec in rule.declared.modulators.items():
                self.modulators.append((members[0], name))
                fading.append(np.exp(-dt / rule.values[spec.tau]))
            segments += rows.rows[k] * int(b[columns.MANY])
            if post not in self.lines:
                self.lines[post] = lines
                lines += placed[post].n
        self.values, self.tables, self.reads = np.concatenate(values), np.concatenate(tables), np.array(reads, np.int64)
        self.visits = np.zeros((segments, 1), np.int64)
        self.history = zeros_by_page(max(1, lines) * SPAN, np.uint16)
        self.fired, self.firing = np.zeros(max(1, lines), np.int64), np.zeros(max(1, lines), np.uint8)
        self.fading, self.moods = np.array(fading), np.zeros((1, len(fading)))
        self.rewards = np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)

    def begin(self, placed: Sequence[Placed], data: np.ndarray) -> None:
        """Traces start at rest; those that follow a state, where it starts."""
        for k, projection in self.projections():
            rule = projection.plasticity
            assert rule is not None
            mine = self.states_of(k, self.rows.states)
            if len(mine) and changes_weights(rule):
                check_bounds(projection, float(mine[:, 0].min()), float(mine[:, 0].max()))
            for j, spec in enumerate(rule.declared.traces.values()):
                if isinstance(spec.rest, Post):
                    to = placed[projection.post.number]
                    mine[:, 1 + j] = to.field(data, _field(to, spec.rest.state, projection))[
                        self.rows.targets[self.rows.place(k)]
                    ]
                else:
                    mine[:, 1 + j] = rule.values[spec.rest] if isinstance(spec.rest, str) else spec.rest

    def reward(self, which: Sequence[int], step: NDArray[np.int64], amount: NDArray[np.float64]) -> None:
        """Adds amounts to moods at the beginning of steps; rewards of one step in the order in which they were given."""
        new = (
            np.repeat(step, len(which)),
            np.tile(np.asarray(which, np.int64), len(step)),
            np.repeat(amount, len(which)),
        )
        steps, moods, amounts = (np.concatenate(pair) for pair in zip(self.rewards, new, strict=True))
        order = np.argsort(steps, kind="stable")
        self.rewards = steps[order], moods[order], amounts[order]

    def rewards_in(self, begin: int, end: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Where those of each step begin, and their moods and amounts; for steps [begin, end)."""
        steps, moods, amounts = self.rewards
        a, b = np.searchsorted(steps, (begin, end))
        return (
            np.searchsorted(steps[a:b], np.arange(begin, end + 1)).astype(np.int64),
            moods[a:b].copy(),
            amounts[a:b].copy(),
        )

    def forget_rewards(self, step: int) -> None:
        """Drops those of steps that are over."""
        first = int(np.searchsorted(self.rewards[0], step))
        if first:
            self.rewards = self.rewards[0][first:], self.rewards[1][first:], self.rewards[2][first:]

    def split(self, parts: int) -> None:
        """Gives each part its own note of its last visits, and its own modulators. All parts have visited a segment when one has."""
        self.visits = np.repeat(self.visits[:, :1], parts, axis=1)
        self.moods = np.repeat(self.moods[:1], parts, axis=0)

    def arrays(self, begin: int, end: int) -> tuple[np.ndarray, ...]:
        """Arguments of the kernels for steps [begin, end)."""
        return (
            self.values, self.tables, self.rows.states, self.visits, self.history, self.fired,
            self.firing, self.reads, self.moods, self.fading, *self.rewards_in(begin, end),
        )  # fmt: skip

    def states_of(self, k: int, states: np.ndarray) -> np.ndarray:
        """Of bundle k: weight and traces of each synapse, [synapses, 1 + traces]; a view of `states`."""
        rule = self.rows.members[k][0].plasticity
        assert rule is not None
        fields = 1 + len(rule.declared.traces)
        first, where = int(self.rows.bundles[k, columns.WEIGHTS]), self.rows.place(k)
        return states[first + where.start * fields : first + where.stop * fields].reshape(-1, fields)

    def up_to_date(
        self, step: int, parts: int, data: np.ndarray, populations: np.ndarray, cuts: np.ndarray
    ) -> np.ndarray:
        """Weights and traces with all that happened before a step. The network's own wait, so that asking changes nothing."""
        states, visits = self.rows.states.copy(), self.visits.copy()
        self._visit(step, parts, data, populations, cuts, states, visits)
        return states

    def catch_up(self, step: int, parts: int, data: np.ndarray, populations: np.ndarray, cuts: np.ndarray) -> None:
        """Brings the network's own synapses up to date, so that their weights can be changed from outside."""
        self._visit(step, parts, data, populations, cuts, self.rows.states, self.visits)

    def _visit(
        self, step: int, parts: int, data: np.ndarray, populations: np.ndarray, cuts: np.ndarray, states: np.ndarray, visits: np.ndarray
    ) -> None:  # fmt: skip
        rows = self.rows
        wires = (rows.bundles, rows.starts, rows.ends, cuts, rows.targets, populations)
        learned = (self.values, self.tables, states, visits, self.history, self.fired)
        for part in range(parts):
            visit_all(step, part, parts, data, wires, learned)

    def projections(self) -> list[tuple[int, Projection]]:
        """The plastic projections, and the bundle of each."""
        return [(k, m[0]) for k, m in enumerate(self.rows.members) if m[0].plasticity is not None]

    def histories(self) -> tuple[np.ndarray, np.ndarray]:
        """When neurons fired since the last look at all synapses (`begins`): neuron after neuron, and where each one's entries end."""
        counts = self.fired & WORD
        return self.history[_entries(counts)], np.cumsum(counts)

    def remember(self, history: np.ndarray, ends: np.ndarray) -> None:
        """Takes back what `histories` gave."""
        counts = np.diff(ends, prepend=0)
        self.history[_entries(counts)] = history
        lines = self.history.reshape(SPAN, -1)
        self.fired[:] = counts
        for k in (1, 2, 3):  # the last three, the latest first
            entry = lines[np.maximum(counts - k, 0), np.arange(len(counts))].astype(np.int64)
            self.fired |= np.where(counts >= k, entry, 0) << 16 * k

    @property
    def bytes(self) -> int:
        """Of what a copy of the state holds of plastic synapses."""
        return self.rows.states.nbytes + self.history.itemsize * int((self.fired & WORD).sum())


def begins(step: int) -> int:
    """The step of the last look at all synapses before a step."""
    return max(0, step - 1) // SPAN * SPAN


def _entries(counts: np.ndarray) -> np.ndarray:
    """Places in `history` of the first `counts` entries of each neuron, neuron after neuron."""
    number = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return number * len(counts) + np.repeat(np.arange(len(counts)), counts)


@dataclass(frozen=True, eq=False)
class Code:
    """A rule as machine code. visit, sweep: where it begins, 0 for none. settled: numbers that its parameters give. reads: states of the neuron."""

    visit: int
    sweep: int
    settled: tuple[Expr, ...]
    reads: tuple[str, ...]


def _numbers(rule: Rule, settled: Sequence[Expr], dt: float) -> tuple[np.ndarray, np.ndarray]:
    """Values of the parameters, dt and what is settled by them; and of each trace the factors by which it decays in 0, 1, ... SPAN steps."""
    decays = [np.exp(-np.arange(SPAN + 1) * dt / rule.values[spec.tau]) for spec in rule.declared.traces.values()]
    given = {**rule.values, STEP: dt}
    arguments = [symbol_of(k) for k in given]
    found = [float(sympy.lambdify(arguments, e, "math")(*given.values())) for e in settled]
    return np.array([*given.values(), *found]), np.concatenate(decays or [np.zeros(1)])


def _field(to: Placed, state: str, projection: Projection) -> int:
    if state not in to.states:
        raise ValueError(
            f"{projection.name}: {type(projection.plasticity).__name__} reads post.{state}, which {to.population.name} has not. It has: {', '.join(to.states)}."
        )
    return to.state_field(state)


def _compiled(rule: Rule, dtype: np.dtype) -> Code:
    """A rule's kernels. Parameters that are 0 or 1 are written into them, so that x ** 0 costs nothing."""
    plain = tuple((k, int(v)) for k, v in rule.values.items() if v in (0, 1) and k not in ("w_min", "w_max"))
    return _code(type(rule), plain, isinstance(rule.simultaneous, PreFirst), dtype)


@lru_cache(maxsize=256)
def _code(rule: type[Rule], plain: tuple[tuple[str, int], ...], pre_first: bool, dtype: np.dtype) -> Code:
    found, clocked = learning(rule), rule.declared.clocked
    known = {symbol_of(k): sympy.Integer(v) for k, v in plain}
    specs, parameters = rule.declared.traces, (*found.parameters, STEP)
    rests = {k: _symbol(s.rest).subs(known) for k, s in specs.items()}
    pre, post, each = ({k: e.subs(known) for k, e in m.items()} for m in (found.on_pre, found.on_post, found.each_step))
    sent = found.transmit.subs(known)
    real = types.float64 if dtype == np.float64 else types.float32
    i, yes, line = types.int64, types.boolean, lambda t: types.Array(t, 1, "C")
    source = visit_source(found.name, found.traces, rests, pre, post, sent, parameters, pre_first, clocked)
    signature = (
        line(real), line(real), i, line(real), i, line(types.uint32), line(real), i, i, i, i, i, yes, yes,
        i, i, i, line(types.uint16), line(types.int64), i, i,
    )  # fmt: skip
    visit, sweep, settled = openmp.code(visit_kernel(source), signature), 0, dict[Expr, sympy.Symbol]()
    if clocked:
        fixed = {symbol_of(k) for k in parameters}
        each = {k: _settled(e, fixed, settled) for k, e in each.items()}
        source = sweep_source(
            found.name,
            found.traces,
            rests,
            pre,
            post,
            each,
            (*parameters, *map(str, settled.values())),
            found.modulators,
            found.reads,
            pre_first,
        )
        signature = (
            line(real), line(real), i, line(real), i, line(types.uint32), line(real), i, i, i, yes,
            line(types.uint8), i, i, i, line(types.int64), i, line(types.float64), i,
        )  # fmt: skip
        sweep = openmp.code(sweep_kernel(source), signature)
    return Code(visit, sweep, tuple(settled), found.reads)


def _symbol(rest: float | str | Post) -> Expr:
    if isinstance(rest, Post):
        return symbol_of(f"post_{rest.state}")
    return symbol_of(rest) if isinstance(rest, str) else sympy.Float(rest)


def _settled(e: Expr, fixed: set[sympy.Symbol], found: dict[Expr, sympy.Symbol]) -> Expr:
    """An expression in which what depends on `fixed` symbols alone has become a symbol of its own: it is computed once, in float64."""
    if not e.args:
        return e
    if isinstance(e, sympy.Expr) and e.free_symbols and e.free_symbols <= fixed:
        return found.setdefault(e, symbol_of(f"settled{len(found)}"))
    parts: list[Expr] = list(e.args)
    if isinstance(e, sympy.Mul | sympy.Add):
        constant = [a for a in parts if not a.free_symbols - fixed]
        rest = [a for a in parts if a.free_symbols - fixed]
        parts = [e.func(*constant), *rest] if constant else rest
    return e.func(*(_settled(a, fixed, found) for a in parts))
