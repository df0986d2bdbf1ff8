"""The process of one simulator and one population of `neurons.py`. It reads requests from its input, a line each, and answers in JSON.

    prepare     builds and compiles; tells the seconds of each, and how often each neuron fired
    run         one simulation from rest: seconds, and seconds of processor time of all threads

Runs in the simulator's own environment and needs nothing there but the simulator and numpy. Started by `harness.py`.
"""

import argparse
import json
import os
import re
import resource
import sys
import tempfile
import time
import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable
from importlib import metadata
from typing import Any

import numpy as np

NEURONS, SECONDS = 10_000, 1.0
DT = {"izhikevich": 1e-4, "hodgkin-huxley": 5e-5}
CURRENT = {
    "izhikevich": (4.0, 20.0),
    "hodgkin-huxley": (0.0, 0.2),
}  # V/s and A/m^2: of the first and of the last neuron
SHORT = 0.1  # share of the time that a slow simulator runs; its seconds are those of the run divided by it
SLOW = {("standalone", "hodgkin-huxley"), ("cython", "izhikevich"), ("cython", "hodgkin-huxley")} | {
    ("numpy", model) for model in DT
}


class Simulation(ABC):
    """10,000 neurons with constant currents; a subclass makes `run` in `build` and tells where the spikes are."""

    def __init__(self, model: str, real: str, threads: int, share: float) -> None:
        self.share = share
        self.model, self.real, self.threads, self.dt = model, np.dtype(real), threads, DT[model]
        self.current = np.linspace(*CURRENT[model], NEURONS).astype(real)
        self.steps = round(SECONDS * self.share / self.dt)

    @abstractmethod
    def build(self) -> dict[str, float]:
        """Seconds of what precedes the first run, by name."""

    @abstractmethod
    def run(self) -> np.ndarray:
        """Simulates from rest: spikes of each neuron."""

    def sample(self) -> tuple[float, float, np.ndarray]:
        """Seconds, processor seconds, spikes of each neuron."""
        start, used = time.perf_counter(), time.process_time()
        counts = self.run()
        return (time.perf_counter() - start) / self.share, (time.process_time() - used) / self.share, counts


class Ranvier(Simulation):
    """The compiled path: `Neuron.count_spikes`."""

    def build(self) -> dict[str, float]:
        os.environ["RANVIER_CACHE"] = tempfile.mkdtemp(prefix="ranvier-benchmark-")
        import torch

        import ranvier as rv

        torch.set_num_threads(self.threads)
        models = rv.neurons  # loaded when it is named; imports are not counted for the others either
        start = time.perf_counter()
        if self.model == "izhikevich":
            self.neuron = models.Izhikevich(dt=self.dt, integrator=rv.Euler())
        else:
            self.neuron = models.HodgkinHuxley(dt=self.dt, integrator=rv.ExponentialEuler())
        built = time.perf_counter()
        self.x = torch.from_numpy(self.current).view(1, NEURONS)
        self.neuron.count_spikes(self.x, 1)
        return {"build": built - start, "compile": time.perf_counter() - built}

    def run(self) -> np.ndarray:
        return self.neuron.count_spikes(self.x, self.steps)[0][0].numpy()


IZHIKEVICH = """
dv/dt = (0.04/(ms*mV))*v**2 + (5/ms)*v + 140*mV/ms - u + drive : volt
du/dt = (0.02/ms)*((0.2/ms)*v - u) : volt/second
drive : volt/second (constant)
"""
HODGKIN_HUXLEY = """
dv/dt = (120*msiemens/cm**2*m**3*h*(50*mV - v) + 36*msiemens/cm**2*n**4*(-77*mV - v)
         + 0.3*msiemens/cm**2*(-54.387*mV - v) + drive)/(1*ufarad/cm**2) : volt
dm/dt = am*(1 - m) - 4*exp(-x/18)/ms*m : 1
dh/dt = 0.07*exp(-x/20)/ms*(1 - h) - 1/(1 + exp((30 - x)/10))/ms*h : 1
dn/dt = an*(1 - n) - 0.125*exp(-x/80)/ms*n : 1
am = 1/exprel((25 - x)/10)/ms : Hz
an = 0.1/exprel((10 - x)/10)/ms : Hz
x = (v + 65*mV)/mV : 1
drive : amp/meter**2 (constant)
"""


