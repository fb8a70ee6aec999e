"""The pages about letters: a patient's list, one letter, the editor, the PDF."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.permissions import Action, Resource, requires
from clinical.contacts.selectors import OFFERED, list_contacts
from clinical.letters import mailing, rules, selectors, services
from clinical.letters.forms import CopyForm, LetterForm, MailForm, StartForm
from clinical.letters.merge_fields import FIELDS, fields_left
from clinical.letters.printing import file_name, letter_pdf
from clinical.patients.pages import record_page
from clinical.patients.selectors import get_patient
from clinical.patients.services import record_view
from connections.mailbox import current_mailbox
from ui.differences import differences

if TYPE_CHECKING:
    from uuid import UUID

    from clinical.letters.models import Letter
    from clinical.practice.requests import SignedInRequest

TAB = "letters:list"


@require_safe
@requires(Action.VIEW, Resource.LETTERS)
def letter_list(request: SignedInRequest, pk: UUID) -> HttpResponse:
    patient = get_patient(request.user, pk)
    record_view(patient, section="letters")
    letters = selectors.letters_of(request.user, patient)
    context = {"letters": letters, "most": selectors.SHOWN}
    return record_page(request, patient, "letters/list.html", context, tab=TAB)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CREATE, Resource.LETTERS)
def new(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Choose a template and who it is to, then write."""
    patient = get_patient(request.user, pk)
    form = StartForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        letter = services.start_letter(
            patient,
            actor=request.user,
            at=timezone.now(),
            practice=request.tenant.name,
            template=form.cleaned_data["template"],
            contact=form.cleaned_data["contact"],
            to_patient=form.is_to_patient,
        )
        return redirect("letters:edit", pk=letter.pk)
    context = {
        "form": form,
        "templates": selectors.templates_in_use(),
        "offered": selectors.likely_recipients(patient),
        "chosen": selectors.referrer_of(patient),
    }
    status = 422 if form.errors else 200
    return record_page(request, patient, "letters/new.html", context, tab=TAB, status=status)


@require_safe
@requires(Action.VIEW, Resource.LETTERS)
def detail(request: SignedInRequest, pk: UUID) -> HttpResponse:
    letter = selectors.get_letter(request.user, pk)
    services.record_letter(letter, "view")
    return _letter_page(request, letter)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE, Resource.LETTERS)
def edit(request: SignedInRequest, pk: UUID) -> HttpResponse:
    letter = selectors.get_letter(request.user, pk)
    if not letter.is_draft:
        messages.info(request, "This letter is final and cannot be changed.")
        return redirect("letters:detail", pk=letter.pk)
    form = LetterForm(request.POST or None, letter=letter)
    if request.method == "POST" and form.is_valid():
        try:
            services.save_letter(
                letter,
                actor=request.user,
                at=timezone.now(),
                practice=request.tenant.name,
                revision=form.cleaned_data["revision"],
                fields=form.columns(),
            )
        except services.LetterError as error:
            return _editor(request, letter, form, error)
        if fields_left(letter.body + letter.subject):
            return redirect("letters:edit", pk=letter.pk)
        messages.success(request, "The draft is saved.")
        return redirect("letters:detail", pk=letter.pk)
    return _editor(request, letter, form, None)


