//! Which teams of an organisation somebody may see.

use std::collections::BTreeSet;
use std::sync::Arc;

use lookback_domain::TeamId;

/// Which teams of an organisation somebody may see. For them the others do not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Visible {
    /// All of them.
    All,
    /// Those among these.
    Only(Arc<BTreeSet<TeamId>>),
}

impl Visible {
    /// Whether this team may be seen.
    pub fn sees(&self, team: TeamId) -> bool {
        match self {
            Self::All => true,
            Self::Only(teams) => teams.contains(&team),
        }
    }
}
