import numpy as np
import pytest
import torch

import ranvier as rv
from ranvier.analysis import spike_trains


@pytest.mark.parametrize("neurons", [(), (1,), (2, 3)])
def test_trains_are_the_times_of_each_neuron(neurons: tuple[int, ...]) -> None:
    x = torch.rand(20, 3, *neurons, generator=torch.Generator().manual_seed(0)).lt(0.3)
    flat = x.reshape(20, 3, -1).numpy()
    for given in (x, x.numpy(), x.float(), rv.Events.from_dense(x), rv.Events.from_dense(x).compact()):
        found = spike_trains(given, dt=0.25)
        assert len(found) == 3 and all(len(sample) == flat.shape[2] for sample in found)
        for b, n in np.ndindex(3, flat.shape[2]):
            assert found[b][n].tolist() == (np.flatnonzero(flat[:, b, n]) * 0.25).tolist()


def test_silence_gives_empty_trains() -> None:
    assert [t.tolist() for t in spike_trains(torch.zeros(4, 1, 2), dt=0.1)[0]] == [[], []]


def test_they_fit_what_takes_trains() -> None:
    found = rv.analysis.spike_trains(torch.eye(4)[:, None], dt=0.5)[0]
    assert rv.analysis.victor_purpura_matrix(found, cost=1.0)[0].tolist() == [0.0, 0.5, 1.0, 1.5]


def test_what_is_no_raster_is_refused() -> None:
    with pytest.raises(ValueError, match="dt must be a time above 0 s, got 0"):
        spike_trains(torch.zeros(4, 1, 2), dt=0.0)
    with pytest.raises(ValueError, match="x must hold only 0 and 1, got 0.5"):
        spike_trains(torch.full((1, 1, 1), 0.5), dt=0.1)
