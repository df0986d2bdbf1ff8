import csv
import errno
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

import ranvier.data.open as opened
from ranvier.cli import train as module
from ranvier.data.bundled import digits, spoken_digits

FILES = ["config.json", "metrics.csv", "metrics.json", "report.html", "weights.safetensors"]


def weights(run: Path) -> bytes:
    return (run / "weights.safetensors").read_bytes()


def epochs(run: Path) -> list[int]:
    return [row["epoch"] for row in json.loads((run / "metrics.json").read_text())["epochs"]]


# What a training says and leaves behind


def test_sounds_are_described_split_by_speaker_and_measured_against_a_floor(tone_run):
    answer = tone_run.answer
    assert answer.status == 0, answer.err
    assert answer.err == ""
    lines = answer.out.splitlines()
    assert re.fullmatch(r".*tones: 36 recordings, 3 classes", lines[0])
    assert lines[1] == "classes: high (12), low (12), middle (12)"
    assert re.search(
        r"^length: \d\.\d\d / .* s \(min / median / max\), used at 8000 Hz, mono$", answer.out, re.MULTILINE
    )
    assert "rate in the files: 8000 Hz (36)" in lines and "channels in the files: mono (36)" in lines
    assert "speakers: 3: anna (12), ben (12), cleo (12)" in lines
    assert re.search(
        r"^split by speaker: 2 speakers train, 1 tests \(\w+\), because names tell the speaker",
        answer.out,
        re.MULTILINE,
    )
    assert re.search(
        r"^linear floor \(ridge on the same features\): [\d.]+ % of the test samples$", answer.out, re.MULTILINE
    )
    assert (
        f"training 3 epochs on 1 thread into {tone_run.path} (firing: share of steps with a spike, of each population)"
        in lines
    )
    row = r"epoch   2/3  loss [\d.]+  train +[\d.]+ %  test +[\d.]+ %  firing [\d.]+ / [\d.]+ %  left 0:0\d"
    assert any(re.fullmatch(row, line) for line in lines)
    assert re.fullmatch(r"test accuracy [\d.]+ %   \(linear floor [\d.]+ %, 12 samples\)", lines[-2])
    assert lines[-1] == f"report: {tone_run.path}/report.html"


