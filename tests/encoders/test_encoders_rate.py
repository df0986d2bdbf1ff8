import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ranvier.encoders import bernoulli, poisson
from ranvier.units import ms


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@settings(deadline=None, max_examples=40)
@given(p=st.floats(0, 1), seed=st.integers(0, 2**31))
def test_bernoulli_mean_is_p(p: float, seed: int) -> None:
    steps = 10_000
    mean = bernoulli(torch.tensor(p, dtype=torch.float64), steps=steps, generator=seeded(seed)).mean()
    # Six standard deviations; the floor covers p so small that one spike is far in its tail.
    assert abs(float(mean) - p) <= 6 * (p * (1 - p) / steps) ** 0.5 + 5 / steps


def test_poisson_mean_is_one_minus_exp() -> None:
    rate = torch.tensor([0.0, 50.0, 500.0, 1000.0])
    mean = poisson(rate, steps=40_000, generator=seeded()).mean(0)
    torch.testing.assert_close(mean, 1 - torch.exp(-rate * 1e-3), atol=0.01, rtol=0)
    assert mean[0] == 0


def test_a_half_is_one_spike_in_two_steps_and_its_spread_is_binomial() -> None:
    means = bernoulli(torch.full((4000,), 0.5, dtype=torch.float64), steps=100, generator=seeded()).mean(0)
    assert float(means.mean()) == pytest.approx(0.5, abs=0.005)
    assert float(means.std()) == pytest.approx((0.5 * 0.5 / 100) ** 0.5, rel=0.05)


def test_brightest_pixel_of_an_image_fires_at_63_75_hz() -> None:
    # Diehl and Cook (2015): pixel / 8 * intensity Hz with intensity 2.
    rate = torch.tensor([0.0, 255.0]) / 8 * 2
    assert rate.tolist() == [0, 63.75]
    spikes = poisson(rate.repeat(1000, 1), steps=350, generator=seeded())
    expected = (1 - 2.718281828459045**-0.06375) / 1e-3
    assert float(spikes[..., 1].mean() / 1e-3) == pytest.approx(expected, rel=0.01)


def test_poisson_dt_scales_the_chance() -> None:
    mean = poisson(torch.full((100,), 100.0), steps=400, dt=5 * ms, generator=seeded()).mean()
    assert float(mean) == pytest.approx(1 - 2.718281828**-0.5, abs=0.01)


def test_silence_followed_by_noise() -> None:
    # 10 zeros and then 190 samples of probability 19/100: 200 steps in all.
    noise = bernoulli(torch.tensor(0.19), steps=190, generator=seeded())
    x = torch.cat((torch.zeros(10), noise))
    assert x.shape == (200,)
    assert x[:10].sum() == 0
    assert 0.19 * 190 - 33 < float(x.sum()) < 0.19 * 190 + 33


def test_certain_values_are_certain() -> None:
    spikes = bernoulli(torch.tensor([0.0, 1.0]), steps=500, generator=seeded())
    assert spikes.sum(0).tolist() == [0, 500]


@pytest.mark.parametrize("encode", [bernoulli, poisson])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_shape_dtype_values_and_untouched_input(encode, dtype: torch.dtype) -> None:
    x = torch.rand(3, 2, 5, generator=seeded()).to(dtype)
    before = x.clone()
    spikes = encode(x, steps=7, generator=seeded())
    assert spikes.shape == (7, 3, 2, 5)
    assert spikes.dtype == dtype
    assert set(spikes.unique().tolist()) <= {0.0, 1.0}
    assert torch.equal(x, before)


@pytest.mark.parametrize("encode", [bernoulli, poisson])
def test_generator_decides(encode) -> None:
    x = torch.full((50,), 0.5) if encode is bernoulli else torch.full((50,), 500.0)
    first = encode(x, steps=20, generator=seeded(1))
    assert torch.equal(first, encode(x, steps=20, generator=seeded(1)))
    assert not torch.equal(first, encode(x, steps=20, generator=seeded(2)))


def test_every_epoch_draws_anew() -> None:
    generator, p = seeded(), torch.full((50,), 0.5)
    assert not torch.equal(bernoulli(p, steps=20, generator=generator), bernoulli(p, steps=20, generator=generator))


