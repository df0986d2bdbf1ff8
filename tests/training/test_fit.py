import errno
import os
import socket
from pathlib import Path

import pytest
import torch

from ranvier.errors import RanvierError
from ranvier.layers import Sequential
from ranvier.training import fit as module
from ranvier.training import scoring
from ranvier.training.fit import finished, fit
from ranvier.training.module import Classifier
from ranvier.training.runs import CHECKPOINT, WEIGHTS, RunFolder


def train(case, folder: Path, **options) -> tuple[RunFolder, Classifier]:
    run = RunFolder.open(folder) if options.get("resume") else case.begin(folder)
    return run, fit(run, case.inputs, case.parts.train, case.parts.test, **options)


def weights(run: RunFolder) -> bytes:
    return (run.path / WEIGHTS).read_bytes()


def stop_after(epochs: int):
    def on_epoch(module: Classifier) -> None:
        if module.history[-1]["epoch"] == epochs:
            raise KeyboardInterrupt

    return on_epoch


@pytest.fixture(scope="module")
def whole(image_case, tmp_path_factory: pytest.TempPathFactory) -> tuple[RunFolder, Classifier]:
    """A training that nothing disturbed."""
    return train(image_case, tmp_path_factory.mktemp("fit") / "whole")


def test_the_folder_holds_what_can_be_kept(whole):
    run, classifier = whole
    assert sorted(os.listdir(run.path)) == [CHECKPOINT, "config.json", "metrics.csv", "metrics.json", WEIGHTS]
    kept = run.network().state_dict()
    assert all(torch.equal(kept[k], v) for k, v in classifier.average.state_dict().items())
    assert run.metrics() == {"epochs": classifier.history, "final": {}} and not finished(run)


def test_history_has_a_row_for_every_epoch(whole):
    history = whole[1].history
    assert [row["epoch"] for row in history] == [1, 2, 3]
    for row in history:
        assert set(row) == {"epoch", "loss", "accuracy", "test_accuracy", "seconds", "rates"}
        assert row["loss"] > 0 and row["seconds"] > 0 and 0 <= row["accuracy"] <= 1 and 0 <= row["test_accuracy"] <= 1
        assert list(row["rates"]) == ["1 LIF", "2 LIF", "3 LIF"] and all(0 < r < 1 for r in row["rates"].values())
    assert history[-1]["loss"] < history[0]["loss"]


def test_the_same_seed_gives_the_same_weights_bit_for_bit(whole, image_case, tmp_path):
    torch.manual_seed(123)  # what others drew must not matter
    again, _ = train(image_case, tmp_path / "again")
    assert weights(again) == weights(whole[0])


def test_another_seed_gives_other_weights(whole, make_case, tmp_path):
    other, _ = train(make_case(seed=1, epochs=1), tmp_path / "other")
    assert weights(other) != weights(whole[0])


@pytest.mark.parametrize("epochs", [1, 2])
def test_a_stopped_run_continues_to_the_same_weights(whole, image_case, tmp_path, epochs):
    with pytest.raises(KeyboardInterrupt):
        train(image_case, tmp_path / "run", on_epoch=stop_after(epochs))
    torch.manual_seed(123)
    run, resumed = train(image_case, tmp_path / "run", resume=True)
    assert weights(run) == weights(whole[0])
    assert [row["epoch"] for row in resumed.history] == [1, 2, 3]
    for row, expected in zip(resumed.history, whole[1].history, strict=True):
        assert row | {"seconds": 0} == expected | {"seconds": 0}


def test_a_checkpoint_holds_the_row_of_its_own_epoch(image_case, tmp_path):
    """Else a resumed run would miss an epoch in metrics and report."""

    def stop(classifier: Classifier, batch: int) -> None:
        if classifier.current_epoch == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run, _ = train(image_case, tmp_path / "run", on_batch=stop)
    run = RunFolder.open(tmp_path / "run")
    kept = torch.load(run.path / CHECKPOINT, weights_only=True)
    assert [row["epoch"] for row in kept["history"]] == [1] == [row["epoch"] for row in run.metrics()["epochs"]]


