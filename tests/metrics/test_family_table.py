from hypothesis import given
from hypothesis import strategies as st

from exporter.metrics.family_table import Entry, FamilyTable

FAMILIES = 2
CAPACITY = 8


def columns(section: FamilyTable) -> list[bytes]:
    return [b"".join(piece.text for piece in section.column(family)) for family in range(FAMILIES)]


def chunks(entry: Entry, version: int = 0) -> list[bytes]:
    return [f"a {entry} {version}\n".encode(), f"b {entry}\n".encode() if version % 2 else b""]


def entry_of(number: int) -> Entry:
    return ("operation", f"{number:05d}")


def test_nothing_there() -> None:
    assert columns(FamilyTable(FAMILIES, CAPACITY)) == [b"", b""]


def test_dropping_what_is_not_there_does_nothing() -> None:
    section = FamilyTable(FAMILIES, CAPACITY)
    section.drop(entry_of(1))
    section.set(entry_of(2), chunks(entry_of(2)))
    before = columns(section)
    section.drop(entry_of(1))
    section.drop(entry_of(3))
    assert columns(section) == before


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(-1, 3)), max_size=100))
def test_any_changes_leave_the_entries_in_order(changes: list[tuple[int, int]]) -> None:
    section = FamilyTable(FAMILIES, CAPACITY)
    expected: dict[Entry, list[bytes]] = {}
    for number, version in changes:
        entry = entry_of(number)
        if version < 0:
            section.drop(entry)
            expected.pop(entry, None)
        else:
            section.set(entry, chunks(entry, version))
            expected[entry] = chunks(entry, version)
    assert columns(section) == [
        b"".join(lines[family] for _, lines in sorted(expected.items())) for family in range(FAMILIES)
    ]


@given(st.permutations(range(5 * CAPACITY)), st.sets(st.integers(0, 5 * CAPACITY - 1)))
def test_many_entries_in_any_order(order: list[int], dropped: set[int]) -> None:
    section = FamilyTable(FAMILIES, CAPACITY)
    for number in order:
        section.set(entry_of(number), chunks(entry_of(number)))
    for number in dropped:
        section.drop(entry_of(number))
    kept = [entry_of(number) for number in range(5 * CAPACITY) if number not in dropped]
    assert columns(section)[0] == b"".join(chunks(entry)[0] for entry in kept)
    sizes = [len(block.entries) for block in section._blocks]
    assert all(0 < size <= CAPACITY for size in sizes)


def test_a_change_makes_new_pieces_only_where_lines_changed() -> None:
    section = FamilyTable(FAMILIES, CAPACITY)
    for number in range(3 * CAPACITY):
        section.set(entry_of(number), chunks(entry_of(number)))
    before = [list(section.column(family)) for family in range(FAMILIES)]
    section.set(entry_of(CAPACITY), [b"other\n", b""])
    after = [list(section.column(family)) for family in range(FAMILIES)]
    assert [old is new for old, new in zip(before[0], after[0], strict=True)] == [True, False, True]
    assert all(old is new for old, new in zip(before[1], after[1], strict=True))


def test_entries_that_come_in_order_fill_blocks_wholly() -> None:
    section = FamilyTable(FAMILIES, CAPACITY)
    for number in range(3 * CAPACITY):
        section.set(entry_of(number), chunks(entry_of(number)))
    assert [len(block.entries) for block in section._blocks] == [CAPACITY] * 3
