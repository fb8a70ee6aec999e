"""How a text file is written: what a person is shown and asked before it is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction

from onboarding.filemaker.exports.choices import DELIMITERS, Choices
from onboarding.filemaker.exports.delimited import Written, describe
from onboarding.filemaker.exports.detect import judge_start
from onboarding.filemaker.exports.errors import BadChoiceError
from onboarding.filemaker.fmp.errors import FileMakerFileError
from onboarding.imports.models import ImportRun, ImportSource
from onboarding.imports.runs import WrongStateError
from onboarding.imports.upload_parts import first_bytes, plain_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

State = ImportRun.State
_BEFORE_LOADING = frozenset({State.UPLOADED, State.PROFILED, State.MAPPED, State.CHECKED})
HEADER_WORDS = {"": None, "yes": True, "no": False}


@dataclass(frozen=True)
class WrittenForm:
    """The choices as they stand, what the file looks like with them, and why not if it cannot be."""

    choices: Choices
    written: Written | None
    problem: str = ""

    @property
    def delimiters(self) -> Sequence[tuple[str, str, bool]]:
        chosen = self.written.delimiter if self.written else self.choices.delimiter
        return [
            (code, label, sign == chosen)
            for (sign, label), code in zip(DELIMITERS.items(), _CODES, strict=True)
        ]

    @property
    def encoding(self) -> str:
        return self.choices.encoding or (self.written.encodings[0].encoding if self.written else "")

    @property
    def columns(self) -> Sequence[tuple[int, str]]:
        return list(enumerate(self.written.names, start=1)) if self.written else []


_CODES = ("comma", "semicolon", "tab", "bar")


def may_choose(run: ImportRun) -> bool:
    """True for a text file of which nothing was loaded and no other run is there."""
    before = run.state in _BEFORE_LOADING or (
        run.state == State.FAILED and run.failed_in in {State.READING, State.CHECKING}
    )
    return before and is_text(run.source) and run.source.runs.count() == 1


def is_text(source: ImportSource) -> bool:
    if source.state not in {ImportSource.State.RECEIVED, ImportSource.State.STAGED}:
        return False
    if source.kind != ImportSource.Kind.FILE:
        return False
    try:
        return judge_start(first_bytes(source), source.size) == "delimited"
    except FileMakerFileError:
        return False


def written_form(source: ImportSource, choices: Choices | None = None) -> WrittenForm:
    """Look at the file as it would be read with these choices, the kept ones by default."""
    chosen = Choices.from_json(source.choices) if choices is None else choices
    try:
        with plain_file(source) as plain:
            written = describe(plain.path, name=source.file_name, choices=chosen)
    except FileMakerFileError as error:
        return WrittenForm(chosen, None, f"{error.message} {error.remedy}")
    return WrittenForm(chosen, written)


def read_choices(sent: Mapping[str, str]) -> Choices:
    """Read the form; raises BadChoiceError for what the form does not offer."""
    delimiter = sent.get("delimiter", "")
    header, key = sent.get("header", ""), sent.get("key_column", "")
    if (delimiter and delimiter not in _CODES) or header not in HEADER_WORDS:
        raise BadChoiceError
    if key and not (key.isdecimal() and len(key) < 5):  # noqa: PLR2004
        raise BadChoiceError
    return Choices(
        encoding=sent.get("encoding", ""),
        delimiter=dict(zip(_CODES, DELIMITERS, strict=True)).get(delimiter, ""),
        header=HEADER_WORDS[header],
        key_column=int(key) if key else None,
    )


@transaction.atomic
def choose_reading(run: ImportRun, choices: Choices) -> ImportRun:
    """Keep how the file is written. What was read of it otherwise, and its mapping, are forgotten.

    Raises WrongStateError once something of the file has been loaded.
    """
    run = ImportRun.objects.select_for_update(of=("self",)).select_related("source").get(pk=run.pk)
    if not may_choose(run):
        raise WrongStateError(
            "How the file is written can be said until it is loaded. Upload it again to read it "
            "in another way."
        )
    source = run.source
    source.records.all().delete()
    source.choices, source.state = choices.as_json(), ImportSource.State.RECEIVED
    source.structure, source.profile, source.warnings, source.fingerprint = {}, {}, [], ""
    source.save(
        update_fields=["choices", "state", "structure", "profile", "warnings", "fingerprint"]
    )
    run.state, run.mapping, run.dry_report = State.UPLOADED, None, {}
    run.failed_in = run.error = ""
    run.save(update_fields=["state", "mapping", "dry_report", "failed_in", "error"])
    return run
