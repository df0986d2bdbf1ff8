"""C of a population in floating point: the statements of its `Loop`, printed as every other kernel is."""

import numpy as np
import sympy

from ranvier.equations.functions import Abs, Expr, exprel, exprel_slope, uniform
from ranvier.equations.program import INPUT, Assign, Detach, Fire
from ranvier.hardware.c_layers import scaled, weights
from ranvier.hardware.c_source import CSource, comment, identifier
from ranvier.hardware.integers import live
from ranvier.hardware.plan import Population
from ranvier.kernels.printing import Dialect, render


class power(sympy.Function):
    """base ** exponent, as a function of C."""

    nargs = 2


LIBRARY = {
    sympy.exp: "exp",
    sympy.log: "log",
    sympy.tanh: "tanh",
    sympy.atan: "atan",
    sympy.erf: "erf",
    sympy.Abs: "fabs",
    Abs: "fabs",
    power: "pow",
}
OWN = {sympy.sign: "sign", exprel: "exprel", exprel_slope: "exprel_slope", uniform: "uniform"}
HELPERS = {
    "sign": """\
static REAL sign(REAL x)
{
    return x > 0 ? ONE : x < 0 ? -ONE : 0;
}""",
    "exprel": """\
/* (exp(x) - 1) / x */
static REAL exprel(REAL x)
{
    if (fabsS(x) < NEAR) return ONE + x / 2 + x * x / 6 + x * x * x / 24;
    return expm1S(x) / x;
}""",
    "exprel_slope": """\
/* (exp(x) (x - 1) + 1) / x^2 */
static REAL exprel_slope(REAL x)
{
    if (fabsS(x) < NEAR) return ONE / 2 + x / 3 + x * x / 8 + x * x * x / 30;
    return (expS(x) * (x - 1) + 1) / (x * x);
}""",
    "uniform": """\
static uint32_t mixed(uint32_t h)
{
    h = (h ^ (h >> 16)) * UINT32_C(0x85EBCA6B);
    h = (h ^ (h >> 13)) * UINT32_C(0xC2B2AE35);
    return h ^ (h >> 16);
}

/* Number `drawn` of the random stream `stream`, in (0, 1). */
static REAL uniform(REAL stream, REAL drawn)
{
    const uint32_t h = mixed((uint32_t)drawn + UINT32_C(0x9E3779B9)) + (uint32_t)stream * UINT32_C(0x9E3779B1);
    return ((REAL)(mixed(h) >> 9) + ONE / 2) * (ONE / 8388608);
}""",
}


def helper(name: str, real: str) -> str:
    """Text of a function that C's library lacks."""
    suffix, near = ("f", "1e-2f") if real == "float" else ("", "1e-4")
    one = "1.0f" if real == "float" else "1.0"
    text = HELPERS[name]
    for old, new in (
        ("REAL", real),
        ("ONE", one),
        ("NEAR", near),
        ("fabsS", f"fabs{suffix}"),
        ("expm1S", f"expm1{suffix}"),
        ("expS", f"exp{suffix}"),
    ):
        text = text.replace(old, new)
    return text


def dialect(c: CSource) -> Dialect:
    """How C writes numbers, functions and choices in the file's type."""
    suffix = "f" if c.real == "float" else ""
    names = {kind: name + suffix for kind, name in LIBRARY.items()} | OWN
    return Dialect(c.number, names, "({0} ? {1} : {2})", f"sqrt{suffix}({{}})")


