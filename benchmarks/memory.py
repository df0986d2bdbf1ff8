"""Peak memory of a training step, for each peer in a process of its own: the peak above the same process at rest, with code, model
and data loaded. See `worker.py` for how it is taken."""

import argparse

from harness import Found, once
from workloads import find

WORKLOADS = ("deep", "recurrent", "recurrent-long")


def measure(workload: str, options: argparse.Namespace) -> Found:
    """Facts by peer: `idle_mib` and `peak_mib`, or `missing` or `failed`."""
    return {peer: once(peer, workload, "memory", options) for peer in options.peers}


def table(workload: str, found: Found) -> str:
    """A line a peer."""
    lines = [f"{workload}: {find(workload).title}", f"{'':14}{'training MiB':>14}{'idle MiB':>10}"]
    for peer, facts in found.items():
        if "peak_mib" in facts:
            lines.append(f"{peer:14}{facts['peak_mib']:14.0f}{facts['idle_mib']:10.0f}")
        else:
            lines.append(f"{peer:14}{'skipped' if 'missing' in facts else 'failed':>14}")
    if any(facts.get("peak_was_reset") is False for facts in found.values()):
        lines.append("The system does not let a process reset its peak: what building a case took counts too.")
    return "\n".join(lines)
