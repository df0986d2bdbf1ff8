"""Who wins when classes score the same, and when nobody does."""

import torch
from torch import Tensor

from ranvier.checks import value_range

NO_DECISION = -1
"""The class of a sample in which the output layer said nothing."""


def best_class(where: str, scores: Tensor, undecided: Tensor, final_membrane: Tensor | None = None) -> Tensor:
    """Class of the highest score; ties go to the higher final membrane, then to the lowest index.

    Args:
        where: name of the decoder, for error messages.
        scores: evidence, shape [B, C].
        undecided: samples to answer with `NO_DECISION`, boolean, shape [B].
        final_membrane: membrane potential after the last step, shape [B, C].

    Returns:
        Classes, int64, shape [B].

    Raises:
        ValueError: `final_membrane` has not the shape of `scores`, or is not finite.
    """
    tied = scores == scores.amax(-1, keepdim=True)  # [B, C]
    if final_membrane is None:
        preference = tied.to(torch.uint8)
    else:
        value_range(where, "final_membrane", final_membrane)
        if final_membrane.shape != scores.shape:
            raise ValueError(
                f"{where}: final_membrane must have shape [B, C] = {tuple(scores.shape)}, "
                f"got {tuple(final_membrane.shape)}. Give the membrane after the last step only, for example v[-1]."
            )
        preference = torch.where(tied, final_membrane.detach(), -torch.inf)
    # argmax answers with the first of equal values, which is the lowest index.
    return torch.where(undecided, NO_DECISION, preference.argmax(-1))


def tie_rate(scores: Tensor) -> float:
    """Fraction of samples in which two or more classes share the highest score.

    Args:
        scores: what `count_scores` or `first_spike_scores` returned, shape [B, C]. A sample whose scores are all 0 is
            silent: it is no tie.

    Raises:
        ValueError: `scores` is not [B, C], is empty or not finite.
    """
    value_range("tie_rate", "scores", scores)
    if scores.ndim != 2:
        raise ValueError(
            f"tie_rate: scores must have shape [B, C], got {tuple(scores.shape)}. Use count_scores(spikes)."
        )
    highest = scores.amax(-1, keepdim=True)
    tied = ((scores == highest).sum(-1) > 1) & (highest.squeeze(-1) > 0)
    return float(tied.float().mean())
