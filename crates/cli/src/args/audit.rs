//! The audit log, and the keys that secrets are sealed under.

use clap::{Args as ClapArgs, Subcommand};
use jiff::Timestamp;
use lookback_domain::{OrgId, TeamId};
use lookback_store::{Action, Actor};

use super::one_of;

#[derive(Debug, ClapArgs)]
pub struct Audit {
    /// Of which organisation
    #[arg(long)]
    pub org: OrgId,
    /// Only what is this team's own affair
    #[arg(long)]
    pub team: Option<TeamId>,
    /// Only what they did: the id of a management key, or command-line
    #[arg(long, value_parser = actor)]
    pub actor: Option<Actor>,
    /// Only this, such as preferences_set
    #[arg(long, value_parser = one_of(Action::ALL, Action::as_str), hide_possible_values = true)]
    pub action: Option<Action>,
    /// Only from this time on, such as 2026-11-23T20:07:00Z
    #[arg(long, value_name = "TIME")]
    pub since: Option<Timestamp>,
    /// Only from before this time
    #[arg(long, value_name = "TIME")]
    pub until: Option<Timestamp>,
    /// How many at most, the newest first
    #[arg(long, default_value_t = 50, value_name = "COUNT")]
    pub limit: usize,
}

#[derive(Debug, Subcommand)]
pub enum Secrets {
    /// Show how many secrets are sealed under which key
    Status,
    /// Seal every secret under a new key; where that was interrupted before, go on with it
    #[command(
        after_help = "Where the keys are in a file, a new one is put first in it, and the old ones stay. Where they are in LOOKBACK_MASTER_KEY, put the new one before the old ones yourself, one a line.\nRestart the servers afterwards, run it again if `status` shows secrets under an old key, and `prune` in the end."
    )]
    Rotate,
    /// Forget the keys in the file that nothing is sealed under any more; first restart the servers, which seal under the
    /// key they started with
    Prune,
}

fn actor(text: &str) -> Result<Actor, String> {
    match text {
        "command-line" => Ok(Actor::CommandLine),
        key => key.parse().map(Actor::Key).map_err(|_| "neither a key's id nor command-line".to_owned()),
    }
}
