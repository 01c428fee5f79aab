"""Records what the reference answers about organisations, teams, keys and credentials.

    python generate_tenancy.py            rewrite tenancy.ndjson
    python generate_tenancy.py --check    fail if a re-run would differ

Each endpoint is a table of its fields with raw values that fit. From it come the
requests: as they should be, with every field in turn left out or taken by
something else, with fields that do not exist, doubled and shuffled, and mixtures
drawn from a seeded generator.
"""

import random
from dataclasses import dataclass, field

from generate import (
    ARBITRARY_TEXTS, ENUM_TEXTS, INT_LITERALS, NOT_JSON, ORG, PERCENT, TEAM, TEAM2, WRONG, arr, near_misses,
    nested, obj, pct, s, uuid_texts,
)  # fmt: skip
from recording import CASES, Case, record, run
from tenancy import APPOINTMENTS, LABS, LABS_PROVIDERS, OAUTH_PROVIDERS, PROVIDERS, app

SEED = 20261124

BASE = f"/v1/org/{ORG}"
ENVIRONMENT = "production/eu"

# ---------------------------------------------------------------- values

NAME_CHARACTERS = (
    "azAZ09(),/:'|&_- ’ÀÖØöøÿ"  # what the pattern has, at its edges
    "×÷¿\u0100@[`{^~!\"#$%*+.;<=>?\\\t\n\r\x00\x7f\u00a0\u2018\u2019\u2010éあ😀e\u0301"
)
NAMES = (
    "", " ", "Acme", "Straße", "L’Équipe", "Team (EU), 2/3: 'a'|b & c_d-e", "a" * 80, "a" * 81, "é" * 80, "é" * 81,
    "’" * 80, "😀", "a\n", "\na", "a" * 80 + "\n", "x^", "null", "0",
) + tuple(NAME_CHARACTERS) + tuple("a" + c for c in NAME_CHARACTERS)  # fmt: skip
LABELS = ARBITRARY_TEXTS + ("x" * 5000,)
INTEGRATION_IDS = ARBITRARY_TEXTS + ("a" * 256, "a" * 257, "é" * 256, "é" * 257, "😀" * 256, "😀" * 257)
BOOLEANS = (
    "true", "false", "0", "1", "2", "-1", "0.0", "1.0", "1.5", "-0", "-0.0", "2.0", "1e0", "null", '""', '"0"', '"1"',
    '"2"', '"true"', '"TRUE"', '"True"', '"tRuE"', '"false"', '"t"', '"F"', '"on"', '"OFF"', '"y"', '"N"', '"yes"',
    '"no"', '"YES"', '" true"', '"true "', '"1.0"', '"01"', '"+1"', '"-0"', '"null"', '"x"', "[]", "{}", "[true]",
    "100000000000000000000000000000", '"ı"', '"ﬀ"',
)  # fmt: skip
EMAILS = (
    "a@b.co", "A.b-c+d@example.com", "foo", "", " ", "@", "a@", "@b.co", "a@b", "a@@b.co", "a b@c.co", "a@b c.co",
    ".a@b.co", "a.@b.co", "a..b@c.co", "a@.b.co", "a@b..co", "a@b.co.", "a@-b.co", "a@b-.co", "a@b.123", "a@localhost",
    "a@b.test", "a@b.invalid", "a@b.local", "A <a@b.co>", "A<a@b.co>", "<a@b.co>", "A <a@b.co", " a@b.co ",
    "a@b.co\n", "a" * 64 + "@b.co", "a" * 65 + "@b.co", "a@" + "b" * 63 + ".co", "a@" + "b" * 64 + ".co", "é@b.co",
    "a@é.co", "a,b@c.co", "a;b@c.co", "a@b_c.co", "a@[127.0.0.1]", '"a b"@c.co', "a(x)@b.co", "mailto:a@b.co",
    "!#$%&'*+-/=?^_`{|}~@b.co",
)  # fmt: skip
URLS = (
    "https://a.b/c", "http://a", "HTTPS://A.B", "https://a.b:443/?q#f", "https://u:p@a.b", "http://127.0.0.1:8080/",
    "http://[::1]/", "", " ", "x", "a.b", "//a.b", "/x", "ftp://a.b", "file:///x", "data:,x", "mailto:a@b.co",
    "javascript:1", "http://", "https://", "http:", "http:///", "http://a b", "http://a:x", "http://a:99999",
    "http://[::1", "http://%", "http://é.b", " https://a.b ", "https://a.b\n", "https://a.b/" + "x" * 2071,
    "https://a.b/" + "x" * 2072,
)  # fmt: skip

