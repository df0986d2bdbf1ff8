"""`FixedPoint`: a network in whole numbers alone, bit for bit what exported C computes."""

import copy
import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ranvier.errors import RanvierError
from ranvier.hardware.arithmetic import assigned, codes_of, delayed, dense, holds, values
from ranvier.hardware.integers import ROUNDINGS, Format, Let, fitting
from ranvier.hardware.plan import Delay, Dense, Gate, Parallel, Population, Rearrange, plan
from ranvier.hardware.quantise import codes, quantise, weighted
from ranvier.hardware.stages import Builder, Edge, Stage, every_stage, input_name
from ranvier.layers import Sequential

State = tuple[dict[str, Any], ...]
Signal = tuple[Tensor, ...]  # raw numbers [T, B, *N] whose sum, each in its unit, a layer takes


class FixedRun(NamedTuple):
    """Result of `FixedPoint.run`.

    output: [T, B, *M], the values that the whole numbers stand for. raw: the whole numbers, int64. state: to go on from, a tuple over
    layers; of a sum of branches the tuples of both. outputs: raw output of every population by its layer. saturated: how often a variable was
    cut to its format, by "<layer>.<variable>"; empty where none was.
    """

    output: Tensor
    raw: Tensor
    state: State
    outputs: dict[str, Tensor]
    saturated: dict[str, int]


