"""The request schemas of organisations, teams, keys and credentials as FastAPI code.

As in `app.py`, only the schema matters: a request it accepts is answered with
what was parsed. Lookback's answers never depend on which member of `details`
was chosen, so that one is not echoed.
"""

from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import FastAPI, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, EmailStr, Field, HttpUrl

from app import Env, Region

PROVIDERS = (
    "oura", "fitbit", "garmin", "whoop", "strava", "renpho", "peloton",
    "wahoo", "zwift", "freestyle_libre", "abbott_libreview", "tandem_source",
    "freestyle_libre_ble", "eight_sleep", "withings", "apple_health_kit",
    "manual", "ihealth", "google_fit", "beurer_api", "beurer_ble", "omron",
    "omron_ble", "onetouch_ble", "accuchek_ble", "contour_ble", "dexcom",
    "dexcom_v3", "hammerhead", "my_fitness_pal", "health_connect",
    "samsung_health", "polar", "cronometer", "kardia", "whoop_v2",
    "ultrahuman", "my_fitness_pal_v2", "map_my_fitness", "runkeeper",
    "google_health",
)  # fmt: skip
OAUTH_PROVIDERS = (
    "oura", "fitbit", "garmin", "strava", "wahoo", "ihealth", "withings",
    "google_fit", "dexcom_v3", "polar", "cronometer", "omron", "whoop_v2",
    "my_fitness_pal_v2", "ultrahuman", "runkeeper", "google_health",
)  # fmt: skip
LABS = (
    "ayumetrix", "spiriplex", "ussl", "quest", "sonora_quest", "labcorp",
    "bioreference", "us_biotek", "manual", "sanocardio", "ihd", "nexus",
    "my_uti", "crl", "mtl",
)  # fmt: skip
LABS_PROVIDERS = ("aftership", "shippo", "sanocardio", "supera", "twilio", "telnyx", "mtl")
APPOINTMENTS = ("getlabs", "phlebfinders", "quest", "sonora_quest")

NAME_PATTERN = "^[A-Za-zÀ-ÖØ-öø-ÿ0-9(),/:'|&_\\- ’]{0,80}$"


def named(name: str, members: tuple[str, ...]) -> Any:
    return Enum(name, [(member, member) for member in members], type=str)


Providers = named("Providers", PROVIDERS)
OAuthProviders = named("OAuthProviders", OAUTH_PROVIDERS)
Labs = named("Labs", LABS)
LabsProviders = named("LabsProviders", LABS_PROVIDERS)
AppointmentProvider = named("AppointmentProvider", APPOINTMENTS)

Name = Annotated[str, Field(pattern=NAME_PATTERN)]
IntegrationTeamId = Annotated[str, Field(max_length=256)]
Role = Literal["org_admin", "team_admin"]


class UpdateOrgBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Name


class BrandInformation(BaseModel):
    company_name: str
    company_website: str = ""
    support_email: EmailStr = "help@tryvital.io"
    support_contact: str | None = ""
    company_address: str = ""
    brand_color: str = ""


class CreateOrgTeamBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    lab_tests_patient_sms_communication_enabled: bool = True
    lab_tests_patient_email_communication_enabled: bool = True
    critical_result_notification_email: EmailStr | None = None
    brand_information: BrandInformation | None = None
    logo_url: HttpUrl | None = None
    reject_duplicate_connection: bool = False
    sdk_per_device_activity_timeseries: bool = False
    partial_webhooks_enabled: bool | None = False
    minor_ordering_enabled: bool | None = False
    id: UUID | None = None
    name: Name
    region: Region
    integration_team_id: IntegrationTeamId | None = None


class UpdateBrandInformationBody(BaseModel):
    company_name: str | None = None
    company_website: str | None = None
    support_email: EmailStr | None = None
    support_contact: str | None = None
    company_address: str | None = None
    brand_color: str | None = None


class UpdateOrgTeamEnvironmentBody(BaseModel):
    lab_tests_patient_sms_communication_enabled: bool | None = None
    lab_tests_patient_email_communication_enabled: bool | None = None
    critical_result_notification_email: EmailStr | None = None
    partial_webhooks_enabled: bool | None = None
    minor_ordering_enabled: bool | None = None
    reject_duplicate_connection: bool | None = None
    sdk_per_device_activity_timeseries: bool | None = None
    patient_experience: bool | None = None
    brand_information: UpdateBrandInformationBody | None = None
    logo_url: HttpUrl | None = None


class UpdateOrgTeamBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    integration_team_id: IntegrationTeamId | None = None
    sandbox: UpdateOrgTeamEnvironmentBody | None = None
    production: UpdateOrgTeamEnvironmentBody | None = None


class ResolveTeamBody(BaseModel):
    integration_team_id: IntegrationTeamId


class TeamRoleBinding(BaseModel):
    team_id: UUID


class CreateManagementKeyBody(BaseModel):
    label: str
    role: Role
    team_role_bindings: list[TeamRoleBinding] | None = None


class PatchManagementKeyBody(BaseModel):
    label: str | None = None
    team_role_bindings: list[TeamRoleBinding] | None = None


class FitbitMetadata(BaseModel):
    is_hr_enabled: bool = False
    workout_verify_token: str
    sleep_verify_token: str
    body_verify_token: str
    foods_verify_token: str | None = None


class FitbitTeamProviderDetails(BaseModel):
    fitbit: FitbitMetadata


class GoogleFitTeamProviderDetails(BaseModel):
    redirect_uri: str
    data_scopes: list[str]


class GoogleHealthTeamProviderDetails(BaseModel):
    model_config = ConfigDict(extra="forbid")

    project_number: str
    service_account_email: str


Billing = Literal["client_bill", "commercial_insurance", "patient_bill_passthrough", "patient_bill"]


class LabAccount(BaseModel):
    sub_account_id: str | None = None
    sub_account_name: str | None = None
    allowed_billing_types: list[Billing] | None = None
    disallowed_billing_states: dict[Billing, list[str]] | None = None


class BioReferenceProviderDetails(LabAccount):
    bioreference: dict[str, Any]


class LabCorpMetadata(BaseModel):
    account_number: str
    billing_method: Literal["CM", "PT", "PI"]


class LabCorpTeamProviderDetails(LabAccount):
    labcorp: LabCorpMetadata


class QuestProviderDetails(LabAccount):
    quest: dict[str, Any]
    allowed_business_units: list[str] | None = None


class PolarTeamProviderDetails(BaseModel):
    webhook_secret: str


class GetLabsMetadata(BaseModel):
    webhook_secret_key: str
    webhook_secret_token: str


class GetLabsTeamProviderDetails(BaseModel):
    getlabs: GetLabsMetadata


class PhlebFindersMetadata(BaseModel):
    account_id: str
    account_name: str
    team_id: str
    team_name: str
    webhook_token: str
    email: str


class PhlebFindersTeamProviderDetails(BaseModel):
    phlebfinders: PhlebFindersMetadata


class LabcorpProviderDetails(LabAccount):
    sending_facility: str
    sending_application: str
    receiving_facility: str
    receiving_application: str


class MyFitnessPalV2TeamProviderDetails(BaseModel):
    client: str


class UpsertTeamCustomCredentialsBody(BaseModel):
    team_id: UUID
    provider: Providers | Labs | LabsProviders | AppointmentProvider  # type: ignore[valid-type]
    client_id: str | None = None
    client_secret: str | None = None
    details: (
        FitbitTeamProviderDetails
        | GoogleFitTeamProviderDetails
        | GoogleHealthTeamProviderDetails
        | BioReferenceProviderDetails
        | LabCorpTeamProviderDetails
        | QuestProviderDetails
        | PolarTeamProviderDetails
        | GetLabsTeamProviderDetails
        | PhlebFindersTeamProviderDetails
        | LabcorpProviderDetails
        | MyFitnessPalV2TeamProviderDetails
        | None
    ) = None
    redirect_url_override: str | None = None


app = FastAPI()

ORG = "/v1/org/{org_id}"
TEAMS = ORG + "/team"
TEAM = TEAMS + "/{team_id}"
KEYS = ORG + "/management_key"
KEY = KEYS + "/{key_id}"
CREDENTIALS = ORG + "/team_custom_credentials/{env}/{region}"


