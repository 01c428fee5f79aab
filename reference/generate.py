"""Records what the reference answers to a few thousand requests.

    python generate.py            rewrite cases.ndjson
    python generate.py --check    fail if a re-run would differ

The requests come from the tables below and from a seeded generator, so a
re-run on the same Python (3.11) and the pinned packages gives the same bytes.
Request texts are built as raw JSON, never from Python values, because doubled
keys, spellings of numbers and faults must arrive as written.
"""

import json
import random
from urllib.parse import quote

from app import PROVIDERS, RESOURCES, app
from recording import CASES, Case, record, run

SEED = 20250117

ORG = "5b0f7a52-3c1e-4d7a-9f10-6a2b8c4d5e6f"
TEAM = "0d9e8f7a-6b5c-4d3e-8f21-a0b1c2d3e4f5"
TEAM2 = "c0ffee00-1234-4abc-9def-00112233aabb"

# ---------------------------------------------------------------- JSON text


def s(text: str) -> str:
    """A JSON string, characters beyond ASCII as they are."""
    return json.dumps(text, ensure_ascii=False)


def obj(*pairs: tuple[str, str]) -> str:
    """A JSON object from (key, raw value); keys may repeat."""
    return "{" + ",".join(s(key) + ":" + value for key, value in pairs) + "}"


def arr(*items: str) -> str:
    return "[" + ",".join(items) + "]"


def days(raw: str) -> str:
    return obj(("historical_days_to_pull", raw))


def pref(default: str | None = "120", overrides: str | None = None) -> str:
    pairs = [] if default is None else [("default", days(default))]
    return obj(*pairs, *([] if overrides is None else [("resource_overrides", overrides)]))


def body(teams: str = arr(s(TEAM)), providers: str | None = None) -> str:
    return obj(("team_ids", teams), ("providers", providers or obj(("oura", pref()))))


def at_default(raw: str) -> str:
    return body(providers=obj(("oura", pref(raw))))


def at_override(raw: str) -> str:
    return body(providers=obj(("oura", pref("1", obj(("sleep", days(raw)))))))


def at_team(raw: str) -> str:
    return body(arr(raw))


def nested(depth: int, kind: str) -> str:
    """`depth` containers in one another."""
    lists, dicts = ("[", "]"), ('{"a":', "}")
    pairs = [{"l": lists, "d": dicts, "m": (lists, dicts)[i % 2]}[kind] for i in range(depth)]
    inner = "{}" if kind == "d" else "[]"
    return "".join(p[0] for p in pairs[1:]) + inner + "".join(p[1] for p in pairs[:0:-1])


# ---------------------------------------------------------------- tables

WRONG = (
    "null", "true", "false", "0", "1", "-7", "1.5", "1e22", '""', '"x"', '"null"',
    "[]", "[1]", "[[]]", "[{}]", "{}", '{"a":1}', "100000000000000000000000000000",
)  # fmt: skip

BIG = str(10**30)

INT_LITERALS = (
    "0", "1", "120", "365", "366", "-1", "-0", "120.0", "-120.0", "0.0", "-0.0", "1.5",
    "-1.5", "0.1", "1e2", "1E2", "1e+2", "1e02", "100e-2", "1e-1", "1.0e2", "1.25e2",
    "1.25e1", "1e15", "1e16", "1e18", "1e19", "1e22", "-1e22", "1e100", "1e308", "1e309",
    "1e400", "-1e400", "0e400", "1e-400", "-1e-400", "1.7976931348623157e308",
    "1.7976931348623159e308", "5e-324", "2.5e-324", BIG, "-" + BIG, BIG + ".0",
    "2147483647", "2147483648", "-2147483649", "4294967296", "9007199254740993",
    "9223372036854775807", "9223372036854775808", "-9223372036854775808",
    "-9223372036854775809", "18446744073709551615", "18446744073709551616",
    "9223372036854774784.0", "9223372036854775807.0", "9223372036854775808.0",
    "-9223372036854774784.0", "-9223372036854775808.0", "-9223372036854777856.0",
    "120.00000000000000001", "119.99999999999999999", "120.0000000000001", "0.1e1",
    "12345678901234567.0", "0.00001", "0.0001", "123456.789", "3.0000000000000004",
    "true", "false", "null", "[]", "[120]", "{}", '{"a":120}', '""', '"x"', '"null"',
)  # fmt: skip

INT_TEXTS = (
    "120", "0", "00", "000", "007", "-0", "+0", "-00", "-007", "+5", "-5", "++5", "--5",
    "+-5", "-+5", "+ 5", "- 5", "+", "-", "", " ", "  ", " 120 ", "\t120\n", "1 2",
    "1_000", "1_0_0", "_1", "1_", "1__0", "_", "__", "0_1", "0__1", "0_0", "0_", "00_",
    "0_x", "-1_0", "-0_1", "+1_0", "+_1", "-_1", " 1_0 ", " 1_", "1_0_", "_1_0", "0_.0",
    "1.0", "1.", ".0", "1.50", "1.5", "1.00", "01.0", "00.0", "0.0", "-1.0", "-0.0",
    "+1.0", " 1.0 ", "1.0 ", "1_0.0", "1.0_0", "1._0", "1_.0", "1.0.0", "1..0", "-.0",
    "+.0", ".", "-.", "1e2", "1E2", "1e0", "0e0", "1.0e2", "0x10", "0b1", "0o7", "10n",
    "1,000", "1 000", "1'000", "$1", "1%", "1d", "1L", "NaN", "nan", "inf", "Infinity",
    "-Infinity", "null", "None", "true", "false", "True", "x", "abc", "[1]", "{}", '"1"',
    "'1'", "١٢", "１２", "१२", "1２", "²", "½", "Ⅳ", "一", "−5", "–5", "＋5", "1．0", "é",
    "😀", "\x00", "1\x00", "\x001", "1\x002", "1\n2", "1\t", "\r1", "1\r\n", "\v1\f",
    "-\t1", "+\u00a01", "\u00a0-1\u00a0", " +1 ", " -1_0.00 ", "0 1", "0x", "0 ", " 0",
    "-0 ", " -0", "+00", "+0_0", "2147483648", "9223372036854775807", "9223372036854775808",
    "-9223372036854775808", "-9223372036854775809", "18446744073709551616", BIG, "-" + BIG,
    "+" + BIG, " " + BIG + " ", "0" + BIG, BIG + ".0", BIG + "_0", "1" + "_000" * 10,
    "0" * 40, "0" * 40 + "1", "1." + "0" * 40, "9" * 18, "9" * 19, "9" * 20, "1" * 17,
)  # fmt: skip

