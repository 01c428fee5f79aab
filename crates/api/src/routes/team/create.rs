//! `POST`: creates a team.

use axum::Json;
use axum::extract::State;
use lookback_domain::{Region, TeamId};
use lookback_store::{Error as StoreError, Team};

use super::environment::{BrandInformation, brand, refuse, switch, text};
use super::{ClientFacingOrgTeam, IntegrationTeamIDConflictResponse, refuse_nul, taken};
use crate::once::{Token, created};
use crate::openapi::Refusals;
use crate::routes::org::OrgPath;
use crate::wire::{Email, IntegrationTeamId, Loc, Name, Problems, Value, WebUrl, request};
use crate::{App, Caller, Error, Valid};

request! { closed
    /// The team to create.
    pub struct CreateOrgTeamBody {
        /// True or left out.
        pub lab_tests_patient_sms_communication_enabled: bool = true,
        /// True or left out.
        pub lab_tests_patient_email_communication_enabled: bool = true,
        /// Not supported.
        pub critical_result_notification_email: Option<Email>,
        /// Not supported.
        pub brand_information: Option<BrandInformation>,
        /// Not supported.
        pub logo_url: Option<WebUrl>,
        /// False or left out.
        pub reject_duplicate_connection: bool = false,
        /// False or left out.
        pub sdk_per_device_activity_timeseries: bool = false,
        /// False or left out.
        pub partial_webhooks_enabled: Option<bool> = Some(false),
        /// False or left out.
        pub minor_ordering_enabled: Option<bool> = Some(false),
        /// Its id, where the client wants to choose it.
        pub id: Option<TeamId>,
        /// What people call it.
        pub name: Name,
        /// Where it lives, for good.
        pub region: Region,
        /// What another system calls it; unique in the organisation.
        pub integration_team_id: Option<IntegrationTeamId>,
    }
}

impl CreateOrgTeamBody {
    /// Refuses what is not supported and what cannot be stored.
    fn refuse(&self, problems: &mut Problems) {
        let body = Loc::root("body");
        let settings = [
            switch(
                "lab_tests_patient_sms_communication_enabled",
                Some(self.lab_tests_patient_sms_communication_enabled),
                true,
            ),
            switch(
                "lab_tests_patient_email_communication_enabled",
                Some(self.lab_tests_patient_email_communication_enabled),
                true,
            ),
            text(
                "critical_result_notification_email",
                self.critical_result_notification_email.as_ref().map(|email| &email.0),
            ),
            brand(("company_name", self.brand_information.as_ref().map(|brand| &brand.company_name))),
            text("logo_url", self.logo_url.as_ref().map(|url| &url.0)),
            switch("reject_duplicate_connection", Some(self.reject_duplicate_connection), false),
            switch(
                "sdk_per_device_activity_timeseries",
                Some(self.sdk_per_device_activity_timeseries),
                false,
            ),
            switch("partial_webhooks_enabled", self.partial_webhooks_enabled, false),
            switch("minor_ordering_enabled", self.minor_ordering_enabled, false),
        ];
        refuse(settings, &body, problems);
        if let Some(id) = &self.integration_team_id {
            refuse_nul(&id.0, &body.key("integration_team_id"), problems);
        }
    }
}

/// Create a team.
///
/// Wants an `org_admin` key. Fields about laboratory tests and branding take their documented defaults and nothing
/// else. With an `Idempotency-Key` header the same request creates one team however often it is sent within 24 hours.
#[utoipa::path(
    post,
    path = "/v1/org/{org_id}/team",
    operation_id = "create_team_in_org_v1_org__org_id__team_post",
    tag = "Team",
    summary = "Create Team In Org",
    params(OrgPath),
    request_body = CreateOrgTeamBody,
    responses(
        (status = 200, description = "Successful Response", body = ClientFacingOrgTeam),
        (status = 409, description = "Conflict", body = IntegrationTeamIDConflictResponse),
        Refusals,
    ),
    extensions(("x-lookback-additions" = json!({ "headers": ["Idempotency-Key"] }))),
)]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    token: Token,
    Valid { path, body, .. }: Valid<OrgPath, (), CreateOrgTeamBody>,
) -> Result<Json<ClientFacingOrgTeam>, Error> {
    caller.admin_of(path.org_id)?;
    let mut problems = Problems::default();
    body.refuse(&mut problems);
    let once = token.once(&caller, "create_team", (path.org_id, &body), &mut problems);
    Error::check(problems)?;

    let id = match body.id {
        Some(id) => id,
        None => TeamId(app.id()),
    };
    let team = Team {
        id,
        org_id: path.org_id,
        name: body.name.0,
        region: body.region,
        integration_team_id: body.integration_team_id.map(|id| id.0),
        created_at: app.clock.now(),
    };
    let asked = team.integration_team_id.clone().unwrap_or_default();
    let team = match app.store.create_team(team, once, &app.author(caller.actor())).await {
        Ok(outcome) => {
            created(outcome, |id| format!("This request created team {id}, which has changed since."))?
        }
        Err(StoreError::Taken(_)) => return Err(id_taken(id)),
        Err(StoreError::IntegrationTeamIdTaken(by)) => return Err(taken(&caller, by, &asked)),
        Err(error) => return Err(error.into()),
    };
    Ok(Json(ClientFacingOrgTeam::new(team, &[])))
}

/// The refusal of an id that some team has, whosever that team is.
fn id_taken(id: TeamId) -> Error {
    let (mut problems, body) = (Problems::default(), Loc::root("body"));
    let said = "this id cannot be used; choose another or leave it out";
    problems.add("value_error", &body.key("id"), said, &Value::String(id.to_string()));
    Error::Invalid(problems.into_vec())
}
