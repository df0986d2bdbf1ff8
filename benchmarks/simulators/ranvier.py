"""Ranvier: its own standard networks, and the plastic one by hand."""

import time
from typing import Any

import numpy as np
import torch

import ranvier as rv
from ranvier.simulation import Normal, networks
from ranvier.simulation.networks.built import Built
from ranvier.units import ms, mV, pA, pF
from simulators import Ran
from simulators.rows import STDP, Row, small


def network(row: Row, dtype: torch.dtype, seed: int = 1) -> Built:
    """The row's network, nothing drawn yet."""
    options: dict[str, Any] = {"seed": seed, "dtype": dtype}
    if row.name == "stdp":
        return _stdp(row, dtype)
    if row.name == "microcircuit":
        return networks.microcircuit(scale=row.scale, **options)
    options |= {"n_exc": row.sizes["E"], "n_inh": row.sizes["I"]}
    if row.name == "brunel":
        exc, inh = (round(p.number) for p in row.projections[::2])
        return networks.brunel(c_exc=exc, c_inh=inh, **options)
    return {"coba": networks.coba, "cuba": networks.cuba, "hh_coba": networks.hh_coba}[row.name](**options)


def _stdp(row: Row, dtype: torch.dtype) -> Built:
    c = row.numbers
    net = rv.Network(seed=1, dtype=dtype)
    r = c["tau_m"] * ms / (c["c_m"] * pF)
    cell = rv.LIF(
        tau_mem=c["tau_m"] * ms,
        r=r,
        v_leak=0.0,
        v_threshold=c["v_th"] * mV,
        v_reset=0.0,
        refractory=rv.Clamp(c["t_ref"] * ms),
    )
    synapse = rv.ExponentialSynapse(tau=c["tau_e"] * ms)
    rule = rv.PairSTDP(
        tau_plus=STDP["tau"] * ms, tau_minus=STDP["tau"] * ms, a_plus=STDP["rate"], a_minus=STDP["rate"] * STDP["alpha"],
        mu_plus=1.0, mu_minus=1.0, w_max=STDP["w_max"] * pA,
    )  # fmt: skip
    populations = {name: net.add(n, cell, name) for name, n in row.sizes.items()}
    for name, population in populations.items():
        mean, sd = row.start[name]
        population.initialize(v=Normal(mean * mV, sd * mV, high=(c["v_th"] - 0.1) * mV))
    for p in row.projections:
        weight: Any = p.weight * pA
        if p.plastic:
            weight = Normal(weight, p.weight_sd * pA, low=0.0, high=STDP["w_max"] * pA)
        net.connect(
            populations[p.pre], populations[p.post], rv.FixedInDegree(round(p.number)), weight=weight, delay=p.delay * ms,
            synapse=synapse, plasticity=rule if p.plastic else None,
        )  # fmt: skip
    for name, (rate, weight) in (row.drives or {}).items():
        net.drive(populations[name], rate, weight * pA, synapse=synapse)
    return Built(net, tuple(populations.values()))


class Ranvier:
    """A row in Ranvier."""

    def __init__(self, row: Row, threads: int, kind: str) -> None:
        torch.set_num_threads(threads)
        self.row, self.dtype = row, torch.float64 if kind == "float64" else torch.float32

    def compile(self) -> None:
        network(small(self.row), self.dtype).net.run(0.001)

    def build(self) -> None:
        self.net = network(self.row, self.dtype).net.build()

    def run(self, seconds: float) -> Ran:
        used = time.process_time()
        run = self.net.run(seconds, progress=False)
        spikes = ((run.steps + 1) * run.dt).astype(np.float64), run.neurons.astype(np.int64)
        return Ran(run.wall, time.process_time() - used, run.duration, spikes, run.begin, run.end)


def simulation(row: Row, threads: int, kind: str, seconds: float) -> Ranvier:
    return Ranvier(row, threads, kind)
