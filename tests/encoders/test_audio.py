import json
import math
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.fft import dct

from ranvier.encoders.audio import (
    dct_matrix,
    deltas,
    hz_to_mel,
    hz_to_slaney_mel,
    log_mel,
    mel_edges,
    mel_filters,
    mel_to_hz,
    mfcc,
    slaney_mel_to_hz,
)


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_mel_is_the_formula_of_htk_and_inverts():
    assert float(hz_to_mel(torch.tensor(1000.0, dtype=torch.float64))) == pytest.approx(999.9855, abs=1e-4)
    hz = torch.tensor([0.0, 20.0, 700.0, 4000.0], dtype=torch.float64)
    torch.testing.assert_close(mel_to_hz(hz_to_mel(hz)), hz)


def test_the_scale_of_slaney_is_linear_below_one_kilohertz_and_inverts():
    hz = torch.tensor([0.0, 200.0, 500.0, 1000.0, 6400.0], dtype=torch.float64)
    torch.testing.assert_close(hz_to_slaney_mel(hz), torch.tensor([0, 3, 7.5, 15, 42], dtype=torch.float64))
    torch.testing.assert_close(slaney_mel_to_hz(hz_to_slaney_mel(hz)), hz)
    edges = mel_edges(20, 0.0, 4000.0, slaney=True)
    below = edges[edges < 1000].diff()
    torch.testing.assert_close(below, below[:1].expand_as(below))


def test_slaney_moves_the_filters_of_every_front_end():
    centres = mel_edges(30, 20.0, 4000.0, slaney=True)[1:-1]
    t = torch.arange(2000, dtype=torch.float64) / 8000
    picture = log_mel(torch.sin(2 * math.pi * centres[4:, None] * t), 8000, bands=30, slaney=True)
    assert torch.equal(picture.mean(1).argmax(-1), torch.arange(4, 30))
    assert not torch.allclose(mfcc(noise(800), 8000, slaney=True), mfcc(noise(800), 8000))


def test_filters_peak_at_their_centres_and_sum_to_one_between_them():
    size, rate = 4096, 8000
    filters = mel_filters(40, size, rate)
    assert filters.shape == (2049, 40)
    centres = mel_edges(40, 20.0, 4000.0)[1:-1]
    peaks = filters.argmax(0) * (rate / size)
    assert (peaks - centres).abs().max() <= rate / size
    hz = torch.arange(2049) * (rate / size)
    between = (hz >= centres[0]) & (hz <= centres[-1])
    torch.testing.assert_close(filters[between].sum(1), torch.ones(int(between.sum()), dtype=torch.float64))


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100])
def test_tone_at_a_centre_excites_that_filter_most_and_none_is_empty(rate):
    centres = mel_edges(40, 20.0, rate / 2)[1:-1]
    t = torch.arange(rate // 4, dtype=torch.float64) / rate
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture = log_mel(torch.sin(2 * math.pi * centres[8:, None] * t), rate)  # [32 tones, frames, 40]
    assert torch.equal(picture.mean(1).argmax(-1), torch.arange(8, 40))


def test_one_frame_equals_the_formula_written_out():
    x = noise(200).double()
    n = np.arange(200)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * n / 200)
    spectrum = np.exp(-2j * np.pi * np.outer(np.arange(129), n) / 256) @ (hann * x.numpy())
    expected = np.log(np.abs(spectrum) ** 2 @ mel_filters(40, 256, 8000).numpy())
    np.testing.assert_allclose(log_mel(x, 8000)[0].numpy(), expected, rtol=1e-9)


@pytest.mark.parametrize("scale", ["htk", "slaney"])
def test_picture_and_cepstra_are_those_of_librosa(scale):
    expected = json.loads((Path(__file__).parent / "librosa_features.json").read_text())[scale]
    t = torch.arange(1200, dtype=torch.float64) / 16000
    chirp = 0.4 * torch.sin(2 * math.pi * (200 * t + 20000 * t**2))
    wave = chirp + 0.2 * torch.exp(-20 * t) * torch.sin(2 * math.pi * 3000 * t)
    slaney = scale == "slaney"
    picture = log_mel(wave, 16000, bands=12, slaney=slaney)[:3]
    np.testing.assert_allclose(picture.numpy(), expected["log_mel"], atol=1e-4)
    cepstrum = mfcc(wave, 16000, coefficients=8, bands=12, pre_emphasis=0.0, lifter=0, slaney=slaney)[:3]
    np.testing.assert_allclose(cepstrum.numpy(), expected["mfcc"], atol=1e-4)