# Some are white space to Rust, some to Python only, some to neither.
SPACES = (
    "\t\n\v\f\r \x1c\x1d\x1e\x1f\x85\xa0\u1680\u180e\u2000\u2003\u2007\u200a\u200b\u200d"
    "\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
)

TEXTS_4300 = {  # a few big ones: where the limit of 4,300 digits lies
    "digits": "9" * 4300,
    "digits+1": "9" * 4301,
    "minus": "-" + "9" * 4300,
    "minus+1": "-" + "9" * 4301,
    "plus+1": "+" + "9" * 4301,
    "zeros": "0" * 4301 + "7",
    "space+1": " " + "9" * 4301,
    "decimals": "9" * 4301 + ".0",
    "garbage": "9" * 4301 + "x",
}


def uuid_texts() -> list[str]:
    simple = TEAM.replace("-", "")
    forms = (TEAM, simple, "{" + TEAM + "}", "urn:uuid:" + TEAM)
    out = list(forms)
    out += [form.upper() for form in forms] + ["urn:uuid:" + TEAM.upper(), "{" + TEAM2.upper() + "}"]
    out += [
        "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "", " ", "-", "----", "--------", "{", "}", "{}", "{{}}", "{-}", "{----}", "urn", "urn:uuid:",
        "urn:uuid", "urn:uuid:-", "urn:uuid:{" + TEAM + "}", "urn:uuid:" + simple, "{" + simple + "}",
        "[" + TEAM + "]", "(" + TEAM + ")", "{" + TEAM, TEAM + "}", "}" + TEAM + "{", "{{" + TEAM + "}}",
        "{" + TEAM + ")", "Urn:Uuid:" + TEAM, "uuid:" + TEAM, "urn:guid:" + TEAM, "0x" + simple,
        '"' + TEAM + '"', "'" + TEAM + "'", "null", "None", "me", "all", "abc", "ABC-DEF", "123", "1-2-3-4-5",
        "zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz", "g" * 32, "g" * 36, "a" * 36, "a" * 37, "a" * 38, "a" * 45,
        "a" * 46, "-" * 32, "-" * 36, "-" * 45, "é" * 16, "é" * 18, "é" * 23, "é", "\x00", "\x00" * 32,
        TEAM.replace("-", "_"), TEAM.replace("-", " "), TEAM.replace("-", ""), TEAM.replace("-", "\u2010"),
        TEAM.replace("-", ":"), "0d9e8f7a6b5c-4d3e-8f21-a0b1c2d3e4f5", "0d9e8f7a-6b5c4d3e-8f21-a0b1c2d3e4f5",
        "0d9e8f7a-6b5c-4d3e8f21-a0b1c2d3e4f5", "0d9e8f7a-6b5c-4d3e-8f21a0b1c2d3e4f5",
        "0d9e-8f7a-6b5c-4d3e-8f21-a0b1-c2d3-e4f5", "0d9e8f7a-6b5c-4d3e-8f21-a0b1c2-d3e4f5",
        "0d9e8f7-a6b5c-4d3e-8f21-a0b1c2d3e4f5", "0d9e8f7a-6b5-c4d3e-8f21-a0b1c2d3e4f5",
        "0d9e8f7a-6b5c-4d3-e8f21-a0b1c2d3e4f5", "0d9e8f7a-6b5c-4d3e-8f2-1a0b1c2d3e4f5",
        "0d9e8f7aa-6b5c-4d3e-8f21-a0b1c2d3e4f", "0d9e8f7a--6b5c-4d3e-8f21a0b1c2d3e4f5",
        "0d9e8f7-6b5c-4d3e-8f21-a0b1c2d3e4f5", "0d9e8f7a-6b5-4d3e-8f21-a0b1c2d3e4f5",
        "0d9e8f7a-6b5c-4d3-8f21-a0b1c2d3e4f5", "0d9e8f7a-6b5c-4d3e-8f2-a0b1c2d3e4f5",
        "0d9e8f7a-6b5c-4d3e-8f21-a0b1c2d3e4f", "0d9e8f7a-6b5c-4d3e-8f21-a0b1c2d3e4f50",
        "-d9e8f7a-6b5c-4d3e-8f21-a0b1c2d3e4f5", "-" + TEAM, TEAM + "-",
    ]  # fmt: skip
    for form in forms:
        out += [" " + form, form + " ", form + "\n", form + "\x00", "\ufeff" + form, "\u00a0" + form]
        out += [form[:-1], form + "0", form[:8] + "\x00" + form[9:], form[:-1] + "é"]
    # Every length around the interesting ones, and a bad character everywhere.
    out += [simple[:n] for n in (1, 2, 7, 8, 16, 30, 31)] + ["a" * n for n in (33, 34, 35, 39, 44, 47)]
    out += [TEAM[:n] for n in (9, 13, 14, 18, 19, 23, 24, 25, 34)]
    out += [TEAM[:i] + "g" + TEAM[i + 1 :] for i in range(36)]
    out += [simple[:i] + "-" + simple[i + 1 :] for i in (0, 8, 12, 31)]
    out += [simple[:i] + c + simple[i + 1 :] for i in (0, 15, 31) for c in "gG zZ@`/:."]
    out += ["{" + TEAM[:i] + c + TEAM[i + 1 :] + "}" for i in (0, 8, 35) for c in "x-}"]
    out += ["urn:uuid:" + TEAM[:i] + c + TEAM[i + 1 :] for i in (0, 8, 35) for c in "x-}"]
    # The parser looks at the low byte of a character: İ, ı, ĭ, ş, ŭ, ƭ and 𐀱 pass
    # for ASCII while it searches for the fault, and other faults are reported.
    for c in "ıİĭŁšɡ‭\u2030𐀱😀éßĀ":
        n = len(c.encode())
        out += [c, c + simple[n:], simple[: 32 - n] + c, c + TEAM[n:], TEAM[: 36 - n] + c, simple[:-1] + c]
        out += [TEAM[: 9 - n] + c + TEAM[9:], "{" + c + TEAM[n:] + "}", "urn:uuid:" + TEAM[: 36 - n] + c]
    out += ["ı" * 16, "ı" * 18, "ĭ" * 4, "ĭ" * 18, "ı" * 4 + "-ıı-ıı-ıı-" + "ı" * 6]
    return out


