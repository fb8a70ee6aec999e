from __future__ import annotations

import pytest
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.base import ContentFile

from tenants.scope import NoTenantError, tenant_scope
from tenants.storage import ScopedFileSystemStorage, StorageUnavailableError, work_dir

OUTSIDE = ["../t1/a.pdf", "a/../../t1/a.pdf", "/etc/passwd", "a\\..\\b", "a//b", "./a", "a/.."]


@pytest.fixture
def storage(tmp_path):
    return ScopedFileSystemStorage(location=str(tmp_path / "files"))


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_name_never_leaves_the_clinics_folder(in_alpha, storage, tmp_path, name) -> None:
    (tmp_path / "new").write_bytes(b"new")

    with pytest.raises(SuspiciousFileOperation):
        storage.adopt(tmp_path / "new", name)
    with pytest.raises(SuspiciousFileOperation):
        storage.stream(name)
    with pytest.raises(SuspiciousFileOperation):
        work_dir(name)


def test_a_file_is_taken_in_whole_and_only_in_its_own_clinic(
    alpha, beta, storage, tmp_path
) -> None:
    (tmp_path / "new").write_bytes(b"alpha's")

    with tenant_scope(alpha):
        storage.adopt(tmp_path / "new", "patients/1/a.pdf")
        stream = storage.stream("patients/1/a.pdf", start=2)
        names = list(storage.names_below("patients"))
    with tenant_scope(beta):
        there = storage.size_or_none("patients/1/a.pdf")
        beside = list(storage.names_below("patients"))

    assert (names, there, beside) == (["patients/1/a.pdf"], None, [])
    assert stream.read() == b"pha's"
    stream.close()
    assert not (tmp_path / "new").exists()


def test_a_disk_that_refuses_is_named_and_nothing_is_there(in_alpha, storage, tmp_path) -> None:
    storage.save("taken", ContentFile(b"a file where a folder is needed"))
    (tmp_path / "new").write_bytes(b"new")

    with pytest.raises(StorageUnavailableError):
        storage.adopt(tmp_path / "new", "taken/a.pdf")

    assert (tmp_path / "new").read_bytes() == b"new"


def test_the_work_folder_is_the_clinics_own(alpha, beta) -> None:
    with tenant_scope(alpha):
        mine = work_dir("uploads")
    with tenant_scope(beta):
        theirs = work_dir("uploads")

    assert mine.is_dir()
    assert mine != theirs
    with pytest.raises(NoTenantError):
        work_dir("uploads")
