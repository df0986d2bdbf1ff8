"""COBA and CUBA against Brian2, spike for spike: 4,000 neurons, 50 ms (vogels_abbott_brian2.py made the reference)."""

from pathlib import Path

import numpy as np
import pytest
import torch

from ranvier.simulation import networks

STORED = np.load(Path(__file__).with_name("vogels_abbott.npz"))


# The wiring is that of seed 0, the potentials those of NumPy's generator of seed 0: as examples/papers/vogels_abbott.py gave them to Brian2.
@pytest.mark.thorough
@pytest.mark.parametrize("make", [networks.coba, networks.cuba])
def test_every_spike_of_fifty_milliseconds_is_the_same(make) -> None:
    net, populations = make(seed=0, dtype=torch.float64)
    rng = np.random.default_rng(0)
    for p in populations:
        p.initialize(v=rng.uniform(-60e-3, -50e-3, p.n))
    run = net.run(0.05)
    name = make.__name__
    np.testing.assert_array_equal(run.steps, STORED[f"{name}_steps"])
    np.testing.assert_array_equal(run.neurons, STORED[f"{name}_neurons"])
    assert len(run.steps) > 900
