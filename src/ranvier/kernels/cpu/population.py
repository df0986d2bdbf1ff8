"""The step of a population in a simulated network: source of the kernel, written from a `Loop`, and the layout that it works on.

Layout: neurons stand in blocks of `LANES`; a block holds one *field* after another, each of LANES numbers: what has arrived at each port that is
not late (`late.py`), the states, the coefficients that differ from neuron to neuron. All fields of a block have one base and known distances, so the loop over
a block is vectorised, and the ports that synapses write lie beside the states that read them.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import sympy

from ranvier.equations.lowering import Loop
from ranvier.equations.program import INPUT, port
from ranvier.kernels.cpu.cache import load
from ranvier.kernels.cpu.compile import kernel, kernel_inline
from ranvier.kernels.cpu.elementary import LEAST, MOST
from ranvier.kernels.cpu.late import without
from ranvier.kernels.cpu.near import decays, near, where_near
from ranvier.kernels.cpu.noise import bits, keys_at
from ranvier.kernels.cpu.raw import get, put
from ranvier.kernels.cpu.source import DECORATOR, constant_lines, header, step_lines
from ranvier.kernels.printing import numba_dialect, render

CONSTANT, ALIKE, EACH = range(3)  # currents: constant; that change in time, one for all neurons, or one for each
LANES = 128  # neurons of a block: long enough for any vector, short enough that threads can share a thousand neurons
WORDS = LANES // 8  # of the mask of a block

IMPORTS = """from ranvier.kernels.cpu.elementary import exprel_near
from ranvier.kernels.cpu.interleave import interleave, some
from ranvier.kernels.cpu.population import collect
from ranvier.kernels.cpu.raw import get, put

"""
INLINED = '@njit(forceinline=True, error_model="numpy")'
ARGUMENTS = "data, values, mask, words, fired, place, numbers, n, born, first, last, count, key, step"
"""Of every kernel that takes a population one step on, blocks [first, last) of it.

