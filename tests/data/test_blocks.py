import io
import sys
import tracemalloc
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from ranvier.data.blocks import Blocks, file_blocks, microphone_blocks, pcm_blocks
from ranvier.data.sound import read_sound
from ranvier.errors import BadFileError, RanvierError


def wave(seconds: float = 0.5, rate: int = 8000) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, 0.01, round(seconds * rate))
    return (0.3 * np.sin(2 * np.pi * 440 * np.arange(len(noise)) / rate) + noise).astype(np.float32)


def heard(blocks: Blocks) -> np.ndarray:
    return np.concatenate([*blocks.mono(), np.zeros(0, np.float32)])


class Pipe(io.RawIOBase):
    """Hands out bytes in pieces of the given sizes, as a pipe does."""

    def __init__(self, data: bytes, *sizes: int) -> None:
        self.data, self.sizes = data, list(sizes)

    def read1(self, size: int) -> bytes:
        taken = min(size, self.sizes.pop(0) if self.sizes else size)
        part, self.data = self.data[:taken], self.data[taken:]
        return part


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG"])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_file_in_blocks_is_the_file(tmp_path: Path, kind, channels):
    path = tmp_path / f"a.{kind.lower()}"
    soundfile.write(path, np.stack([wave(1.23, 11025) * 0.5**k for k in range(channels)], 1), 11025, format=kind)
    blocks = file_blocks(path)
    assert (blocks.name, blocks.rate, blocks.live) == (str(path), 11025, False)
    assert blocks.seconds == pytest.approx(1.23, abs=1e-3)
    parts = list(blocks.mono())
    assert {len(p) for p in parts[:-1]} == {1103} and {p.dtype for p in parts} == {np.dtype(np.float32)}
    np.testing.assert_array_equal(np.concatenate(parts), read_sound(path).wave)


def test_a_long_file_takes_little_memory(tmp_path: Path):
    path = tmp_path / "long.wav"
    soundfile.write(path, np.zeros(8000 * 600, np.float32), 8000)  # 19 MB as float32
    tracemalloc.start()
    assert sum(len(block) for block in file_blocks(path).mono()) == 8000 * 600
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1e6


BAD = {
    "empty": (lambda data: b"", r"the file is empty \(0 bytes\), expected a WAV"),
    "text": (lambda data: b"Dear diary, this is no sound", "a text file, not a sound"),
    "picture": (lambda data: b"\x89PNG\r\n\x1a\n" * 20, "not a sound file: it begins with bytes 89 50 4e 47"),
    "header": (lambda data: data[:44], "truncated: the file has 44 bytes, expected 8044"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_file_that_is_no_sound(tmp_path: Path, case):
    change, text = BAD[case]
    soundfile.write(tmp_path / "a.wav", wave(), 8000)
    (tmp_path / "a.wav").write_bytes(change((tmp_path / "a.wav").read_bytes()))
    with pytest.raises(BadFileError, match=rf"a\.wav: {text}"):
        heard(file_blocks(tmp_path / "a.wav"))


def test_a_missing_file_and_a_folder(tmp_path: Path):
    with pytest.raises(BadFileError, match=r"none\.wav: No such file or directory; expected a WAV.*Check the path"):
        file_blocks(tmp_path / "none.wav")
    with pytest.raises(BadFileError, match="Is a directory"):
        file_blocks(tmp_path)


def test_no_samples(tmp_path: Path):
    soundfile.write(tmp_path / "a.wav", wave()[:0], 8000)
    with pytest.raises(BadFileError, match="a header but no samples"):
        file_blocks(tmp_path / "a.wav")


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("WAV", "truncated: the file has"),
        ("OGG", "truncated: the file has"),
        ("FLAC", "a damaged or truncated FLAC file"),
    ],
)
def test_a_truncated_file_gives_what_it_holds_and_then_the_error(tmp_path: Path, kind, text):
    path = tmp_path / f"cut.{kind.lower()}"
    soundfile.write(path, wave(20.0), 8000, format=kind)
    whole = read_sound(path).wave
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10 + 1])
    got = []
    with pytest.raises(BadFileError, match=text):
        for part in file_blocks(path).mono():
            got.append(part)
    got = np.concatenate(got)
    assert 0.1 * len(whole) < len(got) < 0.8 * len(whole)
    np.testing.assert_allclose(got, whole[: len(got)], atol=0.02 if kind == "OGG" else 0)


@pytest.mark.parametrize("sizes", [(), (1,) * 50, (3, 800, 7, 1)])
@pytest.mark.parametrize(("sample_format", "scale", "error"), [("s16le", 32768, 2**-15), ("f32le", 1, 0)])
def test_raw_samples(sizes, sample_format, scale, error):
    dtype = {"s16le": "<i2", "f32le": "<f4"}[sample_format]
    data = (wave() * scale).astype(dtype).tobytes()
    blocks = pcm_blocks(Pipe(data, *sizes), 8000, sample_format)
    assert (blocks.rate, blocks.live, blocks.seconds) == (8000, True, None)
    got = heard(blocks)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, wave(), atol=error)


def test_full_scale_is_one():
    data = np.array([-32768, 16384, 0], "<i2").tobytes()
    with pytest.warns(UserWarning, match="clipped"):
        assert heard(pcm_blocks(Pipe(data), 8000, "s16le")).tolist() == [-1.0, 0.5, 0.0]