class Brian(Simulation):
    """Brian2; where the code runs is a subclass's."""

    def network(self) -> None:
        import brian2 as b

        b.prefs.core.default_float_dtype = self.real.type
        b.defaultclock.dt = self.dt * b.second
        if self.model == "izhikevich":
            group = b.NeuronGroup(
                NEURONS, IZHIKEVICH, method="euler", threshold="v >= 30*mV", reset="v = -65*mV; u += 8*mV/ms"
            )
            rest: dict[str, Any] = {"v": -70 * b.mV, "u": -14 * b.mV / b.ms}
            group.drive = self.current * b.volt / b.second
        else:
            group = b.NeuronGroup(
                NEURONS, HODGKIN_HUXLEY, method="exponential_euler", threshold="v >= 0*mV", refractory="v > -20*mV"
            )
            rest = {"v": -65 * b.mV, **_settled()}
            group.drive = self.current * b.amp / b.meter**2
        for name, value in rest.items():
            setattr(group, name, value)
        self.monitor = b.SpikeMonitor(group, record=False)
        self.brian = b.Network(group, self.monitor)


def _settled() -> dict[str, float]:
    opens = {"m": 2.5 / np.expm1(2.5), "h": 0.07, "n": 0.1 / np.expm1(1.0)}
    closes = {"m": 4.0, "h": 1 / (1 + np.exp(3.0)), "n": 0.125}
    return {gate: opens[gate] / (opens[gate] + closes[gate]) for gate in opens}


class Standalone(Brian):
    """C++ standalone with OpenMP. Seconds are those that the program itself takes for the time steps, without its start."""

    def build(self) -> dict[str, float]:
        import brian2 as b

        self.folder = tempfile.mkdtemp(prefix="brian-benchmark-")
        b.set_device("cpp_standalone", build_on_run=False)
        b.prefs.devices.cpp_standalone.openmp_threads = self.threads
        start = time.perf_counter()
        self.network()
        self.brian.run(self.steps * self.dt * b.second)
        device, spent = b.get_device(), []
        compile_source = device.compile_source

        def timed(*arguments: Any, **options: Any) -> None:
            begun = time.perf_counter()
            compile_source(*arguments, **options)
            spent.append(time.perf_counter() - begun)

        device.compile_source = timed
        device.build(directory=self.folder, run=False)
        return {"build": time.perf_counter() - start - spent[0], "compile": spent[0]}

    def run(self) -> np.ndarray:
        import brian2 as b

        b.device.run(self.folder, with_output=False)
        return np.array(self.monitor.count)

    def sample(self) -> tuple[float, float, np.ndarray]:
        import brian2 as b

        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        counts = self.run()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return b.device._last_run_time / self.share, used / self.share, counts


class Cython(Brian):
    """Brian2's default on a machine with a compiler. It compiles at the first run; the code is kept between runs of the process."""

    def build(self) -> dict[str, float]:
        import brian2 as b

        b.prefs.codegen.target = "cython"
        b.prefs.codegen.runtime.cython.cache_dir = tempfile.mkdtemp(prefix="brian-benchmark-")
        start = time.perf_counter()
        self.network()
        built = time.perf_counter()
        self.brian.store()
        self.brian.run(self.dt * b.second)
        return {"build": built - start, "compile": time.perf_counter() - built}

    def run(self) -> np.ndarray:
        import brian2 as b

        self.brian.restore()
        self.brian.run(self.steps * self.dt * b.second)
        return np.array(self.monitor.count)