def near_misses(name: str) -> tuple[str, ...]:
    return (
        name.upper(), name.title(), " " + name, name + " ", name + "\n", name + "\x00", name + "s", name[:-1],
        name[::-1], name + "," + name, "'" + name + "'", '"' + name + '"', name.replace("_", "-"), "_" + name,
        name.replace("a", "а"), name + "\u200b", "x",
    )  # fmt: skip


ENUM_TEXTS = {
    "env": ("dev", "prod", "Sandbox", "test", "0", "null", "Env.sandbox", "é", "*") + near_misses("sandbox"),
    "region": ("gb", "us-east-1", "0", "null", "us,eu", "é", "usa", "EU ") + near_misses("us"),
    "provider": ("whoop", "dexcom", "health_connect", "google", "0", "null", "[]", "oura,fitbit")
    + near_misses("freestyle_libre"),
    "resource": ("heart_rate", "Resource.sleep", "0", "null", "hrv ") + near_misses("sleep"),
}

ARBITRARY_TEXTS = (
    "", " ", "x", "a b", "é", "日本", "😀", "\x00", "\n", "\t", "a\x00b", '"', "'", "\\", "/", "//", "%", "%41",
    "&", "=", "+", "#", "?", ";", "\ufeff", "\u2028", "\ufffd", "\u202e", "e\u0301", "null", "None", "undefined",
    "0", "x" * 300, "v1.eyJhIjoxfQ", "\x7f", "\x1b[0m", "<script>", "{{x}}", "../..", "\U0010ffff",
)  # fmt: skip

# Raw query values: what percent-decoding makes of them.
PERCENT = (
    "%", "%%", "%2", "%2g", "%g2", "%zz", "a%", "a%2", "%41", "%4", "%41%", "%%41", "%2541", "%25%34%31", "%00",
    "%0a", "%20", "+", "%2b", "%2B", "a+b", "++", "%26", "%3d", "%3D", "a%26b%3Dc", "%3b", ";", "a;b", "%23",
    "%c3%a9", "%C3%A9", "%c3", "%a9", "%c3%", "%c3%2", "%c3+%a9", "%c3a%a9", "%e9", "%ff", "%fe%ff", "%c0%80",
    "%c0%af", "%c1%bf", "%e0%80%80", "%e2%82", "%e2%82%ac", "%e2%82%e2%82%ac", "%ed%a0%80", "%ed%b0%80",
    "%ed%a0%bd%ed%b8%80", "%f0%9f%98%80", "%f0%9f%98", "%f0%9f", "%f0", "%f0%9f%98%f0%9f%98%80", "%f0%80%80%80",
    "%f4%8f%bf%bf", "%f4%90%80%80", "%f5%80%80%80", "%f8%88%80%80%80", "%80", "%bf%bf", "%ef%bb%bf", "%ef%bf%bd",
    "%ef%bf%bf", "%u0041", "&#65;", "=", "==", "a=b", "a==b", "%5b1%5d", "[1]", "a,b", "%0", "%G0", "%+1", "% 1",
    "%-1", "%2f", "%E2%80%A8", "%7f", "!*'()", "~.-_", "@:/?", "|^`\\{}",
)  # fmt: skip

NOT_JSON = (
    " ", "\n", "\t \r\n", "\ufeff", "\ufeff ", "\ufeff\ufeff{}", "nul", "nulL", "NULL", "None", "True", "TRUE",
    "undefined", "tru", "truee", "true false", "NaN", "Infinity", "-Infinity", "+Infinity", "-NaN", "nan", "inf",
    "[NaN]", '{"a":NaN}', '{"a":-Infinity}', "[1e400]", "[-1e999]", "1e400", "-", "+1", "-+1", "--1", "01", "-01",
    "00", "1.", ".5", "-.5", "1.e5", "1e", "1e+", "1E-", "1ee5", "0x10", "1_000", "1,2", "1 2", "1a", "0b1", "1n",
    "{", "}", "[", "]", "[[", "]]", "{}}", "{]", "[}", "{}{}", "[][]", "{},", "[],", ",", ":", "{,}", "[,]", "[1,]",
    "[,1]", "[1,,2]", "[1 2]", "[1;2]", "[1:2]", '{"a"}', '{"a":}', '{"a" 1}', '{"a"=1}', '{"a":1,}', '{,"a":1}',
    '{"a":1,,"b":2}', '{"a":1 "b":2}', '{"a"::1}', "{a:1}", "{'a':1}", "{1:2}", "{null:1}", "{[]:1}", '{"a":1',
    '{"a":', '{"a"', '{"a', '{"a":1;}', '"', '"a', 'a"', "'a'", "`a`", '"\\"', '"\\x41"', '"\\u12"', '"\\u12g4"',
    '"\\U0041"', '"\\u{41}"', '"\\ "', '"\\a"', '"\\0"', "\"\\'\"", '"a\nb"', '"a\tb"', '"\x00"', '"\x1f"', '"a\rb"',
    '{"a\n":1}', "// x\n{}", "/* x */{}", "{}//x", "{/**/}", "# x\n{}", "{} x", "{} 1", "{}\x00", "\x00{}", "\x00",
    "\x00\x00\x00\x00", "1\x00", "{\x00}\x00", "\u00a0{}", "\u2028{}", "\f{}", "\v{}", "{}\x1a", "\x1b", "\u3000[]",
    "{\u00a0}", "<xml/>", "---\na: 1", "a=1&b=2", "team_ids=[]", "(1)", "()", "[1](", "…", "“a”", "{“a”:1}", "$", "@",
    '"\\ud800"', '"\\udc00"', '"\\ud800\\u0041"', '"\\udc00\\ud800"', '"\\ud83d\\ud83d\\ude00"', '{"\\ud800":1}',
    '["\\uDFFF"]', '"\\ud800x"', "[1,2", "[1,", '["a",', "[tru]", "[nul]", "fals", "falsee", "t", "n", "f", "I", "N",
    "-I", "-Infinit", '{"a":1}]', '{"a":1]', '[1}', '"a""b"', '"a":1', "1:1", "\\", "\\u0041", '"\\', '"\\u', "é",
)  # fmt: skip

