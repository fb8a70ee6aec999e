"""What must not stand in the source, and where an exception does, why it may."""

from __future__ import annotations

import ast
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("tenants", "platform", "clinical", "billing_integrations", "onboarding")

FORBIDDEN_MODULES = {
    "pickle", "cPickle", "dill", "shelve", "marshal", "yaml", "jsonpickle", "joblib", "cloudpickle",
    "xml.sax", "xml.dom", "xml.etree", "lxml",  # an XML parser comes with a decision on entities
}  # fmt: skip
READS_XML = {
    "onboarding/filemaker/exports/": "refuses document types before anything is parsed: test_files.py",
}
FORBIDDEN_CALLS = {
    "eval", "exec", "compile", "__import__", "os.system", "os.popen", "os.execl", "os.spawnl",
    "tempfile.mktemp", "random.random", "random.choice", "random.randint", "random.choices",
}  # fmt: skip

MARKED_SAFE = {
    "platform/ui/icons.py": "paths of a pinned icon package; size, label and class are escaped",
    "platform/ui/templatetags/ui.py": "constants, and content that a template has rendered",
    "platform/ui/stencils.py": "what a template has rendered, in pieces; what is between is escaped",
    "platform/accounts/qr.py": "digits and the letters of path commands",
    "clinical/patients/highlight.py": "each piece is escaped on its own",
    "clinical/practice/templatetags/practice.py": "the empty string",
}
WRITTEN_SQL = {
    "tenants/": "names of roles, schemas and tables from the catalogue or from this code",
    "platform/audit/functions.py": "constants of the module, run by migrations",
    "platform/events/triggers.py": "constants of the module, run by migrations",
    "clinical/patients/functions.py": "the schema's name and number, run by migrations",
    "clinical/patients/summary_sql.py": "tables and columns that migrations name, run by them",
    "clinical/patients/reach.py": "tables and columns of the catalogue, run after migrations",
    "clinical/patients/merging.py": "tables and columns of our models",
    "clinical/patients/comparing.py": "tables and columns of our models",
    "clinical/patients/duplicates.py": "constants of the module",
    "clinical/patients/header.py": "constants that apps register",
    "clinical/patients/former.py": "tables of our models",
    "clinical/rights/": "tables and columns of the catalogue, and constants of the modules",
    "billing_integrations/invoices/erasure.py": "constants of the module",
    "onboarding/imports/erasure.py": "constants of the module",
    "onboarding/backups/": "schemas, tables and columns of the catalogue, read as the backup's role",
    "onboarding/imports/loading/writing.py": "tables and columns of our models",
    "onboarding/lifecycle/": "names of schemas and tables from the catalogue, or our own",
    "onboarding/imports/undo.py": "tables of our models",
    "onboarding/imports/replacing.py": "tables of our models, and a constant list of columns",
    "onboarding/imports/snapshot.py": "tables of our models",
    "onboarding/imports/preserved.py": "a constant list of tables",
    "onboarding/imports/duplicates.py": "a constant list of expressions",
}
"""Modules that put SQL together from parts. Values always travel as parameters."""


@cache
def _sources() -> dict[str, ast.Module]:
    """Parse every Python file of the product, migrations too."""
    return {
        str(path.relative_to(ROOT)): ast.parse(path.read_text())
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if "node_modules" not in path.parts
    }


@cache
def _templates() -> dict[str, str]:
    return {
        str(path.relative_to(ROOT)): path.read_text()
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("templates/**/*.*"))
        if path.is_file()
    }


def _scripts() -> dict[str, str]:
    return {
        str(path.relative_to(ROOT)): path.read_text()
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("static/**/*.js"))
        if "vendor" not in path.parts and not path.name.endswith(".min.js")
    }


def _called(node: ast.Call) -> str:
    return ast.unparse(node.func)


def _calls():
    for name, tree in _sources().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield name, node


def test_there_is_something_to_look_through():
    assert len(_sources()) > 100
    assert len(_templates()) > 50
    assert len(_scripts()) > 3


def test_nothing_reads_what_runs_when_it_is_read():
    found = []
    for name, tree in _sources().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                modules = [node.module or ""]
            else:
                continue
            found += [
                (name, module)
                for module in modules
                for bad in FORBIDDEN_MODULES
                if (module == bad or module.startswith(f"{bad}."))
                and not (module.startswith("xml.") and name.startswith(tuple(READS_XML)))
            ]

    assert found == []


def test_nothing_runs_text_or_a_shell_or_draws_secrets_from_a_weak_well():
    found = [
        (name, node.lineno, _called(node))
        for name, node in _calls()
        if (_called(node) in FORBIDDEN_CALLS and "demo" not in name and "/writer/" not in name)
        or any(
            keyword.arg == "shell" and getattr(keyword.value, "value", True) is not False
            for keyword in node.keywords
        )
    ]

    assert found == []


def test_no_view_is_free_of_the_forgery_check():
    found = [
        name
        for name, tree in _sources().items()
        if re.search(r"csrf_exempt|csrf_protect_m|_dont_enforce_csrf", ast.unparse(tree))
    ]

    assert found == ["platform/operators/views/api.py"], "a token opens it, never a cookie"


