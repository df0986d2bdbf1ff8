"""What chips can do, one chip a file: published limits, each with its source."""

from ranvier.hardware.chips.akida import Akida
from ranvier.hardware.chips.chip import Chip, Violation
from ranvier.hardware.chips.loihi import Loihi
from ranvier.hardware.chips.spinnaker import SpiNNaker
from ranvier.hardware.chips.truenorth import TrueNorth
from ranvier.hardware.chips.xylo import Xylo

CHIPS: dict[str, Chip] = {
    "loihi": Loihi(),
    "truenorth": TrueNorth(),
    "akida": Akida(),
    "akida2": Akida(version=2),
    "xylo": Xylo(),
    "spinnaker": SpiNNaker(),
}

__all__ = ["CHIPS", "Akida", "Chip", "Loihi", "SpiNNaker", "TrueNorth", "Violation", "Xylo"]
