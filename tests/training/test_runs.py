import csv
import errno
import json
import os
import re
from pathlib import Path

import pytest
import torch

import ranvier
from ranvier.errors import RanvierError
from ranvier.training.network import build
from ranvier.training.recipe import image_recipe
from ranvier.training.runs import CONFIG, FORMAT, WEIGHTS, RunFolder, Source

RECIPE = image_recipe(("no", "yes"), (1, 5, 5)).changed(hidden=(4,), steps=2)


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder.create(str(tmp_path / "run"), RECIPE, Source("data", split="random"), "ranvier train data")


def rewrite(run: RunFolder, **changes: object) -> None:
    file = run.path / CONFIG
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def test_a_run_is_opened_as_it_was_created(run: RunFolder):
    assert RunFolder.open(run.path) == run
    config = json.loads((run.path / CONFIG).read_text())
    assert (config["format"], config["ranvier"], config["command"]) == (
        FORMAT,
        ranvier.__version__,
        "ranvier train data",
    )


def test_the_default_folder_is_named_after_the_data_and_the_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    run = RunFolder.create(None, RECIPE, Source("/somewhere/words/"), "ranvier train")
    assert re.fullmatch(r"runs/words-\d{8}-\d{6}", run.path.as_posix()) and (tmp_path / run.path / CONFIG).is_file()


def test_a_folder_that_holds_something_is_refused_and_an_empty_one_taken(tmp_path: Path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear")
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    for name in ("full", "file"):
        text = rf"--out .*{name}: already holds something, expected a new or empty folder\. Give .*`ranvier train --resume .*{name}`"
        with pytest.raises(RanvierError, match=text):
            RunFolder.create(str(tmp_path / name), RECIPE, Source("data"), "")
    assert os.listdir(tmp_path / "full") == ["letter.txt"]
    assert RunFolder.create(str(tmp_path / "empty"), RECIPE, Source("data"), "").path == tmp_path / "empty"


@pytest.mark.parametrize("make", [lambda p: None, lambda p: p.mkdir(), lambda p: p.write_text("text")])
def test_what_is_no_run_folder(tmp_path: Path, make):
    make(tmp_path / "it")
    with pytest.raises(
        RanvierError, match=r"it: no run folder \(it has no config\.json\)\. Give the folder that `ranvier train` wrote"
    ):
        RunFolder.open(tmp_path / "it")


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "{}", b"\xff\xfe\xff", '{"format": 1, "ranvier": "0.1.0"}', '{"format": "1", "ranvier": ""}'],
)
def test_a_broken_config(run: RunFolder, content):
    (run.path / CONFIG).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(RanvierError, match=r"config\.json: corrupt \(.+\)\. Train again, or restore the file\."):
        RunFolder.open(run.path)


@pytest.mark.parametrize(
    "changes",
    [{"recipe": {"kind": "image"}}, {"recipe": RECIPE.as_dict() | {"x": 1}}, {"source": {"colour": 1}}, {"recipe": 3}],
)
def test_a_config_with_other_fields(run: RunFolder, changes):
    rewrite(run, **changes)
    with pytest.raises(RanvierError, match=r"config\.json: corrupt"):
        RunFolder.open(run.path)


def test_a_reservoirs_config_holds_what_its_samples_are_and_no_network(tmp_path: Path):
    run = RunFolder.create(str(tmp_path / "run"), RECIPE, Source("data"), "ranvier train data", "echo", {"units": "9"})
    config = json.loads((run.path / CONFIG).read_text())
    assert config["model"] == "echo" and config["settings"] == {"units": "9"}
    assert set(config["recipe"]) == set(RECIPE.samples) and "neuron" not in config["recipe"]
    assert RunFolder.open(run.path).recipe.samples == RECIPE.samples
    for changes in ({"model": 3}, {"recipe": {"kind": "image"}}):
        rewrite(run, **changes)
        with pytest.raises(RanvierError, match=r"config\.json: corrupt"):
            RunFolder.open(run.path)


def test_a_run_of_a_newer_version(run: RunFolder):
    rewrite(run, format=FORMAT + 1, ranvier="9.0.0", recipe={"new": "fields"})
    text = rf"run: written by ranvier 9\.0\.0 \(run format {FORMAT + 1}\); this is .* \(format {FORMAT}\)\. Update with `pip install -U ranvier`"
    with pytest.raises(RanvierError, match=text):
        RunFolder.open(run.path)


def test_weights_come_back_bit_for_bit(run: RunFolder):
    net = build(RECIPE.changed(seed=3))
    run.save_weights(net.state_dict())
    again = run.network()
    assert not again.training
    assert all(torch.equal(a, b) for a, b in zip(net.state_dict().values(), again.state_dict().values(), strict=True))


def test_missing_weights_say_how_to_go_on(run: RunFolder):
    text = r"run: no weights\.safetensors: this run ended before its first epoch did\. Continue it with `ranvier train --resume .*run`\."
    with pytest.raises(RanvierError, match=text):
        run.network()


@pytest.mark.parametrize(
    "broken", [lambda data: b"", lambda data: data[:-7], lambda data: b"text" * 99, lambda data: data[9:]]
)
def test_broken_weights(run: RunFolder, broken):
    run.save_weights(build(RECIPE).state_dict())
    file = run.path / WEIGHTS
    file.write_bytes(broken(file.read_bytes()))
    with pytest.raises(
        RanvierError,
        match=r"weights\.safetensors: corrupt or of another network \(.+\)\. Train again, or restore the file\.",
    ):
        run.network()


def test_weights_of_another_network(run: RunFolder):
    run.save_weights(build(RECIPE.changed(hidden=(5,))).state_dict())
    with pytest.raises(RanvierError, match=r"weights\.safetensors: corrupt or of another network"):
        run.network()


HISTORY = [
    {"epoch": k, "loss": 1.0 / k, "accuracy": 0.5, "test_accuracy": 0.25, "seconds": 2.0, "rates": {"1 LIF": 0.1 * k}}
    for k in (1, 2)
]


def test_metrics_are_kept_as_json_and_csv(run: RunFolder):
    assert run.metrics() == {"epochs": [], "final": {}}
    run.save_metrics(HISTORY, {"test_accuracy": 0.25})
    assert run.metrics() == {"epochs": HISTORY, "final": {"test_accuracy": 0.25}}
    with (run.path / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["epoch", "loss", "accuracy", "test_accuracy", "seconds", "rate 1 LIF"]
    assert [float(row["rate 1 LIF"]) for row in rows] == [0.1, 0.2] and [row["epoch"] for row in rows] == ["1", "2"]


def test_metrics_without_an_epoch(run: RunFolder):
    run.save_metrics([], {})
    assert (run.path / "metrics.csv").read_text().split() == ["epoch"]


@pytest.mark.parametrize("content", ["", "[1]", '{"epochs": []}'])
def test_broken_metrics(run: RunFolder, content):
    (run.path / "metrics.json").write_text(content)
    with pytest.raises(
        RanvierError, match=r"metrics\.json: corrupt \(.+\)\. Delete it and type `ranvier report .*run`\."
    ):
        run.metrics()


def test_a_full_disk(tmp_path: Path, run: RunFolder, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)
    text = r"cannot write .*: No space left on device; expected a writable folder with free space\. Make room"
    with pytest.raises(RanvierError, match=text):
        RunFolder.create(str(tmp_path / "other"), RECIPE, Source("data"), "")
    with pytest.raises(RanvierError, match=text):
        run.save_weights(build(RECIPE).state_dict())
    with pytest.raises(RanvierError, match=text):
        run.save_metrics([], {})
    assert os.listdir(run.path) == [CONFIG]
