"""The rule of Bienenstock, Cooper and Munro."""

from typing import Any

from ranvier.equations.declaration import parameter
from ranvier.equations.functions import exp, maximum
from ranvier.plasticity.rule import Rule, trace
from ranvier.units import Frequency, Hz, Time, ms


class BCM(Rule):
    """Bienenstock-Cooper-Munro rule with a sliding threshold, on the rate of the postsynaptic neuron.

    dw/dt = eta x y (y - theta);  tau_theta dtheta/dt = y^2 / target - theta.

    x and y are traces of pre- and postsynaptic spikes that jump by 1/tau, so that they are rates [1/s]. At its fixed points the neuron responds to some
    inputs and not to others: of n patterns that are equally frequent, to one, with n times `target`. theta must be quicker than the weights:
    eta mean(x^2) y tau_theta < 1, or they oscillate. theta starts at 0, and so does not hold back a neuron that has not fired.

    Source: Bienenstock, Cooper and Munro (1982), Journal of Neuroscience 2; theta as the mean of y^2: Intrator and Cooper (1992), Neural Networks 5.
    """

    tau_x: Time = parameter(20 * ms, positive=True)  # of x
    tau_y: Time = parameter(20 * ms, positive=True)  # of y
    tau_theta: Time = parameter(1000 * ms, positive=True)  # of the threshold
    eta: float = parameter(1e-6, nonnegative=True)  # learning rate, s^2
    target: Frequency = parameter(10 * Hz, positive=True)  # mean of y^2 over mean of y
    x: float = trace("tau_x")  # of presynaptic spikes, 1/s
    y: float = trace("tau_y")  # of postsynaptic spikes, 1/s
    theta: float = trace("tau_theta")  # the threshold, 1/s

    def activity(self, s: Any, post: Any) -> Any:
        """What counts as the response of the neuron, never below 0."""
        return s.y

    def on_pre(self, s: Any) -> Any:
        return {"x": s.x + 1 / self.tau_x}

    def on_post(self, s: Any) -> Any:
        return {"y": s.y + 1 / self.tau_y}

    def each_step(self, s: Any, post: Any) -> Any:
        y = self.activity(s, post)
        grown = (
            exp(self.dt / self.tau_theta) - 1
        ) / self.target  # theta decays after this, to theta + (y^2/target - theta) (1 - exp(-dt/tau))
        return {"w": s.w + self.dt * self.eta * s.x * y * (y - s.theta), "theta": s.theta + y * y * grown}


class GradedBCM(BCM):
    """As `BCM`, for neurons whose response is their potential, where it is above 0: `y` = max(v, 0), in its unit, as are theta and target."""

    target: float = parameter(1.0, positive=True)  # mean of y^2 over mean of y

    def activity(self, s: Any, post: Any) -> Any:
        return maximum(post.v, 0)
