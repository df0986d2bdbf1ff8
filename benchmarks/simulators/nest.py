"""NEST. Conductances and Hodgkin-Huxley neurons are integrated by its adaptive solver, which is what its models offer."""

import time
from importlib import import_module
from typing import Any

import numpy as np

from simulators import Ran
from simulators.rows import (
    CONDUCTANCE,
    CONDUCTANCES,
    CURRENT,
    DELTA,
    DT,
    HODGKIN_HUXLEY,
    IN_DEGREE,
    PROBABILITY,
    STDP,
    Projection,
    Row,
)

nest: Any = import_module("nest")  # its package, not this file
MODELS = {
    CURRENT: "iaf_psc_exp",
    CONDUCTANCE: "iaf_cond_exp",
    HODGKIN_HUXLEY: "hh_cond_exp_traub",
    DELTA: "iaf_psc_delta",
}
NAMES = {
    "c_m": "C_m", "g_l": "g_L", "tau_m": "tau_m", "e_l": "E_L", "v_th": "V_th", "v_reset": "V_reset", "t_ref": "t_ref",
    "tau_e": "tau_syn_ex", "tau_i": "tau_syn_in", "e_e": "E_ex", "e_i": "E_in", "g_na": "g_Na", "e_na": "E_Na", "g_k": "g_K",
    "e_k": "E_K", "v_t": "V_T",
}  # fmt: skip
SEED = 1
STATIC = ("excitatory_synapse", "inhibitory_synapse")


class Nest:
    """A row in NEST."""

    def __init__(self, row: Row, threads: int) -> None:
        self.row, self.threads = row, threads

    def compile(self) -> None:
        pass  # its models are compiled already

    def build(self) -> None:
        row = self.row
        nest.verbosity = nest.VerbosityLevel.WARNING
        nest.ResetKernel()
        nest.resolution, nest.local_num_threads, nest.rng_seed = DT, self.threads, SEED
        for name in STATIC:  # a model has room for 134 million synapses a thread, and the full microcircuit has more
            nest.CopyModel("static_synapse", name)
        model, known = MODELS[row.cell], nest.GetDefaults(MODELS[row.cell])
        numbers = {NAMES[k]: v for k, v in row.numbers.items() if NAMES[k] in known}
        populations = {name: nest.Create(model, n, params=numbers) for name, n in row.sizes.items()}
        v = row.v_start(np.random.default_rng(SEED))
        for name, population in populations.items():
            first = row.first(name)
            limit = row.numbers["v_th"] - 0.1
            population.V_m = np.minimum(v[first : first + row.sizes[name]], limit).tolist()
            if row.current:
                population.I_e = row.current[name]
        for p in row.projections:
            if p.kind == PROBABILITY:
                rule = {"rule": "pairwise_bernoulli", "p": p.number}
            elif p.kind == IN_DEGREE:
                rule = {"rule": "fixed_indegree", "indegree": round(p.number)}
            else:
                rule = {"rule": "fixed_total_number", "N": round(p.number)}
            nest.Connect(populations[p.pre], populations[p.post], rule, _synapse(p))
        for name, (rate, weight) in (row.drives or {}).items():
            source = nest.Create("poisson_generator", params={"rate": rate})
            nest.Connect(source, populations[name], syn_spec={"weight": weight, "delay": 1.5})
        self.recorder = nest.Create("spike_recorder")
        for population in populations.values():
            if row.cell == HODGKIN_HUXLEY:
                for (mean, sd), sign in zip(CONDUCTANCES.values(), (1, -1), strict=True):
                    start = nest.Create("spike_generator", params={"spike_times": [DT]})
                    weight = sign * nest.math.max(nest.random.normal(mean, sd), 0.0)
                    nest.Connect(start, population, syn_spec={"weight": weight, "delay": DT})
            nest.Connect(population, self.recorder)

    def run(self, seconds: float) -> Ran:
        self.recorder.n_events = 0
        since = nest.biological_time
        start, used = time.perf_counter(), time.process_time()
        nest.Simulate(seconds * 1e3)
        wall, processor = time.perf_counter() - start, time.process_time() - used
        events = self.recorder.get("events")
        spikes = events["times"] * 1e-3, events["senders"].astype(np.int64) - 1
        return Ran(wall, processor, seconds, spikes, since * 1e-3, nest.biological_time * 1e-3)


def _synapse(p: Projection) -> dict[str, Any]:
    """Model, weight and delay."""
    weight: Any
    delay: Any
    weight, delay = p.weight, p.delay
    if p.weight_sd and not p.plastic:
        sign = np.sign(weight)
        drawn = nest.random.normal(abs(weight), p.weight_sd)
        weight = sign * nest.math.redraw(drawn, min=0.0, max=np.inf)
    if p.delay_sd:
        delay = nest.math.redraw(nest.random.normal(delay, p.delay_sd), min=DT / 2, max=np.inf)
    if p.plastic:
        model = {"synapse_model": "stdp_synapse", "lambda": STDP["rate"], "alpha": STDP["alpha"], "Wmax": STDP["w_max"]}
        model |= {"tau_plus": STDP["tau"]}
        return model | {"weight": nest.random.normal(weight, p.weight_sd), "delay": delay}
    return {"synapse_model": STATIC[p.weight < 0], "weight": weight, "delay": delay}


def simulation(row: Row, threads: int, kind: str, seconds: float) -> Nest:
    return Nest(row, threads)
