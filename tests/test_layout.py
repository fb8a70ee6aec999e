"""The shape of the repository: what a newcomer is told must be so."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TRACKED = subprocess.run(
    ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
).stdout.split("\n")


def test_the_source_root_is_no_package():
    assert not (ROOT / "platform" / "__init__.py").exists()


def test_no_package_bears_a_name_of_the_standard_library():
    packages = {
        path.parent.name
        for root in (ROOT, ROOT / "platform")
        for path in root.glob("*/__init__.py")
    }

    assert packages & set(sys.stdlib_module_names) == set()


def test_tests_are_no_packages():
    assert [name for name in TRACKED if re.fullmatch(r"tests/(.*/)?__init__\.py", name)] == []


def test_lock_files_name_no_registry_and_carry_hashes():
    for name in ("requirements/run.lock", "requirements/dev.lock", "package-lock.json"):
        text = (ROOT / name).read_text()

        assert re.search(r"https?://[^\s\"]*(pypi|npmjs|registry)", text) is None
        assert "sha256:" in text or "sha512-" in text


def test_every_dependency_earns_its_place_in_the_decisions():
    import json
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"]]
    for extra in project["optional-dependencies"].values():
        wanted += extra
    names = {re.split(r"[\[<>=~ ]", line)[0] for line in wanted}
    package = json.loads((ROOT / "package.json").read_text())
    names |= {*package.get("dependencies", {}), *package.get("devDependencies", {})}
    decisions = (ROOT / "docs" / "decisions.md").read_text()

    covered = re.sub(
        r"pytest and its plugins",
        "pytest " + " ".join(name for name in names if name.startswith("pytest-")),
        decisions,
    )
    assert sorted(name for name in names if name not in covered) == []


def test_links_of_the_readme_lead_somewhere():
    text = (ROOT / "README.md").read_text()
    targets = re.findall(r"\]\(((?!http)[^)#]+)", text)

    assert [target for target in targets if not (ROOT / target).exists()] == []
