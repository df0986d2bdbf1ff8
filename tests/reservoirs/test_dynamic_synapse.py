"""Dynamic synapses against the recursion of Markram et al., each with its own U, D and F."""

import numpy as np

import ranvier as rv
from ranvier.reservoirs.dynamic_synapse import DynamicSynapse
from ranvier.units import ms

# U, D [s], F [s] of the four kinds of pairs, and the first five u R at 20 Hz
GOLDEN = {
    "EE": ((0.5, 1.1, 0.05), (0.5, 0.30914, 0.15103, 0.08393, 0.05837)),
    "EI": ((0.05, 0.125, 1.2), (0.05, 0.09236, 0.12551, 0.1503, 0.16854)),
    "IE": ((0.25, 0.7, 0.02), (0.25, 0.20362, 0.15813, 0.1264, 0.1047)),
    "II": ((0.32, 0.144, 0.06), (0.32, 0.32082, 0.27148, 0.24118, 0.22706)),
}


def released(times: list[float], constants: np.ndarray) -> np.ndarray:
    """What each spike adds, [spikes, synapses]: steps of the potential of neurons that never leak or fire."""
    net = rv.Network(dt=1 * ms)
    source = net.add(1, rv.SpikeSource(times))
    cells = net.add(
        len(constants), rv.LIF(dt=1 * ms, tau_mem=1e9, v_threshold=1e9, v_reset=0.0, input=rv.ImpulseInput()), "cells"
    )
    made = net.connect(source, cells, weight=1.0, plasticity=DynamicSynapse(), name="synapses")
    state = net.state()
    post = net.weights(made).post
    u, d, f = constants[post].T
    state["synapses.synapses"][:, 1:4] = np.stack([u, 0.1 / d, 0.1 / f], 1)
    net.restore(state)
    net.record(cells, "v")
    _, v = net.run(max(times) + 5 * ms).trace(cells, "v")
    jumps = np.diff(v, axis=0, prepend=0.0)
    return jumps[np.abs(jumps).max(1) > 1e-4]


def test_the_first_five_spikes_at_20_hz_release_what_the_paper_says():
    constants = np.array([c for c, _ in GOLDEN.values()])
    found = released([0.0005 + 0.05 * k for k in range(5)], constants)
    expected = np.array([e for _, e in GOLDEN.values()]).T
    np.testing.assert_allclose(found, expected, atol=6e-6)


def test_any_spike_train_follows_the_recursion():
    rng = np.random.default_rng(3)
    constants = np.stack([rng.uniform(0.05, 1, 8), rng.uniform(0.02, 1.5, 8), rng.uniform(0.005, 1.5, 8)], 1)
    steps = np.cumsum(rng.integers(3, 300, 20))
    found = released(list((steps + 0.5) * 1e-3), constants)
    u, r, expected = constants[:, 0], np.ones(8), []
    for apart in np.append(np.diff(steps), 0) * 1e-3:
        expected.append(u * r)
        r = 1 + (r - u * r - 1) * np.exp(-apart / constants[:, 1])
        u = constants[:, 0] + u * (1 - constants[:, 0]) * np.exp(-apart / constants[:, 2])
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-6)
