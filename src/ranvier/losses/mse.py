"""Squared errors of spike counts and of membrane potentials."""

import math

import torch
from torch import Tensor
from torch.nn import functional

from ranvier.losses.checking import check_classified, check_spikes, over_time


def mse_count(spikes: Tensor, labels: Tensor, *, correct_rate: float = 0.8, incorrect_rate: float = 0.2) -> Tensor:
    """Squared error of the spike counts against target counts.

        L = (1 / T) mean_c (sum_t S[t, c] - T r_c)^2,  r_c = correct_rate for the label's class, else incorrect_rate

    Args:
        spikes: output spikes, shape [T, B, C], of a floating dtype.
        labels: classes from 0 to C - 1, of an integer dtype, shape [B].
        correct_rate: target rate of the right class, in spikes per step.
        incorrect_rate: target rate of the other classes, in spikes per step. At 0 their neurons tend to die.

    Returns:
        The mean over classes and batch, a scalar.

    Raises:
        TypeError: `spikes` is not of a floating or `labels` not of an integer dtype.
        ValueError: shapes disagree, a label is no class, `spikes` is empty or not finite, or the rates are not
            0 <= incorrect_rate < correct_rate <= 1.

    Source: Shrestha and Orchard, SLAYER, NeurIPS (2018).
    """
    where = "mse_count"
    check_spikes(where, spikes, labels, least=1)
    if not 0 <= incorrect_rate < correct_rate <= 1:
        raise ValueError(
            f"{where}: rates must satisfy 0 <= incorrect_rate < correct_rate <= 1 (spikes per step), got "
            "incorrect_rate "
            f"{incorrect_rate} and correct_rate {correct_rate}. Use for example correct_rate=0.8, incorrect_rate=0.2."
        )
    steps, _, classes = spikes.shape
    right = functional.one_hot(labels.long(), classes).bool()  # [B, C]
    target = steps * torch.where(right, correct_rate, incorrect_rate)
    return (over_time(spikes) - target).square().mean() / steps


def mse_membrane(v: Tensor, labels: Tensor, *, correct: float = 1.0, incorrect: float = 0.0) -> Tensor:
    """Squared error of the membrane potentials in every step.

        L = mean_{t,c} (v[t, c] - u_c)^2,  u_c = correct for the label's class, else incorrect

    Args:
        v: membrane potentials of the output layer, shape [T, B, C], of a floating dtype.
        labels: classes from 0 to C - 1, of an integer dtype, shape [B].
        correct: potential that the right class shall have, in the unit of `v`.
        incorrect: potential that the others shall have, below `correct`.

    Returns:
        The mean over steps, classes and batch, a scalar.

    Raises:
        TypeError: `v` is not of a floating or `labels` not of an integer dtype.
        ValueError: shapes disagree, a label is no class, `v` is empty or not finite, or not incorrect < correct.

    Source: Eshraghian et al., Training Spiking Neural Networks Using Lessons From Deep Learning (2023), section III.
    """
    where = "mse_membrane"
    check_classified(where, "v", v, labels, least=1)
    if not -math.inf < incorrect < correct < math.inf:
        raise ValueError(
            f"{where}: potentials must satisfy incorrect < correct, got incorrect {incorrect} and correct {correct}. "
            "Use for example correct=1.0, incorrect=0.0."
        )
    right = functional.one_hot(labels.long(), v.shape[2]).bool()  # [B, C]
    return (v - torch.where(right, correct, incorrect)).square().mean()
