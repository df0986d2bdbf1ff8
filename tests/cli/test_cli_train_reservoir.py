"""`ranvier train --model`: reservoirs as the main job, and every verb that uses what it left."""

import json
import re
import shutil

import numpy as np
import pytest
import soundfile

from ranvier.cli import train as module
from ranvier.reservoirs import load

FILES = ["config.json", "metrics.csv", "metrics.json", "report.html", "reservoir.safetensors"]


@pytest.fixture(scope="module")
def echo_run(ranvier, tones, tmp_path_factory):
    """An echo state network that was fitted to the tones, and what was said; not to be changed."""
    run = tmp_path_factory.mktemp("runs") / "echo"
    return run, ranvier("train", tones, "--model", "echo", "--hidden", 30, "--threads", 1, "--out", run)


@pytest.fixture
def copied(echo_run, tmp_path):
    return shutil.copytree(echo_run[0], tmp_path / "copy")


# What a fit says and leaves behind


def check(run, answer, name: str, made: str) -> dict:
    assert answer.status == 0, answer.err
    assert sorted(file.name for file in run.iterdir()) == FILES
    assert f"fitting {made} on 24 samples into {run}" in answer.out
    final = json.loads((run / "metrics.json").read_text())["final"]
    assert final["model"] == name and final["test_samples"] == 12
    assert f"test accuracy {100 * final['test_accuracy']:.1f} %   (linear floor" in answer.out
    page = (run / "report.html").read_text()
    assert f"{made}, " in page and "Confusion matrix" in page and "No energy was estimated" not in page
    assert type(load(run / "reservoir.safetensors")).__name__ == made
    return final


def test_a_reservoir_is_fitted_measured_and_kept(echo_run):
    run, answer = echo_run
    final = check(run, answer, "echo", "EchoState")
    assert answer.err == "" and final["test_accuracy"] > 0.9 and final["multiply_accumulates"] > 0
    config = json.loads((run / "config.json").read_text())
    assert config["model"] == "echo" and config["settings"]["leak"] == "0.3" and config["settings"]["units"] == "30"
    assert config["recipe"]["rate"] == 8000 and config["recipe"]["classes"] == ["high", "low", "middle"]
    assert config["recipe"]["frames"]["hop"] == 0.01 and "neuron" not in config["recipe"]


def test_its_report_shows_no_false_gain(echo_run):
    page = (echo_run[0] / "report.html").read_text()
    assert "a reservoir, by Ranvier" in page and "is its own network without spikes: nothing is gained" in page
    assert "there is no gain to show" in page and "as it is, float32" in page and "break-even" not in page
    assert "fitted in one pass over the training samples" in page


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("name", "options", "made"),
    [("deep-echo", ("--hidden", "20,10"), "DeepEchoState"), ("bucket", (), "Bucket"), ("nvar", (), "NVAR")],
)
def test_other_reservoirs_of_real_numbers(ranvier, tones, tmp_path, name, options, made):
    run = tmp_path / "run"
    answer = ranvier("train", tones, "--model", name, *options, "--threads", 1, "--out", run)
    check(run, answer, name, made)
    assert ranvier("evaluate", run, tones).status == 0


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["ltc", "cfc"])
def test_cells_that_learn_have_epochs_and_a_curve(ranvier, tones, tmp_path, name):
    run = tmp_path / "run"
    words = ("--model", name, "--hidden", 8, "--epochs", 3, "--threads", 1, "--out", run)
    check(run, ranvier("train", tones, *words), name, "LiquidTimeConstant")
    page, metrics = (run / "report.html").read_text(), json.loads((run / "metrics.json").read_text())
    assert [row["epoch"] for row in metrics["epochs"]] == [1, 2, 3] and "Every epoch as numbers" in page
    assert "the cell and its readout" in page and "is its own network without spikes" in page
    assert "nothing in this model spikes" in ranvier("evaluate", run, tones).out


