//! `/v1/org/{org_id}/management_key`: what the methods have in common.

pub mod create;
pub mod delete;
pub mod lifetime;
pub mod list;
pub mod patch;

use std::collections::BTreeSet;

use jiff::Timestamp;
use lookback_domain::{KeyId, Label, OrgId, Role, TeamId};
use lookback_store::{Actor, Key, KeyFilter};

use super::cursor::before;
use crate::wire::{
    Loc, ManagementKeyWord, Nullable, OrgMember, Problems, RemovedOrgMember, Value, VitalStaff, model,
    request, union,
};
use crate::{App, Caller, Error};

request! { path
    /// Which key.
    pub struct KeyPath {
        /// The organisation; it has to be the calling key's own.
        pub org_id: OrgId,
        /// The key.
        pub key_id: KeyId,
    }
}

request! {
    /// A team that a key is bound to.
    pub struct TeamRoleBinding {
        /// The team.
        pub team_id: TeamId,
    }
}

model! {
    /// A management key, without the key.
    pub struct ClientFacingManagementKey {
        /// Its id.
        pub id: KeyId,
        /// What people call it.
        pub label: String,
        /// When it was created.
        pub created_at: Timestamp,
        /// Who made it.
        pub creator: Creator,
        /// What it may do.
        pub role: Role,
        /// The teams that a `team_admin` may manage; null for an `org_admin`.
        pub team_role_bindings: Nullable<Vec<TeamRoleBinding>>,
    }
}

union! { answer
    /// Who made a key: another key, or (`vital_staff`) whoever runs the server.
    #[expect(dead_code, reason = "the contract has people, Lookback has none")]
    pub enum Creator {
        OrgMember(CreatorOrgMember),
        OrgMemberRemoved(CreatorOrgMemberRemoved),
        VitalStaff(CreatorVitalStaff),
        ManagementKey(CreatorManagementKey),
    }
}

model! {
    /// A person. There are none in Lookback.
    pub struct CreatorOrgMember {
        /// `org_member`
        pub r#type: OrgMember,
        /// Never answered.
        pub id: uuid::Uuid,
        /// Never answered.
        pub name: String,
        /// Never answered.
        pub email: String,
        /// Never answered.
        pub avatar: String,
    }
}

model! {
    /// A person who is gone. There are none in Lookback.
    pub struct CreatorOrgMemberRemoved {
        /// `removed_org_member`
        pub r#type: RemovedOrgMember,
        /// Never answered.
        pub id: Nullable<uuid::Uuid>,
    }
}

model! {
    /// Whoever runs the server, on its command line.
    pub struct CreatorVitalStaff {
        /// `vital_staff`
        pub r#type: VitalStaff,
    }
}

model! {
    /// A management key.
    pub struct CreatorManagementKey {
        /// `management_key`
        pub r#type: ManagementKeyWord,
    }
}

impl From<Actor> for Creator {
    fn from(actor: Actor) -> Self {
        match actor {
            Actor::Key(_) => Self::ManagementKey(CreatorManagementKey { r#type: ManagementKeyWord }),
            Actor::CommandLine => Self::VitalStaff(CreatorVitalStaff { r#type: VitalStaff }),
        }
    }
}

/// The bindings of a key as they are shown.
fn shown(key: &Key) -> Nullable<Vec<TeamRoleBinding>> {
    let bindings = || key.bindings.iter().map(|&team_id| TeamRoleBinding { team_id }).collect();
    Nullable((key.role == Role::TeamAdmin).then(bindings))
}

impl From<Key> for ClientFacingManagementKey {
    fn from(key: Key) -> Self {
        let team_role_bindings = shown(&key);
        Self {
            id: key.id,
            label: key.label,
            created_at: key.created_at,
            creator: key.creator.into(),
            role: key.role,
            team_role_bindings,
        }
    }
}

/// The key, where it is there and the caller may see it.
async fn visible(app: &App, caller: &Caller, org: OrgId, id: KeyId) -> Result<Key, Error> {
    let filter = KeyFilter { within: caller.visible(), role: None, team: None };
    // The first key after the id before it.
    let found = app.store.keys(org, &filter, before(id.0).map(KeyId), 1).await?;
    let found = found.into_iter().find(|key| key.id == id);
    found.ok_or_else(|| lookback_store::Error::UnknownKey(id).into())
}

/// Refuses a label that cannot be stored.
fn refuse_label(label: &str, problems: &mut Problems) {
    let body = Loc::root("body");
    if let Err(why) = label.parse::<Label>() {
        problems.add("value_error", &body.key("label"), why.to_string(), &Value::String(label.to_owned()));
    }
}

/// Refuses to let a key end before it is used, or after the key of a caller that hands on no more than it has.
fn refuse_end(caller: &Caller, expires_at: Option<Timestamp>, now: Timestamp, problems: &mut Problems) {
    let said = match (expires_at, caller.end()) {
        (Some(end), _) if end <= now => "a key cannot expire in the past; delete it to revoke it".to_owned(),
        (end, Some(last)) if end.is_none_or(|end| end > last) => {
            format!("the key that asks for this ends at {last}, and this one cannot outlast it")
        }
        _ => return,
    };
    let input = expires_at.map_or(Value::Null, |end| Value::String(end.to_string()));
    problems.add("value_error", &Loc::root("body").key("expires_at"), said, &input);
}

/// The teams that a key of this role is to be bound to. What does not go together goes to `problems`.
fn bindings(role: Role, asked: &[TeamRoleBinding], problems: &mut Problems) -> BTreeSet<TeamId> {
    let teams: BTreeSet<_> = asked.iter().map(|binding| binding.team_id).collect();
    let written = |binding: &TeamRoleBinding| {
        Value::Map([("team_id".to_owned(), Value::String(binding.team_id.to_string()))].into())
    };
    let input = || Value::List(asked.iter().map(written).collect());
    let body = Loc::root("body");
    let mut refuse = |said: String, input| {
        problems.add("value_error", &body.key("team_role_bindings"), said, &input);
    };
    match role {
        Role::OrgAdmin if !teams.is_empty() => {
            refuse("an org_admin key is bound to no team".to_owned(), input());
            return BTreeSet::new();
        }
        Role::TeamAdmin if teams.is_empty() => {
            refuse("a team_admin key is bound to at least one team".to_owned(), input());
        }
        Role::TeamAdmin if teams.len() > Key::BINDINGS_MAX => {
            let max = Key::BINDINGS_MAX;
            let said = format!("a key is bound to at most {max} teams; these are {}", teams.len());
            refuse(said, Value::Integer(teams.len().into()));
        }
        _ => {}
    }
    teams
}

/// Answers our own rules, which come after the question whether the teams named are there for the caller.
async fn refuse(
    app: &App,
    caller: &Caller,
    org: OrgId,
    teams: &BTreeSet<TeamId>,
    problems: Problems,
) -> Result<(), Error> {
    let unseen: Vec<_> = teams.iter().copied().filter(|&team| !caller.sees(team)).collect();
    if !unseen.is_empty() {
        return Err(lookback_store::Error::UnknownTeams(unseen).into());
    }
    if !problems.is_empty() && teams.len() <= Key::BINDINGS_MAX {
        for &team in teams {
            app.store.team(org, team).await?;
        }
    }
    Error::check(problems)
}
