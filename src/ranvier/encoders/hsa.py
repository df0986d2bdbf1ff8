"""Hough Spiker Algorithm, and its modified form: a spike where the filter fits under the signal."""

from torch import Tensor

from ranvier.encoders.bsa import take_out


def hsa(x: Tensor, kernel: Tensor) -> Tensor:
    """Hough Spiker Algorithm: a spike wherever the whole filter fits under what is left of the signal.

        x[t+k] >= h[k] for all k = 0 .. F - 1:  S[t] = 1, x[t+k] <- x[t+k] - h[k]

    What is rebuilt by `bsa_inverse` never exceeds the signal. Looks ahead and ends as `bsa` does. A filter with negative
    samples fits where the signal lies above them.

    Args:
        x: signal of 0 and above, time first, shape [T, *N], of a floating dtype; see `bsa` for one with negative values.
        kernel: the filter h, shape [F].

    Returns:
        Spikes of value 0 or 1, shape [T, *N], in the dtype of `x`.

    Raises:
        TypeError, ValueError: as `bsa`.

    Source: Hough, de Garis, Korkin, Gers and Nawa, SPIKER (1999), as told by Schrauwen and Van Campenhout (2003).
    """
    return take_out("hsa", x, kernel, lambda window, h: (window >= h).all(0))


def modified_hsa(x: Tensor, kernel: Tensor, *, threshold: float) -> Tensor:
    """Modified Hough Spiker Algorithm: the filter may stand out of the signal by a little.

        sum_k max(0, h[k] - x[t+k]) <= threshold:  S[t] = 1, x[t+k] <- x[t+k] - h[k]

    With threshold 0 this is `hsa`.

    Args:
        x, kernel: as in `hsa`.
        threshold: sum by which the filter may stand out, in the unit of `x`, 0 or above and below the sum of the
            filter's positive samples, since from there on silence would fire.

    Returns:
        Spikes of value 0 or 1, shape [T, *N], in the dtype of `x`.

    Raises:
        TypeError, ValueError: as `bsa`; also if `threshold` is out of range.

    Source: Schrauwen and Van Campenhout, BSA, a fast and accurate spike train encoding scheme, IJCNN (2003).
    """
    most = float(kernel.clamp(min=0).sum())
    if not 0 <= threshold < most:
        raise ValueError(
            f"modified_hsa: threshold must lie in [0, {most:g}), where the end is the sum of the filter's positive "
            f"samples, got {threshold}. Use for example 0.1 * kernel.sum()."
        )
    return take_out("modified_hsa", x, kernel, lambda window, h: (h - window).clamp(min=0).sum(0) <= threshold)