UUID_TEXTS = tuple(uuid_texts())


def texts(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(s, values))


UUIDS = texts(UUID_TEXTS[::9]) + WRONG
BINDINGS = (
    "null", "[]", arr(obj(("team_id", s(TEAM)))), arr(obj(("team_id", s(TEAM))), obj(("team_id", s(TEAM)))),
    arr(obj(("team_id", s(TEAM)), ("role", s("admin"))), obj(("team_id", s(TEAM2.upper())))), "[{}]", "[null]",
    "[1]", arr(s(TEAM)), "{}", '"x"', obj(("team_id", s(TEAM))), "[[]]", '[{"team_id":null}]', '[{"team_id":1}]',
    '[{"team_id":"x"},{},3]', '[{"teamId":"x"}]', arr(obj(("team_id", s(TEAM))), "null"),
)  # fmt: skip
ROLES = texts(near_misses("team_admin") + ("admin", "org-admin", "owner", "null", "")) + (s("team_admin"),)
BRANDS = (
    "null", "{}", '{"company_name":"Acme"}', '{"company_name":null}', '{"company_name":1,"zz":2}', "[]", '"x"',
    '{"company_name":"a","company_website":"b","support_email":"c@d.ee","support_contact":null,"brand_color":"#fff"}',
    '{"company_name":"a","support_email":"c"}', '{"support_email":3,"company_address":[]}',
)  # fmt: skip
DETAILS = (
    "null", "{}", "[]", "1", '"x"', "true", '{"webhook_secret":"a"}', '{"webhook_secret":1}', '{"client":"a"}',
    '{"client":"a","webhook_secret":"b","zz":1}', '{"redirect_uri":"a","data_scopes":["b"]}',
    '{"redirect_uri":"a","data_scopes":"b"}', '{"redirect_uri":1,"data_scopes":[1,"b",null]}',
    '{"project_number":"1","service_account_email":"a"}', '{"project_number":"1","service_account_email":"a","zz":1}',
    '{"project_number":1}', '{"fitbit":{}}', '{"fitbit":null}', '{"fitbit":[]}',
    '{"fitbit":{"workout_verify_token":"a","sleep_verify_token":"b","body_verify_token":"c"}}',
    '{"fitbit":{"workout_verify_token":"a","sleep_verify_token":"b","body_verify_token":"c","is_hr_enabled":"maybe"}}',
    '{"fitbit":{"workout_verify_token":"a","sleep_verify_token":2,"foods_verify_token":3}}', '{"bioreference":{}}',
    '{"bioreference":{"a":[1]},"allowed_billing_types":["client_bill","x"]}', '{"bioreference":[]}',
    '{"bioreference":{},"disallowed_billing_states":{"client_bill":["AZ"],"x":[],"patient_bill":[1]}}',
    '{"labcorp":{"account_number":"1","billing_method":"CM"}}', '{"labcorp":{"billing_method":"cm"}}',
    '{"quest":{},"allowed_business_units":["a",1]}', '{"quest":{}}', '{"getlabs":{"webhook_secret_key":"a"}}',
    '{"getlabs":{"webhook_secret_key":"a","webhook_secret_token":"b"}}', '{"phlebfinders":{"email":1}}',
    '{"sending_facility":"a","sending_application":"b","receiving_facility":"c","receiving_application":"d"}',
    '{"sending_facility":"a","sub_account_id":1,"sub_account_name":2}',
)  # fmt: skip
ENVIRONMENTS = (
    "null", "{}", "[]", "1", '{"patient_experience":true,"zz":1}', '{"patient_experience":"x"}',
    '{"brand_information":{"support_email":"x"},"logo_url":"x"}', '{"logo_url":null,"partial_webhooks_enabled":0}',
    '{"brand_information":{"company_name":null,"zz":1}}', '{"critical_result_notification_email":"a@b.co"}',
)  # fmt: skip
SOURCES = texts(PROVIDERS + LABS + LABS_PROVIDERS + APPOINTMENTS + ENUM_TEXTS["provider"])

