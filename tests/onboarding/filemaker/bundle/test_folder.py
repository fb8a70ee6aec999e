from __future__ import annotations

import unicodedata

from onboarding.filemaker.bundle.folder import ContainerFolder, FolderEntry, name_in


def folder(*paths, crc=None):
    return ContainerFolder(
        FolderEntry("zip", path, 10, number if crc is None else crc)
        for number, path in enumerate(paths)
    )


def found(folder, *lines):
    entry = folder.match(lines).entry
    return entry.path if entry else None


def test_the_file_with_the_longest_common_end_is_taken():
    files = folder("RC_Data_FMS/Clinic/Photo/12/face.jpg", "RC_Data_FMS/Clinic/Photo/13/face.jpg")

    assert found(files, "remote:face.jpg", "size:640,480", "JPEG:Clinic/Photo/13/face.jpg") == (
        "RC_Data_FMS/Clinic/Photo/13/face.jpg"
    )


def test_a_zip_that_begins_further_down_matches_as_well():
    assert found(folder("12/face.jpg"), "JPEG:Clinic/Photo/12/face.jpg") == "12/face.jpg"


def test_a_name_alone_is_enough_where_only_one_file_has_it():
    assert found(folder("a/scan 1.pdf"), "remote:scan 1.pdf") == "a/scan 1.pdf"


def test_files_that_fit_equally_well_are_not_guessed_between():
    match = folder("a/scan.pdf", "b/scan.pdf").match(["remote:scan.pdf"])

    assert (match.entry, match.several) == (None, 2)


def test_equal_copies_are_one_file():
    assert found(folder("b/scan.pdf", "a/scan.pdf", crc=7), "remote:scan.pdf") == "a/scan.pdf"


def test_windows_paths_case_escapes_and_decomposed_letters_do_not_matter():
    files = folder("Scans/" + unicodedata.normalize("NFD", "Jürgen Brief.PDF"))

    assert found(files, "filewin:/C:\\Docs\\scans\\jürgen%20brief.pdf") is not None


def test_a_file_of_another_name_is_not_taken():
    assert found(folder("Clinic/Photo/12/face.jpg"), "JPEG:Clinic/Photo/12/other.jpg") is None


def test_lines_about_size_name_no_file():
    assert found(folder("640,480"), "size:640,480") is None
    assert name_in(["size:640,480", "image:../pictures/face.jpg"]) == "face.jpg"


def test_secure_storage_is_known_by_its_folder():
    assert FolderEntry("zip", "RC_Data_FMS/Clinic/Secure/3A/77/9F21", 1, 1).is_secure
    assert not FolderEntry("zip", "RC_Data_FMS/Clinic/Secure.pdf", 1, 1).is_secure
