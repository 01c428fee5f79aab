"""The management API as a FastAPI service on SQLite, for the load test to compare with.

It works on a store that Lookback made, with the same durability: a write-ahead
log that is synced at every commit. What a careful author would do is done: the
connection and its statements are kept, uvicorn runs on uvloop and httptools,
and the answer is rendered by the fastest means at hand.

    python load_app.py STORE

prints `listening on http://ADDR` once its socket is open.
"""

import hashlib
import json
import socket
import sqlite3
import sys
import time
import tomllib
from pathlib import Path
from typing import Annotated
from uuid import UUID

import uvicorn
from fastapi import FastAPI, Header, HTTPException, Query, Response

from app import PROVIDERS, ROUTE, Env, Provider, Region, UpsertTeamDataPullPreferencesBody

CATALOG = Path(__file__).parent.parent / "crates/domain/catalog"
HISTORY = {name: tomllib.loads((CATALOG / f"{name}.toml").read_text())["history"] for name in PROVIDERS}

database = sqlite3.connect(sys.argv[1], isolation_level=None, check_same_thread=False)
for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
    database.execute(f"PRAGMA {pragma}")

app = FastAPI()


def setting(days: int, limit: int) -> dict[str, int]:
    return {"historical_days_to_pull": days, "historical_days_to_pull_limit": limit}


def authorize(key: str | None, org_id: UUID) -> None:
    digest = hashlib.sha256((key or "").encode()).digest()
    found = database.execute("SELECT org_id FROM management_key WHERE digest = ?", (digest,)).fetchone()
    if found is None:
        raise HTTPException(401)
    if found[0] != org_id.bytes:
        raise HTTPException(403)


def require(team: UUID, org_id: UUID, region: str) -> None:
    known = "SELECT 1 FROM team WHERE id = ? AND org_id = ? AND region = ?"
    if database.execute(known, (team.bytes, org_id.bytes, region)).fetchone() is None:
        raise HTTPException(404)


def kept(team: UUID, env: Env) -> dict:
    query = f"SELECT {env.value}_preferences FROM team WHERE id = ?"
    return json.loads(database.execute(query, (team.bytes,)).fetchone()[0] or "{}")


def entry(team: UUID, env: Env, providers: tuple[str, ...] | list[str]) -> dict:
    stored = {provider: (one["default"], one.get("overrides", {})) for provider, one in kept(team, env).items()}
    shown = {}
    for provider in providers:
        history = HISTORY[provider]
        limit = history["limit"]["days"]
        days, overrides = stored.get(provider, (history["default"]["days"], {}))
        listed = {
            resource: setting(fixed["days"], fixed["days"])
            for fixed in history.get("fixed", [])
            if fixed["listed"]
            for resource in fixed["resources"]
        }
        listed |= {
            resource: setting(days, limit) for resource, days in overrides.items() if resource not in listed
        }
        shown[provider] = {"default": setting(days, limit), "resource_overrides": listed or None}
    return {"team_id": str(team), "providers": shown}


def answer(entries: list[dict]) -> Response:
    body = {"data_pull_preferences": entries, "next_cursor": None}
    return Response(json.dumps(body, separators=(",", ":")), media_type="application/json")


@app.get(ROUTE)
async def get_team_data_pull_preferences(
    org_id: UUID,
    env: Env,
    region: Region,
    team_id: Annotated[list[UUID], Query(default_factory=list)],
    provider: Annotated[list[Provider], Query(default_factory=list)],
    x_management_key: Annotated[str | None, Header()] = None,
) -> Response:
    authorize(x_management_key, org_id)
    for team in team_id:
        require(team, org_id, region)
    return answer([entry(team, env, provider or PROVIDERS) for team in team_id])


@app.post(ROUTE)
async def upsert_team_data_pull_preferences(
    org_id: UUID,
    env: Env,
    region: Region,
    body: UpsertTeamDataPullPreferencesBody,
    x_management_key: Annotated[str | None, Header()] = None,
) -> Response:
    authorize(x_management_key, org_id)
    database.execute("BEGIN IMMEDIATE")
    try:
        for team in body.team_ids:
            require(team, org_id, region)
            stored = kept(team, env)
            for provider, preference in body.providers.items():
                asked = preference.resource_overrides or {}
                stored[provider] = {
                    "default": preference.default.historical_days_to_pull,
                    "overrides": {resource.value: one.historical_days_to_pull for resource, one in asked.items()},
                    "updated_at_us": time.time_ns() // 1000,
                }
            upsert = f"UPDATE team SET {env.value}_preferences = ? WHERE id = ?"
            database.execute(upsert, (json.dumps(stored), team.bytes))
        entries = [entry(team, env, PROVIDERS) for team in body.team_ids]
        database.execute("COMMIT")
    except BaseException:
        database.execute("ROLLBACK")
        raise
    return answer(entries)


if __name__ == "__main__":
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print("listening on http://%s:%d" % listener.getsockname(), flush=True)
    config = uvicorn.Config(app, loop="uvloop", http="httptools", access_log=False, log_level="warning")
    uvicorn.Server(config).run(sockets=[listener])
