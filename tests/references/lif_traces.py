"""Writes lif_traces.npz: what the LIF of other packages does with one input. Run by hand, once in each environment that has some of them:

    python lif_traces.py

An environment without a package keeps the traces that the file already has of it. Each case stores `<case>.spikes` and `<case>.v`
[T, N]; `input` [T, N] is the same for all (its first steps, where a trace is shorter), `versions` says which packages wrote it. The cases
are those of test_lif_traces.py.
"""

import importlib.metadata
import importlib.util
import json
from pathlib import Path

import numpy as np

FILE = Path(__file__).with_name("lif_traces.npz")
STEPS, NEURONS = 400, 3
DRIVE = (0.8 * np.random.default_rng(5).random((STEPS, NEURONS)) - 0.1).astype(np.float32)
SHORT = DRIVE[:200]  # for steps of a millisecond
Trace = tuple[np.ndarray, np.ndarray]


def stacked(rows: list) -> Trace:
    spikes, v = zip(*rows, strict=True)
    return np.stack([s.detach().numpy() for s in spikes]), np.stack([u.detach().numpy() for u in v])


def snntorch() -> dict[str, Trace]:
    import snntorch
    import torch

    found = {}
    for mechanism in ("subtract", "zero", "none"):
        for delay in (True, False):
            cell, mem, rows = (
                snntorch.Leaky(0.9, reset_mechanism=mechanism, reset_delay=delay),
                torch.zeros(NEURONS),
                [],
            )
            for x in torch.from_numpy(SHORT * np.float32(0.8)):
                spike, mem = cell(x, mem)
                rows.append((spike, mem))
            found[f"leaky {mechanism}{'' if delay else ' prompt'}"] = stacked(rows)
        cell, rows = snntorch.Synaptic(0.7, 0.9, reset_mechanism=mechanism), []
        syn, mem = torch.zeros(NEURONS), torch.zeros(NEURONS)
        for x in torch.from_numpy(SHORT * np.float32(0.25)):
            spike, syn, mem = cell(x, syn, mem)
            rows.append((spike, mem))
        found[f"synaptic {mechanism}"] = stacked(rows)
    cell, rows = snntorch.Alpha(0.95, 0.8, threshold=4.0, reset_mechanism="none"), []
    rise, fall, mem = torch.zeros(NEURONS), torch.zeros(NEURONS), torch.zeros(NEURONS)
    for x in torch.from_numpy(SHORT):
        spike, rise, fall, mem = cell(x, rise, fall, mem)
        rows.append((spike, mem))
    return found | {"alpha none": stacked(rows)}


def spikingjelly() -> dict[str, Trace]:
    import torch
    from spikingjelly.activation_based.neuron import LIFNode

    found = {}
    for name, reset in (("hard", 0.0), ("raised", 0.1), ("soft", None)):
        for decay in (True, False):
            cell, rows = LIFNode(tau=4.0, decay_input=decay, v_reset=reset), []
            for x in torch.from_numpy(SHORT * np.float32(6.0 if decay else 1.0)):
                rows.append((cell(x), cell.v.clone()))
            found[f"{name}{'' if decay else ' whole'}"] = stacked(rows)
    return found


def norse() -> dict[str, Trace]:
    import torch
    from norse.torch import LIFBoxCell, LIFCell

    found = {}
    for name, cell, gain in (("box", LIFBoxCell(), 6.0), ("lif", LIFCell(), 1.2)):
        state, rows = None, []
        for x in torch.from_numpy(SHORT * np.float32(gain)):
            spike, state = cell(x, state)
            rows.append((spike, state.v))
        found[name] = stacked(rows)
    return found


