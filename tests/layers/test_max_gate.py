import pytest
import torch
from torch import nn

from ranvier.layers.max_gate import MaxGate


@pytest.mark.parametrize("pool", [nn.MaxPool2d(2), nn.MaxPool2d(3, 2, 1)])
def test_the_count_that_passes_is_at_each_step_the_largest_of_the_window(pool: nn.MaxPool2d) -> None:
    spikes = (torch.rand(20, 3, 2, 6, 6) < torch.rand(2, 6, 6)).float()
    out = MaxGate(pool)(spikes)
    assert set(out.unique().tolist()) == {0.0, 1.0}
    counts = spikes.cumsum(0).flatten(0, 1)
    assert torch.equal(out.cumsum(0).flatten(0, 1), pool(counts))


def test_values_that_are_no_spikes_keep_their_largest_mean() -> None:
    x = torch.randn(1, 2, 1, 4, 4).expand(10, -1, -1, -1, -1)
    torch.testing.assert_close(MaxGate(nn.MaxPool2d(2))(x).mean(0), nn.MaxPool2d(2)(x[0]))


def test_the_gate_goes_on_from_its_state() -> None:
    gate, x = MaxGate(nn.MaxPool2d(2)), (torch.rand(10, 1, 1, 4, 4) < 0.4).float()
    first = gate.run(x[:4])
    second = gate.run(x[4:], first.state)
    assert torch.equal(torch.cat([first.output, second.output]), gate(x))
    step, _ = gate.step(x[4], first.state)
    assert torch.equal(step, second.output[0])


def test_the_gate_takes_pictures() -> None:
    with pytest.raises(ValueError, match=r"must have the 5 axes \[T, B, C, H, W\]"):
        MaxGate(nn.MaxPool2d(2))(torch.zeros(2, 3, 4))
