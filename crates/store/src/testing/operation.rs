//! Operations as values, so that a random sequence of them can be run, compared and made smaller.

use std::collections::BTreeMap;

use jiff::Timestamp;
use lookback_domain::{Environment, KeyId, OrgId, Preference, Provider, Region, Resource, TeamId};
use proptest::collection::{btree_map, vec};
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::{option, sample::select};

use super::samples::{days, digest, key_id, org_id, team_id};
use crate::{Key, KeyDigest, Org, Scope, Selection, Store, Team, TeamPreferences};

/// One call of a store.
#[derive(Debug, Clone)]
pub(super) enum Operation {
    CreateOrg(Org, Vec<Team>, Vec<Key>),
    Orgs(Option<OrgId>, usize),
    DeleteOrg(OrgId),
    CreateTeam(Team),
    Teams(OrgId, Option<TeamId>, usize),
    DeleteTeam(OrgId, TeamId),
    CreateKey(Key),
    Keys(OrgId, Option<KeyId>, usize),
    DeleteKey(OrgId, KeyId),
    KeyByDigest(KeyDigest),
    Preferences(Scope, Vec<TeamId>),
    Page(Scope, Option<TeamId>, usize),
    Upsert(Scope, Vec<TeamId>, BTreeMap<Provider, Preference>, Timestamp),
    Delete(Scope, Option<Vec<TeamId>>, Option<Vec<Provider>>),
}

/// What a call answered.
#[derive(Debug, PartialEq)]
pub(super) enum Answer {
    Done,
    Orgs(Vec<Org>),
    Teams(Vec<Team>),
    Keys(Vec<Key>),
    Key(Option<Key>),
    Preferences(Vec<TeamPreferences>),
    /// The error as it prints for a developer, which names its kind and every id of it.
    Refused(String),
}

impl Operation {
    /// Calls the store.
    pub(super) async fn run(&self, store: &dyn Store) -> Answer {
        self.call(store).await.unwrap_or_else(|error| Answer::Refused(format!("{error:?}")))
    }

    async fn call(&self, store: &dyn Store) -> crate::Result<Answer> {
        let done = |()| Answer::Done;
        match self.clone() {
            Self::CreateOrg(org, teams, keys) => store.create_org(org, teams, keys).await.map(done),
            Self::Orgs(after, limit) => store.orgs(after, limit).await.map(Answer::Orgs),
            Self::DeleteOrg(org) => store.delete_org(org).await.map(done),
            Self::CreateTeam(team) => store.create_team(team).await.map(done),
            Self::Teams(org, after, limit) => store.teams(org, after, limit).await.map(Answer::Teams),
            Self::DeleteTeam(org, team) => store.delete_team(org, team).await.map(done),
            Self::CreateKey(key) => store.create_key(key).await.map(done),
            Self::Keys(org, after, limit) => store.keys(org, after, limit).await.map(Answer::Keys),
            Self::DeleteKey(org, key) => store.delete_key(org, key).await.map(done),
            Self::KeyByDigest(digest) => store.key_by_digest(digest).await.map(Answer::Key),
            Self::Preferences(scope, teams) => {
                store.preferences(scope, Selection::Teams(&teams)).await.map(Answer::Preferences)
            }
            Self::Page(scope, after, limit) => {
                store.preferences(scope, Selection::Page { after, limit }).await.map(Answer::Preferences)
            }
            Self::Upsert(scope, teams, changes, at) => {
                store.upsert_preferences(scope, &teams, &changes, at).await.map(Answer::Preferences)
            }
            Self::Delete(scope, teams, providers) => {
                store.delete_preferences(scope, teams.as_deref(), providers.as_deref()).await.map(done)
            }
        }
    }
}

/// Everything that is in a store about these organisations.
pub(super) async fn contents(store: &dyn Store, orgs: &[OrgId]) -> Vec<Answer> {
    let mut found = Vec::new();
    for &org_id in orgs {
        found.push(Operation::Teams(org_id, None, usize::MAX).run(store).await);
        found.push(Operation::Keys(org_id, None, usize::MAX).run(store).await);
        for &region in Region::ALL {
            for &environment in Environment::ALL {
                let scope = Scope { org_id, region, environment };
                found.push(Operation::Page(scope, None, usize::MAX).run(store).await);
            }
        }
    }
    found
}

/// The small worlds of ids, in which calls often meet. Those of two spaces have nothing in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Space(pub(super) u8);

impl Space {
    /// Ids far enough apart that several spaces interleave.
    fn number(self, n: u8) -> u8 {
        n * 40 + self.0
    }

    pub(super) fn orgs(self) -> Vec<OrgId> {
        (0..3).map(|n| org_id(self.number(n))).collect()
    }

    /// Mostly one of the first two.
    fn org(self) -> impl Strategy<Value = OrgId> {
        prop_oneof![9 => 0..2_u8, 1 => Just(2)].prop_map(move |n| org_id(self.number(n)))
    }

    fn team(self) -> impl Strategy<Value = TeamId> {
        (0..6_u8).prop_map(move |n| team_id(self.number(n)))
    }

    /// Mostly those that `new_team` gives to this organisation.
    fn teams_of(self, org: OrgId) -> impl Strategy<Value = Vec<TeamId>> + Clone {
        let own = (0..6).filter(|n| org_id(self.number(n % 2)) == org).map(|n| team_id(self.number(n)));
        let own: Vec<_> = own.chain([team_id(self.number(0))]).collect();
        let any = (0..6).map(|n| team_id(self.number(n))).collect::<Vec<_>>();
        prop_oneof![5 => vec(select(own), 0..3), 1 => vec(select(any), 0..4)]
    }

