"""LTC and CfC cells beside ncps: a step of time of 64 sequences of 28 values, forward alone and with the way back; same sizes, same integrator steps.

    python -m venv peer && peer/bin/pip install ncps==1.0.1 torch
    python benchmarks/cells.py --peer peer/bin/python

Both sides run in turn, three rounds, and the best round of each counts; a time is the median of seven calls inside a round, after a first one that
compiles, divided by 28 steps. LTC: six integrator steps a step; CfC: a backbone of one layer of 64. "eager": our own steps in plain torch operations, which the
compiled ones are tested against. --processor: of the processor, one thread.
"""

from collections.abc import Callable
from typing import Any

from sides import Times, compare, median

STEPS, BATCH, FEATURES, SIZES, BACKBONE = 28, 64, 28, (32, 64, 128), 64


def timed(name: str, run: Callable[[], Any]) -> Times:
    """Of a step, without gradients and with. run: returns the output of all steps."""
    import torch

    def forward() -> None:
        with torch.no_grad():
            run()

    return {
        f"{name}, forward": median(forward, 7) / STEPS,
        f"{name}, there and back": median(lambda: run().sum().backward(), 7) / STEPS,
    }


def ours() -> Times:
    import torch

    import ranvier as rv

    x, found = torch.rand(STEPS, BATCH, FEATURES), {}
    for size in SIZES:
        for backend in ("auto", "eager"):
            mark = "" if backend == "auto" else " eager"
            ltc = rv.LTC(FEATURES, size, backend=backend)
            cfc = rv.CfC(FEATURES, size, backbone=(BACKBONE,), backend=backend)
            for name, cell in (("LTC", ltc), ("CfC", cfc)):
                found |= timed(f"{name} {size}{mark}", lambda cell=cell: cell(x))
    return found


def theirs() -> Times:
    import torch
    from ncps.torch import LTC, CfC

    x, found = torch.rand(BATCH, STEPS, FEATURES), {}
    for size in SIZES:
        ltc = LTC(FEATURES, size, ode_unfolds=6)
        cfc = CfC(FEATURES, size, backbone_units=BACKBONE, backbone_layers=1)
        for name, cell in (("LTC", ltc), ("CfC", cfc)):
            found |= timed(f"{name} {size}", lambda cell=cell: cell(x)[0])
    return found


if __name__ == "__main__":
    compare(__file__, __doc__, "ncps", ours, theirs)
