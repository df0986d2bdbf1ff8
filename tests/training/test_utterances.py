import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ranvier.training.utterances import Segmenter, Utterance

PAUSE, LONGEST = 20, 300


def levels(*stretches: tuple[int, float], noise: float = 0.5, seed: int = 0) -> np.ndarray:
    """Frames of (count, decibels) with a little noise."""
    random = np.random.default_rng(seed)
    return np.concatenate([random.normal(level, noise, count) for count, level in stretches])


def found(x: np.ndarray, pieces: int = 1, longest: int = LONGEST) -> list[Utterance]:
    segmenter = Segmenter(PAUSE, longest)
    return [u for part in np.array_split(x, pieces) for u in segmenter.push(part)] + segmenter.finish()


QUIET, LOUD = (150, -60.0), (40, -20.0)


def test_an_utterance_between_quiet():
    assert found(levels(QUIET, LOUD, QUIET)) == [Utterance(150, 189)]


def test_it_is_told_when_the_pause_has_passed():
    segmenter = Segmenter(PAUSE, LONGEST)
    assert segmenter.push(levels(QUIET, LOUD, (PAUSE - 1, -60.0))) == []
    assert segmenter.push(levels((1, -60.0))) == [Utterance(150, 189)]


@pytest.mark.parametrize(("gap", "count"), [(PAUSE - 1, 1), (PAUSE, 2)])
def test_a_short_gap_belongs_to_it(gap, count):
    assert len(found(levels(QUIET, LOUD, (gap, -60.0), LOUD, QUIET))) == count


def test_a_soft_beginning_and_end_belong_to_it():
    soft = (10, -53.0)  # above the floor + LEAVE, below + ENTER
    assert found(levels(QUIET, soft, LOUD, soft, QUIET, noise=0.2)) == [Utterance(150, 209)]
    assert found(levels(QUIET, (60, -53.0), QUIET, noise=0.2)) == []  # alone it is none


def test_a_soft_sound_before_it_belongs_to_it_for_a_while_only():
    (one,) = found(levels(QUIET, (80, -53.5), LOUD, QUIET, noise=0.1))
    assert one == Utterance(200, 269)


@pytest.mark.parametrize("frames", [1, 3, 4])
def test_a_click_is_none(frames):
    assert found(levels(QUIET, (frames, -5.0), QUIET)) == []


@pytest.mark.parametrize("level", [-120.0, -60.0, -20.0])
def test_steady_noise_of_any_loudness_is_none(level):
    assert found(levels((3000, level), noise=1.0)) == []


def test_the_floor_follows_the_noise_both_ways():
    segmenter = Segmenter(PAUSE, LONGEST)
    segmenter.push(levels((400, -60.0)))
    assert segmenter.floor == pytest.approx(-60.6, abs=0.3)
    noisy = segmenter.push(levels((400, -40.0)))  # a fan is switched on: heard once, then got used to
    assert len(noisy) == 1 and segmenter.floor == pytest.approx(-40.6, abs=0.3)
    assert segmenter.push(levels((100, -40.0), LOUD, (100, -40.0))) == [Utterance(900, 939)]
    segmenter.push(levels((40, -70.0)))
    assert segmenter.floor == pytest.approx(-70, abs=1)
    assert segmenter.push(levels((60, -70.0), (30, -45.0), (60, -70.0))) == [Utterance(1140, 1169)]


def test_digital_silence_is_no_floor_above_which_everything_is_loud():
    assert found(levels((200, -130.0), (100, -90.0), (200, -130.0))) == []
    assert found(levels((200, -130.0), LOUD, (200, -130.0))) == [Utterance(200, 239)]


def test_a_recording_that_begins_and_ends_inside_an_utterance():
    assert found(levels(LOUD, (60, -60.0), LOUD)) == [Utterance(0, 39), Utterance(100, 139)]
    assert found(levels((5, -60.0), LOUD, (5, -60.0))) == [Utterance(5, 44)]


def test_a_very_long_utterance_is_cut():
    parts = found(levels(QUIET, (250, -20.0), QUIET), longest=100)
    assert parts == [Utterance(150, 249, True), Utterance(250, 349, True), Utterance(350, 399)]


def test_nothing_is_nothing():
    segmenter = Segmenter(PAUSE, LONGEST)
    assert segmenter.push(np.zeros(0)) == [] and segmenter.finish() == []


@settings(max_examples=40, deadline=None)
@given(
    stretches=st.lists(
        st.tuples(st.integers(1, 120), st.sampled_from([-130.0, -60.0, -52.0, -40.0, -20.0])), max_size=12
    ),
    pieces=st.integers(1, 300),
    longest=st.sampled_from([60, 300]),
)
def test_pieces_do_not_matter_and_what_is_needed_later_is_known(stretches, pieces, longest):
    x = levels((1, -60.0), *stretches)
    whole = found(x, longest=longest)
    assert found(x, pieces, longest) == whole
    segmenter = Segmenter(PAUSE, longest)
    oldest, told = 0, []
    for k, level in enumerate(x):
        now = segmenter.push(np.array([level]))
        assert all(u.first >= oldest for u in now)
        told += now
        assert oldest <= segmenter.oldest <= k + 1 and k - segmenter.oldest <= max(100, longest + PAUSE)
        oldest = segmenter.oldest
    assert told + segmenter.finish() == whole
    assert all(a.last < b.first for a, b in zip(whole, whole[1:], strict=False))
    assert all(u.last - u.first < longest for u in whole)
