"""Phase code: one step for each binary digit of the value, the first step weighing most."""

import torch
from torch import Tensor

from ranvier.checks import floating_range, value_range


def phase(x: Tensor, *, bits: int = 8, periods: int = 1, clip: bool = False) -> Tensor:
    """Weighted spikes: in each period of `bits` steps, the spike of phase k stands for 2^-(k + 1).

        S[t] = digit k + 1 of x after the binary point,  k = t mod bits

    A period stands for floor(2^bits x) / 2^bits, from 0 to 1 - 2^-bits: less than 2^-bits below x. x = 1 has no such
    digits and is refused.

    Args:
        x: values in [0, 1), shape [*N], of a floating dtype.
        bits: phases in a period, 1 to 24.
        periods: how often the code is repeated.
        clip: bring values outside [0, 1 - 2^-bits] to the nearest end instead of refusing them.

    Returns:
        Spikes of value 0 or 1, shape [T, *N] with T = bits * periods, in the dtype of `x`.

    Raises:
        TypeError: `x` is not a floating tensor.
        ValueError: `x` leaves [0, 1), is empty or not finite, or `bits` or `periods` is out of range.

    Source: Kim et al., Deep neural networks with weighted spikes, Neurocomputing 311 (2018).
    """
    low, high = floating_range("phase", "x", x)
    _check_bits("phase", bits)
    if periods < 1:
        raise ValueError(f"phase: periods must be at least 1, got {periods}.")
    largest = 1 - 2.0**-bits
    if (low < 0 or high >= 1) and not clip:
        raise ValueError(
            f"phase: x must lie in [0, 1), got values from {low:g} to {high:g}; {bits} bits reach up to {largest:g}. "
            f"Rescale it, or give clip=True to bring it into [0, {largest:g}]."
        )
    whole = (x.detach().double().clamp(0, largest) * 2**bits).long()  # [*N], the digits as one number
    places = torch.arange(bits - 1, -1, -1, device=x.device).view(-1, *[1] * x.ndim)
    digits = (whole >> places) & 1  # [bits, *N]
    return digits.to(x.dtype).repeat(periods, *[1] * x.ndim)


def phase_inverse(spikes: Tensor, *, bits: int = 8) -> Tensor:
    """The value that a phase code stands for, the mean over its periods.

        x = (1 / periods) sum_t 2^-(1 + t mod bits) S[t]

    Args:
        spikes: shape [T, *N], T a multiple of `bits`.
        bits: phases in a period.

    Returns:
        Values in [0, 1 - 2^-bits], shape [*N], of a floating dtype.

    Raises:
        TypeError: `spikes` is not a tensor.
        ValueError: `spikes` is empty or not finite, `bits` is out of range or does not divide T.
    """
    value_range("phase_inverse", "spikes", spikes)
    _check_bits("phase_inverse", bits)
    if spikes.ndim == 0 or len(spikes) % bits:
        raise ValueError(
            f"phase_inverse: bits must divide the steps of spikes, got bits={bits} and shape {tuple(spikes.shape)}. "
            "Give the bits that the spikes were made with."
        )
    weights = 0.5 ** torch.arange(1, bits + 1, device=spikes.device)  # [bits]
    dtype = torch.promote_types(spikes.dtype, torch.float32)
    return torch.tensordot(weights.to(dtype), spikes.unflatten(0, (-1, bits)).to(dtype).mean(0), 1)


def _check_bits(where: str, bits: int) -> None:
    if not 1 <= bits <= 24:  # float32 holds 24 digits
        raise ValueError(f"{where}: bits must lie in 1..24, got {bits}. Use for example bits=8.")
