"""Brian2: its program in C++ (`standalone`, with OpenMP), or Python with compiled operations (`cython`, one thread). float64, its default.

The synapses are drawn here, by NumPy, in the order of the presynaptic neurons, which is the fastest order for Brian2: its own patterns have no
in-degree with replacement and no total number.
"""

import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import brian2 as b
import numpy as np
from brian2 import Hz, ms, mV, nS, pA, pF

from simulators import Ran, Unsupported
from simulators.rows import CONDUCTANCE, CONDUCTANCES, CURRENT, DELTA, DT, HODGKIN_HUXLEY, STDP, Projection, Row, small

SEED = 1
UNITS = {"c": pF, "g": nS, "t": ms, "e": mV, "v": mV}  # of a parameter, by its first letter; tau and t_ref begin with t
WEIGHTS = {CURRENT: pA, CONDUCTANCE: nS, HODGKIN_HUXLEY: nS, DELTA: mV}
SOURCES = 1000  # of which the impulses from outside are made, binomially
LIF = {
    "threshold": "v > v_th",
    "reset": "v = v_reset",
    "refractory": "t_ref + dt",
}  # a spike's own step counts in Brian2
CELLS: dict[str, tuple[str, str, dict[str, Any]]] = {
    CURRENT: (
        "dv/dt = (e_l - v)/tau_m + (i_e + i_i + drive)/c_m : volt (unless refractory)\n"
        "di_e/dt = -i_e/tau_e : amp\ndi_i/dt = -i_i/tau_i : amp\ndrive : amp (constant)",
        "exact",
        LIF,
    ),
    CONDUCTANCE: (
        "dv/dt = (g_l*(e_l - v) + g_e*(e_e - v) + g_i*(e_i - v) + drive)/c_m : volt (unless refractory)\n"
        "dg_e/dt = -g_e/tau_e : siemens\ndg_i/dt = -g_i/tau_i : siemens\ndrive : amp (constant)",
        "exponential_euler",
        LIF,
    ),
    HODGKIN_HUXLEY: (
        "dv/dt = (g_l*(e_l - v) + g_e*(e_e - v) + g_i*(e_i - v) - g_na*m**3*h*(v - e_na) - g_k*n**4*(v - e_k))/c_m : volt\n"
        "dm/dt = alpha_m*(1 - m) - beta_m*m : 1\ndh/dt = alpha_h*(1 - h) - beta_h*h : 1\ndn/dt = alpha_n*(1 - n) - beta_n*n : 1\n"
        "dg_e/dt = -g_e/tau_e : siemens\ndg_i/dt = -g_i/tau_i : siemens\nu = (v - v_t)/mV : 1\n"
        "alpha_m = 1.28/exprel((13 - u)/4)/ms : Hz\nbeta_m = 1.4/exprel((u - 40)/5)/ms : Hz\n"
        "alpha_h = 0.128*exp((17 - u)/18)/ms : Hz\nbeta_h = 4/(1 + exp((40 - u)/5))/ms : Hz\n"
        "alpha_n = 0.16/exprel((15 - u)/5)/ms : Hz\nbeta_n = 0.5*exp((10 - u)/40)/ms : Hz",
        "exponential_euler",
        {"threshold": "v > v_th", "refractory": "t_ref"},
    ),
    DELTA: ("dv/dt = (e_l - v)/tau_m : volt (unless refractory)", "exact", LIF),
}
LEARNING = {
    "model": "w : amp\ndx/dt = -x/tau : 1 (event-driven)\ndy/dt = -y/tau : 1 (event-driven)",
    "on_pre": "i_e_post += w\nx += 1\nw = clip(w - rate*alpha*w*y, 0*amp, w_max)",
    "on_post": "y += 1\nw = clip(w + rate*(w_max - w)*x, 0*amp, w_max)",
}


