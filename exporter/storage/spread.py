"""Which of the living replicas polls with which token: pure, so that all of them come to the same answer."""

import math
from collections.abc import Mapping
from collections.abc import Set as AbstractSet


def assign(holders: Mapping[str, str | None], replicas: Mapping[str, AbstractSet[str]]) -> dict[str, str]:
    """The replica that is to poll with each token.

    Nobody has more than an even share, rounded up, and what is held within it stays where it is. A token that only
    replicas with a full share know goes to one of them all the same.

    Args:
        holders: Each token with the living replica that holds it now, or None.
        replicas: Each living replica with the tokens of its configuration.
    """
    if not replicas:
        return {}
    known = [token for token in sorted(holders) if any(token in own for own in replicas.values())]
    share = math.ceil(len(known) / len(replicas))
    loads = dict.fromkeys(sorted(replicas), 0)
    assigned: dict[str, str] = {}
    for token in known:
        holder = holders[token]
        if holder in loads and token in replicas[holder] and loads[holder] < share:
            assigned[token] = holder
            loads[holder] += 1
    for token in known:
        if token not in assigned:
            able = [owner for owner in loads if token in replicas[owner]]
            owner = min(able, key=lambda one: loads[one])
            assigned[token] = owner
            loads[owner] += 1
    return assigned
