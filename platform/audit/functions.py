"""The SQL of the audit trail's functions: the only ways in, the sealing, the one way out.

All that write are SECURITY DEFINER with a pinned search_path. They run as nexus_owner, who stands
under the forced policy too: called in the scope of one clinic they cannot write to another.

What is hashed is a run of netstrings (`5:alice0:…`), so no two different headers share their bytes.
`audit.hashing` says the same in Python, and the tests hold the two together.
"""

# ruff: noqa: S608 - put together from the constants of this module, never from input

from __future__ import annotations

HEADER = (
    "id::text",
    "((extract(epoch FROM at) * 1000000)::bigint)::text",
    "tx::text",
    "actor_id",
    "actor_label",
    "impersonator",
    "action",
    "object_type",
    "object_id",
    "subject_id",
    "result",
    "request_id",
)
"""An event's header in the order of hashing; the time in microseconds since 1970 UTC."""

LOCK_CLASS = 1635083380
"""The first half of the sealer's advisory lock ("audt"); the second is the clinic's id."""

SECRET_NAMES = "^(password|passphrase|secret|token|salt)$|_(password|secret|token|private_key)$"  # noqa: S105
"""Columns of such names never reach a payload, in whatever table they turn up."""

WITHHELD = "[withheld]"


def netstrings(*parts: str) -> str:
    """Answer the SQL that joins text expressions into the bytes to hash."""
    joined = " || ".join(f"octet_length({part}) || ':' || {part}" for part in parts)
    return f"convert_to({joined}, 'UTF8')"


def function_statements(search_path: str, tenant_id: int) -> list[str]:
    """Answer the statements that create all functions of one schema."""
    pinned = f"SECURITY DEFINER SET search_path = {search_path}"
    return [
        REFUSE.replace("@pinned@", f"SET search_path = {search_path}"),
        LEAF,
        MERKLE_ROOT,
        RECORD.replace("@pinned@", pinned).replace("@tenant@", str(tenant_id)),
        ROWS.replace("@pinned@", pinned),
        ERASE.replace("@pinned@", pinned),
        SEAL.replace("@pinned@", pinned).replace("@tenant@", str(tenant_id)),
    ]


RECORDING = "audit_record(text, text, text, text, text, text)"
SIGNATURES = {
    "audit_refuse()": False,
    "audit_leaf(audit_event)": False,
    "audit_merkle_root(bytea[])": False,
    RECORDING: True,
    "audit_rows()": False,
    "audit_erase_payload(bigint, text)": True,
    "audit_seal_batch(integer)": True,
}
"""Each function, and whether the app may call it."""

REFUSE = """
CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql @pinned@ AS $$
BEGIN
  -- Sealing empties the queue, a lawful erasure takes a payload; both say so first.
  IF TG_OP = 'DELETE' AND current_setting('nexus.audit_takes', true) = TG_TABLE_NAME THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION 'The audit trail only grows: % of % is refused.', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'insufficient_privilege';
END $$"""

LEAF = f"""
CREATE FUNCTION audit_leaf(e audit_event) RETURNS bytea LANGUAGE sql STABLE AS $$
  SELECT sha256('\\x00'::bytea || {
    netstrings(
        *(f"(e).{part}" if "(" not in part else part.replace("at)", "(e).at)") for part in HEADER)
    )
} || (e).commitment) $$"""

# An odd node goes up as it is; leaves and nodes are told apart by their first byte, and the number
# of leaves is part of the chain's link.
MERKLE_ROOT = """
CREATE FUNCTION audit_merkle_root(leaves bytea[]) RETURNS bytea LANGUAGE plpgsql STABLE AS $$
BEGIN
  WHILE cardinality(leaves) > 1 LOOP
    SELECT array_agg(
             CASE WHEN pair.right_leaf IS NULL THEN pair.left_leaf
                  ELSE sha256('\\x03'::bytea || pair.left_leaf || pair.right_leaf) END
             ORDER BY pair.i)
      INTO leaves
      FROM (SELECT i, leaf AS left_leaf, lead(leaf) OVER (ORDER BY i) AS right_leaf
            FROM unnest(leaves) WITH ORDINALITY AS one(leaf, i)) AS pair
     WHERE pair.i % 2 = 1;
  END LOOP;
  RETURN leaves[1];
END $$"""

_ACTOR = """
  who text := coalesce(current_setting('nexus.actor', true), '');
  who_label text := coalesce(current_setting('nexus.actor_label', true), '');
  who_really text := coalesce(current_setting('nexus.impersonator', true), '');
  request text := coalesce(current_setting('nexus.request_id', true), '');
"""

_UNNAMED = """
  IF who = '' AND who_label = '' AND request = '' THEN
    who_label := 'database role ' || session_user;
  END IF;
"""