def test_resuming_before_the_first_epoch_starts_anew(whole, image_case, tmp_path):
    image_case.begin(tmp_path / "run")
    run, _ = train(image_case, tmp_path / "run", resume=True)
    assert weights(run) == weights(whole[0])


def test_resuming_after_the_last_epoch_trains_no_more(whole, image_case):
    run, before = whole[0], weights(whole[0])
    batches = []
    resumed = fit(
        run,
        image_case.inputs,
        image_case.parts.train,
        image_case.parts.test,
        resume=True,
        on_batch=lambda m, k: batches.append(k),
    )
    assert batches == [] and resumed.history == whole[1].history and weights(run) == before


@pytest.mark.parametrize("content", [b"", b"text", b"a text, no checkpoint", b"PK\3\4" + bytes(99)])
def test_a_broken_checkpoint(image_case, tmp_path, content):
    run = image_case.begin(tmp_path / "run")
    (run.path / CHECKPOINT).write_bytes(content)
    text = r"checkpoint\.ckpt: cannot be continued \(.*\)\. Delete it and type `ranvier train --resume .*run` to start this run anew\."
    with pytest.raises(RanvierError, match=text):
        train(image_case, run.path, resume=True)


class _Touch:
    """Unpickled, it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_a_checkpoint_is_data_never_code(image_case, tmp_path):
    run = image_case.begin(tmp_path / "run")
    torch.save({"epoch": 1, "state_dict": _Touch(tmp_path / "executed")}, run.path / CHECKPOINT)
    with pytest.raises(RanvierError, match=r"checkpoint\.ckpt: cannot be continued"):
        train(image_case, run.path, resume=True)
    assert not (tmp_path / "executed").exists()


def test_a_checkpoint_of_another_network(image_case, make_case, tmp_path):
    train(make_case(hidden=(9,), epochs=1), tmp_path / "other")
    run = image_case.begin(tmp_path / "run")
    (tmp_path / "other" / CHECKPOINT).rename(run.path / CHECKPOINT)
    with pytest.raises(RanvierError, match=r"checkpoint\.ckpt: cannot be continued \(.*\)\. Delete it and type"):
        train(image_case, run.path, resume=True)


def test_sounds_are_trained_without_a_network(sound_case, tmp_path, monkeypatch: pytest.MonkeyPatch):
    def refused(*_: object) -> None:
        raise AssertionError("a training must not reach for the network")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    batches = []
    run, classifier = train(sound_case, tmp_path / "run", on_batch=lambda m, k: batches.append((m.current_epoch, k)))
    assert batches == [(0, 0), (1, 0)] and [row["epoch"] for row in classifier.history] == [1, 2]
    assert run.network() is not None


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("name", [WEIGHTS, "metrics.json", CHECKPOINT])
def test_a_full_disk_stops_with_a_sentence_and_the_run_can_go_on(whole, image_case, tmp_path, monkeypatch, name):
    replace, seen = os.replace, []

    def second_fails(source: Path, target: Path) -> None:
        seen.append(Path(target).name)
        (full if seen.count(name) == 2 else replace)(source, target)

    monkeypatch.setattr(os, "replace", second_fails)
    with pytest.raises(
        RanvierError, match=rf"cannot write .*{name}: No space left on device; expected .* free space\. Make room"
    ):
        train(image_case, tmp_path / "run")
    monkeypatch.undo()
    run, resumed = train(image_case, tmp_path / "run", resume=True)
    assert weights(run) == weights(whole[0]) and len(resumed.history) == 3
    assert not [file for file in os.listdir(run.path) if file.endswith(".tmp")]


def test_a_checkpoint_on_a_full_disk_is_no_internal_error_of_torch(image_case, tmp_path, monkeypatch):
    """torch.save to a path says RuntimeError where the disk is full."""
    write = Path.write_bytes
    monkeypatch.setattr(
        Path, "write_bytes", lambda self, data: full() if CHECKPOINT in self.name else write(self, data)
    )
    with pytest.raises(RanvierError, match=rf"cannot write .*{CHECKPOINT}: No space left"):
        train(image_case, tmp_path / "run")
    assert CHECKPOINT not in os.listdir(tmp_path / "run")


def test_gradients_that_are_no_numbers_end_the_training(image_case, tmp_path, monkeypatch):
    loss = scoring.loss
    monkeypatch.setattr(scoring, "loss", lambda *args: loss(*args) * float("nan"))
    text = r"training stopped: the output of the network became NaN or infinite\. layer 1 .* is exploding: its input or membrane holds NaN"
    with pytest.warns(UserWarning, match="is exploding"), pytest.raises(RanvierError, match=text):
        train(image_case, tmp_path / "run")


def test_weights_that_are_no_numbers_are_not_kept(make_case, tmp_path, monkeypatch):
    loss = scoring.loss
    monkeypatch.setattr(scoring, "loss", lambda *args: loss(*args) * float("nan"))
    with pytest.raises(
        RanvierError, match=r"training stopped: the weights became NaN or infinite\. Lower the learning rate"
    ):
        train(make_case(batch=32), tmp_path / "run")  # one batch an epoch
    assert os.listdir(tmp_path / "run") == ["config.json"]


def test_weights_that_explode_are_named(image_case, tmp_path, monkeypatch):
    def broken(recipe):
        net = build(recipe)
        with torch.no_grad():
            net[0].weight.fill_(float("nan"))
        return net

    build = module.build
    monkeypatch.setattr(module, "build", broken)
    monkeypatch.setattr(Sequential, "calibrate", lambda self, x: self)
    with (
        pytest.warns(UserWarning) as said,
        pytest.raises(
            RanvierError, match=r"training stopped: the output of .* NaN or infinite\. layer 1 .* is exploding"
        ),
    ):
        train(image_case, tmp_path / "run")
    assert str(said[0].message).startswith("layer 1 (LIF, 1024 neurons) is exploding")


def test_a_silent_layer_is_named_in_the_first_batch_and_once(make_case, tmp_path, monkeypatch):
    def weak(recipe):
        net = build(recipe)
        with torch.no_grad():
            net[0].weight.mul_(1e-4)
        return net

    build = module.build
    monkeypatch.setattr(module, "build", weak)
    monkeypatch.setattr(Sequential, "calibrate", lambda self, x: self)
    counts = []
    with pytest.warns(UserWarning) as said:
        _, classifier = train(
            make_case(epochs=1, batch=4), tmp_path / "run", on_batch=lambda m, k: counts.append(len(m.warnings))
        )
    assert len(counts) == 8 and counts[0] == counts[-1] == len(said)
    assert [str(w.message) for w in said] == classifier.warnings
    first = [text for text in classifier.warnings if text.startswith("layer 1 (LIF, 1024 neurons) is silent")]
    assert len(first) == 1 and "no neuron fired" in first[0]


def test_a_run_is_finished_with_its_figures_and_without_a_checkpoint(image_case, tmp_path):
    run = image_case.begin(tmp_path / "run")
    assert not finished(run)
    run.save_metrics([], {"test_accuracy": 1.0})
    assert finished(run)
    (run.path / CHECKPOINT).write_bytes(b"")
    assert not finished(run)


def test_other_errors_are_not_hidden(image_case, tmp_path):
    def broken(classifier: Classifier) -> None:
        raise ValueError("a fault of the caller")

    with pytest.raises(ValueError, match="a fault of the caller"):
        train(image_case, tmp_path / "run", on_epoch=broken)
