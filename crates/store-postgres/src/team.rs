//! Teams.

use async_trait::async_trait;
use lookback_domain::{OrgId, TeamId};
use lookback_store::{Author, Created, Error, Once, Result, Team, TeamFilter, TeamPatch, TeamStore};
use tokio_postgres::Row;

use crate::PostgresStore;
use crate::column::{first_after, limit, slug, time};
use crate::failure::Outcome;
use crate::later::later;
use crate::org;
use crate::session::Session;

const INSERT: &str = "INSERT INTO team (id, org_id, name, region, created_at_us) \
     SELECT id, org_id, name, region, created_at_us FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], \
     $5::bigint[]) WITH ORDINALITY AS new (id, org_id, name, region, created_at_us, n) ORDER BY n \
     ON CONFLICT DO NOTHING RETURNING id";
const GET: &str = "SELECT id, name, region, created_at_us FROM team WHERE id = $1 AND org_id = $2";
// A row without a team where the page is empty; no row where there is no such organisation.
const PAGE: &str = "SELECT team.id, team.name, team.region, team.created_at_us FROM org LEFT JOIN LATERAL \
     (SELECT * FROM team WHERE org_id = org.id AND id >= $2 ORDER BY id LIMIT $3) team ON true \
     WHERE org.id = $1 ORDER BY team.id";
// With its preferences, which cascade.
const DELETE: &str = "DELETE FROM team WHERE id = $1 AND org_id = $2";

#[cfg(feature = "testing")]
pub(crate) const STATEMENTS: &[&str] = &[INSERT, GET, PAGE, DELETE];

#[async_trait]
impl TeamStore for PostgresStore {
    async fn create_team(&self, team: Team, once: Option<Once>, _: &Author) -> Result<Created<Team>> {
        if once.is_some() || team.integration_team_id.is_some() {
            return Err(later());
        }
        let team = &team;
        let create = |session: Session| async move {
            org::hold(&session, team.org_id).await?;
            insert(&session, std::slice::from_ref(team)).await
        };
        self.transactions.write(create).await?;
        Ok(Created::Done(self.team(team.org_id, team.id).await?))
    }

    async fn team(&self, org_id: OrgId, id: TeamId) -> Result<Team> {
        let get = |session: Session| async move {
            let row = session.one(GET, &[&id.0, &org_id.0]).await?;
            let unknown = Error::UnknownTeams(vec![id]);
            row.map(|row| read(&row, org_id)).transpose()?.flatten().ok_or(unknown.into())
        };
        self.transactions.read(get).await
    }

    async fn team_by_integration_id(&self, _: OrgId, _: &str) -> Result<Option<Team>> {
        Err(later())
    }

    async fn patch_team(&self, _: OrgId, _: TeamId, _: TeamPatch, _: &Author) -> Result<Team> {
        Err(later())
    }

    async fn teams(
        &self,
        org_id: OrgId,
        filter: &TeamFilter,
        after: Option<TeamId>,
        rows: usize,
    ) -> Result<Vec<Team>> {
        let (wanted, all) = (rows, usize::MAX);
        let (first, rows) = page_of(after.map(|id| id.0), if filter.is_all() { rows } else { all });
        let page = |session: Session| async move {
            let rows = session.all(PAGE, &[&org_id.0, &first, &rows]).await?;
            if rows.is_empty() {
                return Err(Error::UnknownOrg(org_id).into());
            }
            rows.iter().filter_map(|row| read(row, org_id).transpose()).collect()
        };
        let found: Vec<Team> = self.transactions.read(page).await?;
        Ok(found.into_iter().filter(|team| filter.admits(team)).take(wanted).collect())
    }

    async fn delete_team(&self, org: OrgId, id: TeamId, _: &Author) -> Result<()> {
        let delete = |session: Session| async move {
            match session.change(DELETE, &[&id.0, &org.0]).await? {
                0 => Err(Error::UnknownTeams(vec![id]).into()),
                _ => Ok(()),
            }
        };
        self.transactions.write(delete).await
    }
}

/// Where a page begins and how many rows it has at most; none where nothing can follow.
pub(crate) fn page_of(after: Option<uuid::Uuid>, rows: usize) -> (uuid::Uuid, i64) {
    first_after(after).map_or((uuid::Uuid::max(), 0), |first| (first, limit(rows)))
}

/// Adds teams to an organisation that stays.
pub(crate) async fn insert(session: &Session, teams: &[Team]) -> Outcome<()> {
    let ids: Vec<_> = teams.iter().map(|team| team.id.0).collect();
    let orgs: Vec<_> = teams.iter().map(|team| team.org_id.0).collect();
    let names: Vec<_> = teams.iter().map(|team| &*team.name).collect();
    let regions: Vec<_> = teams.iter().map(|team| team.region.as_str()).collect();
    let times: Vec<_> = teams.iter().map(|team| team.created_at.as_microsecond()).collect();
    let inserted = session.all(INSERT, &[&ids, &orgs, &names, &regions, &times]).await?;
    org::refuse_taken(ids.into_iter(), &inserted)
}

fn read(row: &Row, org_id: OrgId) -> Outcome<Option<Team>> {
    let Some(id) = row.try_get(0)? else { return Ok(None) };
    let (name, region, created_at) = (row.try_get(1)?, slug(row.try_get(2)?)?, time(row, 3)?);
    Ok(Some(Team { id: TeamId(id), org_id, name, region, integration_team_id: None, created_at }))
}
