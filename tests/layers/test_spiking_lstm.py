"""SpikingLSTM: a plain LSTM under its threshold. BinaryLSTM: a counter."""

import pytest
import torch

import ranvier as rv


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_membrane_is_the_output_of_a_plain_lstm(dtype: torch.dtype) -> None:
    cell, theirs = rv.SpikingLSTM(4, 6).to(dtype), torch.nn.LSTM(4, 6).to(dtype)
    cell.gates.load_state_dict({key.removesuffix("_l0"): value for key, value in theirs.state_dict().items()})
    x = torch.randn(20, 3, 4, dtype=dtype, requires_grad=True)
    expected, (h, c) = theirs(x)
    run = cell.run(x, record=("v",))
    tolerance = 1e-6 if dtype == torch.float32 else 1e-13
    torch.testing.assert_close(run.records["v"], expected, rtol=0, atol=tolerance)
    torch.testing.assert_close(run.state["c"], c[0], rtol=0, atol=10 * tolerance)
    assert torch.equal(run.output, (run.records["v"] >= 0.1).to(dtype)) and 0 < float(run.output.detach().mean()) < 1
    ours, other = (torch.autograd.grad(y.square().sum(), x)[0] for y in (run.records["v"], expected))
    torch.testing.assert_close(ours, other, rtol=0, atol=100 * tolerance)


@pytest.mark.parametrize("v_threshold", [1.0, 2.0, 0.0, -0.5, float("nan")])
def test_a_threshold_that_nothing_reaches_is_refused(v_threshold: float) -> None:
    with pytest.raises(
        ValueError, match=r"v_threshold must lie between 0 and 1, .*the membrane o\*tanh\(c\) lies in \(-1, 1\)"
    ):
        rv.SpikingLSTM(3, 4, v_threshold=v_threshold)


def test_a_reset_lowers_the_membrane_that_fired() -> None:
    cell, x = rv.SpikingLSTM(3, 8, v_threshold=0.05, reset=rv.Subtract()), torch.randn(1, 4, 3)
    free = rv.SpikingLSTM(3, 8, v_threshold=0.05)
    free.load_state_dict(cell.state_dict())
    lowered, plain = cell.run(x), free.run(x)
    assert torch.equal(lowered.output, plain.output) and 0 < float(plain.output.detach().sum()) < 32
    torch.testing.assert_close(lowered.state["v"], plain.state["v"] - 0.05 * plain.output[0])


def test_it_learns_what_came_first() -> None:
    """Whether the first of five inputs was 0 or 1, told by the spikes of the last step."""
    torch.manual_seed(2)
    net = rv.Sequential(rv.SpikingLSTM(1, 12, surrogate=rv.FastSigmoid(2.0)), rv.Linear(12, 2))
    optimizer = torch.optim.Adam(net.parameters(), lr=0.03)
    for _ in range(70):
        x = (torch.rand(5, 64, 1) < 0.5).float()
        loss = torch.nn.functional.cross_entropy(net(x)[-1], x[0, :, 0].long())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    x = (torch.rand(5, 500, 1) < 0.5).float()
    assert float((net(x)[-1].argmax(1) == x[0, :, 0]).float().mean()) > 0.95