@pytest.mark.parametrize("data", [b"", b"x"])
def test_a_pipe_without_a_sample(data):
    with pytest.raises(
        RanvierError, match=rf"standard input: {len(data)} bytes? arrived, expected raw samples.*-r 16000"
    ):
        heard(pcm_blocks(Pipe(data), 16000, "s16le"))


@pytest.mark.parametrize(("data", "left", "count"), [(b"xyz", "1 byte", 1), (b"abcdefg", "1 byte", 3)])
def test_bytes_that_end_inside_a_sample(data, left, count):
    with pytest.warns(UserWarning, match=f"standard input: ended inside a sample of 2 bytes; {left} left over"):
        assert len(heard(pcm_blocks(Pipe(data), 8000, "s16le"))) == count
    with pytest.warns(UserWarning, match="ended inside a sample of 4 bytes; 2 bytes left over"):
        assert len(heard(pcm_blocks(Pipe(bytes(10)), 8000, "f32le"))) == 2


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "Ogg"])
def test_a_file_in_the_pipe(kind):
    file = io.BytesIO()
    soundfile.write(file, wave(), 8000, format=kind)
    with pytest.raises(RanvierError, match=rf"standard input: a {kind} file, expected raw samples.*`-t raw`") as caught:
        heard(pcm_blocks(Pipe(file.getvalue(), 1, 1, 1, 1), 8000, "s16le"))
    assert not isinstance(caught.value, BadFileError)


def test_an_unknown_format_or_rate():
    with pytest.raises(RanvierError, match=r"--format u8: no such format. Choose one of s16le, f32le\."):
        pcm_blocks(Pipe(b""), 8000, "u8")
    with pytest.raises(RanvierError, match=r"--rate 0: must be at least 1 Hz\."):
        pcm_blocks(Pipe(b""), 0, "s16le")


def of(*parts: np.ndarray) -> Blocks:
    return Blocks("here", 1000, iter([p.astype(np.float32)[:, None] for p in parts]))


def test_single_broken_samples_are_silence():
    broken = np.ones(100) / 4
    broken[[3, 50]] = np.nan, np.inf
    with pytest.warns(UserWarning, match=r"here: 2 of 100 samples at 0\.1 s are NaN or infinite; these and later"):
        got = heard(of(np.zeros(100), broken, broken))
    assert np.flatnonzero(got == 0).tolist() == [*range(100), 103, 150, 203, 250]


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e20, -4e4])
def test_what_is_no_sound_at_all(value):
    got = []
    with pytest.raises(BadFileError, match=r"here: no sound at 0\.1 s: .*full scale at 1.*--format"):
        for part in of(np.zeros(100), np.full(100, value)).mono():
            got.append(part)
    assert len(got) == 1


def test_clipping_is_told_once():
    loud = np.clip(3 * np.sin(np.arange(100)), -1, 1)
    with pytest.warns(UserWarning, match=r"here: clipped at 0\.1 s, perhaps again later") as told:
        assert len(heard(of(np.zeros(100), loud, loud))) == 300
    assert len(told) == 1


class Microphone:
    """Stands in for sounddevice."""

    class PortAudioError(Exception):
        pass

    def __init__(self, overflows: int = 0) -> None:
        self.overflows, self.opened = overflows, {}

    def query_devices(self, kind: str) -> dict:
        assert kind == "input"
        return {"default_samplerate": 44100.0}

    def InputStream(self, **options: object):
        self.opened = options
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        self.closed = True

    def read(self, samples: int) -> tuple[np.ndarray, bool]:
        self.overflows -= 1
        return np.full((samples, 1), 0.25, np.float32), self.overflows >= 0


def test_the_microphone(monkeypatch: pytest.MonkeyPatch):
    device = Microphone(overflows=2)
    monkeypatch.setitem(sys.modules, "sounddevice", device)
    blocks = microphone_blocks()
    assert (blocks.name, blocks.rate, blocks.live, blocks.seconds) == ("microphone", 44100, True, None)
    assert device.opened == {"samplerate": 44100, "channels": 1, "dtype": "float32"}
    waves = blocks.mono()
    with pytest.warns(UserWarning, match="microphone: some sound was lost") as told:
        assert [len(next(waves)) for _ in range(3)] == [4410] * 3
    assert len(told) == 1


def test_no_sounddevice(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(
        RanvierError,
        match=r"pip install sounddevice.*`arecord .* \| ranvier listen RUN - --rate 16000` works without it",
    ):
        microphone_blocks()


def test_no_portaudio(monkeypatch: pytest.MonkeyPatch):
    class Finder:
        @staticmethod
        def find_spec(name: str, *_: object) -> None:
            if name == "sounddevice":
                raise OSError("PortAudio library not found")

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Finder, *sys.meta_path])
    with pytest.raises(RanvierError, match=r"cannot be loaded \(PortAudio library not found\).*libportaudio2"):
        microphone_blocks()


@pytest.mark.parametrize(
    "error", [Microphone.PortAudioError("Error querying device -1"), ValueError("No input device")]
)
def test_no_microphone(monkeypatch: pytest.MonkeyPatch, error):
    def none(kind: str) -> dict:
        raise error

    device = SimpleNamespace(query_devices=none, PortAudioError=Microphone.PortAudioError)
    monkeypatch.setitem(sys.modules, "sounddevice", device)
    with pytest.raises(RanvierError, match=r"microphone: cannot be opened \((Error querying|No input).*Connect one"):
        microphone_blocks()
