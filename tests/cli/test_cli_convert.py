"""`ranvier convert`: the table, JSON, the report, and what can be typed wrongly. By the eager reference, which needs no compilation."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from ranvier.conversion import load, save_model
from ranvier.data.bundled import digits
from ranvier.kernels import dispatch
from ranvier.layers import sequential

LAYERS = "Flatten(), Linear(64, 24), ReLU(), Linear(24, 10)"


@pytest.fixture(autouse=True)
def _eager(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sequential, "can_run", lambda x: False)
    monkeypatch.setattr(dispatch, "choose", lambda backend, x: "eager")
    monkeypatch.setattr(dispatch, "linear_cpu", F.linear)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def net() -> nn.Module:
    torch.manual_seed(0)
    made = nn.Sequential(nn.Flatten(), nn.Linear(64, 24), nn.ReLU(), nn.Linear(24, 10))
    samples = digits()
    x, y = torch.as_tensor(samples.x), torch.from_numpy(samples.y)
    optimizer = torch.optim.Adam(made.parameters(), lr=1e-2)
    for _ in range(60):
        optimizer.zero_grad()
        F.cross_entropy(made(x), y).backward()
        optimizer.step()
    return made


@pytest.fixture
def model(net: nn.Module, tmp_path: Path) -> Path:
    return save_model(net, torch.zeros(1, 1, 8, 8), tmp_path / "model.pt")


def problem(answer) -> str:
    assert answer.status == 1 and answer.out == "", answer
    return " ".join(answer.err.split())


def test_the_table_the_network_and_the_report(ranvier, model: Path) -> None:
    answer = ranvier("convert", model, "--data", "digits", "--steps", 16, "--report", "--threads", 1)
    assert answer.status == 0, answer.err
    lines = answer.out.splitlines()
    assert any(line.startswith("energy of a sample, estimated, nothing measured: In float32") for line in lines)
    assert lines[0] == "assumed:" and any(line.startswith("- scales: percentile 99.9") for line in lines)
    assert "1000 training samples calibrated, 359 others tested." in lines
    rows = [line.split() for line in lines if line.startswith(("source ", "T "))]
    assert [row[1] for row in rows[1:]] == ["1", "2", "4", "8", "16"]
    assert float(rows[0][1]) - float(rows[-1][2]) < 1 and float(rows[-1][2]) > 90
    assert lines[-2].startswith("spiking network: model-spiking") and lines[-1] == "report: model-spiking/report.html"
    page = Path("model-spiking/report.html").read_text()
    for part in (
        "model.pt as a spiking network",
        "What it assumes",
        "<svg",
        "Populations",
        "ranvier convert",
        "of 359 samples after 16 steps",
    ):
        assert part in page
    again = load("model-spiking")
    assert again.predict(torch.as_tensor(digits().x[:4]), 16).tolist() == [0, 1, 2, 3]
    assert (
        "model-spiking: holds conversion.json, weights.safetensors, report.html already. Give another folder, or --force"
        in problem(ranvier("convert", model, "--data", "digits", "--report"))
    )
    assert ranvier("convert", model, "--data", "digits", "--steps", 2, "--limit", 20, "--force").status == 0


def test_json_and_weights_with_layers_in_a_file(ranvier, net: nn.Module, tmp_path: Path) -> None:
    torch.save(net.state_dict(), "weights.pt")
    Path("layers.txt").write_text(str(net))
    told = ranvier(
        "convert", "weights.pt", "--layers", "layers.txt", "--data", "digits", "--steps", 8, "--json", "--normalise", "balance",
        "--reset", "hard", "--start", 0, "--input", "spikes", "--calibrate", 50, "--limit", 100, "--out", tmp_path / "deep" / "made",
    )  # fmt: skip
    found = json.loads(told.out)
    assert found["samples"] == 100 and len(found["accuracy"]) == len(found["agreement"]) == 8
    assert found["populations"][0].keys() == {"name", "place", "scale", "threshold", "rate", "error"}
    assert found["folder"].endswith("made") and any("thresholds balanced" in text for text in found["assumed"])
    assert sorted(p.name for p in (tmp_path / "deep" / "made").iterdir()) == ["conversion.json", "weights.safetensors"]


@pytest.mark.parametrize("how", ["channels", "max", "model"])
def test_other_choices_and_pixels_as_in_training(ranvier, model: Path, how: str) -> None:
    options = ("--steps", 4, "--limit", 50, "--json", "--normalise", how, "--mean", "0.0", "--std", "1", "--out", how)
    found = json.loads(ranvier("convert", model, "--data", "digits", *options).out)
    assert found["source_accuracy"] > 0.9 and len(found["accuracy"]) == 4


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (
            ("--normalise", "most"),
            "--normalise most: expected percentile, channels, max, model, balance. The default is percentile.",
        ),
        (("--reset", "no"), "--reset no: expected soft, hard."),
        (("--input", "no"), "--input no: expected current, spikes."),
        (("--percentile", 0), "--percentile 0: must lie in (0, 100]. The default is 99.9."),
        (("--start", 1), "--start 1: must lie in [0, 1), as a share of the threshold."),
        (("--mean", "a"), "--mean a: expected one number, or 1 with commas between"),
        (
            ("--std", "0"),
            "--std 0: expected one number, or 1 with commas between, one a channel, above 0. Write for example --std 0.5.",
        ),
        (("--layers", "none.txt"), "--layers none.txt: cannot be read"),
        (("--layers", "Flatten(), Linear(3, 10)"), "the weights do not belong to these layers"),
        (("--mean", "0.5", "--input", "spikes"), "BernoulliSpikes: input must not be negative"),
        (("--split", "speaker:a"), "the speakers of digits are not known"),
    ],
)
def test_what_can_be_typed_wrongly(ranvier, model: Path, options: tuple[object, ...], text: str) -> None:
    assert text in problem(ranvier("convert", model, "--data", "digits", *options))
    assert not Path("model-spiking").exists()


def test_data_that_do_not_fit(ranvier, model: Path, tones: Path) -> None:
    assert "holds sounds; expected images" in problem(ranvier("convert", model, "--data", tones))
    np.savez("large.npz", x=np.random.default_rng(0).random((8, 9, 9)), y=np.array([0, 1] * 4))
    text = problem(ranvier("convert", model, "--data", "large.npz"))
    assert "the network does not take its images of shape (1, 9, 9)" in text and "begins with Flatten()" in text
    np.savez("many.npz", x=np.random.default_rng(0).random((24, 8, 8)), y=np.arange(24) % 12)
    assert "has 12 classes, the network gives output of shape (10,) a sample" in problem(
        ranvier("convert", model, "--data", "many.npz")
    )


def test_help_teaches_with_examples(ranvier) -> None:
    out = " ".join(ranvier("convert", "--help").out.split())
    assert "ranvier convert model.pt --data mnist/ --steps 32 --report" in out and "--json" in out and "--force" in out
