//! Every row of a kind, page by page.

use lookback_domain::TeamId;
use lookback_store::{Kept, KeptPreferences, Kind, Position, Row};
use uuid::Uuid;

use crate::column::limit;
use crate::failure::Outcome;
use crate::page::page_of;
use crate::session::Session;
use crate::{audit, credential, key, once, org, preference, team};

/// Up to so many rows after this position.
pub(super) async fn page(
    session: &Session,
    kind: Kind,
    after: Option<&Position>,
    rows: usize,
) -> Outcome<Vec<Row>> {
    let id = match after {
        Some(Position::Id(id)) => Some(*id),
        _ => None,
    };
    let (first, most) = page_of(id, rows);
    let by_id = async |sql| session.all(sql, &[&first, &most]).await;
    match kind {
        Kind::Org => by_id(org::EVERY).await?.iter().map(|row| org::read(row).map(Row::Org)).collect(),
        Kind::Team => by_id(team::EVERY).await?.iter().map(|row| team::read(row).map(Row::Team)).collect(),
        Kind::Key => by_id(key::EVERY).await?.iter().map(|row| key::read(row).map(Row::Key)).collect(),
        Kind::Credential => {
            let found = by_id(credential::EVERY).await?;
            found.iter().map(|row| credential::read(row).map(Row::Credential)).collect()
        }
        Kind::Preferences => preferences(session, after, rows).await,
        Kind::AuditEntry => {
            // No entry has the least id.
            let (org, id) = match after {
                Some(Position::Entry(org, id)) => (org.0, id.0),
                _ => (Uuid::nil(), Uuid::nil()),
            };
            let found = session.all(audit::EVERY, &[&org, &id, &limit(rows)]).await?;
            found.iter().map(|row| audit::read(row).map(Row::AuditEntry)).collect()
        }
        Kind::Token => {
            let (key, token) = match after {
                Some(Position::Token(key, token)) => (key.0, &token[..]),
                _ => (Uuid::nil(), ""),
            };
            let found = session.all(once::EVERY, &[&key, &token, &limit(rows)]).await?;
            found.iter().map(|row| once::read(row).map(Row::Token)).collect()
        }
    }
}

/// What each team has in each of its environments, where that is something.
async fn preferences(session: &Session, after: Option<&Position>, rows: usize) -> Outcome<Vec<Row>> {
    let first = match after {
        Some(Position::Place(team, _)) => team.0,
        _ => Uuid::nil(),
    };
    let mut found = Vec::new();
    // From the team on that the position is in: what is left of it, and as many teams.
    for row in session.all(preference::EVERY, &[&first, &limit(rows.saturating_add(1))]).await? {
        let team_id = TeamId(row.try_get(2)?);
        let both = preference::both(&row)?.into_iter().filter(|(_, Kept(providers))| !providers.is_empty());
        found.extend(both.map(|(environment, Kept(providers))| {
            Row::Preferences(KeptPreferences { team_id, environment, providers })
        }));
    }
    Ok(found.into_iter().filter(|row| Some(&row.position()) > after).take(rows).collect())
}
