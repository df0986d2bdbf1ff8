"""BinaryLSTM: gates of 0 or 1, and a cell that counts."""

import pytest
import torch

import ranvier as rv


def counter(v_threshold: float) -> rv.BinaryLSTM:
    """i and g open with input 0, f shut by input 1, o always open."""
    cell = rv.BinaryLSTM(2, 1, v_threshold=v_threshold)
    with torch.no_grad():
        for p in cell.parameters():
            p.zero_()
        cell.gates.weight_ih[0, 0] = cell.gates.weight_ih[2, 0] = 1.0
        cell.gates.weight_ih[1, 1] = -1.0
        cell.gates.bias_ih[0] = cell.gates.bias_ih[2] = -0.5
        cell.gates.bias_ih[1] = 0.5
    return cell


def test_it_counts_and_forgets() -> None:
    x = torch.zeros(8, 1, 2)
    x[[0, 2, 3, 7], 0, 0] = 1  # counts
    x[5, 0, 1] = 1  # forgets
    run = counter(3.0).run(x, record=("c",))
    assert run.records["c"][:, 0, 0].tolist() == [1, 1, 2, 3, 3, 0, 0, 1]
    assert run.output[:, 0, 0].tolist() == [0, 0, 0, 1, 1, 0, 0, 0]


def test_everything_in_it_is_a_whole_number() -> None:
    run = rv.BinaryLSTM(5, 20).run(torch.randn(30, 4, 5), record=("c", "h"))
    c = run.records["c"].detach()
    assert torch.equal(c, c.round()) and c.min() >= 0 and c.max() >= 2
    assert set(run.output.unique().tolist()) == {0.0, 1.0} and torch.equal(run.records["h"], run.output)


def test_the_gradient_is_the_surrogate_through_each_step() -> None:
    cell = rv.BinaryLSTM(1, 1, surrogate=rv.FastSigmoid(2.0)).double()
    with torch.no_grad():
        cell.gates.weight_ih.copy_(torch.tensor([[0.3], [0.2], [0.5], [0.7]]))
        cell.gates.bias_ih.copy_(torch.tensor([0.1, 0.2, 0.1, 0.1]))
        cell.gates.bias_hh.zero_()
    x = torch.tensor([[[0.4]]], dtype=torch.float64, requires_grad=True)
    c = {"c": torch.tensor([[2.0]], dtype=torch.float64), "h": torch.zeros(1, 1, dtype=torch.float64)}
    (found,) = torch.autograd.grad(cell.run(x, c).output.sum(), x)

    def slope(a: float) -> float:
        return 1 / (1 + 2 * abs(a)) ** 2

    i, f, g, o = (slope(w * 0.4 + b) * w for w, b in ((0.3, 0.1), (0.2, 0.2), (0.5, 0.1), (0.7, 0.1)))
    expected = slope(3 - 1) * (o * 3 + (f * 2 + i + g))  # all gates open: o c = 1 * (1 * 2 + 1 * 1)
    torch.testing.assert_close(found.item(), expected)


@pytest.mark.parametrize("v_threshold", [0.0, -1.0, float("inf"), float("nan")])
def test_a_threshold_at_rest_is_refused(v_threshold: float) -> None:
    with pytest.raises(ValueError, match=r"BinaryLSTM: v_threshold must be above 0, or cells that hold nothing fire"):
        rv.BinaryLSTM(3, 4, v_threshold=v_threshold)
