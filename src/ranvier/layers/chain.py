"""From layers to chains: which layers in a row the compiled engine runs as one."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

import torch
from torch import Tensor, nn

from ranvier.kernels.cpu.chain import Chain, run
from ranvier.kernels.cpu.conv import ConvStage
from ranvier.kernels.cpu.lists import Lists
from ranvier.kernels.cpu.pool import FoldedStage, PoolStage
from ranvier.kernels.cpu.signal import Signal
from ranvier.kernels.cpu.stage import Place, Stage
from ranvier.neurons.verbs import State
from ranvier.spikes import Events


def stages_from(layers: Sequence[nn.Module], states: Sequence[Any], place: Place) -> list[Stage]:
    """Stages of the first layers, as many as the engine knows and as fit the input that reaches them."""
    stages: list[Stage] = []
    for layer, state in zip(layers, states, strict=True):
        stage = _stage(layer, place, state)
        if stage is None:
            break
        after = stage.shape(place.shape)
        before = stages[-1] if stages else None
        if isinstance(stage, PoolStage) and isinstance(before, ConvStage):
            before.pooling, stage = stage.pooling, FoldedStage()
        stages.append(stage)
        place = replace(place, shape=after, channels_last=stage.channels_last_after)
    return stages


def can_run(x: Any) -> bool:
    """Whether the engine runs on such input: events, or float32 or float64 on the CPU with no automatic casting.

    What is no such tensor, or has no entries, goes to the layers themselves, which say what is wrong.
    """
    if torch.is_autocast_enabled("cpu"):
        return False
    if isinstance(x, Events):
        return True
    fits = isinstance(x, Tensor) and x.device.type == "cpu" and x.dtype in (torch.float32, torch.float64)
    return fits and x.layout == torch.strided and x.dim() >= 2 and x.numel() > 0


def run_together(
    stages: Sequence[Stage], x: Tensor | Events, dtype: torch.dtype, measured: bool
) -> tuple[Tensor, list[State]]:
    """Runs stages on x as one chain: output [T, B, *M] and the states of each stage after it. measured: whether to fill `Stage.work`."""
    for stage in stages:
        stage.measured = measured
    if isinstance(x, Events):
        lists = Lists(x.starts.numpy(), x.indices.numpy(), x.neurons)
        source = Signal(x.shape, dtype, lists=lists)
    else:
        source = Signal.outer(x.detach().contiguous())
    states = [s for stage in stages for s in stage.given_states]
    output, final = run(Chain(stages, source, tuple(x.shape[1:])), None if isinstance(x, Events) else x, states)
    rest = iter(final)
    return output, [dict(zip(stage.names, islice(rest, len(stage.names)), strict=True)) for stage in stages]


def _stage(layer: nn.Module, place: Place, state: Any) -> Stage | None:
    """The stage of a layer whose own way of running has not been replaced: by a subclass, on the object, or by hooks."""
    kind = type(layer)
    home = next((c for c in kind.__mro__ if "stage" in vars(c)), None)
    hooks = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    if home is None or any(getattr(layer, name, None) for name in hooks):
        return None
    own = {"forward", "run", "step", "__call__"}
    if own & vars(layer).keys() or any(own & vars(c).keys() for c in kind.__mro__[: kind.__mro__.index(home)]):
        return None
    if any(p.device.type != "cpu" or p.dtype != place.dtype for p in layer.parameters()):
        return None
    known: Any = layer
    return known.stage(place, state)
