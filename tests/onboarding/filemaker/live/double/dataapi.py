"""The double's Data API: answers in the shapes of recorded ones."""

import base64
import json
import secrets
import time
from urllib.parse import parse_qsl, unquote

from .database import Shown, file_of

HTTP_STATUS = {
    3: 403, 9: 403, 101: 404, 102: 500, 105: 404, 106: 404, 211: 401, 212: 401, 214: 401,
    401: 404, 802: 500, 812: 503, 952: 401, 953: 503, 956: 503, 959: 503, 1702: 401, 1703: 401,
}  # fmt: skip
WORDS = {
    101: "Record is missing", 102: "Field is missing", 105: "Layout is missing",
    212: "Invalid user account and/or password; please try again",
    401: "No records match the request", 802: "Unable to open the file",
    812: "Exceeded host's capacity", 952: "Invalid FileMaker Data API token (*)",
    953: "Data API data limit exceeded", 956: "Maximum number of Data API sessions exceeded",
    960: "Parameter is invalid",
}  # fmt: skip


class ApiError(Exception):
    def __init__(self, number, status=None):
        self.number = number
        self.status = status or HTTP_STATUS.get(number, 500)


def envelope(response, number=0, message="OK"):
    return {"response": response, "messages": [{"code": str(number), "message": message}]}


def error_body(number):
    return {
        "messages": [{"code": str(number), "message": WORDS.get(number, "Error")}],
        "response": {},
    }