def _append(source: str, *, action: str, object_type: str, result: str = "'ok'") -> str:
    """Answer the statement that writes an event for each row of `source`.

    A row has object_id, subject_id and body.
    """
    return f"""
    WITH numbered AS MATERIALIZED (
      SELECT nextval('audit_event_id_seq') AS id, clock_timestamp() AS at,
             uuid_send(gen_random_uuid()) AS salt,
             coalesce(source.object_id, '') AS object_id,
             coalesce(source.subject_id, '') AS subject_id, source.body
        FROM ({source}) AS source
    ), headers AS (
      INSERT INTO audit_event (id, at, tx, actor_id, actor_label, impersonator, action, object_type,
                               object_id, subject_id, result, request_id, commitment)
      SELECT id, at, pg_current_xact_id()::text::bigint, who, who_label, who_really, {action},
             {object_type}, object_id, subject_id, {result}, request,
             CASE WHEN body IS NULL THEN ''::bytea
                  ELSE sha256('\\x01'::bytea || salt || convert_to(body, 'UTF8')) END
        FROM numbered
    ), payloads AS (
      INSERT INTO audit_payload (event_id, salt, body)
      SELECT id, salt, body FROM numbered WHERE body IS NOT NULL
    )
    INSERT INTO audit_queue (event_id) SELECT id FROM numbered"""


_RECORD_ONE = _append(
    "SELECT about_object AS object_id, about_subject AS subject_id, payload AS body",
    action="what",
    object_type="about_type",
    result="outcome",
)

RECORD = f"""
CREATE FUNCTION audit_record(
  what text, about_type text, about_object text, about_subject text, outcome text, payload text
) RETURNS bigint LANGUAGE plpgsql @pinned@ AS $$
DECLARE {_ACTOR} recorded bigint;
BEGIN
  -- The platform's own trail has no wall, so the function is its.
  IF current_setting('rls.tenant_id', true) IS DISTINCT FROM '@tenant@' THEN
    RAISE EXCEPTION 'audit_record of tenant @tenant@ was called in the scope of another'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  {_UNNAMED} {_RECORD_ONE} RETURNING event_id INTO recorded;
  RETURN recorded;
END $$"""

_KEY = """(CASE WHEN cardinality(pk) = 1 THEN {row} ->> pk[1]
              ELSE (SELECT string_agg({row} ->> part, ',' ORDER BY i)
                      FROM unnest(pk) WITH ORDINALITY AS key(part, i)) END)"""

# An updated row is found again by its key; a row whose key itself was changed shows as two, one
# with nothing after and one with nothing before.
_UPDATED = f"""
      SELECT coalesce(o.key, n.key) AS object_id,
             coalesce(n.image, o.image) ->> TG_ARGV[0] AS subject_id,
             (SELECT jsonb_build_object(
                'before', jsonb_object_agg(name, coalesce(mask -> name, o.image -> name))
                            FILTER (WHERE o.image IS NOT NULL),
                'after', jsonb_object_agg(name, coalesce(mask -> name, n.image -> name))
                            FILTER (WHERE n.image IS NOT NULL))
                FROM jsonb_object_keys(coalesce(o.image, n.image)) AS name
               WHERE o.image -> name IS DISTINCT FROM n.image -> name)::text AS body
        FROM (SELECT image, {_KEY.format(row="image")} AS key
                FROM (SELECT to_jsonb(old_rows) - unrecorded AS image FROM old_rows) AS images) AS o
        FULL JOIN
             (SELECT image, {_KEY.format(row="image")} AS key
                FROM (SELECT to_jsonb(new_rows) - unrecorded AS image FROM new_rows) AS images) AS n
          ON o.key = n.key
       WHERE o.image IS DISTINCT FROM n.image"""


def _whole(rows: str, side: str) -> str:
    return f"""
      SELECT {_KEY.format(row="image")} AS object_id, image ->> TG_ARGV[0] AS subject_id,
             jsonb_build_object('{side}', image || mask)::text AS body
        FROM (SELECT to_jsonb({rows}) - unrecorded AS image FROM {rows}) AS images"""


_ROWS_INSERTED = _append(
    _whole("new_rows", "after"), action="'create'", object_type="TG_TABLE_NAME"
)
_ROWS_UPDATED = _append(_UPDATED, action="'update'", object_type="TG_TABLE_NAME")
_ROWS_DELETED = _append(
    _whole("old_rows", "before"), action="'delete'", object_type="TG_TABLE_NAME"
)
_ROWS_TRUNCATED = _append(
    "SELECT '' AS object_id, '' AS subject_id, NULL AS body",
    action="'truncate'",
    object_type="TG_TABLE_NAME",
)

