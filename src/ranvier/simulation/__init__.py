"""Simulation of networks in biological time: populations, projections with delays, sources, recordings."""

from ranvier.simulation import networks as networks
from ranvier.simulation.distributions import Exponential as Exponential
from ranvier.simulation.distributions import LogNormal as LogNormal
from ranvier.simulation.distributions import Normal as Normal
from ranvier.simulation.distributions import Uniform as Uniform
from ranvier.simulation.network import Network as Network
from ranvier.simulation.patterns import AllToAll as AllToAll
from ranvier.simulation.patterns import DistanceDependent as DistanceDependent
from ranvier.simulation.patterns import FixedInDegree as FixedInDegree
from ranvier.simulation.patterns import FixedOutDegree as FixedOutDegree
from ranvier.simulation.patterns import FixedProbability as FixedProbability
from ranvier.simulation.patterns import FixedTotalNumber as FixedTotalNumber
from ranvier.simulation.patterns import OneToOne as OneToOne
from ranvier.simulation.patterns import Pairs as Pairs
from ranvier.simulation.patterns import SmallWorld as SmallWorld
from ranvier.simulation.patterns import grid as grid
from ranvier.simulation.population import Population as Population
from ranvier.simulation.projection import Drive as Drive
from ranvier.simulation.projection import Projection as Projection
from ranvier.simulation.run import Run as Run
from ranvier.simulation.sources import PoissonSource as PoissonSource
from ranvier.simulation.sources import SpikeSource as SpikeSource
from ranvier.simulation.timed import Timed as Timed
from ranvier.simulation.view import PopulationView as PopulationView
