//! Random operations.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use lookback_domain::{
    CredentialId, Days, Environment, KeyId, OrgId, OwnQuota, Preference, Provider, QuotaWindow, Raised,
    Region, Resource, Role, TeamId, Unit, WindowKind,
};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::{option, sample::select};

use super::{Call, Operation};
use crate::testing::samples::{at, content, credential_id, days, digest, key_id, numbered, org_id, team_id};
use crate::{
    Action, Actor, AuditFilter, AuditId, CredentialContent, CredentialFilter, Key, KeyDigest, KeyFilter,
    KeyGuard, KeyPatch, Once, Org, Scope, Seals, Team, TeamFilter, TeamPatch, Visible,
};

/// The small worlds of ids, in which calls often meet. Those of two spaces have nothing in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Space(pub(crate) u8);

impl Space {
    /// Ids far enough apart that several spaces interleave.
    fn number(self, n: u8) -> u8 {
        n * 40 + self.0
    }

    pub(crate) fn orgs(self) -> Vec<OrgId> {
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

    fn some_teams(self) -> impl Strategy<Value = BTreeSet<TeamId>> {
        btree_set(self.team(), 0..4)
    }

    /// Mostly every team.
    fn visible(self) -> impl Strategy<Value = Visible> {
        let only = self.some_teams().prop_map(|teams| Visible::Only(Arc::new(teams)));
        prop_oneof![4 => Just(Visible::All), 1 => only]
    }

    fn key(self) -> impl Strategy<Value = KeyId> {
        (0..4_u8).prop_map(move |n| key_id(self.number(n)))
    }

    fn digest(self) -> impl Strategy<Value = KeyDigest> {
        (0..4_u8).prop_map(move |n| digest(self.number(n)))
    }

    fn credential(self) -> impl Strategy<Value = CredentialId> {
        (0..6_u8).prop_map(move |n| credential_id(self.number(n)))
    }

    fn actor(self) -> impl Strategy<Value = Actor> {
        prop_oneof![1 => Just(Actor::CommandLine), 1 => self.key().prop_map(Actor::Key)]
    }

    /// Mostly nothing.
    fn once(self) -> impl Strategy<Value = Option<Once>> {
        let once = (self.key(), "[ab]", select(&[[1; 32], [2; 32]][..]));
        option::weighted(
            0.3,
            once.prop_map(|(key_id, token, fingerprint)| Once { key_id, token, fingerprint }),
        )
    }

    /// Mostly in the United States, and of the organisation that its id suggests.
    fn new_team(self, org: Option<OrgId>) -> impl Strategy<Value = Team> {
        let owner = prop_oneof![5 => Just(None), 1 => self.org().prop_map(Some)];
        (0..6_u8, owner, text(), region(), integration_id(), time()).prop_map(
            move |(n, owner, name, region, integration_team_id, created_at)| {
                let org_id = org.or(owner).unwrap_or(org_id(self.number(n % 2)));
                Team { id: team_id(self.number(n)), org_id, name, region, integration_team_id, created_at }
            },
        )
    }

    /// Bound to any teams where `bound` allows it.
    fn new_key(self, org: impl Strategy<Value = OrgId>, bound: bool) -> impl Strategy<Value = Key> {
        let bindings = prop_oneof![1 => Just(None), 1 => self.some_teams().prop_map(Some)];
        let made = (self.actor(), time(), expiry());
        (self.key(), org, text(), self.digest(), bindings, made).prop_map(
            move |(id, org_id, label, digest, bindings, (creator, created_at, expires_at))| {
                let bindings = bindings.filter(|_| bound);
                let role = if bindings.is_some() { Role::TeamAdmin } else { Role::OrgAdmin };
                let bindings = bindings.unwrap_or_default();
                Key {
                    id,
                    org_id,
                    label,
                    digest,
                    role,
                    bindings,
                    creator,
                    created_at,
                    expires_at,
                    last_used_at: None,
                }
            },
        )
    }

    fn scope(self) -> impl Strategy<Value = Scope> {
        let environment = prop_oneof![3 => Just(Environment::Production), 1 => Just(Environment::Sandbox)];
        (self.org(), region(), environment, self.visible())
            .prop_map(|(org_id, region, environment, visible)| Scope { org_id, region, environment, visible })
    }

    fn scope_and_teams(self) -> impl Strategy<Value = (Scope, Vec<TeamId>)> {
        self.scope().prop_flat_map(move |scope| {
            let teams = self.teams_of(scope.org_id);
            (Just(scope), teams)
        })
    }

    /// Creates one of the organisations, often with ids that are in use or given twice.
    fn create_org(self) -> impl Strategy<Value = Operation> {
        (self.org(), text(), time()).prop_flat_map(move |(id, name, created_at)| {
            let org = Org { id, name, created_at };
            (Just(org), vec(self.new_team(Some(id)), 0..3), vec(self.new_key(Just(id), false), 0..3))
                .prop_map(|(org, teams, keys)| Operation::CreateOrg(org, teams, keys))
        })
    }

    fn of_teams(self) -> impl Strategy<Value = Operation> {
        use Operation as Op;
        let (org, team) = (|| self.org(), || self.team());
        let filter = (self.visible(), option::weighted(0.1, team()), vec(region(), 0..2), option::of(text()));
        let filter =
            filter.prop_map(|(visible, id, regions, search)| TeamFilter { visible, id, regions, search });
        let patch = (option::of(text()), option::of(integration_id()))
            .prop_map(|(name, integration_team_id)| TeamPatch { name, integration_team_id });
        prop_oneof![
            6 => (self.new_team(None), self.once()).prop_map(|(team, once)| Op::CreateTeam(team, once)),
            1 => (org(), team()).prop_map(|(org, team)| Op::Team(org, team)),
            1 => (org(), integration_id()).prop_map(|(org, id)| Op::TeamByIntegrationId(org, id.unwrap_or_default())),
            2 => (org(), filter, option::of(team()), limit()).prop_map(|(org, filter, after, n)| Op::Teams(org, filter, after, n)),
            3 => (org(), team(), patch).prop_map(|(org, team, patch)| Op::PatchTeam(org, team, patch)),
            2 => (org(), team()).prop_map(|(org, team)| Op::DeleteTeam(org, team)),
        ]
    }

    fn of_keys(self) -> impl Strategy<Value = Operation> {
        use Operation as Op;
        let (org, key) = (|| self.org(), || self.key());
        let role = select(&[Role::OrgAdmin, Role::TeamAdmin][..]);
        let filter = (self.visible(), option::of(role), option::weighted(0.2, self.team()))
            .prop_map(|(within, role, team)| KeyFilter { within, role, team });
        let patch = (option::of(text()), option::of(self.some_teams()), option::of(expiry()))
            .prop_map(|(label, bindings, expires_at)| KeyPatch { label, bindings, expires_at });
        let guard = || {
            (self.visible(), any::<bool>()).prop_map(|(within, keep_admin)| KeyGuard { within, keep_admin })
        };
        prop_oneof![
            6 => (self.new_key(org(), true), self.once()).prop_map(|(key, once)| Op::CreateKey(key, once)),
            2 => (org(), filter, option::of(key()), limit()).prop_map(|(org, filter, after, n)| Op::Keys(org, filter, after, n)),
            4 => (org(), key(), patch, guard()).prop_map(|(org, key, patch, guard)| Op::PatchKey(org, key, patch, guard)),
            2 => (org(), key(), guard()).prop_map(|(org, key, guard)| Op::DeleteKey(org, key, guard)),
            2 => self.digest().prop_map(Op::KeyByDigest),
            2 => vec((key(), moment()), 0..3).prop_map(Op::RecordKeyUses),
        ]
    }

    fn of_preferences(self) -> impl Strategy<Value = Operation> {
        use Operation as Op;
        let providers = || option::of(vec(select(PROVIDERS), 0..3));
        let (changes, raised) = (btree_map(select(PROVIDERS), preference(), 0..4), raised());
        prop_oneof![
            4 => self.scope_and_teams().prop_map(|(scope, teams)| Op::Preferences(scope, teams)),
            4 => (self.scope(), option::of(self.team()), limit())
                .prop_map(|(scope, after, n)| Op::Page(scope, after, n)),
            12 => (self.scope_and_teams(), changes, raised)
                .prop_map(|((scope, teams), changes, raised)| Op::Upsert(scope, teams, changes, raised)),
            2 => (self.scope_and_teams(), providers())
                .prop_map(|((scope, teams), providers)| Op::Delete(scope, teams, providers)),
            2 => (self.scope(), option::of(self.team()), limit(), providers())
                .prop_map(|(scope, after, n, providers)| Op::DeletePage(scope, after, n, providers)),
        ]
    }

    fn of_credentials(self) -> impl Strategy<Value = Operation> {
        use Operation as Op;
        let id = || self.credential();
        let target = (self.scope_and_teams(), self.team());
        let upsert = (target, select(PROVIDERS), id(), credential_content(), self.once());
        let seals = || credential_content().prop_map(|content| content.seals);
        prop_oneof![
            8 => upsert.prop_map(|(((scope, teams), other), provider, id, content, once)| {
                let team = teams.first().copied().unwrap_or(other);
                Op::UpsertCredential(scope, team, provider, id, content, once)
            }),
            3 => (self.scope_and_teams(), option::of(select(PROVIDERS)), option::of(id()), limit())
                .prop_map(|((scope, teams), provider, after, n)| {
                    Op::Credentials(scope, CredentialFilter { teams, provider }, after, n)
                }),
            2 => (self.scope(), id(), option::of(quota())).prop_map(|(scope, id, quota)| Op::SetQuota(scope, id, quota)),
            2 => (self.scope(), vec(id(), 0..4)).prop_map(|(scope, ids)| Op::DeleteCredentials(scope, ids)),
            2 => (id(), seals(), seals()).prop_map(|(id, before, after): (_, Seals, _)| Op::Reseal(id, before, after)),
        ]
    }

    fn of_audit(self) -> impl Strategy<Value = Operation> {
        let team = option::weighted(0.3, self.team());
        let actor = option::weighted(0.3, self.actor());
        let action = option::weighted(0.2, select(Action::ALL));
        let times = (option::weighted(0.2, moment()), option::weighted(0.2, moment()));
        let filter = (self.visible(), team, actor, action, times).prop_map(
            |(visible, team, actor, action, (from, until))| AuditFilter {
                visible,
                team,
                actor,
                action,
                from,
                until,
            },
        );
        let before = option::weighted(0.3, moment().prop_map(AuditId::floor));
        (self.org(), filter, before, limit())
            .prop_map(|(org, filter, before, n)| Operation::Audit(org, filter, before, n))
    }

    /// A call that touches this space alone.
    fn operation(self) -> impl Strategy<Value = Operation> {
        use Operation as Op;
        let org = || self.org();
        prop_oneof![
            4 => self.create_org(),
            1 => org().prop_map(Op::Org),
            1 => (org(), text()).prop_map(|(org, name)| Op::RenameOrg(org, name)),
            1 => (org(), 1..40_usize).prop_map(|(org, rows)| Op::DeleteOrg(org, rows)),
            10 => self.of_teams(),
            10 => self.of_keys(),
            20 => self.of_preferences(),
            12 => self.of_credentials(),
            6 => self.of_audit(),
        ]
    }

    /// Any number of calls, after those that give them something to work on.
    pub(crate) fn calls(self) -> impl Strategy<Value = Vec<Call>> {
        let first = vec(self.create_org(), 2);
        let teams = vec(self.new_team(None).prop_map(|team| Operation::CreateTeam(team, None)), 3);
        let operations = (first, teams, vec(self.operation(), 1..40))
            .prop_map(|(first, teams, rest)| [first, teams, rest].concat());
        let authors = vec((self.actor(), moment()), 45);
        (operations, authors).prop_map(move |(operations, authors)| {
            // No two changes have the same id, as none have where ids are random.
            let number = |n: u32| u32::from(self.0) * 1000 + n;
            let calls = (0..).zip(authors).zip(operations);
            let call = |((n, (actor, at)), operation)| Call { by: numbered(actor, at, number(n)), operation };
            calls.map(call).collect()
        })
    }
}

const PROVIDERS: &[Provider] = &[Provider::Oura, Provider::Fitbit, Provider::GoogleHealth];
const RESOURCES: &[Resource] = &[Resource::Sleep, Resource::Heartrate, Resource::Hypnogram];

fn few_days() -> impl Strategy<Value = Days> {
    select(&[0, 1, 14, 365][..]).prop_map(days)
}

fn preference() -> impl Strategy<Value = Preference> {
    (few_days(), btree_map(select(RESOURCES), few_days(), 0..3))
        .prop_map(|(default, overrides)| Preference { default, overrides })
}

fn raised() -> impl Strategy<Value = std::collections::BTreeMap<Provider, Raised>> {
    let one = (few_days(), few_days()).prop_map(|(days, default)| Raised { days, default });
    btree_map(select(PROVIDERS), one, 0..2)
}

/// With a secret, details, both or none, under one of two master keys.
fn credential_content() -> impl Strategy<Value = CredentialContent> {
    (select(&["one", "two"][..]), 0..3_u8, any::<bool>(), any::<bool>()).prop_map(
        |(key, n, has_secret, has_details)| {
            let mut content = content(key, n);
            let secret = content.seals.client_secret.take();
            content.seals = Seals {
                client_secret: secret.clone().filter(|_| has_secret),
                details: secret.filter(|_| has_details),
            };
            content.details_hash = has_details.then(|| format!("details {n}"));
            content
        },
    )
}

fn quota() -> impl Strategy<Value = OwnQuota> {
    let window = (1..1000_u64, 1..1000_u64, any::<bool>()).prop_map(|(limit, seconds, aligned)| {
        let kind = if aligned { WindowKind::Aligned } else { WindowKind::Log };
        QuotaWindow { limit, limit_per_user: 0, seconds, kind, unit: Unit::DaysOfData }
    });
    (vec(window.clone(), 0..2), vec(window, 0..2))
        .prop_map(|(windows, user_windows)| OwnQuota { windows, user_windows })
}

/// Mostly the United States.
fn region() -> impl Strategy<Value = Region> {
    prop_oneof![4 => Just(Region::Us), 1 => Just(Region::Eu)]
}

fn limit() -> impl Strategy<Value = usize> {
    select(&[0, 1, 2, 3, usize::MAX][..])
}

fn text() -> impl Strategy<Value = String> {
    "[a-zA-ZßÄ'\"%_\\\\ ]{0,4}"
}

/// Mostly none.
fn integration_id() -> impl Strategy<Value = Option<String>> {
    option::weighted(0.3, "[aA]")
}

/// Mostly never.
fn expiry() -> impl Strategy<Value = Option<Timestamp>> {
    option::weighted(0.3, moment())
}

/// A moment of three days, such that what is kept for a day is sometimes old and sometimes not.
fn moment() -> impl Strategy<Value = Timestamp> {
    (0..9_i64, 0..1_000_000_000_i64).prop_map(|(part, nanosecond)| {
        at(0) + SignedDuration::from_hours(8 * part) + SignedDuration::from_nanos(nanosecond)
    })
}

/// Any moment of two centuries, to the nanosecond, which is more than is kept.
fn time() -> impl Strategy<Value = Timestamp> {
    (0..6_000_000_000_i64, any::<u32>().prop_map(|n| n % 1_000_000_000)).prop_map(|(second, nanosecond)| {
        Timestamp::new(second, nanosecond.cast_signed()).expect("a moment before the year 2200")
    })
}
