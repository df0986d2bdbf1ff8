"""Patterns of connections, each an object that says who is connected to whom."""

from ranvier.simulation.patterns.all_to_all import AllToAll as AllToAll
from ranvier.simulation.patterns.distance_dependent import DistanceDependent as DistanceDependent
from ranvier.simulation.patterns.distance_dependent import grid as grid
from ranvier.simulation.patterns.fixed_number import FixedInDegree as FixedInDegree
from ranvier.simulation.patterns.fixed_number import FixedOutDegree as FixedOutDegree
from ranvier.simulation.patterns.fixed_number import FixedTotalNumber as FixedTotalNumber
from ranvier.simulation.patterns.fixed_probability import FixedProbability as FixedProbability
from ranvier.simulation.patterns.one_to_one import OneToOne as OneToOne
from ranvier.simulation.patterns.pairs import Pairs as Pairs
from ranvier.simulation.patterns.small_world import SmallWorld as SmallWorld
from ranvier.simulation.patterns.wired import Pattern as Pattern
from ranvier.simulation.patterns.wired import Wired as Wired
from ranvier.simulation.patterns.within import Within as Within
