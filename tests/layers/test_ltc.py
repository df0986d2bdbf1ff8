"""LTC: a unit with a closed form, its bounds, and the equations written out."""

import math

import numpy as np
import pytest
import torch

import ranvier as rv


def single(unfolds: int, dt: float) -> rv.LTC:
    """dv/dt = -(1 + 0.5) v + 0.5, whatever the input: f = 0.5, tau = A = 1."""
    cell = rv.LTC(1, 1, unfolds=unfolds, dt=dt).double()
    with torch.no_grad():
        for p in (cell.log_cm, cell.log_gleak, cell.vleak, cell.sigma):
            p.zero_()  # sigma = 0: the synapse is half open
        cell.log_w.copy_(torch.tensor([[0.0], [-math.inf]]))
        cell.erev.fill_(1.0)
    return cell


def test_a_single_unit_converges_in_first_order() -> None:
    x, exact = torch.zeros(10, 1, 1, dtype=torch.float64), (1 - math.exp(-1.5)) / 3
    assert exact == pytest.approx(0.258957, abs=1e-6)
    assert single(1, 0.1)(x)[-1].item() == pytest.approx(0.250938, abs=1e-6)
    assert torch.allclose(single(10, 1.0)(x[:1])[-1], single(1, 0.1)(x)[-1], atol=1e-14)
    errors = [exact - single(n, 1.0)(x[:1]).item() for n in (10, 20, 40, 80)]
    assert all(1.9 < a / b < 2.1 for a, b in zip(errors, errors[1:], strict=False))


def test_equals_its_equations_written_out() -> None:
    cell, x = rv.LTC(3, 4, unfolds=6, dt=0.7).double(), torch.randn(8, 2, 3, dtype=torch.float64)
    p = {key: value.detach().numpy() for key, value in cell.named_parameters()}
    v, rows = np.zeros((2, 4)), []
    for x_t in x.numpy():
        for _ in range(6):
            after = np.empty_like(v)
            for b in range(2):
                u = np.concatenate([x_t[b], v[b]])
                for n in range(4):
                    g = np.exp(p["log_w"][:, n]) / (1 + np.exp(-p["sigma"][:, n] * (u - p["mu"][:, n])))
                    charge, leak = np.exp(p["log_cm"][n]) * 6 / 0.7, np.exp(p["log_gleak"][n])
                    pull = charge * v[b, n] + leak * p["vleak"][n] + (g * p["erev"][:, n]).sum()
                    after[b, n] = pull / (charge + leak + g.sum())
            v = after
        rows.append(v)
    np.testing.assert_allclose(cell(x).detach().numpy(), np.stack(rows), rtol=0, atol=1e-13)


@pytest.mark.parametrize("strength", [1.0, 1e3, 1e8])
def test_the_state_stays_in_bounds_whatever_comes(strength: float) -> None:
    """An explicit Euler step of dt w/cm > 2 diverges; the fused one is a weighted mean of v, vleak and erev."""
    cell = rv.LTC(3, 10, unfolds=1)
    with torch.no_grad():
        cell.log_w += math.log(strength)
    v = cell(strength * torch.randn(50, 4, 3))
    low, high = min(cell.vleak.min(), cell.erev.min()), max(cell.vleak.max(), cell.erev.max())
    assert bool((v >= low).all() & (v <= high).all()) and v.std() > 0.01


def test_the_time_constant_lies_between_its_bounds() -> None:
    cell, h = rv.LTC(3, 10, unfolds=1, dt=1e-4).double(), 1e-4
    with torch.no_grad():
        cell.erev.zero_()
        cell.vleak.zero_()
    start = {"v": torch.ones(20, 10, dtype=torch.float64)}
    v, _ = cell.step(5 * torch.randn(20, 3, dtype=torch.float64), start)
    rate = (1 / v - 1) / h  # of the decay: 1/tau + f
    tau, whole = cell.cm / cell.gleak, cell.w.sum(0) / cell.cm
    assert bool((1 / rate <= tau * (1 + 1e-9)).all() & (1 / rate >= tau / (1 + tau * whole) * (1 - 1e-9)).all())
    assert float((1 / rate).detach().std(0).min()) > 0, "it follows the input"


def test_draws() -> None:
    cell = rv.LTC(20, 30, generator=torch.Generator().manual_seed(0))
    for value, low, high in ((cell.gleak, 0.001, 1), (cell.vleak, -0.2, 0.2), (cell.cm, 0.4, 0.6), (cell.w, 0.001, 1), (cell.sigma, 3, 8),
                             (cell.mu, 0.3, 0.8)):  # fmt: skip
        assert low - 1e-6 <= value.min() < value.max() <= high + 1e-6
    assert set(cell.erev.unique().tolist()) == {-1.0, 1.0}


def test_unfolds_are_at_least_one() -> None:
    with pytest.raises(ValueError, match="LTC: unfolds must be at least 1"):
        rv.LTC(3, 4, unfolds=0)
