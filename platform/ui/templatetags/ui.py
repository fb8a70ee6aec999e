"""The components of the pages. `{% load ui %}`; README.md shows each in use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import template
from django.forms import ChoiceField
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from ui import errors, wording
from ui.cards import card_urls
from ui.icons import icon_svg

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime

    from django.forms import BaseForm, BoundField
    from django.template.context import Context

register = template.Library()

TONES = {
    "neutral": "circle",
    "info": "info-circle",
    "success": "circle-check",
    "warning": "alert-triangle",
    "danger": "alert-octagon",
    "accent": "point",
}

register.filter("grouped", wording.grouped)
register.filter("money", wording.money)
register.filter("file_size", wording.file_size)
register.filter("masked", wording.masked)
register.filter("ago", wording.ago)
register.filter("initials", wording.initials)


class UnknownToneError(ValueError):
    """A component was asked for a tone that has no colour."""


def _tone(tone: str) -> str:
    if tone not in TONES:
        raise UnknownToneError(f"{tone!r} is not a tone; the tones are {', '.join(TONES)}.")
    return tone


@register.simple_tag
def icon(name: str, size: int = 20, label: str = "", css: str = "") -> SafeString:
    """`{% icon "search" %}`; with `label="…"` it speaks for itself."""
    return icon_svg(name, size=size, label=label, extra_class=css)


@register.simple_tag
def pill(label: str, tone: str = "neutral", icon: str = "") -> SafeString:
    """Draw a status: words and a shape, so that colour is never the only sign."""
    return format_html(
        '<span class="nx-pill nx-tone-{}">{}{}</span>',
        _tone(tone),
        icon_svg(icon or TONES[tone], size=14),
        label,
    )


@register.simple_tag
def avatar(name: str, size: str = "") -> SafeString:
    """Draw a person's initials on a colour of their own; the name must stand beside it."""
    return format_html(
        '<span class="nx-avatar nx-hue-{}{}" aria-hidden="true">{}</span>',
        wording.hue_of(name),
        f" nx-avatar-{size}" if size else "",
        wording.initials(name),
    )


@register.simple_tag
def when(value: date | datetime | None, style: str = "datetime") -> SafeString:
    """Draw a moment: styles `date`, `day`, `long_date`, `time`, `datetime`, `relative`."""
    if value is None:
        return format_html('<span class="text-secondary">{}</span>', wording.DASH)
    text = wording.ago(value) if style == "relative" else wording.moment(value, style)  # type: ignore[arg-type]
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', value.isoformat(), wording.zoned(value), text
    )


@register.simple_tag
def masked_value(value: object, visible: int = 3) -> SafeString:
    """Draw a value of which only the last characters may be read."""
    text = wording.masked(value, visible)
    if not text:
        return mark_safe('<span class="text-secondary">empty</span>')
    return format_html(
        '<span class="nx-masked"><span aria-hidden="true">{}</span>'
        '<span class="visually-hidden">hidden{}</span></span>',
        text,
        f", ends in {text.split()[-1]}" if " " in text else "",
    )


@register.simple_tag
def select(field: BoundField) -> SafeString:
    """Draw a field; a list of choices without a template for each of them, which takes its time."""
    if not isinstance(field.field, ChoiceField):
        return field.as_widget()
    chosen = str(field.value() or "")
    choices: Any = field.field.choices
    return format_html(
        '<select class="form-select" name="{}" id="{}">{}</select>',
        field.html_name,
        field.id_for_label,
        _options(choices, chosen),
    )


def _options(choices: Iterable[Any], chosen: str) -> SafeString:
    parts = []
    for value, label in choices:
        if isinstance(label, list | tuple):
            inner = _options(label, chosen)
            parts.append(format_html('<optgroup label="{}">{}</optgroup>', value, inner))
        else:
            mark = " selected" if str(value) == chosen else ""
            parts.append(format_html('<option value="{}"{}>{}</option>', value, mark, label))
    return format_html_join("", "{}", ((part,) for part in parts))


@register.simple_tag
def copy_button(text: str, label: str = "Copy") -> SafeString:
    """Draw a button that puts `text` on the clipboard."""
    return format_html(
        '<button type="button" class="btn btn-sm nx-copy" data-copy="{}">{}<span>{}</span>'
        "</button>",
        text,
        icon_svg("copy", size=16),
        label,
    )


@register.simple_tag
def crumb(label: str, url: str = "") -> SafeString:
    """Draw one step of the breadcrumbs; the last has no url."""
    if url:
        return format_html('<li class="breadcrumb-item"><a href="{}">{}</a></li>', url, label)
    return format_html(
        '<li class="breadcrumb-item active" aria-current="page"><span>{}</span></li>', label
    )


