"""Where the fields of a patient go."""

from __future__ import annotations

from onboarding.imports.targets.base import FUNDING_TYPE, LOCATION, Target
from onboarding.imports.targets.relations import RELATION_TARGETS


def _place(kind: str, label: str, qualifiers: str) -> tuple[Target, ...]:
    """Make the targets of one address; `home` is also what is meant where nothing is said."""
    parts = (
        ("lines", "street", "lines", "address|street|street address|address line 1|address 1|address1|"
         "address line 2|address 2|address2|street 1|street 2|strasse|strasse nr|anschrift|adresse|"
         "hausnummer|rue|address street|addr|street line 1|line 1|line 2", True, "street"),
        ("suburb", "suburb", "text", "suburb|city|town|ort|stadt|wohnort|ville|commune|locality|"
         "address city|address suburb|suburb town|city suburb", False, ""),
        ("state", "state", "text", "state|address state|bundesland|kanton|canton|region|province|"
         "territory|etat", False, "state"),
        ("postcode", "postcode", "text", "postcode|post code|postal code|zip|zip code|plz|"
         "postleitzahl|code postal|cp|address zip|address postcode|p code|pcode", False, "postcode"),
        ("country", "country", "text", "country|land|pays|address country|nation", False, ""),
    )  # fmt: skip
    made = []
    for part, part_label, how, words, many, shape in parts:
        plain = words.split("|")
        own = [f"{q} {word}" for q in qualifiers.split("|") if q for word in plain]
        own = [word for word in own if set(word.split()) not in [set(p.split()) for p in plain]]
        named = [*plain, *own] if kind == "home" else own
        made.append(
            Target(f"{kind}_{part}", f"{label}: {part_label}", how, "|".join(named), many=many,
                   shape=shape, group="Address")
        )  # fmt: skip
    return tuple(made)


