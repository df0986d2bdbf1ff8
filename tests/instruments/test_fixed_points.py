"""Fixed points against closed forms: quadratics, Lambert's function, a circle; kinds against known bifurcations."""

import numpy as np
import pytest
from scipy.special import lambertw

import ranvier as rv
from ranvier.equations import CurrentInput, ImpulseInput
from ranvier.equations.functions import sqrt
from ranvier.instruments import fixed_points
from ranvier.instruments.fixed_points import kind_of
from ranvier.units import Dimensionless, Time, cm, ms, mV, nA, nS, pA, uA


class Plane(rv.Neuron):
    """Two dimensionless states, x and y, and what they do: written by the subclasses."""

    membrane = "x"
    tau: Time = rv.parameter(10 * ms)
    low: Dimensionless = rv.parameter(-1.0)
    high: Dimensionless = rv.parameter(1.0)
    x: Dimensionless = rv.state(0.0)
    y: Dimensionless = rv.state(0.0)

    def dynamics(self, s, i: Dimensionless):
        return {"x": (s.y + i) / self.tau, "y": -s.x / self.tau}


class Circle(Plane):
    """Linear in nothing: x^2 + y^2 = 1 meets y^2 = x^2."""

    def dynamics(self, s, i: Dimensionless):
        return {"x": (s.x**2 + s.y**2 - 1 + i) / self.tau, "y": (s.y**2 - s.x**2) / self.tau}


class Pole(Plane):
    """1/(x - 0.3) changes its sign where it has no root."""

    def dynamics(self, s, i: Dimensionless):
        return {"x": (1 / (s.x - 0.3) + 2 + i) / self.tau, "y": -s.y / self.tau}


class Root(Plane):
    """No derivative where it rests."""

    def dynamics(self, s, i: Dimensionless):
        return {"x": (s.x + i) / self.tau, "y": (sqrt(s.x) - s.y) / self.tau}


class FitzHughNagumo(Plane):
    """The cubic with a slow line."""

    def dynamics(self, s, i: Dimensionless):
        return {"x": (s.x - s.x**3 / 3 - s.y + i) / self.tau, "y": (s.x + 0.7 - 0.8 * s.y) * 0.08 / self.tau}


@pytest.mark.parametrize("current", [-20.0, 0.0, 3.0, 3.9])
def test_izhikevich_rests_at_the_roots_of_a_quadratic(current: float) -> None:
    """0.04 v^2 + (5 - b) v + 140 + i = 0 in mV and ms, u = b v."""
    points = fixed_points(rv.Izhikevich(), current)
    roots = np.sort(np.roots([0.04, 5 - 0.2, 140 + current]))
    assert [p.states["v"] / mV for p in points] == pytest.approx(roots, rel=1e-9)
    assert [p.states["u"] for p in points] == pytest.approx(0.2 * roots, rel=1e-9)
    for p, v in zip(points, roots, strict=True):
        matrix = np.array([[(0.08 * v + 5) * 1e3, -1e3], [0.02 * 0.2e3, -20.0]])  # v in mV, u in mV/ms
        expected = np.linalg.eigvals(matrix)
        assert np.sort_complex(p.eigenvalues) == pytest.approx(np.sort_complex(expected), rel=1e-6)
    assert points[1].kind == "saddle" and not points[1].stable


def test_izhikevich_loses_rest_at_a_current_of_four() -> None:
    """The discriminant 4.8^2 - 4*0.04*(140 + i) is zero at i = 4; rest turns unstable a little before."""
    assert fixed_points(rv.Izhikevich(), 0.0)[0].kind == "stable node"
    assert len(fixed_points(rv.Izhikevich(), 3.999)) == 2
    assert fixed_points(rv.Izhikevich(), 4.001) == ()


