"""Real files, served by the double and read live: the records of the file itself."""

import pytest

from onboarding.filemaker.fmp.reader import open_file
from onboarding.filemaker.live.identity import known_tables
from tests.onboarding.filemaker.live.double.database import seed_from
from tests.onboarding.filemaker.live.double.server import FileMakerDouble
from tests.onboarding.filemaker.live.test_equal_to_the_file import (
    digest,
    everything,
    without_odatas_gaps,
)

SAMPLES = {
    "SoliantMike__FM-CombinePDFs__CombinePDFs.fmp12": "containers, blank records",
    "chivalry__fm-library__Multilingual_LabelMaker.fmp12": "repetitions, Cyrillic",
    "chivalry__fm-library__Location.fmp12": "YMD dates, blank records",
    "evanmiller__fmptools__data.fp7": "DMY dates, decimal comma",
    "mrwatson-de__PSBN17-FileMaker-Module__Widgets.fmp12": "83 blank records",
    "mrwatson-de__fmWorkMate__fmTextConverter.fmp12": "emoji",
    "SoliantMike__FM-js_ExcelSheets__js_ExcelSheets.fmp12": "CJK, long text",
    "joshormond__ooe-fm__Ooe.fmp12": "a container, several files",
}


@pytest.fixture(params=SAMPLES, ids=[name.split("__")[-1] for name in SAMPLES])
def sample(request, shared):
    with open_file(shared / "samples" / request.param) as file:
        yield file


@pytest.fixture
def double(sample, certificate):
    with FileMakerDouble(seed_from(sample), certificate=certificate) as running:
        yield running
        assert running.sessions == {}


def test_the_data_api_gives_what_the_file_holds(live, sample):
    with live(known=known_tables(sample)) as source:
        assert with_fields(everything(source)) == with_fields(everything(sample))
        for table in source.tables():
            ours = sorted(digest(found) for found in source.containers(table.id))
            assert set(ours) <= {digest(found) for found in sample.containers(table.id)}


def test_odata_gives_what_the_file_holds(live, sample):
    with live("odata") as source:
        found = everything(source)

    assert without_odatas_gaps(found) == without_odatas_gaps(everything(sample))


def with_fields(tables):
    """A table without fields cannot stand on a layout."""
    return {name: found for name, found in tables.items() if found[1]}
