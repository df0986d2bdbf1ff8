"""Source of the compiled kernels: one time loop forward, one backward, written from a `Loop` and its adjoint.

Layout: x [T, R, C] (R rows of C neurons); a tile is `width` neighbouring neurons of one row. Time runs inside a tile, so a
tile's states stay in cache; tiles are independent, so any thread may take any tile and the result is the same.

The backward kernel stores nothing in the forward pass: it runs a tile forward again, keeps the states at the start of each
step in cache, and walks back over them.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import sympy

from ranvier.equations.adjoint import adjoint_of, derive, filter_of, gradient_of
from ranvier.equations.functions import Expr, uniform
from ranvier.equations.lowering import Loop
from ranvier.equations.program import INPUT, Assign, Detach, Fire
from ranvier.kernels.cpu import elementary
from ranvier.kernels.printing import Dialect, numba_dialect, render

HEADER = '''"""{name}: {what}. Generated from its equations; do not edit."""
import math

import numpy as np
from numba import njit

from ranvier.kernels.cpu.elementary import exp, exprel, tanh  # {elementary}


@njit(inline="always")
def sign(x):
    return x / abs(x) if x != 0 else x  # of x's own type


@njit
def exprel_slope(x):
    y = np.float64(x)  # the difference below would lose all digits of a float32
    return 0.5 + y / 3 + y * y / 8 if abs(y) < 1e-3 else (exp(y) * (y - 1) + 1) / (y * y)


'''
RANDOM = """@njit
def mixed(h):
    h = np.uint32(np.uint32(h ^ (h >> np.uint32(16))) * np.uint32(0x85EBCA6B))
    h = np.uint32(np.uint32(h ^ (h >> np.uint32(13))) * np.uint32(0xC2B2AE35))
    return np.uint32(h ^ (h >> np.uint32(16)))


@njit
def uniform(stream, drawn):
    real = type(stream)
    h = mixed(np.uint32(np.uint32(np.int32(drawn)) + np.uint32(0x9E3779B9)))
    h = mixed(np.uint32(h + np.uint32(np.uint32(np.int32(stream)) * np.uint32(0x9E3779B1))))
    return (real(np.int32(h >> np.uint32(9))) + real(0.5)) * real(2.0**-23)


"""
RECURRENT = """from ranvier.kernels.cpu.recurrent import ROWS, add_active, multiply
from ranvier.kernels.cpu.vector import LANES