class FixedPoint:
    """A network in whole numbers: weights are codes, membranes are fixed point, every result is exact. x: [T, B, *N].

    Sums of weights are exact (32 bits). Each statement of a model's step is a sum of products of whole numbers, in 64 bits, rounded once
    to the format of its variable and saturated there. A threshold is compared on the unrounded sum. Scales of weights, biases and the
    factors of shortcuts are folded into the coefficients, and the branches of a sum meet in the population behind it, so nothing else rounds.

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
        edge = self._input_edge(sample, input_bits)
        x = edge.of(self.quantise_input(sample)) if edge.fraction else sample.detach().double()
        builder = Builder(bits, coefficient_bits, headroom, self.fraction)
        with torch.no_grad():
            self.stages, _, _ = builder.row(ops, (edge,), x)
        last = next((s.op for s in reversed(self.stages) if not isinstance(s.op, Rearrange)), None)
        if last is not None and not isinstance(last, Population):
            raise RanvierError(
                f"FixedPoint: the last layer is {last.label}, whose sums have no format of their own. "
                "End the network with a population, such as LI() or Accumulator()."
            )
        known = [
            f"{s.op.place}.{name}" for s in every_stage(self.stages) if s.step is not None for name in s.step.states
        ]
        if unused := set(self.fraction) - set(known):
            raise ValueError(
                f"FixedPoint: fraction names {', '.join(sorted(unused))}, which is no state of a layer. There are: {', '.join(known)}."
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

    # ---- running ---------------------------------------------------------------------------------------------------------

    def __call__(self, x: Tensor) -> Tensor:
        """Output [T, B, *M] for input x [T, B, *N], from rest: spikes, or a readout's values."""
        return self.run(x).output

    def run(self, x: Tensor, state: State | None = None) -> FixedRun:
        """Runs x [T, B, *N], values as a network takes them, from `state` (rest if None)."""
        if not isinstance(x, Tensor) or tuple(x.shape[2:]) != self.shape or x.dim() < 3 or 0 in x.shape[:2]:
            given = tuple(x.shape) if isinstance(x, Tensor) else type(x).__name__
            raise ValueError(
                f"FixedPoint: input must have shape [T, B, *N] with N = {self.shape}, got {given}. Time comes first."
            )
        outputs: dict[str, Tensor] = {}
        saturated: dict[str, int] = {}
        (raw,), after = self._row(self.stages, (self.quantise_input(x),), state, outputs, saturated)
        output = self.stages[-1].after[0].of(raw)
        return FixedRun(output.to(torch.get_default_dtype()), raw, after, outputs, saturated)

    def _row(
        self,
        stages: Iterable[Stage],
        raw: Signal,
        state: State | None,
        outputs: dict[str, Tensor],
        saturated: dict[str, int],
    ) -> tuple[Signal, State]:
        after: list[dict[str, Any]] = []
        for k, stage in enumerate(stages):
            given: dict[str, Any] = {} if state is None else state[k]
            ended: dict[str, Any] = {}
            match stage.op:
                case Parallel():
                    first, ended["body"] = self._row(stage.body, raw, given.get("body"), outputs, saturated)
                    second, ended["shortcut"] = self._row(
                        stage.shortcut, raw, given.get("shortcut"), outputs, saturated
                    )
                    raw = first + second
                case Population() as op:
                    output, ended = self._population(op, stage, raw, given, saturated)
                    outputs[op.place] = output
                    raw = (output,)
                case Delay() as op:
                    past = given.get("past")
                    output, rest = delayed(op, raw[0], None if past is None else torch.from_numpy(past))
                    raw, ended = (output,), {"past": rest.numpy()}
                case Gate() as op:  # sums of whole numbers, exact in float64 up to 2^53
                    total = given.get("total")
                    run = op.gate.run(raw[0].double(), None if total is None else {"total": torch.from_numpy(total)})
                    raw, ended = (run.output.long(),), {"total": run.state["total"].numpy()}
                case Dense() as op:
                    step = int(given.get("step", np.array(0)))
                    ended = {"step": np.array(step + len(raw[0]))}
                    raw = (dense(op, codes_of(op.weights)[0], raw[0].double(), step).long(),)
                case op:
                    raw = tuple(values(op, part.double(), whole=True).round().long() for part in raw)
            after.append(ended)
        return raw, tuple(after)

    def _population(
        self, op: Population, stage: Stage, raw: Signal, given: dict[str, Any], saturated: dict[str, int]
    ) -> tuple[Tensor, dict[str, np.ndarray]]:
        step = stage.step
        assert step is not None
        shape = tuple(raw[0].shape[1:])
        now = {s: given.get(s, np.broadcast_to(step.start[s], shape)) for s in step.states}
        last = given.get("last", np.zeros(shape, dtype=np.int64))
        recurrent = None if op.recurrent is None else codes_of(op.recurrent)[0].T.astype(np.float64)
        rows = []
        for arriving in zip(*(part.numpy() for part in raw), strict=True):
            held = dict(now) | {input_name(k): x for k, x in enumerate(arriving)}
            if recurrent is not None:
                held["input.recurrent"] = np.rint(last @ recurrent).astype(np.int64)
            for line in step.lines:
                if isinstance(line, Let):
                    held[line.target], cut = assigned(line, held, self.rounding)
                    if cut:
                        key = f"{op.place}.{line.target}"
                        saturated[key] = saturated.get(key, 0) + cut
                else:
                    held[line.target] = holds(line.condition, held).astype(np.int64)
                held[line.target] = np.broadcast_to(held[line.target], shape)
            now = {s: held[step.after[s]] for s in step.states}
            last = held[step.output]
            rows.append(torch.from_numpy(np.array(last)))
        return torch.stack(rows), {**now, "last": last}

    # ---- telling ---------------------------------------------------------------------------------------------------------

    def as_dict(self) -> dict[str, Any]:
        """Formats and assumptions as plain values."""
        return {
            "input": {"bits": self.input.bits, "fraction": self.input.fraction, "spikes": self.stages_take_spikes},
            "rounding": self.rounding,
            "formats": {
                f"{s.op.place}.{name}": {"bits": s.step.formats[name].bits, "fraction": s.step.formats[name].fraction}
                for s in every_stage(self.stages)
                if s.step is not None
                for name in s.step.states
            },
            "assumptions": list(self.assumptions),
        }

    def __str__(self) -> str:
        told = self.as_dict()
        rows = [f"  {name}: {Format(f['bits'], f['fraction'])}" for name, f in told["formats"].items()]
        return "\n".join(["fixed point:", *rows, "assumed:", *(f"  {text}" for text in self.assumptions)])
