"""People who may be in the clinic twice: listed with the evidence, never merged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection

if TYPE_CHECKING:
    from onboarding.imports.models import ImportRun

LIMIT = 500

# A group counts when this run brought or touched one of its people.
_GROUPS = (
    (
        "the same name and date of birth",
        """
        SELECT array_agg(p.id ORDER BY p.id) FROM patients_patient AS p
        WHERE p.date_of_birth IS NOT NULL AND btrim(p.sort_name) <> ''
        GROUP BY p.sort_name, p.date_of_birth HAVING count(*) > 1
        """,
    ),
    (
        "the same NDIS, DVA or healthcare number",
        """
        SELECT array_agg(DISTINCT i.patient_id) FROM patients_patientidentifier AS i
        WHERE i.kind IN ('ndis', 'dva', 'health') AND i.normalised <> ''
        GROUP BY i.kind, i.normalised HAVING count(DISTINCT i.patient_id) > 1
        """,
    ),
    (
        "the same name and telephone or e-mail, a date of birth missing",
        """
        SELECT array_agg(DISTINCT p.id) FROM patients_patient AS p
        JOIN patients_contactpoint AS c ON c.patient_id = p.id
        WHERE c.normalised <> '' AND btrim(p.sort_name) <> ''
        GROUP BY p.sort_name, c.normalised
        HAVING count(DISTINCT p.id) > 1 AND bool_or(p.date_of_birth IS NULL)
        """,
    ),
)

_TOUCHED = """
WITH groups AS ({groups}), touched AS (
    SELECT g.ids FROM groups AS g (ids) WHERE EXISTS (
        SELECT 1 FROM imports_rowchange AS c
        WHERE c.run_id = %s AND c.target_type = 'patient' AND c.target_id = ANY(g.ids)))
SELECT (SELECT count(*) FROM touched), t.ids,
       ARRAY(SELECT l.record_id FROM imports_importlink AS l
             WHERE l.target_type = 'patient' AND l.target_id = ANY(t.ids) ORDER BY 1)
FROM touched AS t ORDER BY t.ids LIMIT %s
"""


def find_candidates(run: ImportRun) -> list[dict[str, Any]]:
    """Answer, for each kind of evidence, how many groups there are and up to 500 of them."""
    found = []
    with connection.cursor() as cursor:
        for evidence, groups in _GROUPS:
            cursor.execute(_TOUCHED.format(groups=groups), [run.pk, LIMIT])
            rows = cursor.fetchall()
            if rows:
                found.append(
                    {
                        "evidence": evidence,
                        "count": rows[0][0],
                        "groups": [
                            {"patients": [str(pk) for pk in ids], "records": list(records)}
                            for _, ids, records in rows
                        ],
                    }
                )
    return found
