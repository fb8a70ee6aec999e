"""Who and where: the practice, its places and clinicians, patients, and the people around them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clinical.fhir.elements import (
    DVA,
    IHI,
    MEDICARE,
    NDIS,
    OWN,
    PROVIDER,
    TERMS,
    Resource,
    coded,
    day,
    mail,
    note,
    period,
    phone,
    reference,
    resource,
    words,
)

if TYPE_CHECKING:
    from clinical.contacts.models import Contact, PatientContact
    from clinical.funding.models import NdisPlan
    from clinical.patients.models import Address, ContactPoint, Patient, PatientIdentifier
    from clinical.practice.models import Location, Practitioner

PRACTICE = "practice"
"""The id of the practice's own Organization."""

_GENDERS = {"female": "female", "male": "male", "other": "other", "": "unknown"}
_SYSTEMS = {"medicare": MEDICARE, "ndis": NDIS, "dva": DVA, "health": IHI}
_TYPES = {"medicare": "MC", "health": "NI", "dva": "DVG"}
_USES = {"mobile": "mobile", "home": "home", "work": "work"}
_RELATIONS = {"emergency": "C", "next_of_kin": "N", "carer": "", "guardian": "", "other": "O"}
_PERSONS = frozenset({"referrer", "gp", "specialist"})


def organization(name: str) -> Resource:
    return resource("Organization", PRACTICE, active=True, name=name or "The practice")


def location(row: Location) -> Resource:
    return resource(
        "Location",
        row.pk,
        status="active" if row.is_active else "inactive",
        name=row.name,
        alias=[row.short_name],
        telecom=[phone(row.phone), mail(row.email)],
        address={"text": row.address},
        managingOrganization=reference("Organization", PRACTICE),
    )


def practitioner(row: Practitioner) -> Resource:
    return resource(
        "Practitioner", row.pk, active=row.is_active, name=[{"text": row.name, "use": "official"}]
    )


def practitioner_role(row: Practitioner) -> Resource:
    """What the clinician does here; expects `provider_numbers` to be fetched."""
    numbers = list(row.provider_numbers.all())
    return resource(
        "PractitionerRole",
        row.pk,
        active=row.is_active,
        practitioner=reference("Practitioner", row.pk, row.name),
        organization=reference("Organization", PRACTICE),
        specialty=[words(row.discipline)],
        identifier=[{"system": PROVIDER, "value": number.number} for number in numbers],
        location=[
            reference("Location", number.location_id) for number in numbers if number.location_id
        ],
    )


def contact_person(row: Contact) -> Resource:
    """An entry of the address book: a person where it names one, else an organisation."""
    telecom = [
        phone(row.phone, "work"),
        phone(row.mobile, "mobile"),
        phone(row.fax, "work", "fax"),
        mail(row.email),
    ]
    address = [{"text": row.address}]
    if is_person(row):
        named = {"text": row.full_name, "family": row.family_name}
        return resource(
            "Practitioner",
            row.pk,
            active=row.is_active,
            identifier=[{"system": PROVIDER, "value": row.provider_number}]
            if row.provider_number
            else None,
            name=[{**named, "given": [row.given_names], "prefix": [row.title]}],
            telecom=telecom,
            address=address,
            qualification=[{"code": words(row.specialty)}] if row.specialty.strip() else None,
        )
    return resource(
        "Organization",
        row.pk,
        active=row.is_active,
        name=row.organisation or row.full_name,
        type=[words(row.get_kind_display())],
        telecom=telecom,
        address=address,
    )


def is_person(row: Contact) -> bool:
    return bool(row.family_name.strip() or row.given_names.strip() or row.kind in _PERSONS)


def contact_reference(row: Contact | None, name: str = "") -> Resource | None:
    if row is None:
        return reference("Practitioner", None, name)
    kind = "Practitioner" if is_person(row) else "Organization"
    return reference(kind, row.pk, name or row.full_name)


