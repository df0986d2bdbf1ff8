"""Which whole numbers flow through a network: units, bounds and formats, found layer by layer on a sample."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import sympy
import torch
from torch import Tensor

from ranvier import kernels
from ranvier.equations.program import INPUT
from ranvier.errors import RanvierError
from ranvier.hardware.arithmetic import codes_of, values
from ranvier.hardware.integers import Format, IntegerStep, Linear, Lowering, fitting, group_of, live
from ranvier.hardware.plan import Convolution, Delay, Dense, Gate, Op, Parallel, Pool, Population, Scaled

RECURRENT = sympy.Symbol("input.recurrent", real=True)  # raw sum of the recurrent synapses
ACCUMULATOR = 2**31 - 1  # largest raw sum of synapses


@dataclass(frozen=True, eq=False)
class Edge:
    """Whole numbers between two layers: value = unit * raw + offset, both [] or [*N]. bound: largest raw; spikes: they are 0 or 1."""

    unit: np.ndarray
    offset: np.ndarray
    bound: float
    spikes: bool = False
    fraction: int | None = 0  # where the unit is 2^-fraction

    def of(self, raw: Tensor) -> Tensor:
        """The values [T, B, *N], float64, that raw numbers stand for."""
        return raw.double() * torch.from_numpy(self.unit) + torch.from_numpy(self.offset)


Edges = tuple[Edge, ...]  # the numbers whose sum a layer takes: one, or one for each branch of a sum


@dataclass(frozen=True, eq=False)
class Stage:
    """An operation with what goes in and comes out. step: of a population, in whole numbers; body, shortcut: of a sum of branches."""

    op: Op
    before: Edges
    after: Edges
    step: IntegerStep | None = None
    body: "tuple[Stage, ...]" = ()
    shortcut: "tuple[Stage, ...]" = ()


def every_stage(stages: Iterable[Stage]) -> Iterator[Stage]:
    """All stages in order, each sum behind those that it adds."""
    for stage in stages:
        yield from every_stage((*stage.body, *stage.shortcut))
        yield stage


def input_name(k: int) -> str:
    """The variable of the k-th branch that meets in a population."""
    return str(INPUT) if k == 0 else f"{INPUT}.{k}"


@dataclass(frozen=True)
class Builder:
    """Makes stages of operations. bits, coefficient_bits, headroom, fraction: as `FixedPoint` has them."""

    bits: int
    coefficient_bits: int
    headroom: float
    fraction: Mapping[str, int]

    def row(self, ops: Iterable[Op], edges: Edges, x: Tensor) -> tuple[tuple[Stage, ...], Edges, Tensor]:
        """Stages of a row, what comes out of it, and its float64 output for the sample x [T, B, *N]."""
        stages: list[Stage] = []
        for op in ops:
            stage, x = self.stage(op, edges, x)
            stages.append(stage)
            edges = stage.after
        return tuple(stages), edges, x

    def stage(self, op: Op, edges: Edges, x: Tensor) -> tuple[Stage, Tensor]:
        """One operation, and its float64 output for the sample."""
        match op:
            case Parallel():
                body, first, a = self.row(op.body, edges, x)
                shortcut, second, b = self.row(op.shortcut, edges, x)
                return Stage(op, edges, first + second, None, body, shortcut), a + b
            case Population():
                return self.population(op, edges, x)
            case Scaled():
                after = tuple(_scaled(op, edge, first=k == 0) for k, edge in enumerate(edges))
            case Dense() | Convolution():
                after = (self.synapses(op, self.only(op, edges)),)
            case Pool() | Gate():
                after = (self.pooling(op, self.only(op, edges)),)
            case Delay():
                edge = self.only(op, edges)
                if edge.offset.any():
                    raise refused(op, "it follows a bias; put it before the synapses, or write bias=False")
                after = (replace(edge, unit=_stacked(edge.unit, op.count)),)
            case _:
                after = tuple(replace(e, unit=_reshaped(e.unit, op), offset=_reshaped(e.offset, op)) for e in edges)
        return Stage(op, edges, after), values(op, x)

    def only(self, op: Op, edges: Edges) -> Edge:
        """The one edge of an operation that takes no sum of branches."""
        edge, *more = edges
        if more:
            raise refused(op, "it follows a sum of branches, which has no format of its own; put a population between")
        return edge

    def synapses(self, op: Dense | Convolution, edge: Edge) -> Edge:
        """What leaves the weights: exact sums of codes."""
        if np.ptp(edge.unit) > 0:
            raise refused(
                op, 'its inputs have different scales; quantise with per="layer", or put a population before it'
            )
        if edge.offset.any():
            raise refused(op, "it follows synapses with a bias; put a population between, or write bias=False")
        whole, scale = codes_of(op.weights)
        axes = tuple(range(1, whole.ndim)) if isinstance(op, Convolution) else (2,)
        bound = float(np.abs(whole).sum(axes).max()) * edge.bound
        if bound > ACCUMULATOR:
            raise refused(
                op, f"its sums may reach {bound:.3g}, more than 32 bits hold; use fewer weight_bits or input_bits"
            )
        shape = (-1, *(1 for _ in op.after[1:]))
        unit = np.broadcast_to((scale * float(edge.unit.flat[0])).reshape(shape), op.after)
        offset = np.array(0.0) if op.bias is None else np.broadcast_to(op.bias.reshape(shape), op.after)
        return Edge(_short(unit), _short(offset), bound, fraction=None)

    def pooling(self, op: Pool | Gate, edge: Edge) -> Edge:
        """What leaves a window; a mean is a sum in a smaller unit."""
        window, kind = math.prod(op.kernel), op.kind if isinstance(op, Pool) else "max"
        unit, offset, bound = _pooled(edge.unit, op), _pooled(edge.offset, op), edge.bound
        if kind == "max":
            if (unit < 0).any():
                raise refused(op, "the largest of numbers with a negative scale is their smallest; turn the sign")
        else:
            bound *= window
            unit = unit / window if kind == "mean" else unit
            offset = offset * window if kind == "sum" else offset
        return Edge(unit, offset, bound, spikes=edge.spikes and kind == "max", fraction=None)

    def population(self, op: Population, edges: Edges, x: Tensor) -> tuple[Stage, Tensor]:
        """A population's step, and its spikes or membranes for the sample."""
        symbols = [sympy.Symbol(input_name(k), real=True) if k else INPUT for k in range(len(edges))]
        bounds: dict[sympy.Symbol, float] = {s: e.bound for s, e in zip(symbols, edges, strict=True)}
        terms = {s: e.unit for s, e in zip(symbols, edges, strict=True)}
        offset = sum((e.offset for e in edges), np.array(0.0))
        if op.recurrent is not None:
            if not op.fires:
                raise refused(op, "its recurrent output is no spikes")
            whole, scale = codes_of(op.recurrent)
            terms[RECURRENT] = _short(scale)
            bounds[RECURRENT] = float(np.abs(whole).sum(1).max())
        largest, output = _measured(op, x)
        formats = {}
        for group, top in largest.items():
            formats[group] = fitting(top, self.bits, self.headroom)
            if (wanted := self.fraction.get(f"{op.place}.{group}")) is not None:
                formats[group] = Format(self.bits, wanted)
        lowering = Lowering(
            op.label, op.loop, {k: _short(v) for k, v in op.values.items()}, {k: _short(v) for k, v in op.start.items()},
            Linear(terms, offset), bounds, formats, self.coefficient_bits,
        )  # fmt: skip
        step = lowering.step()
        format = step.formats.get(step.output, Format(2, 0))
        one, zero = np.array(1.0), np.array(0.0)
        after = (
            Edge(one, zero, 1.0, spikes=True)
            if op.fires
            else Edge(np.array(2.0**-format.fraction), zero, float(format.largest + 1), fraction=format.fraction)
        )
        return Stage(op, edges, (after,), step), output


