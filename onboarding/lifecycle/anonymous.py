"""From a clinic's rows to those of invented people, worked out by the database that reads them.

A person's fakes hang together: they follow from the person's id and a secret of the job that is thrown
away, so nobody can work them out again. Columns that nobody has classified stop the copy.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from psycopg import sql

from onboarding.lifecycle.anonymous_rules import COPIED, DROPPED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

Expression = sql.Composable

GIVEN = (
    "Ada Alma Anton Bela Bruno Carla Cleo Dario Edda Elio Fay Felix Gilda Gus Hana Hugo Ida Ivo Jonna "
    "Jules Kira Lasse Lena Milo Mona Nils Nora Otto Pia Quin Rhea Rolf Sela Sven Tess Tilo Una Vito Wanda "
    "Xaver Yara Zeno"
).split()  # fmt: skip
FAMILY = (
    "Sampleton Fictive Inventa Madeup Placeholder Testwell Mockford Dummond Sandley Boxwell Exampleby "
    "Notreal Pretendo Standin Specimen Trialby Mimicke Surrogate Fauxley Simula"
).split()  # fmt: skip
STREETS = (
    "Sandbox Street",
    "Sample Road",
    "Fiction Lane",
    "Invention Avenue",
    "Placeholder Parade",
)
SUBURBS = ("Sampleville", "Testbury", "Mockton", "Fictown")
ORGANISATIONS = ("Sample Surgery", "Fiction Family Practice", "Mock Medical", "Invented Imaging")
CONDITIONS = (
    "Knee pain",
    "Low back pain",
    "Shoulder stiffness",
    "Ankle sprain",
    "Neck pain",
    "Fatigue",
)
MEDICINES = ("Paracetamol", "Ibuprofen", "Vitamin D", "Magnesium")
SUBSTANCES = ("Peanuts", "Latex", "Penicillin", "Dust")
WORDS = "This text was replaced in the sandbox."
STUB = b"This file was replaced in the sandbox.\n"
CLASSIFIED = ("text", "character varying", "character", "citext", "date", "timestamp", "time", "json",
              "bytea", "inet", "cidr", "xml", "tsvector", "hstore", "daterange", "tstzrange")  # fmt: skip
"""How the types begin whose columns must be classified; arrays of anything must be too."""


class UnclassifiedError(Exception):
    """There is a table or column of which nobody has said what becomes of it in a sandbox."""


@dataclass(frozen=True)
class Recipe:
    """What becomes of one table: column → rule."""

    rules: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Secret:
    """What the fakes of one sandbox follow from."""

    key: str
    days: int
    """By how many days the diary is moved: whole weeks."""
    person: str = ""
    """The id of the member of staff who stays."""


def recipes() -> dict[str, Recipe]:
    """Read the tables that are copied, with a rule for each of their columns."""
    found: dict[str, Recipe] = {}
    for entry in COPIED.replace("\n  ", " ").splitlines():
        table, colon, rest = entry.partition(":")
        if not colon:
            continue
        rules = {}
        for part in rest.split():
            rule, _, columns = part.partition("=")
            rules.update(dict.fromkeys(columns.split(","), rule))
        found[table.strip()] = Recipe(rules)
    return found


def dropped() -> frozenset[str]:
    return frozenset(DROPPED.split())


def unclassified(tables: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Name what nobody has classified, in words; `tables` has each column's type.

    A table counts that is neither copied nor left out; a column that can hold anything of a person.
    """
    known, left_out, said = recipes(), dropped(), []
    for table, columns in sorted(tables.items()):
        if table in left_out:
            continue
        if table not in known:
            said.append(f"{table}: neither copied nor left out")
            continue
        rules = known[table].rules
        said += [
            f"{table}.{column}: no rule"
            for column, kind in columns.items()
            if must_be_classified(kind) and column not in rules
        ]
        said += [f"{table}.{column}: no such column" for column in rules if column not in columns]
        said += [
            f"{table}.{column}: no such rule as {rule}"
            for column, rule in rules.items()
            if rule not in RULES
        ]
    return said