class DataApi:
    """Answers one request; `server` holds the knobs, sessions and databases."""

    def __init__(self, server):
        self.server = server

    def answer(self, method, path, query, headers, body):
        """Return (status, JSON, more headers)."""
        try:
            response, more = self._route(method, path, dict(parse_qsl(query)), headers, body)
        except ApiError as error:
            return error.status, error_body(error.number), {}
        return 200, envelope(response), more

    def _route(self, method, path, query, headers, body):
        # python-fmrest logs in at "…/sessions/", and is used on real servers.
        parts = [unquote(part) for part in path.rstrip("/").split("/")[4:]]
        match [method, *parts]:
            case ["GET", "productInfo"]:
                return {"productInfo": self.server.product_info}, {}
            case ["GET", "databases"]:
                if headers.get("Authorization"):
                    self._check_basic(headers)
                return {"databases": [{"name": name} for name in self.server.databases]}, {}
            case ["POST", "databases", database, "sessions"]:
                return self._log_in(database, headers)
            case ["DELETE", "databases", _, "sessions", token]:
                if self.server.sessions.pop(token, None) is None:
                    raise ApiError(952)
                return {}, {}
            case [_, "databases", database, "layouts", *rest]:
                found = self._database(database, headers)
                return self._in_session(method, found, rest, query, body), {}
            case ["GET", "databases", database, "scripts"]:
                self._database(database, headers)
                return {"scripts": [{"name": "GotoFirst", "isFolder": False}]}, {}
        raise ApiError(1630, 404)

    def _check_basic(self, headers):
        kind, _, text = (headers.get("Authorization") or "").partition(" ")
        if kind != "Basic":
            raise ApiError(1702)
        account, _, password = base64.b64decode(text).decode().partition(":")
        if (account, password) != (self.server.account, self.server.password):
            self.server.wrong_passwords += 1
            raise ApiError(212)

    def _log_in(self, database, headers):
        self._check_basic(headers)
        if database.removesuffix(".fmp12") not in self.server.databases:
            raise ApiError(802)
        if len(self.server.sessions) >= self.server.most_sessions:
            raise ApiError(956)
        token = secrets.token_hex(18)
        self.server.sessions[token] = time.monotonic()
        self.server.opened += 1
        return {"token": token}, {"X-FM-Data-Access-Token": token}

    def _database(self, name, headers):
        kind, _, token = (headers.get("Authorization") or "").partition(" ")
        if kind != "Bearer" or token not in self.server.sessions:
            raise ApiError(952)
        return self.server.databases[name.removesuffix(".fmp12")]

    def _in_session(self, method, database, parts, query, body):
        if not parts:
            return {"layouts": self._layout_list(database)}
        layout = database.layout(parts[0])
        if layout is None:
            raise ApiError(105)
        if layout.name in self.server.hidden_layouts:
            raise ApiError(9)
        match [method, *parts[1:]]:
            case ["GET"]:
                return self._metadata(database, layout)
            case ["GET", "records"]:
                return self._records(database, layout, layout.table.records, query)
            case ["GET", "records", record_id]:
                found = layout.table.record(int(record_id))
                if found is None:
                    raise ApiError(101)
                return self._records(database, layout, [found], {**query, "_limit": "1"})
            case ["POST", "_find"]:
                return self._find(database, layout, json.loads(body or b"{}"))
        raise ApiError(1704, 405)

    def _layout_list(self, database):
        listed, folders = [], {}
        for layout in database.layouts:
            entry = {"name": layout.name}
            if self.server.layouts_have_table:
                entry["table"] = layout.table.name
            if not layout.folder:
                listed.append(entry)
                continue
            into = listed
            for depth in range(1, len(layout.folder) + 1):
                key = layout.folder[:depth]
                if key not in folders:
                    folder = {"name": key[-1], "isFolder": True, "folderLayoutNames": []}
                    into.append(folder)
                    folders[key] = folder["folderLayoutNames"]
                into = folders[key]
            into.append(entry)
        return [*listed, {"name": "-"}]

    def _metadata(self, database, layout):
        return {
            "fieldMetaData": [
                *(self._field(entry) for entry in layout.fields),
                *(
                    self._field(table.field_named(name), f"{table.name}::{name}")
                    for table, name in layout.related
                ),
            ],
            "portalMetaData": {
                portal.name: [
                    self._field(entry, f"{portal.table.name}::{entry.name}")
                    for entry in portal.table.fields
                ]
                for portal in layout.portals
            },
            "valueLists": [
                {
                    "name": entry.name,
                    "type": "customList",
                    "values": [{"displayValue": v, "value": v} for v in entry.values],
                }
                for entry in database.value_lists
            ],
        }

    @staticmethod
    def _field(entry, name=""):
        kinds = {"normal": "normal", "calc": "calculation", "summary": "summary"}
        return {
            "name": name or entry.name,
            "type": kinds[entry.kind],
            "displayType": "editText",
            "result": "timeStamp" if entry.type == "timestamp" else entry.type,
            "global": entry.is_global,
            "autoEnter": False,
            "fourDigitYear": False,
            "maxRepeat": entry.repetitions,
            "maxCharacters": 0,
            "notEmpty": False,
            "numeric": False,
            "timeOfDay": False,
            "repetitionStart": 1,
            "repetitionEnd": entry.repetitions,
        }

    def _records(self, database, layout, found, query):
        dates = query.get("dateformats")
        if dates is not None and not self.server.knows_dateformats:
            raise ApiError(960)
        if "portal" in query and not self.server.knows_portal_list and query["portal"] == "[]":
            raise ApiError(1708)
        offset, limit = int(query.get("_offset", 1)), int(query.get("_limit", 100))
        if offset < 1 or limit < 1:
            raise ApiError(960)
        if not found:
            number, status = self.server.empty_answer
            raise ApiError(number, status)
        rows = found[offset - 1 : offset - 1 + min(limit, self.server.most_rows)]
        if not rows:
            raise ApiError(101, self.server.past_end_status)
        if self.server.on_page:
            self.server.on_page(layout, offset)
        shown = Shown(database.locale, int(dates or 0))
        data = [self._row(layout, record, shown, query) for record in rows]
        response = {"data": data}
        if self.server.has_data_info:
            response["dataInfo"] = {
                "database": database.name,
                "layout": layout.name,
                "table": layout.table.name,
                "totalRecordCount": len(layout.table.records),
                "foundCount": len(found),
                "returnedCount": len(data),
            }
        return response

    def _row(self, layout, record, shown, query):
        cells = self._cells(layout.table, layout.fields, record, shown)
        for table, name in layout.related:
            cells[f"{table.name}::{name}"] = "related"
        wanted = json.loads(query["portal"]) if "portal" in query else None
        portals = {}
        for portal in layout.portals:
            if wanted is not None and portal.name not in wanted:
                continue
            first = int(query.get(f"_offset.{portal.name}", 1)) - 1
            count = int(query.get(f"_limit.{portal.name}", 50))
            portals[portal.name] = [
                self._portal_row(portal, row, shown)
                for row in portal.rows(layout.table, record)[first : first + count]
            ]
        return {
            "fieldData": cells,
            "portalData": portals,
            "recordId": str(record.id),
            "modId": str(record.modification_count),
        }

    def _portal_row(self, portal, row, shown):
        cells = self._cells(portal.table, portal.table.fields, row, shown)
        named = {f"{portal.table.name}::{name}": value for name, value in cells.items()}
        return {"recordId": str(row.id), **named, "modId": str(row.modification_count)}

    def _cells(self, table, fields, record, shown):
        cells = {}
        for entry in fields:
            for repetition in range(1, entry.repetitions + 1):
                name = entry.name if repetition == 1 else f"{entry.name}({repetition})"
                values = table.global_values if entry.is_global else record.values
                text = values.get((entry.id, repetition), "")
                if entry.type == "container" and text:
                    cells[name] = self._container(table, record, entry, repetition, text)
                else:
                    cells[name] = shown.value(entry.type, text) if text else ""
        return cells

    def _container(self, table, record, entry, repetition, text):
        file = file_of(table, text)
        if file is None:
            return text
        return self.server.streaming_url(file, (table.id, record.id, entry.id, repetition))

    def _find(self, database, layout, request):
        found = []
        for record in layout.table.records:
            for query in request.get("query", []):
                wanted = {k: v for k, v in query.items() if k != "omit"}
                if all(self._matches(layout, record, k, v) for k, v in wanted.items()):
                    found.append(record)
                    break
        if not found:
            raise ApiError(401)
        options = {
            "_offset": str(request.get("offset", 1)),
            "_limit": str(request.get("limit", 100)),
        }
        if "dateformats" in request:
            options["dateformats"] = str(request["dateformats"])
        if "portal" in request:
            options["portal"] = json.dumps(request["portal"])
        return self._records(database, layout, found, options)

    @staticmethod
    def _matches(layout, record, name, wanted):
        entry = layout.table.field_named(name)
        if entry is None:
            raise ApiError(102)
        text = record.values.get((entry.id, 1), "")
        if wanted.startswith("=="):
            return text == wanted[2:]
        return bool(text) if wanted == "*" else wanted.lower() in text.lower()
