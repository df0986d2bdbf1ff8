import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ranvier.data.resampling import Resampler
from ranvier.data.sound import resample

RATES = [(44100, 8000), (48000, 8000), (8000, 44100), (11025, 8000), (16000, 8000), (8000, 16000), (1000, 8000)]


def noise(samples: int) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.3, samples).astype(np.float32)


def in_pieces(resampler: Resampler, wave: np.ndarray, sizes: list[int]) -> np.ndarray:
    results, at, k = [], 0, 0
    while at < len(wave):
        results.append(resampler.push(wave[at : at + sizes[k % len(sizes)]]))
        at, k = at + sizes[k % len(sizes)], k + 1
    return np.concatenate([*results, resampler.finish()])


@settings(max_examples=60, deadline=None)
@given(
    rates=st.sampled_from(RATES),
    samples=st.integers(1, 6000),
    sizes=st.lists(st.integers(1, 5000), min_size=1, max_size=4),
)
def test_in_pieces_as_in_one(rates, samples, sizes):
    wave = noise(samples)
    whole = resample(wave, *rates)
    resampler = Resampler(*rates)
    for _ in range(2):  # it begins anew after finish
        result = in_pieces(resampler, wave, sizes)
        assert result.dtype == np.float32
        np.testing.assert_allclose(result, whole, rtol=0, atol=1e-6)


@pytest.mark.parametrize("rates", [*RATES, (7919, 8000), (44101, 8000)])
def test_what_is_held_and_what_is_late_is_bounded(rates):
    given, wanted = rates
    resampler = Resampler(given, wanted)
    period = given // np.gcd(given, wanted)
    reach = 11 * max(1, given / wanted)
    got = 0
    for k in range(30):
        got += len(resampler.push(noise(given // 10)))
        late = (k + 1) * (given // 10) / given - got / wanted
        assert 0 <= late <= (period + reach + 1) / given
        assert len(resampler._held) <= 2 * period + 2 * reach + 2


def test_the_same_rate_passes_through():
    wave = noise(100)
    resampler = Resampler(8000, 8000)
    assert resampler.push(wave) is wave and len(resampler.finish()) == 0


def test_nothing_gives_nothing():
    assert len(Resampler(44100, 8000).finish()) == 0 and len(Resampler(44100, 8000).push(noise(0))) == 0