JSON_SCALARS = (
    "null", "true", "false", "0", "-0", "-0.0", "1", "1.5", "1e22", "1e5", "100000.0", "1e16", "123456789012345680.0",
    "1e-7", BIG, '""', '"x"', '"\\u00e9"', '"é"', '"\\/"', '"\\u0000"', '"\\ud83d\\ude00"', '"😀"', '"\u2028"',
    '"\x7f"', '"{}"', "[]", "[1]", "[null]", "[[1,2]]", '[["a",1]]', "[[],{}]", '[{"team_ids":[]}]', " null ",
    "\n[ ]\t", '\r\n"x"', "-1", "5e-324", "0.1", "1.0", "1E400000000000000000000", "0.30000000000000004", "[-0]",
)  # fmt: skip

# ---------------------------------------------------------------- requests

def pct(value: str | bytes) -> str:
    return quote(value, safe="")


def path(org: str = ORG, env: str = "sandbox", region: str = "us") -> str:
    return f"/v1/org/{org}/team_data_pull_preferences/{env}/{region}"


def post(text: str | bytes, at: str = path(), query: str = "") -> Case:
    return ("POST", at, query, text)


def get(query: str = "", at: str = path(), text: str | bytes | None = None) -> Case:
    return ("GET", at, query, text)


def delete(query: str = "", at: str = path(), text: str | bytes | None = None) -> Case:
    return ("DELETE", at, query, text)


def well_formed():
    yield from (get(), delete(), get(at=path(env="production", region="eu")))
    yield post(body())
    yield post(body(arr(), obj()))
    yield post(body(arr(s(TEAM), s(TEAM2), s(TEAM)), obj()))
    yield post(body(providers=obj(*((name, pref(str(i))) for i, name in enumerate(PROVIDERS)))))
    every = obj(*((name, days(str(i))) for i, name in enumerate(RESOURCES)))
    yield post(body(providers=obj(("garmin", pref("90", every)))))
    for name in PROVIDERS:
        yield post(body(providers=obj((name, pref()))))
        yield get("provider=" + name)
        yield delete("provider=" + name)
    for name in RESOURCES:
        yield post(body(arr(), obj(("oura", pref("1", obj((name, days("2"))))))))
    for overrides in ("null", "{}"):
        yield post(body(providers=obj(("oura", pref("120", overrides)))))
    # The order of fields and map entries, and white space.
    yield post(obj(("providers", obj(("zwift", pref()), ("oura", pref()))), ("team_ids", arr())))
    yield post(obj(("providers", obj(("oura", obj(("resource_overrides", "null"), ("default", days("1")))))), ("team_ids", arr())))
    yield post(' \t\r\n{ "team_ids" : [ "' + TEAM + '" , "' + TEAM2 + '" ] , "providers" : { } } \n')
    yield post('{"\\u0074eam_ids":[],"providers":{"\\u006fura":{"default":{"historical_days_to_pull":1}}}}')


def ints():
    for raw in INT_LITERALS:
        yield from (post(at_default(raw)), post(at_override(raw)))
    for text in INT_TEXTS:
        yield from (post(at_default(s(text))), get("limit=" + pct(text)))
    for c in SPACES:
        for text in (c + "120", "120" + c, c + "120" + c, "1" + c + "2", "-" + c + "1"):
            yield from (post(at_override(s(text))), get("limit=" + pct(text)))
    for text in TEXTS_4300.values():
        yield post(at_default(s(text)))
    yield get("limit=" + TEXTS_4300["digits"])
    yield get("limit=" + TEXTS_4300["digits+1"])
    yield post(at_default("9" * 4299))
    yield post(at_default("9" * 4300))
    yield post(at_default("-" + "9" * 4300))
    yield post(at_default("9" * 4301))
    yield post(at_default("-" + "9" * 4301))
    yield post(at_team("9" * 4300))
    yield post(at_default("1." + "0" * 4400))


def random_int_texts(rng: random.Random):
    alphabets = ("0123456789_", "01_+-. ", "019_.", "0_.-", "01\u00a0\t+-_.e")
    for i in range(320):
        text = "".join(rng.choice(alphabets[i % 5]) for _ in range(rng.randint(1, 8)))
        yield post(at_default(s(text))) if i % 2 else get("limit=" + pct(text))


def uuids():
    for i, text in enumerate(uuid_texts()):
        yield post(at_team(s(text)))
        if i % 3 == 0 or not text or "/" in text:
            yield (get, delete)[i % 2]("team_id=" + pct(text))
        else:
            yield get(at=path(org=pct(text)))
    for raw in INT_LITERALS[:20] + WRONG:
        yield post(at_team(raw))