class Brian:
    """A row in Brian2; where the code runs is a subclass's."""

    def __init__(self, row: Row, threads: int) -> None:
        if row.synapses > 5e7:
            raise Unsupported("needs over 32 bytes a synapse, more while it builds")
        self.row, self.threads = row, threads
        b.defaultclock.dt = DT * ms

    def network(self, row: Row) -> Any:
        """All populations are one group of neurons, and synapses that do the same are one object: as few loops as there can be."""
        rng = np.random.default_rng(SEED)
        equations, method, options = CELLS[row.cell]
        space = {k: v * UNITS[k[0]] for k, v in row.numbers.items()}
        cells = b.NeuronGroup(row.neurons, equations, method=method, namespace=space, name="cells", **options)
        cells.v = row.v_start(rng) * mV
        if row.cell == HODGKIN_HUXLEY:
            for sign, (mean, sd) in CONDUCTANCES.items():
                setattr(cells, f"g_{sign}", row.draw(rng, mean, sd, row.neurons, 0.0) * nS)
            u = row.v_start(np.random.default_rng(SEED)) * 0 + 3.0  # at the leak's potential, as NEST and Ranvier start
            for gate, value in _gates(u).items():
                setattr(cells, gate, value)
        if row.current:
            cells.drive = np.repeat(list(row.current.values()), list(row.sizes.values())) * pA
        parts = [cells, *self._synapses(row, cells, rng), *self._drives(row, cells)]
        self.monitor = b.SpikeMonitor(cells, name="spikes")
        return b.Network(*parts, self.monitor)

    def _synapses(self, row: Row, cells: Any, rng: np.random.Generator) -> Iterator[Any]:
        unit = WEIGHTS[row.cell]
        groups: dict[Any, list[Projection]] = {}
        for p in row.projections:
            what = (p.plastic, "each", p.weight > 0) if p.weight_sd else (p.plastic, p.weight, p.delay)
            groups.setdefault(what, []).append(p)
        for k, group in enumerate(groups.values()):
            wired = [row.wire(p, rng) for p in group]
            pre = np.concatenate([i + row.first(p.pre) for (i, _), p in zip(wired, group, strict=True)])
            post = np.concatenate([j + row.first(p.post) for (_, j), p in zip(wired, group, strict=True)])
            order = np.argsort(pre, kind="stable")
            one, sign = group[0], "e" if group[0].weight > 0 else "i"
            sizes = [len(i) for i, _ in wired]
            size = abs(one.weight) if row.cell in (CONDUCTANCE, HODGKIN_HUXLEY) else one.weight
            space = {"weight": size * unit}
            port = {CURRENT: f"i_{sign}", CONDUCTANCE: f"g_{sign}", HODGKIN_HUXLEY: f"g_{sign}", DELTA: "v"}[row.cell]
            code: dict[str, Any] = {"on_pre": f"{port}_post += weight"}
            if row.cell == DELTA:
                code = {"on_pre": "v_post += weight*int(not_refractory_post)"}
            elif one.plastic:
                code = LEARNING
                space |= {
                    "tau": STDP["tau"] * ms,
                    "rate": STDP["rate"],
                    "alpha": STDP["alpha"],
                    "w_max": STDP["w_max"] * pA,
                }
            elif one.weight_sd:
                code = {"model": "w : amp", "on_pre": f"{port}_post += w"}
            delay = {} if one.delay_sd else {"delay": {"pre": one.delay * ms}}
            synapses = b.Synapses(cells, cells, namespace=space, name=f"synapses{k}", **code, **delay)
            synapses.connect(i=pre[order], j=post[order])
            if one.weight_sd:
                drawn = [row.draw(rng, p.weight, p.weight_sd, n, 0.0) for p, n in zip(group, sizes, strict=True)]
                synapses.w = np.concatenate(drawn)[order] * unit
            if one.delay_sd:
                drawn = [row.draw(rng, p.delay, p.delay_sd, n, DT / 2) for p, n in zip(group, sizes, strict=True)]
                synapses.delay = np.maximum(np.round(np.concatenate(drawn)[order] / DT) * DT, DT) * ms
            yield synapses

    def _drives(self, row: Row, cells: Any) -> Iterator[Any]:
        for name, (rate, weight) in (row.drives or {}).items():
            first, value = row.first(name), weight * WEIGHTS[row.cell]
            target = "v" if row.cell == DELTA else "i_e"
            some = cells[first : first + row.sizes[name]]
            impulse: Any = value
            if row.cell == DELTA:
                impulse = f"{weight}*mV*int(not_refractory)"
            yield b.PoissonInput(some, target, N=SOURCES, rate=rate / SOURCES * Hz, weight=impulse)


