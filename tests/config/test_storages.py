from __future__ import annotations

from pathlib import Path

import pytest

from config.env import EnvironmentVariableError
from config.storages import FileStorage

VAR = Path("/var/lib/nexus")


def test_a_folder_is_its_own_work_folder() -> None:
    found = FileStorage.parse("file:///srv/files", var=VAR)

    assert (found.backend, found.options["location"], found.work_dir) == (
        "tenants.storage.ScopedFileSystemStorage",
        "/srv/files",
        "/srv/files",
    )


def test_a_bucket_works_below_var() -> None:
    url = "s3://clinic-files/nexus/live?region=ap-southeast-2&kms=alias/files"
    found = FileStorage.parse(url, var=VAR)

    assert found.options == {
        "bucket": "clinic-files",
        "prefix": "nexus/live",
        "region": "ap-southeast-2",
        "endpoint": "",
        "kms": "alias/files",
    }
    assert found.work_dir == "/var/lib/nexus/work"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/srv/files",
        "file://srv/files",
        "s3:///prefix",
        "s3://key:secret@bucket/",
        "s3://bucket/?acl=public-read",
        "https://bucket.example/",
    ],
)
def test_anything_else_is_refused_by_the_variables_name(url: str) -> None:
    with pytest.raises(EnvironmentVariableError, match="STORAGE_URL"):
        FileStorage.parse(url, var=VAR)