"""
DECORATOR = '@njit(nogil=True, cache=True, error_model="numpy")'


@dataclass(frozen=True)
class Variant:
    """What a call needs of a kernel, so that nothing else is computed.

    outputs: symbols that the forward pass returns. graded: those of them whose gradient arrives in the backward pass.
    per_neuron: coefficients given as one number a neuron. learned: coefficients whose gradient is wanted.
    input_gradient: whether the gradient of the input is wanted.
    mask: the first output, a spike, is written as a byte. in_place: the gradient of the input overwrites that of the first output.
    """

    outputs: tuple[sympy.Symbol, ...]
    per_neuron: frozenset[sympy.Symbol] = frozenset()
    graded: tuple[sympy.Symbol, ...] = ()
    learned: tuple[sympy.Symbol, ...] = ()
    input_gradient: bool = True
    mask: bool = False
    in_place: bool = False
    near: bool = False


def forward_source(loop: Loop, v: Variant) -> str:
    """Kernel `forward(x, out..., state..., coefficient..., width, first, last)`; states are updated in place."""
    constants: dict[float, str] = {}
    dialect = numba_dialect(constants)
    names = _names(loop, v)
    body = step_lines(loop, names, dialect)
    zero = dialect.number(0.0)
    body += [f"o{k}[j] = {names[o]}{f' != {zero}' if v.mask and not k else ''}" for k, o in enumerate(v.outputs)]
    body += [f"w{k}[j] = {names[e]}" for k, e in enumerate(loop.program.after.values())]
    states = range(len(loop.states))
    outs = range(len(v.outputs))
    arguments = ["x", *(f"out{k}" for k in outs), *(f"state{k}" for k in states), *(str(c) for c in loop.coefficients)]
    lines = [
        DECORATOR,
        f"def forward({', '.join(arguments)}, width, first, last):",
        "    T, R, C = x.shape",
        "    tiles = (C + width - 1) // width",
        *constant_lines(constants),
        *(f"    w{k} = np.empty(width, x.dtype)" for k in states),
        "    for q in range(first, last):",
        "        r = q // tiles",
        "        a = (q % tiles) * width",
        "        n = min(width, C - a)",
        *(f"        {c}_ = {c}[a:a + n]" for c in _ordered(loop, v.per_neuron)),
        *_copy("        ", [(f"w{k}[j]", f"state{k}[r, a + j]") for k in states]),
        "        for t in range(T):",
        "            x_ = x[t, r, a:a + n]",
        *(f"            o{k} = out{k}[t, r, a:a + n]" for k in outs),
        "            for j in range(n):",
        *(f"                {line}" for line in [*_reads(loop, v), *body]),
        *_copy("        ", [(f"state{k}[r, a + j]", f"w{k}[j]") for k in states]),
    ]
    return header(loop, "forward over time") + "\n".join(lines) + "\n"


def count_source(loop: Loop, v: Variant) -> str:
    """Kernel `count(x, counts, state..., coefficient..., steps, width, first, last)`: x [R, C] is the input of every step.

    counts [R, C]: the sum over the steps of the first output, which nothing else is written of. States are updated in place.
    """
    constants: dict[float, str] = {}
    dialect = numba_dialect(constants)
    names = _names(loop, v)
    body = step_lines(loop, names, dialect)
    body += [f"sums[j] += {names[v.outputs[0]]}"]
    body += [f"w{k}[j] = {names[e]}" for k, e in enumerate(loop.program.after.values())]
    states = range(len(loop.states))
    arguments = ["x", "counts", *(f"state{k}" for k in states), *(str(c) for c in loop.coefficients), "steps"]
    lines = [
        DECORATOR,
        f"def count({', '.join(arguments)}, width, first, last):",
        "    R, C = x.shape",
        "    tiles = (C + width - 1) // width",
        *constant_lines(constants),
        "    sums = np.empty(width, x.dtype)",
        *(f"    w{k} = np.empty(width, x.dtype)" for k in states),
        "    for q in range(first, last):",
        "        r = q // tiles",
        "        a = (q % tiles) * width",
        "        n = min(width, C - a)",
        "        x_ = x[r, a:a + n]",
        *(f"        {c}_ = {c}[a:a + n]" for c in _ordered(loop, v.per_neuron)),
        *_copy("        ", [("sums[j]", "x.dtype.type(0)"), *((f"w{k}[j]", f"state{k}[r, a + j]") for k in states)]),
        "        for t in range(steps):",
        "            for j in range(n):",
        *(f"                {line}" for line in [*_reads(loop, v), *body]),
        *_copy("        ", [("counts[r, a + j]", "sums[j]"), *((f"state{k}[r, a + j]", f"w{k}[j]") for k in states)]),
    ]
    return header(loop, "spikes counted under constant input") + "\n".join(lines) + "\n"


def backward_source(loop: Loop, v: Variant) -> str:
    """Kernel `backward(x, grad..., x_grad, state..., adjoint..., coefficient..., scalar_grads, neuron_grad..., width, first, last)`.

    state: initial states (read). adjoint: gradient of the final states in, of the initial states out (in place).
    scalar_grads [tiles, K]: partial sums of scalar coefficients' gradients. neuron_grad [R, C]: one for each per-neuron coefficient.
    """
    constants: dict[float, str] = {}
    dialect = numba_dialect(constants)
    names = _names(loop, v)
    forward = step_lines(loop, names, dialect)
    back, learned, scalars, vectors = _adjoint_lines(loop, v, names, dialect)
    states = range(len(loop.states))
    grads = range(len(v.graded))
    arguments = [
        "x", *(f"grad{k}" for k in grads), "x_grad", *(f"state{k}" for k in states), *(f"adjoint{k}" for k in states),
        *(str(c) for c in loop.coefficients), "scalar_grads", *(f"neuron_grad_{c}" for c in vectors),
        *(["near"] if v.near else []),
    ]  # fmt: skip
    lines = [
        DECORATOR,
        f"def backward({', '.join(arguments)}, width, first, last):",
        "    T, R, C = x.shape",
        "    tiles = (C + width - 1) // width",
        *constant_lines(constants),
        *(f"    trace{k} = np.empty((T, width), x.dtype)" for k in states),
        *(f"    w{k} = np.empty(width, x.dtype)" for k in states),
        *(f"    l{k} = np.empty(width, x.dtype)" for k in states),
        *(f"    s_{c} = np.empty(width, x.dtype)" for c in learned),
        "    for q in range(first, last):",
        "        r = q // tiles",
        "        a = (q % tiles) * width",
        "        n = min(width, C - a)",
        *(f"        {c}_ = {c}[a:a + n]" for c in _ordered(loop, v.per_neuron)),
        *_copy("        ", [(f"w{k}[j]", f"state{k}[r, a + j]") for k in states]),
        "        for t in range(T):",
        "            x_ = x[t, r, a:a + n]",
        *(f"            tr{k} = trace{k}[t]" for k in states),
        "            for j in range(n):",
        *(f"                tr{k}[j] = w{k}[j]" for k in states),
        *(f"                {line}" for line in [*_reads(loop, v), *forward]),
        *(f"                w{k}[j] = {names[e]}" for k, e in enumerate(loop.program.after.values())),
        *_copy("        ", [(f"l{k}[j]", f"adjoint{k}[r, a + j]") for k in states]),
        *_copy("        ", [(f"s_{c}[j]", "x.dtype.type(0)") for c in learned]),
        "        for t in range(T - 1, -1, -1):",
        "            x_ = x[t, r, a:a + n]",
        *(f"            gr{k} = grad{k}[t, r, a:a + n]" for k in grads),
        *(["            nr = near[t, r, a:a + n]"] if v.near else []),
        *([f"            xg = {'gr0' if v.in_place else 'x_grad[t, r, a:a + n]'}"] if v.input_gradient else []),
        *(f"            tr{k} = trace{k}[t]" for k in states),
        "            for j in range(n):",
        *(f"                {line}" for line in [*_reads(loop, v, "tr{}"), *forward]),
        *(f"                g_{k} = gr{k}[j]" for k in grads),
        *(f"                l_{k} = l{k}[j]" for k in states),
        *(f"                {line}" for line in back),
        *_copy("        ", [(f"adjoint{k}[r, a + j]", f"l{k}[j]") for k in states]),
        *_copy("        ", [(f"neuron_grad_{c}[r, a + j]", f"s_{c}[j]") for c in vectors]),
    ]
    lines += _totals(scalars)
    return header(loop, "gradients, backward over time") + "\n".join(lines) + "\n"


def recurrent_forward_source(loop: Loop, v: Variant) -> str:
    """Kernel `forward(x, mask, state..., coefficient..., table, first, last)` over rows b of x [T, B, N], updated to the whole input.

    In each step the weights of the neurons that fired in the step before are added to x. table: recurrent weights as `linear.pack`
    lays them. mask: [T, B, N] bytes. One row's states, spikes and input stay in the first-level cache.
    """
    constants: dict[float, str] = {}
    dialect = numba_dialect(constants)
    names = _names(loop, v)
    body = step_lines(loop, names, dialect)
    body += [f"o[j] = {names[v.outputs[0]]} != {dialect.number(0.0)}"]
    body += [f"w{k}[j] = {names[e]}" for k, e in enumerate(loop.program.after.values())]
    states = range(len(loop.states))
    arguments = ["x", "mask", *(f"state{k}" for k in states), *(str(c) for c in loop.coefficients), "table"]
    lines = [
        DECORATOR,
        f"def forward({', '.join(arguments)}, first, last):",
        "    T, B, n = x.shape",
        *constant_lines(constants),
        *(f"    w{k} = np.empty(n, x.dtype)" for k in states),
        "    active, part = np.empty(n + 1, np.int32), np.empty(LANES, x.dtype)",
        *(f"    {c}_ = {c}" for c in _ordered(loop, v.per_neuron)),
        "    for b in range(first, last):",
        "        count = 0",
        *_copy("        ", [(f"w{k}[j]", f"state{k}[b, j]") for k in states]),
        "        for t in range(T):",
        "            x_, o = x[t, b], mask[t, b]",
        "            add_active(x_, table, active, count, part)",
        "            for j in range(n):",
        *(f"                {line}" for line in [*_reads(loop, v), *body]),
        "            count = 0",
        "            for j in range(n):",
        "                active[count] = j",
        "                count += o[j]",
        *_copy("        ", [(f"state{k}[b, j]", f"w{k}[j]") for k in states]),
    ]
    what = "forward over time, with recurrent weights"
    return RECURRENT + header(loop, what) + "\n".join(lines) + "\n"


def recurrent_backward_source(loop: Loop, v: Variant) -> str:
    """Kernel `backward(x, grad, x_grad, state..., adjoint..., last_grad, coefficient..., scalar_grads, neuron_grad..., table, first, last)`.

    Over groups [first, last) of ROWS rows b, so that weights which are read once serve ROWS errors. x: the whole input of each step, as the
    forward kernel left it. x_grad may be grad. last_grad [B, N]: gradient of the output before the first step. table: transposed recurrent
    weights as `linear.pack` lays them. scalar_grads [groups, K], neuron_grad [groups, N]: partial sums.
    """
    constants: dict[float, str] = {}
    dialect = numba_dialect(constants)
    names = _names(loop, v)
    forward = step_lines(loop, names, dialect)
    back, learned, scalars, vectors = _adjoint_lines(loop, v, names, dialect)
    states = range(len(loop.states))
    arguments = [
        "x", "grad", "x_grad", *(f"state{k}" for k in states), *(f"adjoint{k}" for k in states), "last_grad",
        *(str(c) for c in loop.coefficients), "scalar_grads", *(f"neuron_grad_{c}" for c in vectors), "table",
    ]  # fmt: skip
    lines = [
        DECORATOR,
        f"def backward({', '.join(arguments)}, first, last):",
        "    T, B, n = x.shape",
        *constant_lines(constants),
        *(f"    trace{k} = np.empty((ROWS, T, n), x.dtype)" for k in states),
        *(f"    w{k} = np.empty(n, x.dtype)" for k in states),
        *(f"    ls{k} = np.empty((ROWS, n), x.dtype)" for k in states),
        *(f"    s_{c} = np.empty(n, x.dtype)" for c in learned),
        "    gr0 = np.empty(n, x.dtype)",
        "    errors, fed = np.zeros((ROWS, n), x.dtype), np.zeros((ROWS, table.shape[0] * LANES), x.dtype)",
        *(f"    {c}_ = {c}" for c in _ordered(loop, v.per_neuron)),
        "    for q in range(first, last):",
        "        rows = min(ROWS, B - q * ROWS)",
        *_copy("        ", [(f"s_{c}[j]", "x.dtype.type(0)") for c in learned]),
        "        fed[:] = 0",
        "        errors[:] = 0",
        "        for m in range(rows):",
        "            b = q * ROWS + m",
        *_copy("            ", [(f"w{k}[j]", f"state{k}[b, j]") for k in states]),
        *(f"            l{k} = ls{k}[m]" for k in states),
        *_copy("            ", [(f"l{k}[j]", f"adjoint{k}[b, j]") for k in states]),
        "            for t in range(T):",
        "                x_ = x[t, b]",
        *(f"                tr{k} = trace{k}[m, t]" for k in states),
        "                for j in range(n):",
        *(f"                    tr{k}[j] = w{k}[j]" for k in states),
        *(f"                    {line}" for line in [*_reads(loop, v), *forward]),
        *(f"                    w{k}[j] = {names[e]}" for k, e in enumerate(loop.program.after.values())),
        "        for t in range(T - 1, -1, -1):",
        "            for m in range(rows):",
        "                b = q * ROWS + m",
        "                x_, g, f, xg, xo = x[t, b], grad[t, b], fed[m], errors[m], x_grad[t, b]",
        *(f"                tr{k} = trace{k}[m, t]" for k in states),
        *(f"                l{k} = ls{k}[m]" for k in states),
        "                for j in range(n):",
        "                    gr0[j] = g[j] + f[j]",
        "                for j in range(n):",
        *(f"                    {line}" for line in [*_reads(loop, v, "tr{}"), *forward]),
        "                    g_0 = gr0[j]",
        *(f"                    l_{k} = l{k}[j]" for k in states),
        *(f"                    {line}" for line in back),
        "                for j in range(n):",
        "                    xo[j] = xg[j]",
        "            multiply(fed, table, errors)",
        "        for m in range(rows):",
        "            b, f = q * ROWS + m, fed[m]",
        "            for j in range(n):",
        "                last_grad[b, j] = f[j]",
        *(f"            l{k} = ls{k}[m]" for k in states),
        *_copy("            ", [(f"adjoint{k}[b, j]", f"l{k}[j]") for k in states]),
        *_copy("        ", [(f"neuron_grad_{c}[q, j]", f"s_{c}[j]") for c in vectors]),
        *_totals(scalars),
    ]
    what = "gradients, backward over time, with recurrent weights"
    return RECURRENT + header(loop, what) + "\n".join(lines) + "\n"


def graded_coefficients(loop: Loop, v: Variant) -> tuple[list[sympy.Symbol], list[sympy.Symbol]]:
    """The learned coefficients that the step's gradient reaches: (scalars, per-neuron ones), in the kernel's order."""
    reached = derive(loop, v.graded).coefficients
    learned = [c for c in v.learned if c in reached]
    return [c for c in learned if c not in v.per_neuron], [c for c in learned if c in v.per_neuron]


def _adjoint_lines(
    loop: Loop, v: Variant, names: dict[sympy.Symbol, str], dialect: Dialect
) -> tuple[list[str], list[sympy.Symbol], list[sympy.Symbol], list[sympy.Symbol]]:
    """Lines that walk one step back, and the coefficients whose gradients they sum: all, numbers, per-neuron ones."""
    adjoint = derive(loop, v.graded)
    names |= {adjoint_of(s): f"l_{k}" for k, s in enumerate(loop.states)}
    names |= {gradient_of(o): f"g_{k}" for k, o in enumerate(v.graded)}
    back = []
    for k, line in enumerate(adjoint.statements):
        names[line.target] = f"b{k}"
        back.append(f"b{k} = {render(line.value, names, dialect)}")
    learned = [c for c in v.learned if c in adjoint.coefficients]
    back += [f"s_{c}[j] += {render(adjoint.coefficients[c], names, dialect)}" for c in learned]
    if v.input_gradient:
        back.append(f"xg[j] = {render(adjoint.input, names, dialect)}")
    if v.near:
        passed = filter_of(loop, adjoint)
        assert passed is not None
        back.append(f"nr[j] = {render(passed.gain * passed.bar, names, dialect)}")
    back += [f"l{k}[j] = {render(e, names, dialect)}" for k, e in enumerate(adjoint.states.values())]
    return back, learned, [c for c in learned if c not in v.per_neuron], [c for c in learned if c in v.per_neuron]


def _totals(scalars: list[sympy.Symbol]) -> list[str]:
    """Sums over neurons, in float64."""
    lines = []
    for k, c in enumerate(scalars):
        lines += [
            "        total = 0.0",
            "        for j in range(n):",
            f"            total += s_{c}[j]",
            f"        scalar_grads[q, {k}] = total",
        ]
    return lines


def header(loop: Loop, what: str) -> str:
    draws = any(isinstance(line, Assign) and line.value.has(uniform) for line in loop.statements)
    return HEADER.format(name=loop.program.name, what=what, elementary=elementary_digest()) + (RANDOM if draws else "")


@lru_cache(maxsize=1)
def elementary_digest() -> str:
    """Hash of the functions that are compiled into a kernel: one that was compiled with others must not be taken for it."""
    return hashlib.sha256(Path(elementary.__file__).read_bytes()).hexdigest()[:16]


def _names(loop: Loop, v: Variant) -> dict[sympy.Symbol, str]:
    names: dict[sympy.Symbol, str] = {INPUT: "x_j"}
    names |= {s: f"v_{k}" for k, s in enumerate(loop.states)}
    names |= {c: f"{c}_j" if c in v.per_neuron else str(c) for c in loop.coefficients}
    return names


def _reads(loop: Loop, v: Variant, source: str = "w{}") -> list[str]:
    lines = ["x_j = x_[j]"]
    lines += [f"v_{k} = {source.format(k)}[j]" for k in range(len(loop.states))]
    return lines + [f"{c}_j = {c}_[j]" for c in _ordered(loop, v.per_neuron)]


def step_lines(loop: Loop, names: dict[sympy.Symbol, str], dialect: Dialect) -> list[str]:
    one, zero = dialect.number(1.0), dialect.number(0.0)
    lines = []
    spikes: set[sympy.Symbol] = set()  # what is 0 or 1
    for k, line in enumerate(loop.statements):
        match line:
            case Assign(_, value):
                text = _mixture(value, spikes, names, dialect) or render(value, names, dialect)
                spikes |= {line.target} if _is_spike(value, spikes) else set()
            case Detach(target, source):
                text = names[source]
                spikes |= {target} if source in spikes else set()
            case Fire(target, argument, strict, _, None):
                spikes.add(target)
                text = f"{one} if {names[argument]} {'>' if strict else '>='} {zero} else {zero}"
            case Fire(_, _, _, _, soft):
                text = render(soft, names, dialect)
        names[line.target] = f"u{k}"
        lines.append(f"u{k} = {text}")
    return lines


def _is_spike(value: Expr, spikes: set[sympy.Symbol]) -> bool:
    """Whether a value is 0 or 1, as a spike is that is chosen where a neuron is not refractory."""
    values = [pair.args[0] for pair in value.args] if isinstance(value, sympy.Piecewise) else [value]
    return all(found in (0, 1) or found in spikes for found in values)


def _mixture(value: Expr, spikes: set[sympy.Symbol], names: dict[sympy.Symbol, str], dialect: Dialect) -> str | None:
    """a*s + b*(1 - s) of a spike s, as a reset is written, as the choice that it is: one instruction for three, and the same number."""
    if not (isinstance(value, sympy.Add) and len(value.args) == 2):
        return None
    for s in spikes & value.free_symbols:
        for fired, silent in (value.args, value.args[::-1]):
            if s in fired.as_ordered_factors() and 1 - s in silent.as_ordered_factors():
                a, b = fired.xreplace({s: sympy.Integer(1)}), silent.xreplace({s: sympy.Integer(0)})
                yes, no = render(a, names, dialect), render(b, names, dialect)
                return dialect.choose.format(f"({names[s]} != {dialect.number(0.0)})", yes, no)
    return None


def _ordered(loop: Loop, chosen: frozenset[sympy.Symbol]) -> list[sympy.Symbol]:
    return [c for c in loop.coefficients if c in chosen]


def constant_lines(constants: Mapping[float, str]) -> list[str]:
    return [f"    {name} = x.dtype.type({value!r})" for value, name in constants.items()]


def _copy(indent: str, pairs: list[tuple[str, str]]) -> list[str]:
    if not pairs:
        return []
    return [f"{indent}for j in range(n):", *(f"{indent}    {to} = {source}" for to, source in pairs)]
