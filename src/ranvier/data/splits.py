"""Which samples train and which test, and the sentence that says why."""

from dataclasses import dataclass

import numpy as np

from ranvier.data.samples import Samples
from ranvier.errors import RanvierError

TEST_SHARE = 0.2


@dataclass(frozen=True)
class Split:
    """Indices of the samples that train and that test, ascending, int64; `reason` is for the user."""

    train: np.ndarray
    test: np.ndarray
    reason: str


def split(samples: Samples, how: str | None = None, seed: int = 0) -> Split:
    """Divides a set into training and test.

    Args:
        samples: the set.
        how: "official" (what the set prescribes), "speaker:NAME" or "recording:NAME" (that one tests), "random"
            (stratified by class, 80 to 20), or None: official if there is such a rule, else whole speakers or
            recordings if they are known, else random.
        seed: of whatever is drawn; the same seed gives the same split.

    Raises:
        RanvierError: the set has no official rule or no such speaker, or `how` is none of these.
    """
    if how is None:
        if samples.official_test is not None:
            return _official(samples)
        return _whole_groups(samples, seed) or _random(samples, seed)
    if how == "official":
        return _official(samples)
    if how == "random":
        return _random(samples, seed)
    kind, colon, name = how.partition(":")
    if colon and kind in ("speaker", "recording"):
        return _one_group(samples, kind, name)
    raise RanvierError(f"--split {how}: expected official, speaker:NAME, recording:NAME or random. {_offers(samples)}")


def _official(samples: Samples) -> Split:
    if samples.official_test is None:
        raise RanvierError(f"--split official: {samples.name} prescribes no split. {_offers(samples)}")
    reason = f"official split: {samples.official_rule}"
    if samples.groups is not None and samples.group_kind is not None:
        groups = np.array(samples.groups)
        shared = np.intersect1d(groups[samples.official_test], groups[~samples.official_test])
        if len(shared):
            reason += (
                f"; {len(shared)} {samples.group_kind}s are on both sides, so this does not tell how well it does on a "
                f"new {samples.group_kind} (for that: --split {samples.group_kind}:{shared[0]})"
            )
    return _split(samples.official_test, reason)


def _one_group(samples: Samples, kind: str, name: str) -> Split:
    if samples.groups is None or samples.group_kind != kind:
        raise RanvierError(f"--split {kind}:{name}: the {kind}s of {samples.name} are not known. {_offers(samples)}")
    groups = np.array(samples.groups)
    known = np.unique(groups)
    test = groups == name
    if not test.any() or test.all():
        shown = ", ".join(known[:20]) + (", ..." if len(known) > 20 else "")
        raise RanvierError(
            f"--split {kind}:{name}: no such {kind} in {samples.name}. Known: {shown}. Type --split {kind}:{known[0]}."
        )
    lost = set(samples.y[test]) - set(samples.y[~test])
    if lost:
        shown = ", ".join(samples.classes[c] for c in sorted(lost))
        raise RanvierError(
            f"--split {kind}:{name}: only {name} has samples of {shown}, so nothing would be left to train on. "
            f"Take another {kind}, or --split random."
        )
    return _split(test, f"split by {kind}, as asked: {name} tests, the other {len(known) - 1} train")


def _whole_groups(samples: Samples, seed: int) -> Split | None:
    """About a fifth of the samples in whole groups, class by class as far as that goes; None where no group can go.

    Groups are drawn in random order and taken while that brings the test nearer to a fifth of every class and leaves
    every class in the training part.
    """
    if samples.groups is None:
        return None
    names, group = np.unique(samples.groups, return_inverse=True)
    counts = np.zeros((len(names), len(samples.classes)), np.int64)  # [groups, classes]
    np.add.at(counts, (group, samples.y), 1)
    total = counts.sum(0)
    taken, test = np.zeros(len(names), bool), np.zeros_like(total)

    def gap(candidate: np.ndarray) -> float:
        return float(np.abs(candidate - TEST_SHARE * total).sum())

    order = np.random.default_rng(seed).permutation(len(names))
    movable = [g for g in order if (counts[g] < total).all()]
    if not movable:
        return None
    for g in movable:
        if gap(test + counts[g]) < gap(test) and (test + counts[g] < total).all():
            taken[g], test = True, test + counts[g]
    if not taken.any():
        smallest = min(movable, key=lambda g: gap(counts[g]))
        taken[smallest], test = True, counts[smallest]
    kind = samples.group_kind
    tested, trained = int(taken.sum()), int((~taken).sum())
    verbs = f"{trained} {kind}{'s' * (trained > 1)} train{'s' * (trained == 1)}, {tested} test{'s' * (tested == 1)}"
    shown = f" ({', '.join(names[taken])})" if tested <= 10 else ""
    reason = f"split by {kind}: {verbs}{shown}, because names tell the {kind} and the network will meet new ones"
    missing = [c for c, n in zip(samples.classes, test, strict=True) if n == 0]
    if missing:
        reason += f"; no test sample in {', '.join(missing)}, where too few {kind}s are"
    return _split(taken[group], reason)


def _random(samples: Samples, seed: int) -> Split:
    random = np.random.default_rng(seed)
    test = np.zeros(len(samples), bool)
    for label in range(len(samples.classes)):
        members = np.flatnonzero(samples.y == label)
        size = min(max(1, round(TEST_SHARE * len(members))), len(members) - 1)
        test[random.permutation(members)[: max(0, size)]] = True
    reason = "random split, 80 % train and 20 % test of each class"
    if samples.groups is None:
        return _split(test, f"{reason}, because nothing tells which samples belong together")
    return _split(
        test, f"{reason}; samples of one {samples.group_kind} are on both sides, which flatters the test accuracy"
    )


def _split(test: np.ndarray, reason: str) -> Split:
    return Split(np.flatnonzero(~test), np.flatnonzero(test), f"{reason} ({(~test).sum()} train, {test.sum()} test)")


def _offers(samples: Samples) -> str:
    offers = ["official"] if samples.official_test is not None else []
    if samples.groups is not None:
        offers.append(f"{samples.group_kind}:{samples.groups[0]}")
    return f"Type --split {' or --split '.join([*offers, 'random'])}."
