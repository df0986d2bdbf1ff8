import math
import warnings

import pytest
import torch
from torch import Tensor

from ranvier.losses import (
    SilentOutputWarning,
    cross_entropy_count,
    cross_entropy_final_membrane,
    cross_entropy_max_membrane,
    cross_entropy_mean_membrane,
    cross_entropy_rate,
    mse_count,
    rate_above,
    rate_below,
    total_spikes,
)

ON_SPIKES = [cross_entropy_count, cross_entropy_rate, mse_count]
ON_MEMBRANE = [cross_entropy_final_membrane, cross_entropy_max_membrane, cross_entropy_mean_membrane]
CROSS_ENTROPIES = [cross_entropy_count, cross_entropy_rate, *ON_MEMBRANE]
REGULARISERS = [lambda s: rate_below(s, 0.1), lambda s: rate_above(s, 0.1), total_spikes]


def spikes_of_counts(counts: list[int], steps: int = 3) -> Tensor:
    """Spikes [T, 1, C], each neuron firing in the first steps."""
    return (torch.arange(steps, dtype=torch.float64)[:, None, None] < torch.tensor(counts)).double()


def random_spikes(steps: int, batch: int, classes: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return (torch.rand(steps, batch, classes, generator=generator, dtype=torch.float64) < 0.4).double()


def test_count_golden() -> None:
    loss = cross_entropy_count(spikes_of_counts([3, 1, 0]), torch.tensor([0]))
    assert float(loss) == pytest.approx(0.1698460196, abs=1e-10)


def test_count_scale_divides_the_counts() -> None:
    loss = cross_entropy_count(spikes_of_counts([3, 1, 0]), torch.tensor([0]), scale=0.5)
    expected = math.log(math.exp(1.5) + math.exp(0.5) + 1) - 1.5
    assert float(loss) == pytest.approx(expected, abs=1e-12)


def test_counts_far_apart_stay_finite_and_a_scale_gives_their_gradient_back() -> None:
    spikes, wrong, right = spikes_of_counts([200, 0], steps=200).float(), torch.tensor([1]), torch.tensor([0])
    assert float(cross_entropy_count(spikes, wrong)) == 200  # a softmax that underflows has no logarithm
    steps = len(spikes)
    for scale, alive in ((1.0, False), (10 / steps, True)):
        x = spikes.clone().requires_grad_()
        cross_entropy_count(x, right, scale=scale).backward()
        assert x.grad is not None and x.grad.isfinite().all()
        assert (float(x.grad.abs().max()) > 1e-9) == alive


def test_rate_golden_and_is_another_loss_than_count() -> None:
    # Three steps: [1,1,0], [1,0,0], [1,0,0].
    loss = cross_entropy_rate(spikes_of_counts([3, 1, 0]), torch.tensor([0]))
    e = math.e
    expected = (math.log(2 * e + 1) + 2 * math.log(e + 2)) / 3 - 1
    assert float(loss) == pytest.approx(expected, abs=1e-12)
    assert float(loss) != pytest.approx(0.1698460196, abs=0.1)


def test_rate_keeps_samples_and_labels_together() -> None:
    spikes, labels = random_spikes(5, 4, 3), torch.tensor([2, 0, 1, 1])
    one_by_one = [-spikes[t, b].log_softmax(-1)[labels[b]] for t in range(5) for b in range(4)]
    torch.testing.assert_close(cross_entropy_rate(spikes, labels), torch.stack(one_by_one).mean())


def test_membrane_goldens() -> None:
    v = torch.tensor([[[0.0, 2.0]], [[5.0, 2.5]], [[-1.0, 3.0]]], dtype=torch.float64)
    label = torch.tensor([0])
    assert float(cross_entropy_max_membrane(v, label)) == pytest.approx(math.log(1 + math.exp(3 - 5)), abs=1e-12)
    assert float(cross_entropy_mean_membrane(v, label)) == pytest.approx(math.log(1 + math.exp(2.5 - 4 / 3)), abs=1e-12)


@pytest.mark.parametrize("loss", CROSS_ENTROPIES)
@pytest.mark.parametrize("classes", [2, 10])
def test_equal_evidence_gives_ln_c(loss, classes: int) -> None:
    output = torch.ones(4, 3, classes, dtype=torch.float64)
    labels = torch.tensor([0, 1, classes - 1])
    assert float(loss(output, labels)) == pytest.approx(math.log(classes), abs=1e-12)
    assert float(loss(output, labels, label_smoothing=0.1)) == pytest.approx(math.log(classes), abs=1e-12)


@pytest.mark.parametrize("loss", CROSS_ENTROPIES)
def test_never_negative_and_smaller_when_right(loss) -> None:
    right, wrong = spikes_of_counts([3, 0, 0]), spikes_of_counts([0, 3, 0])
    label = torch.tensor([0])
    assert 0 <= float(loss(right, label)) < float(loss(wrong, label))


@pytest.mark.parametrize("loss", CROSS_ENTROPIES)
def test_label_smoothing_mixes_in_the_mean_over_classes(loss) -> None:
    output = spikes_of_counts([3, 1, 0])
    each = torch.stack([loss(output, torch.tensor([c])) for c in range(3)])
    torch.testing.assert_close(loss(output, torch.tensor([0]), label_smoothing=0.3), 0.7 * each[0] + 0.3 * each.mean())


@pytest.mark.parametrize("loss", [cross_entropy_count, cross_entropy_rate])
def test_silent_output_has_a_loss_a_gradient_and_a_warning(loss) -> None:
    spikes = torch.zeros(25, 4, 10, requires_grad=True)
    with pytest.warns(SilentOutputWarning, match="no output neuron fired in 25 steps of 4 samples.*Raise the weights"):
        value = loss(spikes, torch.tensor([0, 3, 5, 9]))
    assert value.item() == pytest.approx(math.log(10), rel=1e-6)
    value.backward()
    assert spikes.grad is not None
    assert spikes.grad.isfinite().all()
    assert (spikes.grad[:, 1, 3] < 0).all()  # the right neuron is pushed to fire
    assert (spikes.grad[:, 1, 4] > 0).all()


def test_silent_output_under_mse() -> None:
    spikes = torch.zeros(10, 1, 2, requires_grad=True)
    with pytest.warns(SilentOutputWarning, match="mse_count"):
        value = mse_count(spikes, torch.tensor([1]))
    assert value.item() == pytest.approx((2**2 + 8**2) / 2 / 10)
    value.backward()
    assert spikes.grad is not None
    assert (spikes.grad < 0).all()


def test_final_membrane_sees_the_last_step_alone() -> None:
    v = torch.randn(6, 3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    labels = torch.tensor([0, 3, 1])
    loss = cross_entropy_final_membrane(v, labels)
    torch.testing.assert_close(loss, torch.nn.functional.cross_entropy(v[-1], labels))
    loss.backward()
    assert v.grad is not None
    assert v.grad[-1].abs().sum() > 0
    assert v.grad[:-1].abs().sum() == 0


@pytest.mark.parametrize("loss", ON_MEMBRANE)
def test_membrane_at_rest_has_a_loss_and_a_gradient(loss) -> None:
    v = torch.zeros(5, 2, 4, requires_grad=True)
    value = loss(v, torch.tensor([1, 2]))
    assert value.item() == pytest.approx(math.log(4), rel=1e-6)
    value.backward()
    assert v.grad is not None
    assert v.grad[-1, 0, 1] < 0
    assert (v.grad[:, 0, 1] <= 0).all()


@pytest.mark.parametrize("loss", ON_SPIKES)
def test_one_spike_in_the_batch_is_no_silence(loss) -> None:
    spikes = torch.zeros(4, 3, 2)
    spikes[0, 2, 1] = 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert float(loss(spikes, torch.tensor([0, 1, 0]))) > 0


def test_the_warning_points_at_the_caller() -> None:
    with pytest.warns(SilentOutputWarning) as caught:
        cross_entropy_count(torch.zeros(2, 1, 2), torch.tensor([0]))
    assert issubclass(SilentOutputWarning, UserWarning)
    assert caught[0].filename == __file__


def test_mse_count_golden() -> None:
    # T = 10, targets 8, 2, 2; counts 7, 2, 5: (1 + 0 + 9) / 3 / 10.
    spikes = spikes_of_counts([7, 2, 5], steps=10)
    assert float(mse_count(spikes, torch.tensor([0]))) == pytest.approx(1 / 3)
    # Targets 10, 0, 0: (9 + 4 + 25) / 3 / 10.
    full = mse_count(spikes, torch.tensor([0]), correct_rate=1.0, incorrect_rate=0.0)
    assert float(full) == pytest.approx(38 / 30)


def test_mse_count_is_zero_on_target() -> None:
    assert float(mse_count(spikes_of_counts([2, 8], steps=10), torch.tensor([1]))) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("loss", [*CROSS_ENTROPIES, mse_count])
def test_gradients_against_finite_differences(loss) -> None:
    output = torch.rand(3, 2, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1)).requires_grad_()
    labels = torch.tensor([3, 0])
    assert torch.autograd.gradcheck(lambda x: loss(x, labels), (output,))


@pytest.mark.parametrize("penalty", REGULARISERS)
def test_gradients_of_penalties_against_finite_differences(penalty) -> None:
    spikes = torch.rand(3, 2, 2, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) * 0.3
    assert torch.autograd.gradcheck(penalty, (spikes.requires_grad_(),))


def test_rate_penalties() -> None:
    spikes = torch.zeros(10, 2, 3)
    spikes[:5, :, 1] = 1  # rate 0.5
    spikes[:, 0, 2] = 1  # rate 0.5: silent on one sample, busy on the other
    assert float(rate_below(spikes, 0.1)) == pytest.approx(0.1**2 / 3)
    assert float(rate_above(spikes, 0.2)) == pytest.approx(2 * 0.3**2 / 3)
    assert float(rate_below(spikes[..., 1:], 0.4)) == 0
    assert float(rate_above(spikes, 0.6)) == 0


def test_rate_below_wakes_a_dead_neuron() -> None:
    spikes = torch.zeros(5, 2, 3, requires_grad=True)
    rate_below(spikes, 0.1).backward()
    assert spikes.grad is not None
    assert (spikes.grad < 0).all()


def test_total_spikes_is_for_a_sample() -> None:
    spikes = torch.zeros(4, 2, 3, 3)
    spikes[0, 0] = 1
    spikes[1, 1, 0, 0] = -1
    assert float(total_spikes(spikes)) == 5.0


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_counts_exactly(dtype: torch.dtype) -> None:
    spikes = torch.ones(601, 1, 2, dtype=dtype)
    assert float(total_spikes(spikes)) == 1202
    assert float(mse_count(spikes, torch.tensor([0]), correct_rate=1.0, incorrect_rate=0.0)) == pytest.approx(601 / 2)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.int32, torch.int64])
