"""States from which sequences go on: those of another reservoir, or of other many sequences, are refused."""

from functools import partial

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from ranvier.reservoirs import FORCE, NVAR, Bucket, EchoState, Last, LiquidState, Ridge, fitting

X = np.random.default_rng(0).normal(size=(30, 2))
MADE = {
    "bucket": partial(Bucket, (6, 6)),
    "nvar": partial(NVAR, taps=2),
    "liquid": partial(LiquidState, (3, 3, 2), target_rate=None),
    "echo": partial(EchoState, 10),
    "feedback": partial(EchoState, 10, feedback=True),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", MADE)
def test_states_of_other_sequences_or_reservoirs_are_refused(name: str) -> None:
    model = MADE[name]().fit(X, X[:, 0])
    one, two = model.run(X).state, model.run([X, X]).state
    for given, state in ((X, two), ([X, X], one), (X, "rest"), (X, np.zeros(3)), (X, [1.0])):
        with pytest.raises((ValueError, TypeError), match=r"state"):
            model.run(given, state=state)
    whole = model.run(X).states
    first = model.run(X[:13])
    np.testing.assert_allclose(np.vstack([first.states, model.run(X[13:], state=first.state).states]), whole)


def test_a_surface_of_another_size() -> None:
    state = Bucket((6, 6)).fit(X, X[:, 0]).run(X).state
    with pytest.raises(ValueError, match=r"Bucket: state must be an array \(1, 2, 7, 6\), .* 1 sequence, got an array \(1, 2, 6, 6\)"):  # fmt: skip
        Bucket((7, 6)).fit(X, X[:, 0]).run(X, state=state)


def test_probabilities_of_several_outputs_in_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    y = np.c_[np.arange(30) % 2, np.arange(30) // 15]
    model = EchoState(10, pooling=Last(), readout=KNeighborsClassifier(3)).fit(X[:, :, None], y)
    whole = model.predict_proba(X[:, :, None])
    monkeypatch.setattr(fitting, "TILE", (7, 1 << 20))
    parts = model.predict_proba(X[:, :, None])
    assert [p.shape for p in parts] == [(30, 2), (30, 2)] and np.array_equal(parts, whole)


def test_the_first_stretch_may_be_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    given = [X[:1], X, X]
    whole = EchoState(10, readout=Ridge(1e-3)).fit(given, [u[:, 0] for u in given]).predict(X)
    monkeypatch.setattr(fitting, "BYTES", 8 * 12 * 30)
    parts = EchoState(10, readout=Ridge(1e-3)).fit(given, [u[:, 0] for u in given]).predict(X)
    np.testing.assert_allclose(parts, whole, rtol=1e-7)


def test_constant_targets_in_a_feedback_loop() -> None:
    with pytest.warns(UserWarning, match=r"FORCE: a target has the same value"):
        EchoState(10, feedback=True, readout=FORCE()).fit(X, np.ones(30))
