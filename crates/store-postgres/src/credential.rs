//! OAuth applications of teams.

mod many;
mod row;

use std::collections::BTreeSet;

use async_trait::async_trait;
use lookback_domain::{CredentialId, OrgId, OwnQuota, Provider, TeamId};
use lookback_store::{
    Author, Created, Credential, CredentialContent, CredentialFilter, CredentialPlace, CredentialStore,
    DeletedCredentials, Error, MasterKeyId, Once, Result, Scope, Seals, Trail, Visible, Was, each_once, kept,
};
use uuid::Uuid;

use crate::column::{first_after, limit, slug};
use crate::failure::Outcome;
use crate::page::page_of;
use crate::session::Session;
use crate::{PostgresStore, audit, once, preference};
pub(crate) use many::insert_all;
use row::{Owned, columns, put};

const IN_PLACE: &str = columns!("team_id = $1 AND environment = $2 AND provider = $3 FOR UPDATE");
const OF_TEAM: &str = columns!("team_id = $1");
const GET: &str = columns!("id = $1");
const LOCK: &str = columns!("id = $1 FOR UPDATE");
const PAGE: &str = columns!(
    "org_id = $1 AND region = $2 AND environment = $3 AND id >= $4 AND ($6::text IS NULL OR provider = $6) \
     ORDER BY id LIMIT $5"
);
const PAGE_OF_SOME: &str = columns!(
    "org_id = $1 AND region = $2 AND environment = $3 AND id >= $4 AND ($6::text IS NULL OR provider = $6) \
     AND team_id = ANY($7) ORDER BY id LIMIT $5"
);
/// Of the whole deployment.
pub(crate) const EVERY: &str = columns!("id >= $1 ORDER BY id LIMIT $2");
const OWNER: &str = "SELECT org_id, region FROM team WHERE id = $1 FOR KEY SHARE";
const TEAMS_IN_SCOPE: &str = "SELECT id FROM team WHERE id = ANY($1) AND org_id = $2 AND region = $3";
const DELETE: &str = "DELETE FROM credential WHERE id = $1";
// Of the whole deployment; no request waits for these two.
const COUNT_SEALS: &str = "SELECT key_id, count(*) FROM (\
     SELECT client_secret_key_id AS key_id FROM credential UNION ALL SELECT details_key_id FROM credential) sealed \
     WHERE key_id IS NOT NULL GROUP BY key_id ORDER BY key_id COLLATE \"C\"";
const NOT_UNDER: &str =
    columns!("id >= $1 AND (client_secret_key_id <> $2 OR details_key_id <> $2) ORDER BY id LIMIT $3");

#[cfg(feature = "testing")]
pub(crate) const STATEMENTS: &[&str] = &[
    row::UPSERT,
    IN_PLACE,
    OF_TEAM,
    GET,
    LOCK,
    PAGE,
    PAGE_OF_SOME,
    EVERY,
    OWNER,
    TEAMS_IN_SCOPE,
    DELETE,
    NOT_UNDER,
    many::INSERT,
    many::OWNERS,
];

#[async_trait]
impl CredentialStore for PostgresStore {
    async fn upsert_credential(
        &self,
        scope: &Scope,
        team_id: TeamId,
        provider: Provider,
        id: CredentialId,
        content: CredentialContent,
        once: Option<Once>,
        by: &Author,
    ) -> Result<Created<Credential>> {
        let (content, once) = (&content, once.as_ref());
        let place = CredentialPlace { team_id, environment: scope.environment, provider };
        let upsert = |session: Session| async move {
            preference::require(&session, scope, &[team_id]).await?;
            let before = in_place(&session, place).await?;
            match once::claim(&session, once, scope.org_id, by).await? {
                Some(Created::Replay(was)) => return Ok(was.credential_again(before)),
                Some(_) => return Ok(Created::Mismatch),
                None => {}
            }
            if before.is_none() && session.one(GET, &[&id.0]).await?.is_some() {
                return Err(Error::Taken(id.to_string()).into());
            }
            let after = content.clone().apply(before.as_ref(), id, place, kept(by.at));
            put(&session, scope.org_id, scope.region, &after).await?;
            once::remember(&session, once, Was::credential(&after)).await?;
            let mut trail = Trail::new(scope.org_id, by);
            trail.credential(before.as_ref(), Some(&after));
            audit::record(&session, trail).await?;
            Ok(Created::Done(after))
        };
        self.transactions.write(upsert).await
    }

