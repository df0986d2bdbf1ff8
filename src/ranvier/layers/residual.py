"""Two ways from one place to another, and the sum of what they bring."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ranvier.layers.sequential import Sequential
from ranvier.neurons.verbs import Run, Verbs


class Residual(Verbs):
    """The sum of two networks on the same input: y = body(x) + shortcut(x). x: [T, B, *N] -> [T, B, *M].

    The outputs must be of one shape. Inside a `Sequential` it ends the chain of the engine; each branch is a chain of its own.

    >>> from ranvier import IF, Linear
    >>> block = Residual(Sequential(Linear(8, 8), IF(), Linear(8, 8)), Sequential(Linear(8, 8)))
    """

    def __init__(self, body: Sequential, shortcut: Sequential) -> None:
        super().__init__()
        for name, branch in (("body", body), ("shortcut", shortcut)):
            if not isinstance(branch, Sequential):
                raise TypeError(
                    f"Residual: {name} must be a Sequential, got {type(branch).__name__}. Write Sequential(...)."
                )
        self.body, self.shortcut = body, shortcut

    def initial_state(self, shape: Sequence[int], like: Tensor | None = None) -> dict[str, Any]:
        """States at rest of both branches, for input [B, *N]."""
        return {
            "body": self.body.initial_state(shape, like),
            "shortcut": self.shortcut.initial_state(shape, like),
        }

    def run(self, x: Tensor, state: dict[str, Any] | None = None, record: Sequence[str] = ()) -> Run:
        """Runs x [T, B, *N] through both from `state` (rest if None). Keys of the records begin with "body." or "shortcut."."""
        ended, states, records = [], {}, {}
        for name, branch in (("body", self.body), ("shortcut", self.shortcut)):
            known = branch._recordable() if record else set()
            done = branch.run(x, None if state is None else state[name], [r for r in record if r in known])
            ended.append(done.output)
            states[name] = done.state
            records |= {f"{name}.{key}": value for key, value in done.records.items()}
        if ended[0].shape != ended[1].shape:
            raise ValueError(
                f"Residual: the body gives {tuple(ended[0].shape)}, the shortcut {tuple(ended[1].shape)}; they must be alike to be added."
            )
        return Run(torch.add(*ended), states, records)

    def _recordable(self) -> set[str]:
        return self.body._recordable() | self.shortcut._recordable()
