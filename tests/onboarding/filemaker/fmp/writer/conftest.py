"""A second reading of FileMaker files, at the level of sectors and items, that shares no code
with the project's reader or writer: what both agree on is more than what one believes."""

import struct
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

SECTOR = 4096


@dataclass(frozen=True)
class Item:
    kind: str  # "push", "pop", "start" or "entry"
    key: bytes = b""
    value: bytes = b""
    is_last: bool = False
    is_first_child: bool = False


@dataclass(frozen=True)
class Page:
    previous: int
    following: int
    level: int
    items: list[Item]


def read_items(payload):
    items, at = [], 0
    while at < len(payload):
        code = payload[at]
        at += 1
        if code in (0x40, 0x80):
            items.append(Item("pop" if code == 0x40 else "start"))
            continue
        assert code & 0xC0 in (0x00, 0xC0), f"bad code {code:02x}"
        size = (code >> 3 & 3) + 1
        is_first_child = False
        if size == 4:
            size, at = payload[at], at + 1
            is_first_child = size == 0
            size = max(size, 1)
        key, at = payload[at : at + size], at + size
        assert len(key) == size
        is_last = code & 0xC0 == 0xC0
        if code & 0x20:
            assert code & 7 == 0
            items.append(Item("push", key, is_last=is_last))
            continue
        value_class = code & 7
        if value_class == 6:
            length, at = payload[at], at + 1
        elif value_class == 7:
            length, at = int.from_bytes(payload[at : at + 2], "big"), at + 2
        else:
            length = (0, 1, 2, 4, 6, 8)[value_class]
        value, at = payload[at : at + length], at + length
        assert len(value) == length
        items.append(Item("entry", key, value, is_last, is_first_child))
    return items


class Sectors:
    """The pages of a file, each checked for itself while it is read."""

    def __init__(self, path):
        data = Path(path).read_bytes()
        assert len(data) % SECTOR == 0
        self.header = data[:SECTOR]
        self.count = len(data) // SECTOR
        self.pages = {}
        for number in range(1, self.count):
            sector = data[number * SECTOR : (number + 1) * SECTOR]
            zero, previous, following, level, unused, _ = struct.unpack(">IIIHHI", sector[:20])
            payload = sector[20 : SECTOR - unused]
            assert zero == 0
            assert unused <= 4076
            assert not any(sector[SECTOR - unused :])
            self.pages[number] = Page(previous, following, level, read_items(payload))

    def children(self, number):
        """Lower bound and child of each entry of an index page; flags close the directories."""
        found, path = [], []
        for item in self.pages[number].items:
            if item.kind == "push":
                path.append((item.key, item.is_last))
                continue
            assert item.kind == "entry"
            steps = tuple(key for key, _ in path)
            bound = steps if item.is_first_child else (*steps, item.key)
            found.append((bound, int.from_bytes(item.value, "big")))
            closes = item.is_last
            while closes and path:
                closes = path.pop()[1]
        assert path == []
        return found

    def leaf_chain(self):
        number = 1
        while self.pages[number].level:
            number = self.children(number)[0][1]
        chain = []
        while number:
            chain.append(number)
            number = self.pages[number].following
        return chain

    def walk(self, number=1):
        if self.pages[number].level == 0:
            return [number]
        return [leaf for _, child in self.children(number) for leaf in self.walk(child)]

    def entries(self, number):
        """The (path, key, value) of one leaf, read alone, and the path it ends in."""
        path, found = [], []
        for item in self.pages[number].items:
            if item.kind == "push":
                path.append(item.key)
            elif item.kind == "pop":
                if path:
                    path.pop()
                else:
                    found.append("root closed")
            elif item.kind == "entry":
                found.append((tuple(path), item.key, item.value))
        return found, path


def check_tree(path):
    """Assert every invariant of the B+tree; return its entries in order."""
    sectors = Sectors(path)
    root = sectors.pages[1]
    assert root.level >= 1
    assert (root.previous, root.following) == (0, sectors.count - 1)
    chain = sectors.leaf_chain()
    assert sectors.walk() == chain
    assert sorted(chain) == [n for n, page in sectors.pages.items() if page.level == 0]
    check_levels(sectors)
    entries = []
    carried = []
    for number in chain:
        items = sectors.pages[number].items
        lead = []
        for item, after in pairwise(items):
            if item.kind != "push" or after.kind == "start":
                break
            lead.append(item.key)
        assert lead == carried, "a leaf starts by pushing the whole path again"
        found, carried = sectors.entries(number)
        entries += found
    assert entries.pop() == "root closed"
    assert carried == []
    places = [(*steps, key) for steps, key, _ in entries]
    assert all(one < other for one, other in pairwise(places))
    return entries


def check_levels(sectors):
    """Each level is one doubly linked chain, and bounds lie at or below what they lead to."""
    for number, page in sectors.pages.items():
        if page.following and number != 1:
            assert sectors.pages[page.following].previous == number
            assert sectors.pages[page.following].level == page.level
        if page.level == 0:
            continue
        children = sectors.children(number)
        bounds = [bound for bound, _ in children]
        assert bounds == sorted(set(bounds))
        for nth, (bound, child) in enumerate(children):
            assert sectors.pages[child].level == page.level - 1
            keys = [
                (*steps, key)
                for leaf in sectors.walk(child)
                for steps, key, _ in (
                    entry for entry in sectors.entries(leaf)[0] if entry != "root closed"
                )
            ]
            assert bound <= keys[0]
            if nth + 1 < len(bounds):
                assert keys[-1] < bounds[nth + 1]


@pytest.fixture
def sectors():
    return Sectors


@pytest.fixture
def entries_of():
    return check_tree
