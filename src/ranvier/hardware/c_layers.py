"""C of synapses, pooling and delays: one function a layer. Work follows what is not zero."""

import math
from collections.abc import Sequence

import numpy as np

from ranvier.hardware.c_source import CSource, comment
from ranvier.hardware.plan import Convolution, Delay, Dense, Gate, Op, Parallel, Pool, Scaled, Weights

CODE_4 = """\
/* Weight k of a table with two of 4 bits a byte. */
static int32_t code_4(const uint8_t *table, int32_t k)
{
    return (int32_t)(((table[k >> 1] >> ((k & 1) * 4)) & 15) ^ 8) - 8;
}"""
CODE_2 = """\
/* Weight k of a table with four of 2 bits a byte. */
static int32_t code_2(const uint8_t *table, int32_t k)
{
    return (int32_t)(((table[k >> 2] >> ((k & 3) * 2)) & 3) ^ 2) - 2;
}"""
HELPERS = {"code_4": CODE_4, "code_2": CODE_2}


def packed(codes: np.ndarray, bits: int) -> np.ndarray:
    """Codes of 2 or 4 bits as bytes, first in the lowest bits."""
    each = 8 // bits
    flat = codes.ravel().astype(np.int64) & (2**bits - 1)
    flat = np.concatenate([flat, np.zeros(-len(flat) % each, dtype=flat.dtype)]).reshape(-1, each)
    return (flat * 2 ** (bits * np.arange(each))).sum(1).astype(np.uint8)


def weights(c: CSource, name: str, w: Weights, arranged: np.ndarray) -> str:
    """Writes a table of weights; returns text with {} for the place, which reads one. arranged: indices into the weights."""
    if w.codes is None:
        c.table(name, c.real, w.values.ravel()[arranged])
        return f"{name}[{{}}]"
    codes = w.codes.ravel()[arranged]
    assert w.bits is not None
    if w.bits <= 4:
        width = 2 if w.bits == 2 else 4
        c.helpers.add(f"code_{width}")
        c.table(name, "uint8_t", packed(codes, width))
        read = f"code_{width}({name}, {{}})"
    else:
        c.table(name, "int8_t" if w.bits <= 8 else "int16_t", codes)
        read = f"{name}[{{}}]"
    return f"({c.real}){read}" if c.floating else read


def layer(c: CSource, op: Op, before: str, after: str) -> None:
    """Writes the function of an operation, `layer_PLACE(x, y)`. before, after: types of its input and output."""
    name = f"layer_{op.place.replace('.', '_')}"
    kinds = {Dense: _dense, Convolution: _convolution, Pool: _pool, Gate: _gate, Delay: _delay, Scaled: _scale}
    body = kinds[type(op)](c, op, name, before, after)
    title = f"/* {comment(op.label)}: {list(op.before)} -> {list(op.after)} */"
    head = f"static void {name}({parameters((before,), after)})"
    c.functions.append(f"{title}\n{head}\n{{\n{body}\n}}")


def addition(c: CSource, op: Parallel, befores: Sequence[str], after: str) -> None:
    """Writes the function that adds what the branches of a sum bring, `layer_PLACE(x, x1, y)`."""
    name, terms = f"layer_{op.place.replace('.', '_')}", [f"x{k or ''}[k]" for k in range(len(befores))]
    c.functions.append(
        f"/* {comment(op.label)}: the sum of its branches */\nstatic void {name}({parameters(befores, after)})\n{{\n"
        f"    for (int32_t k = 0; k < {math.prod(op.after)}; k++) y[k] = {' + '.join(terms)};\n}}"
    )


def parameters(befores: Sequence[str], after: str) -> str:
    """Inputs x, x1, ... of these types, and the output y."""
    return ", ".join([*(f"const {kind} *x{k or ''}" for k, kind in enumerate(befores)), f"{after} *y"])


