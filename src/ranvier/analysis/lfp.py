"""Proxies of the local field potential, from the synaptic currents of a network of point neurons."""

from typing import Any

import numpy as np

from ranvier.checks import positive_time
from ranvier.spikes.checking import vector
from ranvier.units import ms

DELAY = 6 * ms  # of excitation behind inhibition
RATIO = 1.65  # of inhibition to excitation


def reference_weighted_sum(
    excitatory: Any, inhibitory: Any, *, dt: float, delay: float = DELAY, ratio: float = RATIO, standard: bool = True
) -> np.ndarray:
    """The local field potential as the reference weighted sum of synaptic currents (RWS), float64 [T].

        lfp(t) = I_exc(t - delay) - ratio I_inh(t)

    with the currents of all excitatory (pyramidal) cells, those of interneurons left out. Inhibitory currents are below 0, so that both terms add up. Of
    the proxies that its authors compared with cells of real shape this one explained most of the variance at all depths; what it gives is the
    course in time, not the amplitude, which depends on the distance of the electrode.

    Args:
        excitatory, inhibitory: sums of the currents over cells, [T], in any unit; excitatory >= 0 and inhibitory <= 0 but for rounding.
        dt: between samples [s].
        delay: of the excitatory currents [s]; until then the first value stands.
        ratio: of inhibition to excitation.
        standard: whether the result has the mean 0 and the standard deviation 1, as in the source; else it is in the unit of the currents.

    Raises:
        TypeError: currents that are no numbers.
        ValueError: currents of different lengths, none at all, inhibitory currents above 0, `dt` not above 0, `delay` or `ratio` below 0.

    Source: Mazzoni, Linden, Cuntz, Lansner, Panzeri and Einevoll 2015, "Computing the local field potential (LFP) from integrate-and-fire network
    models", PLoS Computational Biology 11(12): e1004584, the reference weighted sum with tau_AMPA = 6 ms, tau_GABA = 0, alpha = 1.65.
    """
    exc, inh = _currents("reference_weighted_sum", excitatory, inhibitory)
    positive_time("reference_weighted_sum", "dt", dt)
    for name, value in (("delay", delay), ("ratio", ratio)):
        if not value >= 0:
            raise ValueError(f"reference_weighted_sum: {name} must be >= 0, got {value}.")
    shift = min(len(exc), round(delay / dt))
    late = np.concatenate([np.full(shift, exc[0]), exc[: len(exc) - shift]])
    lfp = late - ratio * inh
    if not standard:
        return lfp
    spread = lfp.std()
    return (lfp - lfp.mean()) / spread if spread else lfp - lfp.mean()


def absolute_sum(excitatory: Any, inhibitory: Any) -> np.ndarray:
    """The local field potential as the sum of absolute synaptic currents, |I_exc| + |I_inh|, float64 [T], in their unit.

    Arguments and errors as in `reference_weighted_sum`. Source: Mazzoni, Panzeri, Logothetis and Brunel 2008, "Encoding of naturalistic stimuli by local
    field potential spectra in networks of excitatory and inhibitory neurons", PLoS Computational Biology 4(12): e1000239.
    """
    exc, inh = _currents("absolute_sum", excitatory, inhibitory)
    return np.abs(exc) + np.abs(inh)


def _currents(where: str, excitatory: Any, inhibitory: Any) -> tuple[np.ndarray, np.ndarray]:
    exc, inh = (
        vector(where, name, given, "fiu", "numbers").astype(np.float64)
        for name, given in (("excitatory", excitatory), ("inhibitory", inhibitory))
    )
    if len(exc) != len(inh) or not len(exc):
        raise ValueError(
            f"{where}: excitatory and inhibitory must be currents of the same times, got {len(exc)} and {len(inh)} samples. Give both [T]."
        )
    if inh.max() > 1e-6 * np.abs(inh).max():
        raise ValueError(
            f"{where}: inhibitory currents must be <= 0, got a maximum of {inh.max():g}. Write -inhibitory where yours count as positive."
        )
    return exc, inh
