"""`FixedPoint`: a network in whole numbers alone, bit for bit what exported C computes."""

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import sympy
import torch
from torch import Tensor
from torch.nn import functional as F

from ranvier import kernels
from ranvier.equations.program import INPUT
from ranvier.errors import RanvierError
from ranvier.hardware.integers import (
    ROUNDINGS,
    Choice,
    Compare,
    CompareQuotient,
    Condition,
    Flag,
    Format,
    IntegerStep,
    Let,
    Linear,
    Lowering,
    Sum,
    Tree,
    fitting,
    group_of,
    live,
)
from ranvier.hardware.plan import Convolution, Delay, Dense, Op, Pool, Population, Rearrange, Weights, plan
from ranvier.hardware.quantise import codes, quantise, weighted
from ranvier.layers import Sequential

RECURRENT = sympy.Symbol("input.recurrent", real=True)  # raw sum of the recurrent synapses
ACCUMULATOR = 2**31 - 1  # largest raw sum of synapses
RELATIONS = {
    ">=": np.greater_equal,
    ">": np.greater,
    "<=": np.less_equal,
    "<": np.less,
    "==": np.equal,
    "!=": np.not_equal,
}
TURNED = {">=": "<=", ">": "<", "<=": ">=", "<": ">", "==": "==", "!=": "!="}


@dataclass(frozen=True, eq=False)
class Edge:
    """Whole numbers between two layers: value = unit * raw + offset, both [] or [*N]. bound: largest raw; spikes: they are 0 or 1."""

    unit: np.ndarray
    offset: np.ndarray
    bound: float
    spikes: bool = False
    fraction: int | None = 0  # where the unit is 2^-fraction


@dataclass(frozen=True, eq=False)
class Stage:
    """An operation with what goes in and comes out; step: of a population, in whole numbers."""

    op: Op
    before: Edge
    after: Edge
    step: IntegerStep | None = None


class FixedRun(NamedTuple):
    """Result of `FixedPoint.run`.

    output: [T, B, *M], the values that the whole numbers stand for. raw: the whole numbers, int64. state: to go on from, a tuple over
    layers. outputs: raw output of every population by its layer. saturated: how often a variable was cut to its format, by
    "<layer>.<variable>"; empty where none was.
    """

    output: Tensor
    raw: Tensor
    state: tuple[dict[str, np.ndarray], ...]
    outputs: dict[str, Tensor]
    saturated: dict[str, int]


