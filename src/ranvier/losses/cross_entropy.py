"""Cross entropies of spike counts, of every step, and of membrane potentials."""

import math

from torch import Tensor

from ranvier.losses.checking import check_classified, check_spikes, mean_cross_entropy, over_time


def cross_entropy_count(spikes: Tensor, labels: Tensor, *, scale: float = 1.0, label_smoothing: float = 0.0) -> Tensor:
    """Cross entropy of the spike counts.

        L = -log softmax(scale * sum_t S[t])[label]

    Args:
        spikes: output spikes, shape [T, B, C], of a floating dtype.
        labels: classes from 0 to C - 1, of an integer dtype, shape [B].
        scale: factor on the counts. Counts that differ by more than about 30 leave no gradient; over many steps use a
            scale below 1, such as 10 / T.
        label_smoothing: part of the target spread evenly over the classes, in [0, 1].

    Returns:
        The mean over the batch, a scalar.

    Raises:
        TypeError: `spikes` is not of a floating or `labels` not of an integer dtype.
        ValueError: shapes disagree, a label is no class, `spikes` is empty or not finite, or an option is out of range.

    Source: Eshraghian et al., Training Spiking Neural Networks Using Lessons From Deep Learning (2023), section III.
    """
    where = "cross_entropy_count"
    check_spikes(where, spikes, labels)
    if not (math.isfinite(scale) and scale > 0):
        raise ValueError(f"{where}: scale must be above 0, got {scale}. Use for example scale=10 / steps.")
    return mean_cross_entropy(where, scale * over_time(spikes), labels, label_smoothing)


def cross_entropy_rate(spikes: Tensor, labels: Tensor, *, label_smoothing: float = 0.0) -> Tensor:
    """Cross entropy in every step: the right neuron shall fire, and the others stay silent, all the time.

        L = (1 / T) sum_t -log softmax(S[t])[label]

    A step's spikes are 0 or 1, so with C classes this loss is at least ln(1 + (C - 1) / e).

    Args:
        spikes: output spikes, shape [T, B, C], of a floating dtype.
        labels: classes from 0 to C - 1, of an integer dtype, shape [B].
        label_smoothing: part of the target spread evenly over the classes, in [0, 1].

    Returns:
        The mean over steps and batch, a scalar.

    Raises:
        TypeError: `spikes` is not of a floating or `labels` not of an integer dtype.
        ValueError: shapes disagree, a label is no class, `spikes` is empty or not finite, or an option is out of range.

    Source: Eshraghian et al., Training Spiking Neural Networks Using Lessons From Deep Learning (2023), section III.
    """
    where = "cross_entropy_rate"
    check_spikes(where, spikes, labels)
    return mean_cross_entropy(
        where, spikes.flatten(0, 1), labels.repeat(len(spikes)), label_smoothing
    )  # rows in order (t, b)


def cross_entropy_max_membrane(v: Tensor, labels: Tensor, *, label_smoothing: float = 0.0) -> Tensor:
    """Cross entropy of the highest membrane potentials.

        L = -log softmax(max_t v[t])[label]

    Steps that share the maximum share its gradient evenly.

    Args:
        v: membrane potentials of the output layer, shape [T, B, C], of a floating dtype.
        labels: classes from 0 to C - 1, of an integer dtype, shape [B].
        label_smoothing: part of the target spread evenly over the classes, in [0, 1].

    Returns:
        The mean over the batch, a scalar.

    Raises:
        TypeError: `v` is not of a floating or `labels` not of an integer dtype.
        ValueError: shapes disagree, a label is no class, `v` is empty or not finite, or an option is out of range.

    Source: Cramer, Stradmann, Schemmel and Zenke, The Heidelberg Spiking Data Sets (2020).
    """
    where = "cross_entropy_max_membrane"
    check_classified(where, "v", v, labels, least=2)
    return mean_cross_entropy(where, v.amax(0), labels, label_smoothing)


def cross_entropy_mean_membrane(v: Tensor, labels: Tensor, *, label_smoothing: float = 0.0) -> Tensor:
    """Cross entropy of the mean membrane potentials.

        L = -log softmax((1 / T) sum_t v[t])[label]

    Args:
        v: membrane potentials of the output layer, shape [T, B, C], of a floating dtype.
        labels: classes from 0 to C - 1, of an integer dtype, shape [B].
        label_smoothing: part of the target spread evenly over the classes, in [0, 1].

    Returns:
        The mean over the batch, a scalar.

    Raises:
        TypeError: `v` is not of a floating or `labels` not of an integer dtype.
        ValueError: shapes disagree, a label is no class, `v` is empty or not finite, or an option is out of range.
    """
    where = "cross_entropy_mean_membrane"
    check_classified(where, "v", v, labels, least=2)
    return mean_cross_entropy(where, over_time(v) / len(v), labels, label_smoothing)


def cross_entropy_final_membrane(v: Tensor, labels: Tensor, *, label_smoothing: float = 0.0) -> Tensor:
    """Cross entropy of the membrane potentials after the last step, for a readout that forgets nothing (`Accumulator`).

        L = -log softmax(v[T - 1])[label]

    Args:
        v: membrane potentials of the output layer, shape [T, B, C], of a floating dtype.
        labels: classes from 0 to C - 1, of an integer dtype, shape [B].
        label_smoothing: part of the target spread evenly over the classes, in [0, 1].

    Returns:
        The mean over the batch, a scalar.

    Raises:
        TypeError: `v` is not of a floating or `labels` not of an integer dtype.
        ValueError: shapes disagree, a label is no class, `v` is empty or not finite, or an option is out of range.
    """
    where = "cross_entropy_final_membrane"
    check_classified(where, "v", v, labels, least=2)
    return mean_cross_entropy(where, v[-1], labels, label_smoothing)