@pytest.mark.parametrize(("a", "current"), [(4 * nS, 0.0), (4 * nS, 0.4 * nA), (0.0, 0.3 * nA), (-5 * nS, 0.1 * nA)])
def test_adex_rests_where_lambert_says(a: float, current: float) -> None:
    """k (v - v_leak) - i/g = delta exp((v - v_t)/delta) with k = 1 + a/g: v = u - delta W(-exp((u - v_t)/delta)/k), u = v_leak + i/(g k)."""
    neuron = rv.AdEx(a=a)
    points = fixed_points(neuron, current)
    k = 1 + a / neuron.g_leak
    u = neuron.v_leak + current / (neuron.g_leak * k)
    argument = -np.exp((u - neuron.v_t) / neuron.delta_t) / k
    expected = [u - neuron.delta_t * lambertw(argument, branch).real for branch in (0, -1)]
    assert [p.states["v"] for p in points] == pytest.approx(expected, rel=1e-9)
    assert [p.states["w"] for p in points] == pytest.approx(
        [a * (v - neuron.v_leak) for v in expected], rel=1e-6, abs=1e-18
    )
    assert [p.kind for p in points] == ["stable node", "saddle"]


def test_adex_loses_rest_at_its_rheobase() -> None:
    """(g + a)(v_t - v_leak - delta + delta ln(1 + a/g)), Touboul and Brette (2008)."""
    neuron = rv.AdEx(a=1 * nS)
    g, delta = neuron.g_leak, neuron.delta_t
    critical = (g + neuron.a) * (neuron.v_t - neuron.v_leak - delta + delta * np.log(1 + neuron.a / g))
    rest, other = fixed_points(neuron, critical - 0.1 * pA)
    assert rest.stable and other.kind == "saddle"
    assert fixed_points(neuron, critical + 0.1 * pA) == ()


def test_qif_has_a_saddle_node() -> None:
    """Two points at the middle +- sqrt((rheobase - r i)/a_0), one that is degenerate at the rheobase, none beyond."""
    neuron = rv.QIF()
    middle, critical = -57.5 * mV, 0.0375 * nA
    for share in (0.0, 0.5, 0.999, 1 - 1e-9):  # at last the two lie closer than the grid on which they are looked for
        points = fixed_points(neuron, share * critical)
        away = np.sqrt((1 - share) * critical * neuron.r / neuron.a_0)
        assert [p.states["v"] for p in points] == pytest.approx([middle - away, middle + away], rel=1e-6)
        slope = 2 * neuron.a_0 * away / neuron.tau_mem
        assert [p.eigenvalues[0].real for p in points] == pytest.approx([-slope, slope], rel=1e-3)
    assert [p.kind for p in fixed_points(neuron)] == ["stable node", "unstable node"]
    (merged,) = fixed_points(neuron, critical)
    assert merged.states["v"] == pytest.approx(middle, abs=1e-6) and merged.kind == "degenerate"
    assert fixed_points(neuron, 1.0001 * critical) == ()


def test_linear_models_have_one_below_the_threshold() -> None:
    (point,) = fixed_points(rv.AdaptiveLIF(), 0.7)
    assert point.states == pytest.approx({"v": 0.7, "b": 0.0}) and point.eigenvalues.tolist() == pytest.approx(
        [-10, -50]
    )
    assert point.kind == "stable node" and point.stable
    assert fixed_points(rv.LIF(), 1.5) == (), "there it fires"
    (far,) = fixed_points(rv.LIF(), -400.0)
    assert far.states["v"] == pytest.approx(-400)
    (readout,) = fixed_points(rv.LI(), 5.0)
    assert readout.states["v"] == pytest.approx(5.0)
    (impulses,) = fixed_points(rv.LIF(input=ImpulseInput()))
    assert impulses.states["v"] == 0


@pytest.mark.parametrize("current", [0.0, 1.0])
def test_an_integrator_has_none_that_is_isolated(current: float) -> None:
    assert fixed_points(rv.IF(input=CurrentInput()), current) == ()


