"""`export_c`: a network as one C99 file that needs nothing but the C library, with static memory."""

import math
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from torch import Tensor

import ranvier
from ranvier.errors import RanvierError
from ranvier.files import write_atomic
from ranvier.hardware import c_fixed, c_float, c_layers
from ranvier.hardware.c_source import CSource, Layer, comment
from ranvier.hardware.fixed_point import FixedPoint
from ranvier.hardware.plan import Gate, Op, Parallel, Pool, Population, Rearrange, Scaled, every, plan
from ranvier.hardware.quantise import codes, weighted
from ranvier.hardware.stages import every_stage
from ranvier.layers import Sequential

TYPES = {"float32": "float", "float64": "double", "fixed": "int32_t"}
SPIKES = "uint8_t"


@dataclass(frozen=True)
class CExport:
    """What `export_c` wrote; printable, and plain values by `as_dict`.

    flash: bytes of constants (weights, tables of parameters). ram: bytes of static memory (states, delays, buffers between layers). The
    machine code comes on top of flash, the stack (below 200 bytes a call) and the caller's input and output on top of ram.
    inputs, outputs: numbers a step. layers: what each costs. assumptions: what the conversion took for granted.
    """

    path: str
    prefix: str
    arithmetic: str
    inputs: int
    outputs: int
    flash: int
    ram: int
    layers: tuple[Layer, ...]
    assumptions: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        rows = [
            f"  layer {c.place} ({c.name}): flash {c.flash} bytes, RAM {c.ram} bytes"
            for c in self.layers
            if c.flash or c.ram
        ]
        return "\n".join(
            [
                f"{self.path}: {self.arithmetic}, {self.inputs} inputs, {self.outputs} outputs a step",
                f"flash {self.flash} bytes of constants, RAM {self.ram} bytes, without machine code and stack",
                *rows,
                "assumed:",
                *(f"  {text}" for text in self.assumptions),
            ]
        )


def export_c(
    net: Sequential | FixedPoint,
    path: str | Path,
    *,
    arithmetic: str = "float32",
    shape: Sequence[int] | None = None,
    sample: Tensor | None = None,
    force: bool = False,
    **options: Any,
) -> CExport:
    """Writes a network as one C99 file: no dependency but C's own library, no allocation, one sample, one step a call.

    The file offers `NAME_reset()` and `NAME_step(input, output)`, NAME from the file's name, and a `main` behind -DRANVIER_MAIN that reads
    inputs as text and prints outputs. Equations are printed from each model's `Program`. Weights of a quantised network are stored as
    codes, 2 or 4 bits of them packed. Work follows what is not zero: silent inputs cost one comparison.

    arithmetic: "float32", "float64", or "fixed": whole numbers, bit for bit those of `FixedPoint`. shape: of a sample's input [*N], known
    without it where the first layer is `Linear`. sample: typical input [T, B, *N], for "fixed". options: those of `FixedPoint`. A
    `FixedPoint` in place of the network is written as it is. force: write over an existing file.

    Spikes equal those of the library except where a membrane comes so near to its threshold that the order in which float32 sums are
    taken decides; in "fixed" they are equal always.

    Raises ValueError and TypeError for arguments that are none, RanvierError for a layer that has no such form, and for a file that is
    there already.
    """
    target = Path(path)
    if target.exists() and not force:
        raise RanvierError(
            f"{target}: exists already, and is not written over. Give another name, or --force (force=True)."
        )
    fixed: FixedPoint | None = net if isinstance(net, FixedPoint) else None
    if fixed is not None:
        arithmetic = "fixed"
    if arithmetic not in TYPES:
        raise ValueError(f"export_c: arithmetic must be one of {', '.join(TYPES)}, got {arithmetic!r}.")
    if arithmetic == "fixed" and fixed is None:
        if sample is None:
            raise ValueError(
                'export_c: arithmetic="fixed" needs sample=x, typical input [T, B, *N], to find the range of every state.'
            )
        if not isinstance(net, Sequential):
            raise TypeError(f"export_c: net must be a Sequential or a FixedPoint, got {type(net).__name__}.")
        fixed, options = FixedPoint(net, sample, **options), {}
    if options:
        raise TypeError(
            f'export_c: {", ".join(options)} belongs to arithmetic="fixed" with a network and a sample. Remove it.'
        )
    c = CSource(TYPES[arithmetic])
    if fixed is not None:
        ops, assumptions = [s.op for s in fixed.stages], [*fixed.assumptions]
    else:
        assert isinstance(net, Sequential) or not isinstance(net, FixedPoint)
        ops, assumptions = _float_ops(net, shape, arithmetic)
    calls, output = _functions(c, ops, fixed)
    prefix = _prefix(target.stem)
    inputs, outputs = math.prod(ops[0].before), math.prod(ops[-1].after)
    assumptions += [
        "one sample, time step by step, in evaluation mode (dropout hands its input on)",
        "arrays are in row-major order, as the network's own without time and batch",
    ]
    if any(isinstance(op, Gate) for op in every(ops)):
        assumptions.append(
            f"a gate of max pooling counts from a reset on, up to 2^31 - 1 spikes an input: call {prefix}_reset() before"
        )
    kinds = (SPIKES if _takes_spikes(fixed) else c.real, output)
    flash, ram = sum(layer.flash for layer in c.layers), sum(layer.ram for layer in c.layers) + c.shared_ram
    result = CExport(str(target), prefix, arithmetic, inputs, outputs, flash, ram, tuple(c.layers), tuple(assumptions))
    write_atomic(target, _text(c, result, calls, kinds, fixed))
    return result


