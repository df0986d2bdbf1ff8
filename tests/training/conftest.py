"""Tiny labelled sets and recipes for them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ranvier.data.samples import Samples
from ranvier.data.splits import Split, split
from ranvier.training.inputs import Inputs, prepare
from ranvier.training.recipe import Recipe, image_recipe, sound_recipe
from ranvier.training.runs import RunFolder, Source

RATE = 8000


@pytest.fixture(autouse=True, scope="package")
def _one_thread():
    """Threads that wait for one another cost more than such small networks."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def tones(each: int = 4, seconds: float = 0.2) -> Samples:
    """Two pitches, each with a little noise, between stretches of silence."""
    random = np.random.default_rng(0)
    waves = []
    for k in range(2 * each):
        hz = (400.0, 1200.0)[k % 2] * random.uniform(0.95, 1.05)
        wave = np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE * random.uniform(0.8, 1.2))) / RATE)
        waves.append((0.5 * wave + random.normal(0, 0.01, len(wave))).astype(np.float32))
    y = np.arange(2 * each) % 2
    return Samples("tones", "sound", waves, y, ("low", "high"), tuple(f"{k}.wav" for k in range(2 * each)), RATE)


def bars(each: int = 20, size: int = 8) -> Samples:
    """Pictures with an upright or a lying bar."""
    random = np.random.default_rng(0)
    x = random.uniform(0, 0.3, (2 * each, 1, size, size)).astype(np.float32)
    y = np.arange(2 * each) % 2
    for k, place in enumerate(random.integers(1, size - 1, 2 * each)):
        if y[k]:
            x[k, 0, :, place] = 1
        else:
            x[k, 0, place] = 1
    return Samples("bars", "image", x, y, ("lying", "upright"), tuple(map(str, range(2 * each))))


@dataclass(frozen=True)
class Case:
    """A set with everything that a training needs."""

    samples: Samples
    recipe: Recipe
    inputs: Inputs
    parts: Split

    def begin(self, folder: Path) -> RunFolder:
        return RunFolder.create(str(folder), self.recipe, Source(self.samples.name), "ranvier train")


def case(samples: Samples, **options: Any) -> Case:
    if samples.kind == "sound":
        recipe, small = sound_recipe(samples.classes, RATE, 40), {"hidden": (8,), "steps": 10, "epochs": 2, "batch": 4}
    else:
        assert isinstance(samples.x, np.ndarray)
        recipe, small = (
            image_recipe(samples.classes, samples.x.shape[1:]),
            {"hidden": (8,), "steps": 3, "epochs": 3, "batch": 8},
        )
    recipe = recipe.changed(**{**small, **options})
    return Case(samples, recipe, prepare(samples, recipe), split(samples))


@pytest.fixture(scope="session")
def sound_case() -> Case:
    return case(tones())


@pytest.fixture(scope="session")
def image_case() -> Case:
    return case(bars())


@pytest.fixture(scope="session")
def make_case() -> Callable[..., Case]:
    """Bars with other options of the recipe."""
    return lambda **options: case(bars(), **options)
