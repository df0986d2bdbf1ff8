"""`check`: what a network has that a chip has not."""

from collections.abc import Sequence

from ranvier.hardware.chips import CHIPS, Chip, Violation
from ranvier.hardware.plan import plan
from ranvier.layers import Sequential


def check(net: Sequential, chip: str, shape: Sequence[int] | None = None) -> list[Violation]:
    """Published limits of a chip that a network violates, in the order of its layers; an empty list where none is.

    chip: "loihi" (the first), "truenorth", "akida" (1.0), "akida2", "xylo" (Audio 2) or "spinnaker" (the first). shape: of a sample's
    input [*N], known without it where the first layer is `Linear`. Pooling by mean or sum counts as part of the synapses behind it.
    `unchecked(chip)` tells what is not looked at: an empty list is necessary for a network to run on the chip, not sufficient.

    Raises ValueError for an unknown chip, TypeError for what is no `Sequential`, RanvierError for a layer without a form for hardware.

    >>> [v.value for v in check(Sequential(Linear(300, 4), IF(), rate=None), "truenorth")][0]
    'one neuron has 300 inputs'
    """
    return _chip(chip).violations(plan(net, shape, "check"))


def unchecked(chip: str) -> tuple[str, ...]:
    """What the checker of a chip takes for granted or does not look at."""
    return _chip(chip).unchecked


def _chip(name: str) -> Chip:
    if name not in CHIPS:
        raise ValueError(f'check: chip must be one of {", ".join(CHIPS)}, got {name!r}. Write check(net, "loihi").')
    return CHIPS[name]
