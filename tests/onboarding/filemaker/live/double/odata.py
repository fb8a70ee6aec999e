"""The double's OData v4: service document, $metadata, rows, and fields as bytes."""

import base64
import re
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import quoteattr

from .database import Shown, file_of

EDM = {
    "text": "String",
    "number": "Decimal",
    "date": "Date",
    "time": "TimeOfDay",
    "timestamp": "DateTimeOffset",
    "container": "Binary",
}
NAMESPACE = "com.filemaker.odata."


class ODataError(Exception):
    def __init__(self, status, code, message):
        self.status = status
        self.body = {"error": {"code": str(code), "message": message}}


class OData:
    """Answers one request; `server` holds the knobs and databases."""

    def __init__(self, server):
        self.server = server

    def answer(self, method, path, query, headers):
        """Return (status, content, more headers); content is JSON, or bytes as they are."""
        try:
            return self._route(method, path, query, headers)
        except ODataError as error:
            return error.status, error.body, {}

    def _route(self, method, path, query, headers):
        self._check(headers)
        if method != "GET":
            raise ODataError(405, "-1004", "method not allowed")
        parts = [unquote(part) for part in path.split("/")[4:]]
        if not parts:
            names = [
                {"name": n, "kind": "EntityContainer", "url": n} for n in self.server.databases
            ]
            return 200, {"@odata.context": "$metadata", "value": names}, {}
        database = self.server.databases.get(parts[0].removesuffix(".fmp12"))
        if database is None:
            raise ODataError(404, 802, "Unable to open the file")
        match parts[1:]:
            case ["$metadata"]:
                document = self._metadata(database).encode()
                return 200, document, {"Content-Type": "application/xml"}
            case [name]:
                return self._rows(database, name, path, query)
            case [entity, field, "$value"]:
                return self._value(database, entity, field)
        raise ODataError(404, "-1023", "not found")

    def _check(self, headers):
        kind, _, text = (headers.get("Authorization") or "").partition(" ")
        wanted = f"{self.server.account}:{self.server.password}"
        if kind != "Basic" or base64.b64decode(text).decode() != wanted:
            self.server.wrong_passwords += 1
            raise ODataError(401, 212, "Invalid user account and/or password")

    # --- $metadata -----------------------------------------------------------------------------

    def _metadata(self, database):
        types, sets = [], []
        schema = f"{NAMESPACE}{database.name}.fmp12"
        for table in database.tables:
            for number, name in table.occurrences:
                types.append(self._entity_type(table, number, name))
                sets.append(
                    f"<EntitySet Name={quoteattr(name)} EntityType={quoteattr(f'{schema}.{name}_')}>"
                    '<Annotation Term="Org.OData.Core.V1.ResourcePath" '
                    f"String={quoteattr(name)} /></EntitySet>"
                )
        return (
            '<?xml version="1.0" encoding="utf-8"?>\n'
            '<edmx:Edmx Version="4.01" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">'
            f"<edmx:DataServices><Schema Namespace={quoteattr(schema)} "
            'xmlns="http://docs.oasis-open.org/odata/ns/edm">'
            '<Annotation Term="ServerVersion" String="OData Engine 22.0.2" />'
            f"{''.join(types)}<EntityContainer Name={quoteattr(database.name)}>{''.join(sets)}"
            "</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>"
        )

    def _entity_type(self, table, number, name):
        key = self._key_field(table)
        ref = f"<Key><PropertyRef Name={quoteattr(key.name)} /></Key>" if key else ""
        properties = "".join(self._property(entry, number) for entry in table.fields)
        return (
            f"<EntityType Name={quoteattr(name + '_')}>"
            f'<Annotation Term="{NAMESPACE}TableID" String="FMTID:{number}" />{ref}{properties}'
            f'<Annotation Term="{NAMESPACE}BestRowID" String="ROWID" />'
            f'<Annotation Term="{NAMESPACE}RowVersion" String="ROWMODID" /></EntityType>'
        )

    @staticmethod
    def _key_field(table):
        return next((f for f in table.fields if f.kind == "normal" and not f.is_global), None)

    @staticmethod
    def _property(entry, number):
        said = {
            "Calculation": entry.kind == "calc",
            "Summary": entry.kind == "summary",
            "Global": entry.is_global,
        }
        terms = "".join(
            f'<Annotation Term="{NAMESPACE}{term}" Bool="true" />'
            for term, is_so in said.items()
            if is_so
        )
        if entry.repetitions > 1:
            terms += f'<Annotation Term="{NAMESPACE}MaxRepetitions" String="{entry.repetitions}" />'
        return (
            f'<Property Name={quoteattr(entry.name)} Type="Edm.{EDM[entry.type]}">'
            f'<Annotation Term="{NAMESPACE}FieldID" String="FMFID:{entry.id << 32 | number}" />'
            f"{terms}</Property>"
        )

    # --- rows ----------------------------------------------------------------------------------

    def _rows(self, database, name, path, query):
        table = database.occurrence(name)
        if table is None:
            raise ODataError(404, "-1020", f"table {name} not found")
        options = dict(parse_qsl(query))
        records = self._filtered(table, options.get("$filter", ""))
        found = len(records)
        skip, top = int(options.get("$skip", 0)), int(options.get("$top", 10**9))
        window = records[skip : skip + top]
        if self.server.on_page:
            self.server.on_page(name, skip)
        shown_rows = window[: self.server.odata_page]
        names = _names(options.get("$select", ""))
        shown = Shown(database.locale, 2)
        body = {
            "@odata.context": f"$metadata#{name}",
            "value": [self._row(table, record, names, shown) for record in shown_rows],
        }
        if options.get("$count") == "true":
            body["@odata.count"] = found
        if len(shown_rows) < len(window):
            rest = re.sub(r"&?\$(skip|top)=\d+", "", query)
            left = f"&$top={len(window) - len(shown_rows)}" if "$top" in options else ""
            link = f"{path}?{rest}&$skip={skip + len(shown_rows)}{left}"
            body["@odata.nextLink"] = f"{self.server.next_link_host or self.server.origin}{link}"
        return 200, body, {}

    def _filtered(self, table, condition):
        if not condition:
            return table.records
        if found := re.fullmatch(r"ROWID eq (\d+)", condition):
            record = table.record(int(found[1]))
            return [record] if record else []
        found = re.fullmatch(r'(?:"((?:[^"]|"")+)"|(\w+)) ne null', condition)
        if found and self.server.filters_containers:
            name = (found[1] or found[2]).replace('""', '"')
            entry = table.field_named(name)
            return [r for r in table.records if r.values.get((entry.id, 1))]
        raise ODataError(400, "-1002", "(-1002) : syntax error in $filter")

    def _row(self, table, record, names, shown):
        row = {}
        for name in names:
            if name == "ROWID":
                row["ROWID"] = record.id
            elif name == "ROWMODID":
                row["ROWMODID"] = record.modification_count
            else:
                entry = table.field_named(name)
                if entry is None or entry.type == "container":
                    raise ODataError(400, "-1002", f"(-1002) : unknown property {name}")
                row[name] = self._cell(table, record, entry, shown)
        return row

    def _cell(self, table, record, entry, shown):
        values = table.global_values if entry.is_global else record.values
        if entry.repetitions > 1 and self.server.odata_repetitions:
            return [
                self._single(entry, values.get((entry.id, nth), ""), shown)
                for nth in range(1, entry.repetitions + 1)
            ]
        return self._single(entry, values.get((entry.id, 1), ""), shown)

    @staticmethod
    def _single(entry, text, shown):
        if not text:
            return None
        if entry.type == "timestamp":
            return shown.moment(text) or text
        return shown.value(entry.type, text)

    # --- bytes ---------------------------------------------------------------------------------

    def _value(self, database, entity, field):
        match = re.fullmatch(r"(.+)\((?:ROWID=(\d+)|'((?:[^']|'')*)'|([\d.]+))\)", entity)
        table = database.occurrence(match[1]) if match else None
        if table is None:
            raise ODataError(404, "-1020", "not found")
        if match[2]:
            if not self.server.keys_by_row_id:
                raise ODataError(400, "-1002", "(-1002) : syntax error in URL")
            record = table.record(int(match[2]))
        else:
            key = self._key_field(table)
            wanted = (match[3] or "").replace("''", "'") or match[4]
            record = next((r for r in table.records if r.values.get((key.id, 1)) == wanted), None)
        entry = table.field_named(field)
        file = file_of(table, record.values.get((entry.id, 1), "")) if record and entry else None
        if file is None:
            raise ODataError(404, "-1028", "no content")
        name = file[1].encode("ascii", "replace").decode()
        return 200, file[0], {"Content-Disposition": f'attachment; filename="{name}"'}


def _names(select):
    return [
        quoted.replace('""', '"') if quoted else plain.strip()
        for quoted, plain in re.findall(r'"((?:[^"]|"")+)"|([^",]+)', select)
    ]
