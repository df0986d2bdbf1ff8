"""Accuracy of scikit-learn's digits with weights of 8, 4 and 2 bits: rounded after training, aware of it, and in whole numbers.

    python benchmarks/quantised_digits.py

A network that is aware of its grid trains EXTRA epochs more than the one that it starts from; "float, longer" is the control.
"""

import copy

import torch
from sklearn.datasets import load_digits

import ranvier as rv
from ranvier.hardware import FixedPoint, quantise, quantise_aware

STEPS, TRAIN, EPOCHS, EXTRA, SEED = 12, 1400, 15, 4, 0


def main() -> None:
    data = load_digits()
    pictures = torch.tensor(data["data"], dtype=torch.float32) / 16
    labels = torch.tensor(data["target"])
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(SEED))
    train, test = order[:TRAIN], order[TRAIN:]
    torch.manual_seed(SEED)

    def current(k: torch.Tensor) -> torch.Tensor:
        return pictures[k].expand(STEPS, -1, -1).contiguous()

    def fit(net: rv.Sequential, epochs: int, rate: float) -> rv.Sequential:
        optimiser = torch.optim.Adam(net.parameters(), rate)
        for _ in range(epochs):
            for k in train[torch.randperm(TRAIN)].split(100):
                optimiser.zero_grad()
                torch.nn.functional.cross_entropy(5 * net(current(k)).mean(0), labels[k]).backward()
                optimiser.step()
        return net

    @torch.no_grad()
    def accuracy(net: rv.Sequential | FixedPoint) -> float:
        return 100 * float((net(current(test)).mean(0).argmax(1) == labels[test]).double().mean())

    net = fit(
        rv.Sequential(rv.Linear(64, 64), rv.LIF(tau_mem=5e-3), rv.Linear(64, 10), rv.LI(tau_mem=5e-3)), EPOCHS, 5e-3
    )
    print(
        f"{len(test)} test pictures; float {accuracy(net):.2f} %, float, longer {accuracy(fit(copy.deepcopy(net), EXTRA, 2e-3)):.2f} %"
    )
    print("bits  after training  aware   after, whole numbers of 16 bit  aware, whole numbers")
    for bits in (8, 4, 2):
        after, aware = quantise(net, bits), quantise(fit(quantise_aware(net, bits), EXTRA, 2e-3))
        whole = [FixedPoint(n, current(train[:64])) for n in (after, aware)]
        found = [accuracy(n) for n in (after, aware, *whole)]
        print(f"{bits:4}  {found[0]:12.2f} %  {found[1]:.2f} %  {found[2]:28.2f} %  {found[3]:18.2f} %")


if __name__ == "__main__":
    main()
