"""The phase plane as drawn."""

import numpy as np
import pytest

import ranvier as rv
from ranvier.instruments import phase_plane
from ranvier.units import mV


@pytest.fixture(scope="module")
def plane():
    return phase_plane(rv.Izhikevich(), starts=({}, {"v": -45 * mV}), duration=0.1)


def test_nullclines_points_and_paths_are_in_their_units(plane) -> None:
    ax = rv.plot.phase_plane(plane)
    parabola, line = (found for found in ax.lines if (found.get_label() or "").startswith("d"))
    assert parabola.get_label() == "dv/dt = 0" and line.get_label() == "du/dt = 0"
    v, u = line.get_data()
    assert u == pytest.approx(0.2 * v)  # mV and mV/ms
    points = {found.get_gid(): found for found in ax.lines if found.get_marker() == "o"}
    assert set(points) == {"stable node", "saddle"}
    assert (points["stable node"].get_xdata()[0], points["saddle"].get_xdata()[0]) == pytest.approx((-70, -50))
    assert points["saddle"].get_fillstyle() == "left" and points["stable node"].get_fillstyle() == "full"
    assert ax.get_xlabel() == "v (mV)" and ax.get_ylabel() == "u (mV/ms)"
    assert ax.get_xlim() == pytest.approx((plane.x[0] / mV, plane.x[-1] / mV))
    assert len([found for found in ax.lines if found.get_gid() == "trajectory"]) == 2


def test_a_path_rises_to_its_spike_and_is_dotted_to_its_reset(plane) -> None:
    ax = rv.plot.phase_plane(plane)
    solid = [found for found in ax.lines if found.get_gid() == "trajectory"][1]
    dotted = [found for found in ax.lines if found.get_gid() == "reset"][1]
    assert np.nanmax(solid.get_xdata()) == pytest.approx(30), "the peak"
    assert dotted.get_xdata()[:2] == pytest.approx([30, -65]), "from the peak to c"
    assert len(solid.get_xdata()) == plane.trajectories.shape[1] + 2, "the peak and a gap"


def test_arrows_show_directions_of_one_length(plane) -> None:
    (arrows,) = rv.plot.phase_plane(plane).collections
    width, height = np.ptp(plane.x) / mV, np.ptp(plane.y)
    assert np.hypot(arrows.U / width, arrows.V / height) == pytest.approx(1.0)
    assert not rv.plot.phase_plane(plane, field=False).collections


def test_unstable_points_are_open_and_what_is_out_of_sight_has_no_name() -> None:
    unstable = phase_plane(rv.Izhikevich(b=-100.0, a=-20.0), current=60.0, starts=())
    kinds = {found.get_gid(): found for found in rv.plot.phase_plane(unstable).lines if found.get_marker() == "o"}
    for kind, found in kinds.items():
        assert (found.get_markerfacecolor() == "#ffffff") == kind.startswith("unstable")
    hidden = rv.plot.phase_plane(phase_plane(rv.AdaptiveLIF(), current=5.0, starts=(), x_range=(0, 1), y_range=(-1, 1)))
    assert [text.get_text() for text in hidden.get_legend().get_texts()] == ["db/dt = 0"]
    assert hidden.get_ylabel() == "b (V)"