def test_the_rate_behind_a_count() -> None:
    rate = torch.tensor([20.0, 200.0, 900.0], dtype=torch.float64)
    spikes = poisson(rate, steps=100_000, generator=seeded())
    torch.testing.assert_close(-torch.log1p(-spikes.mean(0)) / 1e-3, rate, rtol=0.05, atol=0)


def test_explicit_generator_leaves_the_global_one_alone() -> None:
    state = torch.get_rng_state()
    bernoulli(torch.full((5,), 0.5), steps=3, generator=seeded())
    assert torch.equal(state, torch.get_rng_state())


def test_steps_are_independent() -> None:
    spikes = bernoulli(torch.full((2000,), 0.5), steps=2, generator=seeded())
    assert float((spikes[0] == spikes[1]).float().mean()) == pytest.approx(0.5, abs=0.06)


def test_learnable_input_gives_plain_spikes() -> None:
    p = torch.full((4,), 0.5, requires_grad=True)
    assert not bernoulli(p, steps=3, generator=seeded()).requires_grad


def test_clip_brings_values_into_range() -> None:
    assert bernoulli(torch.tensor([-1.0, 2.0]), steps=9, clip=True, generator=seeded()).sum(0).tolist() == [0, 9]
    clipped = poisson(torch.tensor([-5.0, 1e9]), steps=5000, clip=True, generator=seeded()).mean(0)
    assert clipped[0] == 0
    assert float(clipped[1]) == pytest.approx(1 - 2.718281828**-1, abs=0.03)


def test_rate_of_one_spike_a_step_is_in_range_for_any_dt() -> None:
    for dt in (0.1 * ms, 0.3 * ms, 0.7 * ms, 1 * ms, 3 * ms):
        assert poisson(torch.tensor([1 / dt]), steps=2, dt=dt, generator=seeded()).shape == (2, 1)


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (
            lambda: poisson(torch.tensor([1800.0]), steps=5),
            ValueError,
            r"poisson: rate \* dt must lie in \[0, 1\], got a maximum of 1\.8 \(rate 1800 Hz, dt 1 ms\)\. Lower",
        ),
        (
            lambda: poisson(torch.tensor([-3.0]), steps=5),
            ValueError,
            "rate must not be negative, got a minimum of -3 Hz",
        ),
        (lambda: poisson(torch.tensor([3.0]), steps=5, dt=0.0), ValueError, "dt must be a time above 0 s, got 0.0"),
        (lambda: poisson(torch.tensor([3]), steps=5), TypeError, "rate must be floating, got torch.int64"),
        (
            lambda: bernoulli(torch.tensor([-0.2, 1.3]), steps=5),
            ValueError,
            r"p must lie in \[0, 1\], got values from -0\.2 to 1\.3\. Rescale it, or give clip=True",
        ),
        (lambda: bernoulli(torch.zeros(3, dtype=torch.uint8), steps=5), TypeError, "divide an 8-bit image by 255"),
        (lambda: bernoulli([0.5], steps=5), TypeError, "p must be a torch.Tensor, got list"),
        (lambda: bernoulli(torch.zeros(0, 3), steps=5), ValueError, r"p is empty, its shape is \(0, 3\)"),
        (lambda: bernoulli(torch.tensor([0.5, float("nan")]), steps=5), ValueError, "NaN or inf in 1 of 2 values"),
        (lambda: bernoulli(torch.tensor([float("inf")]), steps=5, clip=True), ValueError, "NaN or inf in 1 of 1"),
        (lambda: bernoulli(torch.tensor([0.5j]), steps=5), ValueError, "p must be real, got torch.complex64"),
        (lambda: bernoulli(torch.tensor([0.5]), steps=0), ValueError, "steps must be at least 1, got 0"),
        (lambda: bernoulli(torch.tensor([0.5]), steps=2.5), TypeError, "steps must be an int, got 2.5"),
        (lambda: bernoulli(torch.tensor([0.5]), steps=True), TypeError, "steps must be an int, got True"),
        (
            lambda: bernoulli(torch.tensor([0.5]), steps=2, generator=7),
            TypeError,
            r"generator must be a torch.Generator or None, got 7\. Use generator=torch.Generator\(\)\.manual_seed",
        ),
    ],
)
def test_refusals(call, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        call()