def _float_ops(net: Any, shape: Sequence[int] | None, arithmetic: str) -> tuple[list[Op], list[str]]:
    ops = plan(net, shape, "export_c")
    assumptions = [f"values, states and sums are {arithmetic}; sums are taken in the order of the inputs"]
    if any(codes(layer, place) is not None for place, layer in weighted(net)):
        assumptions.append("weights on a grid are stored as codes, and scaled after their sum")
    return ops, assumptions


def _takes_spikes(fixed: FixedPoint | None) -> bool:
    return fixed is not None and fixed.stages_take_spikes


@dataclass(frozen=True)
class _Wire:
    """Numbers between two functions: the array's name and its type."""

    name: str
    kind: str


@dataclass
class _Functions:
    """Writes a function for every operation, and the calls of one step. sizes: of the arrays between, by name and type."""

    c: CSource
    fixed: FixedPoint | None
    last: Op
    calls: list[str] = field(default_factory=list)
    sizes: dict[_Wire, int] = field(default_factory=dict)

    def row(self, ops: Sequence[Op], wires: tuple[_Wire, ...], kept: tuple[_Wire, ...] = ()) -> tuple[_Wire, ...]:
        """Operations in a row, from these wires; what they end in. kept: arrays that must not be written to."""
        for op in ops:
            if isinstance(op, Parallel):
                first = self.row(op.body, wires, (*kept, *wires))
                wires = (*first, *self.row(op.shortcut, wires, (*kept, *first)))
            if not self.passes(op):
                wires = (self.function(op, wires, kept),)
        return wires

    def passes(self, op: Op) -> bool:
        """Whether there is nothing to compute: factors and sums of whole numbers belong to the population behind them."""
        return isinstance(op, Rearrange) or (self.fixed is not None and isinstance(op, Scaled | Parallel))

    def function(self, op: Op, wires: tuple[_Wire, ...], kept: tuple[_Wire, ...]) -> _Wire:
        """Writes one function and its call; returns where its output goes."""
        c, befores = self.c, [w.kind for w in wires]
        c.layers.append(Layer(op.place, op.name, op.before, op.after))
        after = _type_after(c, op, befores[0])
        if isinstance(op, Population):
            if self.fixed is None:
                c_float.population(c, op, befores[0], after)
            else:
                step = next(s.step for s in every_stage(self.fixed.stages) if s.op is op)
                assert step is not None
                c_fixed.population(c, op, step, self.fixed.rounding, befores, after)
        elif isinstance(op, Parallel):
            c_layers.addition(c, op, befores, after)
        else:
            c_layers.layer(c, op, befores[0], after)
        out = _Wire("output", after)
        if op is not self.last:
            taken = {w.name for w in (*wires, *kept)}
            name = next(n for k in count() if (n := f"{_short(after)}_{k}") not in taken)
            out = _Wire(name, after)
            self.sizes[out] = max(self.sizes.get(out, 0), math.prod(op.after))
        self.calls.append(f"    layer_{op.place.replace('.', '_')}({', '.join([*(w.name for w in wires), out.name])});")
        return out


def _functions(c: CSource, ops: list[Op], fixed: FixedPoint | None) -> tuple[list[str], str]:
    """Writes a function for every operation; returns the calls of one step and the output's type, and counts the arrays between."""
    working = [op for op in ops if not isinstance(op, Rearrange)]
    if not working:
        raise RanvierError("export_c: the network only rearranges its input. Give one with synapses or neurons.")
    made = _Functions(c, fixed, working[-1])
    (out,) = made.row(ops, (_Wire("input", SPIKES if _takes_spikes(fixed) else c.real),))
    for wire, size in made.sizes.items():
        c.memory.append(f"static {wire.kind} {wire.name}[{size}]; /* between layers */")
        c.shared_ram += size * (1 if wire.kind == SPIKES else 8 if wire.kind == "double" else 4)
    return made.calls, out.kind