def random_uuid_texts(rng: random.Random):
    """One to three edits of a valid form."""
    forms = (TEAM, TEAM.replace("-", ""), "{" + TEAM + "}", "urn:uuid:" + TEAM)
    alphabet = "0aF--{}:gz é" + "ıĭ𐀭\x00"
    for i in range(360):
        chars = list(rng.choice(forms))
        for _ in range(rng.randint(1, 3)):
            where = rng.randrange(len(chars))
            chars[where : where + rng.randint(0, 1)] = rng.choice(alphabet) if rng.random() < 0.7 else ""
        text = "".join(chars)
        yield (post(at_team(s(text))), get("team_id=" + pct(text)), get(at=path(org=pct(text))))[i % 3]


def enums():
    for text in ENUM_TEXTS["env"]:
        yield get(at=path(env=pct(text)))
    for text in ENUM_TEXTS["region"]:
        yield delete(at=path(region=pct(text)))
    for i, text in enumerate(ENUM_TEXTS["provider"]):
        yield get("provider=" + pct(text)) if i % 2 else delete("provider=" + pct(text))
        yield post(body(arr(), obj((text, pref()))))
    for text in ENUM_TEXTS["resource"]:
        yield post(body(arr(), obj(("oura", pref("1", obj((text, days("1"))))))))
    for text in ARBITRARY_TEXTS:
        yield get("next_cursor=" + pct(text))
        if "/" not in text and text:
            yield post(body(arr(), obj()), path(region=pct(text)))
    for text in ARBITRARY_TEXTS[:20]:
        yield post(body(arr(), obj((text, pref()))))


def places():
    """Bodies with one place taken by a raw value, or left out for `None`."""

    def drop(key: str, raw: str | None) -> list[tuple[str, str]]:
        return [] if raw is None else [(key, raw)]

    one = obj(("oura", pref()))
    yield lambda raw: "" if raw is None else raw
    yield lambda raw: obj(*drop("team_ids", raw), ("providers", one))
    yield lambda raw: obj(("providers", one), *drop("team_ids", raw))
    yield lambda raw: obj(("team_ids", arr(s(TEAM), *([raw] if raw else []), s(TEAM2))), ("providers", one))
    yield lambda raw: obj(("team_ids", arr()), *drop("providers", raw))
    yield lambda raw: body(providers=obj(*drop("oura", raw), ("strava", pref())))
    yield lambda raw: body(providers=obj(("oura", obj(*drop("default", raw)))))
    yield lambda raw: body(providers=obj(("oura", obj(*drop("default", raw), ("resource_overrides", "null")))))
    yield lambda raw: body(providers=obj(("oura", obj(("default", obj(*drop("historical_days_to_pull", raw)))))))
    yield lambda raw: body(providers=obj(("oura", obj(("default", days("1")), *drop("resource_overrides", raw)))))
    yield lambda raw: body(providers=obj(("oura", pref("1", obj(*drop("sleep", raw))))))
    yield lambda raw: body(providers=obj(("oura", pref("1", obj(("sleep", obj(*drop("historical_days_to_pull", raw))))))))


def structure():
    for place in places():
        yield post(place(None))
        for raw in WRONG + ("[null]", '["x"]', '{"default":{}}', '{"oura":{}}', '{"":{}}', '[["default",{}]]'):
            yield post(place(raw))
    # Wrong keys, alone, beside wrong values and beside each other.
    bad_values = ("null", "1", "{}", obj(("default", "{}")), pref("1.5"), pref('"x"', "[]"), pref(None, "{}"), pref())
    for raw in bad_values:
        yield post(body(arr(), obj(("nope", raw))))
        yield post(body(arr(), obj(("oura", pref()), ("nope", raw), ("fitbit", raw))))
        yield post(body(arr('"x"'), obj(("oura", raw), ("nope", pref()))))
    for raw in ("null", "1", "{}", days("null"), days('"x"')):
        yield post(body(arr(), obj(("oura", pref("1", obj(("nope", raw)))))))
        yield post(body(arr(), obj(("oura", pref("{}", obj(("sleep", raw), ("nope", days("1")), ("body", raw)))))))
    for key in ("Default", "default ", "defaults", "", "days", "historical_days_to_pull"):
        yield post(body(arr(), obj(("oura", obj((key, days("1")))))))
        yield post(body(arr(), obj(("oura", obj(("default", obj((key, "1"))))))))
    for key in ("teamIds", "team_id", "Team_ids", "team-ids", "provider", "body", "detail"):
        yield post(obj((key, arr(s(TEAM)))))
    # Everything one level too deep or too shallow.
    yield post(obj(("body", body())))
    yield post(arr(body()))
    yield post(s(body()))
    yield post(obj(("team_ids", arr(arr(s(TEAM)))), ("providers", arr(obj(("oura", pref()))))))
    yield post(obj(("team_ids", s(TEAM)), ("providers", s("oura"))))
    yield post(obj(("team_ids", obj((TEAM, "true"))), ("providers", obj(("oura", "120")))))
    yield post(body(providers=obj(("oura", obj(("historical_days_to_pull", "1"))))))
    yield post(body(providers=obj(("oura", obj(("default", "120"), ("resource_overrides", obj(("sleep", "120"))))))))
    yield post(body(arr(*[s("x")] * 12), obj(("oura", pref("null")))))


def doubled():
    """Doubled keys: the last value counts, at the place of the first."""
    good, bad = arr(s(TEAM)), arr(s("x"))
    for first, second in ((good, bad), (bad, good), (bad, "null"), ("null", good)):
        yield post(obj(("team_ids", first), ("team_ids", second), ("providers", obj())))
        yield post(obj(("team_ids", first), ("providers", obj()), ("team_ids", second)))
    for a, b in (("1", "2"), ("1", '"x"'), ('"x"', "1"), ("null", "1.5"), ("1.5", "null")):
        yield post(body(arr(), obj(("oura", pref(a)), ("fitbit", pref(b)), ("oura", pref(b)))))
        yield post(body(arr(), obj(("fitbit", pref(b)), ("oura", pref(a)), ("fitbit", pref(a)))))
        twice = obj(("historical_days_to_pull", a), ("historical_days_to_pull", b))
        yield post(body(arr(), obj(("oura", obj(("default", twice))))))
        yield post(body(arr(), obj(("oura", obj(("default", days(a)), ("default", days(b)))))))
        yield post(body(arr(), obj(("oura", pref("1", obj(("sleep", days(a)), ("body", days(b)), ("sleep", days(b))))))))
    yield post(body(arr(), obj(("nope", pref()), ("oura", pref("null")), ("nope", pref("null")))))
    yield post(body(arr(), '{"nope":1,"n\\u006fpe":{},"oura":' + pref() + "}"))
    # Doubled keys in an echoed input.
    for raw in ('{"a":1,"b":2,"a":3}', '{"b":1,"a":2,"b":{"x":1,"x":2}}', '[{"a":1,"a":2}]', '{"":1,"":2}'):
        yield post(obj(("x", "1"), ("team_ids", raw), ("providers", raw)))
        yield post(body(arr(raw), obj(("oura", raw), ("strava", pref(raw)))))


