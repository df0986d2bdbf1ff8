"""A neural circuit policy learns a curve: sine and cosine in, a sine of twice the frequency out, 16 sparsely wired neurons with one motor neuron.

    python examples/reservoirs/ncp.py

`LiquidTimeConstant` with an LTC and with a CfC cell, 200 epochs over one series of 48 steps. The loss is the mean squared error divided by the variance of
the target. The readout is a line through the motor neuron's potential.
"""

import time

import numpy as np

from ranvier.reservoirs import NCP, LiquidTimeConstant, Ridge, tasks


def main() -> None:
    phase = np.linspace(0, 3 * np.pi, 48)
    x, y = np.stack([np.sin(phase), np.cos(phase)], 1), np.sin(2 * phase)
    for cell, rate in (("CfC", 0.02), ("LTC", 0.02)):
        began = time.process_time()
        model = LiquidTimeConstant(
            cell=cell, wiring=NCP.auto(16, 1), epochs=200, learning_rate=rate, standardise=False, readout=Ridge(1e-6), random_state=0
        ).fit(x, y)  # fmt: skip
        error = tasks.nmse(y, model.predict(x))
        links = int(np.count_nonzero(model.synapses_))
        print(
            f"{cell}, {links} synapses: loss {model.losses_[0]:.3f} at first, {model.losses_[-1]:.4f} at last, with the fitted readout {error:.4f} "
            f"({time.process_time() - began:.0f} s of processor time)",
            flush=True,
        )
        assert error < 0.01


if __name__ == "__main__":
    main()
