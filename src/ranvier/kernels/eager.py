"""The reference: one time step after another in plain torch operations, differentiated by autograd. Any device, any dtype.

This is the specification that every compiled kernel is judged against. It is written for clarity, not for speed.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import sympy
import torch
from torch import Tensor

from ranvier.equations.functions import exprel_tensor, uniform_tensor
from ranvier.equations.lowering import Loop
from ranvier.equations.program import INPUT, Assign, Detach, Fire
from ranvier.kernels.printing import TORCH, render


class _Spike(torch.autograd.Function):
    """Forward the given spike; backward the surrogate's derivative instead of zero."""

    @staticmethod
    def forward(ctx: Any, margin: Tensor, derivative: Tensor, strict: bool) -> Tensor:
        ctx.save_for_backward(derivative)
        return ((margin > 0) if strict else (margin >= 0)).to(margin.dtype)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        (derivative,) = ctx.saved_tensors
        return grads[0] * derivative, None, None


def run(
    loop: Loop, x: Tensor, states: Sequence[Tensor], values: Sequence[Tensor], outputs: tuple[sympy.Symbol, ...]
) -> tuple[list[Tensor], list[Tensor]]:
    """Runs the loop over x [T, B, *N] from `states` [B, *N]; returns the outputs [T, B, *N] and the final states.

    values: coefficients of the loop, 0-d or of the neurons' shape, in x's dtype.
    outputs: symbols of the step to return.
    """
    step = _step(loop, outputs)
    now = list(states)
    rows: list[tuple[Tensor, ...]] = []
    for x_t in x.unbind(0):
        out, now = step(x_t, now, values)
        rows.append(out)
    return [torch.stack(column) for column in zip(*rows, strict=True)], list(now)


def count(
    loop: Loop, x: Tensor, steps: int, states: Sequence[Tensor], values: Sequence[Tensor]
) -> tuple[Tensor, list[Tensor]]:
    """Spikes of each neuron in `steps` steps under the constant input x [B, *N], int64 [B, *N], and the final states; no gradient."""
    step = _step(loop, (loop.program.output,))
    now, total = list(states), torch.zeros(x.shape, dtype=torch.int64, device=x.device)
    with torch.no_grad():
        for _ in range(steps):
            (spikes,), now = step(x, now, values)
            total += spikes.long()
    return total, now


def run_recurrent(
    loop: Loop,
    x: Tensor,
    weight: Tensor,
    last: Tensor,
    states: Sequence[Tensor],
    values: Sequence[Tensor],
    outputs: tuple[sympy.Symbol, ...],
) -> tuple[list[Tensor], list[Tensor]]:
    """As `run`, where the input of each step is x[t] + out[t-1] @ weight.T."""
    step = _step(loop, outputs)
    now = list(states)
    rows: list[tuple[Tensor, ...]] = []
    for x_t in x.unbind(0):
        out, now = step(torch.addmm(x_t, last, weight.t()), now, values)
        rows.append(out)
        last = out[0]
    return [torch.stack(column) for column in zip(*rows, strict=True)], list(now)


@lru_cache(maxsize=256)
def _step(loop: Loop, outputs: tuple[sympy.Symbol, ...]) -> Callable[..., tuple[tuple[Tensor, ...], list[Tensor]]]:
    """The step as a Python function, from the loop's statements."""
    names: dict[sympy.Symbol, str] = {INPUT: "x"}
    names |= {s: f"s{k}" for k, s in enumerate(loop.states)}
    names |= {c: str(c) for c in loop.coefficients}
    lines = ["def step(x, states, values):"]
    lines.append(f"    [{', '.join(names[s] for s in loop.states)}] = states")
    if loop.coefficients:
        lines.append(f"    [{', '.join(names[c] for c in loop.coefficients)}] = values")
    for k, line in enumerate(loop.statements):
        names[line.target] = f"u{k}"
        match line:
            case Assign(_, value):
                text = render(value, names, TORCH)
            case Detach(_, source):
                text = f"{names[source]}.detach()"
            case Fire(_, argument, strict, derivative, None):
                text = f"spike({names[argument]}, ({render(derivative, names, TORCH)} + 0 * {names[argument]}).detach(), {strict})"
            case Fire(_, _, _, _, soft):
                text = render(soft, names, TORCH)
        lines.append(f"    u{k} = {text}")
    after = ", ".join(names[e] for e in loop.program.after.values())
    lines.append(f"    return ({''.join(names[o] + ', ' for o in outputs)}), [{after}]")
    scope: dict[str, Any] = {
        "torch": torch,
        "spike": _Spike.apply,
        "exprel": exprel_tensor,
        "uniform": uniform_tensor,
        "choose": _choose,
    }
    exec("\n".join(lines), scope)
    return scope["step"]


def _choose(condition: Tensor, yes: Any, no: Any) -> Tensor:
    """torch.where that gives plain numbers the type of the other branch, or of the condition's neighbour."""
    like = next((v for v in (yes, no) if isinstance(v, Tensor)), None)
    if like is None:
        return condition.to(torch.get_default_dtype()) * (yes - no) + no
    return torch.where(condition, yes, no)
