"""A labelled set in memory, and the sentences that tell a user what is in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from ranvier.errors import RanvierError

Kind = Literal["sound", "image"]
LISTED = 20  # names in one line of the summary before it says how many more there are


@dataclass(frozen=True)
class Samples:
    """Labelled recordings or pictures.

    Attributes:
        name: what the set is called: a bundled name or the path it was read from.
        kind: "sound" or "image".
        x: sounds: a list of waves, each [samples], float32, full scale at 1, all at `rate`; images: one array
            [n, C, H, W], float32 in [0, 1].
        y: [n], int64, index into `classes`.
        classes: names of the classes.
        names: [n], the file name of each sample, or its number in an array file.
        rate: sampling rate of the waves in Hz; None for images.
        groups: [n], the speaker or recording of each sample, if known.
        group_kind: what a group is, "speaker" or "recording".
        official_test: [n], bool: the test part that the set itself prescribes, if it does.
        official_rule: the prescription in words.
        found: what the files were before they were made alike: {"rate": {"8000 Hz": 2500}, "channels": {"mono": 2500}}.
        skipped: (file, reason) of what was left out.
        notes: sentences on what was changed or assumed.
    """

    name: str
    kind: Kind
    x: list[np.ndarray] | np.ndarray
    y: np.ndarray
    classes: tuple[str, ...]
    names: tuple[str, ...]
    rate: int | None = None
    groups: tuple[str, ...] | None = None
    group_kind: str | None = None
    official_test: np.ndarray | None = None
    official_rule: str | None = None
    found: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    skipped: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        sizes = {"x": len(self.x), "y": len(self.y), "names": len(self.names)}
        if self.groups is not None:
            sizes["groups"] = len(self.groups)
        if self.official_test is not None:
            sizes["official_test"] = len(self.official_test)
        if len(set(sizes.values())) != 1:
            raise ValueError(f"Samples: x, y, names, groups and official_test must be equally long, got {sizes}.")

    def __len__(self) -> int:
        return len(self.y)

    def summary(self) -> str:
        """What was found, in a few lines: classes and files, lengths, rates, channels, speakers, what was skipped."""
        counts = np.bincount(self.y, minlength=len(self.classes))
        what = "recordings" if self.kind == "sound" else "images"
        lines = [
            f"{self.name}: {len(self)} {what}, {len(self.classes)} classes",
            "classes: " + _listed([f"{c} ({n})" for c, n in zip(self.classes, counts, strict=True)]),
        ]
        if isinstance(self.x, list):
            assert self.rate is not None
            seconds = np.array([len(wave) for wave in self.x]) / self.rate
            lines.append(
                f"length: {seconds.min():.2f} / {np.median(seconds):.2f} / {seconds.max():.2f} s (min / median / max), "
                f"used at {self.rate} Hz, mono"
            )
        else:
            channels, height, width = self.x.shape[1:]
            colours = {1: "grey", 3: "RGB"}.get(channels, f"{channels} channels")
            lines.append(f"size: {width} x {height} pixels, {colours}")
        for what, values in self.found.items():
            lines.append(f"{what} in the files: " + _listed([f"{value} ({n})" for value, n in values.items()]))
        if self.groups is None:
            if self.kind == "sound":
                lines.append("speakers: the file names do not tell")
        else:
            groups, sizes = np.unique(self.groups, return_counts=True)
            shown = _listed([f"{g} ({n})" for g, n in zip(groups, sizes, strict=True)])
            lines.append(f"{self.group_kind}s: {len(groups)}: {shown}")
        lines += [f"note: {note}" for note in self.notes]
        if self.skipped:
            lines.append(f"skipped: {len(self.skipped)}")
            lines += [f"  {name}: {reason}" for name, reason in self.skipped[:LISTED]]
            if len(self.skipped) > LISTED:
                lines.append(f"  ... and {len(self.skipped) - LISTED} more")
        return "\n".join(lines)


def check_classes(where: str, classes: tuple[str, ...], y: np.ndarray) -> None:
    """Refuses a set that no classifier can be trained and tested on: one class, or a class with a single sample."""
    if len(classes) < 2:
        only = f"one class only ('{classes[0]}')" if classes else "no class"
        raise RanvierError(
            f"{where}: {only}, expected two or more. Put the samples of each class in a folder of their own, side by "
            f"side, and give the folder that holds them."
        )
    counts = np.bincount(y, minlength=len(classes))
    lone = [(c, n) for c, n in zip(classes, counts, strict=True) if n < 2]
    if lone:
        raise RanvierError(
            f"{where}: too few samples in {_listed([f'{c!r} ({n})' for c, n in lone])}; every class needs at least "
            f"two, one to train and one to test. Add samples to it, or take the class away."
        )


def _listed(items: list[str]) -> str:
    more = f", ... and {len(items) - LISTED} more" if len(items) > LISTED else ""
    return ", ".join(items[:LISTED]) + more
