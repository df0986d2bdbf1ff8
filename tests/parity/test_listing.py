"""What CONTRIBUTING.md says a neuron costs is true: its lines stand in the files, and a model is tested because it is listed."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

import ranvier.neurons
from ranvier.neurons import QIF

ROOT = Path(__file__).resolve().parents[2]
BARE = "^$"  # of a file that is loaded without pytest, an assertion says nothing


@pytest.fixture
def parity(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A test file beside this one, loaded anew so that its lists may be changed."""
    spec = importlib.util.spec_from_file_location(
        f"listing_{request.param}", Path(__file__).with_name(f"{request.param}.py")
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


both = pytest.mark.parametrize("parity", ["test_parity", "test_chain_parity"], indirect=True)


@both
def test_a_model_that_is_exported_and_not_listed_fails(parity: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    parity.test_the_cases_cover_every_choice()
    monkeypatch.setattr(ranvier.neurons, "__all__", [*ranvier.neurons.__all__, "Newcomer"])
    with pytest.raises(AssertionError, match=BARE):
        parity.test_the_cases_cover_every_choice()


@pytest.mark.parametrize(
    ("parity", "name", "question"),
    [
        ("test_parity", "CASES", "test_compiled_equals_eager"),
        ("test_chain_parity", "FORWARD", "test_every_model_runs_fused_and_in_a_stream"),
    ],
    indirect=["parity"],
)
def test_its_line_is_the_test_and_without_it_the_file_fails(
    parity: ModuleType, name: str, question: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = getattr(parity, name)
    (asked,) = [m for m in getattr(parity, question).pytestmark if m.name == "parametrize"]
    names = [str(getattr(values, "values", values)) for values in asked.args[1]]
    assert any("QIF" in text for text in names)
    without = [
        line
        for line in listed
        if QIF not in (getattr(line, "model", None), line[0] if isinstance(line, tuple) else None)
    ]
    assert len(without) == len(listed) - 1
    monkeypatch.setattr(parity, name, without)
    with pytest.raises(AssertionError, match=BARE):
        parity.test_the_cases_cover_every_choice()


def test_the_difference_stands_in_the_files() -> None:
    (shown,) = re.findall(r"```diff\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.DOTALL)
    files = re.split(r"^\+\+\+ (.*)\n", shown, flags=re.MULTILINE)[1:]
    assert len(files) == 10
    for path, text in zip(files[::2], files[1::2], strict=True):
        there = iter((ROOT / path).read_text(encoding="utf-8").splitlines())
        for line in text.splitlines():
            wanted = line.removeprefix("+")
            start = wanted.removesuffix(" ...")
            assert any(x == wanted or start != wanted and x.startswith(start) for x in there), (
                f"{path} has no {wanted!r} there"
            )