    async fn credentials(
        &self,
        scope: &Scope,
        filter: &CredentialFilter,
        after: Option<CredentialId>,
        rows: usize,
    ) -> Result<Vec<Credential>> {
        let page = |session: Session| async move { page(&session, scope, filter, after, rows).await };
        self.transactions.read(page).await
    }

    async fn set_credential_quota(
        &self,
        scope: &Scope,
        id: CredentialId,
        quota: Option<OwnQuota>,
        by: &Author,
    ) -> Result<Credential> {
        let quota = &quota;
        let set = |session: Session| async move {
            let before = in_scope(&session, scope, id).await?.ok_or(Error::UnknownCredential(id))?;
            let after = before.with_quota(quota.clone(), by.at);
            put(&session, scope.org_id, scope.region, &after).await?;
            let mut trail = Trail::new(scope.org_id, by);
            trail.credential(Some(&before), Some(&after));
            audit::record(&session, trail).await?;
            Ok(after)
        };
        self.transactions.write(set).await
    }

    async fn delete_credentials(
        &self,
        scope: &Scope,
        ids: &[CredentialId],
        by: &Author,
    ) -> Result<DeletedCredentials> {
        let delete = |session: Session| async move {
            // Locked in the order of ids, answered in the order asked.
            let mut found = std::collections::BTreeMap::new();
            for &id in &ids.iter().copied().collect::<BTreeSet<_>>() {
                found.extend(in_scope(&session, scope, id).await?.map(|gone| (id, gone)));
            }
            let (mut answer, mut seen) = (DeletedCredentials::default(), BTreeSet::new());
            let mut trail = Trail::new(scope.org_id, by);
            for id in ids.iter().copied().filter(|&id| seen.insert(id)) {
                match found.remove(&id) {
                    Some(gone) => {
                        session.change(DELETE, &[&id.0]).await?;
                        trail.credential(Some(&gone), None);
                        answer.deleted.push(id);
                    }
                    None => answer.not_found.push(id),
                }
            }
            audit::record(&session, trail).await?;
            Ok(answer)
        };
        self.transactions.write(delete).await
    }

    async fn seal_counts(&self) -> Result<Vec<(MasterKeyId, u64)>> {
        let count = |session: Session| async move {
            let rows = session.all(COUNT_SEALS, &[]).await?;
            let read = |row: &tokio_postgres::Row| {
                Ok((MasterKeyId(row.try_get(0)?), row.try_get::<_, i64>(1)?.cast_unsigned()))
            };
            rows.iter().map(read).collect()
        };
        self.transactions.read(count).await
    }

    async fn credentials_not_under(
        &self,
        key_id: &MasterKeyId,
        after: Option<CredentialId>,
        rows: usize,
    ) -> Result<Vec<(OrgId, Credential)>> {
        let Some(first) = first_after(after.map(|id| id.0)) else { return Ok(Vec::new()) };
        let page = |session: Session| async move {
            let rows = session.all(NOT_UNDER, &[&first, &key_id.0, &limit(rows)]).await?;
            rows.iter().map(|row| row::read(row).map(|owned| (owned.org_id, owned.credential))).collect()
        };
        self.transactions.read(page).await
    }

    async fn reseal_credential(
        &self,
        id: CredentialId,
        before: &Seals,
        after: Seals,
        by: &Author,
    ) -> Result<bool> {
        let after = &after;
        let reseal = |session: Session| async move {
            let found = lock(&session, id).await?;
            let Some(owned) = found.filter(|owned| owned.credential.seals == *before) else {
                return Ok(false);
            };
            let mut trail = Trail::new(owned.org_id, by);
            trail.resealed(&owned.credential, after);
            let resealed = Credential { seals: after.clone(), ..owned.credential.clone() };
            put(&session, owned.org_id, owned.region, &resealed).await?;
            audit::record(&session, trail).await?;
            Ok(true)
        };
        self.transactions.write(reseal).await
    }
}

