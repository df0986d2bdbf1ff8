"""The simple model of Izhikevich."""

from typing import Annotated, Any

import torch

from ranvier.equations.declaration import parameter, state
from ranvier.equations.functions import minimum
from ranvier.equations.integrators import SemiImplicitEuler
from ranvier.neurons.izhikevich_patterns import CELLS, PATTERNS
from ranvier.neurons.neuron import Neuron
from ranvier.units import NAMED, Dimensionless, Frequency, Voltage, VoltageRate, ms, mV

LONGEST_STEP = 1 * ms
Curvature = Annotated[Any, NAMED["frequency"] / NAMED["voltage"]]


class Izhikevich(Neuron):
    """Simple model of spiking neurons: a quadratic membrane and a linear recovery variable.

    dv/dt = k v^2 + slope v + offset - u + i, with k = 0.04/(mV ms), slope = 5/ms, offset = 140 mV/ms;
    du/dt = a (b (v - v_u) - decay u);  spike where v >= v_peak;  v <- c, u <- u + d.

    Input: a current i in mV/ms = V/s (the number of the paper is the number here), unscaled; with `input=ImpulseInput()` a jump
    of v [V]. Comparison: v >= v_peak, after the step's input. Order: v, then u from the new v (`SemiImplicitEuler`, the scheme of the
    author's figures), compare, reset v and raise u, in one step. Counts and times of spikes are those of a scheme and its dt: never
    compare them across schemes. Above v_peak the square is held, so that no choice of order lets v run away.
    Gradient through the jump of u: yes; through the reset of v: none, unless reset=ToValue(detach=False).

    Units of the parameters: a [1/s] (0.02/ms), b [1/s] (0.2/ms), c [V] (-65 mV), d [V/s] (8 mV/ms); `decay=0` makes u a pure integral.

    `Izhikevich.pattern("mixed mode")` gives one of 20 firing patterns; `izhikevich_patterns.py` holds them with their inputs.

    Raises ValueError for dt > 1 ms, where one step may take v anywhere, and for c at or above v_peak.

    Source: Izhikevich (2003), "Simple model of spiking neurons"; Izhikevich (2004), "Which model to use for cortical
    spiking neurons?", fig. 1.

    >>> import torch
    >>> int(Izhikevich(d=6.0, dt=0.25e-3)(torch.full((400, 1, 1), 14.0)).sum())    # 100 ms, tonic spiking
    5
    """

    a: Frequency = parameter(0.02 / ms)  # rate of recovery
    b: Frequency = parameter(0.2 / ms)  # sensitivity of u to v
    c: Voltage = parameter(-65 * mV)  # value of v after a spike
    d: VoltageRate = parameter(8 * mV / ms)  # rise of u at a spike
    v_peak: Voltage = parameter(30 * mV)  # fires when v >= v_peak
    k: Curvature = parameter(0.04 / (mV * ms))  # of the parabola
    slope: Frequency = parameter(5 / ms)  # of the parabola at v = 0
    offset: VoltageRate = parameter(140 * mV / ms)  # of the parabola at v = 0
    v_u: Voltage = parameter(0.0)  # where b (v - v_u) is zero
    decay: Dimensionless = parameter(1.0)  # 0: u forgets nothing
    v_start: Voltage = parameter(-70 * mV)  # where v starts
    u_shift: VoltageRate = parameter(0.0)  # u starts at b v_start + u_shift
    v: Voltage = state("v_start")  # membrane potential, [B, *N]
    u: VoltageRate = state("u_start")  # recovery, [B, *N]

    default_dt = 0.5 * ms
    default_integrator = SemiImplicitEuler()

    def dynamics(self, s: Any, i: VoltageRate) -> Any:
        v = minimum(s.v, self.v_peak)
        return {
            "v": self.k * v**2 + self.slope * s.v + self.offset - s.u + i,
            "u": self.a * (self.b * (s.v - self.v_u) - self.decay * s.u),
        }

    def u_start(self) -> Any:
        return self.b * self.v_start + self.u_shift

    def receive(self, s: Any, x: Any) -> Any:
        return {"v": s.v + x}

    def threshold(self, s: Any) -> Any:
        return s.v - self.v_peak

    def reset(self, s: Any) -> Any:
        return {"v": self.c, "u": s.u + self.d}

    def validate(self) -> None:
        """Refuses what `Neuron.validate` refuses, steps above 1 ms, and a reset at or above the peak."""
        super().validate()
        name = type(self).__name__
        if self.dt > LONGEST_STEP:
            raise ValueError(
                f"{name}: dt must not exceed 1 ms, got dt={self.dt:g} s: one step would take v anywhere. "
                "Write dt=0.5 * ms, or less for strong input."
            )
        gap = torch.as_tensor(self.v_peak) - torch.as_tensor(self.c)
        if float(gap.detach().min()) <= 0:
            raise ValueError(f"{name}: c must lie below v_peak, or the neuron fires for ever; lower c or raise v_peak.")

    @classmethod
    def pattern(cls, name: str, **options: Any) -> "Izhikevich":
        """One of the 20 firing patterns, such as "tonic bursting", with the dt of its figure, or a kind of cell, such as "chattering".

        options: as for any neuron; they override the table. A pattern's input is `PATTERNS[name].current()`. Raises ValueError for
        another name.
        """
        if name in PATTERNS:
            found = PATTERNS[name]
            return cls(**{"dt": found.dt, **found.parameters, **options})
        if name not in CELLS:
            known = ", ".join(map(repr, [*PATTERNS, *CELLS]))
            raise ValueError(f"{cls.__name__}.pattern: no pattern {name!r}. Choose one of {known}.")
        return cls(**{**CELLS[name], **options})