def test_labels_of_any_integer_dtype(dtype: torch.dtype) -> None:
    loss = cross_entropy_count(spikes_of_counts([3, 1, 0]), torch.tensor([0], dtype=dtype))
    assert float(loss) == pytest.approx(0.1698460196, abs=1e-10)


@pytest.mark.parametrize("loss", [*ON_SPIKES, *ON_MEMBRANE])
def test_input_is_untouched(loss) -> None:
    output, labels = random_spikes(4, 3, 2), torch.tensor([0, 1, 1])
    before = output.clone(), labels.clone()
    assert loss(output, labels).shape == ()
    assert torch.equal(output, before[0])
    assert torch.equal(labels, before[1])


@pytest.mark.parametrize("loss", [*ON_SPIKES, *ON_MEMBRANE])
@pytest.mark.parametrize(
    ("output", "labels", "error", "match"),
    [
        (
            torch.ones(25, 32, 10),
            torch.zeros(31).long(),
            ValueError,
            r"labels has 31 entries, \w+ has batch 32 on axis 1",
        ),
        (
            torch.ones(5, 2, 3),
            torch.zeros(2, 3).long(),
            ValueError,
            r"labels must have shape \[B\] = \(2,\), got \(2, 3\)",
        ),
        (
            torch.ones(5, 2, 3),
            torch.tensor([0, 3]),
            ValueError,
            r"labels must lie in 0\.\.2, because \w+ has 3 classes on",
        ),
        (torch.ones(5, 2, 3), torch.tensor([-1, 0]), ValueError, "got values from -1 to 0"),
        (
            torch.ones(5, 2, 3),
            torch.zeros(2),
            TypeError,
            "labels must be a tensor of an integer dtype, got torch.float32",
        ),
        (torch.ones(5, 2, 3), [0, 1], TypeError, "labels must be a tensor of an integer dtype, got list"),
        (
            torch.ones(2, 3),
            torch.tensor([0, 1]),
            ValueError,
            r"must have shape \[T, B, C\] \(time, batch, class\), got",
        ),
        (torch.ones(0, 2, 3), torch.tensor([0, 1]), ValueError, "is empty"),
        (torch.ones(1, 1, 2).long(), torch.tensor([0]), TypeError, "must be floating, got torch.int64"),
        (torch.full((1, 1, 2), float("nan")), torch.tensor([0]), ValueError, "contains NaN or inf in 2 of 2"),
    ],
)
def test_refusals(loss, output: Tensor, labels, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=f"{loss.__name__}: .*{match}"):
        loss(output, labels)