@pytest.mark.thorough
def test_pictures_are_read_row_by_row(ranvier, pictures, tmp_path):
    run = tmp_path / "run"
    answer = ranvier("train", pictures, "--model", "echo", "--hidden", 20, "--threads", 1, "--out", run)
    assert answer.status == 0, answer.err
    model = load(run / "reservoir.safetensors")
    assert model.features_ == 9 and list(model.classes_) == [0, 1]
    (row,) = json.loads(ranvier("predict", run, pictures / "lying" / "0.png", "--json").out)
    assert row["class"] in ("lying", "upright") and sum(row["probabilities"].values()) == pytest.approx(1)


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["liquid", "deep-liquid", "neucube"])
def test_liquids_report_their_spikes_and_their_energy(ranvier, tones, tmp_path, name):
    run = tmp_path / "run"
    answer = ranvier("train", tones, "--model", name, "--threads", 1, "--out", run)
    assert answer.status == 0, answer.err
    assert 0 < json.loads((run / "metrics.json").read_text())["final"]["rates"]["1 liquid"] < 0.1
    page = (run / "report.html").read_text()
    assert "Hz in training" in page and "break-even, spikes a synapse and step" in page
    assert ("DynamicSynapse" in page) is (name != "neucube")
    found = json.loads(ranvier("evaluate", run, tones, "--json").out)
    assert 0 < found["rates"]["1 liquid"] < 0.1 and found["synaptic_operations"] > 0 and found["energy"]["spiking"]


# What other verbs make of it


def test_predict(ranvier, echo_run, tones):
    files = [tones / label / "anna_0.wav" for label in ("high", "low")]
    rows = json.loads(ranvier("predict", echo_run[0], *files, "--json").out)
    for row, line in zip(rows, ranvier("predict", echo_run[0], *files).out.splitlines(), strict=True):
        assert set(row) == {"file", "class", "confidence", "probabilities"}
        assert row["class"] == max(row["probabilities"], key=row["probabilities"].get)
        assert sum(row["probabilities"].values()) == pytest.approx(1)
        assert row["confidence"] == row["probabilities"][row["class"]]
        assert line == f"{row['file']}: {row['class']} ({100 * row['confidence']:.1f} %)"
    assert [row["class"] for row in rows] == ["high", "low"]


def test_sounds_at_another_rate_are_brought_to_its_own(ranvier, echo_run, tones, tmp_path):
    wave, rate = soundfile.read(tones / "high" / "anna_0.wav")
    soundfile.write(tmp_path / "fast.wav", np.repeat(wave, 2), 2 * rate)
    (row,) = json.loads(ranvier("predict", echo_run[0], tmp_path / "fast.wav", "--json").out)
    assert row["class"] == "high"


def test_a_picture_is_no_sound(ranvier, echo_run, pictures):
    picture = pictures / "lying" / "0.png"
    answer = ranvier("predict", echo_run[0], picture)
    assert answer.status == 1 and f"skipped {picture}: not a sound file" in answer.err
    answer = ranvier("evaluate", echo_run[0], pictures)
    assert answer.status == 1 and "holds images, the model was trained on sounds. Give sounds." in answer.err


def test_evaluate(ranvier, echo_run, tones):
    answer = ranvier("evaluate", echo_run[0], tones)
    lines = answer.out.splitlines()
    assert answer.status == 0 and re.fullmatch(r"accuracy [\d.]+ % of 36 samples", lines[0])
    assert lines[5] == "firing: nothing in this model spikes"
    assert lines[6].startswith("energy, estimated, nothing measured: The model has no spikes")
    found = json.loads(ranvier("evaluate", echo_run[0], tones, "--json").out)
    confusion = np.array(found["confusion"])
    assert found["accuracy"] == pytest.approx(np.trace(confusion) / 36) and confusion.sum() == 36
    assert found["rates"] == {} and found["synaptic_operations"] == 0 and found["skipped"] == []
    assert found["energy"]["float32"]["ratios"] == [1.0, 1.0, 1.0] and found["energy"]["spiking"] is False


def test_unknown_classes(ranvier, echo_run, make_tones, tmp_path):
    folder = make_tones(tmp_path / "words")
    (folder / "low").rename(folder / "deep")
    answer = ranvier("evaluate", echo_run[0], folder)
    text = f"{folder}: classes deep are unknown to the model, which knows high, low, middle. Rename the folders, or leave them out."
    assert answer.status == 1 and text in answer.err


