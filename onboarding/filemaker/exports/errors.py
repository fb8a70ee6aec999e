"""Why an exported file cannot be read, beside the errors of database files."""

from onboarding.filemaker.fmp.errors import FileMakerFileError


class UnknownFileError(FileMakerFileError):
    code = "unknown-file"
    message = "This is neither a FileMaker file nor an export we can read."
    remedy = (
        "Choose the database file (.fmp12, .fp7), or an export of it: XML (FMPXMLRESULT), "
        "Merge (.mer), comma- or tab-separated text, or Excel (.xlsx)."
    )


class XmlGrammarError(FileMakerFileError):
    code = "xml-grammar"
    message = "This XML file is not written in FileMaker's FMPXMLRESULT grammar."
    remedy = "Export again: File > Export Records > XML, grammar FMPXMLRESULT, no style sheet."


class NoRecordsXmlError(FileMakerFileError):
    """A design report or a copy as XML: it describes the file and holds no records."""

    code = "xml-no-records"
    message = "This XML file describes the database and contains no records."
    remedy = "Export the records: File > Export Records > XML, grammar FMPXMLRESULT."


class XmlEntitiesError(FileMakerFileError):
    code = "xml-entities"
    message = "The XML contains a document type or entities, which FileMaker never writes."
    remedy = "For safety it is refused. Export the file again from FileMaker itself."


class BrokenXmlError(FileMakerFileError):
    """Not well-formed; `line` says where."""

    code = "xml-broken"
    message = "The XML file is broken: it stops or is damaged before its end."
    remedy = "The export or copy probably broke off: export it again and compare the sizes."


class ExportFailedError(FileMakerFileError):
    """FileMaker wrote an error number instead of records; `number` is FileMaker's own."""

    code = "export-failed"
    message = "FileMaker reported an error instead of writing records."
    remedy = "Look the number up in FileMaker's error codes, and export the records again."


class NoColumnsError(FileMakerFileError):
    code = "no-columns"
    message = "No columns were found in this text file."
    remedy = (
        "Export with more than one field as Merge (.mer) or comma- or tab-separated text, "
        "or say on the import's page how the file is written."
    )


class EncodingError(FileMakerFileError):
    code = "wrong-encoding"
    message = "The text does not fit the chosen encoding."
    remedy = "Choose another encoding on the import's page, or export again as UTF-8."


class TooLargeExportError(FileMakerFileError):
    """More than is read from one export; the message says what."""

    code = "too-large"
    message = "The export is too large to be read at once."
    remedy = "Export it in several parts, or upload the database file itself (.fmp12)."


class UnsafeArchiveError(FileMakerFileError):
    code = "unsafe-archive"
    message = "The Excel file unpacks to far more than it should, or holds what no workbook has."
    remedy = "Open it in Excel, save it anew as .xlsx, or export as Merge (.mer) instead."


class BrokenWorkbookError(FileMakerFileError):
    code = "broken-workbook"
    message = "The Excel file is damaged and cannot be opened."
    remedy = "Export it again from FileMaker, or open it in Excel and save it anew as .xlsx."


class ProtectedWorkbookError(FileMakerFileError):
    """An OLE container: an encrypted .xlsx or an old .xls."""

    code = "protected-workbook"
    message = "This is a password-protected Excel file, or one of the old .xls format."
    remedy = "Open it in Excel, remove the password and save it as .xlsx."


class ChangedExportError(FileMakerFileError):
    code = "file-changed"
    message = "The file changed while it was being read."
    remedy = "Upload it again."


class BrokenQuotesError(FileMakerFileError):
    """`line` says where the cell begins."""

    code = "broken-quotes"
    message = "A quotation mark opens a cell and is never closed."
    remedy = "Look at that line in a text editor, or export again as Merge (.mer) or Excel."


class BadChoiceError(FileMakerFileError):
    code = "bad-choice"
    message = "What was chosen for reading this file cannot be."
    remedy = "Choose again on the import's page."
