"""A ClickSend for these tests: it keeps texts, receipts and replies, and takes only requests that the
models of ClickSend's own library take. No peer of somebody else's exists.
"""

from __future__ import annotations

import base64
import time
from typing import Any

from tests.peers.proxy import Answered, Asked

PAGE = 100


class ClickSend:
    """Answers requests by `proxy(...).before`; users are told apart by their name."""

    def __init__(self) -> None:
        self.texts: dict[str, list[dict[str, Any]]] = {}
        self.receipts: dict[str, list[dict[str, Any]]] = {}
        self.inbound: dict[str, list[dict[str, Any]]] = {}
        self.rules: dict[str, list[dict[str, Any]]] = {}
        self.status = "SUCCESS"
        self.balance = "12.500000"

    def answer(self, asked: Asked) -> Answered:
        user, key = self._user(asked)
        if key != f"key-of-{user}":
            return _said(401, "UNAUTHORIZED", "Authorization failed")
        path = asked.path.removeprefix("/v3/")
        if asked.method == "POST" and path == "sms/send":
            return self._send(user, asked.json())
        if path.startswith("automations/sms/"):
            return self._rule(user, path.rpartition("/")[2], asked)
        if asked.method == "PUT":
            kept = self.receipts if path == "sms/receipts-read" else self.inbound
            before = asked.json()["date_before"]
            kept[user] = [one for one in kept.get(user, []) if one["timestamp"] > before]
            return _said(200, "SUCCESS", "", {})
        lists = {
            "sms/history": self._history,
            "sms/receipts": lambda of, _: self.receipts.get(of, []),
            "sms/inbound": lambda of, _: self.inbound.get(of, []),
        }
        if path == "account":
            account = {"user_id": 7, "username": user, "account_name": "Blue", "active": 1}
            account |= {"balance": self.balance, "_currency": {"currency_name_short": "AUD"}}
            return _said(200, "SUCCESS", "", account)
        return _page(lists[path](user, asked), asked)

    def _send(self, user: str, request: dict[str, Any]) -> Answered:
        from clicksend import models

        model = models.SendSmsRequest.from_dict(request)
        assert model is not None
        assert model.to_dict() == request
        sent = []
        for message in request["messages"]:
            made = message | {
                "direction": "out",
                "date": int(time.time()),
                "message_id": f"{user}-{len(self.texts.get(user, [])) + 1}",
                "message_parts": 1,
                "message_price": "0.0792",
                "status": self.status,
            }
            if self.status == "SUCCESS":
                self.texts.setdefault(user, []).append(made)
            sent.append(made)
        return _said(200, "SUCCESS", "Messages queued for delivery.", {
            "total_price": 0.0792, "total_count": len(sent), "messages": sent,
            "_currency": {"currency_name_short": "AUD"},
        })  # fmt: skip

    def _history(self, user: str, asked: Asked) -> list[dict[str, Any]]:
        number = asked.query["q"][0].removeprefix("to:")
        return [one for one in self.texts.get(user, []) if one["to"] == number]

    def _rule(self, user: str, kind: str, asked: Asked) -> Answered:
        held = self.rules.setdefault(f"{user}:{kind}", [])
        if asked.method == "POST":
            held.append(asked.json())
            return _said(200, "SUCCESS", "", asked.json())
        return _page(held, asked)

    def _user(self, asked: Asked) -> tuple[str, str]:
        given = base64.b64decode(asked.headers["authorization"].removeprefix("Basic ")).decode()
        user, _, key = given.partition(":")
        return user, key


def _page(rows: list[dict[str, Any]], asked: Asked) -> Answered:
    page, limit = int(asked.query["page"][0]), int(asked.query["limit"][0])
    assert 15 <= limit <= PAGE
    content = {
        "data": rows[(page - 1) * limit : page * limit],
        "last_page": max(1, -(-len(rows) // limit)),
    }
    return _said(200, "SUCCESS", "", content)


def _said(status: int, code: str, words: str, data: Any = None) -> Answered:
    content = {"http_code": status, "response_code": code, "response_msg": words, "data": data}
    return Answered.of(content, status)
