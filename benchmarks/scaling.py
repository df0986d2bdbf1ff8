"""How Ranvier's time and memory grow: with the number of steps (`recurrent-long`) and with the share of active inputs (`mlp`)."""

import argparse
from typing import Any

from harness import Found, interleave, median, once, ran

KINDS = ("forward", "training")
STEPS = (250, 500, 1000, 2000, 4000)
DENSITIES = (0.01, 0.02, 0.05, 0.1, 0.2)


def measure(options: argparse.Namespace) -> dict[str, Found]:
    """Facts by what varies (`steps`, `density`) and its value, samples and medians; for steps the memory too."""
    results = {}
    for name, base, values in (("steps", "recurrent-long", STEPS), ("density", "mlp", DENSITIES)):
        tasks = {str(value): ("ranvier", f"{base}:{name}={value}") for value in values}
        found, _ = interleave(tasks, KINDS, options.rounds, options)
        for value, facts in ran(found).items():
            facts["median"] = {kind: median(facts["seconds"][kind]) for kind in KINDS}
            if name == "steps":
                facts |= once(*tasks[value], "memory", options)
        results[name] = found
    return results


def table(results: dict[str, Found]) -> str:
    """A line a value."""
    lines = [
        "Ranvier, recurrent-long: steps, ms forward, ms training, the same a step in us, peak MiB of training, KiB a step"
    ]
    for steps, facts in results["steps"].items():
        lines.append(f"{steps:>8}" + (_steps(int(steps), facts) if "median" in facts else "  failed"))
    lines += ["", "Ranvier, mlp: share of inputs active in a step, ms forward, ms training"]
    for density, facts in results["density"].items():
        lines.append(f"{float(density):8.0%}" + (_times(facts) if "median" in facts else "  failed"))
    return "\n".join(lines)


def _times(facts: dict[str, Any]) -> str:
    return "".join(f"{1e3 * facts['median'][kind]:10.1f}" for kind in KINDS)


def _steps(steps: int, facts: dict[str, Any]) -> str:
    a_step = "".join(f"{1e6 * facts['median'][kind] / steps:10.1f}" for kind in KINDS)
    peak = facts.get("peak_mib", float("nan"))
    return f"{_times(facts)}{a_step}{peak:10.0f}{1024 * peak / steps:10.0f}"