def scaled(c: CSource, name: str, w: Weights | None, bias: np.ndarray | None, after: tuple[int, ...]) -> str:
    """Line that turns sums of codes into values and adds the bias, where values are floating point; else nothing."""
    if not c.floating:
        return ""
    size, shape = math.prod(after), (-1, *(1 for _ in after[1:]))
    factor = (
        ""
        if w is None or w.scale is None
        else f" * {c.per_neuron(f'{name}_scale', c.real, w.scale.reshape(shape), after)}"
    )
    plus = "" if bias is None else f" + {c.per_neuron(f'{name}_bias', c.real, bias.reshape(shape), after)}"
    if not factor and not plus:
        return ""
    return f"\n    for (int32_t k = 0; k < {size}; k++) y[k] = y[k]{factor}{plus};"


def _term(before: str, weight: str) -> str:
    """An input times a weight; a spike is 1."""
    return weight if before == "uint8_t" else f"s * {weight}"


def _input(before: str, place: str) -> str:
    """Lines that take one input, or go on where it is zero."""
    if before == "uint8_t":
        return f"if (x[{place}] == 0) continue;"
    return f"const {before} s = x[{place}];\n        if (s == 0) continue;"


def _dense(c: CSource, op: Dense, name: str, before: str, after: str) -> str:
    (inputs,), (outputs,) = op.before, op.after
    segments = len(op.weights.values)
    arranged = np.arange(op.weights.values.size).reshape(segments, outputs, inputs).transpose(0, 2, 1).ravel()
    read = weights(c, f"{name}_weight", op.weights, arranged)
    first, lines = "", []
    if segments > 1:
        c.static(f"{name}_steps", "int32_t", 1)
        lines = [
            f"    const int32_t t = {name}_steps[0];",
            f"    const int32_t first = (t < {op.steps} ? t * {segments} / {op.steps} : {segments - 1}) * {inputs * outputs};",
            f"    if (t < {op.steps}) {name}_steps[0] = t + 1;",
        ]
        first = "first + "
    weight = read.format(f"{first}j * {outputs} + k")
    lines += [
        f"    for (int32_t k = 0; k < {outputs}; k++) y[k] = 0;",
        f"    for (int32_t j = 0; j < {inputs}; j++) {{",
        f"        {_input(before, 'j')}",
        f"        for (int32_t k = 0; k < {outputs}; k++) y[k] += {_term(before, weight)};",
        "    }",
    ]
    return "\n".join(lines) + scaled(c, name, op.weights, op.bias, op.after)


def _convolution(c: CSource, op: Convolution, name: str, before: str, after: str) -> str:
    (channels, height, width), (outputs, rows, columns) = op.before, op.after
    (kh, kw), (sh, sw), (ph, pw), groups = op.weights.values.shape[2:], op.stride, op.padding, op.groups
    inside, outside = channels // groups, outputs // groups
    places = np.arange(op.weights.values.size).reshape(groups, outside, inside, kh, kw).transpose(0, 2, 3, 4, 1).ravel()
    read = weights(c, f"{name}_weight", op.weights, places)
    weight = read.format("w + o")
    group = f"c / {inside}" if groups > 1 else "0"
    return f"""\
    for (int32_t k = 0; k < {outputs * rows * columns}; k++) y[k] = 0;
    for (int32_t j = 0; j < {channels * height * width}; j++) {{
        {_input(before, "j")}
        const int32_t c = j / {height * width}, row = j / {width} % {height}, column = j % {width};
        for (int32_t a = 0; a < {kh}; a++) {{
            const int32_t r = row + {ph} - a;
            if (r < 0 || r % {sh} != 0 || r / {sh} >= {rows}) continue;
            for (int32_t b = 0; b < {kw}; b++) {{
                const int32_t q = column + {pw} - b;
                if (q < 0 || q % {sw} != 0 || q / {sw} >= {columns}) continue;
                const int32_t w = ((c * {kh} + a) * {kw} + b) * {outside};
                {after} *target = y + ({group}) * {outside * rows * columns} + r / {sh} * {columns} + q / {sw};
                for (int32_t o = 0; o < {outside}; o++) target[o * {rows * columns}] += {_term(before, weight)};
            }}
        }}
    }}""" + scaled(c, name, op.weights, op.bias, op.after)


