"""The wiring of the nematode Caenorhabditis elegans."""

import csv
from pathlib import Path

import numpy as np
import torch

from ranvier.equations.options import Clamp
from ranvier.errors import BadFileError
from ranvier.neurons.lif import LIF
from ranvier.simulation.network import Network
from ranvier.simulation.networks.built import Built
from ranvier.simulation.patterns import Pairs
from ranvier.synapses.exponential import ExponentialSynapse
from ranvier.units import Frequency, Hz, Time, Voltage, ms, mV

KINDS = ("sensory", "inter", "motor")
CONNECTIONS, MUSCLES, SENSORY = "celegans_connections.csv", "celegans_neurons_to_muscles.csv", "celegans_sensory.csv"


def celegans(
    *,
    folder: str = "",
    weight: Voltage = 2 * mV,
    delay: Time = 1 * ms,
    rate: Frequency = 200 * Hz,
    impulse: Voltage = 15 * mV,
    tau_mem: Time = 20 * ms,
    tau_syn: Time = 5 * ms,
    v_leak: Voltage = -60 * mV,
    v_threshold: Voltage = -50 * mV,
    v_reset: Voltage = -60 * mV,
    t_ref: Time = 3 * ms,
    dt: Time = 0.1 * ms,
    seed: int = 0,
    dtype: torch.dtype = torch.float32,
) -> Built:
    """The chemical synapses of the worm C. elegans, 299 neurons and 2,279 connections of 6,465 contacts, between spiking neurons.

    Populations sensory, inter and motor, neurons in alphabetical order (`names`). The wiring is measured; **all else is assumed**. The worm's neurons
    are mostly graded, and here they are `LIF` neurons of one kind. A connection's weight is its contacts times `weight`, below zero where the
    transmitter is GABA and above it for all others, although some receptors of glutamate and acetylcholine inhibit. Gap junctions (a third of the
    table) are left out. Sensory neurons get Poisson impulses. So it is a network with a real wiring diagram, not a model of the worm.

    Args:
        folder: of the tables, which are not bundled: celegans_connections.csv (origin, target, type Send or GapJunction, number_of_connections,
            neurotransmitter), celegans_neurons_to_muscles.csv (neuron) and celegans_sensory.csv (neuron): the sheets of CElegansNeuronTables.xls of
            https://github.com/openworm/c302 (MIT licence), saved as text. Who ends on muscles and does not sense is a motor neuron.
        weight: size of the current at a spike, for one contact [V] (r = 1).
        delay: of every synapse [s].
        rate, impulse: Poisson impulses to each sensory neuron [Hz, V].
        tau_mem, v_leak, v_threshold, v_reset, t_ref: of the LIF [s, V]; tau_syn: of the synapses [s].
        dt, seed, dtype: of the network.

    Raises `BadFileError` where a table is missing or lacks a column.

    Source: the OpenWorm tables; Gleeson et al. (2018), Phil. Trans. R. Soc. B 373, after White et al. (1986),
    Phil. Trans. R. Soc. B 314, and Varshney et al. (2011), PLoS Computational Biology 7.
    """
    net = Network(dt=dt, seed=seed, dtype=dtype)
    cell = LIF(
        dt=dt, tau_mem=tau_mem, r=1.0, v_leak=v_leak, v_threshold=v_threshold, v_reset=v_reset, refractory=Clamp(t_ref)
    )
    synapse = ExponentialSynapse(dt=dt, tau=tau_syn)
    rows = [row for row in _table(folder, CONNECTIONS) if row["type"] == "Send"]
    known = names(folder)
    place = {name: (kind, k) for kind in KINDS for k, name in enumerate(known[kind])}
    populations = {kind: net.add(len(known[kind]), cell, kind) for kind in KINDS}
    edges: dict[tuple[str, str], list[tuple[int, int, float]]] = {}
    for row in rows:
        (a, pre), (b, post) = place[row["origin"]], place[row["target"]]
        sign = -1 if row["neurotransmitter"] == "GABA" else 1
        edges.setdefault((a, b), []).append((pre, post, sign * int(row["number_of_connections"])))
    for (a, b), listed in sorted(edges.items()):
        pre, post, contacts = (np.array(column) for column in zip(*listed, strict=True))
        net.connect(
            populations[a], populations[b], Pairs(pre, post), weight=contacts * weight, delay=delay, synapse=synapse
        )
    net.drive(populations["sensory"], rate, impulse, synapse=synapse)
    return Built(net, tuple(populations.values()))


def names(folder: str) -> dict[str, list[str]]:
    """The neurons of each population, in order."""
    all_of_them = {row[end] for row in _table(folder, CONNECTIONS) for end in ("origin", "target")}
    sensory = {row["neuron"] for row in _table(folder, SENSORY)}
    motor = {row["neuron"] for row in _table(folder, MUSCLES)} - sensory
    kind = {name: "sensory" if name in sensory else "motor" if name in motor else "inter" for name in all_of_them}
    return {k: sorted(name for name in all_of_them if kind[name] == k) for k in KINDS}


def _table(folder: str, name: str) -> list[dict[str, str]]:
    path = Path(folder) / name
    if not folder or not path.is_file():
        raise BadFileError(
            f"celegans: {path} is no file. Give the folder of the OpenWorm tables, folder=...: the sheets of CElegansNeuronTables.xls of "
            "github.com/openworm/c302, saved as text."
        )
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    columns = {CONNECTIONS: ("origin", "target", "type", "number_of_connections", "neurotransmitter")}.get(
        name, ("neuron",)
    )
    missing = [c for c in columns if not rows or c not in rows[0]]
    if missing:
        raise BadFileError(f"celegans: {path} lacks the column {missing[0]}. It must have {', '.join(columns)}.")
    return rows
