"""7 nm."""

from ranvier.energy.technologies.technology import Technology


def Jouppi7(weights: str = "8 kB", states: str = "8 kB") -> Technology:
    """The same operations in 7 nm: arithmetic became two to four times as cheap as in 45 nm, a small memory hardly, so reading weights weighs more.

    weights, states: where they lie, "8 kB", "32 kB", "1 MB" of on-chip memory, "HBM2" (the middle of the published range) or "DRAM".
    The source gives 7.5, 8.5, 14, 250 to 450 and 1300 pJ for 64 bit; a word here is half of it.

    >>> from ranvier.energy.technologies import FLOAT32
    >>> round(Jouppi7().multiply_add(FLOAT32) / Jouppi7().add(FLOAT32), 2)
    4.45
    """
    return Technology(
        name="Jouppi7",
        source="N. P. Jouppi et al. (2021), Ten lessons from three generations shaped Google's TPUv4i, ISCA, table 2",
        float_add={16: 0.16, 32: 0.38},
        float_multiply={16: 0.34, 32: 1.31},
        integer_add={8: 0.007, 32: 0.03},
        integer_multiply={8: 0.07, 32: 1.48},
        memories={"8 kB": 3.75, "32 kB": 4.25, "1 MB": 7.0, "HBM2": 175.0, "DRAM": 650.0},
        weights=weights,
        states=states,
    )
