"""From coded changes back to the signal."""

from torch import Tensor

from ranvier.encoders.shared import for_each_sample, signal, threshold_for_each_sample


def changes_inverse(spikes: Tensor, threshold: float | Tensor, *, start: float | Tensor = 0.0) -> Tensor:
    """The signal that spikes of `delta`, `step_forward` or `moving_window` describe: every spike is a step of one threshold.

        x[t] = start + threshold * sum_{s <= t} S[s]

    Only `step_forward` bounds the error: at most `threshold` as long as no change of the signal exceeds it. The other
    two lose slow changes and cut off fast ones, and the loss adds up.

    Args:
        spikes: -1, 0 or 1, or more at a time from `step_forward(..., multi_spike=True)`; time first, [T, *N], of a
            floating dtype.
        threshold: the one that the spikes were made with; a tensor is broadcast over [*N].
        start: the signal before the first step, broadcast over [*N].

    Returns:
        Shape [T, *N], in the dtype of `spikes`.

    Raises:
        TypeError: `spikes` is not a floating tensor.
        ValueError: `spikes` has no time axis, is empty or not finite, `threshold` is not above 0, or `threshold` or
            `start` does not fit the shape of one sample.

    Source: Petro, Kasabov and Kiss, IEEE Trans. Neural Networks and Learning Systems 31(2) (2020), section III.
    """
    where = "changes_inverse"
    signal(where, spikes, "spikes")
    level = threshold_for_each_sample(where, threshold, spikes)
    begin = for_each_sample(where, "start", start, spikes)
    return begin + level * spikes.cumsum(0)