def must_be_classified(kind: str) -> bool:
    return kind.startswith(CLASSIFIED) or kind.endswith("[]")


def expressions(
    table: str,
    columns: Mapping[str, str],
    *,
    nulled: Iterable[str],
    secret: Secret,
) -> dict[str, Expression]:
    """Answer for each column what is read in its place; raises UnclassifiedError."""
    rules, gone = recipes()[table].rules, frozenset(nulled)
    person = sql.SQL("t.patient_id") if "patient_id" in columns else sql.SQL("t.id")
    made: dict[str, Expression] = {}
    for column, kind in columns.items():
        value = sql.Identifier("t", column)
        if column in gone:
            made[column] = sql.SQL("NULL")
        elif column in rules:
            made[column] = RULES[rules[column]](_Place(value, kind, person, secret, columns))
        elif must_be_classified(kind):
            raise UnclassifiedError(f"{table}.{column} has no rule")
        else:
            made[column] = value
    return made


# ── the rules ────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class _Place:
    """One column of one table: its value, its type, whose it is."""

    value: Expression
    kind: str
    person: Expression
    secret: Secret
    columns: Mapping[str, str]


def _digest(place: _Place, salt: str, of: Expression | None = None) -> sql.Composed:
    return sql.SQL("encode(sha256(convert_to({key} || ({of})::text, 'UTF8')), 'hex')").format(
        key=sql.Literal(f"{place.secret.key}{salt}:"), of=of or place.person
    )


def _number(place: _Place, salt: str, below: int, of: Expression | None = None) -> sql.Composed:
    return sql.SQL("(('x' || substr({digest}, 1, 7))::bit(28)::int % {below})").format(
        digest=_digest(place, salt, of), below=sql.Literal(below)
    )


def _pick(pool: Iterable[str], salt: str) -> Callable[[_Place], Expression]:
    words = list(pool)

    def rule(place: _Place) -> Expression:
        return _unless_empty(
            place,
            sql.SQL("({words}::text[])[1 + {number}]").format(
                words=sql.Literal(words), number=_number(place, salt, len(words))
            ),
        )

    return rule


def _unless_empty(place: _Place, fake: Expression) -> Expression:
    return sql.SQL("CASE WHEN {value}::text = '' THEN {value} WHEN {value} IS NULL THEN NULL ELSE "
                   "{fake} END").format(value=place.value, fake=fake)  # fmt: skip


def _shift(place: _Place) -> Expression:
    """Move a person's dates back by a number of whole weeks of the person's own."""
    days = sql.SQL("(7 * (1 + {}))").format(_number(place, "shift", 26))
    return _moved(place, sql.SQL("-{}").format(days))


def _diary(place: _Place) -> Expression:
    return _moved(place, sql.Literal(place.secret.days))


def _moved(place: _Place, days: Expression) -> Expression:
    if place.kind == "date":
        return sql.SQL("{} + ({})").format(place.value, days)
    return sql.SQL("{} + make_interval(days => ({}))").format(place.value, days)


def _phone(place: _Place) -> Expression:
    digits = sql.SQL("lpad({}::text, 4, '0')").format(_number(place, "phone", 10000))
    return _unless_empty(place, sql.SQL("'(02) 5550 ' || {}").format(digits))


def _email(place: _Place) -> Expression:
    mail = sql.SQL("'p' || substr({}, 1, 12) || '@example.com'").format(_digest(place, "mail"))
    return _unless_empty(place, mail)


def _contact(place: _Place) -> Expression:
    digits = _digits_of_row(place)
    return sql.SQL(
        "CASE WHEN t.value LIKE '%@%' THEN {mail} WHEN t.value = '' THEN '' ELSE '(02) 5550 ' || {digits} END"
    ).format(mail=_mail_of_row(place), digits=digits)