def test_hodgkin_huxley_begins_to_oscillate_near_ten() -> None:
    """The rest of the squid axon loses its stability at 9.8 uA/cm^2 in a Hopf bifurcation (Rinzel and Miller 1980, Hassard 1978)."""
    neuron = rv.HodgkinHuxley()
    (rest,) = fixed_points(neuron)
    assert rest.states["v"] == pytest.approx(-65 * mV, abs=0.05 * mV) and rest.kind == "stable focus"
    below, above = (fixed_points(neuron, i * uA / cm**2)[0] for i in (9.7, 9.85))
    assert below.kind == "stable focus" and above.kind == "saddle focus"


def test_held_states_are_constants() -> None:
    """The v-n plane of the squid axon with m and h where they rest."""
    rest = fixed_points(rv.HodgkinHuxley())[0].states
    points = fixed_points(rv.HodgkinHuxley(), held={"m": rest["m"], "h": rest["h"]})
    assert list(points[0].states) == ["v", "n"] and len(points[0].eigenvalues) == 2
    assert points[0].states == pytest.approx({"v": rest["v"], "n": rest["n"]}, rel=1e-6)
    (gate,) = fixed_points(rv.HodgkinHuxley(), held={"v": rest["v"], "m": 0.0, "h": 0.0})
    assert gate.states == pytest.approx({"n": rest["n"]}, rel=1e-6), "without the membrane"


def test_equations_that_are_linear_in_nothing_are_searched() -> None:
    points = fixed_points(Circle())
    side = np.sqrt(0.5)
    found = sorted((p.states["x"], p.states["y"]) for p in points)
    assert np.array(found) == pytest.approx(np.array([(-side, -side), (-side, side), (side, -side), (side, side)]))
    kinds = {(p.states["x"] > 0, p.states["y"] > 0): p.kind for p in points}
    assert kinds[True, True] == "unstable focus" and kinds[False, False] == "stable focus"
    assert kinds[True, False] == kinds[False, True] == "saddle"


def test_a_pole_is_no_root() -> None:
    (point,) = fixed_points(Pole())
    assert point.states == pytest.approx({"x": -0.2, "y": 0.0}, abs=1e-9)


def test_where_there_is_no_derivative_there_is_no_kind() -> None:
    assert fixed_points(Root()) == ()
    assert fixed_points(Root(), -0.25)[0].states == pytest.approx({"x": 0.25, "y": 0.5})


def test_fitzhugh_and_nagumo() -> None:
    """x - x^3/3 - (x + 0.7)/0.8 + i = 0; it oscillates between the two currents where the trace is zero."""
    for current, kind in ((0.0, "stable focus"), (0.5, "unstable focus"), (2.0, "stable node")):
        (point,) = fixed_points(FitzHughNagumo(), current)
        root = [r.real for r in np.roots([-1 / 3, 0, 1 - 1 / 0.8, current - 0.7 / 0.8]) if abs(r.imag) < 1e-9]
        assert point.states["x"] == pytest.approx(root[0]) and point.kind == kind


def test_an_undamped_turn_is_a_centre_and_ranges_may_be_given() -> None:
    (point,) = fixed_points(Plane(), 0.5)
    assert point.states == pytest.approx({"x": 0.0, "y": -0.5}) and point.kind == "centre"
    assert point.eigenvalues == pytest.approx([100j, -100j])
    near = fixed_points(rv.QIF(), ranges={"v": (-0.06, -0.04)})
    assert len(near) == 2


@pytest.mark.parametrize(
    ("eigenvalues", "kind"),
    [
        ([-1, -2], "stable node"),
        ([2, 1], "unstable node"),
        ([1, -1], "saddle"),
        ([1, -1 + 2j, -1 - 2j], "saddle focus"),
        ([-1 + 2j, -1 - 2j], "stable focus"),
        ([1 + 2j, 1 - 2j], "unstable focus"),
        ([2j, -2j], "centre"),
        ([0, -1], "degenerate"),
        ([2j, -2j, -1], "degenerate"),
    ],
)
def test_kinds(eigenvalues: list[complex], kind: str) -> None:
    assert kind_of(np.array(eigenvalues, dtype=complex)) == kind