def _short(ctype: str) -> str:
    return "spikes" if ctype == SPIKES else "values"


def _type_after(c: CSource, op: Op, before: str) -> str:
    if isinstance(op, Population):
        return SPIKES if op.fires else c.real
    if isinstance(op, c_layers.Delay | Gate) or (isinstance(op, Pool) and op.kind == "max"):
        return before
    return c.real


def _prefix(stem: str) -> str:
    """A C name from a file's name."""
    name = re.sub(r"\W", "_", stem, flags=re.ASCII).strip("_")
    return name if re.match(r"[A-Za-z]", name) else f"net_{name}".rstrip("_")


def _text(c: CSource, made: CExport, calls: list[str], kinds: tuple[str, str], fixed: FixedPoint | None) -> str:
    """The whole file."""
    p, upper = made.prefix, made.prefix.upper()
    told = [
        f"A spiking network in C99, written by ranvier {ranvier.__version__} ({made.arithmetic}).",
        "",
        f"{p}_reset() brings all states to rest; call it before each sample.",
        f"{p}_step(input, output) computes one time step: input[{made.inputs}], output[{made.outputs}].",
        "",
        f"Flash: {made.flash} bytes of constants. RAM: {made.ram} bytes of static memory. Code and stack come on top.",
        "",
        "Assumed:",
        *(f"- {text}" for text in made.assumptions),
        "",
        f"Try it:  cc -std=c99 -O2 -Wall -Wextra -Werror -DRANVIER_MAIN {Path(made.path).name} -lm && ./a.out < steps.txt",
        "(one step a line; -ffp-contract=off keeps a compiler from fusing products and sums)",
    ]
    formats = []
    if fixed is not None:
        (out,) = fixed.stages[-1].after
        formats = [
            f"#define {upper}_INPUT_FRACTION ({fixed.input.fraction}) /* an input's value is input * 2^-this */",
            f"#define {upper}_OUTPUT_FRACTION ({out.fraction}) /* an output's value is output * 2^-this */",
        ]
    includes = ["#include <stdint.h>", *(["#include <math.h>"] if "math" in c.helpers else [])]
    helpers = [text for name, text in c_layers.HELPERS.items() if name in c.helpers]
    helpers += [c_float.helper(name, c.real) for name in c_float.HELPERS if name in c.helpers]
    if fixed is not None and any("settle(" in text for text in c.functions):
        helpers.append(c_fixed.settle(fixed.bits, fixed.rounding))
    api = [
        f"#define {upper}_INPUTS {made.inputs}",
        f"#define {upper}_OUTPUTS {made.outputs}",
        *formats,
        f"typedef {kinds[0]} {p}_input;",
        f"typedef {kinds[1]} {p}_output;",
        f"void {p}_reset(void);",
        f"void {p}_step(const {p}_input *input, {p}_output *output);",
    ]
    parts = [
        "/* " + "\n".join(f"   {comment(line)}".rstrip() for line in told).lstrip() + " */",
        "\n".join(includes),
        "\n".join(api),
        *c.constants,
        "\n".join(c.memory),
        *helpers,
        *c.functions,
        f"void {p}_reset(void)\n{{\n" + "\n".join(c.reset) + "\n}",
        f"void {p}_step(const {p}_input *input, {p}_output *output)\n{{\n" + "\n".join(calls) + "\n}",
        _main(p, upper, c),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _main(p: str, upper: str, c: CSource) -> str:
    """A program that reads inputs and prints outputs, one step a line."""
    if c.floating:
        value, scan, form = "double", "%lf", "%.9g" if c.real == "float" else "%.17g"
        shown = "(double)y[k]"
    else:
        value, scan, form, shown = "long", "%ld", "%ld", "(long)y[k]"
    return f"""\
#ifdef RANVIER_MAIN
#include <stdio.h>

int main(void)
{{
    static {p}_input x[{upper}_INPUTS];
    static {p}_output y[{upper}_OUTPUTS];
    {p}_reset();
    for (;;) {{
        for (int32_t k = 0; k < {upper}_INPUTS; k++) {{
            {value} v;
            if (scanf("{scan}", &v) != 1) return 0;
            x[k] = ({p}_input)v;
        }}
        {p}_step(x, y);
        for (int32_t k = 0; k < {upper}_OUTPUTS; k++) printf("%s{form}", k ? " " : "", {shown});
        putchar('\\n');
    }}
}}
#endif"""
