"""The people around a patient as fields of the patient: who to call, the GP, who referred them.

Fields of one person stand beside each other (“Emergency contact”, “Emergency phone”); in parallel
repeating fields each repetition is another person.
"""

from __future__ import annotations

from dataclasses import dataclass

from onboarding.imports.targets.base import REFERRER, Target


@dataclass(frozen=True, slots=True)
class Relation:
    """One kind of person around a patient. `called` are the words for them, parted by `|`.

    `names` are the words for their name where they are not simply those of `called`.
    """

    prefix: str
    kind: str
    label: str
    called: str
    names: str = ""
    is_reference: bool = False


RELATIONS = (
    Relation("emergency", "emergency", "Emergency contact",
             "emergency|emergency contact|in case emergency|ice|notfall|notfallkontakt|urgence|"
             "contact urgence|personne prevenir", "emergency contact person"),
    Relation("next_of_kin", "next_of_kin", "Next of kin",
             "next kin|nok|kin|nachster angehoriger|angehoriger|angehorige|proche|plus proche parent"),
    Relation("carer", "carer", "Carer",
             "carer|caregiver|primary carer|betreuer|betreuungsperson|pflegeperson|aidant|soignant"),
    Relation("guardian", "guardian", "Guardian",
             "guardian|legal guardian|parent guardian|parent|mother|father|vormund|tuteur|"
             "representant legal|eltern"),
    Relation("gp", "gp", "GP",
             "gp|general practitioner|family doctor|usual gp|usual doctor|hausarzt|medecin traitant|"
             "generaliste", "gp doctor|doctor gp", is_reference=True),
    Relation("referrer", "referrer", "Referrer",
             "referrer|referring doctor|referring practitioner|referring|referral source|zuweiser|"
             "uberweiser|uberweisender arzt|medecin referent|prescripteur|adresseur",
             "referred by|referral from|uberwiesen von|adresse par", is_reference=True),
    Relation("specialist", "specialist", "Specialist",
             "specialist|treating specialist|facharzt|medecin specialiste", is_reference=True),
    Relation("plan_manager", "plan_manager", "Plan manager",
             "plan manager|ndis plan manager|plan management|plan nominee", is_reference=True),
    Relation("coordinator", "support_coordinator", "Support coordinator",
             "coordinator|support coordinator|case manager|koordinator|coordonnateur"),
    Relation("contact", "other", "Another contact",
             "other contact|contact person|secondary contact|alternative contact|alternate contact|"
             "related person|kontaktperson|personne contact|ansprechpartner", "contact name"),
)  # fmt: skip

_PHONE = "phone|phone number|telephone|mobile|contact number|number|tel|telefon|telefonnummer|no"
_EMAIL = "email|e mail|email address|mail|courriel"
_RELATIONSHIP = "relationship|relation|beziehung|lien|verwandtschaft|relationship patient"


def _words(called: str, ends: str) -> str:
    return "|".join(f"{name} {end}" for name in called.split("|") for end in ends.split("|"))


def _targets(relation: Relation) -> tuple[Target, ...]:
    prefix, label, called = relation.prefix, relation.label, relation.called
    group = f"Around the patient: {label.lower() if label != 'GP' else label}"
    ends = "name|full name|nom|id|key|nr" if relation.is_reference else "name|full name|nom"
    named = "|".join(filter(None, [called, relation.names, _words(called, ends)]))
    phone, email = _words(called, _PHONE), _words(called, _EMAIL)
    return (
        *(
            ()
            if prefix == "coordinator"  # the patient's own field holds the name
            else (
                Target(f"{prefix}_name", f"{label}: name{' or number' * relation.is_reference}",
                       "reference" if relation.is_reference else "text", named, many=True,
                       refers_to=REFERRER if relation.is_reference else "", group=group, rows=True),
            )
        ),
        Target(f"{prefix}_phone", f"{label}: phone", "text", phone, many=True, shape="phone",
               group=group, rows=True),
        Target(f"{prefix}_email", f"{label}: e-mail", "text", email, many=True, shape="email",
               group=group, rows=True),
        *(
            ()
            if relation.is_reference or prefix == "coordinator"
            else (
                Target(f"{prefix}_relationship", f"{label}: relationship", "text",
                       _words(called, _RELATIONSHIP), many=True, group=group, rows=True),
            )
        ),
        Target(f"{prefix}_notes", f"{label}: notes", "lines",
               _words(called, "notes|note|details|comments|practice|surgery|clinic|organisation|"
                      "organization|company|address|adresse|praxis|cabinet"), many=True,
               group=group, rows=True),
    )  # fmt: skip


RELATION_TARGETS = (
    *(target for relation in RELATIONS for target in _targets(relation)),
    Target("contact_kind", "Another contact: kind", "relation_kind",
           "contact type|contact kind|type contact|contact role|kontaktart|type personne", many=True,
           group="Around the patient: another contact", rows=True),
)  # fmt: skip
