"""The Siegert rate: golden values, quadrature, limits that the plain formula cannot reach, refusals."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import erfcx

from ranvier.analysis import siegert
from ranvier.units import ms


# Hundred inputs at a rate [Hz], of weight w; theta 1, reset 0, tau 20 ms, t_ref 2 ms: rates of ordinary quadrature, with tau_syn = 0 and 1 ms.
@pytest.mark.parametrize(
    "rate, w, white, coloured", [(20, 0.03, 28.6567, 26.4483), (20, 0.02, 2.6439, 1.4812), (40, 0.03, 78.9705, 76.7344)]
)
def test_golden_values(rate: float, w: float, white: float, coloured: float) -> None:
    mean, sd = 20 * ms * 100 * w * rate, (10 * ms * 100 * w * w * rate) ** 0.5
    assert siegert(mean, sd, t_ref=2 * ms) == pytest.approx(white, abs=2e-4)
    assert siegert(mean, sd, t_ref=2 * ms, tau_syn=1 * ms) == pytest.approx(coloured, abs=1e-4)


@pytest.mark.parametrize(
    "mean, sd", [(0.5, 0.1), (0.99, 0.01), (1.0, 0.3), (1.2, 1e-3), (5.0, 0.5), (0.2, 0.2), (-1.0, 0.8), (0.0, 50.0)]
)
def test_against_quadrature(mean: float, sd: float) -> None:
    low, high = (-mean / sd / 2**0.5, (1 - mean) / sd / 2**0.5)
    integral = quad(lambda x: erfcx(-x), low, high, epsabs=0, epsrel=1e-12, limit=500)[0]
    assert siegert(mean, sd, t_ref=1 * ms) == pytest.approx(1 / (1 * ms + 20 * ms * np.pi**0.5 * integral), rel=1e-11)


# Brunel's network: g, eta, reset [mV], and the rate [Hz] at which it drives itself.
@pytest.mark.parametrize(
    "g, eta, v_reset, rate",
    [(3, 2, 10, 327.0), (6, 4, 10, 55.84), (5, 2, 10, 37.95), (4.5, 0.9, 10, 6.52), (5, 2, 0, 32.03)],
)
def test_the_stationary_states_of_brunels_network(g: float, eta: float, v_reset: float, rate: float) -> None:
    tau, j, c = 20 * ms, 0.1, 1000
    mean = c * j * tau * (eta * 10 + rate * (1 - g / 4))
    sd = (j**2 * c * tau / 2 * (eta * 10 + rate * (1 + g**2 / 4))) ** 0.5
    found = siegert(mean, sd, v_threshold=20.0, v_reset=v_reset, t_ref=2 * ms)
    assert found == pytest.approx(rate, rel=0.01)


def test_limits() -> None:
    still = 1 / (2 * ms + 20 * ms * np.log(1.2 / 0.2))
    np.testing.assert_allclose(
        siegert([1.2, 1.2, 0.9, 1.0], [0.0, 1e-7, 0.0, 0.0], t_ref=2 * ms), [still, still, 0, 0], rtol=1e-9
    )
    assert siegert(-30.0, 0.1) == 0  # underflows, and no warning
    assert siegert(1e9, 1e-9, t_ref=2 * ms) == pytest.approx(500)
    rates = siegert(np.linspace(-2, 3, 400)[:, None], [[0.05, 0.5]])
    assert rates.shape == (400, 2) and np.isfinite(rates).all() and (np.diff(rates, axis=0) >= 0).all()


def test_refusals() -> None:
    with pytest.raises(ValueError, match="siegert: mean and sd must be finite and sd >= 0"):
        siegert(1.0, -1.0)
    with pytest.raises(ValueError, match="siegert: v_reset must lie below v_threshold, got 2.0 and 1.0"):
        siegert(1.0, 1.0, v_reset=2.0)
    with pytest.raises(ValueError, match="siegert: tau_mem must be a time above 0 s"):
        siegert(1.0, 1.0, tau_mem=0.0)
