//! `GET /v1/org/{org_id}/audit_log`: who changed what. An extension of the documented API.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use lookback_domain::{KeyId, OrgId, TeamId};
use lookback_store::{Action, Actor, AuditEntry, AuditFilter, AuditId};
use serde::{Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use uuid::Uuid;

use super::cursor::{Fingerprint, after, page};
use super::org::OrgPath;
use crate::openapi::Refusals;
use crate::wire::{
    AnyObject, Describe, Integer, Loc, Nullable, Problems, Read, Value, Written, choice_schema, model,
    read_literal, request,
};
use crate::{App, Caller, Error, Valid};

request! { query
    /// Which entries to show.
    pub struct AuditQuery {
        /// Only what was done to this team or to what belongs to it.
        pub team_id: Option<TeamId>,
        /// Only what this management key did, or `command_line`.
        pub actor: Option<ActorName>,
        /// Only this.
        pub action: Option<ActionName>,
        /// Not what was done before this time.
        pub since: Option<Timestamp>,
        /// Only what was done before this time.
        pub until: Option<Timestamp>,
        /// Where the page begins: the `next_cursor` of the one before. Empty means at the beginning.
        pub next_cursor: Option<String>,
        /// How many entries a page shows, 1 to 500.
        pub limit: Integer = Integer::from(100),
    }
}

model! {
    /// A page of the audit log.
    pub struct AuditLogResponse {
        /// The newest first.
        pub entries: Vec<AuditLogEntry>,
        /// Where the next page begins; null where there is none.
        pub next_cursor: Nullable<String>,
    }
}

model! {
    /// One change.
    pub struct AuditLogEntry {
        /// Its id.
        pub id: Uuid,
        /// When it was made.
        pub at: Timestamp,
        /// Who made it: a management key's id, or `command_line`.
        pub actor: ActorName,
        /// What was done.
        pub action: ActionName,
        /// The team it was done to, or to what belongs to it.
        pub team_id: Nullable<TeamId>,
        /// What was there before.
        pub before: Nullable<Written<Shown>>,
        /// What is there since.
        pub after: Nullable<Written<Shown>>,
        /// By provider, which preferences ask for more than the default: whoever asked was told what comes of it.
        pub acknowledgement: Nullable<Written<Shown>>,
    }
}

/// What was there, as far as it may be shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Shown(serde_json::Value);

impl Describe for Shown {
    fn schema() -> RefOr<Schema> {
        AnyObject::schema()
    }
}

/// What was done, by its name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ActionName(Action);

impl From<ActionName> for &'static str {
    fn from(ActionName(action): ActionName) -> Self {
        action.as_str()
    }
}

impl ActionName {
    fn all() -> Vec<Self> {
        Action::ALL.iter().map(|&action| Self(action)).collect()
    }
}

impl Serialize for ActionName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl Read for ActionName {
    fn read(value: &Value, loc: &Loc<'_>, problems: &mut Problems) -> Option<Self> {
        read_literal(&Self::all(), value, loc, problems)
    }
}

impl Describe for ActionName {
    fn schema() -> RefOr<Schema> {
        choice_schema(Action::ALL.iter().map(|action| action.as_str())).into()
    }
}

/// Who did it: a management key, by its id, or whoever runs the server.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ActorName(Actor);

/// The name of whoever runs the server.
const COMMAND_LINE: &str = "command_line";

impl Serialize for ActorName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Actor::Key(id) => id.serialize(serializer),
            Actor::CommandLine => COMMAND_LINE.serialize(serializer),
        }
    }
}

impl Read for ActorName {
    fn read(value: &Value, loc: &Loc<'_>, problems: &mut Problems) -> Option<Self> {
        if matches!(value, Value::String(name) if name == COMMAND_LINE) {
            return Some(Self(Actor::CommandLine));
        }
        KeyId::read(value, loc, problems).map(|id| Self(Actor::Key(id)))
    }
}

impl Describe for ActorName {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::String).build().into()
    }
}

impl From<AuditEntry> for AuditLogEntry {
    fn from(entry: AuditEntry) -> Self {
        let written = |shown: Option<serde_json::Value>| Nullable(shown.map(|it| Written::new(&Shown(it))));
        Self {
            id: entry.id.0,
            at: entry.id.at(),
            actor: ActorName(entry.actor),
            action: ActionName(entry.action),
            team_id: Nullable(entry.team_id),
            before: written(entry.before),
            after: written(entry.after),
            acknowledgement: written(entry.acknowledgement),
        }
    }
}