@pytest.mark.parametrize("which", ["tone_run", "picture_run"])
def test_the_run_folder(which, request):
    run = request.getfixturevalue(which)
    assert run.answer.status == 0, run.answer.err
    assert sorted(os.listdir(run.path)) == FILES
    config = json.loads((run.path / "config.json").read_text())
    assert config["recipe"]["hidden"] == [8] and config["command"].startswith("ranvier train ")
    metrics = json.loads((run.path / "metrics.json").read_text())
    assert epochs(run.path) == list(range(1, config["recipe"]["epochs"] + 1))
    final = metrics["final"]
    assert 0 <= final["test_accuracy"] <= 1 and 0 <= final["linear_floor"] <= 1 and final["seconds"] > 0
    assert final["test_samples"] > 0 and final["synaptic_operations"] > 0 and final["warnings"] == []
    assert final["dense_multiply_accumulates"] > 0 and all(0 <= r <= 1 for r in final["rates"].values())
    with (run.path / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row, expected in zip(rows, metrics["epochs"], strict=True):
        assert int(row["epoch"]) == expected["epoch"] and float(row["loss"]) == expected["loss"]
        assert {f"rate {k}": str(v) for k, v in expected["rates"].items()}.items() <= row.items()


@pytest.mark.parametrize("which", ["tone_run", "picture_run"])
def test_the_report_is_one_file_that_needs_no_other(which, request):
    run = request.getfixturevalue(which)
    html = (run.path / "report.html").read_text()
    assert html.startswith("<!doctype html>") or html.startswith("<!DOCTYPE html>")
    assert (
        not re.search(r"""(?:src|href)=["']?(?!#|data:)[^"'> ]""", html)
        and "@import" not in html
        and "url(http" not in html
    )
    for text in ("Confusion matrix", "Firing rates", "Linear floor", "synaptic additions", "test samples", "Training"):
        assert text in html


def test_pictures(picture_run, pictures):
    out = picture_run.answer.out
    assert f"{pictures}: 12 images, 2 classes\nclasses: lying (6), upright (6)\nsize: 9 x 9 pixels, grey\n" in out
    assert "random split, 80 % train and 20 % test of each class, because nothing tells" in out


# What can be trained on


def test_an_npz_archive(ranvier, small, tmp_path):
    x, y = digits().x[:60, 0], digits().y[:60]
    np.savez(tmp_path / "some.npz", x_train=x[:50], y_train=y[:50], x_test=x[50:], y_test=y[50:])
    answer = ranvier("train", tmp_path / "some.npz", "--epochs", 1, *small, "--out", tmp_path / "run", "--json")
    assert answer.status == 0, answer.err
    assert "official split: x_train trains, x_test tests (50 train, 10 test)" in answer.err
    told = json.loads(answer.out)
    assert told["run"] == str(tmp_path / "run") and told["test_samples"] == 10 and Path(told["report"]).is_file()


def test_idx_files_by_path_and_as_digits(ranvier, small, tmp_path):
    x, y = (255 * digits().x[:60, 0]).astype(np.uint8), digits().y[:60].astype(np.uint8)
    for part, some in (("train", slice(0, 50)), ("t10k", slice(50, 60))):
        for name, array in ((f"{part}-images-idx3-ubyte", x[some]), (f"{part}-labels-idx1-ubyte", y[some])):
            head = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
            (tmp_path / "idx").mkdir(exist_ok=True)
            (tmp_path / "idx" / name).write_bytes(head + array.tobytes())
    first = ranvier("train", tmp_path / "idx", "--epochs", 1, *small, "--out", tmp_path / "a")
    second = ranvier("train", "digits", "--data", tmp_path / "idx", "--epochs", 1, *small, "--out", tmp_path / "b")
    assert (first.status, second.status) == (0, 0), first.err + second.err
    assert "60 images, 10 classes" in first.out and "train-images-idx3-ubyte trains" in second.out
    assert weights(tmp_path / "a") == weights(tmp_path / "b")


def test_digits_into_a_folder_named_by_itself(ranvier, small, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = ranvier("train", "digits", "--epochs", 1, *small)
    assert answer.status == 0, answer.err
    assert answer.out.startswith("digits: 1797 images, 10 classes\n")
    (run,) = Path("runs").iterdir()
    assert re.fullmatch(r"digits-\d{8}-\d{6}", run.name) and sorted(os.listdir(run)) == FILES


def test_spoken_digits(ranvier, tmp_path, monkeypatch):
    whole = spoken_digits()
    some = np.arange(0, len(whole), 25)
    part = replace(
        whole,
        x=[whole.x[k] for k in some],
        y=whole.y[some],
        names=tuple(whole.names[k] for k in some),
        groups=tuple(whole.groups[k] for k in some),
        official_test=whole.official_test[some],
    )
    monkeypatch.setattr(opened, "spoken_digits", lambda rate=None: part)
    words = ("--epochs", 1, "--hidden", 16, "--steps", 10, "--threads", 1)
    answer = ranvier("train", "spoken-digits", *words, "--split", "speaker:lucas", "--out", tmp_path / "run")
    assert answer.status == 0, answer.err
    assert "split by speaker, as asked: lucas tests, the other 4 train (80 train, 20 test)" in answer.out
    assert sorted(os.listdir(tmp_path / "run")) == FILES


def test_colours_and_several_hidden_populations_of_another_model(ranvier, make_pictures, tmp_path):
    folder = make_pictures(tmp_path / "colours", mode="RGB")
    words = (
        "--neuron",
        "CubaLIF",
        "--hidden",
        "6,5",
        "--steps",
        3,
        "--seed",
        4,
        "--threads",
        1,
        "--out",
        tmp_path / "run",
    )
    answer = ranvier("train", folder, "--epochs", 1, *words)
    assert answer.status == 0, answer.err
    recipe = json.loads((tmp_path / "run" / "config.json").read_text())["recipe"]
    assert (recipe["neuron"], recipe["hidden"], recipe["steps"], recipe["seed"]) == ("CubaLIF", [6, 5], 3, 4)
    assert "9 x 9 pixels, RGB" in answer.out


def test_nothing_reaches_for_the_network(ranvier, small, pictures, tmp_path, monkeypatch):
    def refused(*_: object) -> None:
        raise AssertionError("a training must not reach for the network")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    answer = ranvier("train", pictures, "--epochs", 1, *small, "--out", tmp_path / "run")
    assert answer.status == 0 and (tmp_path / "run" / "report.html").is_file()


def test_the_same_seed_gives_the_same_weights(ranvier, small, tone_run, tones, tmp_path):
    for name, seed in (("same", 0), ("other", 1)):
        answer = ranvier("train", tones, "--epochs", 3, *small, "--seed", seed, "--out", tmp_path / name)
        assert answer.status == 0, answer.err
    assert weights(tmp_path / "same") == weights(tone_run.path) != weights(tmp_path / "other")


# Bad files


def bad_files(folder: Path) -> dict[str, str]:
    """Writes recordings that cannot be used; what is said of each."""
    good = next(folder.glob("high/*.wav")).read_bytes()
    (folder / "high" / "anna_90.wav").write_bytes(b"")
    (folder / "high" / "anna_91.wav").write_bytes(good[: len(good) // 2])
    (folder / "low" / "ben_92.wav").write_text("Dear diary,\ntoday I named a text file .wav\n")
    noise = np.random.default_rng(0).normal(0, 0.1, 800).astype(np.float32)
    noise[100:103] = np.nan
    soundfile.write(folder / "low" / "ben_93.wav", noise, 8000, subtype="FLOAT")
    soundfile.write(folder / "middle" / "cleo_94.wav", np.zeros(800, np.float32), 8000)
    return {
        "high/anna_90.wav": "the file is empty (0 bytes), expected a WAV, FLAC or Ogg recording. Delete it or record it again.",
        "high/anna_91.wav": f"truncated: the file has {len(good) // 2} bytes, expected {len(good)}. Copy it again.",
        "low/ben_92.wav": "a text file, not a sound: it begins with 'Dear diary,', expected a WAV, FLAC or Ogg recording. Delete",
        "low/ben_93.wav": "3 of 800 samples are NaN or infinite. Export it again as 16-bit WAV or delete it.",
        "middle/cleo_94.wav": "silence: all 800 samples are 0, expected a sound. Check the microphone, record it again or delete",
    }


def test_bad_files_are_skipped_with_their_names(ranvier, small, make_tones, tmp_path):
    folder = make_tones(tmp_path / "words")
    expected = bad_files(folder)
    answer = ranvier("train", folder, "--epochs", 1, *small, "--out", tmp_path / "run")
    assert answer.status == 0, answer.err
    for name, reason in expected.items():
        assert f"warning: skipped {name}: {reason}" in answer.err
    assert ": 36 recordings, 3 classes" in answer.out and "skipped: 5" in answer.out


@pytest.mark.parametrize("kind", range(5))
def test_strict_refuses_a_single_bad_file(ranvier, small, make_tones, tmp_path, kind):
    folder = make_tones(tmp_path / "words")
    name, reason = list(bad_files(folder).items())[kind]
    for other in bad_files(folder):
        if other != name:
            (folder / other).unlink()
    answer = ranvier("train", folder, "--strict", *small, "--out", tmp_path / "run")
    assert answer.status == 1 and not (tmp_path / "run").exists()
    assert answer.err.startswith(f"error: {folder / name}: {reason}")
    assert answer.err.endswith("With --strict nothing is skipped.\n")


def test_a_truncated_picture_is_skipped(ranvier, small, make_pictures, tmp_path):
    folder = make_pictures(tmp_path / "bars")
    file = folder / "lying" / "0.png"
    file.write_bytes(file.read_bytes()[:60])
    answer = ranvier("train", folder, "--epochs", 1, *small, "--out", tmp_path / "run")
    assert answer.status == 0
    assert "warning: skipped lying/0.png: cannot be read as a PNG or JPEG picture (" in answer.err


def refused(answer, text: str) -> None:
    assert answer.status == 1 and "Traceback" not in answer.err
    assert answer.err.startswith("error: ") and text in answer.err, answer.err


def test_one_class(ranvier, make_tones, tmp_path):
    folder = make_tones(tmp_path / "words", classes=("high",))
    text = ": one class only ('high'), expected two or more. Put the samples of each class in a folder of their own"
    refused(ranvier("train", folder, "--out", tmp_path / "run"), text)


def test_a_class_with_one_file(ranvier, make_tones, tmp_path):
    folder = make_tones(tmp_path / "words")
    for file in list((folder / "low").iterdir())[1:]:
        file.unlink()
    text = ": too few samples in 'low' (1); every class needs at least two, one to train and one to test. Add samples to it, or"
    refused(ranvier("train", folder, "--out", tmp_path / "run"), text)
    assert not (tmp_path / "run").exists()


def test_nothing_readable(ranvier, make_tones, tmp_path):
    folder = make_tones(tmp_path / "words")
    for file in folder.glob("*/*.wav"):
        file.write_bytes(b"")
    refused(ranvier("train", folder), f"{folder}: none of 36 files can be read, for example middle/")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "nowhere",
            "nowhere: no such file or folder, and no known data set. Known: spoken-digits, digits; or give the path of",
        ),
        ("spoken-digit", "Did you mean spoken-digits?"),
    ],
)
def test_a_missing_folder(ranvier, tmp_path, monkeypatch, name, text):
    monkeypatch.chdir(tmp_path)
    refused(ranvier("train", name), text)
    assert os.listdir(tmp_path) == []


def test_an_empty_folder_and_a_single_file(ranvier, tones, tmp_path):
    refused(ranvier("train", tmp_path), f"{tmp_path}: is empty, expected one sub-folder a class, of sounds")
    file = next(tones.glob("high/*.wav"))
    refused(ranvier("train", file), f"Give the folder; to classify one file type `ranvier predict RUN {file}`.")


# Bad options


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--split", "half"), "--split half: expected official, speaker:NAME, recording:NAME or random. Type --split "),
        (("--split", "official"), "prescribes no split. Type --split speaker:anna or --split random."),
        (("--split", "speaker:zoe"), "no such speaker in "),
        (("--split", "speaker:zoe"), "Known: anna, ben, cleo. Type --split speaker:anna."),
        (("--split", "recording:1"), "the recordings of "),
        (("--neuron", "lif"), "--neuron lif: no such model. Choose one of LIF, IF, CubaLIF, AdaptiveLIF, ALIF."),
        (("--hidden", "many"), "--hidden many: expected numbers with commas between, such as --hidden 256,128."),
        (("--hidden", "8,"), "--hidden 8,: expected numbers with commas between"),
        (("--hidden", "0"), "--hidden 0: give sizes of at least 1, such as --hidden 256 or --hidden 256,128."),
        (("--steps", "4"), "--steps 4: must be at least 5."),
        (("--epochs", "0"), "--epochs 0: must be at least 1."),
        (("--seed", "-1"), "--seed -1: must be at least 0."),
        (("--threads", "0"), "--threads 0: must be at least 1."),
        (("--data", "other"), "--data other: only digits takes other data, got "),
    ],
)
def test_bad_options_are_named_before_anything_is_written(ranvier, tones, tmp_path, words, text):
    refused(ranvier("train", tones, *words, "--out", tmp_path / "run"), text)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("words", [("--steps", "few"), ("--threads", "x"), ("--epochs", "1.5")])
