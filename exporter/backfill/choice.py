"""Which campaigns and windows of an operation a backfill is of (pure)."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from exporter.backfill.windows import at_step
from exporter.discovery.state import DiscoveryState, Rules, chosen, passed
from exporter.model import Operation, Target
from exporter.targets import targets_of


@dataclass(frozen=True, slots=True)
class Choice:
    """What is wanted of a configuration; an empty list: all."""

    campaigns: Collection[str] = ()
    windows: Collection[str] = ()
    """Labels."""
    operations: Collection[str] = ()

    def __contains__(self, target: Target) -> bool:
        key = target.key
        return all(
            not wanted or one in wanted
            for one, wanted in (
                (key.campaign, self.campaigns),
                (key.window, self.windows),
                (key.operation, self.operations),
            )
        )


def past_targets(operation: Operation, state: DiscoveryState, choice: Choice, step: int) -> tuple[Target, ...]:
    """The targets of an operation, discovered ones included, with the step for their interval."""
    every = (*operation.targets, *_discovered(operation, state))
    return tuple(at_step(target, step) for target in every if target in choice)


def unknown(choice: Choice, targets: Iterable[Target]) -> Iterator[str]:
    """What is wanted and does not exist, in words."""
    keys = [target.key for target in targets]
    for wanted, known, noun in (
        (choice.operations, {key.operation for key in keys}, "operation"),
        (choice.campaigns, {key.campaign for key in keys}, "campaign"),
        (choice.windows, {key.window for key in keys}, "window"),
    ):
        for one in wanted:
            if one not in known:
                yield f"{noun} {one!r}"


def _discovered(operation: Operation, state: DiscoveryState) -> Iterator[Target]:
    if operation.discovery is None:
        return
    rules = Rules(operation.discovery, frozenset(target.key.campaign for target in operation.targets))
    candidates = passed(state, rules)
    for campaign in sorted(chosen(state, rules, candidates)):
        yield from targets_of(operation.discovery.settings, operation.name, campaign, candidates[campaign].name)
