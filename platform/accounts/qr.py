"""The picture an authenticator scans, drawn into the page: the secret never goes to anybody else."""

from __future__ import annotations

import qrcode
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

QUIET_ZONE = 4


def qr_svg(text: str, *, label: str) -> SafeString:
    """Draw a QR code as an SVG with black modules on white, whatever the page's theme."""
    code = qrcode.QRCode(border=QUIET_ZONE)
    code.add_data(text)
    matrix = code.get_matrix()
    size = len(matrix)
    path = "".join(
        f"M{x} {y}h1v1h-1z" for y, row in enumerate(matrix) for x, dark in enumerate(row) if dark
    )
    return format_html(
        '<svg class="nx-qr" role="img" aria-label="{}" viewBox="0 0 {} {}" width="224" height="224" '
        'shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{}v{}H0z"/>'
        '<path fill="#000" d="{}"/></svg>',
        label,
        size,
        size,
        size,
        size,
        mark_safe(path),  # noqa: S308 - digits and the letters of path commands
    )
