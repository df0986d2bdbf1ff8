"""A rule as the trainer of a dense layer: its methods called with tensors, step by step."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ranvier.plasticity.rule import SPIKE, STEP, WEIGHT, Post, PreFirst, Rule, TraceSpec, changes_of
from ranvier.units import ms


class Trained(NamedTuple):
    """What `train` gives. weight: [post, pre]; state: traces [B, post, pre] and modulators [] by name, as the next step finds them."""

    weight: Tensor
    state: dict[str, Tensor]


def train(
    weight: Tensor,
    pre: Tensor,
    post: Tensor,
    rule: Rule,
    dt: float = 1 * ms,
    state: Mapping[str, Tensor] | None = None,
    rewards: Tensor | None = None,
    records: Mapping[str, Tensor] | None = None,
) -> Trained:
    """Lets a rule see the spikes before and behind a dense weight, and returns the weight that it has made of it.

    weight: [post, pre], as of `Linear`. pre, post: spikes [T, B, pre] and [T, B, post], 0 or 1; in each step the changes of all samples are averaged.
    state: what an earlier call gave, to go on from; by default traces start at rest. rewards: [T], what is added to modulators. records: states of the
    postsynaptic neurons that the rule reads, [T, B, post] each, as `run(x, record=("v",)).records` has them.

    The arithmetic is the rule's own text, called with tensors: it is what the compiled kernels of a `Network` are judged against. Nothing is changed in
    place and no gradient is kept.

    Raises ValueError for shapes that do not fit, and for states that the rule reads and nobody gave.

    >>> import torch
    >>> from ranvier.plasticity import PairSTDP, train
    >>> pre, post = torch.zeros(2, 40, 1, 1)
    >>> pre[10], post[15] = 1, 1
    >>> train(torch.tensor([[0.5]]), pre, post, PairSTDP()).weight
    tensor([[0.5078]])
    """
    d, given = rule.declared, {} if records is None else records
    steps, batch = _checked(weight, pre, post, rule, dt, rewards, given)
    shape = (batch, *weight.shape)
    values = {**rule.values, STEP: dt}
    with torch.no_grad():
        w, own = weight.clone(), dict[str, Tensor]()
        first = {k: x[0][:, :, None] for k, x in given.items()}
        for k, spec in d.traces.items():
            own[k] = torch.as_tensor(_rest(spec, values, first), dtype=weight.dtype, device=weight.device).expand(shape)
        own |= {k: torch.zeros((), dtype=weight.dtype, device=weight.device) for k in d.modulators}
        if state is not None:
            if set(state) != set(own) or any(state[k].shape != own[k].shape for k in own):
                raise ValueError(
                    f"train: the state must hold {', '.join(own)} of shape {shape} (modulators: one number). Give what train() returned."
                )
            own = dict(state)
        fading = {k: math.exp(-dt / values[spec.tau]) for k, spec in {**d.traces, **d.modulators}.items()}
        for t in range(steps):
            if rewards is not None:
                own |= {k: own[k] + rewards[t] for k in d.modulators}
            after = {k: x[t][:, :, None] for k, x in given.items()} | {SPIKE: post[t][:, :, None].to(weight.dtype)}
            each = _step(
                rule, {WEIGHT: w.expand(shape), **own}, values, pre[t][:, None, :] != 0, post[t][:, :, None] != 0, after
            )
            w = each.pop(WEIGHT).mean(0) if batch > 1 else each.pop(WEIGHT)[0]
            for k, spec in d.traces.items():
                back = _rest(spec, values, after)
                own[k] = back + (each[k] - back) * fading[k]
            own |= {k: own[k] * fading[k] for k in d.modulators}
    return Trained(w, own)


def _rest(spec: TraceSpec, values: Mapping[str, float], post: Mapping[str, Tensor]) -> Any:
    """What a trace goes back to."""
    if isinstance(spec.rest, Post):
        return post[spec.rest.state]
    return values[spec.rest] if isinstance(spec.rest, str) else spec.rest


def _step(
    rule: Rule,
    s: dict[str, Any],
    values: Mapping[str, float],
    arrived: Tensor,
    fired: Tensor,
    after: Mapping[str, Tensor],
) -> dict[str, Tensor]:
    """A step without decay: variables of the synapses after it."""

    def clipped(found: dict[str, Any]) -> dict[str, Any]:
        like = s[WEIGHT]
        found = {
            k: torch.as_tensor(x, dtype=like.dtype, device=like.device).expand(like.shape) for k, x in found.items()
        }
        return found | ({WEIGHT: found[WEIGHT].clamp(rule.w_min, rule.w_max)} if WEIGHT in found else {})

    def chosen(where: Tensor, new: dict[str, Any]) -> dict[str, Any]:
        return s | {k: torch.where(where, x, s[k]) for k, x in new.items()}

    before = clipped(changes_of(rule, "on_pre", s, values))
    weight = {k: x for k, x in before.items() if k == WEIGHT}
    jumps = {k: x for k, x in before.items() if k != WEIGHT}
    s = chosen(arrived, weight)
    alone = clipped(changes_of(rule, "on_post", s, values))
    if isinstance(rule.simultaneous, PreFirst):
        s = chosen(arrived, jumps)
        s = chosen(fired, clipped(changes_of(rule, "on_post", s, values)))
    else:  # a variable that both change is changed twice; neither sees the other's jumps
        twice = {
            k: clipped(changes_of(rule, "on_post", s | {k: jumps[k]}, values))[k] for k in jumps.keys() & alone.keys()
        }
        later = {k: torch.where(arrived, twice[k], x) if k in twice else x for k, x in alone.items()}
        s = chosen(arrived, jumps)
        s = chosen(fired, later)
    return s | clipped(changes_of(rule, "each_step", s, values, after))


def _checked(
    weight: Tensor,
    pre: Tensor,
    post: Tensor,
    rule: Rule,
    dt: float,
    rewards: Tensor | None,
    given: Mapping[str, Tensor],
) -> tuple[int, int]:
    """Steps and samples."""
    if not isinstance(rule, Rule):
        raise TypeError(f"train: the rule must be an object such as PairSTDP(), got {rule!r}.")
    if weight.dim() != 2 or not weight.is_floating_point():
        raise ValueError(
            f"train: weight must be [post, pre] of floats, got {weight.dtype} of shape {tuple(weight.shape)}."
        )
    if not dt > 0:
        raise ValueError(f"train: dt must be above 0 s, got {dt}. Write dt=1 * ms.")
    outputs, inputs = weight.shape
    if pre.dim() != 3 or pre.shape[2] != inputs or post.shape != (*pre.shape[:2], outputs):
        raise ValueError(
            f"train: spikes must be [T, B, {inputs}] before and [T, B, {outputs}] behind a weight of shape {tuple(weight.shape)}, "
            f"got {tuple(pre.shape)} and {tuple(post.shape)}."
        )
    needed = rule.reads()
    lacking = [k for k in needed if k not in given]
    if lacking:
        raise ValueError(
            f"train: {type(rule).__name__} reads post.{lacking[0]}. Give records={{{lacking[0]!r}: ...}} of shape {tuple(post.shape)}."
        )
    for k, x in given.items():
        if x.shape != post.shape:
            raise ValueError(
                f"train: the record of {k} must have the shape of post, {tuple(post.shape)}, got {tuple(x.shape)}."
            )
    if rewards is not None and rewards.shape != (len(pre),):
        raise ValueError(f"train: rewards must have shape ({len(pre)},), one a step, got {tuple(rewards.shape)}.")
    return len(pre), pre.shape[1]
