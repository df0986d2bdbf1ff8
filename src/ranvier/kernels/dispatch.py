"""Which kernel runs: `eager`, `cpu`, or `auto`, which names its pick. A backend that was asked for runs, or an error says why."""

from collections.abc import Sequence

import sympy
import torch
from torch import Tensor

from ranvier.equations.lowering import Loop
from ranvier.kernels import eager
from ranvier.kernels.cpu.counting import count as count_cpu
from ranvier.kernels.cpu.linear import linear as linear_cpu
from ranvier.kernels.cpu.recurrent_steps import run_recurrent as run_recurrent_cpu
from ranvier.kernels.cpu.run import run as run_cpu

BACKENDS = ("auto", "cpu", "eager")


def choose(backend: str, x: Tensor) -> str:
    """The backend that runs for this input: `cpu` or `eager`. Raises ValueError where the one asked for cannot."""
    if backend not in BACKENDS:
        raise ValueError(f"backend must be one of {BACKENDS}, got {backend!r}.")
    reason = None
    if x.device.type != "cpu":
        reason = f"the input is on {x.device}. Move it with .to('cpu')"
    elif x.dtype not in (torch.float32, torch.float64):
        reason = f"the input is {x.dtype}. Convert it with .to(torch.float32)"
    if backend == "cpu" and reason:
        raise ValueError(
            f'backend="cpu" needs a float32 or float64 tensor on the CPU; {reason} or choose backend="eager".'
        )
    return "eager" if backend == "eager" or reason else "cpu"


def run(
    loop: Loop,
    x: Tensor,
    states: Sequence[Tensor],
    values: Sequence[Tensor],
    outputs: tuple[sympy.Symbol, ...],
    backend: str = "auto",
) -> tuple[list[Tensor], list[Tensor]]:
    """Runs a loop over x [T, B, *N] from states [B, *N]; returns outputs [T, B, *N] and final states."""
    chosen = run_cpu if choose(backend, x) == "cpu" else eager.run
    return chosen(loop, x, states, values, outputs)


def count(
    loop: Loop, x: Tensor, steps: int, states: Sequence[Tensor], values: Sequence[Tensor], backend: str = "auto"
) -> tuple[Tensor, list[Tensor]]:
    """Spikes of each neuron in `steps` steps under the constant input x [B, *N], int64 [B, *N], and the final states; no gradient."""
    chosen = count_cpu if choose(backend, x) == "cpu" else eager.count
    return chosen(loop, x, steps, states, values)


def run_recurrent(
    loop: Loop,
    x: Tensor,
    weight: Tensor,
    last: Tensor,
    states: Sequence[Tensor],
    values: Sequence[Tensor],
    outputs: tuple[sympy.Symbol, ...],
    backend: str = "auto",
) -> tuple[list[Tensor], list[Tensor]]:
    """As `run`, where the input of each step is x[t] + out[t-1] @ weight.T. x: [T, B, N]; last: out of the step before."""
    chosen = run_recurrent_cpu if choose(backend, x) == "cpu" else eager.run_recurrent
    return chosen(loop, x, weight, last, states, values, outputs)


def linear(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """x @ weight.T + bias over the last axis, by the events of x where that is cheaper."""
    if x.device.type == "cpu" and x.dtype == weight.dtype and x.dtype in (torch.float32, torch.float64):
        return linear_cpu(x, weight, bias)
    return torch.nn.functional.linear(x, weight, bias)