# Arguments: the column that holds the patient's id, columns whose values are withheld, columns that
# are not recorded at all (both comma-separated). Generated columns repeat others and are left out.
ROWS = f"""
CREATE FUNCTION audit_rows() RETURNS trigger LANGUAGE plpgsql @pinned@ AS $$
DECLARE {_ACTOR}
  unrecorded text[];
  pk text[];
  mask jsonb;
BEGIN {_UNNAMED}
  IF TG_OP = 'TRUNCATE' THEN {_ROWS_TRUNCATED};
    RETURN NULL;
  END IF;
  SELECT array_agg(a.attname::text ORDER BY array_position(i.indkey::int2[], a.attnum))
           FILTER (WHERE a.attnum = ANY (i.indkey)),
         coalesce(jsonb_object_agg(a.attname, '{WITHHELD}') FILTER (
           WHERE a.attname ~ '{SECRET_NAMES}'
              OR a.attname = ANY (string_to_array(TG_ARGV[1], ','))), '{{}}'),
         coalesce(array_agg(a.attname::text) FILTER (
           WHERE a.attgenerated <> '' OR a.attname = 'tenant_id'
              OR a.attname = ANY (string_to_array(TG_ARGV[2], ','))), '{{}}')
    INTO pk, mask, unrecorded
    FROM pg_attribute AS a
    LEFT JOIN pg_index AS i ON i.indrelid = a.attrelid AND i.indisprimary
   WHERE a.attrelid = TG_RELID AND a.attnum > 0 AND NOT a.attisdropped;
  IF TG_OP = 'INSERT' THEN {_ROWS_INSERTED};
  ELSIF TG_OP = 'UPDATE' THEN {_ROWS_UPDATED};
  ELSE {_ROWS_DELETED};
  END IF;
  RETURN NULL;
END $$"""

# The salt goes with the payload: with it, guesses could be checked against the commitment.
ERASE = """
CREATE FUNCTION audit_erase_payload(erased bigint, reason text) RETURNS bigint
LANGUAGE plpgsql @pinned@ AS $$
DECLARE event audit_event; erasure bigint;
BEGIN
  IF coalesce(btrim(reason), '') = '' THEN
    RAISE EXCEPTION 'An erasure needs a reason.' USING ERRCODE = 'check_violation';
  END IF;
  PERFORM set_config('nexus.audit_takes', 'audit_payload', true);
  DELETE FROM audit_payload WHERE event_id = erased;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'Event % has no payload to erase.', erased USING ERRCODE = 'no_data_found';
  END IF;
  PERFORM set_config('nexus.audit_takes', '', true);
  SELECT * INTO event FROM audit_event WHERE id = erased;
  erasure := audit_record('erase', 'audit_event', erased::text, event.subject_id, 'ok',
                          jsonb_build_object('reason', reason)::text);
  INSERT INTO audit_erasure (event_id, erased_by) VALUES (erased, erasure);
  RETURN erasure;
END $$"""

# A queued event that is gone is sealed as an empty leaf: the verifier finds it missing for ever.
SEAL = f"""
CREATE FUNCTION audit_seal_batch(most integer) RETURNS TABLE (link bigint, sealed integer)
LANGUAGE plpgsql @pinned@ AS $$
DECLARE
  head audit_seal;
  taken bigint[];
  leaves bytea[];
  tree_root bytea;
  first_event timestamptz;
  last_event timestamptz;
  now_sealed timestamptz := clock_timestamp();
BEGIN
  IF NOT pg_try_advisory_xact_lock({LOCK_CLASS}, @tenant@) THEN
    RETURN;
  END IF;
  SELECT array_agg(q.event_id ORDER BY q.event_id) INTO taken
    FROM (SELECT event_id FROM audit_queue ORDER BY event_id LIMIT most) AS q;
  IF taken IS NULL THEN
    RETURN;
  END IF;
  SELECT array_agg(CASE WHEN e.id IS NULL THEN ''::bytea ELSE audit_leaf(e) END ORDER BY t.id),
         min(e.at), max(e.at)
    INTO leaves, first_event, last_event
    FROM unnest(taken) AS t(id) LEFT JOIN audit_event AS e ON e.id = t.id;
  SELECT * INTO head FROM audit_seal AS s ORDER BY s.n DESC LIMIT 1;
  link := coalesce(head.n, 0) + 1;
  sealed := cardinality(taken);
  tree_root := audit_merkle_root(leaves);
  INSERT INTO audit_seal (n, count, first_at, last_at, ids, marks, root, prev, h, sealed_at)
  SELECT link, sealed, coalesce(first_event, now_sealed), coalesce(last_event, now_sealed), taken,
         (SELECT string_agg(substr(leaf, 1, 8), ''::bytea ORDER BY i)
            FROM unnest(leaves) WITH ORDINALITY AS one(leaf, i)),
         tree_root, previous.h,
         sha256('\\x02'::bytea || previous.h || {
    netstrings(
        "'@tenant@'",
        "link::text",
        "sealed::text",
        "((extract(epoch FROM now_sealed) * 1000000)::bigint)::text",
        "array_to_string(taken, ',')",
    )
} || tree_root),
         now_sealed
    FROM (SELECT coalesce(head.h, decode(repeat('00', 32), 'hex')) AS h) AS previous;
  PERFORM set_config('nexus.audit_takes', 'audit_queue', true);
  DELETE FROM audit_queue AS q WHERE q.event_id = ANY (taken);
  PERFORM set_config('nexus.audit_takes', '', true);
  RETURN NEXT;
END $$"""
