"""From what a user typed to a labelled set: a known name, a folder, an IDX file or an NPZ archive."""

import difflib
from pathlib import Path

from ranvier.data.bundled import digits, spoken_digits
from ranvier.data.folder import Progress, read_folder
from ranvier.data.idx import is_idx, read_idx
from ranvier.data.npz import read_npz
from ranvier.data.samples import Samples
from ranvier.errors import RanvierError

KNOWN = ("spoken-digits", "digits")


def open_samples(
    source: str,
    data: str | None = None,
    strict: bool = False,
    rate: int | None = None,
    progress: Progress | None = None,
) -> Samples:
    """Opens a set.

    Args:
        source: "spoken-digits", "digits", or a path: a folder of class folders, a folder of IDX files, an IDX file of
            images, an .npz archive. A folder that has a known name is given as `./digits`.
        data: for "digits", a path to read instead of the small set, such as the folder of MNIST's IDX files.
        strict: refuse a folder for one bad file.
        rate: sampling rate for sounds in Hz; see `read_folder` for the default.
        progress: called with (files read, files in all).

    Raises:
        RanvierError: nothing of that name, or nothing usable in it.
    """
    if data is not None:
        if source != "digits":
            raise RanvierError(
                f"--data {data}: only digits takes other data, got {source}. Type `ranvier train {data}` instead."
            )
        return _open_path(Path(data), strict, rate, progress)
    if source == "spoken-digits":
        return spoken_digits(rate)
    if source == "digits":
        return digits()
    return _open_path(Path(source), strict, rate, progress)


def _open_path(path: Path, strict: bool, rate: int | None, progress: Progress | None) -> Samples:
    if path.is_dir():
        holds_idx = any(is_idx(p) for p in path.iterdir() if p.is_file())
        return read_idx(path) if holds_idx else read_folder(path, strict, rate, progress)
    if path.is_file():
        if path.suffix.lower() == ".npz":
            return read_npz(path)
        if is_idx(path):
            return read_idx(path)
        raise RanvierError(
            f"{path}: a single file, expected a folder with one sub-folder a class, an .npz archive or IDX images "
            f"(`images-idx3` in the name). Give the folder; to classify one file type `ranvier predict RUN {path}`."
        )
    near = difflib.get_close_matches(str(path), KNOWN, n=1, cutoff=0.6)
    meant = f" Did you mean {near[0]}?" if near else ""
    raise RanvierError(
        f"{path}: no such file or folder, and no known data set.{meant} Known: {', '.join(KNOWN)}; or give the path of "
        f"a folder with one sub-folder a class, of an .npz archive or of IDX files."
    )
