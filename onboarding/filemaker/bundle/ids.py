"""Table ids that stay unique and the same, however many files a job holds.

FileMaker numbers the tables of each file from 129, so the files of one solution share ids. Each file
therefore has a *slot*, given when it first comes and kept for every later copy of it:

- in slot 0 a table keeps its own id, so that a clinic's one file, imported alone before, is the same
  tables when others join it;
- in slot n from 1 to 2047 the id is `n * 2**20 + own`. FileMaker allows a million tables in a file,
  so an own id is below 2**20 and the two parts never touch: no two pairs (slot, own) share an id.

Ids of 2**20 and above belong to the sheets of a workbook and are made of their names. In a slot from 1
they are folded to 20 bits; two sheets of one workbook that fold to the same number are refused by name
(`ids_of`), never mixed. Such a workbook in slot 0 keeps its ids, and slots whose range they fall into
are not given away (`free_slot`).

An id depends on slot and own id only, so adding or leaving out other files changes none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onboarding.filemaker.bundle.errors import SameTableIdError, TooManyFilesError
from onboarding.filemaker.exports.identity import stable_id

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

SPAN_BITS = 20
SPAN = 1 << SPAN_BITS
MAX_SLOT = (1 << 31 - SPAN_BITS) - 1


def composed(slot: int, table_id: int) -> int:
    """Answer the id of a file's table within the job; fits a signed 32-bit number."""
    if not 0 <= slot <= MAX_SLOT:
        raise ValueError(f"There is no slot {slot}.")
    if slot == 0:
        return table_id
    own = table_id if table_id < SPAN else stable_id("slot", str(table_id), bits=SPAN_BITS)
    return slot * SPAN + own


def ids_of(slot: int, tables: Iterable[tuple[int, str]]) -> dict[int, int]:
    """Answer own id → composed id of one file's tables, given as (id, name).

    Raises SameTableIdError where two of them would be one.
    """
    answer: dict[int, int] = {}
    names: dict[int, str] = {}
    for table_id, name in tables:
        number = composed(slot, table_id)
        if number in names:
            raise SameTableIdError(names[number], name)
        answer[table_id], names[number] = number, name
    return answer


def free_slot(
    taken: Collection[int], *, own_ids: Iterable[int], ids_in_slot_0: Iterable[int]
) -> int:
    """Answer the first slot a new file may have; raises TooManyFilesError when there is none.

    Slot 0 is for a file whose ids are FileMaker's own: all of them below 2**20.
    """
    blocked = {number // SPAN for number in ids_in_slot_0 if number >= SPAN}
    if any(number >= SPAN for number in own_ids):
        blocked.add(0)
    for slot in range(MAX_SLOT + 1):
        if slot not in taken and slot not in blocked:
            return slot
    raise TooManyFilesError
