"""What every standard network gives."""

from typing import NamedTuple

from ranvier.simulation.network import Network
from ranvier.simulation.population import Population


class Built(NamedTuple):
    """A network with everything added and connected, and its populations in the order in which the function names them."""

    net: Network
    populations: tuple[Population, ...]