def _gates(u: np.ndarray) -> dict[str, np.ndarray]:
    """Where the gates rest at v = v_t + u mV."""
    opens = {
        "m": 0.32 * (13 - u) / np.expm1((13 - u) / 4),
        "h": 0.128 * np.exp((17 - u) / 18),
        "n": 0.032 * (15 - u) / np.expm1((15 - u) / 5),
    }
    closes = {
        "m": 0.28 * (u - 40) / np.expm1((u - 40) / 5),
        "h": 4 / (1 + np.exp((40 - u) / 5)),
        "n": 0.5 * np.exp((10 - u) / 40),
    }
    return {gate: opens[gate] / (opens[gate] + closes[gate]) for gate in opens}


class Standalone(Brian):
    """C++ program. It starts at rest each time, so that the transient is a part of what is timed; its seconds are those of the time steps alone."""

    def __init__(self, row: Row, threads: int, seconds: float) -> None:
        super().__init__(row, threads)
        self.until, self.memory = row.transient + seconds, 0.0

    def compile(self) -> None:
        pass  # a program is written and compiled for one network: see build

    def build(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="brian-benchmark-")
        b.set_device("cpp_standalone", build_on_run=False)
        b.prefs.devices.cpp_standalone.openmp_threads = self.threads
        b.seed(SEED)
        self.brian = self.network(self.row)
        self.brian.run(self.until * b.second)
        device, self.compiling = b.get_device(), 0.0
        compile_source = device.compile_source

        def timed(*arguments: Any, **options: Any) -> None:
            begun = time.perf_counter()
            compile_source(*arguments, **options)
            self.compiling += time.perf_counter() - begun

        device.compile_source = timed
        device.build(directory=self.folder, run=False)

    def run(self, seconds: float) -> Ran:
        if not self.memory:
            return self._peak()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        b.device.run(self.folder, with_output=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return self._ran(b.device._last_run_time, used)

    def _peak(self) -> Ran:
        """Runs the program by hand, to learn its memory; what the compiler took counts among the children else."""
        process = subprocess.Popen(["./main"], cwd=self.folder, stdout=subprocess.DEVNULL)
        _, _, used = os.wait4(process.pid, 0)
        self.memory = used.ru_maxrss / 1024
        text = (Path(self.folder) / "results" / "last_run_info.txt").read_text()
        return Ran(
            float(text.split()[0]),
            used.ru_utime + used.ru_stime,
            self.until,
            (np.zeros(0), np.zeros(0, np.int64)),
            0.0,
            self.until,
        )

    def _ran(self, wall: float, processor: float) -> Ran:
        times, neurons = np.asarray(self.monitor.t / b.second), np.asarray(self.monitor.i)
        late = times >= self.row.transient
        return Ran(
            wall, processor, self.until, (times[late], neurons[late].astype(np.int64)), self.row.transient, self.until
        )


class Cython(Brian):
    """Brian2's default on a machine with a compiler. Its code is kept in BRIAN_CACHE, which `simulate.py` makes anew."""

    def __init__(self, row: Row, threads: int) -> None:
        super().__init__(row, threads)
        b.prefs.codegen.target = "cython"
        if folder := os.environ.get("BRIAN_CACHE"):
            b.prefs.codegen.runtime.cython.cache_dir = folder

    def compile(self) -> None:
        self._start(small(self.row))
        self.brian.run(2 * DT * ms)
        del self.brian, self.monitor

    def build(self) -> None:
        self._start(self.row)

    def _start(self, row: Row) -> None:
        b.start_scope()
        b.seed(SEED)
        self.brian = self.network(row)

    def run(self, seconds: float) -> Ran:
        since, seen = float(self.brian.t / b.second), self.monitor.num_spikes
        start, used = time.perf_counter(), time.process_time()
        self.brian.run(seconds * b.second)
        wall, processor = time.perf_counter() - start, time.process_time() - used
        spikes = np.asarray(self.monitor.t / b.second)[seen:], np.asarray(self.monitor.i)[seen:].astype(np.int64)
        return Ran(wall, processor, seconds, spikes, since, float(self.brian.t / b.second))


def simulation(row: Row, threads: int, kind: str, seconds: float) -> Brian:
    return Standalone(row, threads, seconds) if kind == "standalone" else Cython(row, threads)