def refused(op: Op, why: str) -> RanvierError:
    """The error that names a layer."""
    return RanvierError(f"FixedPoint: {op.label} has no whole-number form here: {why}.")


def _measured(op: Population, x: Tensor) -> tuple[dict[str, float], Tensor]:
    """Largest absolute value of each group of variables when the population runs on x [T, B, *N], and its output."""
    loop, program = op.loop, op.loop.program
    needed = live(loop, inline=True)
    targets = [line.target for line in loop.statements if line.target in needed and line.target != program.output]
    states = op.model.initial_state(x.shape[1:], x)
    coefficients = [torch.from_numpy(op.values[str(c)]) for c in loop.coefficients]
    outputs = (program.output, *targets)
    first = list(states.values())
    if op.recurrent is None:
        found, _ = kernels.run(loop, x, first, coefficients, outputs, "eager")
    else:
        weight, last = torch.from_numpy(op.recurrent.values), torch.zeros(x.shape[1:], dtype=x.dtype)
        found, _ = kernels.run_recurrent(loop, x, weight, last, first, coefficients, outputs, "eager")
    largest: dict[str, float] = {}
    for symbol, value in [*zip(outputs, found, strict=True), *zip(loop.states, first, strict=True)]:
        group = group_of(symbol, loop)
        largest[group] = max(largest.get(group, 0.0), float(value.abs().max()))
    return largest, found[0]


def _short(v: np.ndarray) -> np.ndarray:
    """One number where all are the same."""
    v = np.asarray(v)
    return np.array(v.flat[0]) if v.size and (v == v.flat[0]).all() else np.ascontiguousarray(v)


def _scaled(op: Scaled, edge: Edge, first: bool) -> Edge:
    """Factors belong to the unit, so that nothing is computed; of several edges the first takes the offset."""
    unit, offset = edge.unit * op.factor, edge.offset * op.factor
    if op.offset is not None and first:
        offset = offset + op.offset
    unit, offset = (_short(np.broadcast_to(v, op.after) if v.ndim else v) for v in (unit, offset))
    return Edge(unit, offset, edge.bound, edge.spikes, fraction=None)


def _pooled(v: np.ndarray, op: Pool | Gate) -> np.ndarray:
    """Scale or offset behind a pooling: that of the channel."""
    if v.ndim == 0:
        return v
    whole = np.broadcast_to(v, op.before)
    if (whole != whole[:, :1, :1]).any():
        raise refused(
            op, "numbers of one channel have different scales; put the Scale behind it, or a population before it"
        )
    return np.broadcast_to(whole[:, :1, :1], op.after)


def _stacked(v: np.ndarray, count: int) -> np.ndarray:
    return v if v.ndim == 0 else np.stack([v] * count)


def _reshaped(v: np.ndarray, op: Op) -> np.ndarray:
    return v if v.ndim == 0 else np.broadcast_to(v, op.before).reshape(op.after)