def patient(row: Patient) -> Resource:
    """A patient; expects identifiers, contact points and addresses to be fetched."""
    official = {
        "use": "official",
        "text": row.full_name,
        "family": row.family_name,
        "given": [row.given_names],
        "prefix": [row.title],
    }
    return resource(
        "Patient",
        row.pk,
        active=not row.is_archived and row.merged_into_id is None,
        identifier=[
            {"system": f"{OWN}:patient-number", "value": str(row.number), "use": "usual"},
            *map(_identifier, row.identifiers.all()),
        ],
        name=[
            official,
            {"use": "nickname", "text": row.preferred_name} if row.preferred_name.strip() else None,
            {"use": "old", "text": row.former_names} if row.former_names.strip() else None,
        ],
        telecom=[_telecom(point) for point in row.contact_points.all()],
        gender=_GENDERS.get(row.sex, "other"),
        birthDate=day(row.date_of_birth),
        address=[_address(place) for place in row.addresses.all()],
        managingOrganization=reference("Organization", PRACTICE),
        link=[{"other": reference("Patient", row.merged_into_id), "type": "replaced-by"}]
        if row.merged_into_id
        else None,
    )


def _identifier(row: PatientIdentifier) -> Resource | None:
    if not row.value.strip():
        return None
    value = row.normalised or row.value
    if row.kind == "medicare" and row.reference:
        value += row.reference
    kind = _TYPES.get(row.kind)
    return {
        "type": coded(f"{TERMS}/v2-0203", kind, text=row.label)
        if kind and row.kind != "dva"
        else words(row.label or row.get_kind_display()),
        "system": _SYSTEMS.get(row.kind),
        "value": value,
        "period": {"end": day(row.expires_on)},
    }


def _telecom(row: ContactPoint) -> Resource | None:
    if row.kind == "email":
        return mail(row.value)
    return phone(row.value, _USES.get(row.kind, ""), "other" if row.kind == "other" else "phone")


def _address(row: Address) -> Resource:
    return {
        "use": "home" if row.kind == "home" else None,
        "type": "postal" if row.kind == "postal" else None,
        "text": str(row),
        "line": row.lines.splitlines(),
        "city": row.suburb,
        "state": row.state,
        "postalCode": row.postcode,
        "country": row.country,
    }


def related_person(row: PatientContact) -> Resource:
    """Somebody around a patient; expects `contact` to be fetched."""
    known = row.contact
    code = _RELATIONS.get(row.kind)
    said = row.relationship or row.get_kind_display()
    return resource(
        "RelatedPerson",
        row.pk,
        active=True,
        patient=reference("Patient", row.patient_id),
        relationship=[coded(f"{TERMS}/v2-0131", code, text=said) if code else words(said)],
        name=[{"text": row.shown_name}],
        telecom=[
            phone(row.phone or (known.phone if known else "")),
            mail(row.email or (known.email if known else "")),
        ],
    )


def coverage(row: NdisPlan) -> Resource:
    """An NDIS plan, as what pays; expects `plan_manager` and budgets to be fetched."""
    manager = row.plan_manager
    payor = contact_reference(manager) if manager else None
    return resource(
        "Coverage",
        row.pk,
        status="active",
        type=words("NDIS plan"),
        identifier=[{"system": f"{OWN}:ndis-plan-number", "value": row.number}]
        if row.number.strip()
        else None,
        beneficiary=reference("Patient", row.patient_id),
        period=period(row.starts_on, row.ends_on),
        payor=[payor or {"display": "National Disability Insurance Agency"}],
        **{
            "class": [
                {
                    "type": coded(f"{TERMS}/coverage-class", "plan"),
                    "value": budget.category,
                    "name": f"{budget.get_category_display()}: {budget.amount_cents / 100:.2f} AUD",
                }
                for budget in row.budgets.all()
            ]
        },
        extension=[
            {"url": f"{OWN}:note", "valueString": said["text"]}
            for said in note(row.goals, row.notes)
        ],
    )