@register.simple_tag(takes_context=True)
def accent_style(context: Context) -> SafeString:
    """Write the clinic's accent into the page: the only style element, and it carries the nonce."""
    shell = context.get("nx")
    if shell is None:
        return mark_safe("")
    accent = shell.accent
    return format_html(
        '<style nonce="{}">:root{{--nx-accent:{};--nx-on-accent:{};--nx-accent-text-light:{};'
        "--nx-accent-text-dark:{}}}</style>",
        shell.csp_nonce,
        accent.fill,
        accent.on_fill,
        accent.text_on_light,
        accent.text_on_dark,
    )


@register.simple_tag(takes_context=True)
def error_page(context: Context, status: int) -> SafeString:
    """Draw the whole error page: what stands in 404.html and its likes, for Django's own views."""
    return mark_safe(errors.page(context.get("request"), status))  # noqa: S308


# ── Components with an inside ───────────────────────────────────────────────────────────────────


def _inside(content: str) -> SafeString:
    """Trim what the template engine has already escaped; `strip` alone would forget that it has."""
    return mark_safe(content.strip())  # noqa: S308


@register.simple_block_tag
def page_header(
    content: str, title: str, subtitle: str = "", eyebrow: str = "", name: str = ""
) -> SafeString:
    """Draw the page's heading with its actions inside; `name` adds a person's avatar."""
    return render_to_string(
        "ui/components/page_header.html",
        {
            "title": title,
            "subtitle": subtitle,
            "eyebrow": eyebrow,
            "name": name,
            "actions": _inside(content),
        },
    )


@register.simple_block_tag
def empty_state(content: str, title: str, text: str = "", icon: str = "inbox") -> SafeString:
    """Say that there is nothing yet and what to do; what stands inside are the actions."""
    return render_to_string(
        "ui/components/empty_state.html",
        {"title": title, "text": text, "icon": icon, "actions": _inside(content)},
    )


@register.simple_block_tag
def notice(content: str, title: str = "", tone: str = "info", icon: str = "") -> SafeString:
    """Draw a box that has something to say; danger and warning are read out at once."""
    return render_to_string(
        "ui/components/notice.html",
        {
            "title": title,
            "tone": _tone(tone),
            "icon": icon or TONES[tone],
            "body": _inside(content),
        },
    )


@register.simple_block_tag
def data_table(
    content: str,
    caption: str,
    id: str = "",  # noqa: A002 - HTML's word
    css: str = "",
    show_caption: bool = False,
) -> SafeString:
    """Wrap `<thead>`/`<tbody>` so that a wide table scrolls by itself, not the page."""
    return render_to_string(
        "ui/components/data_table.html",
        {"caption": caption, "id": id, "css": css, "show": show_caption, "body": content},
    )


@register.simple_block_tag
def card(
    content: str, title: str = "", icon: str = "", css: str = "", level: int = 2
) -> SafeString:
    """Draw a section with a heading of the given level."""
    return render_to_string(
        "ui/components/card.html",
        {"title": title, "icon": icon, "css": css, "level": level, "body": content},
    )


@register.simple_block_tag
def dialog(content: str, id: str, title: str) -> SafeString:  # noqa: A002 - HTML's word
    """Draw a dialog that `data-dialog-open="id"` on a button opens."""
    return render_to_string(
        "ui/components/dialog.html", {"id": id, "title": title, "body": content}
    )


# ── Components of values ────────────────────────────────────────────────────────────────────────


@register.inclusion_tag("ui/components/stat.html")
def stat(  # noqa: PLR0917 - templates name them
    label: str, value: object, hint: str = "", icon: str = "", url: str = "", tone: str = "neutral"
) -> dict[str, Any]:
    """Draw one figure with what it counts."""
    return {
        "label": label,
        "value": wording.grouped(value) if isinstance(value, int) else value,
        "hint": hint,
        "icon": icon,
        "url": url,
        "tone": _tone(tone),
    }


@register.simple_tag(takes_context=True)
def first_page_cards(context: Context) -> SafeString:
    """Leave room for the cards that apps have for the first page; they come after the page."""
    request = context.get("request")
    urls = card_urls(request) if request is not None else []
    return format_html_join(
        "",
        '<div hx-get="{}" hx-trigger="load" hx-swap="outerHTML"></div>',
        ((url,) for url in urls),
    )