def population(c: CSource, op: Population, before: str, after: str) -> None:
    """Writes the function of a population; its states are static memory."""
    name = f"layer_{op.place.replace('.', '_')}"
    loop, program = op.loop, op.loop.program
    needed, c_names = live(loop), dialect(c)
    names: dict[sympy.Symbol, str] = {INPUT: "input"}
    lines: list[str] = []
    for s in loop.states:
        start = c.per_neuron(f"{name}_{identifier(str(s))}_start", c.real, op.start[str(s)], op.after)
        c.static(f"{name}_{identifier(str(s))}", c.real, op.size, start)
        names[s] = identifier(str(s))
        if s in needed:
            lines.append(f"const {c.real} {names[s]} = {name}_{identifier(str(s))}[k];")
    used = {
        s
        for line in loop.statements
        if line.target in needed and isinstance(line, Assign)
        for s in line.value.free_symbols
    }
    for s, meaning in loop.coefficients.items():
        if s in used:
            names[s] = identifier(str(s))
            value = c.per_neuron(f"{name}_{str(s)}", c.real, op.values[str(s)], op.after)
            lines.append(f"const {c.real} {names[s]} = {value}; /* {comment(str(meaning))} */")
    recurrent, head = _recurrent(c, op, name, before)
    if recurrent or INPUT in used:
        lines.append(f"const {c.real} input = x[k]{recurrent};")
    for line in loop.statements:
        if line.target not in needed:
            continue
        names[line.target] = identifier(str(line.target))
        match line:
            case Assign(_, value):
                text = render(_with_powers(value), names, c_names)
                _note(c, value)
            case Detach(_, source):
                text = names[source]
            case Fire(_, argument, strict):
                text = f"{names[argument]} {'>' if strict else '>='} {c.number(0)} ? {c.number(1)} : {c.number(0)}"
        lines.append(f"const {c.real} {names[line.target]} = {text};")
    lines += [f"{name}_{identifier(str(s))}[k] = {names[e]};" for s, e in program.after.items() if s != e]
    out = names[program.output]
    lines.append(f"y[k] = {f'(uint8_t)({out} > {c.number(0.5)})' if op.fires else out};")
    tail = f"\n    for (int32_t k = 0; k < {op.size}; k++) {name}_last[k] = y[k];" if recurrent else ""
    body = "\n".join(f"        {line}" for line in lines)
    told = "\n".join(f"   {comment(line)}" for line in str(program).splitlines())
    c.functions.append(
        f"/* {comment(op.label)}: {op.size} neurons.\n{told} */\n"
        f"static void {name}(const {before} *x, {after} *y)\n{{\n{head}"
        f"    for (int32_t k = 0; k < {op.size}; k++) {{\n{body}\n    }}{tail}\n}}"
    )


def _recurrent(c: CSource, op: Population, name: str, before: str) -> tuple[str, str]:
    """Text of what the recurrent synapses add to neuron k's input, and the lines that compute it first."""
    if op.recurrent is None:
        return "", ""
    n, kind = op.size, "uint8_t" if op.fires else c.real
    places = np.arange(n * n).reshape(n, n).T.ravel()  # [to, from] -> [from, to]
    read = weights(c, f"{name}_recurrent", op.recurrent, places).format(f"j * {n} + k")
    c.static(f"{name}_last", kind, n)
    c.static(f"{name}_current", c.real, n, None)
    term = read if op.fires else f"{name}_last[j] * {read}"
    after = scaled(c, f"{name}_recurrent", op.recurrent, None, op.after).replace("y[k]", f"{name}_current[k]")
    head = (
        f"    for (int32_t k = 0; k < {n}; k++) {name}_current[k] = 0;\n"
        f"    for (int32_t j = 0; j < {n}; j++) {{\n"
        f"        if ({name}_last[j] == 0) continue;\n"
        f"        for (int32_t k = 0; k < {n}; k++) {name}_current[k] += {term};\n"
        f"    }}{after}\n"
    )
    return f" + {name}_current[k]", head


def _with_powers(e: Expr) -> Expr:
    """Powers that C has no operator for become `power`."""

    def plain(p: Expr) -> bool:
        size = -p.exp if p.exp.is_number and p.exp.is_negative else p.exp
        return size == sympy.Rational(1, 2) or (size.is_Integer and size <= 8)

    return e.replace(lambda p: isinstance(p, sympy.Pow) and not plain(p), lambda p: power(p.base, p.exp))


def _note(c: CSource, e: Expr) -> None:
    """Remembers which functions of our own an expression needs, and whether it needs C's library."""
    for kind, name in OWN.items():
        if e.has(kind):
            c.helpers |= {name, "math"} if name.startswith("exprel") else {name}
    if any(
        p.func in LIBRARY or (isinstance(p, sympy.Pow) and not p.exp.is_Integer) for p in sympy.preorder_traversal(e)
    ):
        c.helpers.add("math")
