"""Labelled sequences in the `.ts` text format of the UEA and UCR archives."""

import os
from pathlib import Path

import numpy as np

from ranvier.errors import BadFileError


def read_ts(path: str | os.PathLike[str]) -> tuple[list[np.ndarray], np.ndarray]:
    """Sequences [T, features] of any length, float64, and the label of each, text.

    A line is one sequence: features separated by colons, the values of a feature by commas, the label last. Lines that begin with # or @ say
    what is in the file; a time stamp a value is not read.

    Raises:
        BadFileError: a file that cannot be read, or a line that is none such.

    Source: Bagnall et al., The UEA multivariate time series classification archive (2018), arXiv 1811.00075, section 2.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadFileError(
            f"{path}: cannot be read as text ({error}); expected a .ts file of the UEA archive."
        ) from error
    sequences, labels = [], []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith(("#", "@")):
            continue
        *features, label = line.split(":")
        try:
            values = [np.array(feature.split(","), np.float64) for feature in features]
            sequence = np.stack(values, 1)
        except ValueError as error:
            raise BadFileError(
                f"{path}: line {number} is no sequence ({error}); expected features of one length, separated by colons, and a label."
            ) from None
        sequences.append(sequence)
        labels.append(label.strip())
    if not sequences:
        raise BadFileError(f"{path}: no sequence in it; expected a .ts file of the UEA archive.")
    return sequences, np.array(labels)
