from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]


@pytest.fixture
def sample(tmp_path):
    """Copies a real sample file under the name its solution knows it by."""
    shared = Path(os.environ.get("NEXUS_SHARED", ROOT.parent / "shared"))
    folder = shared / "filemaker" / "samples"
    if not folder.is_dir():
        pytest.skip(f"the real sample files are not at {folder}")

    def copy(name, called=""):
        return Path(shutil.copy(folder / name, tmp_path / (called or name.rpartition("__")[2])))

    return copy
