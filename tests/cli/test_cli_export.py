import json

import numpy as np
import pytest
import torch

from ranvier.interchange import load_nir
from ranvier.training.network import build
from ranvier.training.recipe import Recipe
from ranvier.training.runs import RunFolder, Source


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a run on pictures, with the weights that training would begin with."""
    recipe = Recipe(
        kind="image", shape=(1, 4, 4), classes=("lying", "upright"), neuron="LIF", hidden=(5,), steps=4, dt=5e-3, epochs=1,
        batch=4, learning_rate=1e-3,
    )  # fmt: skip
    folder = RunFolder.create(
        str(tmp_path_factory.mktemp("runs") / "bars"), recipe, Source("bars"), "ranvier train bars"
    )
    folder.save_weights(build(recipe).state_dict())
    return folder


def test_a_network_leaves_and_comes_back(ranvier, run, tmp_path):
    out = tmp_path / "net.nir"
    answer = ranvier("export", run.path, out)
    assert (
        answer.status == 0
        and answer.out == f"{out}: {out.stat().st_size} bytes. Look at it with `ranvier import {out}`.\n"
    )
    assert "warning: save_nir: other readers" in answer.err and "Subtract" in answer.err
    net, again = run.network(), load_nir(out)
    x = torch.rand(6, 2, *run.recipe.shape)
    np.testing.assert_array_equal(net(x).detach(), again(x).detach())
    refused = ranvier("export", run.path, out)
    assert refused.status == 1 and "is there already. Give another name, or --force" in refused.err
    told = json.loads(ranvier("export", run.path, out, "--to", "nir", "--force", "--json").out)
    assert told["format"] == "nir" and told["bytes"] == out.stat().st_size and len(told["untold"]) >= 1
    shown = ranvier("import", out)
    assert shown.status == 0 and shown.out.startswith(f"input {run.recipe.shape}, dt 0.0")


def test_refusals(ranvier, tone_run, run, tmp_path):
    answer = ranvier("export", tone_run.path, tmp_path / "net.nir")
    assert answer.status == 1 and "save_nir: layer 0 (Delays): NIR has no axis of delayed copies" in answer.err
    answer = ranvier("export", run.path, tmp_path / "net.onnx")
    assert answer.status == 1 and "--to onnx: no such format. Choose one of nir, c." in answer.err
    answer = ranvier("export", run.path, tmp_path / "net.nir", "--strict")
    assert answer.status == 1 and "leave strict out" in answer.err and not (tmp_path / "net.nir").exists()


def test_c_is_handed_on(ranvier, run, tmp_path, monkeypatch):
    asked = {}
    monkeypatch.setattr(
        "ranvier.cli.export.write_c", lambda run, out, **options: asked.update(run=run, out=out, **options)
    )
    ranvier("export", run.path, tmp_path / "net.c", "--arithmetic", "fixed", "--bits", 4)
    assert asked == {
        "run": run.path,
        "out": tmp_path / "net.c",
        "arithmetic": "fixed",
        "bits": 4,
        "force": False,
        "as_json": False,
    }
