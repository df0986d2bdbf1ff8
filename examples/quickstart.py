"""Ten lines: build a spiking network, train it on the 8 x 8 digits of scikit-learn, run it.

python examples/quickstart.py
"""

import torch

import ranvier as rv
from ranvier.data.bundled import digits
from ranvier.losses import cross_entropy_mean_membrane

samples = digits()
x, y = torch.tensor(samples.x).flatten(1), torch.tensor(samples.y)  # [1797, 64], [1797]
net = rv.Sequential(rv.Linear(64, 128), rv.LIF(tau_mem=10 * rv.ms), rv.Linear(128, 10), rv.LI())
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
for _ in range(30):
    for index in torch.randperm(1400).split(50):
        current = rv.encoders.direct(2 * x[index], steps=25)  # [T, B, 64], time first
        loss = cross_entropy_mean_membrane(net(current), y[index])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

run = net.run(rv.encoders.direct(2 * x[1400:], steps=25), record=("output",))
accuracy = (rv.decoders.mean_membrane(run.output) == y[1400:]).float().mean()
print(
    f"test accuracy {100 * accuracy:.1f} %, the hidden neurons fire in {100 * run.records['1.output'].mean():.1f} % of steps"
)
assert accuracy > 0.9
