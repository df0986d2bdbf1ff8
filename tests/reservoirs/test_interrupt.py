"""Ctrl-C while a liquid runs."""

import os
import signal
from collections.abc import Iterator

import numpy as np
import pytest

from ranvier.reservoirs import Counts, LiquidState, RidgeClassifier
from ranvier.simulation import engine
from ranvier.units import ms

RANDOM = np.random.default_rng(0)
TRAINS = [(RANDOM.random((20, 3)) < (0.15, 0.6)[k % 2]).astype(float) for k in range(8)]
LABELS = np.arange(8) % 2


def liquid() -> LiquidState:
    return LiquidState((5, 3, 3), code=Counts(), dt=0.5 * ms, readout=RidgeClassifier(1.0))


@pytest.fixture
def handler() -> Iterator[None]:
    """Puts back whatever handler a test sets."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


def stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal at the end of every sequence's only chunk, where a run is whole."""
    real = engine.simulate

    def interrupted(*given: object):
        failed = real(*given)
        os.kill(os.getpid(), signal.SIGINT)
        return failed

    monkeypatch.setattr(engine, "simulate", interrupted)


def test_ctrl_c_ends_what_runs_and_keeps_nothing_half_done(
    monkeypatch: pytest.MonkeyPatch, handler: None, capsys: pytest.CaptureFixture[str]
) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    model, new = liquid().fit(TRAINS, LABELS), liquid()
    expected, coef = model.rows(TRAINS), model.readout_.coef_
    with monkeypatch.context() as patch:
        stopped(patch)
        for run in (model.rows, model.predict, model.states, model.spike_counts):
            with pytest.raises(KeyboardInterrupt):
                run(TRAINS)
        for each in (model, new):
            with pytest.raises(KeyboardInterrupt):
                each.fit(TRAINS[:6], LABELS[:6])
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert "kept" not in capsys.readouterr().err
    assert not [name for name in vars(new) if name.endswith("_")]
    assert model.readout_.coef_ is coef
    np.testing.assert_array_equal(model.rows(TRAINS), expected)


def test_a_programs_own_handler_is_left_alone(monkeypatch: pytest.MonkeyPatch, handler: None) -> None:
    def theirs(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, theirs)
    model = liquid().fit(TRAINS, LABELS)
    with monkeypatch.context() as patch:
        stopped(patch)
        with pytest.raises(KeyboardInterrupt):
            model.rows(TRAINS)
    assert signal.getsignal(signal.SIGINT) is theirs