class NumPy(Simulation):
    """The same arithmetic by hand, an array operation at a time, one thread."""

    def build(self) -> dict[str, float]:
        self.step: Callable[[], np.ndarray] = getattr(self, "_" + re.sub("-", "_", self.model))
        return {"build": 0.0, "compile": 0.0}

    def run(self) -> np.ndarray:
        counts = np.zeros(NEURONS, np.int64)
        self.v = np.full(NEURONS, -0.070 if self.model == "izhikevich" else -0.065, self.real)
        self.u, self.waiting = np.full(NEURONS, -14.0, self.real), np.zeros(NEURONS, bool)
        self.gates = {name: np.full(NEURONS, value, self.real) for name, value in _settled().items()}
        for _ in range(self.steps):
            counts += self.step()
        return counts

    def _izhikevich(self) -> np.ndarray:
        v, u, dt = self.v, self.u, self.dt
        self.v = v + dt * (4e4 * v * v + 5e3 * v + 140 - u + self.current)
        self.u = u + dt * 20 * (200 * v - u)
        spikes = self.v >= 0.030
        self.v[spikes] = -0.065
        self.u[spikes] += 8.0
        return spikes

    def _hodgkin_huxley(self) -> np.ndarray:
        v, m, h, n, dt = self.v, *self.gates.values(), self.dt
        sodium, potassium, leak = 1200 * m**3 * h, 360 * n**4, 3.0
        a = -(sodium + potassium + leak) / 0.01
        b = (sodium * 0.050 + potassium * -0.077 + leak * -0.054387 + self.current) / 0.01
        self.v = v * np.exp(a * dt) + b * np.expm1(a * dt) / a
        x = (v + 0.065) * 1e3
        self._gate("m", 1e3 * _linoid((x - 25) / 10), 4e3 * np.exp(-x / 18))
        self._gate("h", 70 * np.exp(-x / 20), 1e3 / (1 + np.exp((30 - x) / 10)))
        self._gate("n", 100 * _linoid((x - 10) / 10), 125 * np.exp(-x / 80))
        above = self.v >= 0
        spikes = above & ~self.waiting
        self.waiting = (self.waiting | spikes) & (self.v > -0.020)
        return spikes

    def _gate(self, name: str, opens: np.ndarray, closes: np.ndarray) -> None:
        z = -(opens + closes) * self.dt
        self.gates[name] = self.gates[name] * np.exp(z) + self.dt * opens * np.expm1(z) / z


def _linoid(x: np.ndarray) -> np.ndarray:
    safe = np.where(x == 0, 1, x).astype(x.dtype)
    return np.where(x == 0, 1, safe / -np.expm1(-safe)).astype(x.dtype)


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:  # run from a source folder
        return "unknown"


SIMULATORS = {"ranvier": Ranvier, "standalone": Standalone, "cython": Cython, "numpy": NumPy}
PACKAGES = {"ranvier": "ranvier", "standalone": "brian2", "cython": "brian2", "numpy": "numpy"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peer", help="SIMULATOR-REAL, such as ranvier-float32")
    parser.add_argument("workload", choices=DT)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True, help="unused: a sample is one simulation")
    options = parser.parse_args()
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a simulator prints must not be taken for an answer
    name, real = options.peer.split("-")
    share = SHORT if (name, options.workload) in SLOW else 1.0
    simulation = SIMULATORS[name](options.workload, real, options.threads, share)
    for line in sys.stdin:
        try:
            found: dict[str, Any]
            if line.strip() == "prepare":
                found = {"version": _version(PACKAGES[name]), **simulation.build()}
                found |= {"share": share, "counts": simulation.sample()[2].tolist()}
                if name == "ranvier":  # what the others are compared with
                    simulation.steps = round(SHORT * simulation.steps)
                    found["short_counts"] = simulation.run().tolist()
                    simulation.steps = round(SECONDS / simulation.dt)
            else:
                seconds, used, _ = simulation.sample()
                found = {"seconds": seconds, "processor": used}
        except ModuleNotFoundError as error:
            found = {"missing": f"{error}, see benchmarks/README.md"}
        except Exception:
            found = {"error": traceback.format_exc().strip()}
        print(json.dumps(found), file=answers)


if __name__ == "__main__":
    main()
