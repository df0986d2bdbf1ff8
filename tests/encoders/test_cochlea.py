import math

import numpy as np
import pytest
import torch
from scipy.signal import gammatone

from ranvier.encoders import poisson
from ranvier.encoders.audio import log_mel
from ranvier.encoders.cochlea import cochlea, erb, erb_centres, gammatone_filters, hz_to_erb_number, log_gammatone
from ranvier.units import ms


def test_bandwidth_and_number_of_the_formulas() -> None:
    hz = torch.tensor([1000.0], dtype=torch.float64)
    assert float(erb(hz)) == pytest.approx(24.7 * 5.37)
    assert float(hz_to_erb_number(hz)) == pytest.approx(15.621, abs=1e-3)
    centres = erb_centres(30, 80.0, 6000.0)
    assert float(centres[0]) == pytest.approx(80) and float(centres[-1]) == pytest.approx(6000)
    apart = hz_to_erb_number(centres).diff()
    torch.testing.assert_close(apart, apart[:1].expand(29))


def test_filters_peak_at_their_centres_with_their_bandwidth() -> None:
    rate, bands = 32000, 12
    spectra = torch.fft.rfft(gammatone_filters(bands, rate, low=200, high=6000), n=1 << 17).abs()
    hz = torch.arange(spectra.shape[1]) * rate / (1 << 17)
    for centre, gain in zip(erb_centres(bands, 200, 6000), spectra, strict=True):
        assert float(hz[gain.argmax()]) == pytest.approx(float(centre), rel=2e-3)
        assert float(gain.max()) == pytest.approx(1, abs=1e-4)
        passed = hz[gain >= gain.max() / math.sqrt(2)]
        assert float((passed[-1] - passed[0]) / erb(centre)) == pytest.approx(0.887, abs=0.01)


def test_filters_are_those_of_scipy() -> None:
    filters = gammatone_filters(8, 16000, low=200, high=3000)
    for centre, response in zip(erb_centres(8, 200, 3000), filters.numpy(), strict=True):
        theirs, _ = gammatone(float(centre), "fir", fs=16000, numtaps=len(response))
        assert np.abs(theirs - response).max() < 2e-3 * np.abs(response).max()


def test_responses_have_decayed_where_they_end() -> None:
    filters = gammatone_filters(5, 8000, low=60, high=3000)
    assert float((filters[:, -10:].abs().amax(1) / filters.abs().amax(1)).max()) < 2e-4


