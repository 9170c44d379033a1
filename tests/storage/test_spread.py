"""How tokens spread over replicas: evenly, with few moves, and the same whoever computes it."""

import math

from hypothesis import given
from hypothesis import strategies as st

from exporter.storage.spread import assign

OWNERS = st.sets(st.sampled_from("ABCDE"), max_size=5)
TOKENS = [f"token-{number:02}" for number in range(17)]


@given(OWNERS, st.lists(st.sampled_from([None, *"ABCDE"]), min_size=17, max_size=17))
def test_nobody_has_more_than_an_even_share_and_only_the_excess_moves(
    owners: set[str], holding: list[str | None]
) -> None:
    holders = {token: holder if holder in owners else None for token, holder in zip(TOKENS, holding, strict=True)}
    assigned = assign(holders, {owner: frozenset(TOKENS) for owner in owners})
    if not owners:
        assert assigned == {}
        return
    share = math.ceil(len(TOKENS) / len(owners))
    counts = {owner: list(assigned.values()).count(owner) for owner in owners}
    assert set(assigned) == set(TOKENS)
    assert max(counts.values()) <= share
    moved = sum(holder is not None and assigned[token] != holder for token, holder in holders.items())
    held = [list(holders.values()).count(owner) for owner in owners]
    assert moved == sum(max(0, count - share) for count in held), "as few moves as possible"
    assert assign(dict(assigned), {owner: frozenset(TOKENS) for owner in owners}) == assigned, "then nothing moves"


@given(st.dictionaries(st.sampled_from("ABC"), st.sets(st.sampled_from(TOKENS)), min_size=1))
def test_replicas_of_different_configurations_get_only_what_they_know(replicas: dict[str, set[str]]) -> None:
    assigned = assign(dict.fromkeys(TOKENS), replicas)
    assert set(assigned) == set().union(*replicas.values())
    assert all(token in replicas[owner] for token, owner in assigned.items())
