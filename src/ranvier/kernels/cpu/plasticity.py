"""Plastic synapses in a simulated network: source of the kernel that brings a stretch of them up to date, written from a rule.

A synapse is looked at when a spike arrives at it, and once in `SPAN` steps. What the postsynaptic neuron fired since is in its history; the
traces of the synapse decay from one of these events to the next by a table of exp(-k dt / tau). A rule with `each_step` has a second kernel, written
from the same text, which ends every step for all its synapses and leaves their traces as the next step finds them.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import sympy

from ranvier.equations.functions import Expr
from ranvier.kernels.cpu.cache import load
from ranvier.kernels.cpu.population import LANES
from ranvier.kernels.cpu.source import DECORATOR, HEADER, constant_lines, elementary_digest
from ranvier.kernels.printing import Dialect, numba_dialect, render

SPAN = 16384  # steps between two looks at every synapse, and spikes of which a neuron's history has room
WORD = 0xFFFF

ARGUMENTS = (
    "data, values, at, tables, table, posts, states, shift, low, high, step, visited, pending, arrives, "
    "place, size, port, history, counts, line, base"
)
"""Of every kernel that visits the synapses [low, high) of a row in a step.

values[at:]: the rule's parameters; tables[table:]: a table of SPAN + 1 decays a trace. posts: postsynaptic neurons; synapse e has weight and traces at
states[e * fields + shift]. visited: step of the last visit; pending: whether a spike arrived then; arrives: whether one does now, to be added at
data[place + ...]. history[k * len(counts) + line + j]: steps since `base` in which neuron j fired. counts[line + j]: how many, and the last three of them, the
latest first, in words of 16 bits: a synapse has seldom missed more, and the history is far away in memory.
"""


def visit_source(
    name: str,
    traces: Sequence[str],
    rests: Mapping[str, Expr],
    on_pre: Mapping[str, Expr],
    on_post: Mapping[str, Expr],
    transmit: Expr,
    parameters: Sequence[str],
    pre_first: bool,
    clocked: bool = False,
) -> str:
    """Kernel `visit`, see `ARGUMENTS`. on_pre, on_post, transmit, rests: in the symbols of w, the traces and the parameters.

    clocked: the synapses are swept in every step (`sweep_source`), so that traces have decayed already when a spike arrives.
    """
    constants: dict[float, str] = {}
    dialect = numba_dialect(constants)
    fields = ("w", *traces)
    names = {sympy.Symbol(k, real=True): f"s_{k}" for k in fields} | {
        sympy.Symbol(k, real=True): f"a_{k}" for k in parameters
    }
    jump, fire, together = _spikes(on_pre, on_post, pre_first, names, dialect)
    arrive = _assign({k: e for k, e in on_pre.items() if k == "w"}, names, dialect)

    def decay(lapse: str) -> list[str]:
        if clocked:
            return []
        return [
            _decay(t, f"get(tables, table + {k * (SPAN + 1)} + {lapse})", rests, names, dialect)
            for k, t in enumerate(traces)
        ]

    until_fired, until_now, sent = decay("fired - now"), decay("step - now"), render(transmit, names, dialect)
    earliest = (
        "last if k == 1 else second if k == 2 else third if k == 3 else base + np.int64(get(history, end - k * lines))"
    )
    lines = [
        DECORATOR,
        f"def visit({ARGUMENTS}):",
        "    lines = len(counts)",
        *(line.replace("x.dtype", "data.dtype") for line in constant_lines(constants)),
        *(f"    a_{k} = values[at + {j}]" for j, k in enumerate(parameters)),
        "    for e in range(low, high):",
        "        j = np.int64(get(posts, e))",
        f"        i = e * {len(fields)} + shift",
        *(f"        s_{k} = get(states, i + {j})" for j, k in enumerate(fields)),
        "        now, word = visited, get(counts, line + j)",
        f"        n, last = word & {WORD}, base + ((word >> 16) & {WORD})",
        f"        second, third = base + ((word >> 32) & {WORD}), base + ((word >> 48) & {WORD})",
        "        end = n * lines + line + j",
        "        k = 0  # spikes that this synapse has not seen",
        "        if n > 0 and last >= visited:",
        "            k = 1",
        "            if n > 1 and second >= visited:",
        "                k = 2",
        "                if n > 2 and third >= visited:",
        "                    k = 3",
        "                    while k < n and base + np.int64(get(history, end - (k + 1) * lines)) >= visited:",
        "                        k += 1",
        "        if pending:",
        f"            if k > 0 and ({earliest}) == visited:",
        *(f"                {line}" for line in together),
        "                k -= 1",
        "            else:",
        *(f"                {line}" for line in (jump or ["pass"])),
        "        while k > 0:",
        f"            fired = {earliest}",
        *(f"            {line}" for line in [*until_fired, *fire]),
        "            now = fired",
        "            k -= 1",
        *(f"        {line}" for line in until_now),
        "        if arrives:",
        f"            to = place + (j // {LANES}) * size + port + j % {LANES}",
        f"            put(data, to, get(data, to) + {sent})",
        *(f"            {line}" for line in arrive),
        *(f"        put(states, i + {j}, s_{k})" for j, k in enumerate(fields)),
        "    return 0",
    ]
    text = HEADER.format(name=name, what="a visit to plastic synapses", elementary=elementary_digest())
    return "from ranvier.kernels.cpu.raw import get, put\n\n" + text + "\n".join(lines) + "\n"


SWEPT = "data, values, at, tables, table, posts, states, shift, low, high, arrived, firing, line, place, size, reads, read, moods, mood"
"""Of every kernel that ends a step for the synapses [low, high) of a row.

