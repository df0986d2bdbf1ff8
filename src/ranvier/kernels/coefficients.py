"""The time-independent part of a model, computed once a call: parameters -> coefficients of the loop.

In torch and in float64, so that exp(-dt/tau) is right to the last bit of float32 and its gradient reaches tau by autograd.
"""

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import sympy
import torch
from torch import Tensor

from ranvier.equations.functions import Expr, exprel_tensor
from ranvier.equations.lowering import Loop
from ranvier.equations.program import DT, Propagator
from ranvier.kernels.printing import TORCH, render

DEGREE = 14  # of the Taylor polynomial for matrices of norm below 1/2: what is left out is below 1e-16 of what is there
BALANCING = 6  # rounds, each of which takes the square root of how far units are apart


def coefficients(loop: Loop, parameters: Mapping[str, Any], dt: float) -> tuple[Tensor, ...]:
    """Values of `loop.coefficients`, in order, as float64 tensors of the parameters' common shapes (0-d for plain numbers).

    parameters: name -> float or tensor.
    """
    if all(isinstance(v, float) for v in parameters.values()):
        return _of_numbers(loop, tuple(parameters.items()), dt)
    return _compute(loop, parameters, dt)


@lru_cache(maxsize=256)
def _of_numbers(loop: Loop, parameters: tuple[tuple[str, float], ...], dt: float) -> tuple[Tensor, ...]:
    return _compute(loop, dict(parameters), dt)


def _compute(loop: Loop, parameters: Mapping[str, Any], dt: float) -> tuple[Tensor, ...]:
    device = next((v.device for v in parameters.values() if isinstance(v, Tensor)), None)
    values: dict[sympy.Symbol, Tensor] = {
        symbol: torch.as_tensor(parameters[str(symbol)], dtype=torch.float64, device=device)
        for symbol in loop.program.parameters
    }
    values |= {s: torch.tensor(v, dtype=torch.float64, device=device) for s, v in loop.program.constants.items()}
    values[DT] = torch.tensor(dt, dtype=torch.float64, device=device)
    for p in loop.program.propagators:
        values |= _propagate(p, values)
    return tuple(_evaluate(e, values) for e in loop.coefficients.values())


def _propagate(p: Propagator, values: Mapping[sympy.Symbol, Tensor]) -> dict[sympy.Symbol, Tensor]:
    n, k = p.matrix.rows, p.sources.cols
    system = sympy.Matrix.hstack(p.matrix, p.sources) if k else sympy.Matrix(p.matrix)
    rows = [[_evaluate(system[i, j], values) for j in range(n + k)] for i in range(n)]
    shape = torch.broadcast_shapes(*(e.shape for row in rows for e in row))
    rows += [[torch.zeros((), dtype=torch.float64, device=values[DT].device)] * (n + k) for _ in range(k)]
    full = torch.stack([torch.stack([e.expand(shape) for e in row], -1) for row in rows], -2)  # [*shape, n+k, n+k]
    solved = exponential(full * values[DT])
    return {symbol: solved[..., i, j] for symbol, i, j in p.entries}


def exponential(x: Tensor) -> Tensor:
    """exp(x) of square matrices [..., n, n] in float64, each entry to about 1e-14 of its own size; differentiable.

    `torch.linalg.matrix_exp` promises that of the largest entry only: of a small step the others are off by up to 1e-9. Here units are brought
    to one size by powers of two, which change no digit; then a Taylor polynomial of x/2^s, squared s times. For a step of dt <= tau, s is 1 to 3.
    """
    scale = _balanced(x.detach())
    y = x * scale.unsqueeze(-2) / scale.unsqueeze(-1)
    norm = float(y.detach().abs().sum(-1).max())
    squarings = max(0, math.frexp(norm)[1] + 1) if math.isfinite(norm) else 0
    y = y / 2**squarings
    one = torch.eye(x.shape[-1], dtype=x.dtype, device=x.device)
    result = one
    for k in range(DEGREE, 0, -1):
        result = one + y @ result / k
    for _ in range(squarings):
        result = result @ result
    return result * scale.unsqueeze(-1) / scale.unsqueeze(-2)


def _balanced(x: Tensor) -> Tensor:
    """Units [..., n], powers of two, in which rows and columns beside the diagonal are of one size, or no larger than the diagonal."""
    diagonal = x.diagonal(dim1=-2, dim2=-1)
    beside = (x - torch.diag_embed(diagonal)).abs()
    least = diagonal.abs().amax(-1, keepdim=True).clamp(min=0.25)
    units = torch.zeros_like(diagonal)  # logarithms to base 2
    for _ in range(BALANCING):
        now = beside * torch.exp2(units.unsqueeze(-2) - units.unsqueeze(-1))
        units = units + torch.log2((now.sum(-1) + least) / (now.sum(-2) + least)) / 4
    return torch.exp2(units.round())


def _evaluate(e: Expr, values: Mapping[sympy.Symbol, Tensor]) -> Tensor:
    function, symbols = _compiled(e)
    return torch.as_tensor(function(*(values[s] for s in symbols)), dtype=torch.float64, device=values[DT].device)


@lru_cache(maxsize=1024)
def _compiled(e: Expr) -> tuple[Any, tuple[sympy.Symbol, ...]]:
    symbols = tuple(sorted(e.free_symbols, key=str))
    names = {s: f"a{k}" for k, s in enumerate(symbols)}
    source = f"lambda {', '.join(names.values())}: {render(e, names, TORCH)}"
    return eval(source, {"torch": torch, "exprel": exprel_tensor, "choose": torch.where}), symbols