def test_the_report_is_drawn_again_as_it_was(ranvier, copied):
    before = (copied / "report.html").read_text()
    answer = ranvier("report", copied, "--force", "--threads", 1, "--picture", copied / "sample.png")
    assert answer.status == 0, answer.err
    after, accuracy = (copied / "report.html").read_text(), r'<div class="big">([\d.]+)'
    assert re.findall(accuracy, after) == re.findall(accuracy, before)
    assert re.findall("<h2[^>]*>.*?</h2>", after) == re.findall("<h2[^>]*>.*?</h2>", before)
    assert (copied / "sample.png").read_bytes().startswith(b"\x89PNG")


def test_energy(ranvier, echo_run):
    answer = ranvier("energy", echo_run[0])
    assert answer.status == 0 and "as it is, float32" in answer.out and "NeuroBench" not in answer.out
    found = json.loads(ranvier("energy", echo_run[0], "--bits", 4, "--json").out)
    assert found["neurobench"] is None and found["quantised"]["numbers"] == "4 bit"


def test_verbs_for_networks_say_what_it_is(ranvier, echo_run, tmp_path):
    for words in (("export", echo_run[0], tmp_path / "a.nir"), ("check", echo_run[0], "--chip", "loihi")):
        answer = ranvier(*words)
        assert answer.status == 1 and "holds a reservoir (--model echo); this verb needs a network" in answer.err
        assert "rv.reservoirs.load(" in answer.err


def test_a_fit_is_not_resumed(ranvier, copied):
    answer = ranvier("train", "--resume", copied)
    assert answer.status == 1 and "holds a reservoir (--model echo) that is fitted; a fit is one step" in answer.err
    assert f"`ranvier predict {copied} FILE`" in answer.err and "type its command again, `ranvier train " in answer.err
    (copied / "reservoir.safetensors").unlink()
    answer = ranvier("train", "--resume", copied)
    assert answer.status == 1 and "whose fit did not end; a fit is one step, of which nothing is kept" in answer.err


@pytest.mark.parametrize("verb", ["predict", "evaluate", "report"])
def test_a_file_that_is_damaged_or_gone(ranvier, copied, tones, verb):
    more = {"predict": [tones / "high" / "anna_0.wav"], "evaluate": [tones], "report": []}[verb]
    file = copied / "reservoir.safetensors"
    file.write_bytes(file.read_bytes()[:-40])
    answer = ranvier(verb, copied, *more)
    assert (answer.status, answer.out) == (1, "") and f"{file}: no reservoir can be read from it" in answer.err
    file.unlink()
    answer = ranvier(verb, copied, *more)
    assert (answer.status, answer.out) == (1, "") and "no reservoir.safetensors: this run ended before" in answer.err


# What is refused, and what stops


def test_a_fit_that_is_stopped(ranvier, tones, tmp_path, monkeypatch):
    def stopped(job, say):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "fit_reservoir", stopped)
    run = tmp_path / "run"
    answer = ranvier("train", tones, "--model", "echo", "--out", run)
    assert answer.status == 130 and "warning: stopped; a fit is one step, of which nothing is kept" in answer.err
    assert sorted(file.name for file in run.iterdir()) == ["config.json"]


def test_help_names_and_explains_each(ranvier):
    told = " ".join(re.sub(r"[│\n]", " ", ranvier("train", "--help").out).split())
    for name, what in module.MODELS.items():
        assert f"{name}, {what.told}" in told


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("--model", "lake"),
            f"--model lake: no such model. Choose one of network, {', '.join(module.MODELS)}",
        ),
        (
            ("--model", "echo", "--epochs", 3, "--steps", 9),
            "--model echo is fitted in one pass and has no --epochs, --steps",
        ),
        (("--model", "ltc", "--epochs", 3, "--steps", 9), "--model ltc has no --steps. Leave that out"),
        (("--model", "liquid", "--hidden", 9), "--model liquid has a fixed size. Leave --hidden out"),
        (("--model", "echo", "--resume", "x"), "--model cannot be given with it"),
    ],
)
def test_options_that_do_not_belong_together_are_refused(ranvier, tones, tmp_path, words, message):
    source = () if "--resume" in words else (tones, "--out", tmp_path / "run")
    answer = ranvier("train", *source, *words)
    assert answer.status != 0 and message in answer.err.replace("\n", " ")
    assert not (tmp_path / "run").exists()
