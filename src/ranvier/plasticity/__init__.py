"""Plasticity: local learning rules as equations, one synapse at a time."""

from ranvier.plasticity.anti_stdp import AntiSTDP as AntiSTDP
from ranvier.plasticity.artola import ABS as ABS
from ranvier.plasticity.bcm import BCM as BCM
from ranvier.plasticity.bcm import GradedBCM as GradedBCM
from ranvier.plasticity.clopath import Clopath as Clopath
from ranvier.plasticity.diehl_cook_stdp import DiehlCookSTDP as DiehlCookSTDP
from ranvier.plasticity.inhibitory_stdp import InhibitorySTDP as InhibitorySTDP
from ranvier.plasticity.mstdp import MSTDP as MSTDP
from ranvier.plasticity.mstdp import MSTDPET as MSTDPET
from ranvier.plasticity.pair_stdp import CentredSTDP as CentredSTDP
from ranvier.plasticity.pair_stdp import NearestSTDP as NearestSTDP
from ranvier.plasticity.pair_stdp import PairSTDP as PairSTDP
from ranvier.plasticity.pair_stdp import RestrictedSTDP as RestrictedSTDP
from ranvier.plasticity.reward_stdp import RewardSTDP as RewardSTDP
from ranvier.plasticity.rule import NoChange as NoChange
from ranvier.plasticity.rule import Post as Post
from ranvier.plasticity.rule import PreFirst as PreFirst
from ranvier.plasticity.rule import Rule as Rule
from ranvier.plasticity.rule import modulator as modulator
from ranvier.plasticity.rule import trace as trace
from ranvier.plasticity.train import Trained as Trained
from ranvier.plasticity.train import train as train
from ranvier.plasticity.triplet_stdp import TripletSTDP as TripletSTDP
from ranvier.plasticity.tsodyks_markram import TsodyksMarkram as TsodyksMarkram
from ranvier.plasticity.tsodyks_markram import TsodyksMarkramSTDP as TsodyksMarkramSTDP
