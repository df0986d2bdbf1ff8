import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ranvier.encoders import population, population_inverse, receptive_fields

RANGE = {"low": 0.0, "high": 1.0, "fields": 6}


def test_golden_activations() -> None:
    centres = torch.tensor([-0.125, 0.125, 0.375, 0.625, 0.875, 1.125], dtype=torch.float64)
    inside = centres[1:-1]
    assert receptive_fields(inside, **RANGE).argmax(-1).tolist() == [1, 2, 3, 4]
    torch.testing.assert_close(receptive_fields(inside, **RANGE).amax(-1), torch.ones(4, dtype=torch.float64))
    sigma = 1 / 6
    x = torch.tensor([0.3], dtype=torch.float64)
    torch.testing.assert_close(receptive_fields(x, **RANGE)[0], torch.exp(-((0.3 - centres) ** 2) / (2 * sigma**2)))
    golden = torch.tensor([0.0387, 0.5762, 0.9037, 0.1494, 0.0026, 0.0], dtype=torch.float64)
    torch.testing.assert_close(receptive_fields(x, **RANGE)[0], golden, atol=5e-5, rtol=0)


def test_golden_times() -> None:
    spikes = population(torch.tensor([0.3], dtype=torch.float64), **RANGE)
    assert spikes.shape == (11, 1, 6)
    assert spikes.nonzero()[:, [0, 2]].tolist() == [[1, 2], [4, 1], [9, 3]]


@settings(deadline=None, max_examples=60)
@given(x=st.floats(-3, 5), fields=st.integers(3, 12))
def test_each_neuron_fires_once_at_most_and_someone_does(x: float, fields: int) -> None:
    spikes = population(torch.tensor([x], dtype=torch.float64), low=-3, high=5, fields=fields)
    assert spikes.sum(0).max() == 1 and set(spikes.unique().tolist()) == {0.0, 1.0}
    mirrored = population(torch.tensor([2 - x], dtype=torch.float64), low=-3, high=5, fields=fields)
    assert (mirrored.sum(0).flip(-1) - spikes.sum(0)).abs().sum() <= 2  # at the cutoff rounding may decide


@pytest.mark.parametrize(
    ("fields", "steps", "error"), [(3, 11, 0.07), (6, 11, 0.017), (6, 101, 0.003), (10, 101, 0.001)]
)
def test_inverse(fields: int, steps: int, error: float) -> None:
    x = torch.linspace(0, 1, 501)
    options = {"low": 0.0, "high": 1.0}
    rebuilt = population_inverse(population(x, fields=fields, steps=steps, **options), **options)
    assert float((rebuilt - x).abs().max()) < error


def test_inverse_of_one_spike_and_of_none() -> None:
    spikes = torch.zeros(11, 2, 6)
    spikes[0, 0, 2] = 1
    value = population_inverse(spikes, low=0.0, high=1.0)
    assert float(value[0]) == pytest.approx(0.375) and bool(value[1].isnan())


def test_a_range_for_each_feature() -> None:
    x = torch.tensor([[0.3, 30.0], [0.9, 90.0]])
    spikes = population(x, low=torch.tensor([0.0, 0.0]), high=torch.tensor([1.0, 100.0]), fields=6)
    assert spikes.shape == (11, 2, 2, 6)
    assert torch.equal(spikes[:, :, 0], spikes[:, :, 1])
    rebuilt = population_inverse(spikes, low=torch.tensor([0.0, 0.0]), high=torch.tensor([1.0, 100.0]))
    torch.testing.assert_close(rebuilt, x, atol=1.7, rtol=0.05)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_dtype_and_untouched_input(dtype: torch.dtype) -> None:
    x = torch.rand(3, 4, generator=torch.Generator().manual_seed(0)).to(dtype).requires_grad_()
    before = x.detach().clone()
    spikes = population(x, steps=5, cutoff=0.0, **RANGE)
    assert spikes.shape == (5, 3, 4, 6) and spikes.dtype == dtype and not spikes.requires_grad
    assert spikes.sum(0).eq(1).all()  # without a cutoff everyone fires
    assert torch.equal(x.detach(), before)


def test_clip_fires_the_edge_fields() -> None:
    far = population(torch.tensor([9.0, -9.0]), clip=True, **RANGE)
    assert torch.equal(far, population(torch.tensor([1.0, 0.0]), **RANGE))
    assert far[0].sum(0).tolist()[2:4] == [0, 0]


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        (
            {"x": torch.tensor([0.5, 1.5])},
            ValueError,
            r"x must lie in \[low, high\], got 1 of 2 values outside.*clip=True",
        ),
        ({"fields": 2}, ValueError, "fields must be at least 3, got 2"),
        ({"high": 0.0}, ValueError, "low must be below high, got low 0 and high 0. Leave constant features out"),
        ({"gamma": 0.0}, ValueError, "gamma must be above 0, got 0"),
        ({"cutoff": 1.0}, ValueError, r"cutoff must lie in \[0, 1\), got 1"),
        ({"steps": 1}, ValueError, "steps must be at least 2, got 1"),
        (
            {"low": torch.zeros(3)},
            ValueError,
            r"low has shape \(3,\), which does not broadcast to the values' shape \(2,\)",
        ),
        ({"high": float("inf")}, ValueError, "high contains NaN or inf"),
        ({"x": torch.tensor([1])}, TypeError, "x must be floating"),
    ],
)
def test_refusals(arguments: dict, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=f"population: {match}"):
        population(**({"x": torch.rand(2), **RANGE} | arguments))


def test_inverse_refuses_what_has_no_steps() -> None:
    with pytest.raises(
        ValueError, match=r"population_inverse: spikes must have shape \[T, \*N, fields\].*got \(1, 6\)"
    ):
        population_inverse(torch.zeros(1, 6), low=0.0, high=1.0)