PATIENT_TARGETS = (
    Target("title", "Title", "text", "title|salutation|prefix|anrede|titel|titre|civilite|honorific",
           shape="title", group="Name"),
    Target("given_names", "Given name", "text",
           "first name|given name|given names|given|first|forename|christian name|fname|firstname|"
           "vorname|vornamen|prenom|prenoms|rufname|f name|n first", shape="word", group="Name"),
    Target("middle_names", "Middle names (joined to the given name)", "text",
           "middle name|middle names|middle|second name|zweiter vorname|deuxieme prenom",
           group="Name"),
    Target("family_name", "Family name", "text",
           "last name|surname|family name|last|lname|lastname|family|nachname|familienname|zuname|"
           "nom de famille|nom famille|l name", shape="word", group="Name"),
    Target("full_name", "Whole name (split)", "person",
           "name|full name|patient name|client name|complete name|display name|name full|"
           "vollstandiger name|nom|nom complet|nom prenom|participant", shape="word", group="Name"),
    Target("preferred_name", "Preferred name", "text",
           "preferred name|known as|nickname|preferred|nick name|goes by|spitzname|surnom|alias",
           group="Name"),
    Target("former_names", "Former names", "text",
           "maiden name|former name|former names|previous name|birth name|geburtsname|"
           "nom de jeune fille|nom naissance|other names|aka", many=True, group="Name"),
    Target("date_of_birth", "Date of birth", "birth",
           "dob|date of birth|birth date|birthdate|birthday|d o b|born|date birth|geburtsdatum|geb|"
           "geburtstag|geb datum|date de naissance|date naissance|naissance|ddn|ne le|nee le|ne e le|"
           "b day|geburt|geboren|geboren am", shape="birth",
           group="Person"),
    Target("sex", "Sex", "sex",
           "sex|gender|geschlecht|sexe|genre|gender code|sex code|m f|f m|m w|w m|h f|m or f",
           shape="sex", group="Person"),
    Target("gender", "Gender (in own words)", "text", "gender identity", group="Person"),
    Target("pronouns", "Pronouns", "text", "pronouns|pronoun|pronomen|pronoms", group="Person"),
    Target("mobile", "Mobile", "phone",
           "mobile|mobile phone|cell|cell phone|mob|mobile number|mobile no|cellphone|handy|"
           "handynummer|mobil|mobiltelefon|portable|natel|gsm|telephone portable|phone mobile|"
           "mobile 1|sms number|phone cell|phone m", many=True, shape="phone", group="Contact"),
    Target("home_phone", "Home phone", "phone",
           "home phone|phone home|telephone home|home telephone|phone h|home number|private phone|"
           "personal phone|phone personal|telefon privat|tel privat|privattelefon|festnetz|"
           "telephone domicile|tel domicile|tel fixe|fixe|home tel|ah phone|phone ah",
           many=True, shape="phone",
           group="Contact"),
    Target("work_phone", "Work phone", "phone",
           "work phone|phone work|business phone|office phone|phone office|work telephone|"
           "telefon geschaft|tel geschaft|diensttelefon|telefon arbeit|telephone travail|"
           "tel travail|tel bureau|work tel|bh phone|phone bh|phone w|phone business|company phone",
           many=True, shape="phone", group="Contact"),
    Target("phone", "Phone (kind by its number)", "phone",
           "phone|telephone|phone number|telephone number|tel|phone no|ph|telefon|telefonnummer|"
           "tel nr|telephone no|numero telephone|contact number|contact phone|phone 1|phone 2|"
           "phones|contact no", many=True, shape="phone", group="Contact"),
    Target("email", "E-mail", "email",
           "email|e mail|email address|mail|mail address|personal email|home email|work email|"
           "office email|email 1|email 2|e mail adresse|emailadresse|mailadresse|courriel|"
           "adresse email|adresse mail|mel|contact email", many=True, shape="email", alone=True,
           group="Contact"),
    *_place("home", "Address", "home|residential|private|personal|wohn|domicile|street|res|privat"),
    *_place("postal", "Postal address", "postal|mailing|mail|billing|post|rechnung|facturation"),
    *_place("other", "Other address", "work|office|business|company|employer|geschaft|travail|other"),
    Target("medicare", "Medicare number", "identifier",
           "medicare|medicare number|medicare no|medicare card|medicare card number|medicare num|"
           "mcare|medicare card no", shape="medicare", alone=True, group="Numbers"),
    Target("ndis", "NDIS number", "identifier",
           "ndis|ndis number|ndis no|ndis participant number|ndis id|ndis num|participant number",
           shape="ndis", alone=True, group="Numbers"),
    Target("dva", "DVA file number", "identifier",
           "dva|dva number|dva no|dva file number|veterans|dva card|dva file no", shape="dva",
           group="Numbers"),
    Target("ihi", "Healthcare identifier (IHI)", "identifier",
           "ihi|healthcare identifier|individual healthcare identifier|ihi number", shape="ihi",
           alone=True, group="Numbers"),
    Target("other_number", "Other number (kept by its name)", "identifier",
           "number|no|patient number|patient no|client number|client no|file number|file no|"
           "chart number|chart no|record number|mrn|ur number|urn|ur|patient id|client id|"
           "patientennummer|kundennummer|patienten nr|patnr|numero dossier|numero patient|id|"
           "contact id|customer number|customer id|account number|account no|primary key",
           many=True, group="Numbers"),
    Target("location", "Home location (clinic)", "reference",
           "clinic|location|home clinic|site|branch|clinic id|location id|clinic name|practice|"
           "usual clinic|site id|standort|filiale|praxis|cabinet|lieu|clinic code|clinic location",
           refers_to=LOCATION, group="Practice"),
    Target("funding_type", "Funding type", "reference",
           "funding|funding type|funding source|payer|fund type|billing type|fee type|scheme|"
           "funding body|payer type|kostentrager|versicherung|kasse|krankenkasse|financement|"
           "prise en charge|assurance|payment type|funding category|funded by|mutuelle|caisse|"
           "caisse maladie|versicherer|health fund|fund",
           refers_to=FUNDING_TYPE, group="Practice"),
    Target("coordinator_name", "Support coordinator", "text",
           "coordinator|support coordinator|coordinator name|case manager|case coordinator|"
           "coordonnateur|koordinator", group="NDIS plan"),
    Target("coordinator_since", "Support coordinator since", "date",
           "coordinator date|coordinator since|coordinator start|coordinator start date|"
           "coordinator from|date coordinator|support coordinator date|support coordinator since|"
           "coordinator assigned|coordinator assigned date|koordinator seit|koordinator datum|"
           "date coordonnateur", shape="date", group="NDIS plan"),
    Target("plan_start", "Plan start", "date",
           "plan start|plan start date|ndis plan start|plan from|ndis start date|plan begin",
           shape="date", group="NDIS plan"),
    Target("plan_end", "Plan end", "date",
           "plan end|plan end date|ndis plan end|plan to|plan review date|plan expiry|ndis end date",
           shape="date", group="NDIS plan"),
    Target("alerts", "Alerts", "lines",
           "alert|alerts|warning|warnings|allergies|allergy|precautions|medical alert|hinweis|hinweise|"
           "warnung|allergien|alerte|alertes|risk|risks|red flags|contraindications", many=True,
           group="Clinical"),
    Target("notes", "Notes", "lines",
           "notes|note|comments|comment|remarks|bemerkung|bemerkungen|notiz|notizen|kommentar|"
           "remarques|commentaire|commentaires|general notes|memo", many=True, group="Clinical"),
    Target("is_archived", "Archived (status word or flag)", "archived",
           "archived|inactive|status|patient status|client status|is archived|archiviert|inaktiv|"
           "archive|statut|is inactive", shape="archived", group="Practice"),
    Target("is_active", "Active (the opposite of archived)", "active",
           "active|is active|current|aktiv|actif", shape="flag", group="Practice"),
    Target("xero_contact_id", "Xero contact id", "text", "xero contact id|xero id|xero contact",
           group="Numbers"),
    *RELATION_TARGETS,
)  # fmt: skip
