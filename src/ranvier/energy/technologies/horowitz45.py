"""45 nm at 0.9 V."""

from ranvier.energy.technologies.technology import Technology


def Horowitz45(weights: str = "8 kB", states: str = "8 kB") -> Technology:
    """The table that nearly all estimates in the field start from: 45 nm, 0.9 V. A MAC of float32 costs 4.6 pJ, an addition 0.9 pJ.

    weights, states: where they lie, "8 kB", "32 kB", "1 MB" of on-chip memory or "DRAM". The source gives 10, 20 and 100 pJ for 64 bit
    of the first three, half of which is a word here, and 1.3 to 2.6 nJ for DRAM; the 640 pJ a word of DRAM are those of Han et al. "8 kB"
    supposes many such memories, each beside its arithmetic; a network that lies in one large memory pays its price for every read.

    >>> from ranvier.energy.technologies import FLOAT32
    >>> round(Horowitz45().add(FLOAT32), 3), round(Horowitz45().multiply_add(FLOAT32), 3)
    (0.9, 4.6)
    """
    return Technology(
        name="Horowitz45",
        source=(
            "M. Horowitz (2014), Computing's energy problem (and what we can do about it), ISSCC, fig. 1.1.9; DRAM: S. Han et al. (2015), "
            "Learning both weights and connections for efficient neural networks, NeurIPS, fig. 1"
        ),
        float_add={16: 0.4, 32: 0.9},
        float_multiply={16: 1.1, 32: 3.7},
        integer_add={8: 0.03, 32: 0.1},
        integer_multiply={8: 0.2, 32: 3.1},
        memories={"8 kB": 5.0, "32 kB": 10.0, "1 MB": 50.0, "DRAM": 640.0},
        weights=weights,
        states=states,
    )
