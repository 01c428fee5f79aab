"""The management API's request schema as FastAPI code.

Only the schema matters: a request it accepts is answered with what was parsed,
one it refuses with FastAPI's own 422. Enums written inline in the contract are
`Literal`s, enums behind a `$ref` are `Enum` classes; fields and parameters
stand in the order of the contract, which decides the order of errors.
"""

from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import FastAPI, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel

ROUTE = "/v1/org/{org_id}/team_data_pull_preferences/{env}/{region}"

PROVIDERS = (
    "oura", "fitbit", "garmin", "strava", "withings", "peloton", "wahoo",
    "zwift", "freestyle_libre", "abbott_libreview", "eight_sleep", "renpho",
    "omron", "dexcom_v3", "hammerhead", "polar", "cronometer", "kardia",
    "whoop_v2", "my_fitness_pal_v2", "map_my_fitness", "runkeeper",
    "apple_health_kit", "google_fit", "beurer_api", "ultrahuman",
    "google_health",
)  # fmt: skip

# The contract lists `hrv` twice; an enum class has it once, at its first place.
RESOURCES = (
    "profile", "activity", "sleep", "body", "workouts", "workout_stream",
    "connection", "order", "result", "match_review", "appointment",
    "result_table", "glucose", "heartrate", "hrv", "ige", "igg",
    "blood_oxygen", "blood_pressure", "cholesterol", "device",
    "device_legacy", "weight", "fat", "body_temperature",
    "body_temperature_delta", "meal", "water", "caffeine",
    "mindfulness_minutes", "steps", "calories_active", "distance",
    "floors_climbed", "respiratory_rate", "vo2_max", "calories_basal",
    "stress_level", "menstrual_cycle", "sleep_cycle", "electrocardiogram",
    "electrocardiogram_voltage", "afib_burden", "heart_rate_alert",
    "stand_hour", "stand_duration", "sleep_apnea_alert",
    "sleep_breathing_disturbance", "wheelchair_push",
    "forced_expiratory_volume_1", "forced_vital_capacity",
    "peak_expiratory_flow_rate", "inhaler_usage", "fall", "uv_exposure",
    "daylight_exposure", "handwashing", "basal_body_temperature",
    "heart_rate_recovery_one_minute", "body_mass_index", "lean_body_mass",
    "waist_circumference", "workout_distance", "workout_swimming_stroke",
    "workout_duration", "insulin_injection", "carbohydrates", "note",
    "sleep_stream", "hypnogram",
)  # fmt: skip

Region = Literal["us", "eu"]
Provider = Literal[PROVIDERS]  # type: ignore[valid-type]
Resource = Enum("Resource", [(name, name) for name in RESOURCES], type=str)


class Env(str, Enum):
    production = "production"
    sandbox = "sandbox"


class DefaultConfiguration(BaseModel):
    historical_days_to_pull: int


class SingleResourceOverride(BaseModel):
    historical_days_to_pull: int


class SingleProviderDataPullPreferences(BaseModel):
    default: DefaultConfiguration
    resource_overrides: dict[Resource, SingleResourceOverride] | None = None


class UpsertTeamDataPullPreferencesBody(BaseModel):
    team_ids: list[UUID]
    providers: dict[Provider, SingleProviderDataPullPreferences]


app = FastAPI()


def echo(org_id: UUID, env: Env, region: str, query: dict[str, Any], body: Any) -> JSONResponse:
    path = {"org_id": str(org_id), "env": env.value, "region": region}
    return JSONResponse({"path": path, "query": query, "body": body})


@app.get(ROUTE)
async def get_team_data_pull_preferences(
    org_id: UUID,
    env: Env,
    region: Region,
    # A default factory, because the contract shows neither default nor null.
    team_id: Annotated[list[UUID], Query(default_factory=list)],
    provider: Annotated[list[Provider], Query(default_factory=list)],
    next_cursor: str | None = None,
    limit: int = 5,
) -> Any:
    query = {
        "team_id": [str(item) for item in team_id],
        "provider": provider,
        "next_cursor": next_cursor,
        "limit": limit,
    }
    return echo(org_id, env, region, query, None)


@app.post(ROUTE)
async def upsert_team_data_pull_preferences(
    org_id: UUID,
    env: Env,
    region: Region,
    body: UpsertTeamDataPullPreferencesBody,
) -> Any:
    return echo(org_id, env, region, {}, body.model_dump(mode="json"))


@app.delete(ROUTE)
async def delete_team_data_pull_preferences(
    org_id: UUID,
    env: Env,
    region: Region,
    team_id: Annotated[list[UUID], Query(default_factory=list)],
    provider: Annotated[list[Provider], Query(default_factory=list)],
) -> Any:
    query = {"team_id": [str(item) for item in team_id], "provider": provider}
    return echo(org_id, env, region, query, None)
