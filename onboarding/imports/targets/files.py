"""Where the fields of documents, image batches and images go."""

from __future__ import annotations

from onboarding.imports.targets.base import IMAGE_BATCH, Target
from onboarding.imports.targets.shared import patient_target, practitioner_target

_FILE = Target(
    "file", "The file (container)", "container",
    "file|container|document|attachment|scan|pdf|file container|datei|dokument|fichier|photo|"
    "image|picture|bild|foto|media|xray|x ray|upload|signed copy",
    alone=True, group="File",
)  # fmt: skip
_FILE_NAME = Target(
    "file_name", "File name", "text",
    "file name|filename|original name|name file|document name|image name|photo name|dateiname|"
    "nom fichier|original filename|attachment name", group="File",
)  # fmt: skip
_PATH = Target(
    "external_path", "Where the file lies", "lines",
    "path|file path|filepath|location file|url|link|server path|pfad|dateipfad|chemin|image path|"
    "document path|full path|reference path", group="File",
)  # fmt: skip
_EXPORTED = Target(
    "exported_on", "Exported on (a file is taken again when it changes)", "text",
    "export date|exported|exported on|date exported|last exported|export timestamp|exportiert|"
    "exporte|sync date|uploaded|uploaded on|upload date", group="File",
)  # fmt: skip
_DATE = (
    "date|date added|document date|date document|scanned|scan date|date scanned|received|"
    "date received|added|datum|date ajout|created|date created|imported|file date|"
    "creation timestamp|erstellt|taken|date taken|image date|photo date|aufgenommen|prise le"
)

DOCUMENT_TARGETS = (
    patient_target("contact id|contact"),
    practitioner_target("author|added by|doctor"),
    _FILE,
    Target("title", "Title", "text",
           "title|document title|description|subject|name|label|titel|bezeichnung|titre|libelle|"
           "betreff|objet|document description", group="What"),
    Target("category", "Category", "text",
           "document type|type|category|kind|doc type|document category|folder|dokumentart|art|"
           "kategorie|categorie|type document|class", group="What"),
    Target("dated_on", "Date", "day", _DATE, shape="date", group="When"),
    _FILE_NAME,
    _PATH,
    _EXPORTED,
)  # fmt: skip

IMAGE_BATCH_TARGETS = (
    patient_target("contact id"),
    Target("name", "Name", "text",
           "name|batch name|title|description|label|session|session name|bezeichnung|nom|titel|"
           "titre|series|album|folder|set name", group="What"),
    Target("taken_on", "Date", "day", f"batch date|session date|{_DATE}", shape="date",
           group="When"),
)  # fmt: skip

IMAGE_TARGETS = (
    patient_target("contact id"),
    practitioner_target("taken by|photographer"),
    Target("batch", "Image batch, from its table", "reference",
           "batch id|batch|image batch|image batch id|series id|album id|session id|set id|stapel|"
           "serie|lot|serie id", refers_to=IMAGE_BATCH, group="Batch"),
    Target("batch_key", "Batch number (images of one number are one batch)", "text",
           "batch id|batch no|batch number|batch|image batch|series id|series|album id|set id|"
           "serie|lot|stapel|session id", group="Batch"),
    Target("batch_name", "Name of the batch", "text",
           "batch name|series name|album|album name|set name|batch title|session name|name serie|"
           "nom serie", group="Batch"),
    _FILE,
    Target("caption", "View or caption", "text",
           "view|caption|position|angle|side|body part|region|ansicht|seite|vue|legende|"
           "image view|projection", group="What"),
    Target("title", "Title", "text",
           "title|description|name|label|notes|note|comment|titel|bezeichnung|titre|libelle|"
           "image description|photo description", group="What"),
    Target("category", "Category", "text",
           "type|image type|category|kind|modality|art|kategorie|categorie|photo type",
           group="What"),
    Target("dated_on", "Date", "day", _DATE, shape="date", group="When"),
    _FILE_NAME,
    _PATH,
    _EXPORTED,
)  # fmt: skip
