"""The code and the descriptions of layers on docs/conversion.md."""

import re
from pathlib import Path
from typing import Any

from matplotlib import pyplot
from torch import nn

from ranvier.conversion.describe import parse
from ranvier.conversion.source import steps_of

PAGE = (Path(__file__).parents[2] / "docs" / "conversion.md").read_text(encoding="utf-8")


def test_the_code_runs(dense: nn.Module, digits) -> None:
    x, y = digits
    names: dict[str, Any] = {"model": dense, "x_train": x[:1400], "x_test": x[1400:1450], "y_test": y[1400:1450]}
    (block,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(block, names)
    pyplot.close("all")
    assert names["found"].loss(64) <= 0.02 and names["spikes"].shape == (32, 8, 10)


def test_the_descriptions_are_read() -> None:
    (described,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert [step.name for step in steps_of(parse(described, "page"))] == ["0", "1", "body", "3", "4", "5"]
    (text,) = re.findall(r'--layers "(.*?)"`', PAGE)
    assert len(parse(text, "page")) == 4
