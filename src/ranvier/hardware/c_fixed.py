"""C of a population in whole numbers: the lines of its `IntegerStep`, as `FixedPoint` computes them."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from ranvier.hardware.arithmetic import TURNED, rounded
from ranvier.hardware.c_layers import parameters, weights
from ranvier.hardware.c_source import CSource, comment, identifier, storage, whole
from ranvier.hardware.integers import (
    Choice,
    Compare,
    CompareQuotient,
    Condition,
    Flag,
    Format,
    IntegerStep,
    Let,
    Sum,
    Tree,
)
from ranvier.hardware.plan import Population
from ranvier.hardware.stages import input_name

HALVED = """\
/* a / 2^n, downwards; C leaves a negative number's >> to the compiler. */
static int64_t halved(int64_t a, int n)
{
    return a >= 0 ? a >> n : ~(~a >> n);
}"""
ROUNDED = {
    "nearest": "shift == 0 ? total : halved(total + (INT64_C(1) << (shift - 1)), shift)",
    "floor": "halved(total, shift)",
    "zero": "total >= 0 ? total >> shift : -(-total >> shift)",
    "away": "total >= 0 ? (total + (INT64_C(1) << shift) - 1) >> shift : -((-total + (INT64_C(1) << shift) - 1) >> shift)",
}


def settle(bits: int, rounding: str) -> str:
    """The function that rounds a sum to its variable's format and saturates it."""
    top = whole(2 ** (bits - 1) - 1, "int64_t")
    first = f"{HALVED}\n\n" if "halved" in ROUNDED[rounding] else ""
    return f"""{first}\
/* Rounds ({rounding}) to a format of {bits} bit, and saturates. */
static int32_t settle(int64_t total, int shift)
{{
    const int64_t raw = {ROUNDED[rounding]};
    return (int32_t)(raw > {top} ? {top} : raw < -{top} - 1 ? -{top} - 1 : raw);
}}"""


class _Printer:
    """Expressions of one population, with their tables."""

    def __init__(self, c: CSource, name: str, op: Population, step: IntegerStep, rounding: str) -> None:
        self.c, self.name, self.op, self.step, self.rounding, self.tables = c, name, op, step, rounding, 0

    def number(self, value: np.ndarray, ctype: str = "int32_t") -> str:
        self.tables += 1
        if ctype == "int64_t" and np.abs(value).max() < 2**31:
            ctype = "int32_t"
        return self.c.per_neuron(f"{self.name}_t{self.tables}", ctype, value, self.op.after)

    def total(self, form: Sum) -> str:
        parts = [
            f"(int64_t){identifier(v)}"
            if factor.ndim == 0 and factor == 1
            else f"(int64_t){self.number(factor)} * {identifier(v)}"
            for v, factor in form.terms.items()
        ]
        if form.constant.any() or not parts:
            parts.append(self.number(form.constant, "int64_t"))
        return " + ".join(parts)

    def condition(self, e: Condition) -> str:
        match e:
            case Flag(name):
                return f"{identifier(name)} != 0"
            case Compare(form, relation):
                return f"{self.total(form)} {relation} 0"
            case CompareQuotient(above, below, relation):
                top = self.total(above)
                return f"({self.total(below)} >= 0 ? {top} {relation} 0 : {top} {TURNED[relation]} 0)"
        return (" && " if e.every else " || ").join(f"({self.condition(part)})" for part in e.conditions)

    def tree(self, e: Tree, format: Format, binary: bool) -> str:
        if isinstance(e, Choice):
            yes, no = self.tree(e.yes, format, binary), self.tree(e.no, format, binary)
            return f"({self.condition(e.condition)} ? {yes} : {no})"
        if binary:
            return next((identifier(v) for v in e.terms), whole(int(e.constant)))
        if (same := self.copied(e, format)) is not None:
            return same
        if not e.terms and e.constant.ndim == 0:
            top = format.largest
            return whole(int(np.clip(rounded(e.constant, e.fraction - format.fraction, self.rounding), -top - 1, top)))
        return f"settle({self.total(e)}, {e.fraction - format.fraction})"

    def copied(self, e: Sum, format: Format) -> str | None:
        """The variable that a sum is nothing but a copy of, in the same format."""
        if len(e.terms) != 1 or e.constant.any() or e.fraction != format.fraction:
            return None
        (name, factor), *_ = e.terms.items()
        alike = bool((factor == 1).all()) and self.step.formats.get(name) == format
        return identifier(name) if alike else None