def _pool(c: CSource, op: Pool, name: str, before: str, after: str) -> str:
    (channels, height, width), (_, rows, columns) = op.before, op.after
    (kh, kw), (sh, sw) = op.kernel, op.stride
    if op.kind == "max":
        start, each = f"{after} v = corner[0];", f"if (corner[a * {width} + b] > v) v = corner[a * {width} + b];"
    else:
        start, each = f"{after} v = 0;", f"v += corner[a * {width} + b];"
    divided = f" / {c.number(kh * kw)}" if op.kind == "mean" and c.floating else ""
    return f"""\
    for (int32_t k = 0; k < {channels * rows * columns}; k++) {{
        const {before} *corner = x + (k / {rows * columns} * {height} + k / {columns} % {rows} * {sh}) * {width} + k % {columns} * {sw};
        {start}
        for (int32_t a = 0; a < {kh}; a++) {{
            for (int32_t b = 0; b < {kw}; b++) {each}
        }}
        y[k] = v{divided};
    }}"""


def _gate(c: CSource, op: Gate, name: str, before: str, after: str) -> str:
    (channels, height, width), (_, rows, columns) = op.before, op.after
    (kh, kw), (sh, sw), (ph, pw), (dh, dw) = op.kernel, op.stride, op.padding, op.dilation
    size = channels * height * width
    kind = "int32_t" if before == "uint8_t" else c.real if c.floating else "int64_t"
    c.static(f"{name}_total", kind, size)
    return f"""\
    for (int32_t k = 0; k < {channels * rows * columns}; k++) {{
        const int32_t top = k / {columns} % {rows} * {sh} - {ph}, left = k % {columns} * {sw} - {pw};
        {kind} last = 0, now = 0;
        int32_t seen = 0;
        for (int32_t a = 0; a < {kh}; a++) {{
            const int32_t r = top + a * {dh};
            if (r < 0 || r >= {height}) continue;
            for (int32_t b = 0; b < {kw}; b++) {{
                const int32_t q = left + b * {dw};
                if (q < 0 || q >= {width}) continue;
                const int32_t j = (k / {rows * columns} * {height} + r) * {width} + q;
                const {kind} total = {name}_total[j], sum = total + x[j];
                if (!seen || total > last) last = total;
                if (!seen || sum > now) now = sum;
                seen = 1;
            }}
        }}
        y[k] = ({after})(now - last);
    }}
    for (int32_t j = 0; j < {size}; j++) {name}_total[j] += x[j];"""


def _scale(c: CSource, op: Scaled, name: str, before: str, after: str) -> str:
    factor = c.per_neuron(f"{name}_factor", c.real, op.factor, op.after)
    plus = "" if op.offset is None else f" + {c.per_neuron(f'{name}_offset', c.real, op.offset, op.after)}"
    return f"    for (int32_t k = 0; k < {math.prod(op.after)}; k++) y[k] = x[k] * {factor}{plus};"


def _delay(c: CSource, op: Delay, name: str, before: str, after: str) -> str:
    size, past = math.prod(op.before), (op.count - 1) * math.prod(op.before)
    lines = [f"    for (int32_t k = 0; k < {size}; k++) y[k] = x[k];"]
    if past:
        c.static(f"{name}_past", before, past)
        lines.append(f"    for (int32_t k = 0; k < {past}; k++) y[{size} + k] = {name}_past[k];")
        lines.append(f"    for (int32_t k = 0; k < {past}; k++) {name}_past[k] = y[k];")
    return "\n".join(lines)