def echo(path: dict[str, Any], query: dict[str, Any] | None = None, body: BaseModel | None = None) -> JSONResponse:
    path = {key: str(value.value if isinstance(value, Enum) else value) for key, value in path.items()}
    read = None if body is None else body.model_dump(mode="json", exclude={"details"})
    return JSONResponse({"path": path, "query": query or {}, "body": read})


@app.get(ORG)
async def get_org(org_id: UUID) -> Any:
    return echo({"org_id": org_id})


@app.patch(ORG)
async def update_org(org_id: UUID, body: UpdateOrgBody) -> Any:
    return echo({"org_id": org_id}, body=body)


@app.get(TEAMS)
async def list_teams(
    org_id: UUID,
    team_id: UUID | None = None,
    region: Annotated[list[Region] | None, Query()] = None,
    search_query: Annotated[str | None, Query(pattern=NAME_PATTERN)] = None,
    next_cursor: str | None = None,
) -> Any:
    query = {
        "team_id": team_id and str(team_id),
        "region": region,
        "search_query": search_query,
        "next_cursor": next_cursor,
    }
    return echo({"org_id": org_id}, query)


@app.post(TEAMS)
async def create_team(org_id: UUID, body: CreateOrgTeamBody) -> Any:
    return echo({"org_id": org_id}, body=body)


@app.get(TEAM)
async def get_team(
    org_id: UUID,
    team_id: UUID,
    include_environment: Annotated[list[Env], Query()] = [],  # noqa: B006
) -> Any:
    query = {"include_environment": [env.value for env in include_environment]}
    return echo({"org_id": org_id, "team_id": team_id}, query)


@app.patch(TEAM)
async def update_team(org_id: UUID, team_id: UUID, body: UpdateOrgTeamBody) -> Any:
    return echo({"org_id": org_id, "team_id": team_id}, body=body)


@app.delete(TEAM)
async def delete_team(org_id: UUID, team_id: UUID) -> Any:
    return echo({"org_id": org_id, "team_id": team_id})


@app.post(ORG + "/resolve_team")
async def resolve_team(org_id: UUID, body: ResolveTeamBody) -> Any:
    return echo({"org_id": org_id}, body=body)


@app.get(KEYS)
async def list_keys(org_id: UUID, team_id: UUID | None = None, role: Role | None = None) -> Any:
    return echo({"org_id": org_id}, {"team_id": team_id and str(team_id), "role": role})


@app.post(KEYS)
async def create_key(org_id: UUID, body: CreateManagementKeyBody) -> Any:
    return echo({"org_id": org_id}, body=body)


@app.patch(KEY)
async def patch_key(org_id: UUID, key_id: UUID, body: PatchManagementKeyBody) -> Any:
    return echo({"org_id": org_id, "key_id": key_id}, body=body)


@app.delete(KEY)
async def delete_key(org_id: UUID, key_id: UUID) -> Any:
    return echo({"org_id": org_id, "key_id": key_id})


@app.get(CREDENTIALS)
async def list_credentials(
    org_id: UUID,
    env: Env,
    region: Region,
    team_id: Annotated[list[UUID], Query(default_factory=list)],
    provider: OAuthProviders | Labs | Literal["freestyle_libre"] | None = None,  # type: ignore[valid-type]
    next_cursor: str | None = None,
) -> Any:
    query = {
        "team_id": [str(item) for item in team_id],
        "provider": provider.value if isinstance(provider, Enum) else provider,
        "next_cursor": next_cursor,
    }
    return echo({"org_id": org_id, "env": env, "region": region}, query)


@app.post(CREDENTIALS)
async def upsert_credential(org_id: UUID, env: Env, region: Region, body: UpsertTeamCustomCredentialsBody) -> Any:
    return echo({"org_id": org_id, "env": env, "region": region}, body=body)


@app.delete(CREDENTIALS)
async def delete_credentials(
    org_id: UUID,
    env: Env,
    region: Region,
    credential_id: Annotated[list[UUID], Query()],
) -> Any:
    query = {"credential_id": [str(item) for item in credential_id]}
    return echo({"org_id": org_id, "env": env, "region": region}, query)
