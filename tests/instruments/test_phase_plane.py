"""Phase planes: nullclines against closed forms, trajectories against runs, what is shown."""

import numpy as np
import pytest
import sympy

import ranvier as rv
from ranvier.instruments import membrane_trace, phase_plane
from ranvier.instruments.phase_plane import nullcline
from ranvier.units import NAMED, mV, nA

X, Y = sympy.symbols("x y", real=True)


def test_nullclines_of_izhikevich_are_a_parabola_and_a_line() -> None:
    plane = phase_plane(rv.Izhikevich(), current=2.0, starts=())
    v, u = plane.nullclines["v"][plane.nullclines["v"][:, 0] < 30 * mV].T  # above the peak it is held
    assert u == pytest.approx(0.04e3 * (v / mV) ** 2 / 1e3 + 5 * v / mV + 140 + 2, rel=1e-9)
    line = plane.nullclines["u"]
    assert line[:, 1] == pytest.approx(0.2e3 * line[:, 0], rel=1e-9)
    assert plane.names == ("v", "u") and plane.dimensions["input"] == NAMED["voltage/time"]
    assert plane.y[0] < 0.04 * 62.5**2 - 5 * 62.5 + 142, "the bottom of the parabola is in the picture"
    assert plane.trajectories.shape[0] == 0 and plane.crests.shape[0] == 0


def test_nullclines_of_adex_are_an_exponential_and_a_line() -> None:
    neuron = rv.AdEx()
    plane = phase_plane(neuron, current=0.3 * nA, starts=())
    v, w = plane.nullclines["v"].T
    inside = v < neuron.v_peak  # above it is held
    upswing = neuron.g_leak * neuron.delta_t * np.exp((v - neuron.v_t) / neuron.delta_t)
    expected = neuron.g_leak * (neuron.v_leak - v) + upswing + 0.3 * nA
    assert w[inside] == pytest.approx(expected[inside], rel=1e-9)
    assert plane.nullclines["w"][inside, 1] == pytest.approx(neuron.a * (v[inside] - neuron.v_leak), abs=1e-20)
    for point in plane.points:  # where they meet
        assert np.interp(point.states["v"], v, w) == pytest.approx(point.states["w"], abs=2e-12)


def test_the_field_is_that_of_the_equations() -> None:
    plane = phase_plane(rv.AdaptiveLIF(), current=0.5, starts=(), x_range=(0.0, 2.0), y_range=(-1.0, 1.0))
    x, y = np.meshgrid(plane.x, plane.y)
    assert plane.slopes[0] == pytest.approx((0.5 - x) / 0.02) and plane.slopes[1] == pytest.approx(-y / 0.1)
    vertical = plane.nullclines["v"]
    assert vertical[:, 0] == pytest.approx(0.5) and np.ptp(vertical[:, 1]) == pytest.approx(2.0)
    assert (plane.x[0], plane.x[-1], plane.y[0], plane.y[-1]) == (0.0, 2.0, -1.0, 1.0)


def test_trajectories_are_runs_with_their_resets() -> None:
    neuron = rv.AdaptiveLIF(backend="eager")
    plane = phase_plane(neuron, current=2.0, starts=({}, {"v": 0.5, "b": 0.2}), duration=0.1)
    trace = membrane_trace(neuron, 2.0, duration=0.1)
    assert np.array_equal(plane.trajectories[0, :, 0], trace.v)
    assert np.array_equal(plane.trajectories[0, :, 1], trace.states["b"])
    assert plane.trajectories[1, 0].tolist() == [0.5, 0.2]
    fired = np.flatnonzero(np.isfinite(plane.crests[0, :, 0]))
    assert fired * neuron.dt == pytest.approx(trace.spikes) and plane.crests[0, fired, 0] == pytest.approx(trace.levels)
    assert plane.crests[0, fired, 1] == pytest.approx(trace.states["b"][fired])


def test_the_squid_axon_is_cut_where_the_others_are_held() -> None:
    neuron = rv.HodgkinHuxley()
    plane = phase_plane(neuron, "v", "n", current=0.1, held={"m": 0.05}, starts=())
    assert list(plane.held) == ["m", "h"] and plane.held["m"] == 0.05
    v, n = plane.nullclines["v"].T
    h = plane.held["h"]
    expected = 1200 * 0.05**3 * h * (0.05 - v) + 360 * n**4 * (-0.077 - v) + 3 * (-0.054387 - v) + 0.1
    assert expected == pytest.approx(np.zeros(len(v)), abs=1e-9)
    gates = phase_plane(neuron, "m", "h", starts=())
    assert gates.names == ("m", "h") and np.ptp(gates.nullclines["m"][:, 0]) == pytest.approx(0, abs=1e-12)


def test_a_nullcline_that_is_solved_for_nothing_is_traced() -> None:
    """A circle has two heights in each column, above one another."""
    curve = nullcline(X**2 + Y**2 - 1, (X, Y), (-2.0, 2.0), (-2.0, 2.0))
    gap = np.flatnonzero(np.isnan(curve[:, 0]))
    assert len(gap) == 1
    lower, upper = curve[: gap[0]], curve[gap[0] + 1 :]
    for half, sign in ((lower, -1), (upper, 1)):
        assert np.hypot(*half.T) == pytest.approx(1.0, abs=1e-4) and (np.sign(half[:, 1]) == sign).all()
        assert (np.diff(half[:, 0]) > 0).all()
    assert nullcline(X**2 + Y**2 + 1, (X, Y), (-2.0, 2.0), (-2.0, 2.0)).shape == (0, 2)


def test_a_pole_of_a_nullcline_is_a_gap() -> None:
    curve = nullcline(X * Y - 1, (X, Y), (-1.0, 1.0), (-2.0, 2.0))
    assert np.isnan(curve[len(curve) // 2, 1]) and curve[0, 1] == pytest.approx(-1.0)


def test_a_state_that_never_moves_still_has_a_range() -> None:
    plane = phase_plane(rv.AdaptiveLIF(jump=0.0, v_threshold=1.0, backend="eager"), duration=0.01)
    assert plane.y[0] < 0 < plane.y[-1] and plane.x[0] < 0 < 1 < plane.x[-1]
    flat = phase_plane(rv.ALIF(beta=0.0), "b", "v", starts=())
    assert flat.names == ("b", "v") and flat.x[0] < 0 < flat.x[-1]


def test_refusals() -> None:
    with pytest.raises(ValueError, match="phase_plane: takes two states, got 'v' twice; LIF has v.*use fixed_points"):
        phase_plane(rv.LIF())
    with pytest.raises(ValueError, match="phase_plane: AdEx has no state u. It has: v, w."):
        phase_plane(rv.AdEx(), "v", "u")
    with pytest.raises(ValueError, match="phase_plane: AdEx has no state q"):
        phase_plane(rv.AdEx(), starts=({"q": 1.0},))
    with pytest.raises(ValueError, match=r"phase_plane: a range must rise, got \(1, 0\) for v. Swap its ends."):
        phase_plane(rv.AdEx(), x_range=(1, 0), starts=())
