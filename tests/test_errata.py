"""The page of errata: every test that it names exists; and those of its tests that belong to no other file."""

import math
import re
from pathlib import Path

import torch

from ranvier.neurons import LIF
from ranvier.surrogates import FastSigmoid

HERE = Path(__file__).parent
PAGE = (HERE.parent / "docs" / "errata.md").read_text(encoding="utf-8")


def test_its_tests_exist() -> None:
    named = re.findall(r"`([\w/]+\.py): (test_\w+)`", PAGE)
    assert len(named) > 40 and PAGE.count(".py: ") == len(named)
    texts = {file: (HERE / file).read_text(encoding="utf-8") for file in {file for file, _ in named}}
    assert not [(file, test) for file, test in named if f"\ndef {test}(" not in texts[file]]


def test_a_row_has_its_columns_and_its_number_once() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {5}
    numbers = re.findall(r"^\| (E\d\d) ", PAGE, re.MULTILINE)
    assert numbers == sorted(set(numbers))


def test_a_root_is_no_step() -> None:
    def literal(x: float) -> float:
        return 0.5 * x / math.sqrt(1 + abs(x)) + 0.5

    golden = (1 + math.sqrt(5)) / 2
    assert abs(literal(golden) - 1) < 1e-12 and abs(literal(10.0) - 2.0076) < 1e-4
    assert all(abs(FastSigmoid(1.0).soft(x)) < 1 for x in (-100.0, -1.0, 0.0, golden, 10.0, 100.0))


def test_a_step_is_flat_off_its_threshold() -> None:
    x = torch.tensor([0.2, 0.9, 1.1, 3.0], dtype=torch.float64).view(1, 1, 4)  # impulses; v_threshold is 1
    neuron = LIF.from_beta(0.9, backend="eager")
    assert torch.equal(neuron(x + 1e-6), neuron(x - 1e-6))
    beside = torch.tensor([[[1 - 1e-6, 1 + 1e-6]]], dtype=torch.float64)
    assert neuron(beside).flatten().tolist() == [0, 1]  # a slope of 1 / 2e-6 there, the nearer the steeper
