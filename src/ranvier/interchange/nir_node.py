"""A node of a NIR file: its name, its type and its numbers, each checked when it is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ranvier.errors import BadFileError


@dataclass(frozen=True)
class Node:
    """A node as the file has it. values: its data sets by name."""

    file: str
    name: str
    kind: str
    values: Mapping[str, Any]

    def refusal(self, text: str) -> BadFileError:
        """An error that names the file, the node and its type."""
        return BadFileError(f"{self.file}: node {self.name!r} ({self.kind}): {text}")

    def check_keys(self, *known: str) -> None:
        """Refuses what the node says besides `known`: it would be dropped."""
        more = sorted(set(self.values) - {*known, "type", "metadata"})
        if more:
            raise self.refusal(f"has {', '.join(more)}, which means nothing here; expected {', '.join(known)}.")

    def array(self, key: str, default: float | None = None) -> np.ndarray:
        """Finite real numbers. default: of a key that may be missing."""
        if key not in self.values and default is not None:
            return np.asarray(default)
        if key not in self.values:
            raise self.refusal(f"has no {key}.")
        value = self.values[key]
        if not isinstance(value, np.ndarray):
            raise self.refusal(f"{key} is {value!r:.40}; expected numbers.")
        if not value.size:
            raise self.refusal(f"{key} is empty, its shape is {value.shape}.")
        bad = value.size - np.count_nonzero(np.isfinite(value))
        if bad:
            raise self.refusal(f"{key} holds NaN or inf in {bad} of {value.size} values.")
        return value

    def whole(self, key: str, count: int, least: int) -> tuple[int, ...]:
        """`count` whole numbers of at least `least`; a single one stands for all."""
        value = self.array(key).reshape(-1)
        if len(value) not in (1, count) or (value != np.round(value)).any() or (value < least).any():
            raise self.refusal(f"{key} must be {count} whole numbers >= {least}, got {value[:4].tolist()}.")
        if (value > 2**31).any():
            raise self.refusal(f"{key} is {int(value.max())}, too large to be meant.")
        whole = tuple(int(v) for v in value)
        return whole if len(whole) == count else whole * count

    def shape(self, key: str) -> tuple[int, ...]:
        """Sizes of axes, each at least 1."""
        value = self.array(key)
        if value.ndim > 1 or value.size > 8:
            raise self.refusal(f"{key} must list the sizes of at most 8 axes, got an array of shape {value.shape}.")
        return self.whole(key, value.size, 1)

    def per_neuron(self, key: str, shape: tuple[int, ...], default: float | None = None) -> float | np.ndarray:
        """A parameter of neurons [*shape]: a number where all are equal, else float64 [*shape].

        One number stands for all neurons, and leading axes of size 1 are those of a batch (as older files have them).
        """
        value = self.array(key, default).astype(np.float64)
        if (value == value.flat[0]).all() and (value.size == 1 or _matches(value.shape, shape)):
            return float(value.flat[0])
        if not _matches(value.shape, shape):
            raise self.refusal(f"{key} has shape {value.shape}, the input of the node {shape}.")
        return value.reshape(shape)

    @property
    def note(self) -> str | None:
        """What Ranvier wrote about the node."""
        metadata = self.values.get("metadata", {})
        text = metadata.get("ranvier") if isinstance(metadata, Mapping) else None
        return text if isinstance(text, str) else None


def without_batch(shape: tuple[int, ...], rank: int) -> tuple[int, ...]:
    """`shape` less as many leading axes of size 1 as it takes to come down to `rank`."""
    while len(shape) > rank and shape[0] == 1:
        shape = shape[1:]
    return shape


def _matches(given: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    return without_batch(given, len(shape)) == shape
