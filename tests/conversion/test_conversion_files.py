"""Descriptions of networks, files of their weights, and saved conversions: read as data, refused with a sentence, never overwritten."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

import ranvier as rv
from ranvier.conversion import (
    QCFS,
    BernoulliSpikes,
    Percentile,
    ThresholdBalancing,
    load,
    load_model,
    save,
    save_model,
)  # fmt: skip
from ranvier.conversion.describe import describe, parse, read
from ranvier.conversion.source import Source, through
from ranvier.conversion.trace import trace
from ranvier.errors import BadFileError, RanvierError

LAYERS = (
    "Flatten(), Linear(64, 40), ReLU, Linear(40, 30), nn.ReLU(), Linear(in_features=30, out_features=10, bias=True)"
)


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".safetensors"])
def test_a_model_and_its_layers_in_one_file(block: nn.Module, tmp_path: Path, suffix: str) -> None:
    x = torch.randn(3, 1, 8, 8)
    path = save_model(block, x, tmp_path / f"block{suffix}")
    torch.testing.assert_close(load_model(path)(x), block(x))
    with pytest.raises(RanvierError, match="exists already. Give another name, or force=True"):
        save_model(block, x, path)
    assert save_model(block, x, path, force=True) == path


def test_weights_alone_and_layers_beside_them(dense: nn.Module, digits, tmp_path: Path) -> None:
    x = digits[0][:5]
    torch.save(dense.state_dict(), tmp_path / "w.pt")
    save_file(dict(dense.state_dict()), tmp_path / "w.safetensors")
    np.savez(tmp_path / "w.npz", **{k: v.numpy() for k, v in dense.state_dict().items()})
    for name in ("w.pt", "w.safetensors", "w.npz"):
        for text in (LAYERS, str(dense), json.dumps(describe(trace(dense, x)))):
            torch.testing.assert_close(load_model(tmp_path / name, text)(x), dense(x))
    with pytest.raises(
        RanvierError,
        match=r"w.pt: holds weights \(1.weight, 1.bias.*\) and not which layers .* with --layers \"Flatten",
    ):
        load_model(tmp_path / "w.pt")


def test_every_kind_of_layer_is_described_and_read_again() -> None:
    net = nn.Sequential(
        nn.Identity(), nn.Conv2d(1, 2, (3, 2), stride=2, padding=(1, 0), dilation=1, bias=False), nn.BatchNorm2d(2, affine=False), nn.ReLU6(),
        nn.AvgPool2d(2, 1, count_include_pad=False), nn.MaxPool2d(2, 1), nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten(), nn.Dropout(0.2), nn.Linear(2, 3),
        nn.BatchNorm1d(3), nn.Hardtanh(0, 2.0), QCFS(4, 3.0), nn.Softmax(1),
    ).eval()  # fmt: skip
    x = torch.randn(3, 1, 12, 12)
    chain = trace(net, x)
    again = read(json.loads(json.dumps(describe(chain))), "here")
    Source(again).steps.load_state_dict(Source(chain).steps.state_dict())
    torch.testing.assert_close(through(again, x), net(x))
    with pytest.raises(RanvierError, match=r"0 \(Tanh\): cannot be described; known are Linear"):
        describe(trace(nn.Sequential(nn.Tanh()), torch.zeros(1, 2)))


def test_sums_by_hand_may_have_an_empty_branch() -> None:
    chain = parse('["Linear(2, 2)", {"sum": [["ReLU()", {"name": "inner", "layer": "Linear(2, 2)"}], []]}]', "--layers")
    assert [s.name for s in Source(chain).chain] == ["0", "1"]
    x = torch.randn(3, 2)
    y = chain[0].module(x)
    torch.testing.assert_close(through(chain, x), chain[1].branches[0][1].module(y.relu()) + y)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1, 2", "no JSON"),
        ("[]", "expected a list of layers"),
        ("Linear(2,", "is no list of layers. Write them with commas between"),
        ("[1]", "layer 0 is '1'; expected text such as"),
        ('[{"layer": "ReLU()", "sum": []}]', "layer 0 is"),
        ('[{"sum": [[]]}]', '"sum" of layer 0 must hold two lists'),
        ("Linear(2, 2), Tanh()", r"layer 1 is 'Tanh\(\)'; known are Linear, Conv2d"),
        ("Linear(2, 2)()", "known are Linear"),
        ("3 + 4", "expected a module with its arguments"),
        ('["Linear("]', "expected a module with its arguments"),
        ("Linear(open('x'), 2)", "its arguments must be plain numbers"),
        ("Linear(2, 10**9)", "its arguments must be plain numbers"),
        ("Linear(2, 1000000000000)", "an argument is no number from -10000000 to 10000000"),
        ("Linear(2)", "which torch refuses: .*out_features.*Mend the arguments"),
        ("Conv2d(3, 2, 1, groups=2)", "which torch refuses: in_channels must be divisible by groups"),
        ("__import__('os').system('true')", "known are Linear"),
    ],
)
def test_descriptions_that_are_none(text: str, message: str) -> None:
    with pytest.raises(RanvierError, match=message):
        parse(text, "--layers")


def test_weights_that_do_not_belong(dense: nn.Module, tmp_path: Path) -> None:
    torch.save(dense.state_dict(), tmp_path / "w.pt")
    with pytest.raises(RanvierError, match="it lacks 0.bias, 0.weight, .*; it has 1.bias, 1.weight, .* besides"):
        load_model(tmp_path / "w.pt", LAYERS.removeprefix("Flatten(), "))
    with pytest.raises(
        RanvierError, match=r"1.weight has shape \(40, 64\), Linear takes \(41, 64\). Correct the sizes"
    ):
        load_model(tmp_path / "w.pt", LAYERS.replace("64, 40", "64, 41"))


class Harmful:
    def __reduce__(self) -> Any:
        return print, ("run!",)


def test_files_that_are_not_weights(dense: nn.Module, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def refused(name: str, message: str) -> None:
        with pytest.raises(BadFileError, match=message):
            load_model(tmp_path / name, LAYERS)

    torch.save(dense, tmp_path / "whole.pt")
    refused("whole.pt", r'whole.pt: holds more than tensors, .* Write torch.save\(model.state_dict\(\), "model.pt"\)')
    torch.save({"a": Harmful()}, tmp_path / "harm.pt")
    refused("harm.pt", "holds more than tensors")
    np.savez(tmp_path / "harm.npz", a=np.array([Harmful()], object))
    refused("harm.npz", "no .npz archive of plain arrays")
    assert "run!" not in capsys.readouterr().out
    torch.save([1, 2], tmp_path / "list.pt")
    refused("list.pt", "expected weights by name, got list")
    for name in ("bad.pt", "bad.safetensors", "bad.npz"):
        (tmp_path / name).write_bytes(b"\x05\0\0\0\0\0\0\0nonsense")
        refused(name, "or a damaged one")
    refused("none.pt", "No such file or directory; expected the weights of a network")
    refused("w.onnx", "expected a file that ends in .pt, .pth, .safetensors, .npz")
    torch.save({"layers": "[", "state_dict": dense.state_dict()}, tmp_path / "cut.pt")
    with pytest.raises(BadFileError, match="its description of the layers is damaged. Give it with --layers"):
        load_model(tmp_path / "cut.pt")
    with pytest.raises(RanvierError, match="expected a name that ends in .pt, .pth, .safetensors. Write w.pt"):
        save_model(dense, torch.zeros(1, 1, 8, 8), tmp_path / "w.npz")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"normalise": ThresholdBalancing(6), "start": 0.25},
        {"normalise": Percentile(99, channelwise=True), "reset": rv.ToValue()},
        {"input": BernoulliSpikes(5)},
    ],
)
def test_a_conversion_is_built_again_from_its_folder(block: nn.Module, tmp_path: Path, options: dict[str, Any]) -> None:
    x = torch.rand(20, 1, 8, 8)
    made = rv.convert(block, x, **options)
    again = load(save(made, tmp_path / "made"))
    assert torch.equal(again.scores(x[:3], 12), made.scores(x[:3], 12))
    assert again.assumptions == made.assumptions and again.choices == made.choices
    with pytest.raises(
        RanvierError,
        match="made: holds conversion.json, weights.safetensors already. Give another folder, or force=True",
    ):
        save(made, tmp_path / "made")
    assert save(made, tmp_path / "made", force=True) == tmp_path / "made"


def test_folders_that_hold_no_conversion(dense: nn.Module, digits, tmp_path: Path) -> None:
    with pytest.raises(BadFileError, match="no conversion .* Give the folder that `ranvier convert` wrote"):
        load(tmp_path / "none")
    (tmp_path / "file").write_text("x")
    made = rv.convert(dense, digits[0][:20])
    with pytest.raises(RanvierError, match="is a file, expected a folder"):
        save(made, tmp_path / "file")
    folder = save(made, tmp_path / "made")
    config = json.loads((folder / "conversion.json").read_text())
    for change, error, message in (
        ({"format": 99}, RanvierError, "conversion format 99.*Update with"),
        ({"start": None}, BadFileError, "conversion.json is damaged"),
        ({"normalise": {"kind": "eval"}}, BadFileError, "conversion.json is damaged"),
    ):
        (folder / "conversion.json").write_text(json.dumps(config | change))
        with pytest.raises(error, match=message):
            load(folder)
    (folder / "conversion.json").write_text("{")
    with pytest.raises(BadFileError, match="is damaged .* Convert the network again"):
        load(folder)
