"""Plastic synapses in a simulated network: source of the kernel that brings a stretch of them up to date, written from a rule.

A synapse is looked at when a spike arrives at it, and once in `SPAN` steps. What the postsynaptic neuron fired since is in its history; the
traces of the synapse decay from one of these events to the next by a table of exp(-k dt / tau).
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import sympy

from ranvier.equations.functions import Expr
from ranvier.kernels.cpu.cache import load
from ranvier.kernels.cpu.population import LANES
from ranvier.kernels.cpu.source import DECORATOR, HEADER, _constants, _elementary
from ranvier.kernels.printing import Dialect, numba_dialect, render

SPAN = 1024  # steps between two looks at every synapse, and spikes of which a neuron's history has room

ARGUMENTS = (
    "data, values, at, tables, table, posts, states, shift, low, high, step, visited, pending, arrives, "
    "place, size, port, history, counts, line, base"
)
"""Of every kernel that visits the synapses [low, high) of a row in a step.

values[at:]: the rule's parameters; tables[table:]: a table of SPAN + 1 decays a trace. posts: postsynaptic neurons; synapse e has weight and traces at
states[e * fields + shift]. visited: step of the last visit; pending: whether a spike arrived then; arrives: whether one does now, to be added at
data[place + ...]. history[(line + j) * SPAN:]: steps since `base` in which neuron j fired, counts[line + j] of them.
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
) -> str:
    """Kernel `visit`, see `ARGUMENTS`. on_pre, on_post, transmit, rests: in the symbols of w, the traces and the parameters."""
    constants: dict[float, str] = {}
    dialect = numba_dialect(constants)
    fields = ("w", *traces)
    names = {sympy.Symbol(k, real=True): f"s_{k}" for k in fields} | {sympy.Symbol(k, real=True): f"a_{k}" for k in parameters}
    only_traces = {k: e for k, e in on_pre.items() if k != "w"}
    jump = _assign(only_traces, names, dialect)
    fire = _assign(on_post, names, dialect)
    if pre_first:
        together = [*jump, *fire]
    else:
        weight = _assign({k: e for k, e in on_post.items() if k == "w"}, names, dialect)
        together = [*weight, *jump, *_assign({k: e for k, e in on_post.items() if k != "w"}, names, dialect)]
    arrive = _assign({k: e for k, e in on_pre.items() if k == "w"}, names, dialect)
    rest = {k: render(rests[k], names, dialect) for k in traces}
    zero = dialect.number(0.0)

    def decay(lapse: str) -> list[str]:
        lines = []
        for k, trace in enumerate(traces):
            factor = f"get(tables, table + {k * (SPAN + 1)} + {lapse})"
            back = rest[trace]
            lines.append(f"s_{trace} = s_{trace} * {factor}" if back == zero else f"s_{trace} = {back} + (s_{trace} - {back}) * {factor}")
        return lines

    lines = [
        DECORATOR,
        f"def visit({ARGUMENTS}):",
        *(line.replace("x.dtype", "data.dtype") for line in _constants(constants)),
        *(f"    a_{k} = values[at + {j}]" for j, k in enumerate(parameters)),
        "    for e in range(low, high):",
        "        j = np.int64(get(posts, e))",
        f"        i = e * {len(fields)} + shift",
        *(f"        s_{k} = get(states, i + {j})" for j, k in enumerate(fields)),
        f"        row, n, now = (line + j) * {SPAN}, np.int64(get(counts, line + j)), visited",
        "        k = n",
        "        while k > 0 and base + np.int64(get(history, row + k - 1)) >= visited:",
        "            k -= 1",
        "        if pending:",
        "            if k < n and base + np.int64(get(history, row + k)) == visited:",
        *(f"                {line}" for line in together),
        "                k += 1",
        "            else:",
        *(f"                {line}" for line in (jump or ["pass"])),
        "        while k < n:",
        "            fired = base + np.int64(get(history, row + k))",
        *(f"            {line}" for line in [*decay("fired - now"), *fire]),
        "            now = fired",
        "            k += 1",
        *(f"        {line}" for line in decay("step - now")),
        "        if arrives:",
        f"            to = place + (j // {LANES}) * size + port + j % {LANES}",
        f"            put(data, to, get(data, to) + {render(transmit, names, dialect)})",
        *(f"            {line}" for line in arrive),
        *(f"        put(states, i + {j}, s_{k})" for j, k in enumerate(fields)),
        "    return 0",
    ]
    text = HEADER.format(name=name, what="a visit to plastic synapses", elementary=_elementary())
    return "from ranvier.kernels.cpu.raw import get, put\n\n" + text + "\n".join(lines) + "\n"


def _assign(changes: Mapping[str, Expr], names: Mapping[sympy.Symbol, str], dialect: Dialect) -> list[str]:
    """All at once: every right-hand side sees the values before. The weight is clipped."""
    lines = [f"n_{k} = {render(e, names, dialect)}" for k, e in changes.items()]
    lines += [f"s_{k} = min(max(n_w, a_w_min), a_w_max)" if k == "w" else f"s_{k} = n_{k}" for k in changes]
    return lines


@lru_cache(maxsize=256)
def visit_kernel(source: str) -> Any:
    """The compiled visit of a rule."""
    return load(source, "plasticity").visit
