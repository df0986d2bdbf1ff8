"""Makes neurobench_models.npz: small networks, and the metrics that NeuroBench's harness gives them. Run by hand, in an environment of its own:

    python -m venv peers && peers/bin/pip install neurobench==2.3.0 snntorch==1.0.0
    peers/bin/python tests/references/neurobench_models.py

The networks are torch synapses and snnTorch neurons with weights drawn here. The file holds those weights, the inputs, and the numbers that
the harness computed, which are facts; of the harness itself, which comes under other licences, it holds nothing.
"""

from importlib.metadata import version
from pathlib import Path

import numpy as np
import snntorch as snn
import torch
from neurobench.benchmarks import Benchmark
from neurobench.metrics.static import ConnectionSparsity, Footprint, ParameterCount
from neurobench.metrics.workload import ActivationSparsity, SynapticOperations
from neurobench.models import SNNTorchModel, TorchModel
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

BETA = 0.75
STEPS, BATCH = 12, 5
STATIC = [ParameterCount, Footprint, ConnectionSparsity]
WORKLOAD = [ActivationSparsity, SynapticOperations]


def leaky(**options) -> snn.Leaky:
    return snn.Leaky(beta=BETA, init_hidden=True, **options)


def recurrent(size: int) -> snn.RLeaky:
    return snn.RLeaky(beta=BETA, init_hidden=True, all_to_all=True, linear_features=size)


def networks() -> dict[str, nn.Sequential]:
    return {
        "linear": nn.Sequential(nn.Linear(12, 9), leaky(), nn.Linear(9, 5), leaky(output=True)),
        "analog": nn.Sequential(nn.Linear(12, 9, bias=False), leaky(), nn.Linear(9, 5), leaky(output=True)),
        "conv": nn.Sequential(
            nn.Conv2d(2, 4, 3, padding=1), leaky(), nn.AvgPool2d(2), nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2),
            leaky(), nn.Flatten(), nn.Linear(24, 5), leaky(output=True),
        ),
        "recurrent": nn.Sequential(nn.Linear(12, 9), recurrent(9), nn.Linear(9, 5), leaky(output=True)),
        "ann": nn.Sequential(nn.Linear(12, 9), nn.ReLU(), nn.Linear(9, 5), nn.ReLU()),
    }  # fmt: skip


def inputs(random: np.random.Generator) -> dict[str, np.ndarray]:
    """[B, T, *N]; of the network without spikes [B, N]."""
    analog = random.normal(0, 1, (BATCH, STEPS, 12)) * (random.random((BATCH, STEPS, 12)) < 0.6)
    analog[:, 4] = 0  # a step of silence, and one of spikes, which the harness counts as accumulates
    analog[:, 7] = random.random((BATCH, 12)) < 0.5
    signed = random.choice([-1.0, 0.0, 1.0], (BATCH, STEPS, 2, 8, 8), p=[0.15, 0.6, 0.25])
    return {
        "linear": random.random((BATCH, STEPS, 12)) < 0.3,
        "analog": analog,
        "conv": signed,
        "recurrent": random.random((BATCH, STEPS, 12)) < 0.4,
        "ann": random.normal(0, 1, (BATCH, 12)),
    }


def draw(net: nn.Sequential, random: np.random.Generator) -> dict[str, np.ndarray]:
    """Weights and biases in sixteenths, a fifth of the weights zero; no bias on recurrent synapses, which our networks have not."""
    found = {}
    for k, layer in enumerate(net):
        held = layer.recurrent if isinstance(layer, snn.RLeaky) else layer
        if isinstance(held, nn.Linear | nn.Conv2d):
            fan_in = held.weight[0].numel()
            weight = random.normal(0.1, 2.5 / np.sqrt(fan_in), tuple(held.weight.shape))
            weight = np.round(16 * weight) / 16 * (random.random(weight.shape) < 0.8)
            held.weight.data = torch.tensor(weight, dtype=torch.float32)
            found[f"{k}.weight"] = held.weight.detach().numpy()
            if held.bias is not None:
                zero = isinstance(layer, snn.RLeaky)
                bias = (
                    0 * held.bias if zero else torch.tensor(np.round(16 * random.normal(0, 0.1, len(held.bias))) / 16)
                )
                held.bias.data = bias.detach().float()
                found |= {} if zero else {f"{k}.bias": held.bias.detach().numpy()}
    return found


def neuron_bytes(net: nn.Sequential) -> int:
    """Of what snnTorch's neurons keep themselves: constants as buffers, and the bias of recurrent synapses."""
    total = 0
    for layer in net:
        if isinstance(layer, snn.SpikingNeuron):
            kept = [b for _, b in layer.named_buffers()]
            kept += [p for name, p in layer.named_parameters() if not name.endswith("recurrent.weight")]
            total += sum(t.numel() * t.element_size() for t in kept)
    return total


def judged(name: str, net: nn.Sequential, x: Tensor) -> dict[str, float]:
    data = DataLoader(TensorDataset(x, torch.zeros(len(x))), batch_size=len(x))
    model = TorchModel(net) if name == "ann" else SNNTorchModel(net)
    own = neuron_bytes(net)
    found = Benchmark(model, data, [], [], [STATIC, WORKLOAD]).run(quiet=True)
    operations = found["SynapticOperations"]
    return {
        "parameters": found["ParameterCount"],
        "footprint": found["Footprint"],
        "neuron_bytes": own,
        "connection_sparsity": found["ConnectionSparsity"],
        "activation_sparsity": found["ActivationSparsity"],
        "dense": operations["Dense"],
        "effective_macs": operations["Effective_MACs"],
        "effective_acs": operations["Effective_ACs"],
    }


def main() -> None:
    random = np.random.default_rng(20261126)
    stored: dict[str, np.ndarray] = {
        f"version.{name}": np.array(version(name)) for name in ("neurobench", "snntorch", "torch")
    }
    given = inputs(random)
    for name, net in networks().items():
        weights = draw(net, random)
        x = torch.tensor(given[name], dtype=torch.float32)
        found = judged(name, net, x)
        print(name, found)
        stored |= {f"{name}.{key}": value for key, value in weights.items()}
        stored |= {f"{name}.metric.{key}": np.array(value, dtype=np.float64) for key, value in found.items()}
        stored[f"{name}.x"] = x.numpy()
    np.savez_compressed(Path(__file__).with_suffix(".npz"), **stored)


if __name__ == "__main__":
    main()
