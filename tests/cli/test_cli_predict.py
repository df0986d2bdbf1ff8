import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile


@pytest.fixture
def files(tones: Path) -> list[Path]:
    return [tones / "high" / "anna_0.wav", tones / "low" / "ben_1.wav"]


def test_a_line_for_each_file(ranvier, tone_run, files):
    answer = ranvier("predict", tone_run.path, *files)
    assert (answer.status, answer.err) == (0, "")
    lines = answer.out.splitlines()
    assert len(lines) == 2
    for line, file in zip(lines, files, strict=True):
        name, _, rest = line.partition(": ")
        label, share = rest.removesuffix(" %)").split(" (")
        assert name == str(file) and label in ("high", "low", "middle") and 100 / 3 <= float(share) + 0.1 <= 100.1


def test_json_holds_all_probabilities_and_agrees_with_the_lines(ranvier, tone_run, files):
    rows = json.loads(ranvier("predict", tone_run.path, *files, "--json", "--threads", 1).out)
    lines = ranvier("predict", tone_run.path, *files).out.splitlines()
    for row, file, line in zip(rows, files, lines, strict=True):
        assert set(row) == {"file", "class", "confidence", "probabilities"} and row["file"] == str(file)
        assert list(row["probabilities"]) == ["high", "low", "middle"]
        assert sum(row["probabilities"].values()) == pytest.approx(1, abs=1e-5)
        assert row["class"] == max(row["probabilities"], key=row["probabilities"].get)
        assert row["confidence"] == row["probabilities"][row["class"]]
        assert line == f"{file}: {row['class']} ({100 * row['confidence']:.1f} %)"


def test_other_rates_and_channels_are_brought_to_the_networks(ranvier, tone_run, files, tmp_path):
    wave, rate = soundfile.read(files[0])
    soundfile.write(tmp_path / "stereo.flac", np.stack([wave, wave], 1), rate)
    soundfile.write(tmp_path / "fast.wav", np.repeat(wave, 2), 2 * rate)
    rows = json.loads(
        ranvier("predict", tone_run.path, files[0], tmp_path / "stereo.flac", tmp_path / "fast.wav", "--json").out
    )
    given, stereo, fast = (row["probabilities"]["high"] for row in rows)
    assert stereo == pytest.approx(given, abs=0.02) and 0 <= fast <= 1


def test_pictures_of_any_size(ranvier, picture_run, pictures, make_pictures, tmp_path):
    large = make_pictures(tmp_path / "large", each=1, size=30, mode="RGB") / "lying" / "0.png"
    rows = json.loads(ranvier("predict", picture_run.path, pictures / "lying" / "0.png", large, "--json").out)
    assert [row["class"] in ("lying", "upright") for row in rows] == [True, True]


def test_bad_files_are_named_and_skipped(ranvier, tone_run, files, tmp_path):
    (tmp_path / "empty.wav").write_bytes(b"")
    (tmp_path / "text.wav").write_text("Dear diary, this is no sound")
    soundfile.write(tmp_path / "silence.wav", np.zeros(400), 8000)
    answer = ranvier(
        "predict",
        tone_run.path,
        tmp_path / "empty.wav",
        files[0],
        *sorted(tmp_path.glob("[st]*.wav")),
        tmp_path / "none.wav",
    )
    assert answer.status == 0 and len(answer.out.splitlines()) == 1
    for name, reason in (
        ("empty", "the file is empty (0 bytes), expected a WAV, FLAC or Ogg recording."),
        ("text", "a text file, not a sound"),
        ("silence", "silence: all 400 samples are 0"),
        ("none", "No such file or directory; expected a WAV, FLAC or Ogg recording. Check the path."),
    ):
        assert f"warning: skipped {tmp_path}/{name}.wav: {reason}" in answer.err


def test_strict_stops_at_the_first(ranvier, tone_run, files, tmp_path):
    (tmp_path / "empty.wav").write_bytes(b"")
    answer = ranvier("predict", tone_run.path, tmp_path / "empty.wav", files[0], "--strict")
    assert answer.status == 1 and answer.err.startswith(f"error: {tmp_path}/empty.wav: the file is empty")
    assert answer.out == ""


def test_no_file_that_can_be_read(ranvier, tone_run, tmp_path):
    answer = ranvier("predict", tone_run.path, tmp_path / "a.wav", tmp_path)
    assert answer.status == 1 and f"{tmp_path}: Is a directory; expected a WAV" in answer.err
    assert answer.err.endswith("error: none of the 2 files could be read. Give sounds (.wav, .flac, .ogg).\n")


def test_the_wrong_kind(ranvier, tone_run, picture_run, files, pictures):
    picture = pictures / "lying" / "0.png"
    answer = ranvier("predict", tone_run.path, picture)
    assert answer.status == 1 and f"skipped {picture}: not a sound file: it begins with bytes 89 50 4e 47" in answer.err
    answer = ranvier("predict", picture_run.path, files[0])
    assert answer.status == 1 and f"skipped {files[0]}: cannot be read as a PNG or JPEG picture" in answer.err
    assert answer.err.endswith("Give images (.png, .jpg).\n")


def test_a_network_that_decides_nothing_says_so(ranvier, copied, files, monkeypatch):
    import torch

    from ranvier.training import scoring

    monkeypatch.setattr(scoring, "decision", lambda recipe, output: torch.tensor([-1]))
    assert ranvier("predict", copied, files[0]).out == f"{files[0]}: no decision (0.0 %)\n"
    (row,) = json.loads(ranvier("predict", copied, files[0], "--json").out)
    assert (row["class"], row["confidence"]) == (None, 0.0)


def broken(run: Path, how: str) -> None:
    match how:
        case "gone":
            shutil.rmtree(run)
        case "config":
            (run / "config.json").write_text('{"format": 1,')
        case "newer":
            config = json.loads((run / "config.json").read_text())
            (run / "config.json").write_text(json.dumps(config | {"format": 99, "ranvier": "7.0"}))
        case "weights":
            (run / "weights.safetensors").write_bytes((run / "weights.safetensors").read_bytes()[:-40])
        case "no weights":
            (run / "weights.safetensors").unlink()


@pytest.mark.parametrize("verb", ["predict", "evaluate", "report"])
@pytest.mark.parametrize(
    ("how", "text"),
    [
        (
            "gone",
            "copy: no run folder (it has no config.json). Give the folder that `ranvier train` wrote, such as runs/",
        ),
        ("config", "copy/config.json: corrupt ("),
        ("newer", "copy: written by ranvier 7.0 (run format 99); this is ranvier "),
        ("weights", "copy/weights.safetensors: corrupt or of another network ("),
        (
            "no weights",
            "copy: no weights.safetensors: this run ended before its first epoch did. Continue it with `ranvier train --resume",
        ),
    ],
)
def test_a_run_folder_that_is_broken(ranvier, copied, files, tones, verb, how, text):
    broken(copied, how)
    answer = ranvier(verb, copied, *{"predict": files, "evaluate": [tones], "report": []}[verb])
    assert (answer.status, answer.out) == (1, "") and answer.err.startswith("error: ")
    assert text in answer.err and "Traceback" not in answer.err
