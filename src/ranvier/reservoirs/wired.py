"""Liquid cells whose synapses are those of a wiring: the equations of `LTC` and `CfC` with the missing synapses left out."""

from typing import Any

import torch
from torch import Tensor

from ranvier.layers.cfc import CfC
from ranvier.layers.ltc import LTC


class WiredLTC(LTC):
    """`LTC` with the synapses of a matrix. synapses: [in_features + size, size], 1 (excites), -1 (inhibits) or 0 (missing), as `NCP.draw` gives it.

    The sign is that of the reversal potential at the start. options: of `LTC`. Training opens no missing synapse.
    """

    linked: Tensor

    def __init__(self, synapses: Any, **options: Any) -> None:
        wiring = torch.as_tensor(synapses, dtype=torch.get_default_dtype())
        senders, size = wiring.shape
        super().__init__(senders - size, size, **options)
        self.register_buffer("linked", wiring.abs(), persistent=False)
        with torch.no_grad():
            self.erev.copy_(torch.where(wiring == 0, self.erev, wiring))

    @property
    def w(self) -> Tensor:
        """Conductances of the open synapses, 0 where there is none, [in_features + size, size]."""
        return super().w * self.linked


class WiredCfC(CfC):
    """`CfC` without a backbone, whose linear maps see what a matrix links: a unit's own state and the senders of its column in `synapses` (see `WiredLTC`).

    Signs are not used: weights have both. What a unit knows goes one link a step. options: of `CfC`.
    """

    linked: Tensor

    def __init__(self, synapses: Any, **options: Any) -> None:
        wiring = torch.as_tensor(synapses, dtype=torch.get_default_dtype()) != 0
        senders, size = wiring.shape
        super().__init__(senders - size, size, backbone=(), **options)
        wiring[senders - size :] |= torch.eye(size, dtype=torch.bool)
        linked = wiring.T.repeat(self.heads.out_features // size, 1)
        self.register_buffer("linked", linked.to(self.heads.weight.dtype), persistent=False)

    @property
    def heads_weight(self) -> Tensor:
        """Of the linear maps that are read, 0 where nothing links, [heads size, in_features + size]."""
        return self.heads.weight * self.linked
