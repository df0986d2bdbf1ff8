"""Decoders: what the output layer did, [T, B, C], read as one class a sample, [B].

A decoder `name` returns classes, `name_scores` the evidence behind them, [B, C], the larger the better; a softmax over
the scores is a confidence. A sample without evidence is class `NO_DECISION`, -1, which no label equals: it counts as an
error.
"""

from ranvier.decoders.assigned import assign, assigned, assigned_scores
from ranvier.decoders.count import count, count_scores
from ranvier.decoders.first_spike import first_spike, first_spike_scores
from ranvier.decoders.membrane import (
    final_membrane,
    final_membrane_scores,
    max_membrane,
    max_membrane_scores,
    mean_membrane,
    mean_membrane_scores,
)
from ranvier.decoders.population import population
from ranvier.decoders.rank_order import rank_order, rank_order_scores
from ranvier.decoders.ties import NO_DECISION, tie_rate

__all__ = [
    "NO_DECISION",
    "assign",
    "assigned",
    "assigned_scores",
    "count",
    "count_scores",
    "final_membrane",
    "final_membrane_scores",
    "first_spike",
    "first_spike_scores",
    "max_membrane",
    "max_membrane_scores",
    "mean_membrane",
    "mean_membrane_scores",
    "population",
    "rank_order",
    "rank_order_scores",
    "tie_rate",
]