    fn key(self) -> impl Strategy<Value = KeyId> {
        (0..4_u8).prop_map(move |n| key_id(self.number(n)))
    }

    fn digest(self) -> impl Strategy<Value = KeyDigest> {
        (0..4_u8).prop_map(move |n| digest(self.number(n)))
    }

    /// Mostly in the United States, and of the organisation that its id suggests.
    fn new_team(self, org: Option<OrgId>) -> impl Strategy<Value = Team> {
        let owner = prop_oneof![5 => Just(None), 1 => self.org().prop_map(Some)];
        (0..6_u8, owner, text(), region(), time()).prop_map(move |(n, owner, name, region, created_at)| {
            let org_id = org.or(owner).unwrap_or(org_id(self.number(n % 2)));
            Team { id: team_id(self.number(n)), org_id, name, region, created_at }
        })
    }

    fn new_key(self, org: impl Strategy<Value = OrgId>) -> impl Strategy<Value = Key> {
        (self.key(), org, text(), self.digest(), time())
            .prop_map(|(id, org_id, label, digest, created_at)| Key { id, org_id, label, digest, created_at })
    }

    fn scope(self) -> impl Strategy<Value = Scope> {
        let environment = prop_oneof![3 => Just(Environment::Production), 1 => Just(Environment::Sandbox)];
        (self.org(), region(), environment).prop_map(|(org_id, region, environment)| Scope {
            org_id,
            region,
            environment,
        })
    }

    fn scope_and_teams(self) -> impl Strategy<Value = (Scope, Vec<TeamId>)> {
        self.scope().prop_flat_map(move |scope| (Just(scope), self.teams_of(scope.org_id)))
    }

    /// Creates one of the organisations, often with ids that are in use or given twice.
    fn create_org(self) -> impl Strategy<Value = Operation> {
        (self.org(), text(), time()).prop_flat_map(move |(id, name, created_at)| {
            let org = Org { id, name, created_at };
            (Just(org), vec(self.new_team(Some(id)), 0..3), vec(self.new_key(Just(id)), 0..3))
                .prop_map(|(org, teams, keys)| Operation::CreateOrg(org, teams, keys))
        })
    }

    /// A call that touches this space alone.
    pub(super) fn operation(self) -> impl Strategy<Value = Operation> {
        use Operation as Op;
        let (org, team, key) = (|| self.org(), || self.team(), || self.key());
        let providers = || option::of(vec(select(PROVIDERS), 0..3));
        prop_oneof![
            4 => self.create_org(),
            1 => org().prop_map(Op::DeleteOrg),
            6 => self.new_team(None).prop_map(Op::CreateTeam),
            2 => (org(), option::of(team()), limit()).prop_map(|(org, after, n)| Op::Teams(org, after, n)),
            2 => (org(), team()).prop_map(|(org, team)| Op::DeleteTeam(org, team)),
            3 => self.new_key(org()).prop_map(Op::CreateKey),
            2 => (org(), option::of(key()), limit()).prop_map(|(org, after, n)| Op::Keys(org, after, n)),
            2 => (org(), key()).prop_map(|(org, key)| Op::DeleteKey(org, key)),
            2 => self.digest().prop_map(Op::KeyByDigest),
            4 => self.scope_and_teams().prop_map(|(scope, teams)| Op::Preferences(scope, teams)),
            4 => (self.scope(), option::of(team()), limit())
                .prop_map(|(scope, after, n)| Op::Page(scope, after, n)),
            12 => (self.scope_and_teams(), btree_map(select(PROVIDERS), preference(), 0..4), time())
                .prop_map(|((scope, teams), changes, at)| Op::Upsert(scope, teams, changes, at)),
            2 => (self.scope_and_teams(), providers())
                .prop_map(|((scope, teams), providers)| Op::Delete(scope, Some(teams), providers)),
            1 => (self.scope(), providers())
                .prop_map(|(scope, providers)| Op::Delete(scope, None, providers)),
        ]
    }

    /// Any number of calls, after those that give them something to work on.
    pub(super) fn operations(self) -> impl Strategy<Value = Vec<Operation>> {
        let first = vec(self.create_org(), 2);
        let teams = vec(self.new_team(None).prop_map(Operation::CreateTeam), 3);
        (first, teams, vec(self.operation(), 1..40))
            .prop_map(|(first, teams, rest)| [first, teams, rest].concat())
    }
}

const PROVIDERS: &[Provider] = &[Provider::Oura, Provider::Fitbit, Provider::GoogleHealth];
const RESOURCES: &[Resource] = &[Resource::Sleep, Resource::Heartrate, Resource::Hypnogram];

fn preference() -> impl Strategy<Value = Preference> {
    let few_days = || select(&[0, 1, 14, 365][..]).prop_map(days);
    (few_days(), btree_map(select(RESOURCES), few_days(), 0..3))
        .prop_map(|(default, overrides)| Preference { default, overrides })
}

/// Mostly the United States.
fn region() -> impl Strategy<Value = Region> {
    prop_oneof![4 => Just(Region::Us), 1 => Just(Region::Eu)]
}

fn limit() -> impl Strategy<Value = usize> {
    select(&[0, 1, 2, 3, usize::MAX][..])
}

fn text() -> impl Strategy<Value = String> {
    "[a-zß'\"%_\\\\ ]{0,4}"
}

/// Any moment of two centuries, to the nanosecond, which is more than is kept.
fn time() -> impl Strategy<Value = Timestamp> {
    (0..6_000_000_000_i64, any::<u32>().prop_map(|n| n % 1_000_000_000)).prop_map(|(second, nanosecond)| {
        Timestamp::new(second, nanosecond.cast_signed()).expect("a moment before the year 2200")
    })
}