def unknown():
    """Unknown fields are ignored, also where their values look wrong."""
    for raw in WRONG + ('{"team_ids":1}', "[[[[]]]]", "1.5e3"):
        yield post(obj(("x", raw), ("team_ids", arr()), ("y", raw), ("providers", obj())))
        yield post(body(arr(), obj(("oura", obj(("default", days("1")), ("x", raw))))))
        yield post(body(arr(), obj(("oura", obj(("default", obj(("historical_days_to_pull", "1"), ("x", raw))))))))
    for query in ("x=1", "x", "x=&y", "limit=1&x=2", "Limit=x", "LIMIT=x", "limit[]=x", "team_id[]=x", "team_ids=x",
                  "team-id=x", "providers=x", "cursor=x", "next_cursor[]=x", "org_id=x", "env=x", "region=x", "body=x",
                  "%6cimit=x", "li%6Dit=x", "team%5Fid=x", "+limit=x", "limit+=x", " limit=x".replace(" ", "%20"),
                  "limit%00=x", "%ff=1", "%=1", "=1", "=", "&", "&&limit=x&&", "?limit=x", "limit?=x"):  # fmt: skip
        yield from (get(query), delete(query))
    yield post(body(), query="limit=x&team_id=x&provider=x")
    # FastAPI leaves keys that begin with `_sa` out of an echoed input, at any depth.
    for key in ("_sa", "_sa_x", "_sax", "_s", "_SA", "x_sa", " _sa", "__sa", "sa"):
        yield post(arr(obj((key, "1"), ("b", obj((key, "2"), ("c", "3"))))))
        yield post(obj(("team_ids", obj((key, "1"))), (key, "1")))
    yield post(body(arr(), obj(("_sa", pref()), ("oura", obj(("_sab", "1"))))))
    yield post(body(arr(), obj(("oura", obj(("default", days(obj(("_sa_days", "1"), ("d", "1")))))))))


def queries():
    uuid_, bad = TEAM, "x"
    yield from (get("limit"), get("limit="), get("limit=5"), get("limit=1&limit=2"), get("limit=x&limit=2"))
    yield from (get("limit=2&limit=x"), get("limit=2&limit"), get("limit=&limit=3"), get("limit=1&limit=2&limit=3"))
    yield from (get("next_cursor"), get("next_cursor="), get("next_cursor=a&next_cursor=b"), get("next_cursor=a&next_cursor="))
    yield from (get("next_cursor=%00"), get("next_cursor=null"), get("next_cursor=" + "a" * 500))
    for call in (get, delete):
        for key, good in (("team_id", uuid_), ("provider", "oura")):
            yield from (call(key), call(key + "="), call(f"{key}={good}&{key}={good}"), call(f"{key}=&{key}="))
            yield from (call(f"{key}={good}&{key}={bad}&{key}={good}"), call(f"{key}={bad}&{key}=&{key}={good}&{key}"))
            yield from (call(f"{key}={good},{good}"), call(f"{key}={good};{key}={bad}"), call(f"{key}={good}%26{key}={bad}"))
            yield from (call(f"{key}=%5B%22{good}%22%5D"), call(f"{key}=+{good}"), call(f"{key}={good}+"), call(f"{key}=%20{good}"))
            yield from (call(f"x=1&{key}={good}&y=2&{key}={TEAM2}"), call("&".join([f"{key}={bad}"] * 12)))
        yield call(f"provider={bad}&team_id={bad}")
        yield call(f"limit={bad}&next_cursor={bad}&provider={bad}&team_id={bad}")
        yield call(f"provider=oura&team_id={uuid_}&provider=fitbit&team_id={TEAM2}&limit=7&next_cursor=abc")
        yield call("&".join(f"provider={name}" for name in PROVIDERS))
    for i, raw in enumerate(PERCENT):
        yield get("next_cursor=" + raw)
        yield (get("limit=" + raw), get("team_id=" + raw), delete("provider=" + raw))[i % 3]
        yield get(f"{raw}=x&limit{raw}=1&next_cursor={raw}{raw}")
    for text in (TEAM, "{" + TEAM + "}", "urn:uuid:" + TEAM, TEAM.upper()):
        yield get("team_id=" + "".join(f"%{byte:02x}" for byte in text.encode()))
        yield get("team_id=" + text)
    # A body where none is declared is not read.
    for text in ("", "{", "null", '{"limit":"x"}', b"\xff"):
        yield from (get("limit=3", text=text), get("limit=x", text=text), delete(text=text))


