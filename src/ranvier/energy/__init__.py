"""Energy: operations and memory traffic of a network, what they would cost, and NeuroBench's metrics. Models, never measurements.

>>> import torch
>>> import ranvier as rv
>>> net = rv.Sequential(rv.Linear(20, 10), rv.LIF(), rv.Linear(10, 2), rv.LI())
>>> found = rv.energy.estimate(net, (torch.rand((25, 4, 20)) < 0.1).float(), rv.energy.Horowitz45())
>>> found.float32.break_even[0] > found.float32.break_even[1]  # weight reads bring the break-even down
True
"""

from ranvier.energy.count import Counts
from ranvier.energy.estimate import DEFAULT_BITS, bits_of, count, estimate, price
from ranvier.energy.neurobench import NeuroBench, neurobench
from ranvier.energy.result import LEVELS, Comparison, Energy, Estimate, LayerEnergy, joules
from ranvier.energy.technologies import TECHNOLOGIES, Horowitz45, Jouppi7, Technology

__all__ = [
    "DEFAULT_BITS", "LEVELS", "TECHNOLOGIES", "Comparison", "Counts", "Energy", "Estimate", "Horowitz45", "Jouppi7", "LayerEnergy", "NeuroBench",
    "Technology", "bits_of", "count", "estimate", "joules", "neurobench", "price",
]  # fmt: skip
