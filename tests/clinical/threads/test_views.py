from __future__ import annotations

import re
from io import BytesIO

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from audit.models import Event
from clinical.threads.models import Attachment, Thread
from tenants.scope import tenant_scope


def test_a_message_about_a_patient_is_written_read_answered_and_done(alpha, sign_in, patient):
    robin, kim, bo = (sign_in(alpha, role) for role in ("reception", "clinician", "billing"))
    with tenant_scope(alpha):
        ada = patient()

    sent = robin.post(
        f"/inbox/new/?patient={ada.pk}",
        {"patient": str(ada.pk), "subject": "Splint", "body": "@clinician person ready?",
         "is_task": "on", "assignee": str(kim.person.pk), "due_on": "2026-11-23", "priority": "1",
         "files": [SimpleUploadedFile("plan.txt", b"twice a day")]},
    )  # fmt: skip

    assert sent.status_code == 302, sent.text
    with tenant_scope(alpha):
        thread, file = Thread.objects.get(), Attachment.objects.get()
    assert thread.patient_id == ada.pk
    page = sent["Location"]
    assert "1 unread" in kim.get("/inbox/").text
    text = kim.get(page).text
    assert '<span class="th-mention">@clinician person</span>' in text
    assert "All read" in kim.get("/inbox/?show=mine").text
    assert "Splint" in kim.get(f"/patients/{ada.pk}/team/").text
    assert "Open tasks" in kim.get(f"/patients/{ada.pk}/").text
    taken = kim.get(f"/inbox/files/{file.pk}/")
    assert (taken.getvalue(), taken["Content-Disposition"]) == (
        b"twice a day", 'attachment; filename="plan.txt"',
    )  # fmt: skip
    for path in (page, f"/inbox/files/{file.pk}/"):
        assert bo.get(path).status_code == 404
    assert "Splint" not in bo.get(f"/patients/{ada.pk}/team/").text
    assert kim.post(f"{page}post/", {"body": "Yes."}).status_code == 302
    assert kim.post(f"{page}post/", {"body": ""}).status_code == 422
    assert kim.post(f"{page}step/", {"action": "done"}).status_code == 302
    assert kim.post(f"{page}step/", {"action": "explode"}).status_code == 404
    assert kim.post(f"{page}unread/").status_code == 302
    with tenant_scope(alpha):
        seen = Event.objects.filter(object_type="threads_thread", action="view")
        assert {event.subject_id for event in seen} == {str(ada.pk)}
    assert "Splint" in kim.post("/inbox/", {"words": "splint", "show": "all"}).text


def test_a_patient_of_nobody_is_not_written_about(alpha, beta, sign_in, patient):
    with tenant_scope(beta):
        theirs = patient()
    robin = sign_in(alpha, "reception")

    for pk in (str(theirs.pk), "x"):
        sent = robin.post(
            "/inbox/new/", {"patient": pk, "subject": "s", "body": "b", "for_team": "on"}
        )
        assert sent.status_code in {404, 422}
    with tenant_scope(alpha):
        assert not Thread.objects.exists()


def test_pictures_and_pdfs_are_looked_at_in_the_thread_and_nothing_else(alpha, beta, sign_in):
    kim, bo = sign_in(alpha, "clinician"), sign_in(alpha, "billing")
    picture = BytesIO()
    Image.new("RGB", (40, 30), "teal").save(picture, "PNG")
    files = {
        "wound.png": picture.getvalue(),
        "plan.pdf": b"%PDF-1.7\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n",
        "notes.txt": b"twice a day",
    }

    page = kim.post(
        "/inbox/new/",
        {
            "subject": "Wound",
            "body": "Look.",
            "is_task": "on",
            "assignee": str(kim.person.pk),
            "priority": 2,
            "files": [SimpleUploadedFile(name, content) for name, content in files.items()],
        },
    )["Location"]
    text = kim.get(page).text

    urls = {url.split("/")[3]: url for url in re.findall(r'data-preview="([^"]+)"', text)}
    with tenant_scope(alpha):
        ids = {file.file_name: str(file.pk) for file in Attachment.objects.all()}
    assert set(urls) == {ids["wound.png"], ids["plan.pdf"]}
    shown = kim.get(urls[ids["wound.png"]])
    assert (shown.getvalue(), shown["Content-Type"]) == (files["wound.png"], "image/png")
    assert shown["Content-Security-Policy"].startswith("sandbox")
    plan = kim.get(urls[ids["plan.pdf"]])
    assert (plan.getvalue(), plan["X-Frame-Options"]) == (files["plan.pdf"], "SAMEORIGIN")
    swapped = urls[ids["wound.png"]].replace(ids["wound.png"], ids["notes.txt"])
    assert kim.get(swapped).status_code == 404
    assert bo.get(urls[ids["wound.png"]]).status_code == 404
    assert sign_in(beta, "clinician").get(urls[ids["wound.png"]]).status_code == 404
