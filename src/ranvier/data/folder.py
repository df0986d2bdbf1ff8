"""A folder with one sub-folder a class, of sounds or of pictures."""

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from ranvier.data import image, sound
from ranvier.data.groups import recognise
from ranvier.data.samples import Kind, Samples, check_classes
from ranvier.errors import BadFileError, RanvierError

FASTEST = 16_000  # Hz: what a folder is resampled to if its files are faster and no rate was asked for
LARGEST = 128  # pixels: the longer side of pictures if no size was asked for
LAYOUT = "one sub-folder a class, of sounds (.wav, .flac, .ogg) or pictures (.png, .jpg)"
STRICT = "With --strict nothing is skipped."

Progress = Callable[[int, int], None]


def read_folder(
    path: str | Path,
    strict: bool = False,
    rate: int | None = None,
    progress: Progress | None = None,
    size: tuple[int, int] | None = None,
) -> Samples:
    """Reads all samples of a folder with one sub-folder a class.

    A bad file is left out and listed in `skipped`, unless `strict`. Files of other types are ignored and counted in a
    note; sub-folders whose name begins with `.` or `_` are no classes.

    Args:
        path: the folder.
        strict: refuse the folder for one bad file.
        rate: sampling rate for sounds in Hz; by default the most common one among the files, at most 16 kHz.
        progress: called with (files read, files in all).
        size: (height, width) for pictures; by default the most common one, shrunk to at most 128 pixels a side.

    Raises:
        RanvierError: missing or empty folder, files without class folders, sounds mixed with pictures, one class, a
            class with one file, nothing readable.
        BadFileError: a bad file, if `strict`.
    """
    path = Path(path)
    folders, skipped, notes = _class_folders(path)
    files = {folder.name: sorted(p for p in folder.iterdir() if _visible(p)) for folder in folders}
    kind = _kind(path, files)
    suffixes = sound.SUFFIXES if kind == "sound" else image.SUFFIXES
    ignored = Counter(
        p.suffix.lower() or p.name for listed in files.values() for p in listed if p.suffix.lower() not in suffixes
    )
    if ignored:
        notes.append("ignored " + ", ".join(f"{n} {suffix}" for suffix, n in sorted(ignored.items())))
    wanted = [(name, p) for name, listed in files.items() for p in listed if p.suffix.lower() in suffixes]
    if strict and skipped:
        raise BadFileError(f"{path / skipped[0][0]}: {skipped[0][1]}. {STRICT}")

    labels: list[str] = []
    names: list[str] = []
    sounds: list[sound.Sound] = []
    pictures: list[image.Picture] = []
    for done, (label, file) in enumerate(wanted, 1):
        try:
            if kind == "sound":
                sounds.append(sound.read_sound(file))
            else:
                # shrunk at once, since a folder of photographs would not fit in memory
                pictures.append(image.read_image(file, max(size) if size else LARGEST))
        except BadFileError as error:
            if strict:
                raise BadFileError(f"{error} {STRICT}") from error
            skipped.append((f"{label}/{file.name}", str(error).removeprefix(f"{file}: ")))
        else:
            labels.append(label)
            names.append(f"{label}/{file.name}")
        if progress:
            progress(done, len(wanted))
    if not names:
        raise RanvierError(f"{path}: none of {len(wanted)} files can be read, for example {': '.join(skipped[-1])}")

    classes = tuple(files)
    y = np.array([classes.index(label) for label in labels], np.int64)
    try:
        check_classes(str(path), classes, y)
    except RanvierError as error:
        raise RanvierError(f"{error}{_because(skipped)}") from error
    if kind == "sound":
        x, rate, found, more = _waves(sounds, rate)
        groups = recognise([Path(name).stem for name in names], y)
    else:
        x, found, more = _pictures(pictures, size)
        rate, groups = None, None
    if groups:
        notes.append(f"{groups.kind}s recognised: {groups.why}")
    return Samples(
        name=str(path),
        kind=kind,
        x=x,
        y=y,
        classes=classes,
        names=tuple(names),
        rate=rate,
        groups=groups.of if groups else None,
        group_kind=groups.kind if groups else None,
        found=found,
        skipped=tuple(skipped),
        notes=tuple(notes + more),
    )


def _visible(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".")


def _numbers_in_order(path: Path) -> tuple[bool, int, str]:
    number = path.name.isdecimal()
    return not number, int(path.name) if number else 0, path.name