class FixedPoint:
    """A network in whole numbers: weights are codes, membranes are fixed point, every result is exact. x: [T, B, *N].

    Sums of weights are exact (32 bits). Each statement of a model's step is a sum of products of whole numbers, in 64 bits, rounded once
    to the format of its variable and saturated there. A threshold is compared on the unrounded sum. A readout's scale of the weights is
    folded into the coefficients, so nothing else rounds.

    sample: typical input [T, B, *N], of which the largest values of all variables are measured, in float64. bits: of a state (2 to 32).
    coefficient_bits: of decay factors and gains. weight_bits, per: of `quantise`, for layers that are not quantised yet. input_bits: of an
    input that is neither spikes nor whole numbers. rounding: "nearest" (halves up), "floor", "zero" or "away" (from zero, as Loihi
    rounds). headroom: what a format holds, as a multiple of the largest value of the sample. fraction: bits behind the point of a state,
    by "<layer>.<state>", where the measured one is not wanted.

    Raises TypeError and ValueError for arguments that are none, RanvierError for a layer or a term of a model that has no whole-number
    form; the message names it.

    >>> net = Sequential(rv.Linear(20, 10), rv.LIF(), rv.Linear(10, 2), rv.LI())    # doctest: +SKIP
    >>> FixedPoint(net, sample, bits=16)(x)                                          # doctest: +SKIP
    """

    def __init__(
        self,
        net: Sequential,
        sample: Tensor,
        *,
        bits: int = 16,
        coefficient_bits: int = 16,
        weight_bits: int = 8,
        per: str = "channel",
        input_bits: int = 8,
        rounding: str = "nearest",
        headroom: float = 2.0,
        fraction: Mapping[str, int] | None = None,
    ) -> None:
        for name, value, low, high in (
            ("bits", bits, 2, 32),
            ("coefficient_bits", coefficient_bits, 4, 31),
            ("input_bits", input_bits, 2, 24),
        ):
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise ValueError(
                    f"FixedPoint: {name} must be a whole number from {low} to {high}, got {value!r}. Write {name}={16 if name != 'input_bits' else 8}."
                )
        if rounding not in ROUNDINGS:
            raise ValueError(f"FixedPoint: rounding must be one of {', '.join(ROUNDINGS)}, got {rounding!r}.")
        if not (math.isfinite(headroom) and headroom >= 1):
            raise ValueError(
                f"FixedPoint: headroom must be a number of at least 1, got {headroom!r}. Write headroom=2.0."
            )
        if not isinstance(sample, Tensor) or sample.dim() < 3 or 0 in sample.shape:
            given = tuple(sample.shape) if isinstance(sample, Tensor) else type(sample).__name__
            raise ValueError(
                f"FixedPoint: sample must be a tensor [T, B, *N] of typical input, got {given}. Give a batch of real input."
            )
        if not bool(torch.isfinite(sample).all()):
            raise ValueError("FixedPoint: sample holds NaN or inf. Give a batch of real input.")
        if not isinstance(net, Sequential):
            raise TypeError(
                f"FixedPoint: net must be a Sequential, got {type(net).__name__}. Write Sequential(layer, ...)."
            )
        self.bits, self.coefficient_bits, self.rounding, self.headroom = bits, coefficient_bits, rounding, headroom
        self.fraction = dict(fraction or {})
        self.assumptions: list[str] = []
        layers = list(weighted(net))
        if layers and any(codes(layer, place) is None for place, layer in layers):
            net = quantise(net, weight_bits, per)
            self.assumptions.append(f"weights were rounded to {weight_bits} bit, one scale a {per}, without training")
        self.network = net
        self.shape = tuple(sample.shape[2:])
        ops = plan(copy.deepcopy(net).double().eval(), self.shape, "FixedPoint")
        self.stages: list[Stage] = []
        edge = self._input_edge(sample, input_bits)
        x = self._values_of(edge, self.quantise_input(sample)) if edge.fraction else sample.detach().double()
        with torch.no_grad():
            for op in ops:
                edge, x = self._add(op, edge, x)
        if not isinstance(self.stages[-1].op, Population | Rearrange):
            raise RanvierError(
                f"FixedPoint: the last layer is {self.stages[-1].op.label}, whose sums have no format of their own. "
                "End the network with a population, such as LI() or Accumulator()."
            )
        unused = set(self.fraction) - {
            f"{s.op.place}.{name}" for s in self.stages if s.step is not None for name in s.step.states
        }
        if unused:
            raise ValueError(
                f"FixedPoint: fraction names {', '.join(sorted(unused))}, which is no state of a layer. "
                f"There are: {', '.join(f'{s.op.place}.{n}' for s in self.stages if s.step is not None for n in s.step.states)}."
            )
        self.assumptions += [
            f"states have {bits} bits, coefficients {coefficient_bits}; a statement is summed in 64 bits, rounded once ({rounding}) and saturated",
            f"formats hold {headroom:g} times the largest value of the sample of {sample.shape[0]} steps and {sample.shape[1]} rows",
            "sums of weights are exact, in 32 bits; scales of weights and biases are folded into the coefficients",
        ]

    # ---- building --------------------------------------------------------------------------------------------------------

    def _input_edge(self, sample: Tensor, bits: int) -> Edge:
        one, zero = np.array(1.0), np.array(0.0)
        top = float(sample.abs().max())
        if bool(((sample == 0) | (sample == 1)).all()):
            self.assumptions.append("the input is spikes, 0 or 1")
            self.input = Format(2, 0)
            return Edge(one, zero, 1.0, spikes=True)
        if top < 2**15 and bool((sample == sample.round()).all()):
            self.assumptions.append("the input is whole numbers of up to 16 bits")
            self.input = Format(16, 0)
            return Edge(one, zero, 2.0**15)
        self.input = fitting(top, bits, 1.0)
        self.assumptions.append(f"the input is values, rounded to {self.input}, saturated")
        return Edge(np.array(2.0**-self.input.fraction), zero, float(self.input.largest), fraction=self.input.fraction)

    def quantise_input(self, x: Tensor) -> Tensor:
        """The whole numbers, int64, that stand for an input [T, B, *N]: nearest, saturated."""
        scaled = torch.round(torch.ldexp(x.detach().double(), torch.tensor(self.input.fraction)))
        least = 0 if self.stages_take_spikes else -self.input.largest
        return scaled.clamp(least, self.input.largest).long()

    @property
    def stages_take_spikes(self) -> bool:
        """Whether the input is spikes."""
        return self.input.bits == 2

    def _values_of(self, edge: Edge, raw: Tensor) -> Tensor:
        return raw.double() * torch.from_numpy(edge.unit) + torch.from_numpy(edge.offset)

    def _add(self, op: Op, edge: Edge, x: Tensor) -> tuple[Edge, Tensor]:
        """Appends an operation; returns what comes out of it, and the float64 output for the sample."""
        match op:
            case Dense() | Convolution():
                after = self._synapses(op, edge)
                self.stages.append(Stage(op, edge, after))
                return after, _real(op, x)
            case Pool():
                unit, offset, bound = edge.unit, edge.offset, edge.bound
                window = math.prod(op.kernel)
                unit, offset = (_pooled(v, op) for v in (unit, offset))
                if op.kind != "max":
                    bound *= window
                    unit = unit / window if op.kind == "mean" else unit
                    offset = offset * window if op.kind == "sum" else offset
                after = Edge(unit, offset, bound, spikes=edge.spikes and op.kind == "max", fraction=None)
                self.stages.append(Stage(op, edge, after))
                return after, _real(op, x)
            case Delay():
                if edge.offset.any():
                    raise self._refused(op, "it follows a bias; put it before the synapses, or write bias=False")
                after = Edge(_stacked(edge.unit, op.count), edge.offset, edge.bound, edge.spikes, edge.fraction)
                self.stages.append(Stage(op, edge, after))
                return after, _real(op, x)
            case Population():
                return self._population(op, edge, x)
        after = Edge(_reshaped(edge.unit, op), _reshaped(edge.offset, op), edge.bound, edge.spikes, edge.fraction)
        self.stages.append(Stage(op, edge, after))
        return after, x.reshape(*x.shape[:2], *op.after)

    def _refused(self, op: Op, why: str) -> RanvierError:
        return RanvierError(f"FixedPoint: {op.label} has no whole-number form here: {why}.")

    def _synapses(self, op: Dense | Convolution, edge: Edge) -> Edge:
        if np.ptp(edge.unit) > 0:
            raise self._refused(
                op, 'its inputs have different scales; quantise with per="layer", or put a population before it'
            )
        if edge.offset.any():
            raise self._refused(op, "it follows synapses with a bias; put a population between, or write bias=False")
        whole, scale = _codes(op.weights)
        axes = tuple(range(1, whole.ndim)) if isinstance(op, Convolution) else (2,)
        bound = float(np.abs(whole).sum(axes).max()) * edge.bound
        if bound > ACCUMULATOR:
            raise self._refused(
                op, f"its sums may reach {bound:.3g}, more than 32 bits hold; use fewer weight_bits or input_bits"
            )
        shape = (-1, *(1 for _ in op.after[1:]))
        unit = np.broadcast_to((scale * float(edge.unit.flat[0])).reshape(shape), op.after)
        offset = np.array(0.0) if op.bias is None else np.broadcast_to(op.bias.reshape(shape), op.after)
        return Edge(_short(unit), _short(offset), bound, fraction=None)

    def _population(self, op: Population, edge: Edge, x: Tensor) -> tuple[Edge, Tensor]:
        bounds: dict[sympy.Symbol, float] = {INPUT: edge.bound}
        terms = {INPUT: edge.unit}
        if op.recurrent is not None:
            if not op.fires:
                raise self._refused(op, "its recurrent output is no spikes")
            whole, scale = _codes(op.recurrent)
            terms[RECURRENT] = _short(scale)
            bounds[RECURRENT] = float(np.abs(whole).sum(1).max())
        largest, spikes = _measured(op, x)
        formats = {}
        for group, top in largest.items():
            formats[group] = fitting(top, self.bits, self.headroom)
            if (wanted := self.fraction.get(f"{op.place}.{group}")) is not None:
                formats[group] = Format(self.bits, wanted)
        lowering = Lowering(
            op.label, op.loop, {k: _short(v) for k, v in op.values.items()}, {k: _short(v) for k, v in op.start.items()},
            Linear(terms, edge.offset), bounds, formats, self.coefficient_bits,
        )  # fmt: skip
        step = lowering.step()
        format = step.formats.get(step.output, Format(2, 0))
        one, zero = np.array(1.0), np.array(0.0)
        after = (
            Edge(one, zero, 1.0, spikes=True)
            if op.fires
            else Edge(np.array(2.0**-format.fraction), zero, float(format.largest + 1), fraction=format.fraction)
        )
        self.stages.append(Stage(op, edge, after, step))
        return after, spikes

    # ---- running ---------------------------------------------------------------------------------------------------------

    def __call__(self, x: Tensor) -> Tensor:
        """Output [T, B, *M] for input x [T, B, *N], from rest: spikes, or a readout's values."""
        return self.run(x).output

    def run(self, x: Tensor, state: Sequence[dict[str, np.ndarray]] | None = None) -> FixedRun:
        """Runs x [T, B, *N], values as a network takes them, from `state` (rest if None)."""
        if not isinstance(x, Tensor) or tuple(x.shape[2:]) != self.shape or x.dim() < 3 or 0 in x.shape[:2]:
            given = tuple(x.shape) if isinstance(x, Tensor) else type(x).__name__
            raise ValueError(
                f"FixedPoint: input must have shape [T, B, *N] with N = {self.shape}, got {given}. Time comes first."
            )
        raw = self.quantise_input(x)
        after: list[dict[str, np.ndarray]] = []
        outputs: dict[str, Tensor] = {}
        saturated: dict[str, int] = {}
        for k, stage in enumerate(self.stages):
            given = {} if state is None else state[k]
            match stage.op:
                case Population() as op:
                    raw, ended = self._run_population(op, stage, raw, given, saturated)
                    outputs[op.place] = raw
                case Delay() as op:
                    past = given.get("past", np.zeros((op.count - 1, *raw.shape[1:]), dtype=np.int64))
                    whole = torch.cat([torch.from_numpy(past), raw])
                    first = op.count - 1
                    raw = torch.stack([whole[first - j : first - j + len(raw)] for j in range(op.count)], 2)
                    ended = {"past": whole[len(whole) - first :].numpy()}
                case Dense() as op:
                    step = int(given.get("step", np.array(0)))
                    raw = _dense(op, _codes(op.weights)[0], raw.double(), step).long()
                    ended = {"step": np.array(step + len(x))}
                case op:
                    raw = _real(op, raw.double(), whole=True).round().long()
                    ended = {}
            after.append(ended)
        values = self._values_of(self.stages[-1].after, raw)
        return FixedRun(values.to(torch.get_default_dtype()), raw, tuple(after), outputs, saturated)

    def _run_population(
        self, op: Population, stage: Stage, raw: Tensor, given: dict[str, np.ndarray], saturated: dict[str, int]
    ) -> tuple[Tensor, dict[str, np.ndarray]]:
        step = stage.step
        assert step is not None
        shape = tuple(raw.shape[1:])
        now = {s: given.get(s, np.broadcast_to(step.start[s], shape)) for s in step.states}
        last = given.get("last", np.zeros(shape, dtype=np.int64))
        recurrent = None if op.recurrent is None else _codes(op.recurrent)[0].T.astype(np.float64)
        rows = []
        for x in raw.numpy():
            held = dict(now) | {"input": x}
            if recurrent is not None:
                held["input.recurrent"] = np.rint(last @ recurrent).astype(np.int64)
            for line in step.lines:
                if isinstance(line, Let):
                    held[line.target], cut = self._let(line, held)
                    if cut:
                        key = f"{op.place}.{line.target}"
                        saturated[key] = saturated.get(key, 0) + cut
                else:
                    held[line.target] = _holds(line.condition, held).astype(np.int64)
                held[line.target] = np.broadcast_to(held[line.target], shape)
            now = {s: held[step.after[s]] for s in step.states}
            last = held[step.output]
            rows.append(torch.from_numpy(np.array(last)))
        return torch.stack(rows), {**now, "last": last}

    def _let(self, line: Let, held: Mapping[str, np.ndarray]) -> tuple[np.ndarray, int]:
        """Value of a statement, and how many were cut."""
        value = self._settled(line.tree, line.format, held)
        if line.binary:
            return value, 0
        top = line.format.largest
        return np.clip(value, -top - 1, top), int(((value > top) | (value < -top - 1)).sum())

    def _settled(self, tree: Tree, format: Format, held: Mapping[str, np.ndarray]) -> np.ndarray:
        if isinstance(tree, Choice):
            yes, no = self._settled(tree.yes, format, held), self._settled(tree.no, format, held)
            return np.where(_holds(tree.condition, held), yes, no)
        return rounded(_total(tree, held), tree.fraction - format.fraction, self.rounding)

    # ---- telling ---------------------------------------------------------------------------------------------------------

    def as_dict(self) -> dict[str, Any]:
        """Formats and assumptions as plain values."""
        return {
            "input": {"bits": self.input.bits, "fraction": self.input.fraction, "spikes": self.stages_take_spikes},
            "rounding": self.rounding,
            "formats": {
                f"{s.op.place}.{name}": {"bits": s.step.formats[name].bits, "fraction": s.step.formats[name].fraction}
                for s in self.stages
                if s.step is not None
                for name in s.step.states
            },
            "assumptions": list(self.assumptions),
        }

    def __str__(self) -> str:
        told = self.as_dict()
        rows = [f"  {name}: {Format(f['bits'], f['fraction'])}" for name, f in told["formats"].items()]
        return "\n".join(["fixed point:", *rows, "assumed:", *(f"  {text}" for text in self.assumptions)])


