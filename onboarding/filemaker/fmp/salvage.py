"""Putting the leaves of a damaged file back in order.

Every leaf names its full path, so each can be judged alone. Leaves whose links agree in both
directions stay together as a run; runs are sorted by their first key. Between two runs something
may be missing, and that is remembered as a break.
"""

from array import array
from dataclasses import dataclass, field

from onboarding.filemaker.fmp.grammar import first_key, is_well_formed
from onboarding.filemaker.fmp.pages import LEAF_LEVEL, Pages, Structure


@dataclass(slots=True)
class LeafOrder:
    """Leaves in key order.

    `breaks` holds the positions before which leaves may be missing; the position after the last
    leaf stands for the end of the file. `rejected` are the sectors that could not be read.
    """

    pages: "array[int]"
    breaks: set[int] = field(default_factory=set)
    rejected: list[int] = field(default_factory=list)


def salvage_order(pages: Pages, structure: Structure) -> LeafOrder:
    """Judge every leaf of a damaged file alone and return those that can be read, in order."""
    good = bytearray(len(structure.level))
    rejected: list[int] = []
    for page_id, level in enumerate(structure.level):
        if level == LEAF_LEVEL:
            payload = pages.payload(page_id)
            if is_well_formed(payload) and first_key(payload) is not None:
                good[page_id] = 1
            else:
                rejected.append(page_id)
    runs = sorted(
        (first_key(pages.payload(head)) or (), head) for head in _run_heads(structure, good)
    )
    order = LeafOrder(array("I"), rejected=rejected)
    tail = 0
    for _, head in runs:
        if tail or structure.before[head]:
            order.breaks.add(len(order.pages))
        tail = head
        while True:
            good[tail] = 0
            order.pages.append(tail)
            after = structure.after[tail]
            if not _linked(structure, good, tail, after):
                break
            tail = after
    if not tail or structure.after[tail]:
        order.breaks.add(len(order.pages))
    return order


def _linked(structure: Structure, good: bytearray, page_id: int, after: int) -> bool:
    return 0 < after < len(good) and bool(good[after]) and structure.before[after] == page_id


def _run_heads(structure: Structure, good: bytearray) -> list[int]:
    """Return the first leaf of every run; a ring of leaves has none and is cut where it is met."""
    heads = []
    seen = bytearray(len(good))
    for page_id in range(len(good)):
        before = structure.before[page_id]
        starts = good[page_id] and not (
            before < len(good)
            and good[before]
            and before != page_id
            and structure.after[before] == page_id
        )
        if starts:
            heads.append(page_id)
            _mark_run(structure, good, seen, page_id)
    for page_id in range(len(good)):
        if good[page_id] and not seen[page_id]:
            heads.append(page_id)
            _mark_run(structure, good, seen, page_id)
    return heads


def _mark_run(structure: Structure, good: bytearray, seen: bytearray, page_id: int) -> None:
    while not seen[page_id]:
        seen[page_id] = 1
        after = structure.after[page_id]
        if not _linked(structure, good, page_id, after):
            return
        page_id = after
