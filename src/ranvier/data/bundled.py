"""The sets that have a name: spoken digits (in the package), digits (of scikit-learn) and MNIST (its IDX files)."""

import zipfile
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from ranvier.data.idx import NAMES, read_idx
from ranvier.data.samples import Samples
from ranvier.data.sound import decode_sound
from ranvier.errors import BadFileError, RanvierError

OFFICIAL_RECORDINGS = 5  # indices 0-4 of each digit and speaker are the test of the Free Spoken Digit Dataset


def spoken_digits(rate: int | None = None) -> Samples:
    """The digits 0-9 in English, 50 times each by five speakers; 2,500 recordings, 8 kHz; groups are the speakers.

    rate: sampling rate in Hz to bring them to, if another one is needed.

    Source: Free Spoken Digit Dataset (Z. Jackson et al.), CC BY-SA 4.0; see `spoken_digits/LICENSE-DATA.md`.

    Raises:
        BadFileError: the file is missing from the installation, or damaged.
    """
    source = files("ranvier.data") / "spoken_digits" / "spoken_digits.zip"
    try:
        with as_file(source) as path, zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            sounds = [decode_sound(archive.read(name), name) for name in names]
    except (OSError, zipfile.BadZipFile) as error:
        raise BadFileError(
            f"spoken-digits: {source} is missing or damaged ({error}); it comes with the package. "
            f"Type `pip install --force-reinstall --no-deps ranvier`."
        ) from error
    used = rate or sounds[0].rate
    digits, speakers, indices = zip(*(Path(name).stem.split("_") for name in names), strict=True)
    return Samples(
        name="spoken-digits",
        kind="sound",
        x=[sound.at(used).wave for sound in sounds],
        y=np.array([int(digit) for digit in digits], np.int64),
        classes=tuple("0123456789"),
        names=tuple(names),
        rate=used,
        groups=tuple(speakers),
        group_kind="speaker",
        official_test=np.array([int(index) < OFFICIAL_RECORDINGS for index in indices]),
        official_rule="recordings 0-4 of each digit and speaker test, the others train",
        found={"rate": {f"{sounds[0].rate} Hz": len(sounds)}, "channels": {"mono": len(sounds)}},
    )


def digits() -> Samples:
    """1,797 handwritten digits of 8 x 8 pixels, [n, 1, 8, 8] in [0, 1], as scikit-learn brings them.

    Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits (1998), UCI; the test part of it.
    """
    pixels, labels = load_digits(return_X_y=True)  # [1797, 64] in 0 .. 16
    x = np.asarray(pixels, np.float32).reshape(-1, 1, 8, 8) / np.float32(16)
    return Samples(
        name="digits",
        kind="image",
        x=x,
        y=np.asarray(labels, np.int64),
        classes=tuple("0123456789"),
        names=tuple(map(str, range(len(x)))),
    )


def mnist(path: str | Path) -> Samples:
    """MNIST from its four IDX files in a folder, [70000, 1, 28, 28] in [0, 1], the official split kept.

    Raises:
        RanvierError: the folder does not hold the four files. BadFileError: one of them is bad.
    """
    samples = read_idx(path)
    if samples.official_test is None:
        raise RanvierError(f"{path}: expected the four files of MNIST, {NAMES}. Put the missing ones there.")
    return samples
