"""The gallery's page shows the lines that drew its pictures, and the pictures are there."""

import ast
import re
import runpy
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs/gallery.md").read_text(encoding="utf-8")
SCRIPT = ROOT / "examples/gallery.py"
LARGEST = 300_000  # bytes


def drawing(name: str) -> str:
    """The lines of a picture's function, without its docstring and its last line."""
    text = SCRIPT.read_text(encoding="utf-8")
    (found,) = [n for n in ast.parse(text).body if isinstance(n, ast.FunctionDef) and n.name == name]
    assert found.end_lineno is not None
    return textwrap.dedent("\n".join(text.splitlines()[found.body[1].lineno - 1 : found.end_lineno - 1]))


@pytest.mark.parametrize("name", ["f_i_curves", "phase_planes", "squid_axon", "population"])
def test_the_page_shows_the_lines_that_draw(name: str) -> None:
    assert f"```python\n{drawing(name)}\n```" in PAGE
    assert f"(gallery/{name}.png)" in PAGE


def test_every_link_leads_to_a_file_and_every_picture_is_small_and_shown() -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", PAGE)
    assert [t for t in targets if not (ROOT / "docs" / t).exists()] == []
    pictures = sorted((ROOT / "docs/gallery").glob("*"))
    assert {f"gallery/{path.name}" for path in pictures} == {t for t in targets if t.endswith(".png")}
    assert max(path.stat().st_size for path in pictures) < LARGEST


@pytest.mark.thorough
def test_every_picture_shows_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(SCRIPT.parent), *sys.path])
    script: dict[str, Any] = runpy.run_path(str(SCRIPT))
    for picture in script["PICTURES"].values():  # each asserts its own
        figure = picture()
        assert figure.axes and all(ax.has_data() for ax in figure.axes)
