"""The liquid time-constant cell compiled: what its runs and their gradients are made of. The steps themselves are in `liquid_steps.py`.

`WIDTH` sequences are a part; the batch is filled up to whole parts with sequences of zeros. Parts are always the same, so that gradients do not depend on
the number of threads.
"""

import math
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ranvier.kernels.cpu.lanes import WIDTH
from ranvier.kernels.cpu.liquid_steps import FIELDS, backward, forward
from ranvier.kernels.cpu.memory import buffer
from ranvier.kernels.cpu.threads import split


class _Sizes(NamedTuple):
    """Of a run, as the kernels take them. rows: of a part's trace."""

    inputs: int
    units: int
    steps: int
    unfolds: int
    rows: int


class _Synapses(NamedTuple):
    """Those that are there, unit by unit, of each first those from inputs. place: in the matrices [inputs + units, units]."""

    place: Tensor
    sender: np.ndarray
    ends: np.ndarray

    @staticmethod
    def of(w: Tensor, inputs: int) -> "_Synapses":
        unit, row = w.detach().t().nonzero(as_tuple=True)
        units = w.shape[1]
        kinds = torch.bincount(2 * unit + (row >= inputs), minlength=2 * units)
        sender = torch.where(row < inputs, row, row - inputs).to(torch.int32)
        return _Synapses(row * units + unit, sender.numpy(), torch.nn.functional.pad(kinds.cumsum(0), (1, 0)).numpy())


def run(x: Tensor, v: Tensor, rate: Tensor, unfolds: int, parameters: tuple[Tensor, ...]) -> Tensor:
    """v [T, B, units] at the end of each step. x: [T, B, inputs]; v: [B, units] at the start; rate: 1/h of the integrator's steps, [T, B].

    parameters: w, sigma, mu, erev, each [inputs + units, units], and cm, gleak, vleak, each [units]. A w of 0 is no synapse: its gradient is 0.
    """
    keep = torch.is_grad_enabled() and any(given.requires_grad for given in (x, v, *parameters))
    return _Liquid.apply(keep, x, v, rate, unfolds, *parameters)  # pyright: ignore[reportReturnType]


class _Liquid(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, keep: bool, x: Tensor, v: Tensor, rate: Tensor, unfolds: int, *parameters: Tensor) -> Tensor:
        w, sigma, mu, erev, cm, gleak, vleak = (p.detach().to(x.dtype) for p in parameters)
        steps, batch, inputs = x.shape
        units = v.shape[1]
        sizes = _Sizes(inputs, units, steps, unfolds, steps * unfolds + 1 if keep else steps + 3)
        synapses = _Synapses.of(w, inputs)
        slope = -sigma / math.log(2)
        fields = torch.stack([w, slope, -slope * mu, w * erev, erev, w * sigma], -1)
        table = fields.view(-1, FIELDS)[synapses.place].numpy()
        unit = torch.stack([cm, gleak, vleak], 1).numpy()
        parts = -(-batch // WIDTH)
        senders = _parted(x)
        trace = buffer((parts, sizes.rows, units, WIDTH), senders.dtype)
        trace[:, 0] = _parted(v.unsqueeze(0))[:, 0]
        whole = buffer((parts, steps * unfolds if keep else 1, units, WIDTH), senders.dtype)
        rates = np.ascontiguousarray(_parted(rate.to(x.dtype).unsqueeze(2), 1.0)[:, :, 0])
        arrays = (senders, trace, whole, rates, table, synapses.sender)
        flat = tuple(a.reshape(-1) for a in arrays)
        work = parts * WIDTH * steps * len(synapses.sender) * unfolds
        split(parts, work, forward, *flat, synapses.ends, unit.reshape(-1), tuple(sizes), keep)
        if keep:
            ctx.sizes, ctx.flat, ctx.unit, ctx.synapses, ctx.work = sizes, flat, unit, synapses, work
            ctx.kinds = [p.dtype for p in parameters]
            ctx.save_for_backward(w, sigma, mu, erev)
        each = unfolds if keep else 1
        return _joined(trace[:, each : steps * each + 1 : each], batch)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, error: Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        w, sigma, mu, erev = ctx.saved_tensors
        sizes, synapses, unit = ctx.sizes, ctx.synapses, ctx.unit
        batch, kind = error.shape[1], ctx.flat[0].dtype
        parts = -(-batch // WIDTH)
        dx = np.zeros((parts, sizes.steps, sizes.inputs, WIDTH), kind)
        start = np.empty((parts, 1, sizes.units, WIDTH), kind)
        sums = np.zeros((parts, len(synapses.sender), 4), kind)
        unit_sums = np.zeros((parts, sizes.units, 3, WIDTH), kind)
        senders, *others = ctx.flat
        split(
            parts, 2 * ctx.work, backward, senders, dx.reshape(-1), *others, synapses.ends, unit.reshape(-1),
            _parted(error).reshape(-1), start.reshape(-1), sums, unit_sums.reshape(-1), tuple(sizes),
        )  # fmt: skip
        # of q s, d driven s, q s (1 - s), q s (1 - s) u, as in `close_synapses`
        found = torch.zeros(w.numel(), 4, dtype=w.dtype)
        found[synapses.place] = torch.from_numpy(sums).sum(0)
        q, drive, change, moved = found.view(*w.shape, 4).unbind(-1)
        of_units = torch.from_numpy(unit_sums).sum((0, 3)).unbind(1)
        of_synapses = (q, w * (moved - mu * change), -w * sigma * change, w * drive)
        every = [g.to(kind) for g, kind in zip((*of_synapses, *of_units), ctx.kinds, strict=True)]
        return None, _joined(dx, batch), _joined(start, batch)[0], None, None, *every


def _parted(x: Tensor, fill: float = 0.0) -> np.ndarray:
    """[T, B, N] as [part, T, N, WIDTH], filled up."""
    steps, batch, n = x.shape
    parts = -(-batch // WIDTH)
    padded = torch.nn.functional.pad(x.detach(), (0, 0, 0, parts * WIDTH - batch), value=fill)
    return padded.view(steps, parts, WIDTH, n).permute(1, 0, 3, 2).contiguous().numpy()


def _joined(x: np.ndarray, batch: int) -> Tensor:
    """[part, T, N, WIDTH] as [T, B, N]."""
    parts, steps, n, _ = x.shape
    return torch.from_numpy(x).permute(1, 0, 3, 2).reshape(steps, parts * WIDTH, n)[:, :batch].contiguous()
