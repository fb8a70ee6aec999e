"""Where the fields of the address book go, of the people around a patient, and of phone lists."""

from __future__ import annotations

from onboarding.imports.targets.base import REFERRER, Target
from onboarding.imports.targets.shared import patient_target

_GIVEN = "first name|given name|given names|given|first|forename|firstname|vorname|prenom|fname"
_FAMILY = ("last name|surname|family name|last|lastname|family|nachname|familienname|lname|"
           "nom de famille|nom famille")  # fmt: skip
_PHONE = ("phone|telephone|phone number|tel|work phone|phone work|business phone|office phone|"
          "telefon|telefonnummer|phone 1|phone 2|telephone travail|practice phone|surgery phone|"
          "contact number")  # fmt: skip
_MOBILE = "mobile|mobile phone|cell|cell phone|mobile number|handy|mobil|portable|natel"
_EMAIL = "email|e mail|email address|mail|emailadresse|courriel|adresse email|work email"

REFERRER_TARGETS = (
    Target("name", "Whole name", "text",
           "name|full name|display name|contact name|referrer name|doctor name|nom|referrer|doctor|"
           "nom complet|vollstandiger name", group="Name"),
    Target("title", "Title", "text", "title|salutation|prefix|anrede|titel|titre|civilite",
           shape="title", group="Name"),
    Target("given_names", "Given name", "text", _GIVEN, group="Name"),
    Target("family_name", "Family name", "text", _FAMILY, group="Name"),
    Target("organisation", "Practice or organisation", "text",
           "organisation|organization|company|practice|practice name|surgery|clinic|clinic name|"
           "business|business name|company name|firma|praxis|praxisname|organisme|cabinet|societe|"
           "medical centre|hospital|agency|facility|institution|employer", group="Name"),
    Target("kind", "Kind", "contact_kind",
           "type|kind|category|role|referrer type|contact type|art|kategorie|categorie|profession|"
           "group", group="Contact"),
    Target("specialty", "Specialty", "text",
           "specialty|speciality|specialisation|specialization|discipline|fachrichtung|fach|"
           "specialite|profession|job title|position|occupation", group="Contact"),
    Target("provider_number", "Provider number", "text",
           "provider number|provider no|provider num|provider|prescriber number|hpii|hpi i|"
           "arztnummer|lanr|rpps|finess|bsnr", group="Contact"),
    Target("phone", "Phone", "text", _PHONE, many=True, shape="phone", group="Contact"),
    Target("mobile", "Mobile", "text", _MOBILE, many=True, shape="phone", group="Contact"),
    Target("fax", "Fax", "text", "fax|fax number|fax no|facsimile|telefax|telecopie|faxnummer",
           group="Contact"),
    Target("email", "E-mail", "text", _EMAIL, many=True, shape="email", alone=True,
           group="Contact"),
    Target("address", "Address", "lines",
           "address|street|street address|address 1|address 2|address line 1|address line 2|suburb|"
           "city|town|state|postcode|post code|zip|zip code|postal code|strasse|plz|ort|adresse|"
           "ville|code postal|rue|country|land|pays|postal address|work address", many=True,
           group="Contact"),
    Target("notes", "Notes", "lines",
           "notes|note|comments|comment|remarks|bemerkung|bemerkungen|notizen|remarques|"
           "commentaires|memo", many=True, group="Contact"),
    Target("is_active", "Active", "active", "active|is active|current|aktiv|actif|status|enabled",
           shape="flag", group="Contact"),
)  # fmt: skip

PATIENT_CONTACT_TARGETS = (
    patient_target(),
    Target("contact", "Entry of the address book", "reference",
           "contact id|referrer id|doctor id|gp id|referrer|doctor|address book id|provider id|"
           "zuweiser|medecin", refers_to=REFERRER, group="Who"),
    Target("kind", "Kind", "relation_kind",
           "type|kind|role|category|contact type|relation type|contact kind|art|kategorie|rolle|"
           "categorie|contact role", group="Who"),
    Target("name", "Name", "text",
           "name|contact name|full name|person|contact person|contact|nom|kontakt|kontaktperson|"
           "display name", group="Who"),
    Target("given_names", "Given name", "text", _GIVEN, group="Who"),
    Target("family_name", "Family name", "text", _FAMILY, group="Who"),
    Target("relationship", "Relationship", "text",
           "relationship|relation|relationship patient|beziehung|verwandtschaft|lien|lien parente",
           group="Who"),
    Target("phone", "Phone", "text", f"{_PHONE}|{_MOBILE}|home phone|number", many=True,
           shape="phone", group="Reach"),
    Target("email", "E-mail", "text", _EMAIL, many=True, shape="email", alone=True, group="Reach"),
    Target("notes", "Notes", "lines",
           "notes|note|comments|comment|remarks|address|street|suburb|city|postcode|bemerkung|"
           "remarques|organisation|company|practice", many=True, group="Reach"),
)  # fmt: skip

CONTACT_POINT_TARGETS = (
    patient_target(),
    Target("kind", "Kind", "point_kind",
           "type|kind|phone type|number type|label|art|typ|contact type|description", group="Reach"),
    Target("phone", "Number or address", "text",
           "number|phone|phone number|telephone|value|contact|telefon|nummer|numero|telephone number|"
           "contact number|detail|email|e mail|email address|mobile", group="Reach"),
    Target("label", "Remark", "text",
           "notes|note|comment|comments|remark|name|whose|bemerkung|remarque|contact name",
           group="Reach"),
)  # fmt: skip
