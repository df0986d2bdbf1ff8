"""What a network's output means for a recipe: loss, evidence, decision."""

import torch
from torch import Tensor

from ranvier.decoders import final_membrane, final_membrane_scores, mean_membrane, mean_membrane_scores
from ranvier.losses import cross_entropy_final_membrane, cross_entropy_mean_membrane
from ranvier.training.recipe import Recipe


def loss(recipe: Recipe, output: Tensor, y: Tensor) -> Tensor:
    """Training loss of the readout's membrane [T, B, C]."""
    function = cross_entropy_final_membrane if recipe.kind == "sound" else cross_entropy_mean_membrane
    return function(output, y, label_smoothing=recipe.label_smoothing)


def probability(recipe: Recipe, output: Tensor) -> Tensor:
    """Probability of each class [B, C]."""
    return (final_membrane_scores if recipe.kind == "sound" else mean_membrane_scores)(output).softmax(1)


def decision(recipe: Recipe, output: Tensor) -> Tensor:
    """Class [B]; -1 where the readout prefers none."""
    return (final_membrane if recipe.kind == "sound" else mean_membrane)(output)


def over_time(recipe: Recipe, output: Tensor) -> Tensor:
    """Probability of each class if the decision were taken at each step [T, B, C]."""
    if recipe.kind == "sound":
        return output.softmax(2)
    steps = torch.arange(1, len(output) + 1, dtype=output.dtype)[:, None, None]
    return (output.cumsum(0) / steps).softmax(2)