@pytest.mark.parametrize("rate", [8000, 16000])
def test_tone_at_a_centre_excites_that_filter_most(rate: int) -> None:
    centres = erb_centres(20, 50.0, 0.45 * rate)
    t = torch.arange(rate // 4, dtype=torch.float64) / rate
    picture = log_gammatone(torch.sin(2 * math.pi * centres[:, None] * t), rate, bands=20)  # [20 tones, frames, 20]
    assert torch.equal(picture[:, 5:].mean(1).argmax(-1), torch.arange(20))


def test_power_of_a_tone_is_a_quarter() -> None:
    # A sine's mean square is 1/2, and rectification leaves half of it.
    centre = erb_centres(20, 50.0, 3600.0)[12]
    t = torch.arange(4000, dtype=torch.float64) / 8000
    picture = log_gammatone(torch.sin(2 * math.pi * centre * t), 8000, bands=20)
    assert float(picture[20, 12].exp()) == pytest.approx(0.25, rel=0.01)


def test_called_and_framed_as_log_mel(recording: torch.Tensor) -> None:
    wave = recording
    options = {"bands": 24, "window": 20 * ms, "hop": 8 * ms, "low": 100.0, "high": 3500.0}
    ours, theirs = log_gammatone(wave, 8000, **options), log_mel(wave, 8000, **options)
    assert ours.shape == theirs.shape and ours.dtype == theirs.dtype
    seen = torch.corrcoef(torch.stack((ours.mean(1), theirs.mean(1))))[0, 1]
    assert float(seen) > 0.95  # one sound comes and goes in both
    together = log_gammatone(torch.stack((wave, 0.5 * wave)), 8000, **options)
    torch.testing.assert_close(together[0], ours)
    loud = ours > math.log(1e-6)
    torch.testing.assert_close(together[1][loud], ours[loud] - math.log(4), atol=1e-3, rtol=1e-4)


def test_silence_is_the_floor_and_a_short_clip_is_padded() -> None:
    picture = log_gammatone(torch.zeros(50), 8000)
    assert picture.shape == (1, 40)
    assert picture.eq(math.log(1e-10)).all()
    assert cochlea(torch.zeros(50), 8000).abs().sum() == 0


def test_cochlea_is_causal_rectified_and_compressed() -> None:
    wave = torch.randn(2, 400, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    before = wave.clone()
    out = cochlea(wave, 8000, bands=10)
    assert out.shape == (2, 400, 10) and out.dtype == torch.float64
    assert float(out.min()) == 0 and 0.4 < float((out == 0).double().mean()) < 0.6
    linear = cochlea(wave, 8000, bands=10, power=1.0)
    torch.testing.assert_close(out, linear**0.3)
    torch.testing.assert_close(
        cochlea(wave[:, :200], 8000, bands=10, power=1.0), linear[:, :200], atol=1e-12, rtol=1e-9
    )
    assert torch.equal(wave, before)


def test_convolution_does_not_come_round() -> None:
    wave = torch.zeros(300, dtype=torch.float64)
    wave[100] = 1
    filters = gammatone_filters(6, 8000)
    out = cochlea(wave, 8000, bands=6, power=1.0)
    expected = torch.zeros(300, 6, dtype=torch.float64)
    expected[100:] = filters[:, :200].relu().T
    torch.testing.assert_close(out, expected, atol=1e-12, rtol=0)


def test_a_recording_becomes_spikes(recording: torch.Tensor) -> None:
    rates = 300 * cochlea(recording, 8000, bands=16)[::8].clamp(max=1)  # 1 kHz
    spikes = poisson(rates, steps=1, generator=torch.Generator().manual_seed(0))[0]
    assert 0.01 < float(spikes.mean()) < 0.2


def test_gradient_reaches_the_wave_even_in_silence() -> None:
    for wave in (torch.zeros(300), torch.randn(300, generator=torch.Generator().manual_seed(0))):
        wave.requires_grad_()
        (cochlea(wave, 8000).sum() + log_gammatone(wave, 8000).sum()).backward()
        assert wave.grad is not None and wave.grad.isfinite().all()
    assert wave.grad is not None and wave.grad.abs().sum() > 0


def test_a_filter_beyond_half_the_rate_warns() -> None:
    with pytest.warns(
        UserWarning, match=r"the filter at 3950 Hz reaches up to 41\d\d.* Hz, beyond half the rate, 4000 Hz"
    ):
        gammatone_filters(10, 8000, high=3950)


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: gammatone_filters(0, 8000), ValueError, "gammatone_filters: bands must be at least 1, got 0"),
        (lambda: gammatone_filters(4, 8000, high=5000), ValueError, "expected 0 < low < high <= rate / 2, got low 50 Hz, high 5000 Hz"),
        (lambda: gammatone_filters(4, 8000, low=0), ValueError, "got low 0 Hz"),
        (lambda: cochlea(torch.zeros(10), 8000, power=0.0), ValueError, r"cochlea: power must lie in \(0, 1\], got 0\.0"),
        (lambda: cochlea(torch.zeros(10).short(), 8000), TypeError, "cochlea: the wave must be floating point"),
        (lambda: log_gammatone(torch.zeros(0), 8000), ValueError, "log_gammatone: the wave is empty"),
        (lambda: log_gammatone(torch.zeros(9), 8000, hop=0.0), ValueError, "log_gammatone: hop must be positive"),
        (lambda: log_gammatone(torch.full((9,), math.nan), 8000), ValueError, "log_gammatone: 9 of 9 samples are NaN"),
    ],
)  # fmt: skip
def test_refusals(call, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        call()
