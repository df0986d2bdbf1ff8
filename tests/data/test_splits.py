import numpy as np
import pytest

from ranvier.data.bundled import digits, spoken_digits
from ranvier.data.samples import Samples
from ranvier.data.splits import Split, split
from ranvier.errors import RanvierError


def made(groups: list[str] | None, y: list[int], kind: str = "speaker") -> Samples:
    return Samples(
        name="made",
        kind="image",
        x=np.zeros((len(y), 1, 2, 2), np.float32),
        y=np.array(y, np.int64),
        classes=tuple("abcdefghij"[: max(y) + 1]),
        names=tuple(map(str, range(len(y)))),
        groups=tuple(groups) if groups else None,
        group_kind=kind if groups else None,
    )


def speakers(count: int, classes: int = 4, takes: int = 3) -> Samples:
    rows = [(f"p{g}", c) for g in range(count) for c in range(classes) for _ in range(takes)]
    return made([g for g, _ in rows], [c for _, c in rows])


def is_partition(parts: Split, samples: Samples) -> bool:
    return sorted([*parts.train, *parts.test]) == list(range(len(samples)))


def group_sets(parts: Split, samples: Samples) -> tuple[set[str], set[str]]:
    groups = np.array(samples.groups)
    return set(groups[parts.train]), set(groups[parts.test])


def test_spoken_digits_by_default_officially_and_by_speaker():
    samples = spoken_digits()
    parts = split(samples)
    assert (len(parts.train), len(parts.test)) == (2250, 250) and is_partition(parts, samples)
    assert parts.reason.startswith("official split: recordings 0-4 of each digit and speaker test")
    assert "5 speakers are on both sides" in parts.reason and "--split speaker:george" in parts.reason
    assert np.array_equal(split(samples, "official").test, parts.test)
    alone = split(samples, "speaker:lucas")
    assert group_sets(alone, samples)[1] == {"lucas"} and "lucas" not in group_sets(alone, samples)[0]
    assert alone.reason == "split by speaker, as asked: lucas tests, the other 4 train (2000 train, 500 test)"
    with pytest.raises(RanvierError, match="no such speaker.*Known: george, jackson, lucas, nicolas, yweweler"):
        split(samples, "speaker:theo")


@pytest.mark.parametrize("count", [2, 5, 20])
def test_whole_speakers_test_where_names_tell(count):
    samples = speakers(count)
    parts = split(samples)
    train, test = group_sets(parts, samples)
    assert is_partition(parts, samples) and not train & test
    assert len(test) == max(1, round(0.2 * count))
    assert set(samples.y[parts.train]) == set(samples.y[parts.test]) == set(range(4))
    assert parts.reason.startswith("split by speaker: ") and "because names tell the speaker" in parts.reason


def test_reason_names_the_speakers():
    reason = split(speakers(5), seed=3).reason
    assert "4 speakers train, 1 tests (p" in reason
    assert "1 speaker trains, 1 tests" in split(speakers(2)).reason


def test_seed_decides():
    samples = speakers(20)
    for how in (None, "random"):
        first, again = split(samples, how, seed=4), split(samples, how, seed=4)
        assert np.array_equal(first.test, again.test) and first.reason == again.reason
        assert not np.array_equal(first.test, split(samples, how, seed=5).test)


def test_uneven_speakers_stay_near_a_fifth():
    sizes = [100, 3, 9, 4, 8, 2, 7]
    samples = made([f"p{g}" for g, n in enumerate(sizes) for _ in range(2 * n)], [0, 1] * sum(sizes))
    for seed in range(20):
        parts = split(samples, seed=seed)
        assert 0.1 < len(parts.test) / len(samples) <= 0.3


def test_recordings_of_one_class_each_never_empty_a_class():
    rows = [(f"r{c}-{g}", c) for c in range(5) for g in range(4) for _ in range(3)]
    samples = made([g for g, _ in rows], [c for _, c in rows], "recording")
    for seed in range(20):
        parts = split(samples, seed=seed)
        train, test = group_sets(parts, samples)
        assert not train & test and set(samples.y[parts.train]) == set(range(5)) == set(samples.y[parts.test])


def test_class_known_from_one_recording_trains_and_is_said():
    groups = ["a", "a", "b", "b", "c", "c", "d", "d"]
    parts = split(made(groups, [0, 0, 0, 0, 0, 0, 1, 1], "recording"))
    assert "no test sample in b, where too few recordings are" in parts.reason
    lone = made(["a", "a", "b", "b"], [0, 0, 1, 1], "recording")
    fallback = split(lone)
    assert "random split" in fallback.reason and "recording are on both sides" in fallback.reason
    assert set(lone.y[fallback.train]) == set(lone.y[fallback.test]) == {0, 1}
    with pytest.raises(RanvierError, match="only a has samples of a, so nothing would be left to train on"):
        split(lone, "recording:a")


def test_random_is_stratified():
    samples = digits()
    parts = split(samples)
    assert is_partition(parts, samples)
    share = np.bincount(samples.y[parts.test]) / np.bincount(samples.y)
    assert np.abs(share - 0.2).max() < 0.01
    assert "because nothing tells which samples belong together (1438 train, 359 test)" in parts.reason
    tiny = made(None, [0, 0, 1, 1, 1])
    small = split(tiny)
    assert tiny.y[small.test].tolist() == [0, 1] and tiny.y[small.train].tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    ("how", "text"),
    [
        ("official", "--split official: made prescribes no split. Type --split speaker:p0 or --split random"),
        ("recording:x", "--split recording:x: the recordings of made are not known"),
        ("half", "--split half: expected official, speaker:NAME, recording:NAME or random"),
        ("speaker", "--split speaker: expected official, speaker:NAME"),
    ],
)
def test_refusals(how, text):
    with pytest.raises(RanvierError, match=text):
        split(speakers(3), how)
