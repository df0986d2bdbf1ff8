import math

import pytest
import torch
from torch import Tensor

from ranvier.losses import SilentOutputWarning, cross_entropy_times, mse_times, spike_times, time_to_first_spike
from ranvier.units import ms

ON_TIMES = [cross_entropy_times, time_to_first_spike]


def raster(*trains: list[int], steps: int = 10) -> Tensor:
    """Spikes [T, 1, C] of neurons that fire in the listed steps."""
    spikes = torch.zeros(steps, 1, len(trains), dtype=torch.float64)
    for c, train in enumerate(trains):
        spikes[train, 0, c] = 1
    return spikes


def seconds(*times: float) -> Tensor:
    return torch.tensor([times], dtype=torch.float64) * ms


def test_times_of_the_first_and_of_the_first_few() -> None:
    spikes = raster([3, 5, 8], [], [0])
    torch.testing.assert_close(spike_times(spikes), seconds(3, 10, 0))
    torch.testing.assert_close(
        spike_times(spikes, dt=0.5 * ms, first=2), 0.5 * torch.stack([seconds(3, 10, 0), seconds(5, 10, 10)])
    )


def test_gradient_is_minus_one_at_the_spike_and_at_the_last_step_of_a_silent_neuron() -> None:
    spikes = raster([3, 5], [], [0]).requires_grad_()
    (spike_times(spikes, dt=1.0) * torch.tensor([1.0, 2.0, 3.0])).sum().backward()
    expected = torch.zeros(10, 1, 3, dtype=torch.float64)
    expected[3, 0, 0], expected[9, 0, 1], expected[0, 0, 2] = -1, -2, -3
    assert spikes.grad is not None
    assert torch.equal(spikes.grad, expected)


def test_gradient_of_several_spikes() -> None:
    spikes = raster([3, 5], [2]).requires_grad_()
    (spike_times(spikes, dt=1.0, first=2) * torch.tensor([[[1.0, 2.0]], [[3.0, 4.0]]])).sum().backward()
    assert spikes.grad is not None
    assert spikes.grad.nonzero().tolist() == [[2, 0, 1], [3, 0, 0], [5, 0, 0], [9, 0, 1]]
    assert (spikes.grad[3, 0, 0], spikes.grad[5, 0, 0], spikes.grad[9, 0, 1]) == (-1, -3, -4)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_dtypes(dtype: torch.dtype) -> None:
    spikes = raster([3], [1]).to(dtype).requires_grad_()
    times = spike_times(spikes)
    assert times.dtype == torch.promote_types(dtype, torch.float32)
    times.sum().backward()
    assert spikes.grad is not None and spikes.grad.dtype == dtype


def test_cross_entropy_golden() -> None:
    loss = cross_entropy_times(seconds(1, 3), torch.tensor([0]), tau=2 * ms)
    assert float(loss) == pytest.approx(math.log(1 + math.exp(-1)), abs=1e-12)


def test_time_to_first_spike_golden() -> None:
    loss = time_to_first_spike(seconds(3.2, 3.7), torch.tensor([0]))
    expected = math.log(1 + math.exp(-1)) + 0.003 * math.expm1(0.5)
    assert float(loss) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("loss", ON_TIMES)
@pytest.mark.parametrize("classes", [2, 10])
def test_silence_gives_ln_c_and_wakes_the_right_neuron(loss, classes: int) -> None:
    spikes = torch.zeros(25, 4, classes, requires_grad=True)
    labels = torch.tensor([0, 1, 1, 0])
    options = {} if loss is cross_entropy_times else {"alpha": 0.0}
    with pytest.warns(
        SilentOutputWarning, match="spike_times: no output neuron fired in 25 steps of 4 samples"
    ) as caught:
        value = loss(spike_times(spikes), labels, **options)
    assert caught[0].filename == __file__
    assert value.item() == pytest.approx(math.log(classes), rel=1e-6)
    value.backward()
    assert spikes.grad is not None and spikes.grad.isfinite().all()
    assert (spikes.grad[-1].gather(1, labels[:, None]) < 0).all()  # more spike there lowers the loss
    assert spikes.grad[:-1].abs().sum() == 0


def test_a_late_answer_has_a_price_that_stays_finite() -> None:
    label = torch.tensor([0])
    at_20 = time_to_first_spike(seconds(128, 128), label)
    assert float(at_20) == pytest.approx(math.log(2) + 0.003 * math.expm1(20), rel=1e-9)
    times = torch.tensor([[100.0, 100.0]], requires_grad=True)  # seconds: float32 has no exp of that
    value = time_to_first_spike(times, label)
    value.backward()
    assert value.isfinite() and times.grad is not None and times.grad.isfinite().all() and times.grad[0, 0] > 0


@pytest.mark.parametrize("loss", ON_TIMES)
def test_never_negative_and_smaller_when_right(loss) -> None:
    label = torch.tensor([0])
    assert 0 <= float(loss(seconds(1, 3), label)) < float(loss(seconds(3, 1), label))


