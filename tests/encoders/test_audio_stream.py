import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ranvier.encoders.audio import log_mel
from ranvier.encoders.audio_stream import LogMelStream


def noise(samples: int, seed: int = 0) -> torch.Tensor:
    return 0.1 * torch.randn(samples, generator=torch.Generator().manual_seed(seed))


def in_pieces(stream: LogMelStream, wave: torch.Tensor, sizes: list[int]) -> torch.Tensor:
    """All frames; the pieces' sizes repeat until the wave has ended."""
    frames, at, k = [], 0, 0
    while at < len(wave):
        frames.append(stream.push(wave[at : at + sizes[k % len(sizes)]]))
        at, k = at + sizes[k % len(sizes)], k + 1
    return torch.cat([*frames, stream.finish()])


@settings(max_examples=60, deadline=None)
@given(
    samples=st.integers(1, 4000),
    sizes=st.lists(st.integers(1, 900), min_size=1, max_size=5),
    pad=st.sampled_from([0, 1, 100, 137]),
    rate=st.sampled_from([8000, 11025]),
    hop=st.sampled_from([0.003, 0.010, 0.025, 0.040]),
)
def test_in_pieces_as_in_one(samples, sizes, pad, rate, hop):
    wave = noise(samples)
    options = {"bands": 12, "low": 60.0, "hop": hop}
    whole = log_mel(torch.nn.functional.pad(wave, (pad, pad)), rate, **options)
    stream = LogMelStream(rate, pad=pad, **options)
    torch.testing.assert_close(in_pieces(stream, wave, sizes), whole, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(in_pieces(stream, wave, [77]), whole, rtol=1e-5, atol=1e-5)  # begins anew after finish


def test_a_frame_comes_with_its_last_sample():
    stream = LogMelStream(8000)
    assert [len(stream.push(noise(100))) for _ in range(4)] == [0, 1, 1, 1] and len(stream.finish()) == 0


def test_what_is_held_does_not_grow():
    stream = LogMelStream(8000)
    for k in range(50):
        stream.push(noise(1000 + k))
        assert len(stream._held) < 200


def test_nothing_gives_nothing_and_the_dtype_is_kept():
    stream = LogMelStream(8000, bands=7, pad=100, low=60.0)
    assert stream.finish().shape == (0, 7) and stream.push(torch.zeros(0)).shape == (0, 7)
    frames = stream.push(noise(500).double())
    assert (frames.dtype, frames.shape) == (torch.float64, (6, 7)) and stream.finish().dtype == torch.float64


@pytest.mark.parametrize(
    ("wave", "text"),
    [
        (torch.zeros(2, 3), r"expected floating-point samples \[n\], got torch.float32 of shape \(2, 3\)"),
        (torch.zeros(3, dtype=torch.int16), r"got torch.int16"),
        (torch.full((300,), torch.nan), "log_mel: 300 of 300 samples are NaN"),
    ],
)
def test_what_is_no_wave_is_refused(wave, text):
    with pytest.raises(ValueError, match=text):
        LogMelStream(8000).push(wave)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"pad": -1}, "pad must be at least 0 samples, got -1"),
        ({"hop": 0.0}, "hop must be positive"),
        ({"high": 5000.0}, "low < high <= rate / 2"),
    ],
)
def test_bad_options_are_refused_before_the_first_piece(options, text):
    with pytest.raises(ValueError, match=text):
        LogMelStream(8000, **options)
