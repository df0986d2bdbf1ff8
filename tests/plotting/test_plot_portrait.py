"""The portrait of a neuron, and its file."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib import pyplot
from PIL import Image

import ranvier as rv
from ranvier.instruments import fi_curve, membrane_trace, phase_plane
from ranvier.plotting.portrait import portrait, save


def test_it_shows_what_it_is_given() -> None:
    neuron = rv.Izhikevich()
    trace = membrane_trace(neuron, 10.0, duration=0.1)
    whole = portrait(
        trace, fi_curve(neuron, [0.0, 10.0], duration=0.2, settle=0.0), phase_plane(neuron, current=10.0, duration=0.05)
    )
    labels = [(ax.get_xlabel(), ax.get_ylabel()) for ax in whole.axes]
    assert labels == [
        ("", "v (mV)"), ("time (ms)", "input (mV/ms)"), ("input (mV/ms)", "firing rate (Hz)"), ("v (mV)", "u (mV/ms)"),
    ]  # fmt: skip
    assert len(portrait(trace).axes) == 2
    assert not pyplot.get_fignums(), "no figure that waits to be shown"


@pytest.mark.parametrize(("name", "start"), [("a.png", b"\x89PNG"), ("a.pdf", b"%PDF"), ("a.svg", b"<?xml")])
def test_the_ending_decides_the_format(name: str, start: bytes, tmp_path: Path) -> None:
    drawing = portrait(membrane_trace(rv.LIF(), 1.5, duration=0.05))
    path = save(drawing, tmp_path / "folder" / name)
    assert path.read_bytes().startswith(start)
    if name.endswith("png"):
        with Image.open(path) as drawn:
            pixels = np.asarray(drawn.convert("L"))
        assert pixels.shape == (520, 1440) and (pixels < 100).any() and pixels[0, 0] == 255
