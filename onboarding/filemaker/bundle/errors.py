"""Why files cannot be read as one job, or a zip not be unpacked: what it is and what to do next."""

from __future__ import annotations

from onboarding.filemaker.fmp.errors import FileMakerFileError


class SameTableIdError(FileMakerFileError):
    code = "same-table"
    remedy = "Give one of them another name and upload the file again."

    def __init__(self, one: str, other: str) -> None:
        super().__init__(
            f"The tables “{one}” and “{other}” cannot be told apart.", tables=[one, other]
        )


class TooManyFilesError(FileMakerFileError):
    code = "too-many-files"
    message = "The import holds more files than can be read as one."
    remedy = "Import them in several parts."


class ArchiveRefusedError(FileMakerFileError):
    """A zip that is not unpacked; `member` is the file inside that is the reason."""

    code = "zip-refused"
    message = "This zip is not one we unpack."
    remedy = "Make it anew from the files themselves and upload that."

    def __init__(self, message: str = "", *, member: str = "", **facts: object) -> None:
        super().__init__(message, **facts, **({"member": member} if member else {}))
        self.member = member


class DamagedArchiveError(ArchiveRefusedError):
    code = "zip-damaged"
    message = "The zip is damaged or was cut short."
    remedy = "Make it anew and upload it again."


class UnsafeNameError(ArchiveRefusedError):
    code = "zip-unsafe-name"
    remedy = "This can be an attack. Pack the files yourself, straight from their folder."


class LinkInArchiveError(ArchiveRefusedError):
    code = "zip-link"
    remedy = "Pack the file the link points to instead."


class ProtectedArchiveError(ArchiveRefusedError):
    code = "zip-password"
    remedy = (
        "Make a zip without a password: the upload itself is encrypted, and so is what we keep."
    )


class PackingError(ArchiveRefusedError):
    code = "zip-packing"
    remedy = (
        "Pack it with 7-Zip as “zip” with the method “Deflate”, or upload the files one by one. "
        "(Windows packs files above 2 GB in a way of its own.)"
    )


class ZipBombError(ArchiveRefusedError):
    code = "zip-bomb"
    remedy = "If these really are the clinic's files, upload them one by one."


class TooManyMembersError(ArchiveRefusedError):
    code = "zip-too-many"
    remedy = "Make several smaller zips and upload them one after another."


class SameNameError(ArchiveRefusedError):
    code = "zip-same-name"
    remedy = "Give one of them another name and make the zip anew."


class ZipInZipError(ArchiveRefusedError):
    code = "zip-in-zip"
    remedy = "Unpack it and upload the zip inside, or the files in it."


class NothingInZipError(ArchiveRefusedError):
    code = "zip-empty"
    message = "There is no file in this zip."
    remedy = "Choose the files themselves, or make the zip anew."
