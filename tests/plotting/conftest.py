"""A small made-up run, and variations of it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from matplotlib import pyplot

from ranvier.plotting.facts import LayerFacts, ReportData, SampleTrace


def sample(steps: int = 30, neurons: int = 40, classes: int = 3, seed: int = 0, **changes: Any) -> SampleTrace:
    generator = np.random.default_rng(seed)
    probability = generator.random((steps, classes))
    trace = SampleTrace(
        name="7_theo_3.flac",
        label="zero",
        predicted="one",
        dt=1e-3,
        picture=generator.random((20, 16)),
        picture_kind="spectrogram",
        encoded=generator.normal(size=(steps, 16)),
        rasters={"hidden 1": generator.random((steps, neurons)) < 0.1, "hidden 2": np.zeros((steps, neurons), bool)},
        output=generator.normal(size=(steps, classes)).cumsum(0),
        output_kind="membrane potential",
        probability=probability / probability.sum(1, keepdims=True),
    )
    return replace(trace, **changes)


def run(**changes: Any) -> ReportData:
    generator = np.random.default_rng(1)
    layers = [
        LayerFacts("hidden 1", 40, generator.random(40) * 0.2, 2e6, 2e6, 1200.0, 680, analog=True),
        LayerFacts("hidden 2", 40, np.r_[np.zeros(3), np.full(37, 0.95)], 1.5e4, 4.8e4, 1200.0, 1640),
        LayerFacts("readout", 3, np.zeros(0), 900.0, 3600.0, 90.0, 123),
    ]
    rates = {"hidden 1": 0.1, "hidden 2": 0.05}
    history = [
        {"epoch": e, "loss": 1 / e, "accuracy": 0.9, "test_accuracy": 0.8, "seconds": 1.5, "rates": rates}
        for e in range(1, 6)
    ]
    data = ReportData(
        title="Spoken digits",
        command="ranvier train spoken-digits --seed 1",
        classes=("zero", "one", "two"),
        accuracy=0.9,
        floor=0.8,
        confusion=np.array([[9, 1, 0], [0, 10, 0], [2, 0, 8]]),
        history=history,
        layers=layers,
        sample=sample(),
        facts={"Split": "by speaker", "Seed": "1"},
        configuration={"hidden": [40, 40], "lr": 2e-3},
        versions={"ranvier": "0.1.0"},
    )
    return replace(data, **changes)


@pytest.fixture(scope="session")
def make_sample() -> Callable[..., SampleTrace]:
    return sample


@pytest.fixture(scope="session")
def make_run() -> Callable[..., ReportData]:
    return run


@pytest.fixture(autouse=True)
def _closed():
    """Figures that a plot made are closed again."""
    yield
    pyplot.close("all")
