//! `/v1/org/{org_id}/team`: what the methods have in common.

pub mod create;
pub mod delete;
pub mod environment;
pub mod get;
pub mod list;
pub mod patch;
pub mod resolve;

use jiff::Timestamp;
use lookback_domain::{Environment, OrgId, Region, TeamId};
use lookback_store::Team;

use self::environment::ClientFacingOrgTeamEnvironment;
use crate::wire::{Loc, Nullable, Optional, Problems, Value, model, request};
use crate::{App, Caller, Error};

request! { path
    /// Which team.
    pub struct TeamPath {
        /// The organisation; it has to be the key's own.
        pub org_id: OrgId,
        /// The team.
        pub team_id: TeamId,
    }
}

model! {
    /// A team.
    pub struct ClientFacingOrgTeam {
        /// Its id.
        pub id: TeamId,
        /// What people call it.
        pub name: String,
        /// When it was created.
        pub created_on: Timestamp,
        /// Where it lives.
        pub region: Region,
        /// What another system calls it.
        pub integration_team_id: Option<String>,
        /// Its environments.
        pub environments: Optional<Vec<Environment>>,
        /// The settings of one environment, where they were asked for.
        pub sandbox: Nullable<ClientFacingOrgTeamEnvironment>,
        /// The settings of the other.
        pub production: Nullable<ClientFacingOrgTeamEnvironment>,
    }
}

model! {
    /// The body of a 409: another team of the organisation has the id.
    pub struct IntegrationTeamIDConflictResponse {
        /// That team.
        pub team_id: TeamId,
    }
}

impl ClientFacingOrgTeam {
    /// A team, with the settings of these environments.
    fn new(team: Team, shown: &[Environment]) -> Self {
        let settings = |environment| Nullable(shown.contains(&environment).then(Default::default));
        Self {
            id: team.id,
            name: team.name,
            created_on: team.created_at,
            region: team.region,
            integration_team_id: team.integration_team_id,
            environments: Optional(Environment::ALL.to_vec()),
            sandbox: settings(Environment::Sandbox),
            production: settings(Environment::Production),
        }
    }
}

/// The 404 of a team, which says the same of one that is not there and of one that the caller may not see.
pub fn unknown(team: TeamId) -> Error {
    Error::NotFound(format!("No such team in this organisation: {team}."))
}

/// The team, where it is there and the caller may see it.
pub async fn visible(app: &App, caller: &Caller, org: OrgId, id: TeamId) -> Result<Team, Error> {
    if !caller.sees(id) {
        return Err(unknown(id));
    }
    app.store.team(org, id).await.map_err(|error| answered(error, id))
}

/// What a store says of a team, in the words of these routes.
fn answered(error: lookback_store::Error, id: TeamId) -> Error {
    match error {
        lookback_store::Error::UnknownTeams(_) => unknown(id),
        other => other.into(),
    }
}

/// PostgreSQL keeps no NUL, so no store is given one.
pub fn refuse_nul(text: &str, loc: &Loc<'_>, problems: &mut Problems) {
    if text.contains('\0') {
        problems.add("value_error", loc, "a NUL character cannot be stored", &Value::String(text.to_owned()));
    }
}

/// The refusal of an integration's id that is taken. Which team has it is not for those to know who do not see it.
fn taken(caller: &Caller, by: TeamId, asked: &str) -> Error {
    if caller.sees(by) {
        return Error::IntegrationTeamIdTaken(by);
    }
    let mut problems = Problems::default();
    let loc = Loc::root("body");
    let said = "this integration_team_id cannot be used";
    problems.add("value_error", &loc.key("integration_team_id"), said, &Value::String(asked.to_owned()));
    Error::Invalid(problems.into_vec())
}
