import math

import pytest
import torch

from ranvier.encoders.audio import log_mel, mel_filters, mfcc
from ranvier.encoders.audio_inverse import log_mel_of_mfcc, power_of_log_mel, wave_of_power


@pytest.fixture(scope="module")
def wave(recording: torch.Tensor) -> torch.Tensor:
    return recording.double()


def likeness(a: torch.Tensor, b: torch.Tensor) -> float:
    return float(torch.corrcoef(torch.stack((a.flatten(), b.flatten())))[0, 1])


def test_all_coefficients_bring_the_picture_back(wave: torch.Tensor) -> None:
    picture = log_mel(wave, 8000, bands=26)
    cepstrum = mfcc(wave, 8000, coefficients=26, pre_emphasis=0.0)
    torch.testing.assert_close(log_mel_of_mfcc(cepstrum), picture, atol=1e-12, rtol=1e-12)
    torch.testing.assert_close(
        log_mel_of_mfcc(mfcc(wave, 8000, coefficients=26, pre_emphasis=0.0, lifter=0), lifter=0), picture
    )


def test_thirteen_coefficients_bring_back_the_smooth_part(wave: torch.Tensor) -> None:
    picture = log_mel(wave, 8000, bands=26)
    smooth = log_mel_of_mfcc(mfcc(wave, 8000, coefficients=13, pre_emphasis=0.0))
    assert 0.8 < likeness(smooth, picture) < 0.999


def test_the_filters_see_the_spectrum_as_the_picture(wave: torch.Tensor) -> None:
    picture = log_mel(wave, 8000)
    power = power_of_log_mel(picture, 8000)
    assert power.shape == (len(picture), 129) and float(power.min()) >= 0
    seen = (power @ mel_filters(40, 256, 8000)).clamp(min=1e-10).log()
    assert float((seen - picture).abs().median()) < 0.05 and likeness(seen, picture) > 0.98


def test_a_wave_that_sounds_as_its_picture_looks(wave: torch.Tensor) -> None:
    picture = log_mel(wave, 8000)
    rebuilt = wave_of_power(power_of_log_mel(picture, 8000), 8000, generator=torch.Generator().manual_seed(0))
    assert rebuilt.shape == (200 + (len(picture) - 1) * 80,)
    assert likeness(log_mel(rebuilt, 8000), picture) > 0.9


def test_a_tone_comes_back_at_its_pitch_and_loudness() -> None:
    t = torch.arange(4000, dtype=torch.float64) / 8000
    frames = (0.5 * torch.sin(2 * math.pi * 1000 * t)).unfold(0, 200, 80) * torch.hann_window(200, dtype=torch.float64)
    power = torch.fft.rfft(frames, n=256).abs().square()
    one, other = (wave_of_power(power, 8000, generator=torch.Generator().manual_seed(0)) for _ in range(2))
    assert torch.equal(one, other)
    spectrum = torch.fft.rfft(one[400:3400]).abs()
    assert float(spectrum.argmax()) * 8000 / 3000 == pytest.approx(1000, abs=10)
    assert float(one[400:3400].std()) == pytest.approx(0.5 / math.sqrt(2), rel=0.15)


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: log_mel_of_mfcc(torch.ones(2, 30)), ValueError, r"log_mel_of_mfcc: expected 1 to 26 coefficients.*got shape \(2, 30\)"),
        (lambda: log_mel_of_mfcc(torch.ones(2, 3).long()), TypeError, "log_mel_of_mfcc: cepstrum must be floating"),
        (lambda: log_mel_of_mfcc(torch.ones(2, 5), lifter=-2), ValueError, "log_mel_of_mfcc: lifter -2 erased a coefficient of 5"),
        (lambda: power_of_log_mel(torch.ones(2, 9), 0.0), ValueError, "power_of_log_mel: rate must be positive, got 0 Hz"),
        (lambda: wave_of_power(torch.ones(2, 9), 8000), ValueError, r"wave_of_power: power must be .* \[frames, 129\].*got shape \(2, 9\)"),
        (lambda: wave_of_power(-torch.ones(2, 129), 8000), ValueError, "wave_of_power: power must be 0 or above"),
        (lambda: wave_of_power(torch.ones(2, 129), 8000, hop=0.025), ValueError, "wave_of_power: frames must overlap, got a hop of 200"),
        (lambda: wave_of_power(torch.ones(2, 129), 8000, generator=1), TypeError, "wave_of_power: generator must be a torch.Generator"),
    ],
)  # fmt: skip
def test_refusals(call, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        call()
