"""What operations cost, one technology a file: published numbers, each with its source."""

from collections.abc import Callable

from ranvier.energy.technologies.horowitz45 import Horowitz45
from ranvier.energy.technologies.jouppi7 import Jouppi7
from ranvier.energy.technologies.technology import FLOAT32, Numbers, Technology

TECHNOLOGIES: dict[str, Callable[..., Technology]] = {"horowitz45": Horowitz45, "jouppi7": Jouppi7}

__all__ = ["FLOAT32", "TECHNOLOGIES", "Horowitz45", "Jouppi7", "Numbers", "Technology"]