def test_numbers_that_are_none(ranvier, words):
    answer = ranvier("train", "digits", *words)
    assert answer.status == 2 and f"Invalid value for '{words[0]}'" in answer.err


def test_nothing_to_train_on(ranvier):
    text = "nothing to train on. Type `ranvier train spoken-digits`, or give a folder with one sub-folder a class."
    refused(ranvier("train"), text)


def test_a_folder_that_holds_something_is_kept(ranvier, tone_run, tones):
    before = weights(tone_run.path)
    text = f"--out {tone_run.path}: already holds something, expected a new or empty folder. Give another name, or"
    answer = ranvier("train", tones, "--out", tone_run.path)
    refused(answer, text)
    assert f"`ranvier train --resume {tone_run.path}`" in answer.err and weights(tone_run.path) == before


# No space


def test_no_space_for_the_run_folder(ranvier, tones, tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)
    text = "config.json: No space left on device; expected a writable folder with free space. Make room, or give another folder"
    refused(ranvier("train", tones, "--out", tmp_path / "run"), text)


@pytest.fixture
def tiny_disk(tmp_path: Path):
    """200 KB of space."""
    place = tmp_path / "tiny"
    place.mkdir()
    mount = shutil.which("mount")
    if os.name != "posix" or os.geteuid() or mount is None:
        pytest.skip("only root can make a tiny disk")
    if subprocess.run([mount, "-t", "tmpfs", "-o", "size=200k", "tmpfs", place], capture_output=True).returncode:
        pytest.skip("this machine does not let root mount")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_disk_that_is_really_full(ranvier, pictures, tiny_disk):
    answer = ranvier(
        "train", pictures, "--epochs", 1, "--hidden", 128, "--steps", 1, "--threads", 1, "--out", tiny_disk / "run"
    )
    refused(
        answer, "No space left on device; expected a writable folder with free space. Make room, or give another folder"
    )
    assert not [file for file in os.listdir(tiny_disk / "run") if file.endswith(".tmp")]