# ---------------------------------------------------------------- endpoints


@dataclass
class Endpoint:
    method: str
    path: str
    body: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)  # what fits, and what to try
    optional: tuple[str, ...] = ()  # fields that a request as it should be leaves out
    query: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def request(self, pairs: list[tuple[str, str]], query: str = "") -> Case:
        return (self.method, self.path, query, obj(*pairs) if self.body else None)

    def good(self) -> list[tuple[str, str]]:
        return [(name, value) for name, (value, _) in self.body.items()]

    def least(self) -> list[tuple[str, str]]:
        return [pair for pair in self.good() if pair[0] not in self.optional]


SWITCH = ("true", BOOLEANS)
EMAIL = (s("a@b.co"), texts(EMAILS))
URL = (s("https://a.b/c"), texts(URLS))
INTEGRATION = (s("ext-1"), texts(INTEGRATION_IDS))
NAME = (s("Running"), texts(NAMES))
FREE = (s("x"), texts(ARBITRARY_TEXTS))
LABEL = (s("ci"), texts(LABELS))

TEAM_BODY = {
    "lab_tests_patient_sms_communication_enabled": SWITCH,
    "lab_tests_patient_email_communication_enabled": SWITCH,
    "critical_result_notification_email": EMAIL,
    "brand_information": ('{"company_name":"Acme"}', BRANDS),
    "logo_url": URL,
    "reject_duplicate_connection": SWITCH,
    "sdk_per_device_activity_timeseries": SWITCH,
    "partial_webhooks_enabled": SWITCH,
    "minor_ordering_enabled": SWITCH,
    "id": (s(TEAM2), UUIDS),
    "name": NAME,
    "region": (s("eu"), texts(ENUM_TEXTS["region"])),
    "integration_team_id": INTEGRATION,
}

ENDPOINTS = (
    Endpoint("GET", BASE),
    Endpoint("PATCH", BASE, {"name": NAME}),
    Endpoint(
        "GET", f"{BASE}/team",
        query={
            "team_id": UUID_TEXTS[::7], "region": ENUM_TEXTS["region"] + ("us", "eu"),
            "search_query": NAMES, "next_cursor": ARBITRARY_TEXTS,
        },
    ),
    Endpoint("POST", f"{BASE}/team", TEAM_BODY, tuple(name for name in TEAM_BODY if name not in ("name", "region"))),
    Endpoint(
        "GET", f"{BASE}/team/{TEAM}",
        query={"include_environment": ENUM_TEXTS["env"] + ("production", "sandbox")},
    ),
    Endpoint(
        "PATCH", f"{BASE}/team/{TEAM}",
        {
            "name": NAME, "integration_team_id": INTEGRATION,
            "sandbox": ("{}", ENVIRONMENTS), "production": ("null", ENVIRONMENTS),
        },
        ("name", "integration_team_id", "sandbox", "production"),
    ),
    Endpoint("DELETE", f"{BASE}/team/{TEAM}"),
    Endpoint("POST", f"{BASE}/resolve_team", {"integration_team_id": INTEGRATION}),
    Endpoint(
        "GET", f"{BASE}/management_key",
        query={"team_id": UUID_TEXTS[::7], "role": near_misses("org_admin") + ("org_admin", "team_admin", "")},
    ),
    Endpoint(
        "POST", f"{BASE}/management_key",
        {"label": LABEL, "role": (s("org_admin"), ROLES), "team_role_bindings": (BINDINGS[2], BINDINGS)},
        ("team_role_bindings",),
    ),
    Endpoint(
        "PATCH", f"{BASE}/management_key/{TEAM2}",
        {"label": LABEL, "team_role_bindings": (BINDINGS[2], BINDINGS)},
        ("label", "team_role_bindings"),
    ),
    Endpoint("DELETE", f"{BASE}/management_key/{TEAM2}"),
    Endpoint(
        "GET", f"{BASE}/team_custom_credentials/{ENVIRONMENT}",
        query={
            "team_id": UUID_TEXTS[::11],
            "provider": OAUTH_PROVIDERS + LABS + ("freestyle_libre", "renpho") + near_misses("manual"),
            "next_cursor": ARBITRARY_TEXTS,
        },
    ),
    Endpoint(
        "POST", f"{BASE}/team_custom_credentials/{ENVIRONMENT}",
        {
            "team_id": (s(TEAM), UUIDS), "provider": (s("strava"), SOURCES), "client_id": FREE,
            "client_secret": FREE, "details": ("null", DETAILS), "redirect_url_override": FREE,
        },
        ("client_id", "client_secret", "details", "redirect_url_override"),
    ),
    Endpoint(
        "DELETE", f"{BASE}/team_custom_credentials/{ENVIRONMENT}",
        query={"credential_id": UUID_TEXTS[::7]},
    ),
)  # fmt: skip


