//! Keeping what many teams have, as it is.

use std::collections::{BTreeMap, BTreeSet};

use lookback_domain::{Environment, TeamId};
use lookback_store::{Error, Kept, KeptPreferences};

use super::read::both;
use super::store::Changed;
use crate::failure::Outcome;
use crate::session::Session;

// They stay as they are until the transaction ends.
pub(super) const LOCK: &str = "SELECT production_preferences, sandbox_preferences, id FROM team \
     WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE";

/// Keeps what teams have in an environment, where they have nothing there.
pub(crate) async fn insert_missing(session: &Session, kept: &[&KeptPreferences]) -> Outcome<()> {
    let mut taken = locked(session, kept).await?;
    // The statement takes a team once.
    let mut changed = BTreeMap::<Environment, Changed>::new();
    for KeptPreferences { team_id, environment, providers } in kept {
        let taken = taken.get_mut(team_id).ok_or_else(|| Error::UnknownTeams(vec![*team_id]))?;
        if taken.insert(*environment) {
            changed.entry(*environment).or_default().add(*team_id, *environment, &Kept(providers.clone()));
        }
    }
    for changed in changed.into_values() {
        changed.store(session).await?;
    }
    Ok(())
}

/// In which environments these teams have something.
async fn locked(
    session: &Session,
    kept: &[&KeptPreferences],
) -> Outcome<BTreeMap<TeamId, BTreeSet<Environment>>> {
    let teams: BTreeSet<_> = kept.iter().map(|kept| kept.team_id.0).collect();
    let mut taken = BTreeMap::new();
    for row in session.all(LOCK, &[&Vec::from_iter(teams)]).await? {
        let something = both(&row)?.into_iter().filter(|(_, Kept(providers))| !providers.is_empty());
        taken.insert(TeamId(row.try_get(2)?), something.map(|(environment, _)| environment).collect());
    }
    Ok(taken)
}
