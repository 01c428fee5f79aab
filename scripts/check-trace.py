#!/usr/bin/env python3
"""Counts a trace of `lookback simulate` again, knowing nothing of the engine or its simulated providers.

    lookback simulate SCENARIO.toml --json --trace trace.ndjson > summary.json
    scripts/check-trace.py SCENARIO.toml trace.ndjson [summary.json]

Every window is counted from the arrivals in the trace, by the documented meaning of `server_kind`; where
nobody else uses the application, nothing may exceed it. Also checked: the form of each line, that every
chunk was served, that polls keep their order of time, and that the summary says what the trace says.
Exact fractions, no rounding. Exits with 1 and one line for each thing that does not hold.
"""

import json
import sys
import tomllib
from collections import defaultdict
from datetime import datetime, timezone
from fractions import Fraction
from pathlib import Path

FIELDS = {"app", "team", "user", "lane", "cost", "due_ms", "sent_ms", "arrived_ms", "acked_ms", "status"}
CATALOG = Path(__file__).parent.parent / "crates/domain/catalog"


def start_ms(start):
    moment = start if isinstance(start, datetime) else datetime.fromisoformat(start.replace("Z", "+00:00"))
    return round(moment.astimezone(timezone.utc).timestamp() * 1000)


def aligned(window, limit, arrivals):
    counts = defaultdict(int)
    for at, cost in arrivals:
        counts[at // window] += cost
        yield counts[at // window] <= limit


def anchored(window, limit, arrivals):
    start, count = None, 0
    for at, cost in arrivals:
        if start is None or at >= start + window:
            start, count = at, 0
        count += cost
        yield count <= limit


def log(window, limit, arrivals):
    oldest, held = 0, 0
    for at, cost in arrivals:
        held += cost
        while arrivals[oldest][0] < at - window:
            held -= arrivals[oldest][1]
            oldest += 1
        yield held <= limit


def two_counter(window, limit, arrivals):
    counts = defaultdict(int)
    for at, cost in arrivals:
        counts[at // window] += cost
        left = Fraction(window - at % window, window)
        yield counts[at // window - 1] * left + counts[at // window] <= limit


def bucket(window, limit, arrivals):
    fill, last = Fraction(0), None
    for at, cost in arrivals:
        leaked = Fraction(limit * (at - last), window) if last is not None else 0
        fill, last = max(Fraction(0), fill - leaked) + cost, at
        yield fill <= limit


KINDS = {"aligned": aligned, "anchored": anchored, "log": log, "two_counter": two_counter, "bucket": bucket}


def quota(app):
    """The windows of an application and of its users, and how they are really counted."""
    windows, user_windows = app.get("windows", []), app.get("user_windows", [])
    if "provider" in app:
        rule = tomllib.loads((CATALOG / f"{app['provider']}.toml").read_text()).get("quota", {})
        windows, user_windows = rule.get("windows", []), rule.get("user_windows", [])
    people = sum(max(team.get("connections", 0), team.get("history_connections", 0)) for team in app.get("team", []))
    grown = lambda window: window | {"limit": window["limit"] + window.get("limit_per_user", 0) * people}
    known = [window.get("kind", "unknown") for window in windows + user_windows]
    kind = app.get("server_kind") or (known[0] if known and known[0] != "unknown" else "log")
    return [grown(window) for window in windows], [grown(window) for window in user_windows], kind


def cost_in(window, line):
    return line.get("days", 0) if window.get("unit") == "days_of_data" else line["cost"]


def exceeded(what, windows, kind, lines, offset):
    for window in windows:
        arrivals = [(offset + line["arrived_ms"], cost_in(window, line)) for line in lines]
        fits = KINDS[kind](round(window["seconds"] * 1000), window["limit"], arrivals)
        over = sum(not fit for fit in fits)
        if over:
            yield f"{what}: {over} of {len(lines)} requests exceed {window['limit']} per {window['seconds']} s ({kind})"


def check_lines(scenario, lines):
    known = {(app["id"], team["id"]): team for app in scenario["app"] for team in app.get("team", [])}
    for number, line in enumerate(lines, 1):
        if set(line) - {"days"} != FIELDS:
            yield f"line {number} has the fields {sorted(line)}"
        elif (line["app"], line["team"]) not in known:
            yield f"line {number} is of no team of the scenario"
        elif line["lane"] not in ("live", "poll", "history") or line["status"] not in (200, 429, 500):
            yield f"line {number} has lane {line['lane']} and status {line['status']}"
        elif (line["due_ms"] is None) != (line["lane"] == "history"):
            yield f"line {number}: only history has no due time"
        elif not 0 <= (line["due_ms"] or 0) <= line["sent_ms"] <= line["arrived_ms"] <= (line["acked_ms"] or 1e18):
            yield f"line {number}: due, sent, arrived and acknowledged are out of order"


def check_work(scenario, lines):
    done = defaultdict(int)
    for line in lines:
        if line["lane"] == "history" and line["status"] == 200 and line["acked_ms"] is not None:
            done[line["app"], line["team"], line["user"]] += 1
    for app in scenario["app"]:
        for team in app.get("team", []):
            counts = [count for (a, t, _), count in done.items() if (a, t) == (app["id"], team["id"])]
            wanted = team.get("history_requests", 0)
            if wanted and (len(counts) != team.get("history_connections", 0) or min(counts, default=wanted) < wanted):
                yield f"{app['id']}, {team['id']}: not every user has {wanted} requests of history"


def check_summary(summary, lines):
    late = [line["sent_ms"] - line["due_ms"] for line in lines if line["lane"] == "poll"]
    said = summary["poll_lateness_ms"]
    counted = {
        "requests": len(lines),
        "rejected": sum(line["status"] == 429 for line in lines),
        "polls": len(late),
    }
    for key, value in counted.items():
        if summary[key] != value:
            yield f"the summary says {key} {summary[key]}, the trace {value}"
    # The summary also counts polls that were never sent.
    if said["max"] < max(late, default=0):
        yield f"the summary says lateness {said}, the trace {max(late, default=0)} ms at most"
    bound, finished = summary["lower_bound_ms"], summary["history_finished_ms"]
    if bound is not None and finished is not None and bound > finished:
        yield f"history is done at {finished} ms, before its lower bound {bound} ms"


def main():
    scenario = tomllib.loads(Path(sys.argv[1]).read_text())
    lines = [json.loads(line) for line in Path(sys.argv[2]).read_text().splitlines()]
    summary = json.loads(Path(sys.argv[3]).read_text()) if len(sys.argv) > 3 else None
    broken = list(check_lines(scenario, lines))
    offset = start_ms(scenario["start"]) + scenario.get("clock_skew_ms", 0)
    arrived = sorted(lines, key=lambda line: line["arrived_ms"])
    for app in scenario["app"]:
        if app.get("external_per_hour") or "limit_change" in app:
            continue
        mine = [line for line in arrived if line["app"] == app["id"]]
        windows, user_windows, kind = quota(app)
        broken += exceeded(app["id"], windows, kind, mine, offset)
        by_user = defaultdict(list)
        for line in mine:
            by_user[line["user"]].append(line)
        for user, theirs in by_user.items():
            broken += exceeded(f"{app['id']}, {user}", user_windows, kind, theirs, offset)
        refused = sum(line["status"] == 429 for line in mine)
        broken += [f"{app['id']}: {refused} requests were refused"] if refused else []
    if summary:
        broken += check_summary(summary, lines)
    if summary and summary["history_finished_ms"] is not None:
        broken += check_work(scenario, lines)
    print("\n".join(broken) or f"{len(lines)} requests, nothing exceeded")
    sys.exit(bool(broken))


main()
