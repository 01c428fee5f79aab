"""Fills a store with what schemathesis asks about, and prints the ids by what they are of.

    python schemathesis_world.py URL BOOTSTRAP
"""

import json
import sys
from pathlib import Path
from urllib.request import Request, urlopen

url, bootstrap = sys.argv[1], json.loads(Path(sys.argv[2]).read_text())
org = f"{url}/v1/org/{bootstrap['org_id']}"


def post(path: str, body: dict) -> str:
    headers = {"X-Management-Key": bootstrap["management_key"], "Content-Type": "application/json"}
    with urlopen(Request(org + path, json.dumps(body).encode(), headers)) as answer:
        return json.load(answer)["id"]


def team(n: int) -> str:
    return post("/team", {"name": f"Team {n}", "region": "us"})


def key(n: int) -> str:
    return post("/management_key", {"label": f"Key {n}", "role": "org_admin"})


def credential(provider: str) -> str:
    body = {"team_id": bootstrap["team_id"], "provider": provider, "client_id": "id"}
    return post("/team_custom_credentials/production/us", body)


known = {
    "org_id": [bootstrap["org_id"]],
    "team_id": [bootstrap["team_id"], *map(team, range(3))],
    "deletable_team_id": [*map(team, range(50))],
    "key_id": [*map(key, range(3))],
    "deletable_key_id": [*map(key, range(50))],
    "credential_id": [*map(credential, ("strava", "oura", "garmin"))],
}
print(json.dumps(known))