# ---------------------------------------------------------------- requests


def bodies(endpoint: Endpoint):
    good, least = endpoint.good(), endpoint.least()
    yield endpoint.request(good)
    yield endpoint.request(least)
    yield endpoint.request(good[::-1])
    for i, (name, value) in enumerate(good):
        _, others = endpoint.body[name]
        rest = [pair for pair in least if pair[0] != name]
        yield endpoint.request(good[:i] + good[i + 1 :])
        yield endpoint.request(rest + [(name, value)])
        yield endpoint.request([(name, value), *rest, (name, "null")])
        yield endpoint.request([(name, "null"), *rest, (name, value)])
        for misnamed in (name.upper(), name + " ", name.replace("_", "-"), "_" + name):
            yield endpoint.request([*rest, (misnamed, value)])
        for other in dict.fromkeys((*others, *WRONG)):
            yield endpoint.request(rest + [(name, other)])
    for unknown in ("zz", "", "_sa", "_sa_x", "a_sa", "é", "expires", "id2"):
        yield endpoint.request([*least, (unknown, "1")])
        yield endpoint.request([(unknown, s("x")), *[(name, "[]") for name, _ in least], ("yy", "{}")])
    for raw in (*WRONG, "", arr(obj(*good)), s(obj(*good)), obj(("body", obj(*good))), *INT_LITERALS[:5]):
        yield (endpoint.method, endpoint.path, "", raw)
    for raw in NOT_JSON[::12]:
        yield (endpoint.method, endpoint.path, "", raw)
    for depth in (127, 128, 129):
        yield (endpoint.method, endpoint.path, "", nested(depth, "m"))
        yield endpoint.request([*least, ("zz", nested(depth - 1, "d"))])
    yield (endpoint.method, endpoint.path, "", None)
    yield (endpoint.method, endpoint.path, "", b"\xff")


def queries(endpoint: Endpoint):
    yield endpoint.request(endpoint.good(), "unknown=1&&=")
    for name, values in endpoint.query.items():
        for value in values:
            yield endpoint.request([], f"{name}={pct(value)}")
        for raw in PERCENT[::5]:
            yield endpoint.request([], f"{name}={raw}")
        first, last = values[0], values[-1]
        yield endpoint.request([], name)
        yield endpoint.request([], f"{name}=")
        yield endpoint.request([], f"{name}={pct(first)}&{name}={pct(last)}")
        yield endpoint.request([], f"{name}={pct(last)}&{name}={pct(first)}&{name}=")
    yield endpoint.request([], "&".join(f"{name}=%00" for name in endpoint.query))


def paths(endpoint: Endpoint):
    ids = tuple(piece for piece in (ORG, TEAM, TEAM2) if piece in endpoint.path)
    for piece in ids:
        for text in UUID_TEXTS[::40]:
            if text and "/" not in text:
                yield (endpoint.method, endpoint.path.replace(piece, pct(text)), "", obj(*endpoint.good()) if endpoint.body else None)
    if ENVIRONMENT in endpoint.path:
        for text in ENUM_TEXTS["env"][::3] + ENUM_TEXTS["region"][::3]:
            for env, region in ((pct(text), "us"), ("sandbox", pct(text)), (pct(text), pct(text))):
                where = endpoint.path.replace(ENVIRONMENT, f"{env}/{region}")
                yield (endpoint.method, where, "", obj(*endpoint.least()) if endpoint.body else None)
    yield (endpoint.method, endpoint.path.replace(ORG, "x"), "", "{}" if endpoint.body else None)


