"""What the statements of whole numbers mean, computed on arrays; and operations on values, for samples and exact sums."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ranvier.hardware.integers import Choice, Compare, CompareQuotient, Condition, Flag, Format, Let, Sum, Tree
from ranvier.hardware.plan import Convolution, Delay, Dense, Gate, Op, Pool, Scaled, Weights

Held = Mapping[str, np.ndarray]  # raw numbers of each variable
RELATIONS = {
    ">=": np.greater_equal,
    ">": np.greater,
    "<=": np.less_equal,
    "<": np.less,
    "==": np.equal,
    "!=": np.not_equal,
}
TURNED = {">=": "<=", ">": "<", "<=": ">=", "<": ">", "==": "==", "!=": "!="}


# ---- statements ----------------------------------------------------------------------------------------------------------


def rounded(total: np.ndarray, shift: int, rounding: str) -> np.ndarray:
    """total / 2^shift as a whole number. "nearest": halves go up; "away": any rest goes away from zero."""
    if shift <= 0:
        return total << -shift
    one = np.int64(1)
    match rounding:
        case "nearest":
            return (total + (one << (shift - 1))) >> shift
        case "floor":
            return total >> shift
        case "zero":
            return np.sign(total) * (np.abs(total) >> shift)
    return np.sign(total) * ((np.abs(total) + (one << shift) - 1) >> shift)


def assigned(line: Let, held: Held, rounding: str) -> tuple[np.ndarray, int]:
    """Value of a statement, rounded and saturated, and how many were saturated."""
    value = _settled(line.tree, line.format, held, rounding)
    if line.binary:
        return value, 0
    top = line.format.largest
    return np.clip(value, -top - 1, top), int(((value > top) | (value < -top - 1)).sum())


def holds(condition: Condition, held: Held) -> np.ndarray:
    """Where a condition is true."""
    match condition:
        case Flag(name):
            return held[name] > 0
        case Compare(form, relation):
            return np.asarray(RELATIONS[relation](_total(form, held), 0))
        case CompareQuotient(above, below, relation):
            top, bottom = _total(above, held), _total(below, held)
            return np.where(bottom >= 0, RELATIONS[relation](top, 0), RELATIONS[TURNED[relation]](top, 0))
    parts = [holds(c, held) for c in condition.conditions]
    return np.logical_and.reduce(parts) if condition.every else np.logical_or.reduce(parts)


def _settled(tree: Tree, format: Format, held: Held, rounding: str) -> np.ndarray:
    if isinstance(tree, Choice):
        yes, no = (_settled(part, format, held, rounding) for part in (tree.yes, tree.no))
        return np.where(holds(tree.condition, held), yes, no)
    return rounded(_total(tree, held), tree.fraction - format.fraction, rounding)


def _total(form: Sum, held: Held) -> np.ndarray:
    total = form.constant
    for name, factor in form.terms.items():
        total = total + factor * held[name]
    return total


# ---- operations ----------------------------------------------------------------------------------------------------------


def codes_of(weights: Weights) -> tuple[np.ndarray, np.ndarray]:
    """Codes and scales of weights that lie on a grid."""
    assert weights.codes is not None and weights.scale is not None
    return weights.codes, weights.scale


def dense(op: Dense, weights: np.ndarray, x: Tensor, first: int = 0) -> Tensor:
    """Sums of weights [segments, out, in] over x [T, B, in], from the `first` step of a sample on."""
    w = torch.from_numpy(np.ascontiguousarray(weights, dtype=np.float64))
    if len(w) == 1:
        return x @ w[0].T
    segments = [min(t * len(w) // op.steps, len(w) - 1) for t in range(first, first + len(x))]
    return torch.stack([x[t] @ w[s].T for t, s in enumerate(segments)])


def delayed(op: Delay, x: Tensor, past: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """[T, B, *N] -> [T, B, count, *N], and what the next run begins with. past [count - 1, B, *N]: nothing, if None."""
    first = op.count - 1
    whole = torch.cat([torch.zeros((first, *x.shape[1:]), dtype=x.dtype) if past is None else past, x])
    return torch.stack([whole[first - j : first - j + len(x)] for j in range(op.count)], 2), whole[len(whole) - first :]


def values(op: Op, x: Tensor, whole: bool = False) -> Tensor:
    """An operation without state on values [T, B, *N] in float64; whole: on codes and raw numbers, without bias, factor or dividing."""
    match op:
        case Dense():
            y = dense(op, op.weights.values, x)
            return y if op.bias is None else y + torch.from_numpy(op.bias)
        case Convolution():
            weights = codes_of(op.weights)[0] if whole else op.weights.values
            bias = None if op.bias is None or whole else torch.from_numpy(op.bias)
            w = torch.from_numpy(np.ascontiguousarray(weights, dtype=np.float64))
            y = F.conv2d(x.flatten(0, 1), w, bias, op.stride, op.padding, 1, op.groups)
            return y.unflatten(0, x.shape[:2])
        case Pool():
            frames = x.flatten(0, 1)
            if op.kind == "max":
                y = F.max_pool2d(frames, op.kernel, op.stride)
            else:
                y = F.avg_pool2d(
                    frames, op.kernel, op.stride, divisor_override=1 if whole or op.kind == "sum" else None
                )
            return y.unflatten(0, x.shape[:2])
        case Gate():
            return op.gate.run(x).output
        case Delay():
            return delayed(op, x)[0]
        case Scaled() if not whole:
            y = x * torch.from_numpy(op.factor)
            return y if op.offset is None else y + torch.from_numpy(op.offset)
    return x.reshape(*x.shape[:2], *op.after)
