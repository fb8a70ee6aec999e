from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.contrib.staticfiles.finders import get_finder
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.core.management import call_command
from django.test import override_settings

from ui.icons import UnknownIconError, icon_svg
from ui.packages import NODE_MODULES, SERVED, PackageMissingError, package_file

ROOT = Path(__file__).resolve().parents[2]
needs_packages = pytest.mark.skipif(
    not NODE_MODULES.is_dir(), reason="the npm packages are not installed: run `npm ci`"
)


def test_the_lock_file_names_no_host() -> None:
    assert "http" not in (ROOT / "package-lock.json").read_text(encoding="utf-8")


def test_every_package_is_pinned_exactly() -> None:
    wanted = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    locked = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]

    pins = wanted["dependencies"] | wanted["devDependencies"]

    assert {name: locked[f"node_modules/{name}"]["version"] for name in pins} == pins
    assert all(entry.get("integrity") for name, entry in locked.items() if name)


def test_only_listed_files_of_a_package_are_found() -> None:
    finder = get_finder("ui.finders.PackageFinder")

    assert finder.find("vendor/../package.json") is None
    assert finder.find("vendor/tabler/css/tabler.css") is None
    assert finder.find("@tabler/core/package.json") is None


@needs_packages
def test_the_listed_files_are_there() -> None:
    assert [name for name, source in SERVED.items() if not package_file(source).is_file()] == []


def test_a_missing_package_says_how_to_get_it(tmp_path: Path) -> None:
    with (
        override_settings(NODE_MODULES=tmp_path),
        pytest.raises(PackageMissingError, match="npm ci"),
    ):
        package_file("htmx.org/dist/htmx.min.js")


@needs_packages
def test_static_files_are_collected_with_hashes(tmp_path: Path) -> None:
    storage = f"{ManifestStaticFilesStorage.__module__}.{ManifestStaticFilesStorage.__name__}"
    with override_settings(
        STATIC_ROOT=tmp_path,
        STORAGES={
            "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
            "staticfiles": {"BACKEND": storage},
        },
    ):
        call_command("collectstatic", interactive=False, verbosity=0)

    manifest = json.loads((tmp_path / "staticfiles.json").read_text(encoding="utf-8"))["paths"]
    assert {*SERVED, "ui/nexus.css", "ui/nexus.js", "ui/theme.js"} <= set(manifest)
    styles = (tmp_path / manifest["ui/nexus.css"]).read_text(encoding="utf-8")
    assert manifest["vendor/inter/inter-latin.woff2"] in styles


@needs_packages
def test_an_icon_is_decoration_unless_it_has_a_label() -> None:
    assert 'aria-hidden="true"' in icon_svg("search")
    assert 'role="img" aria-label="Two &lt;new&gt;"' in icon_svg("mail", label="Two <new>")


@needs_packages
@pytest.mark.parametrize("name", ["no-such-icon", "../../package", "Search"])
def test_an_unknown_icon_is_named(name: str) -> None:
    with pytest.raises(UnknownIconError, match="no icon named"):
        icon_svg(name)
