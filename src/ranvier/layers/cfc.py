"""Closed-form continuous-time cell: a liquid cell without an integrator."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from ranvier import kernels
from ranvier.kernels.cpu import closed_form
from ranvier.kernels.cpu.closed_form import GATED, HEIGHT, NO_GATE, PURE, STEEPNESS
from ranvier.layers.cell import TimedCell
from ranvier.neurons.verbs import Run, State

FORMS = {"gated": GATED, "no_gate": NO_GATE, "pure": PURE}


class CfC(TimedCell):
    """Closed-form continuous-time cell. x: [T, B, in_features] -> h [T, B, size].

    z = backbone(x, h);  s = sigmoid(f(z) t + b(z));  h <- (1 - s) g(z) + s q(z), t the time since the step before; g and q are tanh of
    a linear map, f and b linear maps. The gate s stands for the decay of a liquid time-constant cell, of which this is the approximate
    solution; nothing is integrated, so a step costs the same whatever its length.

    form: "gated" as above; "no_gate": h <- g + s q; "pure": h <- A - A exp(-t (|w_tau| + |p|)) p with p a linear map of z, the solution
    itself. backbone: widths of its layers, each 1.7159 tanh(0.666 z); () for none. dt: time of a step, 1 by default; `elapsed` gives other
    times (see `TimedCell`). Weights from Xavier's uniform distribution, biases 0. State: `h` [B, size].
    backend: "auto", "cpu" (compiled) or "eager" (reference, which alone has a gradient of `elapsed`).

    Source: Hasani, Lechner et al. (Nature Machine Intelligence 2022), "Closed-form continuous-time neural networks";
    equations, forms and backbone as given in the authors' package.
    """

    state_names = ("h",)

    def __init__(
        self,
        in_features: int,
        size: int,
        *,
        form: str = "gated",
        backbone: tuple[int, ...] = (128,),
        dt: float = 1.0,
        backend: str = "auto",
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(in_features, size, dt)
        if form not in FORMS:
            raise ValueError(f"CfC: form must be one of {tuple(FORMS)}, got {form!r}.")
        if backend not in kernels.BACKENDS:
            raise ValueError(f"CfC: backend must be one of {kernels.BACKENDS}, got {backend!r}.")
        if any(width < 1 for width in backbone):
            raise ValueError(f"CfC: backbone holds the widths of its layers, each at least 1, got {backbone}.")
        self.form, self.backend = form, backend
        widths = (in_features + size, *backbone)
        self.backbone = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
        heads = 1 if form == "pure" else 4
        self.heads = nn.Linear(widths[-1], heads * size)  # g, q, f, b; or p
        for k, layer in enumerate([*self.backbone, self.heads]):
            assert isinstance(layer, nn.Linear)
            for part in layer.weight.chunk(heads if k == len(backbone) else 1):
                nn.init.xavier_uniform_(part, generator=generator)
            nn.init.zeros_(layer.bias)
        self.w_tau = nn.Parameter(torch.zeros(size)) if form == "pure" else None
        self.amplitude = nn.Parameter(torch.ones(size)) if form == "pure" else None

    @property
    def heads_weight(self) -> Tensor:
        """Of the linear maps that are read, [heads size, width]."""
        return self.heads.weight

    def _scan(self, x: Tensor, state: State, record: Sequence[str], elapsed: Tensor | None) -> Run:
        assert elapsed is not None
        if kernels.choose(self.backend, x) == "eager" or elapsed.requires_grad:
            return super()._scan(x, state, record, elapsed)
        backbone: Any = self.backbone
        layers = [*((layer.weight, layer.bias) for layer in backbone), (self.heads_weight, self.heads.bias)]
        unit = None
        if self.w_tau is not None and self.amplitude is not None:
            unit = torch.stack([self.w_tau.abs(), self.amplitude])
        h = closed_form.run(FORMS[self.form], x, state["h"], elapsed, layers, unit)
        return Run(h, {"h": h[-1]}, dict.fromkeys(record, h))

    def advance(self, x: Tensor, state: State, elapsed: Tensor | None) -> tuple[Tensor, State]:
        assert elapsed is not None
        t = elapsed.to(x.dtype).unsqueeze(1)
        z = torch.cat([x, state["h"]], 1)
        for layer in self.backbone:
            z = HEIGHT * torch.tanh(STEEPNESS * layer(z))
        heads = nn.functional.linear(z, self.heads_weight, self.heads.bias)
        if self.w_tau is not None and self.amplitude is not None:
            h = self.amplitude - self.amplitude * torch.exp(-t * (self.w_tau.abs() + heads.abs())) * heads
        else:
            g, q, f, b = heads.chunk(4, 1)
            s = torch.sigmoid(f * t + b)
            g, q = torch.tanh(g), torch.tanh(q)
            h = g + s * q if self.form == "no_gate" else torch.lerp(g, q, s)
        return h, {"h": h}

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, form={self.form!r}"
