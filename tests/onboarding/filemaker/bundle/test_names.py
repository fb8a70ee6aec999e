from __future__ import annotations

import pytest

from onboarding.filemaker.bundle.names import identity_of, names_in, stem_of
from onboarding.filemaker.sources import ExternalSource


@pytest.mark.parametrize(
    "name",
    [
        "Invoices.fmp12", "invoices.FMP12", "Invoices Copy.fmp12", "Invoices copy 3.fmp12",
        "Invoices (2).fmp12", "Invoices 2026-11-20.fmp12", "Invoices_20261120.fmp12",
        "Invoices Kopie.fmp12", "Invoices Recovered.fmp12", "C:\\Data\\Invoices.fmp12",
        "Invoices 2026-11-20_0315.fmp12", "Invoices Copy (1).fmp12",
    ],
)  # fmt: skip
def test_copies_of_a_file_have_one_identity(name):
    assert identity_of(name) == "invoices"


@pytest.mark.parametrize(
    "name", ["Invoices 2.fmp12", "Copy.fmp12", "2026.fmp12", "Invoices_old.fmp12"]
)
def test_other_files_keep_their_own(name):
    assert identity_of(name) == stem_of(name).lower()


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("file:Ooe2", "Ooe2"),
        ("file:fmWorkMate.fmp12", "fmWorkMate"),
        ("file:Contacts 2", "Contacts 2"),
        ("filewin:/C:/Data/Invoices.fmp12", "Invoices"),
        ("fmnet:/10.1.2.3/Invoices", "Invoices"),
        ("file:../Data/Invoices.fp7", "Invoices"),
    ],
)
def test_an_external_source_names_a_file(path, name):
    assert names_in(ExternalSource(1, "Whatever", (path,))) == [name]


def test_a_variable_names_no_file():
    assert names_in(ExternalSource(1, "$$FILE", ("$$FILE", "file:$$OTHER"))) == []
