"""Several readouts of one reservoir are fitted as each of them would be alone."""

import warnings

import numpy as np
import pytest

from ranvier.reservoirs import (
    NVAR,
    EchoState,
    LiquidState,
    Mean,
    Ridge,
    RidgeClassifier,
    Several,
    fitting,
)
from ranvier.units import ms

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(120, 2))
PARTS = [RANDOM.normal(size=(20, 2)) for _ in range(10)]
LABELS = [(np.cumsum(part[:, 0]) > k % 3).astype(int) for k, part in enumerate(PARTS)]


def test_a_reservoir_that_changes_targets_changes_those_of_all():
    after, sums = np.roll(X, -1, 0), np.cumsum(X, 0)
    model = NVAR(difference=True, standardise=True)
    both = Several(model, {"after": Ridge(1e-6), "sums": Ridge(1e-3)}).fit(X, {"after": after, "sums": sums})
    found, scores = both.predict(X), both.score(X, {"after": after, "sums": sums})
    for task, wanted, alpha in (("after", after, 1e-6), ("sums", sums, 1e-3)):
        alone = NVAR(difference=True, standardise=True, readout=Ridge(alpha)).fit(X, wanted)
        np.testing.assert_array_equal(both.readouts_[task].coef_, alone.readout_.coef_)
        np.testing.assert_array_equal(found[task], alone.predict(X))
        assert scores[task] == alone.score(X, wanted)
    with pytest.raises(ValueError, match="NVAR: difference=True needs a target a step with 2 values"):
        both.fit(X, {"after": after, "sums": sums[:, 0]})


def test_noise_while_fitting_is_the_same_for_all(monkeypatch: pytest.MonkeyPatch):
    wanted, model = np.roll(X[:, 0], 1), EchoState(30, noise=0.1, washout=3)
    both = Several(model, {"a": Ridge(1e-6), "b": Ridge(1e-6)})
    coefs = [readout.coef_ for readout in both.fit(X, {"a": wanted, "b": wanted}).readouts_.values()]
    np.testing.assert_array_equal(*coefs)
    monkeypatch.setattr(fitting, "BYTES", 8 * 32 * 50)  # in stretches
    parts = [readout.coef_ for readout in both.fit(X, {"a": wanted, "b": wanted}).readouts_.values()]
    np.testing.assert_array_equal(*parts)
    np.testing.assert_allclose(parts[0], coefs[0], rtol=1e-6)
    monkeypatch.setattr(fitting, "available", lambda: 1e4)
    with pytest.raises(ValueError, match="RidgeClassifier cannot learn in stretches"):
        Several(model, {"a": Ridge(1.0), "b": RidgeClassifier()}).fit(X, {"a": wanted, "b": wanted > 0})


def test_the_penalty_of_each_is_chosen_over_whole_sequences():
    sums = [part.sum(1) for part in PARTS]
    both = Several(EchoState(40), {"sums": Ridge(), "label": RidgeClassifier()})
    both.fit(PARTS, {"sums": sums, "label": LABELS})
    alone = EchoState(40).fit(PARTS, LABELS)
    assert both.readouts_["label"].alpha_ == alone.readout_.alpha_
    np.testing.assert_array_equal(both.readouts_["label"].coef_, alone.readout_.coef_)
    assert both.score(PARTS, {"sums": sums, "label": LABELS})["label"] == alone.score(PARTS, LABELS)


def test_a_liquid_is_run_once_and_judged(monkeypatch: pytest.MonkeyPatch):
    runs, labels = [], np.arange(10) % 2
    real = LiquidState._scan_only
    monkeypatch.setattr(LiquidState, "_scan_only", lambda self, *given: runs.append(1) or real(self, *given))
    model = LiquidState((3, 3, 2), dt=0.5 * ms, pooling=Mean(), code=None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        both = Several(model, {"a": RidgeClassifier(1.0), "b": Ridge(1.0)}).fit(PARTS, {"a": labels, "b": labels})
    assert len(runs) == 1 and both.reservoir_.rate_ > 0


def test_what_cannot_be_shared_is_refused():
    tasks = {"a": Ridge(1.0), "b": Ridge(1.0)}
    with pytest.raises(ValueError, match="with feedback a reservoir follows the output of one readout"):
        Several(EchoState(5, feedback=True), tasks).fit(X, {"a": X[:, 0], "b": X[:, 1]})
    with pytest.raises(ValueError, match="one task has a target a step, another one a sequence"):
        Several(EchoState(5), tasks).fit(PARTS, {"a": [part[:, 0] for part in PARTS], "b": np.arange(10.0)})
