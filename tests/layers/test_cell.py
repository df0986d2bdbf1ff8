"""What all sequence cells promise: three verbs that agree, state as a value, gradients, a place in `Sequential` and in streams."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.func import functional_call

import ranvier as rv
from ranvier.layers.cell import Cell, TimedCell

F, N = 3, 5
CELLS: dict[str, Callable[..., Cell]] = {
    "spiking": lambda f=F, n=N: rv.SpikingLSTM(f, n),
    "spiking, reset": lambda f=F, n=N: rv.SpikingLSTM(f, n, v_threshold=0.02, reset=rv.Subtract(detach=False)),
    "spiking, reset to 0": lambda f=F, n=N: rv.SpikingLSTM(f, n, v_threshold=0.02, reset=rv.ToValue()),
    "binary": lambda f=F, n=N: rv.BinaryLSTM(f, n),
    "rate": lambda f=F, n=N: rv.RateLSTM(f, n, ticks=8),
    "phased": lambda f=F, n=N: rv.PhasedLSTM(f, n, r_on=0.4),
    "sub": lambda f=F, n=N: rv.SubLSTM(f, n),
    "sub, decay": lambda f=F, n=N: rv.SubLSTM(f, n, decay=True),
    "ltc": lambda f=F, n=N: rv.LTC(f, n, unfolds=3),
    "cfc": lambda f=F, n=N: rv.CfC(f, n, backbone=(7, 6)),
    "cfc, no gate": lambda f=F, n=N: rv.CfC(f, n, form="no_gate", backbone=()),
    "cfc, pure": lambda f=F, n=N: rv.CfC(f, n, form="pure", backbone=(7,)),
}  # fmt: skip
SMOOTH = [name for name in CELLS if name not in ("binary", "rate", "spiking, reset", "spiking, reset to 0")]
TIMED = [name for name in CELLS if name.split(",")[0] in ("phased", "ltc", "cfc")]


@pytest.mark.parametrize("name", CELLS)
def test_step_by_step_and_in_two_parts(name: str) -> None:
    cell, x = CELLS[name]().double(), 2 * torch.randn(9, 4, F, dtype=torch.float64)
    whole = cell.run(x, record=cell.state_names)
    assert whole.output.shape == (9, 4, N) and float(whole.output.detach().abs().sum()) > 0
    assert torch.equal(cell(x), whole.output)
    first = cell.run(x[:4], cell.initial_state((4, F), x))
    second = cell.run(x[4:], first.state)
    torch.testing.assert_close(torch.cat([first.output, second.output]), whole.output, rtol=0, atol=1e-13)
    state, rows = None, []
    for x_t in x:
        out, state = cell.step(x_t, state)
        rows.append(out)
    torch.testing.assert_close(torch.stack(rows), whole.output, rtol=0, atol=1e-13)
    assert state is not None and list(state) == list(cell.state_names)
    for key in cell.state_names:
        torch.testing.assert_close(state[key], whole.state[key], rtol=0, atol=1e-13)
        assert torch.equal(whole.records[key][-1], whole.state[key])


@pytest.mark.parametrize("name", CELLS)
def test_rows_of_a_batch_are_independent_and_the_state_is_left_alone(name: str) -> None:
    cell, x = CELLS[name](), torch.randn(6, 3, F)
    start = cell.run(x).state
    before = {key: value.clone() for key, value in start.items()}
    both = cell.run(x, start)
    assert all(torch.equal(start[key], value) for key, value in before.items())
    one = cell.run(x[:, 1:2], {key: value[1:2] for key, value in start.items()})
    torch.testing.assert_close(one.output, both.output[:, 1:2])


@pytest.mark.parametrize("name", SMOOTH)
def test_gradients_of_input_state_and_parameters(name: str) -> None:
    cell = CELLS[name](2, 3).double()
    x = torch.randn(3, 2, 2, dtype=torch.float64, requires_grad=True)
    rest = cell.run(torch.randn(2, 2, 2, dtype=torch.float64)).state
    clocks = {key: rest.pop(key).detach() for key in cell.precise}
    names, values = zip(
        *((key, p.detach().clone().requires_grad_()) for key, p in cell.named_parameters()), strict=True
    )
    shown = "v" if isinstance(cell, rv.SpikingLSTM) else None  # without a reset the spikes reach nothing

    class Shown(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell = cell

        def forward(self, x: Tensor, state: dict[str, Tensor]) -> Tensor:
            done = self.cell.run(x, state, () if shown is None else (shown,))
            return done.output if shown is None else done.records[shown]

    def run(x: Tensor, *rest_of: Tensor) -> Tensor:
        state = dict(zip(rest, rest_of[: len(rest)], strict=True)) | clocks
        given = {f"cell.{key}": value for key, value in zip(names, rest_of[len(rest) :], strict=True)}
        return functional_call(Shown(), given, (x, state))

    starts = [value.detach().clone().requires_grad_() for value in rest.values()]
    assert torch.autograd.gradcheck(run, (x, *starts, *values), fast_mode=True)


@pytest.mark.parametrize("name", CELLS)
def test_within_sequential_and_its_stream(name: str) -> None:
    net = rv.Sequential(rv.Linear(4, F), rv.LIF(), CELLS[name](), rv.Linear(N, 2), rv.LI())
    x = (torch.rand(8, 1, 4) < 0.5).float()
    cell = net[2]
    assert isinstance(cell, Cell)
    whole = net.run(x)
    first = net.run(x[:5], net.initial_state((1, 4)))
    torch.testing.assert_close(torch.cat([first.output, net.run(x[5:], first.state).output]), whole.output)
    assert set(whole.state[2]) == set(cell.state_names)
    recorded = net.run(x, record=("output", cell.state_names[0]))
    assert recorded.records["2.output"].shape == (8, 1, N) and recorded.records[f"2.{cell.state_names[0]}"].shape == (
        8,
        1,
        N,
    )
    assert ("2.rate" in net.run(x, record=("rate",)).records) == cell.fires
    stream = net.stream()
    torch.testing.assert_close(torch.stack([stream.step(x_t[0]).clone() for x_t in x]), whole.output[:, 0].detach())
    whole.output.sum().backward()
    used = [p for key, p in net.named_parameters() if not key.startswith("4")]
    assert all(p.grad is not None and bool(p.grad.isfinite().all()) for p in used)


@pytest.mark.parametrize("name", TIMED)
def test_time_may_be_irregular(name: str) -> None:
    cell, x = CELLS[name]().eval(), torch.randn(6, 2, F)
    assert isinstance(cell, TimedCell)
    regular = cell(x)
    assert torch.equal(cell(x, cell.dt), regular)
    assert torch.equal(cell(x, torch.full((6,), cell.dt)), cell(x, torch.full((6, 2), cell.dt)))
    times = cell.dt * (0.2 + torch.rand(6, 2))
    irregular = cell(x, times)
    assert not torch.allclose(irregular, regular)
    alone = cell(x[:, 1:], times[:, 1:])
    torch.testing.assert_close(alone, irregular[:, 1:])
    state, rows = None, []
    for x_t, time in zip(x, times, strict=True):
        out, state = cell.step(x_t, state, time)
        rows.append(out)
    torch.testing.assert_close(torch.stack(rows), irregular)


@pytest.mark.parametrize("name", TIMED)
@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan")])
def test_time_that_does_not_pass_is_refused(name: str, bad: float) -> None:
    with pytest.raises(
        ValueError, match=r"elapsed must be positive in every step, got a minimum of .*since the step before"
    ):
        CELLS[name]()(torch.zeros(3, 2, F), torch.tensor([1.0, bad, 1.0]))


def test_elapsed_of_another_shape_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"LTC: elapsed has shape \(4,\), expected a number, \[T\] = \(3,\) or \[T, B\] = \(3, 2\)"
    ):
        rv.LTC(F, N)(torch.zeros(3, 2, F), torch.ones(4))
    with pytest.raises(ValueError, match="CfC: dt must be a positive time, got 0"):
        rv.CfC(F, N, dt=0)


@pytest.mark.parametrize("name", CELLS)
def test_what_does_not_fit_is_refused(name: str) -> None:
    cell = CELLS[name]()
    kind = type(cell).__name__
    not_a_dict: Any = ()
    with pytest.raises(ValueError, match=rf"{kind}.*input has 4 features on axis 2 .*expected 3"):
        cell(torch.zeros(2, 1, 4))
    with pytest.raises(ValueError, match=r"must have the 3 axes \[T, B, in_features\], got shape \(2, 3\)"):
        cell(torch.zeros(2, 3))
    with pytest.raises(ValueError, match=rf"{kind}: input has no entries, its shape is \(0, 1, 3\)"):
        cell(torch.zeros(0, 1, 3))
    with pytest.raises(TypeError, match=r"input is torch.float64, the weights are torch.float32"):
        cell(torch.zeros(2, 1, 3, dtype=torch.float64))
    with pytest.raises(TypeError, match="input must be a torch tensor, got list"):
        cell([0.0])
    with pytest.raises(ValueError, match=rf"{kind} has no state u to record\. It has: "):
        cell.run(torch.zeros(2, 1, 3), record=("u",))
    with pytest.raises(ValueError, match=rf"{kind}: state must hold \[.*\], got \['u'\]\. Start from initial_state"):
        cell.run(torch.zeros(2, 1, 3), {"u": torch.zeros(1, N)})
    with pytest.raises(TypeError, match=rf"{kind}: state must be a dict of .*, got tuple"):
        cell.run(torch.zeros(2, 1, 3), not_a_dict)
    wrong = cell.initial_state((2, F))
    with pytest.raises(ValueError, match=rf"{kind}: state .* has shape \(2, 5\), expected \(1, 5\)"):
        cell.run(torch.zeros(2, 1, 3), wrong)


def test_sizes_are_at_least_one() -> None:
    with pytest.raises(ValueError, match="SubLSTM: size must be at least 1, got 0"):
        rv.SubLSTM(3, 0)
    with pytest.raises(ValueError, match="LTC: in_features must be at least 1, got 0"):
        rv.LTC(0, 3)


def test_a_cell_without_a_step_says_so() -> None:
    class Empty(Cell):
        state_names = ("h",)

        def __init__(self) -> None:
            super().__init__(2, 2)
            self.weight = torch.nn.Parameter(torch.zeros(1))

    with pytest.raises(TypeError, match=r"Empty defines no advance\(self, x, state, elapsed\)"):
        Empty()(torch.zeros(2, 1, 2))


def test_cells_show_what_they_are() -> None:
    shown = " ".join(" ".join(repr(make()).split()) for make in CELLS.values())
    for text in ("v_threshold=0.1", "r_on=0.4", "decay=True", "unfolds=3", "form='pure'", "3, 5, dt=1"):
        assert text in shown