def paths():
    bad = (pct("x"), pct(TEAM + " "), "%7B" + ORG + "%7D", "urn:uuid:" + ORG, ORG.upper(), ORG.replace("-", ""))
    for org in bad:
        for env, region in (("sandbox", "us"), ("Sandbox", "US"), ("production", "x"), ("x", "eu")):
            yield from (get(at=path(org, env, region)), delete("team_id=x", path(org, env, region)))
            yield post(body(arr("1"), "[]"), path(org, env, region), "limit=x")
    for raw in PERCENT:
        if "/" not in raw and "?" not in raw and "%2f" not in raw.lower():
            yield get(at=path(env=raw))
            yield get(at=path(org=raw, region=raw))
    for env in ("s%61ndbox", "%73%61%6e%64%62%6f%78", "sandbox%20", "sandbox+", "%20sandbox", "sandbox%0a", "sandbox;a=b"):
        yield get(at=path(env=env))
    for region in ("u%73", "us%0A", "us%0D%0A", "us%20", "us+", "us;x", "us.", "%EF%BB%BFus", "us%00"):
        yield get(at=path(region=region))
    # Path, query and body faults at once: the order of errors, and that a body
    # that is not JSON silences them.
    for text in ("", "null", "{}", "[]", body(arr('"x"'), obj(("x", "{}"))), "{", "nope", "[NaN]", "1e400", '"\\ud800"'):
        for where in (path(), path("x"), path(env="x"), path(region="x"), path("x", "y", "z")):
            yield from (post(text, where), post(text, where, "limit=x&team_id=x"))
    for where in (path("x"), path("x", "y", "z"), path(region="x")):
        for query in ("", "team_id=x", "limit=x", "provider=x&limit=1.5&team_id=&next_cursor="):
            yield from (get(query, where), delete(query, where))


def not_json():
    for text in NOT_JSON + JSON_SCALARS:
        yield post(text)
    base = body(providers=obj(("oura", pref("120", obj(("sleep", days("30")))))))
    for junk in ("x", ",", "}", "]", "{}", "//", "/**/", "#", "\x00", "\x1a", "\ufeff", "null", ";", "\u00a0", '"', "\n\n", "\t"):
        yield from (post(base + junk), post(junk + base))
    yield from (post(base[:n]) for n in range(1, len(base), 7))
    yield from (post(base.replace(a, b)) for a, b in (
        ('"', "'"), (",", ", ,"), ("}", ",}"), ("]", ",]"), (":", "="), (":", "::"), ("120", "0120"), ("120", "+120"),
        ("120", "120."), ("120", ".5"), ("120", "0x78"), ("120", "1_20"), ("120", "NaN"), ("120", "Infinity"),
        ("120", "-Infinity"), ("120", "1e400"), ("120", "-1e400"), ("120", "120 "), ("120", "1 20"), ("120", "True"),
        ("120", "TRUE"), ("120", "None"), ("120", "undefined"), ("120", ""), ("120", "1e"), ("120", "--1"),
        ("120", "/*x*/120"), ("120", "120//x\n"), ('"oura"', "oura"), ('"oura"', '"oura\n"'), ('"oura"', '"\\oura"'),
        ('"oura"', '"\\ud800"'), ('"oura"', '"\\udfff"'), ('"oura"', '"\\u006fura"'), ('"sleep"', '"sle\\u0065p"'),
        ('"sleep"', '"\\ud83d"'), ("{", "{ "), ('"team_ids"', '"\\ud800":1,"team_ids"'), ('"team_ids"', '"x":NaN,"team_ids"'),
        ('"team_ids"', '"x":1e999,"team_ids"'), ('"team_ids"', '"x":[],"team_ids"'), ("120", "null"),
    ))  # fmt: skip
    # Lone surrogates and pairs, in values that are echoed and in ignored ones.
    for text in ("\\ud800", "\\ud83d\\ude00", "\\ud83d\\u0041", "\\ude00\\ud83d", "\\uD83D\\uDE00x", "\\\\ud800", "\\u0000"):
        yield post(at_team('"' + text + '"'))
        yield post('{"x":"' + text + '","team_ids":[],"providers":{}}')
        yield post(body(arr(), '{"' + text + '":' + pref() + "}"))


def random_faults(rng: random.Random):
    """One to two characters of a valid text changed."""
    alphabet = '{}[]",:0123456789.eE+-_ntf\\u/ \t\n\x00é'
    base = body(providers=obj(("oura", pref("120", obj(("sleep", days("30")))))))
    for _ in range(300):
        chars = list(base)
        for _ in range(rng.randint(1, 2)):
            where = rng.randrange(len(chars))
            chars[where : where + rng.randint(0, 1)] = rng.choice(alphabet) if rng.random() < 0.7 else ""
        yield post("".join(chars))


def encodings():
    ok, bad = body(arr(), obj()), body(arr('"é"'), obj())
    for text in (ok, bad, "{}", "1", '"x"'):
        for encoding in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"):
            yield post(text.encode(encoding))
        yield post(b"\xef\xbb\xbf" + text.encode("utf-8-sig"))
        yield post(b" " + text.encode("utf-8-sig"))
    yield post(bad.encode("latin-1"))
    for raw in (b"\xff", b"\xfe", b"\xc3", b"\xc3\x28", b"\xa9", b"\xc0\xaf", b"\xe0\x80\xaf", b"\xed\xa0\x80", b"\xed\xb0\x80",
                b"\xed\xa0\xbd\xed\xb8\x80", b"\xf0\x9f\x98", b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80", b"\xef\xbb",
                b"\xef\xbf\xbd", b"\xef\xbf\xbf", b"\xf0\x9f\x98\x80", b"\x80", b"\xe2\x82"):  # fmt: skip
        yield post(raw)
        yield post(b'{"team_ids":["' + raw + b'"],"providers":{}}')
        yield post(b'{"team_ids":[],"providers":{},"x":"' + raw + b'"}')
        yield post(ok.encode() + raw)
    yield post(b"\x1f\x8b\x08\x00\x00\x00\x00\x00")
    yield post(b"\x00" * 8)


def depths():
    """128 containers in one another are read, 129 are not."""
    for kind in "ldm":
        for depth in (2, 126, 127, 128, 129, 200):
            yield post(nested(depth, kind))
            inner = nested(depth - 1, kind)
            yield post(obj(("team_ids", arr()), ("providers", obj()), ("x", inner)))
            yield post(obj(("team_ids", inner), ("providers", obj())))
            yield post(body(arr(), obj(("oura", pref(nested(depth - 4, kind) if depth > 4 else "[]")))))
    yield post("[" * 129)
    yield post("[" * 128 + "x")
    yield post(nested(128, "l") + "x")
    yield post(obj(("team_ids", arr(*[nested(3, "l")] * 60)), ("providers", obj())))


