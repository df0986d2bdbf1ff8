import json

import numpy as np
import torch

from ranvier.interchange import load_nir
from ranvier.training.runs import RunFolder


def test_a_trained_network_leaves_and_comes_back(ranvier, picture_run, tmp_path):
    out = tmp_path / "net.nir"
    answer = ranvier("export", picture_run.path, out)
    assert (
        answer.status == 0
        and answer.out == f"{out}: {out.stat().st_size} bytes. Look at it with `ranvier import {out}`.\n"
    )
    assert "warning: save_nir: other readers" in answer.err and "Subtract" in answer.err
    folder = RunFolder.open(picture_run.path)
    net, again = folder.network(), load_nir(out)
    x = torch.rand(6, 2, *folder.recipe.shape)
    np.testing.assert_array_equal(net(x).detach(), again(x).detach())
    refused = ranvier("export", picture_run.path, out)
    assert refused.status == 1 and "is there already. Give another name, or --force" in refused.err
    told = json.loads(ranvier("export", picture_run.path, out, "--to", "nir", "--force", "--json").out)
    assert told["format"] == "nir" and told["bytes"] == out.stat().st_size and len(told["untold"]) >= 1
    shown = ranvier("import", out)
    assert shown.status == 0 and shown.out.startswith(f"input {folder.recipe.shape}, dt 0.0")


def test_refusals(ranvier, tone_run, picture_run, tmp_path):
    answer = ranvier("export", tone_run.path, tmp_path / "net.nir")
    assert answer.status == 1 and "save_nir: layer 0 (Delays): NIR has no axis of delayed copies" in answer.err
    answer = ranvier("export", picture_run.path, tmp_path / "net.onnx")
    assert answer.status == 1 and "--to onnx: no such format. Choose one of nir, c." in answer.err
    answer = ranvier("export", picture_run.path, tmp_path / "net.nir", "--strict")
    assert answer.status == 1 and "leave strict out" in answer.err and not (tmp_path / "net.nir").exists()


def test_c_is_handed_on(ranvier, picture_run, tmp_path, monkeypatch):
    asked = {}
    monkeypatch.setattr(
        "ranvier.cli.export.write_c", lambda run, out, **options: asked.update(run=run, out=out, **options)
    )
    ranvier("export", picture_run.path, tmp_path / "net.c", "--arithmetic", "fixed", "--bits", 4)
    assert asked == {
        "run": picture_run.path,
        "out": tmp_path / "net.c",
        "arithmetic": "fixed",
        "bits": 4,
        "force": False,
        "as_json": False,
    }
