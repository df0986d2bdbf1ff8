"""Order in a graph: loops, the steps that loops take, and places where everything goes through one wire. Names and edges only."""

from collections.abc import Iterable, Mapping, Sequence

Edge = tuple[str, str]


def components(names: Sequence[str], edges: Iterable[Edge]) -> list[list[str]]:
    """Strongly connected components, each after those that feed it. Two nodes share one where each reaches the other.

    Source: Tarjan (1972), "Depth-first search and linear graph algorithms", without recursion.
    """
    following: dict[str, list[str]] = {name: [] for name in names}
    for a, b in edges:
        following[a].append(b)
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    found: list[list[str]] = []
    for root in names:
        if root in number:
            continue
        path = [(root, iter(following[root]))]
        number[root] = lowest[root] = len(number)
        stack.append(root)
        on_stack.add(root)
        while path:
            name, rest = path[-1]
            for after in rest:
                if after not in number:
                    number[after] = lowest[after] = len(number)
                    stack.append(after)
                    on_stack.add(after)
                    path.append((after, iter(following[after])))
                    break
                if after in on_stack:
                    lowest[name] = min(lowest[name], number[after])
            else:
                path.pop()
                if path:
                    before = path[-1][0]
                    lowest[before] = min(lowest[before], lowest[name])
                if lowest[name] == number[name]:
                    start = stack.index(name)
                    found.append(stack[start:])
                    on_stack.difference_update(stack[start:])
                    del stack[start:]
    return found[::-1]


def is_loop(group: Sequence[str], edges: Iterable[Edge]) -> bool:
    """Whether a component is more than one node that does not feed itself."""
    return len(group) > 1 or (group[0], group[0]) in set(edges)


def narrow_places(groups: Sequence[Sequence[str]], edges: Iterable[Edge]) -> list[int]:
    """Places k such that all edges from groups[:k] to groups[k:] come from one node of groups[k - 1]; the last is len(groups)."""
    place = {name: k for k, group in enumerate(groups) for name in group}
    reach = [k for k in range(len(groups))]  # the last group that each group feeds
    senders: list[set[str]] = [set() for _ in groups]
    for a, b in edges:
        if place[a] != place[b]:
            reach[place[a]] = max(reach[place[a]], place[b])
            senders[place[a]].add(a)
    found, furthest = [], 0
    for k in range(1, len(groups)):
        if furthest <= k - 1 and len(senders[k - 1]) == 1:
            found.append(k)
        furthest = max(furthest, reach[k - 1])
    return [*found, len(groups)]


def order_in_loop(
    group: Sequence[str], edges: Iterable[Edge], delaying: Iterable[str], lagging: Iterable[str]
) -> tuple[list[str], set[Edge]]:
    """The order of a loop's nodes within a step, and the edges whose signal arrives in the next one.

    Edges out of `delaying` nodes carry what these took in earlier, so they bind nothing. Of the loops that are left, the edges out of
    `lagging` nodes (populations) take one step. Raises ValueError, naming nodes, where a loop has neither.
    """
    inside, slow, firing = set(group), set(delaying), set(lagging)
    bound = [(a, b) for a, b in edges if a in inside and b in inside and a not in slow]
    late: set[Edge] = set()
    for part in components(group, bound):
        own = set(part)
        late |= {(a, b) for a, b in bound if a in own and b in own and a in firing}
    rest = [edge for edge in bound if edge not in late]
    parts = components(group, rest)
    bad = next((part for part in parts if is_loop(part, rest)), None)
    if bad is not None:
        raise ValueError(", ".join(bad))
    return [name for part in parts for name in part], late


def into(names: Iterable[str], edges: Iterable[Edge]) -> Mapping[str, list[str]]:
    """Nodes before each node."""
    found: dict[str, list[str]] = {name: [] for name in names}
    for a, b in edges:
        found[b].append(a)
    return found