# ------------------------------------------------------- seeded combinations


class Mix:
    """Random requests from the same parts; `fault` is the chance of a wrong part."""

    def __init__(self, rng: random.Random):
        self.rng, self.fault = rng, 0.0
        self.uuid_texts = [text for text in uuid_texts() if len(text) < 60]
        self.int_texts = [text for text in INT_TEXTS if len(text) < 40]

    def wrong(self) -> bool:
        return self.rng.random() < self.fault

    def any(self) -> str:
        return self.rng.choice(WRONG)

    def uuid_text(self) -> str:
        if self.wrong():
            return self.rng.choice(self.uuid_texts)
        raw = "".join(self.rng.choice("0123456789abcdefABCDEF") for _ in range(32))
        dashed = "-".join((raw[:8], raw[8:12], raw[12:16], raw[16:20], raw[20:]))
        return self.rng.choice((raw, dashed, dashed.lower(), dashed.lower(), "{" + dashed + "}", "urn:uuid:" + dashed))

    def int_text(self) -> str:
        return self.rng.choice(self.int_texts) if self.wrong() else str(self.rng.randint(0, 365))

    def int_raw(self) -> str:
        if self.wrong():
            return self.rng.choice((self.rng.choice(INT_LITERALS), s(self.int_text()), self.any()))
        days_ = self.rng.randint(0, 365)
        return self.rng.choice((str(days_), str(days_), f"{days_}.0", f'"{days_}"', f'" {days_} "'))

    def name(self, names: tuple[str, ...], kind: str) -> str:
        # Errors about names are long (they list all names), so they are rarer.
        return self.rng.choice(ENUM_TEXTS[kind]) if self.rng.random() < self.fault * 0.12 else self.rng.choice(names)

    def fields(self, *pairs: tuple[str, str]) -> str:
        """An object: sometimes shuffled, with a field missing, unknown or doubled."""
        pairs = list(pairs)
        if self.rng.random() < 0.2:
            self.rng.shuffle(pairs)
        if self.wrong() and self.rng.random() < 0.3 and pairs:
            pairs.pop(self.rng.randrange(len(pairs)))
        if self.rng.random() < 0.08:
            pairs.insert(self.rng.randint(0, len(pairs)), ("extra", self.any()))
        if self.rng.random() < 0.05 and pairs:
            pairs.append((self.rng.choice(pairs)[0], self.any()))
        return obj(*pairs)

    def or_wrong(self, raw: str) -> str:
        return self.any() if self.rng.random() < self.fault * 0.25 else raw

    def days(self) -> str:
        return self.or_wrong(self.fields(("historical_days_to_pull", self.int_raw())))

    def overrides(self) -> str:
        if self.rng.random() < 0.2:
            return "null"
        pairs = [(self.name(RESOURCES, "resource"), self.days()) for _ in range(self.rng.randint(0, 3))]
        return self.or_wrong(obj(*pairs))

    def pref(self) -> str:
        pairs = [("default", self.days())]
        if self.rng.random() < 0.6:
            pairs.append(("resource_overrides", self.overrides()))
        return self.or_wrong(self.fields(*pairs))

    def body(self) -> str:
        teams = [self.or_wrong(s(self.uuid_text())) for _ in range(self.rng.randint(0, 3))]
        providers = [(self.name(PROVIDERS, "provider"), self.pref()) for _ in range(self.rng.randint(0, 3))]
        return self.or_wrong(
            self.fields(("team_ids", self.or_wrong(arr(*teams))), ("providers", self.or_wrong(obj(*providers))))
        )

    def path(self) -> str:
        def segment(good: tuple[str, ...], kind: str) -> str:
            text = self.rng.choice(ENUM_TEXTS[kind]) if self.rng.random() < self.fault * 0.3 else self.rng.choice(good)
            return pct(text)

        org = self.uuid_text() if self.rng.random() < 0.5 else ORG
        org = org if org and "/" not in org else "x"
        return path(pct(org), segment(("production", "sandbox"), "env"), segment(("us", "eu"), "region"))

    def query(self) -> str:
        parts = []
        for _ in range(self.rng.randint(0, 5)):
            key = self.rng.choice(("team_id", "team_id", "provider", "limit", "next_cursor", "other"))
            value = {
                "team_id": self.uuid_text,
                "provider": lambda: self.name(PROVIDERS, "provider"),
                "limit": self.int_text,
                "next_cursor": lambda: self.rng.choice(ARBITRARY_TEXTS),
                "other": lambda: "x",
            }[key]()
            value = pct(value).replace("%20", self.rng.choice(("+", "%20")))
            parts.append(self.rng.choice((f"{key}={value}",) * 12 + (key, f"{key}=", "", f"{key}={value}=")))
        return "&".join(parts)

    def requests(self, count: int):
        for i in range(count):
            self.fault = (0.0, 0.08, 0.15, 0.3)[i % 4]
            match self.rng.randrange(10):
                case 0 | 1 | 2 | 3 | 4 | 5:
                    text = self.rng.choice(NOT_JSON) if self.rng.random() < self.fault * 0.1 else self.body()
                    yield post(text, self.path(), self.query() if self.rng.random() < 0.1 else "")
                case 6 | 7 | 8:
                    yield get(self.query(), self.path())
                case _:
                    yield delete(self.query(), self.path())


def requests():
    rng = random.Random(SEED)
    yield from well_formed()
    yield from structure()
    yield from doubled()
    yield from unknown()
    yield from ints()
    yield from random_int_texts(rng)
    yield from uuids()
    yield from random_uuid_texts(rng)
    yield from enums()
    yield from queries()
    yield from paths()
    yield from not_json()
    yield from random_faults(rng)
    yield from encodings()
    yield from depths()
    yield from Mix(rng).requests(1100)


if __name__ == "__main__":
    run(CASES / "cases.ndjson", record(app, requests()))