async fn page(
    session: &Session,
    scope: &Scope,
    filter: &CredentialFilter,
    after: Option<CredentialId>,
    rows: usize,
) -> Outcome<Vec<Credential>> {
    require(session, scope, &filter.teams).await?;
    let teams: Option<Vec<Uuid>> = match &scope.visible {
        _ if !filter.teams.is_empty() => Some(filter.teams.iter().map(|team| team.0).collect()),
        Visible::Only(teams) => Some(teams.iter().map(|team| team.0).collect()),
        Visible::All => None,
    };
    let (first, rows) = page_of(after.map(|id| id.0), rows);
    let provider = filter.provider.map(|provider| provider.as_str());
    let (org, region, environment) = (scope.org_id.0, scope.region.as_str(), scope.environment.as_str());
    let found = match teams {
        None => session.all(PAGE, &[&org, &region, &environment, &first, &rows, &provider]).await?,
        Some(teams) => {
            let values: crate::session::Params<'_> =
                &[&org, &region, &environment, &first, &rows, &provider, &teams];
            session.all(PAGE_OF_SOME, values).await?
        }
    };
    found.iter().map(|row| row::read(row).map(|owned| owned.credential)).collect()
}

/// Sees that all these teams are in the scope, for somebody who reads.
async fn require(session: &Session, scope: &Scope, teams: &[TeamId]) -> Outcome<()> {
    if teams.is_empty() {
        return Ok(());
    }
    let teams = each_once(teams);
    let ids: Vec<_> = teams.iter().filter(|&&team| scope.visible.sees(team)).map(|team| team.0).collect();
    let rows = session.all(TEAMS_IN_SCOPE, &[&ids, &scope.org_id.0, &scope.region.as_str()]).await?;
    let known = rows.iter().map(|row| Ok(TeamId(row.try_get(0)?))).collect::<Outcome<BTreeSet<_>>>()?;
    let unknown: Vec<_> = teams.into_iter().filter(|team| !known.contains(team)).collect();
    if unknown.is_empty() { Ok(()) } else { Err(Error::UnknownTeams(unknown).into()) }
}

async fn in_place(session: &Session, place: CredentialPlace) -> Outcome<Option<Credential>> {
    let CredentialPlace { team_id, environment, provider } = place;
    let row = session.one(IN_PLACE, &[&team_id.0, &environment.as_str(), &provider.as_str()]).await?;
    Ok(row.as_ref().map(row::read).transpose()?.map(|owned| owned.credential))
}

/// The application, which nobody else changes until the transaction ends.
async fn lock(session: &Session, id: CredentialId) -> Outcome<Option<Owned>> {
    session.one(LOCK, &[&id.0]).await?.as_ref().map(row::read).transpose()
}

async fn in_scope(session: &Session, scope: &Scope, id: CredentialId) -> Outcome<Option<Credential>> {
    let found = lock(session, id).await?;
    Ok(found.filter(|owned| owned.is_in(scope)).map(|owned| owned.credential))
}

/// All applications of a team, in the order of their places.
pub(crate) async fn of_team(session: &Session, team: TeamId) -> Outcome<Vec<Credential>> {
    let rows = session.all(OF_TEAM, &[&team.0]).await?;
    let found = rows.iter().map(|row| row::read(row).map(|owned| owned.credential));
    let mut found = found.collect::<Outcome<Vec<_>>>()?;
    found.sort_by_key(|credential| credential.place);
    Ok(found)
}

/// Adds an application to its team.
pub(crate) async fn insert(session: &Session, credential: &Credential) -> Outcome<()> {
    let team = credential.place.team_id;
    let owner = session.one(OWNER, &[&team.0]).await?;
    let owner = owner.ok_or_else(|| Error::UnknownTeams(vec![team]))?;
    if in_place(session, credential.place).await?.is_some() {
        return Err(Error::Taken(credential.id.to_string()).into());
    }
    put(session, OrgId(owner.try_get(0)?), slug(owner.try_get(1)?)?, credential).await
}

/// The application in a row of [`EVERY`].
pub(crate) fn read(row: &tokio_postgres::Row) -> Outcome<Credential> {
    row::read(row).map(|owned| owned.credential)
}
