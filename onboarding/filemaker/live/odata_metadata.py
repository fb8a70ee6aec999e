"""What FileMaker's OData says about a database: its `$metadata` document.

Tables here are table occurrences. A field's `FMFID` is its field id above 32 bits of the
occurrence's `FMTID`, the same numbers as in the file (checked against a recorded document).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from onboarding.filemaker.live.errors import BrokenAnswerError

_OURS = "com.filemaker.odata."
_OCCURRENCE_BITS = 32
_MOST_DEPTH = 32


@dataclass(slots=True)
class Property:
    """A field; `annotations` holds FileMaker's own, by their short names."""

    name: str
    type: str
    annotations: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> int:
        """FileMaker's field id, or 0 where the server does not say."""
        number = _number_in(self.annotations.get("FieldID", ""), "FMFID:")
        return number >> _OCCURRENCE_BITS

    @property
    def repetitions(self) -> int:
        text = self.annotations.get("MaxRepetitions", "1")
        return min(int(text), 32_000) if text.isdecimal() and text != "0" else 1

    def says(self, annotation: str) -> bool:
        return self.annotations.get(annotation) == "true"


@dataclass(slots=True)
class Occurrence:
    """A table occurrence, with the names of its key's fields."""

    name: str
    properties: list[Property] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    annotations: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> int:
        """The occurrence's id (1,065,089 and up), or 0 where the server does not say."""
        return _number_in(self.annotations.get("TableID", ""), "FMTID:")


@dataclass(slots=True)
class Metadata:
    """All occurrences that have an entity set, in the document's order."""

    occurrences: list[Occurrence]
    server: str = ""


def parse_metadata(document: bytes) -> Metadata:
    """Parse `$metadata`; raises BrokenAnswerError for anything else, entities included."""
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    try:
        parser.Parse(document, True)
    except (expat.ExpatError, ValueError):
        raise BrokenAnswerError from None
    if not reader.is_edmx:
        raise BrokenAnswerError
    return reader.metadata()


def _refuse(*_: object) -> None:
    raise BrokenAnswerError


def _number_in(text: str, prefix: str) -> int:
    digits = text.removeprefix(prefix)
    is_number = text.startswith(prefix) and digits.isascii() and digits.isdecimal()
    return int(digits) if is_number and len(digits) <= 20 else 0  # noqa: PLR2004 - 64 bits


class _Reader:
    """Follows the elements; annotations belong to whatever element is open around them."""

    def __init__(self) -> None:
        self.is_edmx = False
        self._types: dict[str, Occurrence] = {}
        self._sets: dict[str, str] = {}
        self._server = ""
        self._path: list[str] = []
        self._type: Occurrence | None = None
        self._property: Property | None = None

    def start(self, tag: str, given: Mapping[str, str]) -> None:
        name = tag.rpartition(":")[2]
        self._path.append(name)
        if len(self._path) > _MOST_DEPTH:
            raise BrokenAnswerError
        if name == "Edmx":
            self.is_edmx = True
        elif name == "EntityType":
            self._type = Occurrence(given.get("Name", ""))
            self._types[self._type.name] = self._type
        elif name == "Property" and self._type:
            self._property = Property(given.get("Name", ""), given.get("Type", ""))
            self._type.properties.append(self._property)
        elif name == "PropertyRef" and self._type:
            self._type.keys.append(given.get("Name", ""))
        elif name == "EntitySet":
            self._sets[given.get("Name", "")] = given.get("EntityType", "")
        elif name == "Annotation":
            self._annotate(given)

    def end(self, tag: str) -> None:
        name = tag.rpartition(":")[2]
        if self._path:
            self._path.pop()
        if name == "EntityType":
            self._type = None
        elif name == "Property":
            self._property = None

    def metadata(self) -> Metadata:
        found: list[Occurrence] = []
        for name, type_name in self._sets.items():
            kind = _named(self._types, type_name)
            if kind:
                kind.name = name
                found.append(kind)
        return Metadata(found, self._server)

    def _annotate(self, given: Mapping[str, str]) -> None:
        term = given.get("Term", "")
        value = given.get("String") or given.get("Bool") or given.get("Int") or ""
        if term == "ServerVersion" and not self._type:
            self._server = value
        if term.startswith(_OURS):
            owner = self._property or self._type
            if owner:
                owner.annotations[term.removeprefix(_OURS)] = value


def _named(types: Mapping[str, Occurrence], qualified: str) -> Occurrence | None:
    """Find a type by its qualified name; names of types may hold dots themselves."""
    rest = qualified
    while rest:
        if rest in types:
            return types[rest]
        _, dot, rest = rest.partition(".")
        if not dot:
            return None
    return None