impl AuditLogEntry {
    /// How many bytes what was there is written in.
    fn bytes(&self) -> usize {
        let shown = [&self.before, &self.after, &self.acknowledgement];
        shown.into_iter().filter_map(|Nullable(shown)| Some(shown.as_ref()?.bytes())).sum()
    }
}

/// How many entries a page may show.
const LIMIT_MAX: usize = 500;
/// How many bytes a page may show before it ends early: an entry alone may have a hundred thousand.
const BYTES_MAX: usize = 4 * 1024 * 1024;
/// How many entries are read at once, since it is seen only then how large they are.
const CHUNK: usize = 50;

fn limit(asked: &Integer, problems: &mut Problems) -> usize {
    let limit = usize::try_from(asked.saturating()).unwrap_or(0);
    let (query, said) = (Loc::root("query"), format!("a page shows 1 to {LIMIT_MAX} entries"));
    let loc = query.key("limit");
    if limit < 1 {
        problems.add_with("greater_than_equal", &loc, said, &asked.to_value(), ("ge", 1));
    } else if limit > LIMIT_MAX {
        problems.add_with("less_than_equal", &loc, said, &asked.to_value(), ("le", LIMIT_MAX));
    }
    limit
}

/// Show who changed what.
///
/// An extension of the documented API: every change of the organisation, by a request or on the command line, with
/// what was there before and after, without secrets. A `team_admin` key sees what was done to the teams it is bound
/// to. A page ends early rather than show more than some 4 MiB.
#[utoipa::path(
    get,
    path = "/v1/org/{org_id}/audit_log",
    operation_id = "get_audit_log_v1_org__org_id__audit_log_get",
    tag = "Extensions",
    summary = "Get Audit Log",
    params(OrgPath, AuditQuery),
    responses((status = 200, description = "Successful Response", body = AuditLogResponse), Refusals),
    extensions(("x-lookback-extension" = json!(true))),
)]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Valid { path, query, .. }: Valid<OrgPath, AuditQuery>,
) -> Result<Json<AuditLogResponse>, Error> {
    caller.of(path.org_id)?;
    let OrgPath { org_id } = path;
    let mut problems = Problems::default();
    let limit = limit(&query.limit, &mut problems);
    let fingerprint = || {
        let AuditQuery { team_id, actor, action, since, until, .. } = &query;
        Fingerprint::of(("audit_log", org_id, team_id, actor, action, since, until))
    };
    let before = after(query.next_cursor.as_deref(), fingerprint, &mut problems);
    Error::check(problems)?;

    let filter = AuditFilter {
        visible: caller.visible(),
        team: query.team_id,
        actor: query.actor.map(|ActorName(actor)| actor),
        action: query.action.map(|ActionName(action)| action),
        from: query.since,
        until: query.until,
    };
    let (entries, shown) = read(&app, org_id, &filter, before.map(AuditId), limit).await?;
    let (entries, next_cursor) = page(entries, shown, |last| last.id, fingerprint);
    Ok(Json(AuditLogResponse { entries, next_cursor: Nullable(next_cursor) }))
}

/// The entries of a page and, where there are more, one of those; and how many of them the page shows.
async fn read(
    app: &App,
    org: OrgId,
    filter: &AuditFilter,
    mut before: Option<AuditId>,
    limit: usize,
) -> Result<(Vec<AuditLogEntry>, usize), Error> {
    let (mut entries, mut bytes) = (Vec::new(), 0);
    loop {
        let wanted = (limit + 1 - entries.len()).min(CHUNK);
        let chunk = app.store.audit(org, filter, before, wanted).await?;
        let is_last = chunk.len() < wanted;
        before = chunk.last().map(|entry| entry.id);
        entries.extend(chunk.into_iter().map(AuditLogEntry::from).inspect(|entry| bytes += entry.bytes()));
        if is_last || entries.len() > limit {
            return Ok((entries, limit));
        }
        if bytes > BYTES_MAX {
            let shown = entries.len() - 1;
            return Ok((entries, shown));
        }
    }
}