@pytest.mark.parametrize("loss", ON_SPIKES)
def test_potentials_are_not_spikes(loss) -> None:
    with pytest.raises(ValueError, match="spikes must be 0 or above, got a minimum of -1.*cross_entropy_max_membrane"):
        loss(-torch.ones(2, 1, 3), torch.tensor([0]))


@pytest.mark.parametrize("loss", CROSS_ENTROPIES)
def test_refuses_one_class_and_bad_smoothing(loss) -> None:
    with pytest.raises(ValueError, match="has 1 class on axis 2, expected at least 2"):
        loss(torch.ones(2, 1, 1), torch.tensor([0]))
    with pytest.raises(ValueError, match=r"label_smoothing must lie in \[0, 1\], got 1\.5"):
        loss(torch.ones(2, 1, 2), torch.tensor([0]), label_smoothing=1.5)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda s: cross_entropy_count(s, torch.tensor([0]), scale=0.0), r"scale must be above 0, got 0\.0"),
        (lambda s: mse_count(s, torch.tensor([0]), correct_rate=0.2), "got incorrect_rate 0.2 and correct_rate 0.2"),
        (
            lambda s: mse_count(s, torch.tensor([0]), correct_rate=1.2),
            "rates must satisfy 0 <= incorrect_rate < correct",
        ),
        (lambda s: rate_below(s, 0.0), r"rate_below: lower must lie in \(0, 1\] spikes per step, got 0\.0"),
        (lambda s: rate_above(s, 20.0), r"rate_above: upper must lie in \[0, 1\) spikes per step, got 20\.0"),
        (lambda s: total_spikes(s[0]), r"total_spikes: spikes must have shape \[T, B, \*N\].*got \(1, 3\)"),
        (lambda s: rate_below(s[0], 0.1), r"rate_below: spikes must have shape \[T, B, \*N\]"),
        (lambda s: total_spikes(s * float("inf")), "total_spikes: spikes contains NaN or inf"),
    ],
)
def test_refusals_of_options(call, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        call(torch.ones(2, 1, 3))
