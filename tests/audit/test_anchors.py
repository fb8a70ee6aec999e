from __future__ import annotations

import json

import pytest

from audit import anchors, services, trails
from audit.anchors import Anchor, AnchorError
from tenants.scope import tenant_scope


@pytest.fixture
def trail(alpha):
    with tenant_scope(alpha):
        services.record("view", object_type="page")
    return trails.trail_of(alpha)


def test_an_anchor_names_the_head_after_sealing_what_waited(trail, tmp_path):
    anchor = anchors.drop_anchor(trail, tmp_path / "a.jsonl")

    assert (anchor.tenant_id, anchor.n, len(anchor.h)) == (trail.tenant_id, 1, 64)


def test_a_file_grows_by_a_line_each_time(trail, tmp_path):
    file = tmp_path / "deep" / "a.jsonl"

    dropped = [anchors.drop_anchor(trail, file), anchors.drop_anchor(trail, file)]

    assert list(anchors.read_anchors(file)) == dropped


def test_the_standing_file_is_named_by_the_id_that_never_changes(trail, settings, tmp_path):
    settings.VAR = tmp_path

    assert anchors.standard_path(trail) == tmp_path / "anchors" / f"c_{trail.tenant_id}.jsonl"


def test_an_anchor_signed_with_a_retired_key_is_still_trusted(trail, tmp_path, settings):
    file = tmp_path / "a.jsonl"
    dropped = anchors.drop_anchor(trail, file)

    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a new key"

    assert list(anchors.read_anchors(file)) == [dropped]


@pytest.mark.parametrize("field", ["tenant_id", "n", "h", "sealed_at", "anchored_at"])
def test_every_field_is_signed(trail, tmp_path, field):
    file = tmp_path / "a.jsonl"
    anchors.drop_anchor(trail, file)
    line = json.loads(file.read_text())

    file.write_text(json.dumps({**line, field: 2 if field in {"n", "tenant_id"} else "x"}))

    [answer] = anchors.read_anchors(file)
    assert isinstance(answer, AnchorError)


@pytest.mark.parametrize("line", ["", "{", "[]", "{}", '{"signature": 1}', "null"])
def test_rubbish_is_answered_as_an_error_never_raised(tmp_path, line):
    file = tmp_path / "a.jsonl"
    file.write_text(line + "\n")

    assert not any(isinstance(answer, Anchor) for answer in anchors.read_anchors(file))
