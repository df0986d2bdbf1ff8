"""What the README shows holds: its Python runs as printed, its commands are complete, its links lead somewhere."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_ten_lines_run_and_learn(capsys: pytest.CaptureFixture[str]) -> None:
    code, more, populations = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len([line for line in code.splitlines() if line.strip()]) <= 12
    torch.manual_seed(0)
    scope: dict[str, Any] = {}
    exec(compile(code, "README.md", "exec"), scope)
    accuracy = float(re.findall(r"tensor\(([0-9.]+)\)", capsys.readouterr().out)[0])
    assert accuracy > 0.85
    exec(compile(more, "README.md", "exec"), scope)
    assert scope["membrane"].shape == (10,)
    assert capsys.readouterr().out.startswith("layer")
    exec(compile(populations, "README.md", "exec"), scope)
    rates = [float(rate) for rate in capsys.readouterr().out.split()]
    assert len(rates) == 2 and all(15 < rate < 30 for rate in rates)  # of this network elsewhere: 16 to 23 Hz


@pytest.mark.parametrize("name", ["run", "test"])
def test_each_command_is_one_complete_line(name: str) -> None:
    (command,) = re.findall(rf"<!-- command: {name} -->\n```sh\n(.*?)\n```", README, re.DOTALL)
    assert "\n" not in command
    assert command.startswith("python3.11 -m venv")


def test_links_within_the_repository_exist() -> None:
    targets = [t for t in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in t]
    assert targets
    assert not [t for t in targets if not (ROOT / t).exists()]


def test_constraints_pin_the_torch_that_the_readme_names() -> None:
    pins = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line)
    assert f"torch {pins['torch']}" in README
