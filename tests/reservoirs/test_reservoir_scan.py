"""The scan kernel against its equation, alone and in a batch."""

import numpy as np
import pytest
import torch

from ranvier.reservoirs.scan import Weights, scan

RANDOM = np.random.default_rng(0)


def weights(units: int = 13, inputs: int = 2, links: int = 4, linear: bool = False) -> Weights:
    return Weights(
        win=RANDOM.uniform(-1, 1, (units, inputs)),
        bias=RANDOM.uniform(-1, 1, units),
        weight=RANDOM.normal(size=(units, links)) * 0.4,
        source=RANDOM.integers(0, units, (units, links)).astype(np.int32),
        leak=RANDOM.uniform(0.2, 1, units),
        linear=linear,
    )


def by_hand(w: Weights, u: np.ndarray, x: np.ndarray, added: np.ndarray) -> np.ndarray:
    found = []
    for u_t, noise in zip(u, added, strict=True):
        net = w.bias + w.win @ u_t + noise + (w.weight * x[w.source]).sum(1)
        x = (1 - w.leak) * x + w.leak * (net if w.linear else np.tanh(net))
        found.append(x)
    return np.array(found)


@pytest.mark.parametrize("linear", [False, True])
@pytest.mark.parametrize("batch", [1, 21])
def test_states_are_those_of_the_equation(batch: int, linear: bool) -> None:
    w, lengths = weights(linear=linear), RANDOM.integers(1, 9, batch)
    start = np.r_[0, np.cumsum(lengths)]
    u, added = RANDOM.normal(size=(start[-1], 2)), RANDOM.normal(size=(start[-1], 13))
    state = RANDOM.normal(size=(batch, 13))
    out, last = scan(w, u, start, state, added)
    for b in range(batch):
        part = slice(start[b], start[b + 1])
        assert out[part] == pytest.approx(by_hand(w, u[part], state[b], added[part]), abs=1e-13)
        assert np.array_equal(last[b], out[start[b + 1] - 1])


def test_a_sequence_has_the_same_bits_in_any_company_and_on_any_number_of_threads() -> None:
    w = weights(units=400, links=10)
    start = np.arange(41) * 30
    u = RANDOM.normal(size=(start[-1], 2))
    together, _ = scan(w, u, start, np.zeros((40, 400)))
    torch.set_num_threads(2)
    try:
        shared, _ = scan(w, u, start, np.zeros((40, 400)))
    finally:
        torch.set_num_threads(1)
    alone, _ = scan(w, u[60:90], np.array([0, 30]), np.zeros((1, 400)))
    assert np.array_equal(together, shared) and np.array_equal(alone, together[60:90])


def test_a_sequence_without_steps_keeps_its_state() -> None:
    w, state = weights(), RANDOM.normal(size=(6, 13))
    start = np.array([0, 2, 2, 3, 4, 5, 6])
    _, last = scan(w, RANDOM.normal(size=(6, 2)), start, state)
    assert np.array_equal(last[1], state[1]) and not np.array_equal(last[0], state[0])


def test_nan_goes_through() -> None:
    out, _ = scan(weights(inputs=1), np.array([[np.nan]]), np.array([0, 1]), np.zeros((1, 13)))
    assert np.isnan(out).all()


def test_weights_that_would_read_elsewhere_are_refused() -> None:
    w = weights()
    with pytest.raises(ValueError, match=r"source must lie in 0\.\.12, got 0 to 13"):
        Weights(w.win, w.bias, np.zeros((13, 2)), np.full((13, 2), [0, 13], np.int32), w.leak, False)
    with pytest.raises(ValueError, match="shapes do not belong together"):
        Weights(w.win, w.bias[:5], w.weight, w.source, w.leak, False)
    with pytest.raises(ValueError, match="bias must be contiguous float64, got float32"):
        Weights(w.win, w.bias.astype(np.float32), w.weight, w.source, w.leak, False)


@pytest.mark.parametrize(("inputs", "units"), [(3, 13), (2, 12)])
def test_rows_and_states_of_another_size_are_refused(inputs: int, units: int) -> None:
    with pytest.raises(
        ValueError,
        match=rf"rows of {inputs} inputs and states \(1, {units}\) do not fit weights of 2 inputs and 13 units",
    ):
        scan(weights(), np.zeros((4, inputs)), np.array([0, 4]), np.zeros((1, units)))
