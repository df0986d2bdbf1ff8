"""The 20 firing patterns of Izhikevich's model: parameters, step, input, and where a pattern changes the equations.

Source: Izhikevich (2004), "Which model to use for cortical spiking neurons?", fig. 1, with the numbers of the author's figure
script. Older lists of parameters differ (bistability with a = 1/ms, b = 1.5/ms, d = 0; inhibition-induced bursting with d = 0) and do not
give the figure. `CELLS` are the kinds of cortical cells of Izhikevich (2003), "Simple model of spiking neurons", fig. 2.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

from ranvier.units import ms, mV

Input = Callable[[float], float]  # time in ms -> current in mV/ms
CLASS_1 = {"slope": 4.1 / ms, "offset": 108 * mV / ms}  # the parabola of class 1 excitability and of the integrator
ACCOMMODATING = {"decay": 0.0, "v_u": -65 * mV, "u_shift": 49 * mV / ms}  # du/dt = a b (v + 65 mV), from u = -16 mV/ms


@dataclass(frozen=True)
class Pattern:
    """A neuron and the input that shows its pattern. parameters: of `Izhikevich`, in SI. dt, duration: [s]."""

    letter: str
    parameters: Mapping[str, float]
    dt: float
    duration: float
    input: Input

    def times(self) -> torch.Tensor:
        """Time of each step [s], the first at 0 and the last at `duration`: [T], float64."""
        return torch.arange(round(self.duration / self.dt) + 1, dtype=torch.float64) * self.dt

    def current(self) -> torch.Tensor:
        """Input of each step [V/s]: [T, 1, 1], float64."""
        milliseconds = [round(t / ms, 6) for t in self.times().tolist()]
        return torch.tensor([self.input(t) for t in milliseconds], dtype=torch.float64).view(-1, 1, 1) * (mV / ms)


def _of(a: float, b: float, c: float, d: float, **more: float) -> dict[str, float]:
    """Parameters given in mV and ms, as in the paper."""
    return {"a": a / ms, "b": b / ms, "c": c * mV, "d": d * mV / ms, **more}


def _from(start: float, value: float) -> Input:
    """A step of current."""
    return lambda t: value if t > start else 0.0


def _pulses(value: float, *spans: tuple[float, float]) -> Input:
    """Pulses of current of one height."""
    return lambda t: value if any(low < t < high for low, high in spans) else 0.0


def _variable_threshold(t: float) -> float:
    return -6.0 if 70 < t < 75 else 1.0 if 10 < t < 15 or 80 < t < 85 else 0.0


def _two_ramps(t: float) -> float:
    """Slow to 200 ms, fast from 300 ms on."""
    return t / 25 if t < 200 else (t - 300) / 12.5 * 4 if 300 <= t < 312.5 else 0.0


def _inhibited(t: float) -> float:
    return 75.0 if 50 <= t <= 250 else 80.0


# letter, a, b, c, d, where v starts (mV, ms); dt, duration; input in mV/ms over ms
PATTERNS: Mapping[str, Pattern] = {
    name: Pattern(letter, {**parameters, "v_start": start * mV}, dt * ms, duration * ms, input)
    for name, letter, parameters, start, dt, duration, input in (
        ("tonic spiking", "A", _of(0.02, 0.2, -65, 6), -70, 0.25, 100, _from(10, 14)),
        ("phasic spiking", "B", _of(0.02, 0.25, -65, 6), -64, 0.25, 200, _from(20, 0.5)),
        ("tonic bursting", "C", _of(0.02, 0.2, -50, 2), -70, 0.25, 220, _from(22, 15)),
        ("phasic bursting", "D", _of(0.02, 0.25, -55, 0.05), -64, 0.2, 200, _from(20, 0.6)),
        ("mixed mode", "E", _of(0.02, 0.2, -55, 4), -70, 0.25, 160, _from(16, 10)),
        ("spike frequency adaptation", "F", _of(0.01, 0.2, -65, 8), -70, 0.25, 85, _from(8.5, 30)),
        ("class 1", "G", _of(0.02, -0.1, -55, 6, **CLASS_1), -60, 0.25, 300, lambda t: 0.075 * max(t - 30, 0)),
        ("class 2", "H", _of(0.2, 0.26, -65, 0), -64, 0.25, 300, lambda t: -0.5 + 0.015 * max(t - 30, 0)),
        ("spike latency", "I", _of(0.02, 0.2, -65, 6), -70, 0.2, 100, _pulses(7.04, (10, 13))),
        ("subthreshold oscillations", "J", _of(0.05, 0.26, -60, 0), -62, 0.25, 200, _pulses(2, (20, 25))),
        ("resonator", "K", _of(0.1, 0.26, -60, -1), -62, 0.25, 400, _pulses(0.65, (40, 44), (60, 64), (280, 284), (320, 324))),
        (
            "integrator", "L", _of(0.02, -0.1, -55, 6, **CLASS_1), -60, 0.25, 100,
            _pulses(9, (100 / 11, 100 / 11 + 2), (100 / 11 + 5, 100 / 11 + 7), (70, 72), (80, 82)),
        ),
        ("rebound spike", "M", _of(0.03, 0.25, -60, 4), -64, 0.2, 200, _pulses(-15, (20, 25))),
        ("rebound burst", "N", _of(0.03, 0.25, -52, 0), -64, 0.2, 200, _pulses(-15, (20, 25))),
        ("threshold variability", "O", _of(0.03, 0.25, -60, 4), -64, 0.25, 100, _variable_threshold),
        ("bistability", "P", _of(0.1, 0.26, -60, 0), -61, 0.25, 300, lambda t: 0.24 + _pulses(1, (37.5, 42.5), (216, 221))(t)),
        ("depolarising after-potential", "Q", _of(1, 0.2, -60, -21), -70, 0.1, 50, _pulses(20, (9, 11))),
        ("accommodation", "R", _of(0.02, 1, -55, 4, **ACCOMMODATING), -65, 0.5, 400, _two_ramps),
        ("inhibition-induced spiking", "S", _of(-0.02, -1, -60, 8), -63.8, 0.5, 350, _inhibited),
        ("inhibition-induced bursting", "T", _of(-0.026, -1, -45, -2), -63.8, 0.5, 350, _inhibited),
    )
}  # fmt: skip

CELLS: Mapping[str, Mapping[str, float]] = {
    "regular spiking": _of(0.02, 0.2, -65, 8),
    "intrinsically bursting": _of(0.02, 0.2, -55, 4),
    "chattering": _of(0.02, 0.2, -50, 2),
    "fast spiking": _of(0.1, 0.2, -65, 2),
    "low-threshold spiking": _of(0.02, 0.25, -65, 2),
}
