"""The report of a conversion, from made-up numbers."""

import numpy as np
import pytest
import torch
from torch import nn

import ranvier as rv
from ranvier.conversion import AccuracyOverSteps
from ranvier.plotting.conversion_report import ConversionFacts, render, write_conversion_report


@pytest.mark.parametrize(
    ("last", "sentence"), [(0.949, "stays within 0.5 points from 3 steps on"), (0.9, "is not yet within 0.5 points")]
)
def test_the_page_says_what_was_found(last: float, sentence: str, tmp_path) -> None:
    made = rv.convert(nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)), torch.rand(20, 3))
    accuracy = np.array([0.5, 0.8, last])
    found = AccuracyOverSteps(accuracy, accuracy + 0.01, 0.95, 200, {"1": 0.125})
    facts = ConversionFacts("a & b", made, found, {"1": 0.04}, ("calibrated on <few>",), "ranvier convert x.pt")
    page = render(facts)
    for text in (
        sentence, "<h1>a &amp; b</h1>", f"{100 * last:.2f}<small>", "the source has 95.00&nbsp;%", "calibrated on &lt;few&gt;", "12.5&nbsp;%",
        "4.0&nbsp;%", "ranvier convert x.pt", "<td class=n>80.00&nbsp;%</td><td class=n>15.00&nbsp;%</td>", 'id="curve-',
    ):  # fmt: skip
        assert text in page
    assert all(text.split(":")[0] in page for text in made.assumptions)
    assert write_conversion_report(facts, tmp_path / "r.html").read_text() == page
