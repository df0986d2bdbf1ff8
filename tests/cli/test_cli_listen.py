import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from ranvier.cli import listen as module
from ranvier.data.bundled import spoken_digits

RATE = 8000


@dataclass(frozen=True)
class Long:
    """A long recording: file, wave, and the seconds at which each sound in it begins and ends."""

    path: Path
    wave: np.ndarray
    times: list[tuple[float, float]]


def quiet(seconds: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1e-3, round(seconds * RATE)).astype(np.float32)


@pytest.fixture(scope="session")
def long(tones: Path, tmp_path_factory: pytest.TempPathFactory) -> Long:
    """Nine tones with quiet between them; not to be changed."""
    files = [tones / label / f"{who}_0.wav" for who in ("anna", "ben", "cleo") for label in ("high", "low", "middle")]
    parts, times, at = [], [], 0.0
    for k, file in enumerate(files):
        tone, _ = soundfile.read(file, dtype="float32")
        parts += [quiet(0.3 + 0.08 * k, k), tone]
        at += len(parts[-2]) / RATE
        times.append((at, at + len(tone) / RATE))
        at = times[-1][1]
    wave = np.concatenate([*parts, quiet(0.5)])
    path = tmp_path_factory.mktemp("long") / "long.wav"
    soundfile.write(path, wave, RATE, subtype="FLOAT")
    return Long(path, wave, times)