# Stopping and resuming


LONG = 60  # epochs: long enough to be stopped in the middle


@pytest.fixture(scope="module")
def whole(ranvier, pictures, small, tmp_path_factory) -> Path:
    """A run that nothing stopped."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    answer = ranvier("train", pictures, "--epochs", LONG, *small, "--out", folder)
    assert answer.status == 0, answer.err
    return folder


def stopped(folder: Path, data: Path, small, environment, how: signal.Signals) -> tuple[int, str]:
    """Trains in a process of its own, which gets a signal after its first epochs. Returns its status and what it said."""
    # a process that was started in the background may be deaf to Ctrl-C
    code = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from ranvier.cli.main import main; main()"
    words = ["train", data, "--epochs", LONG, *small, "--out", folder]
    log = folder.parent / "log"
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-c", code, *map(str, words)], env=environment, stdout=file, stderr=subprocess.STDOUT
        )
        deadline = time.monotonic() + 300
        while "epoch   3/" not in log.read_text():
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)
        process.send_signal(how)
        return process.wait(300), log.read_text()


def test_a_killed_run_is_resumed_to_the_same_weights(ranvier, whole, pictures, small, environment, tmp_path):
    run = tmp_path / "run"
    status, _ = stopped(run, pictures, small, environment, signal.SIGKILL)
    assert status == -signal.SIGKILL and "report.html" not in os.listdir(run)
    assert 2 <= len(epochs(run)) < LONG
    answer = ranvier("train", "--resume", run, "--threads", 1)
    assert answer.status == 0, answer.err
    assert weights(run) == weights(whole) and epochs(run) == epochs(whole) == list(range(1, LONG + 1))
    assert set(FILES) <= set(os.listdir(run)) and "checkpoint.ckpt" not in os.listdir(run)


def test_ctrl_c_says_how_to_go_on(ranvier, whole, pictures, small, environment, tmp_path):
    run = tmp_path / "run"
    status, said = stopped(run, pictures, small, environment, signal.SIGINT)
    assert status == 130 and "Traceback" not in said, said
    kept = len(epochs(run))
    assert (
        f"warning: stopped; {kept} of {LONG} epochs are kept in {run}. Continue with `ranvier train --resume {run}`."
        in said
    )
    assert 2 <= kept < LONG
    answer = ranvier("train", "--resume", run, "--threads", 1)
    assert answer.status == 0, answer.err
    assert weights(run) == weights(whole) and sorted(os.listdir(run)) == FILES
    # weights and metrics are written before the checkpoint: stopped between them, the last epoch is done again
    assert f"epoch {kept + 1:3d}/{LONG}" in answer.out and f"epoch {kept - 1:3d}/{LONG}" not in answer.out


def test_ctrl_c_before_the_first_epoch(ranvier, small, pictures, picture_run, tmp_path, monkeypatch):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "linear_floor", interrupted)
    run = tmp_path / "run"
    answer = ranvier("train", pictures, "--epochs", 2, *small, "--out", run)
    assert answer.status == 130 and f"0 of 2 epochs are kept in {run}. Continue with" in answer.err
    monkeypatch.undo()
    assert ranvier("train", "--resume", run, "--threads", 1).status == 0
    assert weights(run) == weights(picture_run.path)


def test_a_run_that_was_stopped_at_its_report_only_makes_that(
    ranvier, small, pictures, picture_run, tmp_path, monkeypatch
):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "write_report", interrupted)
    run = tmp_path / "run"
    assert ranvier("train", pictures, "--epochs", 2, *small, "--out", run).status == 130
    assert "checkpoint.ckpt" in os.listdir(run)
    monkeypatch.undo()
    answer = ranvier("train", "--resume", run, "--threads", 1)
    assert answer.status == 0 and "\nepoch " not in answer.out and sorted(os.listdir(run)) == FILES
    assert weights(run) == weights(picture_run.path)


def test_a_finished_run_is_not_resumed(ranvier, tone_run):
    answer = ranvier("train", "--resume", tone_run.path)
    refused(
        answer, f"{tone_run.path}: has finished all 3 epochs. To train longer, type its command again, `ranvier train "
    )
    assert answer.err.endswith("with a larger --epochs and another --out.\n")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("digits",), "SOURCE"),
        (("--epochs", 9), "--epochs"),
        (("--seed", 0), "--seed"),
        (("--strict",), "--strict"),
        (("--neuron", "LIF", "--hidden", 8, "--steps", 9, "--out", "x"), "--neuron, --hidden, --steps, --out"),
        (("--split", "random", "--data", "x"), "--data, --split"),
    ],
)
def test_resume_takes_no_other_options(ranvier, tone_run, words, named):
    text = f"--resume continues a run as it was begun, so {named} cannot be given with it. Type `ranvier train --resume {tone_run.path}`."
    refused(ranvier("train", "--resume", tone_run.path, *words), text)


def test_resuming_what_is_no_run(ranvier, tmp_path):
    refused(
        ranvier("train", "--resume", tmp_path / "none"),
        "none: no run folder (it has no config.json). Give the folder that",
    )


def test_resuming_a_broken_checkpoint(ranvier, copied):
    (copied / "metrics.json").unlink()
    (copied / "checkpoint.ckpt").write_bytes(b"text")
    refused(ranvier("train", "--resume", copied), f"{copied}/checkpoint.ckpt: cannot be continued (")


def test_data_that_changed_since(ranvier, small, make_tones, tmp_path, monkeypatch):
    folder, run = make_tones(tmp_path / "words"), tmp_path / "run"
    monkeypatch.setattr(module, "_carry_out", lambda *_: None)
    assert ranvier("train", folder, *small, "--out", run).status == 0
    monkeypatch.undo()
    shutil.rmtree(folder / "middle")
    text = f"{run}: was begun with the classes high, low, middle; the data now have high, low. Train anew."
    refused(ranvier("train", "--resume", run), text)
    shutil.rmtree(folder)
    refused(ranvier("train", "--resume", run), f"{folder}: no such file or folder, and no known data set.")


def test_time_left():
    assert [module._clock(s) for s in (0.2, 59.6, 61, 3600)] == ["0:00", "1:00", "1:01", "60:00"]


def test_the_threads_asked_for_are_used(ranvier, monkeypatch):
    asked = []
    monkeypatch.setattr(torch, "set_num_threads", asked.append)
    ranvier("train", "nowhere", "--threads", 2)
    assert asked[0] == 2