def population(
    c: CSource, op: Population, step: IntegerStep, rounding: str, befores: Sequence[str], after: str
) -> None:
    """Writes the function of a population; its states are static memory. befores: types of its inputs, one a branch that meets in it."""
    name = f"layer_{op.place.replace('.', '_')}"
    printer, lines = _Printer(c, name, op, step, rounding), []
    texts: list[str] = []
    for line in step.lines:
        if isinstance(line, Let):
            value = printer.tree(line.tree, line.format, line.binary)
            texts.append(f"const int32_t {identifier(line.target)} = {value};")
        else:
            texts.append(f"const int32_t {identifier(line.target)} = {printer.condition(line.condition)} ? 1 : 0;")
    stored: Mapping[str, str] = {s: storage(step.formats[s].bits) for s in step.states}
    returned = [
        f"{name}_{identifier(s)}[k] = ({stored[s]}){identifier(step.after[s])};"
        for s in step.states
        if step.after[s] != s
    ]
    out = identifier(step.output)
    returned.append(f"y[k] = {f'(uint8_t){out}' if op.fires else out};")
    read = " ".join((*texts, *(line.split("=", 1)[1] for line in returned)))
    for s in step.states:
        start = c.per_neuron(f"{name}_{identifier(s)}_start", stored[s], step.start[s], op.after)
        c.static(f"{name}_{identifier(s)}", stored[s], op.size, start)
        if f"{identifier(s)}" in _words(read):
            lines.append(f"const int32_t {identifier(s)} = {name}_{identifier(s)}[k];")
    head = ""
    if op.recurrent is not None:
        head = _recurrent(c, op, name)
        lines.append(f"const int32_t m_input_recurrent = {name}_current[k];")
    places = [f"x{k or ''}" for k in range(len(befores))]
    inputs = {identifier(input_name(k)): x for k, x in enumerate(places)}
    lines += [f"const int32_t {name} = {x}[k];" for name, x in inputs.items() if name in _words(read)]
    tail = f"\n    for (int32_t k = 0; k < {op.size}; k++) {name}_last[k] = y[k];" if op.recurrent is not None else ""
    body = "\n".join(f"        {line}" for line in (*lines, *texts, *returned))
    told = "\n".join(f"   {comment(line)}" for line in str(op.loop.program).splitlines())
    formats = "; ".join(f"{s}: {step.formats[s]}" for s in step.states)
    unused = "".join(f"    (void){x};\n" for name, x in inputs.items() if name not in _words(read))
    c.functions.append(
        f"/* {comment(op.label)}: {op.size} neurons in whole numbers ({formats}).\n{told} */\n"
        f"static void {name}({parameters(befores, after)})\n{{\n{unused}{head}"
        f"    for (int32_t k = 0; k < {op.size}; k++) {{\n{body}\n    }}{tail}\n}}"
    )


def _words(text: str) -> set[str]:
    return set("".join(ch if ch.isalnum() or ch == "_" else " " for ch in text).split())


def _recurrent(c: CSource, op: Population, name: str) -> str:
    """Lines that sum the weights of the neurons that fired last."""
    assert op.recurrent is not None
    n = math.prod(op.after)
    read = weights(c, f"{name}_recurrent", op.recurrent, np.arange(n * n).reshape(n, n).T.ravel()).format(
        f"j * {n} + k"
    )
    c.static(f"{name}_last", "uint8_t", n)
    c.static(f"{name}_current", "int32_t", n, None)
    return (
        f"    for (int32_t k = 0; k < {n}; k++) {name}_current[k] = 0;\n"
        f"    for (int32_t j = 0; j < {n}; j++) {{\n"
        f"        if ({name}_last[j] == 0) continue;\n"
        f"        for (int32_t k = 0; k < {n}; k++) {name}_current[k] += {read};\n"
        f"    }}\n"
    )
