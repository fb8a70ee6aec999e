from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from onboarding.filemaker.demo_clinic import write_demo_clinic

ROOT = Path(__file__).parents[3]
TODAY = datetime.now(UTC).date()


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """A small demo clinic's file, and what must be in it."""
    path = tmp_path_factory.mktemp("demo") / "Clinic.fmp12"
    return write_demo_clinic(path, factor=0.03, seed=20261121, today=TODAY)


@pytest.fixture(scope="session")
def samples():
    """The folder of real sample files, where it is at hand."""
    shared = Path(os.environ.get("NEXUS_SHARED", ROOT.parent / "shared"))
    folder = shared / "filemaker" / "samples"
    if not folder.is_dir():
        pytest.skip(f"the real sample files are not at {folder}")
    return folder