# ── markup ───────────────────────────────────────────────────────────────────────────────────────


def test_markup_is_called_safe_only_where_a_reason_stands():
    found = {
        name
        for name, node in _calls()
        if _called(node).rpartition(".")[2] in {"mark_safe", "SafeString", "SafeText"}
    }

    assert found == set(MARKED_SAFE)


def test_markup_is_formatted_from_literals_only():
    found = [
        (name, node.lineno)
        for name, node in _calls()
        if _called(node).rpartition(".")[2] in {"format_html", "format_html_join"}
        and not all(isinstance(part, ast.Constant) for part in node.args[:1])
    ]

    assert found == []


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        (r"\|\s*safe\b|\|\s*safeseq\b|autoescape\s+off", "switches escaping off"),
        (r"\son[a-z]+\s*=\s*[\"']", "a script in an attribute"),
        (r"hx-on[:-]|hx-vals=[\"']js:|hx-vars", "a script in an htmx attribute"),
        (r"javascript:", "a script in an address"),
        (r"<script(?![^>]*\b(src|nonce|type=\"application/json\"))", "a script in the page"),
        (r"<style(?![^>]*\bnonce)", "a style in the page"),
        (r"(src|href)=[\"'](https?:)?//(?!\{)", "a file from elsewhere"),
        (r"\{%\s*debug\s*%\}", "prints what the template knows"),
        (r"<form(?=[^>]*method=[\"']?get)(?=[^>]*(password|token))", "a secret in an address"),
    ],
    ids=lambda value: value if " " in value else None,
)  # fmt: skip
def test_no_template(pattern, why):
    pages = {name: text for name, text in _templates().items() if "/mail/" not in name}

    assert [name for name, text in pages.items() if re.search(pattern, text)] == []


def test_a_form_that_posts_carries_its_token():
    form = re.compile(r"<form\b[^>]*method=[\"']?post.*?</form>", re.IGNORECASE | re.DOTALL)
    missing = [
        name
        for name, text in _templates().items()
        for found in form.finditer(text)
        if "csrf_token" not in found.group() and "hx-post" not in found.group()
    ]

    assert missing == []


def test_no_script_writes_markup_or_runs_text():
    pattern = (
        r"\beval\(|new Function\(|document\.write|\.outerHTML\s*=|set(Timeout|Interval)\(\s*[\"']"
    )
    markup = r"\.innerHTML\s*\+?=|insertAdjacentHTML"

    assert [name for name, text in _scripts().items() if re.search(pattern, text)] == []
    assert [name for name, text in _scripts().items() if re.search(markup, text)] == []


# ── SQL ──────────────────────────────────────────────────────────────────────────────────────────

RUNS_SQL = {"execute", "executemany", "raw", "RawSQL", "RunSQL", "extra", "copy"}


def _is_put_together(node: ast.expr) -> bool:
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in node.values)
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Mod | ast.Add)
    if isinstance(node, ast.Call):
        return ast.unparse(node.func).endswith((".format", ".replace", ".join"))
    return False


def test_sql_is_put_together_only_where_a_reason_stands():
    put_together = {
        name
        for name, node in _calls()
        if _called(node).rpartition(".")[2] in RUNS_SQL
        and node.args
        and _is_put_together(node.args[0])
    }
    suppressed = {name for name in _sources() if "S608" in (ROOT / name).read_text()}
    known = tuple(WRITTEN_SQL)

    found = {name for name in put_together | suppressed if "/migrations/" not in name}
    assert [name for name in sorted(found) if not name.startswith(known)] == []
    assert [place for place in known if not any(name.startswith(place) for name in found)] == []


def test_ordering_never_comes_from_the_request():
    found = [
        (name, node.lineno)
        for name, node in _calls()
        if _called(node).endswith(".order_by")
        and re.search(r"request|GET|POST|cleaned_data", ast.unparse(node))
    ]

    assert found == []


# ── secrets ──────────────────────────────────────────────────────────────────────────────────────

SECRETS = {
    "a private key": r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----",
    "an AWS key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "a GitHub token": r"\bgh[pousr]_[A-Za-z0-9]{36}",
    "a Slack token": r"\bxox[abprs]-[A-Za-z0-9-]{10,}",
    "a Stripe key": r"\b[sr]k_live_[A-Za-z0-9]{16,}",
    "a Google key": r"\bAIza[0-9A-Za-z_-]{35}\b",
    "a signed token": r"\beyJ[A-Za-z0-9_-]{20,}\.eyJ[A-Za-z0-9_-]{20,}\.",
    "a DSN": r"https://[0-9a-f]{32}@",
    "a settings key": r"^SECRET_KEY\s*=\s*[\"'][^\"']{8,}",
}


@pytest.mark.parametrize("kind", SECRETS)
def test_no_secret_is_committed(kind):
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout.decode()
    found = []
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if name == "tests/security/test_source.py" or not path.is_file():
            continue
        text = path.read_bytes()
        if b"\0" not in text[:1024] and re.search(
            SECRETS[kind], text.decode(errors="replace"), re.MULTILINE
        ):
            found.append(name)

    assert found == []
