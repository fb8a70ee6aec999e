"""Why a file cannot be read, in words for the clinic: what it is and what to do next."""


class FileMakerFileError(Exception):
    """A file that cannot be imported. `code` is stable, `remedy` is what the clinic can do."""

    code = "unreadable"
    message = "This file cannot be read."
    remedy = "Open it in FileMaker Pro, save a copy (File > Save a Copy As) and send the copy."

    def __init__(self, message: str = "", **facts: object) -> None:
        self.message = message or self.message
        self.facts = facts
        super().__init__(f"{self.message} {self.remedy}")

    def as_json(self) -> dict[str, object]:
        return {
            "code": self.code,
            "message": self.message,
            "remedy": self.remedy,
            **self.facts,
        }


class EmptyFileError(FileMakerFileError):
    code = "empty-file"
    message = "The file is empty (0 bytes)."
    remedy = "The upload or copy probably broke off: copy the file again and upload it again."


class NotFileMakerError(FileMakerFileError):
    code = "not-filemaker"
    message = "This is not a FileMaker file."
    remedy = "Choose the clinic's database file; its name ends in .fmp12 (or .fp7)."


class LfsPointerError(FileMakerFileError):
    code = "git-lfs-pointer"
    message = "This is a Git LFS pointer: a note saying where the file is kept, not the file."
    remedy = "Fetch the real file (git lfs pull) and upload that."


class ZipArchiveError(FileMakerFileError):
    code = "zip-archive"
    message = "This is a zip archive, although its name may say otherwise."
    remedy = "Unpack it and upload the .fmp12 file inside."


class HtmlPageError(FileMakerFileError):
    code = "html-page"
    message = "This is a web page: the download gave a log-in or error page, not the file."
    remedy = "Download the file again while signed in, and check that its size is right."


class EncryptedFileError(FileMakerFileError):
    code = "encrypted"
    message = "The file is encrypted (FileMaker's encryption at rest), so its data is unreadable."
    remedy = (
        "Remove the encryption on a copy in FileMaker Pro: Tools > Developer Utilities > "
        "Specify Solution Options > Remove Database Encryption. Or export the tables."
    )

    def __init__(self, hint: str) -> None:
        self.hint = hint
        super().__init__(
            f'{self.message} The hint for its password reads "{hint}".' if hint else "",
            hint=hint,
        )


class TooOldFileError(FileMakerFileError):
    code = "too-old"
    message = "The file was made by FileMaker 3 to 6 (.fp3, .fp5), a format no longer read."
    remedy = (
        "Open it in FileMaker Pro 7 to 11, which converts it to .fp7, and upload that; "
        "or export each file as tab-separated text or XML from FileMaker itself."
    )

    def __init__(self, generation: str) -> None:
        self.generation = generation
        super().__init__(generation=generation)


class TruncatedFileError(FileMakerFileError):
    code = "truncated"
    message = "The file breaks off before any data: most of it is missing."
    remedy = "The upload or copy broke off: compare the sizes, copy and upload the file again."


class DamagedFileError(FileMakerFileError):
    code = "damaged"
    message = "The file is damaged: nothing in it can be read."
    remedy = (
        "Take the newest backup that opens, or run File > Recover in FileMaker Pro on a copy "
        "and upload the recovered file."
    )
