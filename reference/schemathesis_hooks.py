"""What schemathesis has to know of the data behind the API.

Ids that exist take the place of most generated ones, so that requests get past
the question whether anything is there. What the reference implementation reads
leniently (`false` as 0, `"on"` as true) is no violation of the contract, though
the schema alone says so: such cases are left out.
"""

import itertools
import json
import os
import random
from uuid import UUID

import schemathesis
from pydantic import TypeAdapter, ValidationError

KNOWN = json.loads(os.environ["LOOKBACK_KNOWN"])
PICK = random.Random(7)
INTEGERS = {"historical_days_to_pull", "limit", "seconds"}
BOOLEANS = {
    "lab_tests_patient_sms_communication_enabled", "lab_tests_patient_email_communication_enabled",
    "reject_duplicate_connection", "sdk_per_device_activity_timeseries", "partial_webhooks_enabled",
    "minor_ordering_enabled", "patient_experience", "is_hr_enabled",
}  # fmt: skip
ADDRESSES = itertools.count(1)
READERS = {int: TypeAdapter(int), bool: TypeAdapter(bool)}


def is_id(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(UUID(value))
    except ValueError:
        return False


def known(name: str, value: object) -> object:
    """An id that exists in place of one that does not, most of the time."""
    if not is_id(value) or PICK.random() < 0.15:
        return value
    return PICK.choice(KNOWN[name])


def replace(value: object) -> object:
    if isinstance(value, dict):
        return {
            name: known("team_id", inner)
            if name == "team_id"
            else [known("team_id", item) for item in inner]
            if name == "team_ids" and isinstance(inner, list)
            else replace(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [replace(item) for item in value]
    return value


@schemathesis.hook
def map_body(context, body):
    return replace(body)


@schemathesis.hook
def map_query(context, query):
    if not isinstance(query, dict):
        return query
    for name in ("team_id", "credential_id"):
        if isinstance(query.get(name), list):
            query[name] = [known(name, item) for item in query[name]]
        elif name in query:
            query[name] = known(name, query[name])
    return query


@schemathesis.hook
def map_path_parameters(context, parameters):
    if not isinstance(parameters, dict):
        return parameters
    operation = context.operation
    deletes = operation is not None and operation.method.lower() == "delete"
    for name in ("org_id", "team_id", "credential_id", "key_id"):
        if name in parameters:
            # What is deleted is there for that alone.
            parameters[name] = known(f"deletable_{name}" if deletes and name in ("team_id", "key_id") else name, parameters[name])
    for name, values in (("env", ("production", "sandbox")), ("region", ("us", "eu"))):
        if parameters.get(name) in values:
            parameters[name] = values[0]
    return parameters


def lenient(name: str, value: object) -> bool:
    """Whether the reference takes `value`, which is not of the declared type."""
    wanted = int if name in INTEGERS else bool if name in BOOLEANS else None
    if wanted is None or type(value) is wanted or value is None:
        return False
    try:
        READERS[wanted].validate_python(value)
    except ValidationError:
        return False
    return True


def is_lenient(value: object) -> bool:
    if isinstance(value, dict):
        return any(lenient(name, inner) or is_lenient(inner) for name, inner in value.items())
    return isinstance(value, list) and any(map(is_lenient, value))


@schemathesis.hook
def filter_body(context, body):
    return not is_lenient(body)


@schemathesis.hook
def before_call(context, case, kwargs):
    """From another address each time: how many wrong keys one address may try is no matter of this test."""
    number = next(ADDRESSES)
    case.headers["X-Forwarded-For"] = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
