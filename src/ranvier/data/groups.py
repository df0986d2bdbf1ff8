"""Speakers and recordings, recognised from file names.

Samples of one speaker (or cut from one recording) are alike in ways that do not carry over to the next; a fair split
keeps them on one side. The rules err on the side of finding nothing.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SPEECH_COMMANDS = re.compile(r"(?P<group>[0-9a-f]{6,})_nohash_\d+")
CUT_RECORDINGS = re.compile(r"[1-5]-(?P<group>\d+)-[A-Z](-\d+)?")  # fold, recording, take, class
SPEAKER_PREFIXES = frozenset("s sp spk spkr speaker subj subject p person talker user m f".split())
CONDITIONS = frozenset(
    "train training test testing val valid validation dev eval clean noisy noise aug augmented orig original copy "
    "left right near far mono stereo final new old take rec recording audio sound clip sample wav file".split()
)
COVERAGE = 0.8  # of the classes in which each speaker must occur


@dataclass(frozen=True)
class Groups:
    """The group of each sample, what a group is ("speaker" or "recording"), and how the names told it."""

    of: tuple[str, ...]
    kind: str
    why: str


def recognise(stems: Sequence[str], y: np.ndarray) -> Groups | None:
    """Finds the field of file names (without suffix) that names a speaker or a recording, or None.

    Known layouts are Speech Commands (`<speaker>_nohash_<k>`) and ESC-50 (`<fold>-<recording>-<take>-<class>`).
    Otherwise a name is cut at `_`, `-`, `.` and blanks; a field is a speaker if it takes 2 .. n/2 values, each found in
    at least 80 % of the classes, that are words, or numbers behind a prefix such as `s` or `spk`. Bare numbers are not
    taken, as most are counters, and neither are words like `clean` or `left` that describe a condition.
    """
    for pattern, kind, layout in (
        (SPEECH_COMMANDS, "speaker", "<speaker>_nohash_<k>"),
        (CUT_RECORDINGS, "recording", "<fold>-<recording>-<take>"),
    ):
        matches = [pattern.fullmatch(stem) for stem in stems]
        of = tuple(match["group"] for match in matches if match)
        if len(of) == len(stems) and len(set(of)) >= 2:
            return Groups(of, kind, f"file names are of the form {layout}")
    rows = [re.split(r"[_\-. ]+", stem) for stem in stems]
    if len({len(row) for row in rows}) != 1:
        return None
    fields = [tuple(field) for field in zip(*rows, strict=True)]
    speakers = [(len(set(field)), k) for k, field in enumerate(fields) if _names_speakers(field, y)]
    if not speakers:
        return None
    values, k = max(speakers)  # the finest: an accent or a sex is shared by several speakers
    why = f"field {k + 1} of the file names takes {values} values that recur in the classes"
    return Groups(fields[k], "speaker", why)


def _names_speakers(field: tuple[str, ...], y: np.ndarray) -> bool:
    values = set(field)
    if not 2 <= len(values) <= len(field) / 2:
        return False
    words = {value.rstrip("0123456789").lower() for value in values}
    if "" in words or words & CONDITIONS:
        return False
    if len(words) == 1 and not words <= SPEAKER_PREFIXES:
        return False  # take1, take2: a counter
    classes = defaultdict(set)
    for value, label in zip(field, y.tolist(), strict=True):
        classes[value].add(label)
    return min(map(len, classes.values())) >= COVERAGE * len(set(y.tolist()))