@register.inclusion_tag("ui/components/pager.html")
def pager(
    previous_url: str = "", next_url: str = "", summary: str = "", target: str = ""
) -> dict[str, Any]:
    """Draw previous and next; with `target` (a CSS selector) htmx swaps only that part."""
    return {
        "previous_url": previous_url,
        "next_url": next_url,
        "summary": summary,
        "target": target,
    }


@register.inclusion_tag("ui/components/definition_list.html")
def definition_list(items: Iterable[tuple[str, object]]) -> dict[str, Any]:
    """Draw (label, value) pairs; an empty value shows as a dash."""
    return {"items": items}


@register.inclusion_tag("ui/components/tabs.html")
def tabs(items: Iterable[dict[str, Any]], label: str = "Sections") -> dict[str, Any]:
    """Draw links between views of one thing: dicts with label, url, active, and count or icon."""
    return {"items": items, "label": label}


@register.inclusion_tag("ui/components/steps.html")
def steps(labels: Sequence[str], current: int, label: str = "Progress") -> dict[str, Any]:
    """Draw a wizard's steps; `current` counts from 1, len + 1 means that all are done."""
    numbers = range(1, len(labels) + 1)
    states = ["done" if n < current else "current" if n == current else "next" for n in numbers]
    return {
        "steps": list(zip(numbers, labels, states, strict=True)),
        "label": label,
        "current": min(current, len(labels)),
        "total": len(labels),
        "name": labels[min(current, len(labels)) - 1] if labels else "",
    }


@register.inclusion_tag("ui/components/progress.html")
def progress(  # noqa: PLR0917 - templates name them
    value: int | None,
    total: int = 100,
    label: str = "",
    detail: str = "",
    url: str = "",
    tone: str = "accent",
    id: str = "progress",  # noqa: A002 - HTML's word
) -> dict[str, Any]:
    """Draw a bar. With `url` it fetches its successor every two seconds and is replaced by it.

    `value` None means that nobody knows how far it is. Leave `url` away when the work has ended.
    """
    percent = None if value is None or not total else min(100, max(0, value * 100 // total))
    return {
        "percent": percent,
        "label": label,
        "detail": detail,
        "url": url,
        "tone": _tone(tone),
        "id": id,
    }


@register.inclusion_tag("ui/components/upload.html")
def upload(
    create_url: str,
    accept: str = "",
    label: str = "Choose a file",
    help_text: str = "",
    unfinished: Any = None,
    *,
    multiple: bool = False,
    job: str = "",
) -> dict[str, Any]:
    """Draw the resumable upload; README.md has the protocol.

    `unfinished` is an earlier upload to go on with: `.url`, `.name`, `.size`, `.offset`. `multiple`
    takes several files at once, one after another; `job` is what they join.
    """
    return {
        "multiple": multiple,
        "job": job,
        "create_url": create_url,
        "accept": accept,
        "label": label,
        "help_text": help_text,
        "unfinished": unfinished,
    }


# ── Forms ───────────────────────────────────────────────────────────────────────────────────────


@register.inclusion_tag("ui/components/field.html")
def render_field(field: BoundField, autofocus: bool = False) -> dict[str, Any]:
    """Draw a field with its label, help and errors, joined by ids."""
    widget = field.field.widget
    kind = type(widget).__name__.lower()
    is_group = bool(widget.use_fieldset)
    attrs: dict[str, Any] = {}
    is_check = getattr(widget, "input_type", "") == "checkbox" and not is_group
    if is_check:
        attrs["class"] = "form-check-input"
    elif not is_group:
        attrs["class"] = "form-select" if "select" in kind else "form-control"
        if field.errors:
            attrs["class"] += " is-invalid"
    if own := widget.attrs.get("class"):
        attrs["class"] = f"{attrs.get('class', '')} {own}".strip()
    if autofocus:
        attrs["autofocus"] = True
    return {
        "field": field,
        "control": field.as_widget(attrs=attrs),
        "is_check": is_check,
        "is_group": is_group,
        "is_hidden": widget.is_hidden,
        "optional": not field.field.required and not is_check,
    }


@register.inclusion_tag("ui/components/form_errors.html")
def form_errors(form: BaseForm) -> dict[str, Any]:
    """Draw the summary of a form's errors with links to the fields."""
    fields = [field for field in form if field.errors]
    return {
        "form": form,
        "fields": fields,
        "count": sum(len(field.errors) for field in fields) + len(form.non_field_errors()),
    }


@register.inclusion_tag("ui/components/form_fields.html")
def form_fields(form: BaseForm) -> dict[str, Any]:
    """Draw the error summary, then every field of a form."""
    return {"form": form}
