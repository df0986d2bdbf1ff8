from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ranvier.data.bundled import spoken_digits
from ranvier.data.sound import resample
from ranvier.errors import RanvierError
from ranvier.training.inputs import BANDS, SoundInputs
from ranvier.training.listener import Decision, Listener
from ranvier.training.network import build
from ranvier.training.recipe import sound_recipe

RATE = 8000


@pytest.fixture(scope="module")
def listening():
    """A small network for digits, as it comes."""
    recipe = sound_recipe(tuple("0123456789"), RATE, BANDS).changed(hidden=(16,))
    return build(recipe).eval(), recipe


@pytest.fixture(scope="module")
def digits():
    """30 recordings of five speakers."""
    samples = spoken_digits()
    places = np.flatnonzero(samples.official_test)
    return [samples.x[k] for k in np.random.default_rng(0).choice(places, 30, replace=False)]


def joined(clips: list[np.ndarray], noise: float = 1e-3, seed: int = 0) -> tuple[np.ndarray, list[int]]:
    """The clips with 0.3 to 1 s of quiet between them, noise over all; and where they begin, in samples."""
    random = np.random.default_rng(seed)
    parts, begins, at = [], [], 0
    for clip in clips:
        gap = np.zeros(round(random.uniform(0.3, 1.0) * RATE))
        begins.append(at + len(gap))
        parts += [gap, clip]
        at = begins[-1] + len(clip)
    wave = np.concatenate([*parts, np.zeros(RATE // 2)])
    return (wave + random.normal(0, noise, len(wave))).astype(np.float32), begins


def heard(listener: Listener, wave: np.ndarray, size: int = RATE // 10) -> list[Decision]:
    return [d for k in range(0, len(wave), size) for d in listener.push(wave[k : k + size])] + listener.finish()


def assert_same(first: list[Decision], second: list[Decision], tolerance: float = 1e-4) -> None:
    assert [replace(d, confidence=0, probabilities={}) for d in first] == [
        replace(d, confidence=0, probabilities={}) for d in second
    ]
    for a, b in zip(first, second, strict=True):
        assert list(a.probabilities.values()) == pytest.approx(list(b.probabilities.values()), abs=tolerance)


def test_every_digit_is_found_once_at_its_time_and_seen_as_alone(listening, digits, monkeypatch):
    net, recipe = listening
    wave, begins = joined(digits)
    listener, inputs = Listener(net, recipe), []
    monkeypatch.setattr(listener, "_network", lambda x: (inputs.append(x), net(x).detach())[1])
    decisions = heard(listener, wave)
    assert len(decisions) == 30 and not any(d.cut for d in decisions)
    clips = [wave[begin : begin + len(digit)] for begin, digit in zip(begins, digits, strict=True)]
    alone = SoundInputs.of([torch.from_numpy(clip) for clip in clips], torch.zeros(30), recipe)
    x = alone.batch(torch.arange(30), None)
    likeness = torch.cosine_similarity(torch.cat(inputs, 1).transpose(0, 1).flatten(1), x.transpose(0, 1).flatten(1))
    off = []
    for found, begin, (first, last, _) in zip(decisions, begins, alone.spans.tolist(), strict=True):
        off += [found.start - (begin / RATE + first / 100), found.end - (begin / RATE + last / 100)]
    assert np.median(np.abs(off)) <= 0.01 and np.percentile(np.abs(off), 90) <= 0.03
    print(
        f"off by {1000 * np.mean(np.abs(off)):.0f} ms in the mean; likeness {likeness.min():.3f} to {likeness.max():.3f}"
    )
    assert (
        float(likeness.median()) > 0.97 and float(likeness.min()) > 0.75
    )  # quiet, not a repeated edge, around clips that were cut short
    for d in decisions:
        assert sum(d.probabilities.values()) == pytest.approx(1, abs=1e-5)
        assert d.label is not None and d.confidence == d.probabilities[d.label] == max(d.probabilities.values())


@settings(max_examples=12, deadline=None)
@given(size=st.integers(40, 40000), rate=st.sampled_from([8000, 11025, 16000, 44100]))
def test_pieces_do_not_matter(listening, digits, size, rate):
    net, recipe = listening
    wave = resample(joined(digits[:5])[0], RATE, rate)
    listener = Listener(net, recipe, rate=rate)
    whole = heard(listener, wave, len(wave))
    assert len(whole) == 5
    assert_same(whole, heard(Listener(net, recipe, rate=rate), wave, size))


def test_another_rate_changes_little(listening, digits):
    net, recipe = listening
    wave, _ = joined(digits[:8])
    here = heard(Listener(net, recipe), wave)
    there = heard(Listener(net, recipe, rate=44100), resample(wave, RATE, 44100))
    assert len(here) == len(there)
    assert max(abs(a.start - b.start) + abs(a.end - b.end) for a, b in zip(here, there, strict=True)) <= 0.04


def test_a_decision_comes_when_the_pause_has_passed(listening):
    net, recipe = listening
    tone = (0.3 * np.sin(2500 * np.arange(3200) / RATE)).astype(np.float32)
    wave, begins = joined([tone] * 4)
    listener = Listener(net, recipe, pause=0.25)
    size, told = RATE // 100, []
    for k in range(0, len(wave), size):
        told += [((k + size) / RATE, decision) for decision in listener.push(wave[k : k + size])]
    assert len(told) == 4
    for (now, decision), begin in zip(told, begins, strict=True):
        assert decision.start == pytest.approx(begin / RATE, abs=0.02)
        assert decision.end == pytest.approx(begin / RATE + 0.4, abs=0.02)
        assert 0.25 <= now - decision.end <= 0.3 or now < 1.1  # nothing is decided in the first second


def test_the_network_decides_step_by_step_as_in_one(listening, digits):
    net, recipe = listening
    listener = Listener(net, recipe)
    x = SoundInputs.of([torch.from_numpy(digits[0])], torch.zeros(1), recipe).batch(torch.tensor([0]), None)
    state, steps = None, []
    with torch.no_grad():
        for x_t in x:
            output, state = net.step(x_t, state)
            steps.append(output)
    torch.testing.assert_close(torch.stack(steps), listener._network(x), atol=1e-5, rtol=1e-5)


def test_hours_of_silence_hold_nothing(listening):
    net, recipe = listening
    listener = Listener(net, recipe)
    random = np.random.default_rng(0)
    for _ in range(300):
        assert listener.push(random.normal(0, 1e-3, RATE).astype(np.float32)) == []
        assert len(listener._frames) <= 150
    assert listener.finish() == []


@pytest.mark.parametrize("wave", [np.zeros(0), np.zeros(1), np.zeros(3 * RATE), np.full(3 * RATE, 0.5)])
def test_nothing_said(listening, wave):
    listener = Listener(*listening)
    assert heard(listener, wave.astype(np.float32)) == []


def test_a_sound_without_end_is_cut_and_little_is_held(listening):
    net, recipe = listening
    listener = Listener(net, recipe, longest=1.0)
    random = np.random.default_rng(0)
    t = np.arange(8 * RATE) / RATE
    wave = (1e-3 * random.normal(size=len(t)) + 0.3 * (t > 1.5) * np.sin(2500 * t)).astype(np.float32)
    parts = []
    for k in range(0, len(wave), 800):
        parts += listener.push(wave[k : k + 800])
        assert len(listener._frames) <= 100 + 20 + 20
    assert parts[0].cut and parts[0].start == pytest.approx(1.5, abs=0.02)
    assert all(b.start - a.end <= 0.02 for a, b in zip(parts, parts[1:], strict=False))
    assert all(p.end - p.start <= 1.0 for p in parts)


def test_clipped_sound_is_decided_on(listening, digits):
    wave, _ = joined(digits[:3])
    decisions = heard(Listener(*listening), np.clip(20 * wave, -1, 1))
    assert len(decisions) == 3


def test_what_cannot_be_listened_with(listening, image_case):
    net, recipe = listening
    with pytest.raises(RanvierError, match=r"trained on sounds, this one was trained on images.*ranvier predict"):
        Listener(build(image_case.recipe), image_case.recipe)
    with pytest.raises(RanvierError, match=r"--pause 0\.01: must be at least 0\.03 s\."):
        Listener(net, recipe, pause=0.01)
    with pytest.raises(RanvierError, match=r"--longest 0\.1: must be longer than --pause, 0\.2 s\."):
        Listener(net, recipe, longest=0.1)