def test_shapes_leading_axes_and_frames():
    x = noise(2, 3, 1000)
    kept = x.clone()
    picture = log_mel(x, 8000, bands=20)
    assert picture.shape == (2, 3, 1 + (1000 - 200) // 80, 20)
    assert picture.dtype == torch.float32
    assert torch.equal(x, kept)
    torch.testing.assert_close(picture[1, 2], log_mel(x[1, 2], 8000, bands=20))
    torch.testing.assert_close(picture[0, 0, 3], log_mel(x[0, 0, 240:440], 8000, bands=20)[0])


def test_silence_is_the_floor_and_a_short_clip_is_padded():
    assert torch.equal(log_mel(torch.zeros(400), 8000), torch.full((3, 40), 1e-10).log())
    x = noise(50)
    padded = torch.cat([x, torch.zeros(150)])
    assert torch.equal(log_mel(x, 8000), log_mel(padded, 8000))
    assert log_mel(x, 8000).shape == (1, 40)


def test_a_constant_offset_stays_below_the_voice():
    tone = 0.1 * torch.sin(2 * math.pi * 1000 * torch.arange(800, dtype=torch.float64) / 8000)
    change = (log_mel(tone + 0.1, 8000) - log_mel(tone, 8000)).abs().amax(0)
    assert change[0] > 3  # nepers, in the filter from 20 Hz on
    centres = mel_edges(40, 20.0, 4000.0)[1:-1]
    assert change[(centres > 800) & (centres < 1200)].max() < 0.01


def test_gradient_reaches_the_wave_even_in_silence():
    x = torch.cat([torch.zeros(300), noise(300)]).requires_grad_()
    log_mel(x, 8000).sum().backward()
    assert torch.isfinite(x.grad).all() and x.grad[400:].abs().sum() > 0


def test_empty_filter_warns_with_the_remedy():
    with pytest.warns(UserWarning, match=r"of 128 filters are narrower than one bin of 62.5 Hz.*fewer bands"):
        mel_filters(128, 256, 16000)


def test_dct_is_orthonormal_and_that_of_scipy():
    x = noise(7, 26).double()
    matrix = dct_matrix(26)
    assert (x @ matrix.T @ matrix - x).abs().max() < 1e-12
    np.testing.assert_allclose((x @ matrix.T).numpy(), dct(x.numpy(), norm="ortho"), atol=1e-12)


def test_mfcc_is_the_liftered_dct_of_the_emphasised_log_mel():
    x = noise(1000).double()
    emphasised = x.clone()
    emphasised[1:] -= 0.97 * x[:-1]
    n = np.arange(13)
    expected = dct(log_mel(emphasised, 8000, bands=26).numpy(), norm="ortho")[:, :13]
    np.testing.assert_allclose(mfcc(x, 8000, lifter=0).numpy(), expected, atol=1e-10)
    liftered = expected * (1 + 11 * np.sin(np.pi * n / 22))
    np.testing.assert_allclose(mfcc(x, 8000).numpy(), liftered, atol=1e-9)
    plain = dct(log_mel(x, 8000, bands=26).numpy(), norm="ortho")[:, :13]
    np.testing.assert_allclose(mfcc(x, 8000, pre_emphasis=0, lifter=0).numpy(), plain, atol=1e-10)


def test_deltas_of_a_ramp_are_its_slope_inside_and_of_a_constant_zero():
    ramp = torch.arange(10.0)[:, None] * torch.tensor([0.5, -2.0])
    torch.testing.assert_close(deltas(ramp)[2:-2], torch.tensor([0.5, -2.0]).expand(6, 2))
    assert torch.equal(deltas(torch.ones(4, 6, 3)), torch.zeros(4, 6, 3))
    with pytest.raises(ValueError, match="width >= 1"):
        deltas(ramp, width=0)


@pytest.mark.parametrize(
    ("wave", "options", "error", "text"),
    [
        (torch.zeros(400, dtype=torch.int16), {}, TypeError, "wave / 32768"),
        (torch.zeros(0), {}, ValueError, "the wave is empty"),
        (torch.tensor([0.0, math.nan, math.inf]), {}, ValueError, "2 of 3 samples are NaN or infinite"),
        (
            torch.zeros(400, 2),
            {},
            ValueError,
            r"time is the last axis, .* got shape \(400, 2\)\. Mix .* wave\.mean\(-1\)",
        ),
        (
            torch.full((400,), 2e4),
            {},
            ValueError,
            "full scale is 1, got samples from 20000 to 20000. Type `wave / 32768`",
        ),
        (torch.zeros(400), {"high": 5000.0}, ValueError, "rate / 2 = 4000 Hz"),
        (torch.zeros(400), {"bands": 0}, ValueError, "bands must be at least 1"),
        (torch.zeros(400), {"hop": 0.0}, ValueError, "hop must be positive"),
    ],
)
def test_refusals(wave, options, error, text):
    with pytest.raises(error, match=text):
        log_mel(wave, 8000, **options)


def test_a_rate_in_kilohertz_is_refused():
    with pytest.raises(ValueError, match="got low 20 Hz, high 4 Hz and rate / 2 = 4 Hz"):
        log_mel(torch.zeros(400), 8)


def test_mfcc_refuses_more_coefficients_than_bands():
    with pytest.raises(ValueError, match="40 coefficients of 26 bands"):
        mfcc(torch.zeros(400), 8000, coefficients=40)