arrived: whether a spike arrived at them in the step; firing[line + j]: whether neuron j fired. Its states stand at data[place + ... + reads[read + k]],
the modulators at moods[mood:]. The others: see `ARGUMENTS`.
"""


def sweep_source(
    name: str,
    traces: Sequence[str],
    rests: Mapping[str, Expr],
    on_pre: Mapping[str, Expr],
    on_post: Mapping[str, Expr],
    each_step: Mapping[str, Expr],
    parameters: Sequence[str],
    modulators: Sequence[str],
    reads: Sequence[str],
    pre_first: bool,
) -> str:
    """Kernel `sweep`, see `SWEPT`: the spikes of a step, `each_step`, and the decay of traces until the next step begins.

    Expressions are in the symbols of w, traces, modulators and parameters, and in `post_<state>`. parameters: of all that `values` hold, in order.
    """
    constants: dict[float, str] = {}
    dialect = numba_dialect(constants)
    fields = ("w", *traces)
    names = {sympy.Symbol(k, real=True): f"s_{k}" for k in fields} | {
        sympy.Symbol(k, real=True): f"a_{k}" for k in parameters
    }
    names |= {sympy.Symbol(k, real=True): f"m_{k}" for k in modulators}
    names |= {sympy.Symbol(f"post_{k}", real=True): f"p_{k}" for k in (*reads, "spike")}
    jump, fire, together = _spikes(on_pre, on_post, pre_first, names, dialect)
    each = _assign(each_step, names, dialect)
    fade = [_decay(t, f"f_{t}", rests, names, dialect) for t in traces]
    lines = [
        DECORATOR,
        f"def sweep({SWEPT}):",
        *(line.replace("x.dtype", "data.dtype") for line in constant_lines(constants)),
        *(f"    a_{k} = values[at + {j}]" for j, k in enumerate(parameters)),
        *(f"    m_{k} = data.dtype.type(moods[mood + {j}])" for j, k in enumerate(modulators)),
        *(f"    o_{k} = reads[read + {j}]" for j, k in enumerate(reads)),
        *(f"    f_{t} = get(tables, table + {k * (SPAN + 1) + 1})" for k, t in enumerate(traces)),
        "    for e in range(low, high):",
        "        j = np.int64(get(posts, e))",
        f"        i = e * {len(fields)} + shift",
        *(f"        s_{k} = get(states, i + {j})" for j, k in enumerate(fields)),
        "        fired = get(firing, line + j)",
        "        if arrived:",
        "            if fired != 0:",
        *(f"                {line}" for line in (together or ["pass"])),
        "            else:",
        *(f"                {line}" for line in (jump or ["pass"])),
        "        elif fired != 0:",
        *(f"            {line}" for line in (fire or ["pass"])),
        f"        w = place + (j // {LANES}) * size + j % {LANES}",
        *(f"        p_{k} = get(data, w + o_{k})" for k in reads),
        "        p_spike = data.dtype.type(fired)",
        *(f"        {line}" for line in [*each, *fade]),
        *(f"        put(states, i + {j}, s_{k})" for j, k in enumerate(fields)),
        "    return 0",
    ]
    text = HEADER.format(name=name, what="the end of a step for plastic synapses", elementary=elementary_digest())
    return "from ranvier.kernels.cpu.raw import get, put\n\n" + text + "\n".join(lines) + "\n"


def _spikes(
    on_pre: Mapping[str, Expr],
    on_post: Mapping[str, Expr],
    pre_first: bool,
    names: Mapping[sympy.Symbol, str],
    dialect: Dialect,
) -> tuple[list[str], list[str], list[str]]:
    """What traces do at a presynaptic spike, all at a postsynaptic one, and both in one step. (The weight hears of the former as it arrives.)"""
    before = {k: e for k, e in on_pre.items() if k != "w"}
    jump, fire = _assign(before, names, dialect), _assign(on_post, names, dialect)
    if pre_first:
        return jump, fire, [*jump, *fire]
    own = {
        k: sympy.Symbol(k, real=True) for k in before
    }  # a variable that both change is changed twice; neither sees the other's jumps
    both = before | {k: e.subs(own[k], before[k]) if k in before else e for k, e in on_post.items()}
    return jump, fire, _assign(both, names, dialect)


def _decay(
    trace: str, factor: str, rests: Mapping[str, Expr], names: Mapping[sympy.Symbol, str], dialect: Dialect
) -> str:
    if rests[trace].is_zero:
        return f"s_{trace} = s_{trace} * {factor}"
    back = render(rests[trace], names, dialect)
    return f"s_{trace} = {back} + (s_{trace} - {back}) * {factor}"


def _assign(changes: Mapping[str, Expr], names: Mapping[sympy.Symbol, str], dialect: Dialect) -> list[str]:
    """All at once: every right-hand side sees the values before. The weight is clipped."""
    lines = [f"n_{k} = {render(e, names, dialect)}" for k, e in changes.items()]
    lines += [f"s_{k} = min(max(n_w, a_w_min), a_w_max)" if k == "w" else f"s_{k} = n_{k}" for k in changes]
    return lines


@lru_cache(maxsize=256)
def visit_kernel(source: str) -> Any:
    """The compiled visit of a rule."""
    return load(source, "plasticity").visit


@lru_cache(maxsize=256)
def sweep_kernel(source: str) -> Any:
    """The compiled sweep of a rule."""
    return load(source, "plasticity").sweep
