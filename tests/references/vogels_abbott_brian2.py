"""Runs a Vogels-Abbott network whose wiring and starts are in a file with Brian2 (2.9.0 made `vogels_abbott.npz`).

    python vogels_abbott_brian2.py WIRING.npz SPIKES.npz

It needs Brian2 and nothing of Ranvier. `examples/papers/vogels_abbott.py` writes the wiring and calls this script. What differs: Brian2 counts the step of a
spike as refractory, so its period is one step longer here; a delay of 0.1 ms is the same in both.
"""

import sys

import brian2 as b
import numpy as np

EQUATIONS = {
    "coba": (
        """dv/dt = (ge*(0*mV-v) + gi*(-80*mV-v) + 10*nS*(-60*mV-v) + 200*pA)/(200*pF) : volt (unless refractory)
        dge/dt = -ge/(5*ms) : siemens
        dgi/dt = -gi/(10*ms) : siemens""",
        "exponential_euler",
        "ge += 6*nS",
        "gi += 67*nS",
    ),
    "cuba": (
        """dv/dt = (ge + gi - (v + 49*mV))/(20*ms) : volt (unless refractory)
        dge/dt = -ge/(5*ms) : volt
        dgi/dt = -gi/(10*ms) : volt""",
        "exact",
        "ge += 1.62*mV",
        "gi -= 9*mV",
    ),
}


def main(wiring: str, spikes: str) -> None:
    given = np.load(wiring)
    equations, method, on_exc, on_inh = EQUATIONS[str(given["kind"])]
    b.defaultclock.dt = 0.1 * b.ms
    cells = b.NeuronGroup(
        len(given["v"]), equations, threshold="v >= -50*mV", reset="v = -60*mV", refractory=5.1 * b.ms, method=method
    )
    cells.v = given["v"] * b.volt
    excitation = b.Synapses(cells, cells, on_pre=on_exc, delay=0.1 * b.ms)
    excitation.connect(i=given["exc_pre"], j=given["exc_post"])
    inhibition = b.Synapses(cells, cells, on_pre=on_inh, delay=0.1 * b.ms)
    inhibition.connect(i=given["inh_pre"], j=given["inh_post"])
    monitor = b.SpikeMonitor(cells)
    b.Network(cells, excitation, inhibition, monitor).run(float(given["duration"]) * b.second)
    steps = np.round(np.asarray(monitor.t) / 1e-4).astype(np.int32)
    neurons = np.asarray(monitor.i).astype(np.int32)
    order = np.lexsort((neurons, steps))
    np.savez_compressed(spikes, steps=steps[order], neurons=neurons[order], version=b.__version__)


if __name__ == "__main__":
    main(*sys.argv[1:])
