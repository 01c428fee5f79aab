"""Asking a FastAPI application and writing down what it answers."""

import asyncio
import base64
import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote

from fastapi import FastAPI

CASES = Path(__file__).parent.parent / "crates/api/tests/reference"

Case = tuple[str, str, str, "str | bytes | None"]  # method, raw path, raw query, body


def payload_of(text: str | bytes | None) -> bytes:
    return text.encode() if isinstance(text, str) else text or b""


def ask(app: FastAPI, case: Case) -> tuple[int, object]:
    """One ASGI call, with path and query as uvicorn would deliver them."""
    method, raw_path, query, text = case
    payload = payload_of(text)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(raw_path),
        "raw_path": raw_path.encode("ascii"),
        "query_string": query.encode("ascii"),
        "root_path": "",
        "headers": [(b"host", b"reference"), (b"content-type", b"application/json")],
        "client": ("127.0.0.1", 1),
        "server": ("reference", 80),
    }
    sent: list[dict] = []

    async def receive():
        return {"type": "http.request", "body": payload, "more_body": False}

    async def send(message):
        sent.append(message)

    async def call():
        try:
            await app(scope, receive, send)
        except Exception:  # raised again after the 500 was sent
            pass

    asyncio.run(call())
    content = b"".join(message.get("body", b"") for message in sent[1:])
    status = sent[0]["status"]
    return status, json.loads(content) if status != 500 else None


def refuse(text: str):
    raise ValueError(text)


def finite(text: str) -> float:
    return float(text) if abs(float(text)) != float("inf") else refuse(text)


def flat(pairs: list[tuple[str, object]]) -> list[object]:
    """An object as one list of keys and values, so that doubled keys hide nothing."""
    return [item for pair in pairs for item in pair]


def depth_of(value: object) -> int:
    return 1 + max(map(depth_of, value), default=0) if isinstance(value, list) else 0


def must_be_json_invalid(text: str | bytes | None) -> bool:
    """Whether Lookback answers `json_invalid` alone, whatever the reference does.

    The reference reads more than JSON (NaN, lone surrogates, UTF-16 and UTF-32,
    any depth) and then often fails with a 500, or with a 400 for an integer of
    more than 4,300 digits. Lookback reads exactly: UTF-8 with at most one byte
    order mark, RFC 8259 JSON, numbers that are finite as a double or integers of
    at most 4,300 digits, strings without lone surrogates, at most 128 containers
    in one another. Where the reference finds no JSON either, position and words
    are Lookback's own. An empty body is no fault of this kind (it is `missing`).
    """
    payload = payload_of(text)
    if not payload:
        return False
    try:
        decoded = payload.decode("utf-8-sig")
        value = json.loads(decoded, parse_constant=refuse, parse_float=finite, object_pairs_hook=flat)
        json.dumps(value, ensure_ascii=False).encode()  # fails on lone surrogates
        return depth_of(value) > 128
    except ValueError:  # UnicodeError and JSONDecodeError are ValueErrors
        return True


def body_field(text: str | bytes | None) -> str | dict[str, str] | None:
    if isinstance(text, bytes):
        try:
            return text.decode()
        except UnicodeDecodeError:
            return {"base64": base64.b64encode(text).decode()}
    return text


def record(app: FastAPI, requests: Iterable[Case]) -> str:
    """One case a line, each request once."""
    # What HTTP libraries let through in a path and in a query. Bytes beyond ASCII
    # are not among it: uvicorn refuses them before the application is asked.
    path_ok, query_ok = re.compile(r"[!$-;=@-_a-z|~{}\"]*"), re.compile(r"[!$-;=?-~]*")
    seen, lines = set(), []
    for case in requests:
        method, raw_path, query, text = case
        if (key := (method, raw_path, query, payload_of(text))) in seen:
            continue
        seen.add(key)
        if not path_ok.fullmatch(raw_path) or not query_ok.fullmatch(query):
            continue
        status, response = ask(app, case)
        if status in (404, 405, 307):  # routing answers these, not the schema
            continue
        entry: dict[str, object] = {"id": len(lines) + 1, "method": method, "path": raw_path, "query": query}
        entry |= {"body": body_field(text), "status": status, "response": response}
        if method in ("POST", "PATCH") and must_be_json_invalid(text):
            # Only the reference's own refusal is of use here, the rest is not Lookback's answer.
            refused = status == 422 and response["detail"][0]["type"] == "json_invalid"
            entry |= {"response": response if refused else None, "expect": "json_invalid"}
        elif status not in (200, 422):
            raise SystemExit(f"unexplained {status}: {case}")
        lines.append(json.dumps(entry, separators=(",", ":")) + "\n")
    return "".join(lines)


def run(out: Path, text: str) -> None:
    """Writes the cases to `out`, or with `--check` compares them with what is there."""
    if sys.version_info[:2] != (3, 11):
        raise SystemExit("the answers are recorded with Python 3.11")
    if "--check" in sys.argv[1:]:
        if not out.exists() or out.read_text() != text:
            raise SystemExit(f"{out.name} is not what the reference answers now; run it again without --check")
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text)