@pytest.mark.parametrize(
    "loss",
    [
        lambda t: cross_entropy_times(t, torch.tensor([1, 0]), label_smoothing=0.1),
        lambda t: time_to_first_spike(t, torch.tensor([1, 0])),
        lambda t: mse_times(t, torch.full((2, 3), 5 * ms, dtype=torch.float64), tolerance=0.5 * ms),
    ],
)
def test_gradients_against_finite_differences(loss) -> None:
    times = torch.tensor([[3.0, 4.0, 7.5], [1.0, 2.5, 9.0]], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda t: loss(t * ms), (times,))


def test_mse_golden_tolerance_and_several_spikes() -> None:
    times = seconds(3, 10)
    assert float(mse_times(times, seconds(3, 6))) == pytest.approx(8)
    assert float(mse_times(times, seconds(2, 6), tolerance=1 * ms)) == pytest.approx(4.5)
    assert float(mse_times(times, seconds(2, 9), tolerance=1 * ms)) == pytest.approx(0, abs=1e-20)
    both = torch.stack([times, times + 1 * ms])
    assert float(mse_times(both, torch.stack([times, times + 3 * ms]))) == pytest.approx(2)
    assert float(0.5 * times.numel() * mse_times(times, seconds(5, 6))) == pytest.approx(0.5 * (2**2 + 4**2))


def test_half_of_the_squared_error_pulls_a_late_spike_earlier() -> None:
    spikes = raster([8]).requires_grad_()
    mse_times(spike_times(spikes), seconds(4)).backward()
    assert spikes.grad is not None and spikes.grad[8, 0, 0] < 0


@pytest.mark.parametrize("loss", ON_TIMES)
@pytest.mark.parametrize(
    ("times", "labels", "error", "match"),
    [
        (torch.ones(3), torch.tensor([0]), ValueError, r"times must have shape \[B, C\].*got \(3,\)"),
        (torch.ones(1, 1), torch.tensor([0]), ValueError, "times has 1 class on axis 1, expected at least 2"),
        (
            torch.ones(2, 3),
            torch.tensor([0]),
            ValueError,
            r"labels has 1 entries, times has batch 2 on axis 0. times is \[B, C\]",
        ),
        (
            torch.ones(1, 3),
            torch.tensor([3]),
            ValueError,
            r"labels must lie in 0\.\.2, because times has 3 classes on axis 1",
        ),
        (torch.ones(1, 3), torch.tensor([0.0]), TypeError, "labels must be a tensor of an integer dtype"),
        (-torch.ones(1, 3), torch.tensor([0]), ValueError, "times must be 0 s or above, got a minimum of -1 s"),
        (
            torch.full((1, 3), math.inf),
            torch.tensor([0]),
            ValueError,
            r"times has infinite times.*times\.clamp\(max=steps",
        ),
        (torch.full((1, 3), math.nan), torch.tensor([0]), ValueError, "times contains NaN or inf"),
        (torch.ones(1, 3).long(), torch.tensor([0]), TypeError, "times must be floating"),
    ],
)
def test_refusals(loss, times: Tensor, labels: Tensor, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=f"{loss.__name__}: {match}"):
        loss(times, labels)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda t, y: cross_entropy_times(t, y, tau=0.0), "cross_entropy_times: tau must be a time above 0 s"),
        (lambda t, y: cross_entropy_times(t, y, label_smoothing=2.0), "label_smoothing must lie in"),
        (lambda t, y: time_to_first_spike(t, y, tau0=-1.0), "tau0 must be a time above 0 s"),
        (lambda t, y: time_to_first_spike(t, y, tau1=0.0), "tau1 must be a time above 0 s"),
        (lambda t, y: time_to_first_spike(t, y, alpha=-1.0), "alpha must be 0 or above, got -1"),
        (lambda t, y: mse_times(t, t, tolerance=-1.0), "tolerance must be 0 s or above, got -1"),
        (
            lambda t, y: mse_times(t, torch.ones(2, 2)),
            r"target has shape \(2, 2\), which does not broadcast to.*\(1, 3\)",
        ),
        (lambda t, y: mse_times(t, -t), "target must be 0 s or above"),
        (lambda t, y: spike_times(t), r"spike_times: spikes must have shape \[T, B, C\]"),
        (lambda t, y: spike_times(-t[None]), "spike_times: spikes must be 0 or above, got a minimum of -1"),
        (
            lambda t, y: spike_times(t[None], first=2),
            r"spike_times: first must lie in 1\.\.1, the steps of spikes, got 2",
        ),
        (lambda t, y: spike_times(t[None], dt=0.0), "spike_times: dt must be a time above 0 s"),
    ],
)
def test_refusals_of_options(call, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        call(torch.ones(1, 3), torch.tensor([0]))