def rounded(total: np.ndarray, shift: int, rounding: str) -> np.ndarray:
    """total / 2^shift as a whole number. "nearest": halves go up; "away": any rest goes away from zero."""
    if shift <= 0:
        return total << -shift
    one = np.int64(1)
    match rounding:
        case "nearest":
            return (total + (one << (shift - 1))) >> shift
        case "floor":
            return total >> shift
        case "zero":
            return np.sign(total) * (np.abs(total) >> shift)
    return np.sign(total) * ((np.abs(total) + (one << shift) - 1) >> shift)


def _total(form: Sum, held: Mapping[str, np.ndarray]) -> np.ndarray:
    total = form.constant
    for name, factor in form.terms.items():
        total = total + factor * held[name]
    return total


def _holds(condition: Condition, held: Mapping[str, np.ndarray]) -> np.ndarray:
    match condition:
        case Flag(name):
            return held[name] > 0
        case Compare(form, relation):
            return np.asarray(RELATIONS[relation](_total(form, held), 0))
        case CompareQuotient(above, below, relation):
            top, bottom = _total(above, held), _total(below, held)
            return np.where(bottom >= 0, RELATIONS[relation](top, 0), RELATIONS[TURNED[relation]](top, 0))
    parts = [_holds(c, held) for c in condition.conditions]
    return np.logical_and.reduce(parts) if condition.every else np.logical_or.reduce(parts)


