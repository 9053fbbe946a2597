"""Messages of pgoutput: every one is read as it was written, nothing else passes, and changes come out in order."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automic_core.connectors.databases import _postgresql_pgoutput as pgoutput
from automic_core.connectors.databases._postgresql_changes import Assembler
from automic_core.errors import SourceError
from tests.core import changelogs as wire

u32 = st.integers(0, 2**32 - 1)
u64 = st.integers(0, 2**64 - 1)
at = st.integers(-(2**63), 2**63 - 1)
names = st.text(st.characters(blacklist_characters="\0", blacklist_categories=("Cs",)), min_size=1, max_size=20)
values = st.lists(st.none() | st.binary(max_size=30) | st.just("u"), max_size=6)
columns = st.lists(st.tuples(st.booleans(), names, u32, st.integers(-(2**31), 2**31 - 1)), max_size=5)


def told(cells: list[bytes | str | None]) -> tuple[pgoutput.Cell, ...]:
    return tuple(pgoutput.UNCHANGED if isinstance(cell, str) else cell for cell in cells)


messages = st.one_of(
    st.tuples(u64, at, u32).map(lambda m: (wire.begin(*m), pgoutput.Begin(*m))),
    st.tuples(u64, u64, at).map(lambda m: (wire.commit(*m), pgoutput.Commit(*m))),
    st.tuples(u32, names, names, st.sampled_from("dnfi"), columns).map(
        lambda m: (
            wire.relation(*m),
            pgoutput.Relation(*m[:4], tuple(pgoutput.Described(n, k, o, key) for key, n, k, o in m[4])),
        )
    ),
    st.tuples(u32, values).map(lambda m: (wire.insert(*m), pgoutput.Insert(m[0], told(m[1])))),
    st.tuples(u32, values, st.none() | values, st.sampled_from([b"K", b"O"])).map(
        lambda m: (
            wire.update(*m),
            pgoutput.Update(m[0], None if m[2] is None else told(m[2]), m[2] is not None and m[3] == b"O", told(m[1])),
        )
    ),
    st.tuples(u32, values, st.sampled_from([b"K", b"O"])).map(
        lambda m: (wire.delete(*m), pgoutput.Delete(m[0], told(m[1]), m[2] == b"O"))
    ),
    st.lists(u32, max_size=4).map(lambda m: (wire.truncate(*m), pgoutput.Truncate(tuple(m)))),
)


@given(messages)
def test_what_is_written_is_read(message: tuple[bytes, pgoutput.Message]) -> None:
    assert pgoutput.decode(message[0]) == message[1]


@given(messages, st.data())
def test_a_message_cut_off_or_too_long_is_refused(message: tuple[bytes, object], data: st.DataObject) -> None:
    raw = message[0]
    with pytest.raises(SourceError, match="cannot be read"):
        pgoutput.decode(raw[: data.draw(st.integers(0, len(raw) - 1))])
    with pytest.raises(SourceError, match="too many"):
        pgoutput.decode(raw + b"x")


@given(st.binary(max_size=60))
def test_bytes_of_any_kind_are_a_message_or_refused(raw: bytes) -> None:
    with suppress(SourceError):  # nothing else
        pgoutput.decode(raw)


@given(u64)
def test_places_in_the_log(lsn: int) -> None:
    assert pgoutput.lsn_number(pgoutput.lsn_text(lsn)) == lsn


@pytest.mark.parametrize("text", ["", "16B3748", "0/", "/1", "x/1", "0-1"])
def test_no_place_in_the_log(text: str) -> None:
    with pytest.raises(SourceError, match="no place in a log"):
        pgoutput.lsn_number(text)


TABLE = wire.relation(7, "s", "t", "d", [(True, "id", 23, -1), (False, "v", 25, -1)])


def taken(*raw: bytes) -> Assembler:
    found = Assembler(7, ["id"])
    for each in raw:
        assert found.take(pgoutput.decode(each)) is None
    return found


def test_a_change_of_the_key_deletes_the_old_one_first() -> None:
    found = taken(wire.begin(9, 5, 1), TABLE, wire.update(7, [b"2", "u"], [b"1", None]), wire.commit(9, 10, 5))
    changes = found.cut()
    assert changes is not None
    assert changes.rows == [[b"1", None], [b"2", None]]
    assert changes.ops == ["d", "u"]
    assert changes.unchanged == [(), ("v",)]
    assert changes.moved == [1]
    assert changes.lsns == ["0/9", "0/9"]
    assert (found.position, found.inside, found.cut()) == (10, False, None)


def test_values_out_of_line_are_taken_from_the_row_before() -> None:
    found = taken(
        wire.begin(9, 5, 1),
        TABLE,
        wire.update(7, [b"1", "u"], [b"1", b"long"], b"O"),
        wire.update(7, ["u", "u"], [b"1", None], b"K"),  # the key itself is stored out of line
    )
    changes = found.cut()
    assert changes is not None
    assert changes.rows == [[b"1", b"long"], [b"1", None]]
    assert changes.ops == ["u", "u"]
    assert changes.unchanged == [(), ("v",)]
    assert found.inside


def test_other_tables_are_passed_over_and_other_columns_cut() -> None:
    found = taken(
        wire.begin(9, 5, 1),
        wire.relation(8, "s", "other", "d", [(True, "x", 23, -1)]),
        wire.insert(8, [b"1"]),
        TABLE,
        wire.insert(7, [b"1", b"a"]),
        wire.truncate(8),
        wire.truncate(8, 7),
    )
    wider = wire.relation(7, "s", "t", "d", [(True, "id", 23, -1), (False, "v", 25, -1), (False, "w", 25, -1)])
    before = found.take(pgoutput.decode(wider))
    assert before is not None
    assert before.ops == ["i", "t"]
    assert [column.name for column in before.columns] == ["id", "v"]
    assert found.take(pgoutput.decode(wider)) is None
    with pytest.raises(SourceError, match="no column 'id' any more"):
        found.take(pgoutput.decode(wire.relation(7, "s", "t", "d", [(True, "key", 23, -1)])))


def test_messages_in_an_order_that_cannot_be() -> None:
    with pytest.raises(SourceError, match="did not describe"):
        taken(wire.begin(9, 5, 1), wire.insert(7, [b"1", b"a"]))
    with pytest.raises(SourceError, match="outside of a transaction"):
        taken(TABLE, wire.insert(7, [b"1", b"a"]))
    with pytest.raises(SourceError, match="other columns"):
        taken(wire.begin(9, 5, 1), TABLE, wire.insert(7, [b"1"]))
