"""The neuron of converted networks."""

from ranvier.equations.declaration import parameter, state
from ranvier.equations.options import Subtract
from ranvier.neurons.integrate_and_fire import IF
from ranvier.units import Voltage


class RateIF(IF):
    """Integrate-and-fire neuron whose rate stands for an activation: an `IF` with a start of its own and subtractive reset.

    v <- v + x;  spike where v >= v_threshold (1 - rounding);  v <- v - v_threshold.

    A constant x in [0, v_threshold] gives floor((T x + v_start)/v_threshold) spikes in T steps: with v_start at half the threshold the rate is
    x/v_threshold, rounded to the nearest 1/T. With reset=ToValue() what exceeds the threshold is lost, and the rate is too low.
    rounding: 1e-5, so that ten times 0.1 makes a spike although its sum in floating point is below 1.

    Input: impulses added to v [V]. Order: input, compare, reset, in one step. Gradient through the reset: none.

    Source: Rueckauer et al., Frontiers in Neuroscience 11:682 (2017), eq. 3 to 5; Bu et al., ICLR (2022), on the start at half the threshold.
    """

    v_start: Voltage = parameter(0.5)  # membrane potential at the start
    v: Voltage = state("v_start")  # membrane potential, [B, *N]
    rounding: float = 1e-5  # share of the threshold that rounding may take

    default_reset = Subtract()

    def threshold(self, s):
        return s.v - (1 - self.rounding) * self.v_threshold
