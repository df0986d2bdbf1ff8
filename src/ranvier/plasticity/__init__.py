"""Plasticity: local learning rules as equations, one synapse at a time."""

from ranvier.plasticity.pair_stdp import CentredSTDP as CentredSTDP
from ranvier.plasticity.pair_stdp import NearestSTDP as NearestSTDP
from ranvier.plasticity.pair_stdp import PairSTDP as PairSTDP
from ranvier.plasticity.pair_stdp import RestrictedSTDP as RestrictedSTDP
from ranvier.plasticity.rule import NoChange as NoChange
from ranvier.plasticity.rule import PreFirst as PreFirst
from ranvier.plasticity.rule import Rule as Rule
from ranvier.plasticity.rule import trace as trace
from ranvier.plasticity.triplet_stdp import TripletSTDP as TripletSTDP