@require_POST
@requires(Action.CHANGE, Resource.LETTERS)
def finalise(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Save what is in the editor and lock it."""
    letter = selectors.get_letter(request.user, pk)
    form = LetterForm(request.POST, letter=letter)
    if not form.is_valid():
        return _editor(request, letter, form, None)
    try:
        services.finalise_letter(
            letter,
            actor=request.user,
            at=timezone.now(),
            practice=request.tenant.name,
            revision=form.cleaned_data["revision"],
            fields=form.columns(),
        )
    except services.LetterFinalError as error:
        messages.info(request, str(error))
    except services.LetterError as error:
        return _editor(request, letter, form, error)
    else:
        messages.success(request, "The letter is final.")
    return redirect("letters:detail", pk=letter.pk)


@require_POST
@requires(Action.CHANGE, Resource.LETTERS)
def sent(request: SignedInRequest, pk: UUID) -> HttpResponse:
    letter = selectors.get_letter(request.user, pk)
    try:
        services.mark_sent(letter, actor=request.user, at=timezone.now())
    except services.LetterError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "Marked as sent.")
    return redirect("letters:detail", pk=letter.pk)


@require_POST
@requires(Action.CREATE, Resource.LETTERS)
def copy(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Begin a new draft with this letter's text."""
    letter = selectors.get_letter(request.user, pk)
    begun = services.copy_letter(letter, actor=request.user, at=timezone.now())
    return redirect("letters:edit", pk=begun.pk)


@require_POST
@requires(Action.CREATE, Resource.LETTERS)
def correct(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Begin the letter's next version."""
    letter = selectors.get_letter(request.user, pk)
    try:
        begun = services.correct_letter(letter, actor=request.user, at=timezone.now())
    except services.LetterError as error:
        messages.error(request, str(error))
        return redirect("letters:detail", pk=letter.pk)
    return redirect("letters:edit", pk=begun.pk)


@require_POST
@requires(Action.CHANGE, Resource.LETTERS)
def send(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Send the letter by e-mail to the addresses chosen."""
    letter = selectors.get_letter(request.user, pk)
    form = MailForm(request.POST, offered=selectors.addresses_for(letter))
    try:
        mails = mailing.send_by_mail(
            letter,
            actor=request.user,
            at=timezone.now(),
            practice=request.tenant.name,
            to=form.addresses(),
        )
    except services.LetterError as error:
        return _letter_page(request, letter, mail_form=form, error=error)
    messages.success(request, f"On its way to {', '.join(mail.address for mail in mails)}.")
    return redirect("letters:detail", pk=letter.pk)


@require_POST
@requires(Action.CHANGE, Resource.LETTERS)
def send_again(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Try a mail that was not sent once more."""
    mail = selectors.get_mail(request.user, pk)
    try:
        mailing.send_again(mail, actor=request.user, at=timezone.now())
    except services.LetterError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"On its way to {mail.address}.")
    return redirect("letters:detail", pk=mail.letter_id)


@require_safe
@requires(Action.VIEW, Resource.LETTERS)
def mails(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Answer how the letter's mails stand, for the page that waits for them."""
    letter = selectors.get_letter(request.user, pk)
    return render(request, "letters/_mails.html", _mails(letter))


@require_POST
@requires(Action.CHANGE, Resource.LETTERS)
def copies(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Put somebody below the letter, take somebody away, or look somebody up in the address book."""
    letter = selectors.get_letter(request.user, pk)
    form = CopyForm(request.POST)
    error = ""
    if form.is_valid():
        try:
            if form.cleaned_data["contact"]:
                services.add_copy(letter, form.cleaned_data["contact"], actor=request.user)
            elif form.cleaned_data["remove"]:
                services.remove_copy(letter, form.cleaned_data["remove"], actor=request.user)
        except services.LetterError as problem:
            error = str(problem)
    typed = form.cleaned_data.get("q", "")
    context = {"letter": letter, "error": error, "typed": typed, **_copies(letter, typed)}
    return render(request, "letters/_copies.html", context)


@require_POST
@requires(Action.CHANGE, Resource.LETTERS)
def discard(request: SignedInRequest, pk: UUID) -> HttpResponse:
    letter = selectors.get_letter(request.user, pk)
    try:
        services.discard_letter(letter, actor=request.user)
    except services.LetterError as error:
        messages.error(request, str(error))
        return redirect("letters:detail", pk=letter.pk)
    messages.success(request, "The draft is discarded.")
    return redirect(TAB, pk=letter.patient_id)


@require_safe
@requires(Action.VIEW, Resource.LETTERS)
def pdf(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Answer the letter as a PDF. Its file name holds no person's name."""
    letter = selectors.get_letter(request.user, pk)
    services.record_letter(letter, "export")
    return HttpResponse(
        letter_pdf(letter, clinic=request.tenant),
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{file_name(letter)}"'},
    )


def _letter_page(
    request: SignedInRequest,
    letter: Letter,
    *,
    mail_form: MailForm | None = None,
    error: services.LetterError | None = None,
) -> HttpResponse:
    context = {
        "letter": letter,
        "copies": letter.copies.all(),
        "extra": sorted(letter.extra.items()),
        "may_write": rules.may_write(request.user, letter),
        "error": error,
        "mail_form": mail_form or MailForm(None, offered=selectors.addresses_for(letter)),
        "mailbox": None if letter.is_draft else current_mailbox(),
        "changes": differences(letter.replaces.body, letter.body) if letter.replaces else [],
        **_mails(letter),
    }
    status = 422 if error else 200
    page = "letters/detail.html"
    return record_page(request, letter.patient, page, context, tab=TAB, status=status)


def _mails(letter: Letter) -> dict[str, Any]:
    sent = list(letter.mails.all())
    under_way = any(mail.state in {"queued", "sending"} for mail in sent)
    return {"letter": letter, "mails": sent, "under_way": under_way}


def _copies(letter: Letter, typed: str = "") -> dict[str, Any]:
    chosen = list(letter.copies.all())
    taken = {copy.contact_id for copy in chosen} | {letter.contact_id}
    found = (
        list_contacts(typed, size=OFFERED).contacts
        if typed
        else selectors.likely_recipients(letter.patient)
    )
    return {"copies": chosen, "could_copy": [one for one in found if one.pk not in taken]}


def _editor(
    request: SignedInRequest,
    letter: Letter,
    form: LetterForm,
    error: services.LetterError | None,
) -> HttpResponse:
    left = fields_left(f"{letter.subject}\n{letter.body}")
    context: dict[str, Any] = {
        "letter": letter,
        "form": form,
        "error": error,
        "unknown": [name for name in left if name.lower() not in FIELDS],
        "empty": [FIELDS[name.lower()][0] for name in left if name.lower() in FIELDS],
        "fields": [(name, label) for name, (label, _) in FIELDS.items()],
        **_copies(letter),
    }
    is_stale = isinstance(error, services.LetterChangedError)
    status = 409 if is_stale else 422 if error or form.errors else 200
    page = "letters/edit.html"
    return record_page(request, letter.patient, page, context, tab=TAB, status=status)