@pytest.fixture
def piped(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """Puts bytes on standard input."""

    def put(data: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    return put


def rows(out: str) -> tuple[list[dict], dict]:
    """The utterances and the summary that --json printed."""
    *utterances, last = [json.loads(line) for line in out.splitlines()]
    return utterances, last["summary"]


def s16(wave: np.ndarray) -> bytes:
    return (wave * 32767).astype("<i2").tobytes()


def test_a_line_for_each_utterance_and_a_summary(ranvier, tone_run, long):
    answer = ranvier("listen", tone_run.path, long.path, "--threads", 1)
    assert (answer.status, answer.err) == (0, "")
    *lines, count, speed = answer.out.splitlines()
    assert len(lines) == 9
    for line, (begin, end) in zip(lines, long.times, strict=True):
        time, _, rest = line.partition(": ")
        start, stop = map(float, time.removesuffix(" s").split(" - "))
        assert start == pytest.approx(begin, abs=0.02) and stop == pytest.approx(end, abs=0.02)
        label, share = rest.removesuffix(" %)").split(" (")
        assert label in ("high", "low", "middle") and 100 / 3 <= float(share) + 0.1 <= 100.1
    assert count == f"9 utterances in {len(long.wave) / RATE:.1f} s of audio"
    assert " s of work: " in speed and "times real time (real-time factor " in speed


def test_json_has_an_object_a_line(ranvier, tone_run, long):
    said, summary = rows(ranvier("listen", tone_run.path, long.path, "--json").out)
    lines = ranvier("listen", tone_run.path, long.path).out.splitlines()[:9]
    for row, line in zip(said, lines, strict=True):
        assert set(row) == {"start", "end", "class", "confidence", "probabilities", "cut"} and row["cut"] is False
        assert list(row["probabilities"]) == ["high", "low", "middle"]
        assert row["confidence"] == row["probabilities"][row["class"]] == max(row["probabilities"].values())
        share = 100 * row["confidence"]
        assert line == f"{row['start']:.2f} - {row['end']:.2f} s: {row['class']} ({share:.1f} %)"
    assert summary["audio_seconds"] == pytest.approx(len(long.wave) / RATE, abs=1e-3)
    assert (summary["utterances"], summary["below_threshold"]) == (9, 0)
    assert summary["work_seconds"] == summary["elapsed_seconds"]
    assert summary["real_time_factor"] == pytest.approx(summary["work_seconds"] / summary["audio_seconds"], rel=0.1)


def test_thirty_spoken_digits_are_found_faster_than_they_are_spoken(ranvier, tone_run, tmp_path):
    samples = spoken_digits()
    places = np.random.default_rng(1).choice(np.flatnonzero(samples.official_test), 30, replace=False)
    gaps = np.random.default_rng(2).uniform(0.3, 1.0, 30)
    parts = [part for gap, k in zip(gaps, places, strict=True) for part in (np.zeros(round(gap * RATE)), samples.x[k])]
    wave = np.concatenate([*parts, np.zeros(RATE // 2)])
    soundfile.write(tmp_path / "digits.flac", wave + quiet(len(wave) / RATE), RATE)
    said, summary = rows(ranvier("listen", tone_run.path, tmp_path / "digits.flac", "--json", "--threads", 1).out)
    ends = np.cumsum([len(part) for part in parts])[1::2] / RATE
    begins = ends - [len(samples.x[k]) / RATE for k in places]
    assert len(said) == 30
    for row, begin, end in zip(said, begins, ends, strict=True):
        assert begin - 0.03 <= row["start"] < row["end"] <= end + 0.03
    assert summary["real_time_factor"] < 1


def test_any_rate_and_channels(ranvier, tone_run, long, tmp_path):
    wave = np.repeat(long.wave, 2)
    soundfile.write(tmp_path / "stereo.flac", np.stack([wave, wave], 1), 2 * RATE)
    said, _ = rows(ranvier("listen", tone_run.path, tmp_path / "stereo.flac", "--json").out)
    assert [row["start"] for row in said] == pytest.approx([begin for begin, _ in long.times], abs=0.02)


def test_below_the_threshold_is_counted_only(ranvier, tone_run, long):
    said, _ = rows(ranvier("listen", tone_run.path, long.path, "--json").out)
    middle = sorted(row["confidence"] for row in said)[4]
    above, summary = rows(ranvier("listen", tone_run.path, long.path, "--json", "--threshold", middle).out)
    assert above == [row for row in said if row["confidence"] >= middle]
    assert (summary["utterances"], summary["below_threshold"]) == (9, 9 - len(above))
    out = ranvier("listen", tone_run.path, long.path, "--threshold", 1).out
    assert out.startswith("9 utterances, 9 of them below 100 % in ")


@pytest.mark.parametrize(("sample_format", "encode"), [("s16le", s16), ("f32le", lambda wave: wave.tobytes())])
def test_raw_samples_on_standard_input(ranvier, tone_run, long, piped, sample_format, encode):
    wanted, _ = rows(ranvier("listen", tone_run.path, long.path, "--json").out)
    piped(encode(long.wave))
    answer = ranvier("listen", tone_run.path, "-", "--json", "--format", sample_format)
    said, summary = rows(answer.out)
    assert (answer.status, answer.err) == (0, "") and summary["work_seconds"] <= summary["elapsed_seconds"]
    assert [(row["start"], row["end"], row["class"]) for row in said] == [
        (row["start"], row["end"], row["class"]) for row in wanted
    ]


def test_raw_samples_of_another_rate(ranvier, tone_run, long, piped):
    piped(s16(np.repeat(long.wave, 2)))
    said, _ = rows(ranvier("listen", tone_run.path, "-", "--json", "--rate", 2 * RATE).out)
    assert [row["start"] for row in said] == pytest.approx([begin for begin, _ in long.times], abs=0.02)
    piped(s16(long.wave[::2]))
    answer = ranvier("listen", tone_run.path, "-", "--rate", RATE // 2)
    assert answer.status == 0
    assert "warning: standard input: 4000 Hz, the network was trained at 8000 Hz: high frequencies" in answer.err


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (
            b"",
            "standard input: 0 bytes arrived, expected raw samples. Type for example `arecord -t raw -f S16_LE -r 8000",
        ),
        (b"RIFF" + bytes(2000), "standard input: a WAV file, expected raw samples without a header."),
    ],
)
def test_standard_input_without_raw_samples(ranvier, tone_run, piped, data, text):
    piped(data)
    answer = ranvier("listen", tone_run.path, "-")
    assert (answer.status, answer.out) == (1, "") and answer.err.startswith(f"error: {text}")


def test_standard_input_that_ends_inside_a_sample(ranvier, tone_run, long, piped):
    piped(s16(long.wave) + b"x")
    answer = ranvier("listen", tone_run.path, "-")
    assert answer.status == 0 and "9 utterances in" in answer.out
    assert answer.err.startswith("warning: standard input: ended inside a sample of 2 bytes; 1 byte left over.")


def test_samples_of_the_wrong_format(ranvier, tone_run, long, piped):
    piped(s16(long.wave))
    answer = ranvier("listen", tone_run.path, "-", "--format", "f32le")
    assert (answer.status, answer.out) == (1, "")
    assert "no sound at 0.0 s" in answer.err and "check --format" in answer.err


def test_a_terminal_as_standard_input(ranvier, tone_run, monkeypatch):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=SimpleNamespace(isatty=lambda: True)))
    answer = ranvier("listen", tone_run.path, "-")
    assert (
        answer.status == 1
        and "standard input is a terminal, expected raw samples from a pipe. Type `arecord" in answer.err
    )


@pytest.mark.parametrize("wave", [quiet(3.0), np.zeros(RATE), np.zeros(1)])
def test_nothing_said(ranvier, tone_run, tmp_path, wave):
    soundfile.write(tmp_path / "a.wav", wave, RATE)
    answer = ranvier("listen", tone_run.path, tmp_path / "a.wav")
    assert answer.status == 0 and answer.out.startswith(f"no utterances in {len(wave) / RATE:.1f} s of audio\n")
    assert answer.err.startswith("warning: nothing stood out from the background noise. Check the recording level")
    assert rows(ranvier("listen", tone_run.path, tmp_path / "a.wav", "--json").out)[1]["utterances"] == 0


def test_a_very_long_utterance_is_cut_with_a_note(ranvier, tone_run, tmp_path):
    tone = 0.3 * np.sin(2500 * np.arange(2 * RATE) / RATE)
    soundfile.write(tmp_path / "a.wav", np.concatenate([quiet(2), tone, quiet(1)]), RATE)
    answer = ranvier("listen", tone_run.path, tmp_path / "a.wav", "--longest", 0.75)
    lines = answer.out.splitlines()
    assert [line.endswith(", cut at 0.75 s") for line in lines[:3]] == [True, True, False]
    assert lines[3].startswith("3 utterances in 5.0 s")


def test_clipped_and_broken_samples_are_told_and_taken(ranvier, tone_run, long, tmp_path):
    wave = np.clip(4 * long.wave, -1, 1)
    wave[100] = np.nan
    soundfile.write(tmp_path / "a.wav", wave, RATE, subtype="FLOAT")
    answer = ranvier("listen", tone_run.path, tmp_path / "a.wav")
    assert answer.status == 0 and "9 utterances in" in answer.out
    broken, clipped = answer.err.splitlines()
    assert broken.endswith("1 of 800 samples at 0.0 s are NaN or infinite; these and later ones are taken as silence.")
    assert f"{tmp_path / 'a.wav'}: clipped at 0." in clipped and "Lower the recording level." in clipped


def test_a_truncated_file_is_heard_as_far_as_it_goes_and_is_an_error(ranvier, tone_run, long, tmp_path):
    whole = long.path.read_bytes()
    (tmp_path / "a.wav").write_bytes(whole[: len(whole) // 2])
    answer = ranvier("listen", tone_run.path, tmp_path / "a.wav")
    assert answer.status == 1 and len(answer.out.splitlines()) >= 6 and " utterances in " in answer.out
    assert answer.err.startswith(
        f"error: {tmp_path / 'a.wav'}: truncated: the file has {len(whole) // 2} bytes, expected"
    )


@pytest.mark.parametrize("data", [b"", b"Dear diary, this is no sound", None])
def test_a_file_that_is_no_sound(ranvier, tone_run, tmp_path, data):
    if data is not None:
        (tmp_path / "a.wav").write_bytes(data)
    answer = ranvier("listen", tone_run.path, tmp_path / "a.wav")
    assert (answer.status, answer.out) == (1, "")
    assert answer.err.startswith(f"error: {tmp_path / 'a.wav'}: ") and "expected a WAV, FLAC or Ogg" in answer.err


def test_a_run_on_images(ranvier, picture_run, long):
    answer = ranvier("listen", picture_run.path, long.path)
    assert (answer.status, answer.out) == (1, "")
    assert "trained on sounds, this one was trained on images. Type `ranvier train spoken-digits`" in answer.err


def test_no_run(ranvier, long, tmp_path):
    answer = ranvier("listen", tmp_path, long.path)
    assert answer.status == 1 and "no run folder (it has no config.json)" in answer.err


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--threshold", 80), "--threshold 80: must lie between 0 and 1, such as --threshold 0.8."),
        (("--pause", 0), "--pause 0: must be at least 0.03 s."),
        (("--longest", 0.1), "--longest 0.1: must be longer than --pause, 0.2 s."),
        (("--rate", 8000), "--rate 8000: only raw samples (-) need it;"),
        (("--threads", 0), "--threads 0: must be at least 1."),
    ],
)
def test_options_out_of_range(ranvier, tone_run, long, words, text):
    answer = ranvier("listen", tone_run.path, long.path, *words)
    assert (answer.status, answer.out) == (1, "") and answer.err.startswith(f"error: {text}")


def test_an_unknown_format(ranvier, tone_run, piped):
    piped(b"1234")
    answer = ranvier("listen", tone_run.path, "-", "--format", "mp3")
    assert answer.status == 1 and "--format mp3: no such format. Choose one of s16le, f32le." in answer.err


def test_no_microphone_package(ranvier, tone_run, monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    answer = ranvier("listen", tone_run.path, "microphone")
    assert answer.status == 1 and "pip install sounddevice" in answer.err and "arecord" in answer.err


class Microphone:
    """Stands in for sounddevice: plays a wave, then the user types Ctrl-C."""

    PortAudioError = OSError

    def __init__(self, wave: np.ndarray) -> None:
        self.wave = wave

    def query_devices(self, kind: str) -> dict:
        return {"default_samplerate": float(RATE)}

    def InputStream(self, **_: object):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def read(self, samples: int) -> tuple[np.ndarray, bool]:
        if not len(self.wave):
            raise KeyboardInterrupt
        part, self.wave = self.wave[:samples], self.wave[samples:]
        return part[:, None], False


def test_the_microphone_until_ctrl_c(ranvier, tone_run, long, monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", Microphone(long.wave))
    answer = ranvier("listen", tone_run.path, "microphone")
    assert (answer.status, answer.err) == (0, "")
    assert len(answer.out.splitlines()) == 11 and "\n9 utterances in " in answer.out


def test_ctrl_c_while_a_file_is_heard(ranvier, tone_run, long, monkeypatch):
    real = module.file_blocks

    def stopped(path: str):
        blocks = real(path)

        def raw():
            for k, block in enumerate(blocks.raw):
                if k == 40:
                    raise KeyboardInterrupt
                yield block

        return module.Blocks(blocks.name, blocks.rate, raw(), blocks.seconds, live=False)

    monkeypatch.setattr(module, "file_blocks", stopped)
    answer = ranvier("listen", tone_run.path, long.path)
    assert answer.status == 130 and "utterances in 4.0 s of audio" in answer.out
    assert answer.err == "warning: stopped at 4.0 s\n"


def test_a_network_that_decides_nothing_says_so(ranvier, tone_run, long, monkeypatch):
    import torch

    monkeypatch.setattr("ranvier.training.listener.scoring.decision", lambda recipe, output: torch.tensor([-1]))
    lines = ranvier("listen", tone_run.path, long.path).out.splitlines()
    assert len(lines) == 11 and all(line.endswith(" s: no decision (0.0 %)") for line in lines[:9])
