"""The statement about a data breach as a PDF: what the scheme asks for, in its order."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.utils.formats import date_format

from clinical.rights.models import RightsSettings
from ui.pdf import render_pdf

if TYPE_CHECKING:
    from clinical.rights.models import Breach, BreachStep
    from clinical.rights.policy import Policy
    from tenants.models import Tenant

TEMPLATE = Path(__file__).parent / "pdf" / "breach.typ"


def breach_statement(breach: Breach, *, tenant: Tenant, policy: Policy) -> bytes:
    return render_pdf(TEMPLATE, statement_content(breach, tenant=tenant, policy=policy))


def statement_content(breach: Breach, *, tenant: Tenant, policy: Policy) -> dict[str, Any]:
    """Answer what the statement says (Privacy Act 1988 s 26WK: contact, description, kinds, advice)."""
    contact = RightsSettings.objects.values_list("contact", flat=True).first() or ""
    labels = {step.key: step.label for step in policy.breach_steps}
    parts = [
        ("Entity and contact", ", ".join(filter(None, [tenant.name, contact]))),
        ("What happened", breach.happened or breach.title),
        ("Kinds of information", breach.kinds),
        ("How many people", str(breach.people_count) if breach.people_count else "not known yet"),
        ("What we have done", breach.contained),
        ("What we advise the people to do", breach.advice),
    ]
    return {
        "practice": tenant.name,
        "accent": tenant.accent,
        "title": f"Statement about a data breach: {breach.title}",
        "regulator": policy.regulator,
        "law": policy.source("breach"),
        "parts": [list(part) for part in parts if part[1]],
        "steps": [_line(step, labels) for step in breach.steps.all()],
    }


def _line(step: BreachStep, labels: dict[str, str]) -> list[str]:
    words = [labels.get(step.key, step.key), step.words]
    return [date_format(step.on, "j M Y"), ". ".join(filter(None, words)), step.by_name]
