"""ANNarchy: a C++ program for each network, loaded into Python. float64, its default; exponential Euler, exact for what is linear."""

import re
import tempfile
import time

import ANNarchy as ann
import numpy as np

from simulators import Ran, Unsupported
from simulators.rows import CONDUCTANCE, CONDUCTANCES, CURRENT, DELTA, DT, HODGKIN_HUXLEY, PROBABILITY, STDP, Row

SEED = 1
SOURCES = 1000  # of which the impulses from outside are made, binomially
DECAY = ["tau_e*dg_exc/dt = -g_exc : exponential", "tau_i*dg_inh/dt = -g_inh : exponential"]
LIF = {"spike": "v > v_th", "reset": "v = v_reset"}
EQUATIONS = {
    CURRENT: [*DECAY, "tau_m*dv/dt = e_l - v + tau_m/c_m*(g_exc + g_inh + drive) : exponential"],
    CONDUCTANCE: [*DECAY, "c_m*dv/dt = max_l*(e_l - v) + g_exc*(e_e - v) + g_inh*(e_i - v) + drive : exponential"],
    DELTA: ["tau_m*dv/dt = e_l - v + full*(g_exc + g_inh) : exponential"],
    HODGKIN_HUXLEY: [
        *DECAY,
        "before = v", "u = v - v_t",
        "am = 0.32*(13 - u)/(exp((13 - u)/4) - 1)", "bm = 0.28*(u - 40)/(exp((u - 40)/5) - 1)",
        "ah = 0.128*exp((17 - u)/18)", "bh = 4/(1 + exp((40 - u)/5))",
        "an = 0.032*(15 - u)/(exp((15 - u)/5) - 1)", "bn = 0.5*exp((10 - u)/40)",
        "c_m*dv/dt = max_l*(e_l - v) + g_exc*(e_e - v) + g_inh*(e_i - v) + max_na*m*m*m*h*(e_na - v) + max_k*n*n*n*n*(e_k - v) : exponential",
        "dm/dt = am*(1 - m) - bm*m : exponential", "dh/dt = ah*(1 - h) - bh*h : exponential",
        "dn/dt = an*(1 - n) - bn*n : exponential",
    ],
}  # fmt: skip


class Annarchy:
    """A row in ANNarchy. Its compilation draws the synapses as well; how long that takes is not told apart."""

    def __init__(self, row: Row, threads: int) -> None:
        if row.name == "microcircuit":
            raise Unsupported(
                "its random numbers have one distribution a population; 8 populations and 55 projections were not written"
            )
        self.row, self.threads, self.compiling = row, threads, 0.0

    def compile(self) -> None:
        pass  # a program is written and compiled for one network: see build

    def build(self) -> None:
        row = self.row
        rng = np.random.default_rng(SEED)
        net = self.net = ann.Network(dt=DT, seed=SEED)
        net.config(num_threads=self.threads)
        cells = net.create(geometry=row.neurons, neuron=_neuron(row))
        cells.v = np.minimum(row.v_start(rng), row.numbers["v_th"] - 0.1)
        if row.cell == HODGKIN_HUXLEY:
            for port, (mean, sd) in zip(("g_exc", "g_inh"), CONDUCTANCES.values(), strict=True):
                setattr(cells, port, row.draw(rng, mean, sd, row.neurons, 0.0))
            cells.h, cells.m, cells.n = 1.0, 0.0, 0.0
        views = {name: cells[row.first(name) : row.first(name) + n] for name, n in row.sizes.items()}
        for p in row.projections:
            conductance = row.cell in (CONDUCTANCE, HODGKIN_HUXLEY)
            weight = abs(p.weight) if conductance else p.weight
            synapse = _plastic() if p.plastic else None
            synapses = net.connect(
                views[p.pre], views[p.post], target="exc" if p.weight > 0 else "inh", synapse=synapse
            )
            if p.kind == PROBABILITY:
                synapses.fixed_probability(p.number, weights=weight, delays=p.delay, allow_self_connections=True)
            else:
                drawn = ann.Normal(weight, p.weight_sd) if p.plastic else weight
                synapses.fixed_number_pre(round(p.number), weights=drawn, delays=p.delay, allow_self_connections=True)
        self.monitor = net.monitor(cells, ["spike"])
        start = time.perf_counter()
        net.compile(directory=tempfile.mkdtemp(prefix="annarchy-benchmark-"), silent=True)
        self.compiling = time.perf_counter() - start

    def run(self, seconds: float) -> Ran:
        since = self.net.time * 1e-3
        start, used = time.perf_counter(), time.process_time()
        self.net.simulate(seconds * 1e3)
        wall, processor = time.perf_counter() - start, time.process_time() - used
        found = self.monitor.get("spike")
        times = np.concatenate([np.asarray(steps, float) * DT * 1e-3 for steps in found.values()] or [np.zeros(0)])
        neurons = np.repeat(np.array(list(found), np.int64), [len(steps) for steps in found.values()])
        return Ran(wall, processor, seconds, (times, neurons), since, self.net.time * 1e-3)


def _neuron(row: Row) -> ann.Neuron:
    numbers = {re.sub("^g_", "max_", name): value for name, value in row.numbers.items()}  # g_... are its own
    refractory = numbers.pop("t_ref")
    equations = list(EQUATIONS[row.cell])
    if row.current:
        numbers["drive"] = next(iter(row.current.values()))
    elif row.cell == CURRENT:
        numbers["drive"] = 0.0
    numbers["full"] = 1 / -np.expm1(
        -DT / numbers["tau_m" if row.cell == DELTA else "tau_e"]
    )  # the step's exponential leaves the whole jump
    if row.drives:
        rate, weight = next(iter(row.drives.values()))
        chance = rate * DT * 1e-3 / SOURCES
        equations = [f"noise = {weight}*Binomial({SOURCES}, {chance})", *equations]
        equations = [e.replace("tau_e*dg_exc/dt = -g_exc", "tau_e*dg_exc/dt = -g_exc + full*noise") for e in equations]
        equations = [e.replace("full*(g_exc", "full*(noise + g_exc") for e in equations]
    if row.cell == HODGKIN_HUXLEY:  # a refractory period would hold v
        return ann.Neuron(parameters=numbers, equations=equations, spike="(v > v_th) and (before <= v_th)")
    return ann.Neuron(parameters=numbers, equations=equations, refractory=refractory, **LIF)


def _plastic() -> ann.Synapse:
    return ann.Synapse(
        parameters=dict(STDP),
        equations=["tau*dx/dt = -x : event-driven", "tau*dy/dt = -y : event-driven"],
        pre_spike=["g_target += w", "x += 1", "w = clip(w - rate*alpha*w*y, 0.0, w_max)"],
        post_spike=["y += 1", "w = clip(w + rate*(w_max - w)*x, 0.0, w_max)"],
    )


def simulation(row: Row, threads: int, kind: str, seconds: float) -> Annarchy:
    return Annarchy(row, threads)