def sinabs() -> dict[str, Trace]:
    import torch
    from sinabs.activation import MembraneReset, SingleSpike
    from sinabs.layers import LIF

    found = {}
    for name, gain, options in (
        ("normalised", 6.0, {}),
        ("whole", 0.8, {"norm_input": False}),
        ("reset", 6.0, {"reset_fn": MembraneReset()}),
        ("synapse", 2.0, {"tau_syn": 3.0}),
        ("synapse whole", 0.3, {"tau_syn": 3.0, "norm_input": False}),
    ):
        layer = LIF(tau_mem=10.0, spike_fn=SingleSpike, record_states=True, **options)
        spikes = layer(torch.from_numpy(SHORT * np.float32(gain))[None])
        found[name] = spikes[0].detach().numpy(), layer.recordings["v_mem"][0].detach().numpy()
    return found


def brian2() -> dict[str, Trace]:
    import brian2 as b

    b.prefs.codegen.target = "numpy"
    found = {}
    for name, refractory in (("plain", 0), ("refractory", 2)):
        b.start_scope()
        b.defaultclock.dt = 0.1 * b.ms
        names = {"tau": 10 * b.ms, "drive": b.TimedArray(5 * DRIVE.astype(np.float64), dt=0.1 * b.ms)}
        text = "dv/dt = (drive(t, i) - v)/tau : 1" + (" (unless refractory)" if refractory else "")
        how = {"threshold": "v > 1", "reset": "v = 0", "method": "exact", "refractory": refractory * b.ms}
        group = b.NeuronGroup(NEURONS, text, namespace=names, **how)
        states, spikes = b.StateMonitor(group, "v", record=True, when="end"), b.SpikeMonitor(group)
        b.run(STEPS * 0.1 * b.ms)
        raster = np.zeros((STEPS, NEURONS))
        raster[np.round(spikes.t / (0.1 * b.ms)).astype(int), spikes.i] = 1
        found[name] = raster, np.asarray(states.v).T
    return found


def nest() -> dict[str, Trace]:
    import nest as n

    found = {}
    for name, gain in (("iaf_psc_delta", 1.0), ("iaf_psc_exp", 125.0)):
        n.ResetKernel()
        n.SetKernelStatus({"resolution": 0.1})
        cells, meter, spikes = n.Create(name, NEURONS), n.Create("multimeter", NEURONS), n.Create("spike_recorder")
        meter.set({"interval": 0.1, "record_from": ["V_m"]})
        n.Connect(meter, cells, "one_to_one")
        n.Connect(cells, spikes)
        for k in range(NEURONS):  # a spike sent at j*dt with a delay of dt arrives at the end of step j
            times = np.round(0.1 * np.arange(1, STEPS), 1)
            source = n.Create("spike_generator", params={"spike_times": times, "spike_weights": gain * DRIVE[1:, k]})
            n.Connect(source, cells[k], syn_spec={"delay": 0.1})
        n.Simulate(0.1 * (STEPS + 1))
        raster = np.zeros((STEPS, NEURONS))
        step = np.round(spikes.events["times"] / 0.1).astype(int) - 1
        raster[step[step < STEPS], spikes.events["senders"][step < STEPS] - cells[0].global_id] = 1
        found[name] = raster, np.stack([np.asarray(m.events["V_m"])[:STEPS] for m in meter], 1)
    return found


def main() -> None:
    kept = dict(np.load(FILE)) if FILE.exists() else {}
    versions = json.loads(str(kept.pop("versions", "{}")))
    for package, cases, distribution in (
        ("snntorch", snntorch, "snntorch"),
        ("spikingjelly", spikingjelly, "spikingjelly"),
        ("norse", norse, "norse"),
        ("sinabs", sinabs, "sinabs"),
        ("brian2", brian2, "brian2"),
        ("nest", nest, "nest-simulator"),
    ):
        if importlib.util.find_spec(package) is None:
            continue
        versions[package] = importlib.metadata.version(distribution)
        kept = {k: v for k, v in kept.items() if not k.startswith(f"{package} ")}
        for name, (spikes, v) in cases().items():
            kept |= {
                f"{package} {name}.spikes": spikes.astype(bool),
                f"{package} {name}.v": v.astype(np.float32),
            }
    kept |= {"input": DRIVE, "versions": np.array(json.dumps(versions, sort_keys=True))}
    np.savez_compressed(FILE, **kept)
    print(json.dumps(versions), f"{FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
