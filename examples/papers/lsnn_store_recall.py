"""Bellec et al., "Long short-term memory and learning-to-learn in networks of spiking neurons" (NeurIPS 2018): store and recall.

    python examples/papers/lsnn_store_recall.py

Four groups of inputs fire at 50 Hz for one token of 100 ms at a time: bit 0, bit 1, "store", "recall". At "recall" the network shall tell the
bit that came with the last "store", 200 ms to a second after its end, much longer than its membranes remember (20 ms). Ten regular and ten
adaptive neurons do it; with beta=0, twenty regular neurons, the error stays near that of guessing. Trains until the running error is below the
paper's aim of 0.05, at most ITERATIONS times, and tests on new sequences, by the number of tokens between store and recall too. The paper's
tokens last 200 ms. Measured results with this command are in lsnn_store_recall.md. `--seeds 0` is one network of each; `--gap 1` lets a
recall follow its store directly, which regular neurons can answer from the activity that the store has left.
"""

import argparse
import time

import torch
from torch import Tensor
from torch.nn import functional as F

import ranvier as rv

GROUP, RATE = 10, 50  # neurons of an input group, and their rate [Hz] when it is on
TOKENS, TOKEN = 12, 100  # tokens of a sequence, steps [ms] of a token
BATCH, ITERATIONS, AIM = 64, 300, 0.05
GAP = 3  # tokens from a store to its first possible recall
SHARE = 0.03  # of the size of a layer's weights that one step of the optimizer changes at first; falls to 0


def sequences(batch: int, gap: int, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Input spikes [T, B, 40]; by token, [tokens, B]: bit to recall, whether it is asked for, tokens since its store.

    A token is a store with probability 1/3, or 1/12 while a bit waits for its recall, and from the `gap`-th after a store on a recall with
    probability 1/3, which ends the wait; the bit of other tokens is noise to be ignored.
    """
    bits = torch.rand(TOKENS, batch, generator=generator) < 0.5
    drawn = torch.rand(TOKENS, batch, generator=generator)
    store, recall = (torch.zeros(TOKENS, batch, dtype=torch.bool) for _ in range(2))
    stored, holds = torch.zeros(batch, dtype=torch.bool), torch.zeros(batch, dtype=torch.bool)
    asked, since = torch.zeros(TOKENS, batch, dtype=torch.long), torch.zeros(TOKENS, batch, dtype=torch.long)
    for t in range(TOKENS):
        store[t] = drawn[t] < torch.where(holds, 1 / 12, 1 / 3)
        since[t] = torch.where(store[t], 0, since[t - 1] + 1)
        stored, holds = torch.where(store[t], bits[t], stored), holds | store[t]
        recall[t] = holds & (since[t] >= gap) & (drawn[t] > 2 / 3)
        holds = holds & ~recall[t]
        asked[t] = stored.long()
    shown = ~recall
    on = torch.stack([~bits & shown, bits & shown, store, recall], 2).float()  # [tokens, B, 4]
    rates = on.repeat_interleave(GROUP, 2).repeat_interleave(TOKEN, 0)
    spikes = torch.rand(rates.shape, generator=generator) < rates * RATE * rv.ms
    return spikes.float(), asked, recall, since


def answers(net: rv.Sequential, x: Tensor) -> Tensor:
    """Mean readout of each token, [tokens, B, 2]."""
    return net(x).unflatten(0, (TOKENS, TOKEN)).mean(1)


def trained(beta: float, seed: int, gap: int) -> tuple[float, int, dict[int, float]]:
    """Recall error on 512 new sequences, iterations trained, and the error by tokens since the store."""
    generator = torch.Generator().manual_seed(seed)
    net = rv.Sequential(
        rv.Linear(4 * GROUP, 20, generator=generator),
        rv.LSNN(10, 10, beta=beta, tau_adapt=1200 * rv.ms, generator=generator),
        rv.Linear(20, 2, generator=generator),
        rv.LI(tau_mem=20 * rv.ms),
    )
    net.calibrate(sequences(BATCH, gap, generator)[0], rate=0.02)
    optimizer = torch.optim.Adam(
        [
            {"params": m.parameters(), "lr": SHARE * m.weight.detach().square().mean().sqrt().item()}
            for m in (net[k] for k in range(3))
        ]
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda k: 1 - k / ITERATIONS)
    error, done = 0.5, ITERATIONS
    for k in range(ITERATIONS):
        x, asked, recall, _ = sequences(BATCH, gap, generator)
        found = answers(net, x)
        loss = F.cross_entropy(found[recall], asked[recall])
        error = 0.9 * error + 0.1 * (found[recall].argmax(1) != asked[recall]).float().mean().item()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if k % 20 == 19:
            print(f"  beta {beta:5.1f}  iteration {k + 1:3d}  loss {loss.item():.3f}  error {error:.3f}", flush=True)
        if error <= 0.9 * AIM:
            done = k + 1
            break
    with torch.no_grad():
        x, asked, recall, since = sequences(512, gap, generator)
        wrong = (answers(net, x).argmax(2) != asked).float()
    by_delay = {k: wrong[recall & (since == k)].mean().item() for k in range(1, 6) if (recall & (since == k)).any()}
    return wrong[recall].mean().item(), done, by_delay


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--gap", type=int, default=GAP, help="tokens from a store to its first possible recall")
    options = parser.parse_args()
    errors: dict[float, list[float]] = {}
    for beta in (170.0, 0.0):
        for seed in options.seeds:
            started = time.perf_counter()
            error, iterations, by_delay = trained(beta, seed, options.gap)
            errors.setdefault(beta, []).append(error)
            print(
                f"beta {beta:5.1f}  seed {seed}  {iterations} iterations  error {error:.3f}  {time.perf_counter() - started:.0f} s",
                flush=True,
            )
            print("  error by tokens since the store:", {k: round(e, 3) for k, e in by_delay.items()}, flush=True)
    assert max(errors[170.0]) < 2 * AIM, (
        "adaptive neurons remember; a test on 512 sequences is right within 0.01 or two"
    )
    if options.gap >= GAP:
        assert min(errors[0.0]) > 0.4, "regular neurons forget"
