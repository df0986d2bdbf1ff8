"""A neuron of your own in a dozen lines: it gets the compiled kernel, forward and backward, as the built-in ones do.

The model: a quadratic integrate-and-fire neuron with a slow adaptation current. Nothing but its equations is written down.

    python examples/own_neuron.py
"""

import torch

import ranvier as rv
from ranvier.units import Current, Resistance, Time, Voltage


class AdaptiveQIF(rv.Neuron):
    """tau_mem dv/dt = v (v - v_critical)/v_critical - r w + r i;  tau_w dw/dt = -w;  at v >= v_threshold: v <- v_reset, w <- w + jump."""

    tau_mem: Time = rv.parameter(10 * rv.ms, positive=True)
    tau_w: Time = rv.parameter(100 * rv.ms, positive=True)
    r: Resistance = rv.parameter(1.0)
    v_critical: Voltage = rv.parameter(0.5)
    v_threshold: Voltage = rv.parameter(1.0)
    v_reset: Voltage = rv.parameter(0.0)
    jump: Current = rv.parameter(0.1)
    v: Voltage = rv.state(0.0)
    w: Current = rv.state(0.0)

    def dynamics(self, s, i: Current):
        return {
            "v": (s.v * (s.v - self.v_critical) / self.v_critical + self.r * (i - s.w)) / self.tau_mem,
            "w": -s.w / self.tau_w,
        }

    def threshold(self, s):
        return s.v - self.v_threshold

    def reset(self, s):
        return {"v": self.v_reset, "w": s.w + self.jump}


if __name__ == "__main__":
    print(AdaptiveQIF().program)

    # the compiled kernel and the eager reference give the same spikes and the same gradients
    x = (0.4 + 0.4 * torch.rand(200, 8, 64, dtype=torch.float64)).requires_grad_()
    results = []
    for backend in ("cpu", "eager"):
        torch.manual_seed(0)
        neuron = AdaptiveQIF(tau_mem=10e-3 + 5e-3 * torch.rand(64), learn=("tau_mem", "jump"), backend=backend).double()
        spikes = neuron(x)
        gradients = torch.autograd.grad((spikes * torch.linspace(0, 1, 64)).sum(), [x, *neuron.parameters()])
        results.append((spikes.detach(), *gradients))
    worst = max(float((a - b).abs().max() / b.abs().max()) for a, b in zip(*results, strict=True))
    print(f"{int(results[0][0].sum())} spikes; compiled against eager, largest relative difference {worst:.1e}")
    assert torch.equal(results[0][0], results[1][0]) and worst < 1e-9

    # a slip in the equations is an error when the class is made
    try:

        class Slip(AdaptiveQIF):
            def dynamics(self, s, i: Current):
                return {"v": -s.v + self.r * i, "w": -s.w / self.tau_w}

    except rv.ModelError as error:
        print(f"refused: {error}")
    else:
        raise AssertionError("a wrong dimension went unnoticed")