def _contact_normalised(place: _Place) -> Expression:
    return sql.SQL(
        "CASE WHEN {value} = '' THEN '' WHEN t.value LIKE '%@%' THEN {mail} "
        "ELSE '+6125550' || {digits} END"
    ).format(value=place.value, mail=_mail_of_row(place), digits=_digits_of_row(place))


def _digits_of_row(place: _Place) -> Expression:
    return sql.SQL("lpad({}::text, 4, '0')").format(
        _number(place, "phone", 10000, sql.SQL("t.normalised"))
    )


def _mail_of_row(place: _Place) -> Expression:
    return sql.SQL("'p' || substr({}, 1, 12) || '@example.com'").format(
        _digest(place, "mail", sql.SQL("t.normalised"))
    )


def _street(place: _Place) -> Expression:
    street = _pick(STREETS, "street")(place)
    number = _number(place, "house", 200)
    return _unless_empty(place, sql.SQL("(1 + {})::text || ' ' || {}").format(number, street))


def _code(place: _Place) -> Expression:
    """Stand in for a number somebody is known by; equal numbers stay equal."""
    made = sql.SQL("'X' || upper(substr({}, 1, 11))").format(_digest(place, "code", place.value))
    return _unless_empty(place, made)


def _empty(place: _Place) -> Expression:
    return sql.SQL(
        "CASE jsonb_typeof({0}) WHEN 'array' THEN '[]'::jsonb WHEN 'object' THEN '{{}}'::jsonb "
        "ELSE NULL END"
    ).format(place.value)


def _words(place: _Place) -> Expression:
    return _unless_empty(place, sql.Literal(WORDS))


def _constant(text: str) -> Callable[[_Place], Expression]:
    return lambda place: _unless_empty(place, sql.Literal(text))


def _of_staff(mine: str, others: str) -> Callable[[_Place], Expression]:
    """Leave the person who asked as they are, and make nobody of all others."""

    def rule(place: _Place) -> Expression:
        return sql.SQL(
            "CASE WHEN t.id::text = {person} THEN " + mine + " ELSE " + others + " END"
        ).format(
            person=sql.Literal(place.secret.person),
            value=place.value,
            tail=sql.SQL("substr({}, 1, 8)").format(_digest(place, "staff", sql.SQL("t.id"))),
        )

    return rule


RULES: dict[str, Callable[[_Place], Expression]] = {
    "keep": lambda place: place.value,
    "blank": lambda _place: sql.Literal(""),
    "words": _words,
    "empty": _empty,
    "shift": _shift,
    "diary": _diary,
    "given": _pick(GIVEN, "given"),
    "given_or_empty": _pick(GIVEN, "given"),
    "family": _pick(FAMILY, "family"),
    "relation": _pick([f"{name} Standin" for name in GIVEN], "relation"),
    "staffname": _pick([f"{name} Colleague" for name in GIVEN], "colleague"),
    "org": _pick(ORGANISATIONS, "org"),
    "condition": _pick(CONDITIONS, "condition"),
    "medicine": _pick(MEDICINES, "medicine"),
    "substance": _pick(SUBSTANCES, "substance"),
    "suburb": _pick(SUBURBS, "suburb"),
    "street": _street,
    "phone": _phone,
    "email": _email,
    "contact": _contact,
    "contact_normalised": _contact_normalised,
    "code": _code,
    "staff": _constant("A colleague"),
    "staffperson": _of_staff("{value}", "'Colleague ' || {tail}"),
    "staffmail": _of_staff("{value}", "'staff-' || {tail} || '@example.com'"),
    "password": _of_staff("{value}", "'!' || {tail}"),
    "stubname": _constant("sandbox.txt"),
    "stubkey": lambda place: _unless_empty(
        place, sql.SQL("'sandbox/' || {}").format(sql.SQL("t.id::text"))
    ),
    "stubsum": lambda place: _unless_empty(
        place, sql.SQL("encode(sha256({}), 'hex')").format(sql.Literal(STUB))
    ),
}
