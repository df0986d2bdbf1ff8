"""Spikes as events: the container that layers, kernels and the simulator pass around."""

from ranvier.spikes.events import Events

__all__ = ["Events"]
