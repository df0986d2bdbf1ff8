"""A trained run as C, judged on its own recordings."""

import json
import re
import shutil
import subprocess

import pytest
import torch

from ranvier.cli.common import load_again
from ranvier.cli.export_c import write_c
from ranvier.errors import RanvierError
from ranvier.hardware import FixedPoint, quantise
from ranvier.training.inputs import prepare
from ranvier.training.runs import RunFolder


def recordings(path):
    folder = RunFolder.open(path)
    samples = load_again(folder)
    x = prepare(samples, folder.recipe).batch(torch.arange(4), None)
    return folder.network(), x


def run_c(source, x):
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    assert compiler is not None, (
        "no C compiler (cc, gcc or clang) was found: exported C can only be judged where there is one"
    )
    program = source.with_suffix("")
    subprocess.run(
        [compiler, "-std=c99", "-Wall", "-Wextra", "-Werror", "-DRANVIER_MAIN", str(source), "-lm", "-o", str(program)],
        check=True,
    )
    rows = []
    for sample in x.flatten(2).unbind(1):
        text = "\n".join(
            " ".join(f"{v:.9g}" if x.is_floating_point() else str(v) for v in step) for step in sample.tolist()
        )
        shown = subprocess.run([str(program)], input=text, capture_output=True, text=True, check=True).stdout
        rows.append(torch.tensor([[float(v) for v in line.split()] for line in shown.splitlines()]))
    return torch.stack(rows, 1)


def test_a_run_decides_the_same_in_c(tone_run, tmp_path, capsys):
    target = tmp_path / "tones.c"
    write_c(tone_run.path, target)
    shown = capsys.readouterr().out
    assert (
        re.search(r"flash \d+ bytes of constants, RAM \d+ bytes", shown)
        and "assumed:\n  values, states and sums are float32" in shown
    )
    net, x = recordings(tone_run.path)
    assert torch.allclose(run_c(target, x), net(x).detach(), atol=1e-4)


def test_a_run_in_whole_numbers(tone_run, tmp_path, capsys):
    target = tmp_path / "tones.c"
    write_c(tone_run.path, target, arithmetic="fixed", bits=8, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["arithmetic"] == "fixed" and told["samples"] > 10 and 0.5 < told["same_decision"] <= 1
    net, x = recordings(tone_run.path)
    assert re.search("the input is values, rounded to 8 bit", " ".join(told["assumptions"]))
    folder = RunFolder.open(tone_run.path)
    assert told["inputs"] == folder.recipe.shape[0] and "RAM" in target.read_text()
    fixed = FixedPoint(quantise(net, 8), x)
    assert len(run_c(target, fixed.quantise_input(x))) == len(x)


@pytest.mark.thorough
def test_a_run_in_whole_numbers_shows_how_often_it_decides_alike(picture_run, tmp_path, capsys):
    write_c(picture_run.path, tmp_path / "bars.c", arithmetic="fixed")
    assert re.search(r"decides as the trained network on \d+ % of \d+ training samples", capsys.readouterr().out)


def test_what_is_wrong(tone_run, tmp_path):
    target = tmp_path / "there.c"
    target.write_text("mine")
    with pytest.raises(RanvierError, match="exists already, and is not written over. Give another name, or --force"):
        write_c(tone_run.path, target)
    with pytest.raises(RanvierError, match="arithmetic must be one of float32, float64, fixed, got 'int'"):
        write_c(tone_run.path, target, arithmetic="int", force=True)
    assert target.read_text() == "mine"
