"""What plastic synapses need besides their rows: rules as kernels, tables of decay, histories of postsynaptic spikes."""

from collections.abc import Sequence

import numpy as np
import sympy
from numba import types

from ranvier.kernels.cpu import advance as columns
from ranvier.kernels.cpu import openmp
from ranvier.kernels.cpu.advance import visit_all
from ranvier.kernels.cpu.plasticity import SPAN, visit_kernel, visit_source
from ranvier.plasticity.rule import PreFirst, Rule, learning
from ranvier.simulation.bundles import Rows
from ranvier.simulation.memory import Placed
from ranvier.simulation.projection import Projection


class Learned:
    """The plastic bundles of a network.

    lines: for each population that plastic synapses end on, its first line of `history`. visits [segments, parts]: see `advance`.
    """

    def __init__(self, rows: Rows, placed: Sequence[Placed], dt: float, dtype: np.dtype) -> None:
        self.rows, self.lines = rows, dict[int, int]()
        values, tables = [np.zeros(1, dtype)], [np.zeros(1, dtype)]
        segments = lines = 0
        for k, members in enumerate(rows.members):
            rule = members[0].plasticity
            if rule is None:
                continue
            b = rows.bundles[k]
            parameters, table = _numbers(rule, dt)
            b[columns.RULE] = _address(rule, dtype)
            b[columns.VALUES], b[columns.TABLE] = sum(map(len, values)), sum(map(len, tables))
            values.append(parameters.astype(dtype))
            tables.append(table.astype(dtype))
            self._rest(k, rule)
            segments += rows.rows[k] * int(b[columns.MANY])
            post = int(b[columns.POST])
            if post not in self.lines:
                self.lines[post] = lines
                lines += placed[post].n
        self.values, self.tables = np.concatenate(values), np.concatenate(tables)
        self.visits = np.zeros((segments, 1), np.int64)
        self.history = np.zeros(max(1, lines) * SPAN, np.uint16)
        self.fired = np.zeros(max(1, lines), np.int32)

    def split(self, parts: int) -> None:
        """Gives each part its own note of its last visits. All parts have visited a segment when one has."""
        self.visits = np.repeat(self.visits[:, :1], parts, axis=1)

    def arrays(self) -> tuple[np.ndarray, ...]:
        """Arguments of the kernels."""
        return self.values, self.tables, self.rows.states, self.visits, self.history, self.fired

    def states_of(self, k: int, states: np.ndarray) -> np.ndarray:
        """Of bundle k: weight and traces of each synapse, [synapses, 1 + traces]; a view of `states`."""
        rule = self.rows.members[k][0].plasticity
        assert rule is not None
        fields = 1 + len(rule.declared.traces)
        first, (*_, where) = int(self.rows.bundles[k, columns.WEIGHTS]), self.rows.synapses(k)
        return states[first + where.start * fields : first + where.stop * fields].reshape(-1, fields)

    def up_to_date(
        self, step: int, parts: int, data: np.ndarray, populations: np.ndarray, cuts: np.ndarray
    ) -> np.ndarray:
        """Weights and traces with all that happened before a step. The network's own wait, so that asking changes nothing."""
        rows, states, visits = self.rows, self.rows.states.copy(), self.visits.copy()
        for part in range(parts):
            visit_all(
                step, part, parts, data, rows.bundles, rows.starts, rows.ends, cuts, rows.targets, populations,
                self.values, self.tables, states, visits, self.history, self.fired,
            )  # fmt: skip
        return states

    def projections(self) -> list[tuple[int, Projection]]:
        """The plastic projections, and the bundle of each."""
        return [(k, m[0]) for k, m in enumerate(self.rows.members) if m[0].plasticity is not None]

    def histories(self) -> tuple[np.ndarray, np.ndarray]:
        """When neurons fired since the last look at all synapses: neuron after neuron, and where each one's entries end."""
        lines = self.history.reshape(-1, SPAN)
        return lines[np.arange(SPAN) < self.fired[:, None]], np.cumsum(self.fired)

    def remember(self, history: np.ndarray, ends: np.ndarray) -> None:
        """Takes back what `histories` gave."""
        self.fired[:] = np.diff(ends, prepend=0)
        self.history.reshape(-1, SPAN)[np.arange(SPAN) < self.fired[:, None]] = history

    def _rest(self, k: int, rule: Rule) -> None:
        """Traces start at rest."""
        mine = self.states_of(k, self.rows.states)
        for j, spec in enumerate(rule.declared.traces.values()):
            mine[:, 1 + j] = rule.values[spec.rest] if isinstance(spec.rest, str) else spec.rest


def _numbers(rule: Rule, dt: float) -> tuple[np.ndarray, np.ndarray]:
    """Values of the parameters, and of each trace the factors by which it decays in 0, 1, ... SPAN steps."""
    decays = [np.exp(-np.arange(SPAN + 1) * dt / rule.values[spec.tau]) for spec in rule.declared.traces.values()]
    return np.array([*rule.values.values()]), np.concatenate(decays or [np.zeros(1)])


def _address(rule: Rule, dtype: np.dtype) -> int:
    """Where the machine code of a rule's visits begins. Parameters that are 0 or 1 are written into it, so that x ** 0 costs nothing."""
    found = learning(type(rule))
    plain = {sympy.Symbol(k, real=True): sympy.Integer(int(v)) for k, v in rule.values.items() if v in (0, 1) and k not in ("w_min", "w_max")}
    specs = rule.declared.traces
    rests = {k: sympy.Symbol(s.rest, real=True) if isinstance(s.rest, str) else sympy.Float(s.rest) for k, s in specs.items()}
    source = visit_source(
        found.name,
        found.traces,
        {k: sympy.sympify(e).subs(plain) for k, e in rests.items()},
        {k: e.subs(plain) for k, e in found.on_pre.items()},
        {k: e.subs(plain) for k, e in found.on_post.items()},
        found.transmit.subs(plain),
        found.parameters,
        isinstance(rule.simultaneous, PreFirst),
    )
    real = types.float64 if dtype == np.float64 else types.float32
    i, line = types.int64, lambda t: types.Array(t, 1, "C")
    signature = (
        line(real), line(real), i, line(real), i, line(types.uint32), line(real), i, i, i, i, i, types.boolean, types.boolean,
        i, i, i, line(types.uint16), line(types.int32), i, i,
    )  # fmt: skip
    return openmp.code(visit_kernel(source), signature)
