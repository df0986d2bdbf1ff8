"""Time courses that synapses and neurons share."""

from typing import Any

from ranvier.equations.functions import exp, linoid, log


def rise_and_decay(level: Any, drive: Any, tau_rise: Any, tau_decay: Any) -> tuple[Any, Any]:
    """Derivatives of a level and of its drive; a unit jump of the drive makes a difference of exponentials of peak 1.

    d(drive)/dt = -drive/tau_rise;  d(level)/dt = -level/tau_decay + gain drive. At the peak, t* after the jump, gain exp(-t*/tau_rise) is
    1/tau_decay, so gain = exp(t*/tau_rise)/tau_decay, with t*/tau_rise = ln(q)/(1 - 1/q), q = tau_decay/tau_rise. That is `linoid(ln q)`,
    which is 1 for q = 1: equal time constants give the alpha function, and nothing divides by their difference.
    """
    gain = exp(linoid(log(tau_decay / tau_rise))) / tau_decay
    return gain * drive - level / tau_decay, -drive / tau_rise
