"""The page for people who come from another package: its code runs as printed, and every name in its tables exists."""

import re
from pathlib import Path
from typing import Any

import pytest

import ranvier as rv
from ranvier.kernels import dispatch
from ranvier.neurons import presets

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "migration.md").read_text(encoding="utf-8")


@pytest.mark.thorough  # neurons of seven packages, compiled one by one
def test_its_code_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "choose", lambda backend, x: "eager")  # which runs is not this page's matter
    scope: dict[str, Any] = {}
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) == 9
    for code in blocks:
        exec(compile(code, "migration.md", "exec"), scope)


def test_its_names_exist() -> None:
    named = set(re.findall(r"\brv\.(\w+)", PAGE))
    assert {"LIF", "Alpha", "EscapeLIF", "Clamp"} <= named
    assert not [name for name in named if not hasattr(rv, name)]
    mine = set(re.findall(r"presets\.(\w+)", PAGE))
    assert mine == {
        n for n, v in vars(presets).items() if callable(v) and getattr(v, "__module__", "") == presets.__name__
    } - {n for n in vars(presets) if n.startswith("_")}


def test_the_five_conventions_stand_for_every_package() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")]
    for convention in ("input scaling", "comparison", "order", "reset, and its delay", "gradient through the reset"):
        (row,) = [r for r in rows if r.startswith(f"| {convention} |")]
        assert row.count("|") == 9