data, values: numbers of all populations; this one's blocks begin at data[place], its common coefficients at values[numbers].
n: neurons; born: number of the first of them in the network. fired: where numbers of neurons that fire are written, from `count` on; the
kernel returns where they end. mask: a byte of scratch for each neuron of these blocks, and `words` the same memory as eight-byte words. key, step: for
random numbers.
"""


@dataclass(frozen=True)
class Layout:
    """Which field of a block is what: impulses of the ports that are not late, then the states, then the coefficients `each` that differ between neurons.

    late: ports whose impulses are added to a state once the step is done: port, number of the state, and with which sign.
    current: whether the injected current differs between neurons; it is then the last field, else the last of the common numbers.
    """

    ports: int
    states: int
    each: tuple[sympy.Symbol, ...] = ()
    current: bool = False
    pulse: bool = False  # the impulses of port 0 are a current that lasts a step
    late: tuple[tuple[int, int, int], ...] = ()
    timed: int = CONSTANT  # else the common numbers end with how many rows there are, and the rows, of which step k has number k % rows

    @property
    def held(self) -> tuple[int, ...]:
        """The ports that have a field."""
        return tuple(k for k in range(self.ports) if k not in {late[0] for late in self.late})

    def arrival(self, port: int) -> tuple[int, int, bool]:
        """Where impulses of a port are added: the field, their sign there, and whether they come late, after the step."""
        for k, state, sign in self.late:
            if k == port:
                return len(self.held) + state, sign, True
        return self.held.index(port), 1, False

    @property
    def fields(self) -> int:
        """Fields of a block."""
        return len(self.held) + self.states + len(self.each) + self.current

    @property
    def size(self) -> int:
        """Numbers of a block."""
        return self.fields * LANES


def update_source(loop: Loop, layout: Layout) -> str:
    """Kernel `update`, see `ARGUMENTS`: one step of a model's equations.

    Where a block's neurons have small exponents (`near.py`), `lane_near` takes the step instead of `lane`, after a look at all of them by `far`.
    """
    constants: dict[float, str] = {}
    dialect = numba_dialect(constants)
    dialect = replace(dialect, functions={**dialect.functions, near: "exprel_near"})
    first_port = 1 if layout.pulse else 0
    loop = without(loop, [k - first_port for k, _, _ in layout.late])
    program, held = loop.program, layout.held
    at = {s: len(held) + k for k, s in enumerate((*program.states, *layout.each))}
    common = [c for c in loop.coefficients if c not in layout.each]
    names: dict[sympy.Symbol, str] = {INPUT: "i_j"}
    names |= {s: f"v_{k}" for k, s in enumerate(program.states)}
    names |= {c: f"{c}_j" if c in layout.each else str(c) for c in loop.coefficients}
    names |= {port(k, sign): f"p{k + first_port}" for k in range(layout.ports - first_port) for sign in (-1, 0, 1)}
    read = [f"p{k} = get(data, w + {f * LANES} + j)" for f, k in enumerate(held)]
    read += [f"{names[s]} = get(data, w + {f * LANES} + j)" for s, f in at.items()]
    current = f"get(data, w + {(layout.fields - 1) * LANES} + j)" if layout.current else "current"
    current = f"get(values, row + q * {LANES} + j)" if layout.timed == EACH else current
    read += [f"i_j = {current}{' + p0' if layout.pulse else ''}"]
    zero = dialect.number(0.0)

    def lane(name: str, loop: Loop) -> list[str]:
        """The function that takes one neuron a step on."""
        own = dict(names)
        body = step_lines(loop, own, dialect)
        write = [f"put(data, w + {f * LANES} + j, {zero})" for f in range(len(held))]
        write += [f"put(data, w + {at[s] * LANES} + j, {own[e]})" for s, e in program.after.items() if own[e] != own[s]]
        write += [f"put(mask, at + j, {own[program.output]} != {zero})"] if program.fires else []
        return function(name, [*read, *body, *write])

    def function(name: str, body: list[str]) -> list[str]:
        numbers = [line.replace("x.dtype", "data.dtype") for line in constant_lines(constants)]
        return [
            INLINED,
            f"def {name}({', '.join(['j', *taken])}):",
            *numbers,
            *(f"    {line}" for line in body),
            "",
            "",
        ]

    current_lines, timed = _current_lines(layout, len(common))
    taken = ["data", "values", "mask", "at", "w", *timed, *(str(c) for c in common)]
    functions = lane("lane", loop)
    step = [f"interleave(lane, m, ({', '.join(taken)}))"]
    small = decays(loop)
    if small:
        least, most = dialect.number(LEAST), dialect.number(MOST)
        within = " and ".join(f"{least} <= {render(z, names, dialect)} <= {most}" for z in small)
        functions += lane("lane_near", where_near(loop, small))
        functions += function("far", [*read, f"return np.int32(0) if {within} else np.int32(1)"])
        given = f"m, ({', '.join(taken)})"
        step = [
            f"if some(far, {given}):",
            f"    interleave(lane, {given})",
            "else:",
            f"    interleave(lane_near, {given})",
        ]
    lines = [
        *functions,
        DECORATOR,
        f"def update({ARGUMENTS}):",
        *(f"    {c} = values[numbers + {k}]" for k, c in enumerate(common)),
        *current_lines,
        "    for q in range(first, last):",
        f"        at, w = (q - first) * {LANES}, place + q * {layout.size}",
        f"        m = {LANES} - max(0, (q + 1) * {LANES} - n)",  # from which the compiler sees that no field reaches into the next one
        *(f"        {line}" for line in step),
        f"    return {'collect(mask, words, n, born, first, last, fired, count)' if program.fires else 'count'}",
    ]
    return IMPORTS + header(loop, "one step of a population") + "\n".join(lines) + "\n"


def _current_lines(layout: Layout, common: int) -> tuple[list[str], list[str]]:
    """Before the loop: the current, or where its row stands; and what of that a lane needs."""
    if layout.timed == CONSTANT:
        return ([], []) if layout.current else ([f"    current = values[numbers + {common}]"], ["current"])
    wide = "n" if layout.timed == EACH else "1"
    row = f"    row = numbers + {common + 1} + step % np.int64(values[numbers + {common}]) * {wide}"
    return ([row], ["row", "q"]) if layout.timed == EACH else ([row, "    current = values[row]"], ["current"])


def common_coefficients(loop: Loop, layout: Layout) -> list[sympy.Symbol]:
    """The coefficients that all neurons share, in the order in which `update` reads them."""
    return [c for c in loop.coefficients if c not in layout.each]


@lru_cache(maxsize=256)
def update_kernel(loop: Loop, layout: Layout) -> Callable[..., int]:
    """The compiled step of a model."""
    return load(update_source(loop, layout), "population").update


@kernel_inline
def collect(mask, words, n, born, first, last, fired, count):
    """Writes the numbers of the neurons whose byte is set, from fired[count] on; returns where they end.

    After all blocks, not after each: that one holds a spike is a surprise to the processor, and what it throws away then would be the next one's step.
    """
    own = n - first * LANES
    for j in range(own, (last - first) * LANES):
        put(mask, j, np.uint8(0))
    for q in range(last - first):
        found = get(words, q * WORDS)
        for k in range(q * WORDS + 1, (q + 1) * WORDS):
            found |= get(words, k)
        if found != 0:
            for k in range(q * WORDS, (q + 1) * WORDS):
                if get(words, k) != 0:
                    for j in range(8 * k, min(8 * k + 8, own)):
                        put(fired, count, np.int32(born + first * LANES + j))
                        count += np.int64(get(mask, j))
    return count


@kernel
def poisson_source(data, values, mask, words, fired, place, numbers, n, born, first, last, count, key, step):
    """Step of a population that fires at random, each neuron with a probability.

    values from `numbers` on: 1 where all neurons have the same, else n; how many rows there are, and the rows, of which step k has number k % rows.
    """
    low, high = keys_at(key, step)
    width = np.int64(values[numbers])
    row = numbers + 2 + step % np.int64(values[numbers + 1]) * width
    limit = np.uint32(min(np.float64(values[row]) * 4294967296.0, 4294967295.0))
    for q in range(first, last):
        at, m = (q - first) * LANES, min(LANES, n - q * LANES)
        if width > 1:
            for j in range(m):
                p = np.float64(get(values, row + q * LANES + j))
                put(mask, at + j, bits(low, high, q * LANES + j) < np.uint32(min(p * 4294967296.0, 4294967295.0)))
        else:
            for j in range(m):
                put(mask, at + j, bits(low, high, q * LANES + j) < limit)
    return collect(mask, words, n, born, first, last, fired, count)
