import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

import ranvier.data.open as opened
from ranvier.data.bundled import spoken_digits


def test_lines(ranvier, tone_run, tones):
    answer = ranvier("evaluate", tone_run.path, tones, "--threads", 1)
    assert (answer.status, answer.err) == (0, "")
    lines = answer.out.splitlines()
    assert re.fullmatch(r"accuracy [\d.]+ % of 36 samples", lines[0]) and lines[1] == "recall of each class:"
    assert [re.sub(r"[\d.]+", "N", line) for line in lines[2:5]] == ["  high: N %", "  low: N %", "  middle: N %"]
    assert re.fullmatch(r"firing 1 AdaptiveLIF [\d.]+ %, 2 AdaptiveLIF [\d.]+ %", lines[5])


def test_json_makes_sense(ranvier, tone_run, tones):
    found = json.loads(ranvier("evaluate", tone_run.path, tones, "--json").out)
    assert found["energy"]["measured"] is False and found["energy"]["accuracy"] == found["accuracy"]
    confusion = np.array(found["confusion"])
    assert confusion.shape == (3, 3) and confusion.sum() <= found["samples"] == 36
    assert found["accuracy"] == pytest.approx(np.trace(confusion) / 36)
    assert found["recall"] == {c: pytest.approx(confusion[k, k] / 12) for k, c in enumerate(("high", "low", "middle"))}
    assert all(0 < rate < 1 for rate in found["rates"].values()) and found["synaptic_operations"] > 0
    assert found["skipped"] == []


def test_a_part_of_the_classes_is_enough(ranvier, tone_run, make_tones, tmp_path):
    folder = make_tones(tmp_path / "words", classes=("middle", "low"))
    found = json.loads(ranvier("evaluate", tone_run.path, folder, "--json").out)
    assert set(found["recall"]) == {"low", "middle"} and found["confusion"][0] == [0, 0, 0]


def test_the_test_samples_alone_give_the_accuracy_of_the_training(ranvier, picture_run, pictures, tmp_path):
    """The run's own figure, found again from files."""
    from ranvier.data.folder import read_folder
    from ranvier.data.splits import split

    samples = read_folder(pictures)
    for k in split(samples).test:
        (tmp_path / "test" / samples.names[k]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(pictures / samples.names[k], tmp_path / "test" / samples.names[k])
    for label in samples.classes:  # a class needs two files
        (file, *_) = (tmp_path / "test" / label).iterdir()
        shutil.copy(file, file.with_name("again.png"))
    found = json.loads(ranvier("evaluate", picture_run.path, tmp_path / "test", "--json").out)
    kept = json.loads((picture_run.path / "metrics.json").read_text())["final"]["test_accuracy"]
    assert found["samples"] == 4 and found["accuracy"] == pytest.approx(kept)


def test_a_bad_file_is_skipped_and_listed_or_refused(ranvier, tone_run, make_tones, tmp_path):
    folder = make_tones(tmp_path / "words")
    (folder / "low" / "ben_99.wav").write_bytes(b"")
    answer = ranvier("evaluate", tone_run.path, folder, "--json")
    assert json.loads(answer.out)["skipped"] == ["low/ben_99.wav"]
    assert "warning: skipped low/ben_99.wav: the file is empty (0 bytes)" in answer.err
    answer = ranvier("evaluate", tone_run.path, folder, "--strict")
    assert (
        answer.status == 1
        and "low/ben_99.wav: the file is empty" in answer.err
        and "With --strict nothing" in answer.err
    )


def refused(answer, text: str) -> None:
    assert (answer.status, answer.out) == (1, "")
    assert answer.err.startswith("error: ") and text in answer.err, answer.err


def test_unknown_classes(ranvier, tone_run, make_tones, tmp_path):
    folder = make_tones(tmp_path / "words")
    (folder / "low").rename(folder / "deep")
    text = f"{folder}: classes deep are unknown to the network, which knows high, low, middle. Rename the folders, or leave them out."
    refused(ranvier("evaluate", tone_run.path, folder), text)


def test_the_wrong_kind(ranvier, tone_run, picture_run, tones, pictures):
    text = f"{pictures}: holds images, the network was trained on sounds. Give sounds."
    refused(ranvier("evaluate", tone_run.path, pictures), text)
    text = f"{tones}: holds sounds, the network was trained on images. Give images."
    refused(ranvier("evaluate", picture_run.path, tones), text)


def test_pictures_of_another_shape(ranvier, picture_run, tmp_path):
    np.savez(tmp_path / "x.npz", x=np.random.default_rng(0).random((4, 7, 7)), y=np.array(["lying", "upright"] * 2))
    text = "images of shape (1, 7, 7) (channels, height, width), the network takes (1, 9, 9). Bring them to that size and colour."
    refused(ranvier("evaluate", picture_run.path, tmp_path / "x.npz"), text)


def test_missing_data(ranvier, tone_run, tmp_path):
    refused(ranvier("evaluate", tone_run.path, tmp_path / "nowhere"), "nowhere: no such file or folder")


def test_sounds_are_brought_to_the_rate_of_the_network(ranvier, copied, tones, tmp_path, monkeypatch):
    """Also those of the package, whose rate is their own."""
    asked = []
    whole = spoken_digits()

    def some(rate: int | None = None):
        asked.append(rate)
        keep = np.flatnonzero(whole.y < 2)[::20]
        y = whole.y[keep]
        more = {"groups": None, "group_kind": None, "official_test": None, "classes": ("high", "low")}
        return replace(whole, x=[whole.x[k] for k in keep], y=y, names=tuple(whole.names[k] for k in keep), **more)

    monkeypatch.setattr(opened, "spoken_digits", some)
    answer = ranvier("evaluate", copied, "spoken-digits")
    assert answer.status == 0 and asked == [8000]
    for file in Path(shutil.copytree(tones, tmp_path / "fast")).glob("*/*.wav"):
        wave, rate = soundfile.read(file)
        soundfile.write(file, wave, 2 * rate)
    assert "of 36 samples" in ranvier("evaluate", copied, tmp_path / "fast").out
