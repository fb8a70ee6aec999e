"""Where the pinned npm packages stand, and which of their files a browser may ask for."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

NODE_MODULES = Path(__file__).resolve().parents[2] / "node_modules"

# URL below STATIC_URL → file below node_modules. Source maps are listed because the manifest
# storage refuses a stylesheet or script whose map is missing.
SERVED = {
    "vendor/tabler/css/tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
    "vendor/tabler/css/tabler.min.css.map": "@tabler/core/dist/css/tabler.min.css.map",
    "vendor/tabler/js/tabler.min.js": "@tabler/core/dist/js/tabler.min.js",
    "vendor/tabler/js/tabler.min.js.map": "@tabler/core/dist/js/tabler.min.js.map",
    "vendor/htmx/htmx.min.js": "htmx.org/dist/htmx.min.js",
    "vendor/event-calendar/event-calendar.min.css": (
        "@event-calendar/build/dist/event-calendar.min.css"
    ),
    "vendor/event-calendar/event-calendar.min.js": (
        "@event-calendar/build/dist/event-calendar.min.js"
    ),
    "vendor/event-calendar/event-calendar.min.js.map": (
        "@event-calendar/build/dist/event-calendar.min.js.map"
    ),
    # Loaded by the page of a medical image alone, the two with WebAssembly by the files that need them.
    "vendor/dicom/dicomParser.min.js": "dicom-parser/dist/dicomParser.min.js",
    "vendor/dicom/dicomParser.min.js.map": "dicom-parser/dist/dicomParser.min.js.map",
    "vendor/dicom/lossless-min.js": (
        "@cornerstonejs/jpeg-lossless-decoder-js/release/lossless-min.js"
    ),
    "vendor/dicom/lossless-min.js.map": (
        "@cornerstonejs/jpeg-lossless-decoder-js/release/lossless-min.js.map"
    ),
    "vendor/dicom/openjpegwasm_decode.js": (
        "@cornerstonejs/codec-openjpeg/dist/openjpegwasm_decode.js"
    ),
    "vendor/dicom/openjpegwasm_decode.wasm": (
        "@cornerstonejs/codec-openjpeg/dist/openjpegwasm_decode.wasm"
    ),
    "vendor/dicom/charlswasm_decode.js": "@cornerstonejs/codec-charls/dist/charlswasm_decode.js",
    "vendor/dicom/charlswasm_decode.wasm": (
        "@cornerstonejs/codec-charls/dist/charlswasm_decode.wasm"
    ),
    "vendor/inter/inter-latin.woff2": (
        "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2"
    ),
    "vendor/inter/inter-latin-ext.woff2": (
        "@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2"
    ),
}


class PackageMissingError(RuntimeError):
    """The npm packages are not installed where the platform looks for them."""


def node_modules() -> Path:
    """Answer the folder of the npm packages (setting NODE_MODULES overrides the repository's)."""
    return Path(getattr(settings, "NODE_MODULES", NODE_MODULES))


def package_file(relative: str) -> Path:
    """Answer a file of a package; raises PackageMissingError with the way out."""
    path = node_modules() / relative
    if not path.is_file():
        raise PackageMissingError(
            f"{relative} is not under {node_modules()}. "
            "Run `npm ci` in the repository, or set NODE_MODULES to the folder that holds it."
        )
    return path
