"""`ranvier train --model`: reservoirs as the main job, with their report."""

import json

import numpy as np
import pytest
import soundfile

from ranvier.reservoirs import load

FILES = ["config.json", "metrics.csv", "metrics.json", "report.html", "reservoir.safetensors"]


@pytest.mark.parametrize(
    ("name", "options", "made"),
    [
        ("echo", ("--hidden", 30), "EchoState"),
        pytest.param("deep-echo", ("--hidden", "20,10"), "DeepEchoState", marks=pytest.mark.thorough),
    ],
)
def test_a_reservoir_is_fitted_measured_and_kept(ranvier, tones, tmp_path, name, options, made):
    run = tmp_path / "run"
    answer = ranvier("train", tones, "--model", name, *options, "--threads", 1, "--out", run)
    assert answer.status == 0 and answer.err == ""
    assert sorted(file.name for file in run.iterdir()) == FILES
    assert f"fitting {made} on 24 samples into {run}" in answer.out
    final = json.loads((run / "metrics.json").read_text())["final"]
    assert final["model"] == name and final["test_samples"] == 12 and final["test_accuracy"] > 0.9
    assert f"test accuracy {100 * final['test_accuracy']:.1f} %   (linear floor" in answer.out
    config = json.loads((run / "config.json").read_text())
    assert config["model"] == name and config["settings"]["leak"] == "0.3"
    page = (run / "report.html").read_text()
    assert "a reservoir, by Ranvier" in page and made in page and "Confusion matrix" in page
    assert type(load(run / "reservoir.safetensors")).__name__ == made


@pytest.mark.thorough
def test_pictures_are_read_row_by_row(ranvier, pictures, tmp_path):
    answer = ranvier("train", pictures, "--model", "echo", "--hidden", 20, "--threads", 1, "--out", tmp_path / "run")
    assert answer.status == 0, answer.err
    model = load(tmp_path / "run" / "reservoir.safetensors")
    assert model.features_ == 9 and list(model.classes_) == [0, 1]


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["liquid", "deep-liquid"])
def test_liquids_report_their_spikes(ranvier, tones, tmp_path, name):
    run = tmp_path / "run"
    answer = ranvier("train", tones, "--model", name, "--threads", 1, "--out", run)
    assert answer.status == 0, answer.err
    assert 0 < json.loads((run / "metrics.json").read_text())["final"]["rates"]["1 liquid"] < 0.1
    assert "Hz in training" in (run / "report.html").read_text()


def test_another_verb_says_what_the_folder_holds(ranvier, tones, tmp_path):
    run = tmp_path / "run"
    ranvier("train", tones, "--model", "echo", "--hidden", 10, "--out", run)
    soundfile.write(tmp_path / "a.wav", np.zeros(2000), 8000)
    for words in (("predict", run, tmp_path / "a.wav"), ("report", run), ("train", "--resume", run)):
        answer = ranvier(*words)
        assert answer.status != 0 and "holds a reservoir, which this verb cannot take yet" in answer.err
        assert "rv.reservoirs.load(" in answer.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("--model", "lake"),
            "--model lake: no such model. Choose one of network, echo, deep-echo, liquid, deep-liquid",
        ),
        (
            ("--model", "echo", "--epochs", 3, "--steps", 9),
            "--model echo is fitted in one pass and has no --epochs, --steps",
        ),
        (("--model", "liquid", "--hidden", 9), "--model liquid has a column of fixed size. Leave --hidden out"),
        (("--model", "echo", "--resume", "x"), "--model cannot be given with it"),
    ],
)
def test_options_that_do_not_belong_together_are_refused(ranvier, tones, tmp_path, words, message):
    source = () if "--resume" in words else (tones, "--out", tmp_path / "run")
    answer = ranvier("train", *source, *words)
    assert answer.status != 0 and message in answer.err.replace("\n", " ")
    assert not (tmp_path / "run").exists()
