"""Staticfiles finder for the listed files of the npm packages, and for nothing else of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.staticfiles.finders import BaseFinder
from django.contrib.staticfiles.utils import matches_patterns
from django.core.files.storage import FileSystemStorage

from ui.packages import SERVED, node_modules, package_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from django.core.checks import CheckMessage


class PackageStorage(FileSystemStorage):
    """Reads node_modules under the names the browser knows."""

    def __init__(self) -> None:
        super().__init__(location=str(node_modules()))
        self.prefix = ""

    def path(self, name: str) -> str:
        return str(package_file(SERVED[name]))


class PackageFinder(BaseFinder):
    """Finds `vendor/…` files by the list in `ui.packages`."""

    def check(self, **_kwargs: Any) -> list[CheckMessage]:
        return []

    def find(self, path: str, find_all: bool = False, **_kwargs: Any) -> Any:
        name = path.replace("\\", "/")
        source = node_modules() / SERVED[name] if name in SERVED else None
        found = str(source) if source is not None and source.is_file() else None
        if find_all:
            return [found] if found else []
        return found

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[Any]:
        storage = PackageStorage()
        for name in SERVED:
            if not matches_patterns(name, list(ignore_patterns or [])):
                storage.path(name)
                yield name, storage
