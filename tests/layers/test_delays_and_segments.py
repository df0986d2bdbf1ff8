"""Delays hand on what came before; SegmentLinear changes its weights along a sample. Both stream as they run."""

import pytest
import torch

from ranvier.layers import Delays, SegmentLinear


def test_delays_show_the_last_inputs_newest_first() -> None:
    x = torch.arange(1.0, 6.0).view(5, 1, 1)
    assert Delays(3)(x)[:, 0, :, 0].tolist() == [[1, 0, 0], [2, 1, 0], [3, 2, 1], [4, 3, 2], [5, 4, 3]]
    assert torch.equal(Delays(1)(x).squeeze(2), x)


@pytest.mark.parametrize("count", [1, 2, 4])
@pytest.mark.parametrize("cut", [1, 2, 6])
def test_delays_in_parts_and_step_by_step(count: int, cut: int) -> None:
    layer, x = Delays(count), torch.rand(7, 2, 3, 4)
    whole = layer.run(x)
    first = layer.run(x[:cut])
    second = layer.run(x[cut:], first.state)
    assert torch.equal(torch.cat([first.output, second.output]), whole.output)
    assert torch.equal(second.state["past"], whole.state["past"])
    state, rows = None, []
    for x_t in x:
        out, state = layer.step(x_t, state)
        rows.append(out)
    assert torch.equal(torch.stack(rows), whole.output) and repr(layer) == f"Delays({count})"


def test_delays_need_a_count() -> None:
    with pytest.raises(ValueError, match="Delays: count must be at least 1, got 0"):
        Delays(0)


def test_segments_use_their_own_weights() -> None:
    layer = SegmentLinear(3, 2, segments=2, steps=6)
    x = torch.randn(8, 4, 3)
    y = layer(x)
    for t in range(8):
        torch.testing.assert_close(y[t], x[t] @ layer.weight[0 if t < 3 else 1].T)
    first = layer.run(x[:2])
    torch.testing.assert_close(torch.cat([first.output, layer.run(x[2:], first.state).output]), y)
    out, state = layer.step(x[0])
    torch.testing.assert_close(out, y[0])
    assert state["step"].tolist() == [1] * 4 and layer.fan_in == 3
    assert repr(layer) == "SegmentLinear(3, 2, segments=2, steps=6)"


def test_segments_refuse_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match=r"segments must lie between 1 and steps=4, got 5"):
        SegmentLinear(3, 2, segments=5, steps=4)
    layer = SegmentLinear(3, 2, segments=2, steps=4)
    with pytest.raises(ValueError, match=r"input has 5 features on axis 2"):
        layer(torch.zeros(2, 1, 5))
    with pytest.raises(ValueError, match=r"all samples of a batch must be at the same step"):
        layer.run(torch.zeros(2, 2, 3), {"step": torch.tensor([0, 1])})