def mixture(rng: random.Random, count: int):
    """Bodies and queries in which any field may have any of its values, be left out, or have another's."""
    writing = [endpoint for endpoint in ENDPOINTS if endpoint.body]
    asking = [endpoint for endpoint in ENDPOINTS if endpoint.query]
    for i in range(count):
        fault = (0.02, 0.1, 0.3)[i % 3]
        if i % 4 == 3:
            endpoint = rng.choice(asking)
            names = rng.choices(list(endpoint.query), k=rng.randint(0, 4))
            pairs = [f"{name}={pct(rng.choice(endpoint.query[name]))}" for name in names]
            yield endpoint.request([], "&".join(pairs))
            continue
        endpoint = rng.choice(writing)
        pairs = []
        for name, (value, others) in endpoint.body.items():
            if name in endpoint.optional and rng.random() < 0.5 or rng.random() < fault / 3:
                continue
            if rng.random() < fault:
                value = rng.choice(others) if rng.random() < 0.8 else rng.choice(WRONG)
            pairs.append((name, value))
        if rng.random() < fault:
            pairs.insert(rng.randint(0, len(pairs)), (rng.choice(("zz", "_sa", "Name", "extra")), rng.choice(WRONG)))
        if rng.random() < 0.3:
            rng.shuffle(pairs)
        yield endpoint.request(pairs)


# Addresses like those that Lookback once read otherwise than the reference.
FOUND_URLS = (
    "https://a.b/" + "é" * 1035, "https://a.b/é" + "x" * 2069, "https://a.b/é" + "x" * 2070, "ftp://a.b/" + "é" * 1037,
    "http://é.b:x/" + "é" * 1036, "😀" * 520, "😀" * 521,
)  # fmt: skip
FOUND_EMAILS = (
    "a@b.c1", "a@1.0", "a@b.0x7f", "a@b.xn--p1ai", "a@b.рф", "a@b.рф1", "a@é.c1", "a@ab--c.de", "a@b.ab--c", "a@a--b.de",
    "a@xn--a.de", "a@xn--e1afmkfd.com", "a@XN--E1AFMKFD.COM", "a@é.xn--a", "a@b.COM", "a@" + "é" * 55 + ".com",
    "a@" + "é" * 63 + ".com", "a@b。com", "a@١.com", "a@b١.com", "a@ﬀ.com", "a@हिन्दी.com", "a@b\u200bc.com", "a@ab--é.de", "a@-é.de", "a@é-.de",
    "😀@b.co", "a\u0301@b.co", "日本@b.co", "a×b@b.co", "a\u00a0b@b.co", "a\u0085b@b.co", "a\u200bb@b.co",
    "A,B <a@b.co>", "A. B <a@b.co>", "A  B\t<a@b.co>", "É <a@b.co>", "日本 <a@b.co>", "😀 <a@b.co>", "A(x) <a@b.co>",
    '"A, B" <a@b.co>', '"A <x>" <a@b.co>', '"A@B" <a@b.co>', '"" <a@b.co>', '"A" B <a@b.co>', '"A <a@b.co>',
    "A <a@b.co> ", " A <a@b.co>", "A < a@b.co >", "<<a@b.co>>", "A <>", "A <b> <a@b.co>", "A<a@b.co>x", "A:<a@b.co>",
)  # fmt: skip


def found():
    (create,) = (one for one in ENDPOINTS if one.method == "POST" and one.path.endswith("/team"))
    for name, texts_found in (("logo_url", FOUND_URLS), ("critical_result_notification_email", FOUND_EMAILS)):
        for text in texts_found:
            yield create.request([*create.least(), (name, s(text))])


def requests():
    for endpoint in ENDPOINTS:
        if endpoint.body:
            yield from bodies(endpoint)
        yield from queries(endpoint)
        yield from paths(endpoint)
    yield from mixture(random.Random(SEED), 1500)
    yield from found()


if __name__ == "__main__":
    run(CASES / "tenancy.ndjson", record(app, requests()))