def _class_folders(path: Path) -> tuple[list[Path], list[tuple[str, str]], list[str]]:
    """The class folders, stray sounds and pictures beside them as skipped files, and notes on folders left out."""
    if not path.is_dir():
        what = "is a file" if path.exists() else "does not exist"
        raise RanvierError(f"{path}: {what}, expected a folder with {LAYOUT}. Check the path.")
    entries = sorted(path.iterdir())
    folders = sorted((p for p in entries if p.is_dir() and not p.name.startswith((".", "_"))), key=_numbers_in_order)
    apart = [p.name for p in entries if p.is_dir() and p.name.startswith("_")]
    usable = sound.SUFFIXES | image.SUFFIXES
    stray = [p.name for p in entries if _visible(p) and p.suffix.lower() in usable]
    if not folders and stray:
        raise RanvierError(
            f"{path}: {len(stray)} files directly in it (such as {stray[0]}) and no class folders; expected {LAYOUT}. "
            f"Make one sub-folder a class and move its files there, for example "
            f"`mkdir {path / 'yes'} && mv {path / stray[0]} {path / 'yes'}`."
        )
    if not folders:
        held = "is empty" if not entries else f"holds no class folder (only {entries[0].name} ...)"
        raise RanvierError(f"{path}: {held}, expected {LAYOUT}. Put your files there.")
    notes = [f"folder {name} begins with _ and is not taken for a class" for name in apart]
    return folders, [(name, "lies outside of the class folders") for name in stray], notes


def _kind(path: Path, files: Mapping[str, list[Path]]) -> Kind:
    """What the folder holds, by the file names alone."""
    suffixes = Counter(p.suffix.lower() for listed in files.values() for p in listed)
    sounds = sum(suffixes[suffix] for suffix in sound.SUFFIXES)
    images = sum(suffixes[suffix] for suffix in image.SUFFIXES)
    if sounds and images:
        raise RanvierError(
            f"{path}: {sounds} sounds and {images} pictures, expected one kind. Move one of them to another folder."
        )
    if sounds or images:
        return "sound" if sounds else "image"
    inner = [child for name in files for child in (path / name).iterdir() if child.is_dir()]
    if inner:
        raise RanvierError(
            f"{path}: its sub-folders hold folders ({inner[0].relative_to(path)}) and no sound or picture; expected "
            f"{LAYOUT}. Give the folder right above the class folders, perhaps {inner[0].parent}."
        )
    held = ", ".join(f"{n} {suffix or 'files without suffix'}" for suffix, n in suffixes.items()) or "no file"
    raise RanvierError(
        f"{path}: no readable file in {len(files)} sub-folders, they hold {held}; expected {LAYOUT}. "
        f"Convert other formats first, for example `ffmpeg -i a.mp3 a.wav`."
    )


def _because(skipped: list[tuple[str, str]]) -> str:
    if not skipped:
        return ""
    return f" {len(skipped)} files could not be used, for example {': '.join(skipped[-1])}"


def _waves(
    sounds: list[sound.Sound], rate: int | None
) -> tuple[list[np.ndarray], int, dict[str, dict[str, int]], list[str]]:
    rates = Counter(s.rate for s in sounds)
    channels = Counter(s.channels for s in sounds)
    common = rates.most_common(1)[0][0]
    target = rate or min(common, FASTEST)
    notes = []
    if set(rates) != {target}:
        changed = sum(n for r, n in rates.items() if r != target)
        notes.append(f"{changed} of {len(sounds)} recordings were resampled to {target} Hz")
    if set(channels) != {1}:
        notes.append("recordings of several channels were averaged to one")
    found = {
        "rate": {f"{r} Hz": n for r, n in sorted(rates.items())},
        "channels": {{1: "mono", 2: "stereo"}.get(c, str(c)): n for c, n in sorted(channels.items())},
    }
    return [s.at(target).wave for s in sounds], target, found, notes


def _pictures(
    pictures: list[image.Picture], size: tuple[int, int] | None
) -> tuple[np.ndarray, dict[str, dict[str, int]], list[str]]:
    sizes = Counter(p.size for p in pictures)
    modes = Counter(p.pixels.mode for p in pictures)
    if size is None:
        height, width = sizes.most_common(1)[0][0]
        shrink = min(1.0, LARGEST / max(height, width))
        size = max(1, round(height * shrink)), max(1, round(width * shrink))
    channels = 1 if set(modes) == {"L"} else 3
    notes = []
    if set(sizes) != {size}:
        changed = sum(n for s, n in sizes.items() if s != size)
        notes.append(f"{changed} of {len(pictures)} pictures were resized to {size[1]} x {size[0]} pixels")
    found = {
        "size": {f"{w} x {h}": n for (h, w), n in sizes.most_common()},
        "colour": {{"L": "grey"}.get(mode, mode): n for mode, n in modes.most_common()},
    }
    return np.stack([p.array(size, channels) for p in pictures]), found, notes