def _codes(weights: Weights) -> tuple[np.ndarray, np.ndarray]:
    assert weights.codes is not None and weights.scale is not None
    return weights.codes, weights.scale


def _dense(op: Dense, weights: np.ndarray, x: Tensor, first: int = 0) -> Tensor:
    """Sums of weights [segments, out, in] over x [T, B, in], from the `first` step of a sample on."""
    w = torch.from_numpy(np.ascontiguousarray(weights, dtype=np.float64))
    if len(w) == 1:
        return x @ w[0].T
    segments = [min(t * len(w) // op.steps, len(w) - 1) for t in range(first, first + len(x))]
    return torch.stack([x[t] @ w[s].T for t, s in enumerate(segments)])


def _real(op: Op, x: Tensor, whole: bool = False) -> Tensor:
    """An operation on values [T, B, *N] in float64; whole: on codes and raw numbers, without bias and without dividing."""
    match op:
        case Dense():
            y = _dense(op, op.weights.values, x)
            return y if op.bias is None else y + torch.from_numpy(op.bias)
        case Convolution():
            weights = _codes(op.weights)[0] if whole else op.weights.values
            bias = None if op.bias is None or whole else torch.from_numpy(op.bias)
            w = torch.from_numpy(np.ascontiguousarray(weights, dtype=np.float64))
            y = F.conv2d(x.flatten(0, 1), w, bias, op.stride, op.padding, 1, op.groups)
            return y.unflatten(0, x.shape[:2])
        case Pool():
            frames = x.flatten(0, 1)
            if op.kind == "max":
                y = F.max_pool2d(frames, op.kernel, op.stride)
            else:
                y = F.avg_pool2d(
                    frames, op.kernel, op.stride, divisor_override=1 if whole or op.kind == "sum" else None
                )
            return y.unflatten(0, x.shape[:2])
        case Delay():
            whole_x = torch.cat([torch.zeros((op.count - 1, *x.shape[1:]), dtype=x.dtype), x])
            first = op.count - 1
            return torch.stack([whole_x[first - j : first - j + len(x)] for j in range(op.count)], 2)
    return x.reshape(*x.shape[:2], *op.after)


def _measured(op: Population, x: Tensor) -> tuple[dict[str, float], Tensor]:
    """Largest absolute value of each group of variables when the population runs on x [T, B, *N], and its output."""
    loop, program = op.loop, op.loop.program
    needed = live(loop, inline=True)
    targets = [line.target for line in loop.statements if line.target in needed and line.target != program.output]
    states = op.model.initial_state(x.shape[1:], x)
    values = [torch.from_numpy(op.values[str(c)]) for c in loop.coefficients]
    outputs = (program.output, *targets)
    first = list(states.values())
    if op.recurrent is None:
        found, _ = kernels.run(loop, x, first, values, outputs, "eager")
    else:
        weight, last = torch.from_numpy(op.recurrent.values), torch.zeros(x.shape[1:], dtype=x.dtype)
        found, _ = kernels.run_recurrent(loop, x, weight, last, first, values, outputs, "eager")
    largest: dict[str, float] = {}
    for symbol, value in [*zip(outputs, found, strict=True), *zip(loop.states, first, strict=True)]:
        group = group_of(symbol, loop)
        largest[group] = max(largest.get(group, 0.0), float(value.abs().max()))
    return largest, found[0]


def _short(v: np.ndarray) -> np.ndarray:
    """One number where all are the same."""
    v = np.asarray(v)
    return np.array(v.flat[0]) if v.size and (v == v.flat[0]).all() else np.ascontiguousarray(v)


def _pooled(v: np.ndarray, op: Pool) -> np.ndarray:
    """Scale or offset behind a pooling: that of the channel."""
    if v.ndim == 0:
        return v
    return np.broadcast_to(np.broadcast_to(v, op.before)[:, :1, :1], op.after)


def _stacked(v: np.ndarray, count: int) -> np.ndarray:
    return v if v.ndim == 0 else np.stack([v] * count)


def _reshaped(v: np.ndarray, op: Op) -> np.ndarray:
    return v if v.ndim == 0 else np.broadcast_to(v, op.before).reshape(op.after)
