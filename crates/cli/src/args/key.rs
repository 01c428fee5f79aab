//! Management keys.

use clap::{Args as ClapArgs, Subcommand};
use jiff::Timestamp;
use lookback_domain::{KeyId, Label, OrgId, Role, TeamId};

use super::one_of;

#[derive(Debug, Subcommand)]
pub enum Key {
    /// Create a management key; it is shown this once
    #[command(
        after_help = "Examples:\n  lookback key create --org ORG --label ops\n  lookback key create --org ORG --role team_admin --team TEAM --expires-at 2027-01-31T00:00:00Z --json"
    )]
    Create {
        /// For which organisation
        #[arg(long)]
        org: OrgId,
        /// What to call it
        #[arg(long, default_value = "command line")]
        label: Label,
        /// What it may do: org_admin (everything in the organisation) or team_admin (what concerns its teams)
        #[arg(long, default_value_t = Role::OrgAdmin, value_parser = one_of(Role::ALL, Role::as_str), hide_possible_values = true)]
        role: Role,
        /// A team that a team_admin key is for; may be repeated
        #[arg(long, value_name = "ID")]
        team: Vec<TeamId>,
        /// From when on it is refused, such as 2027-01-31T00:00:00Z [default: never]
        #[arg(long, value_name = "TIME")]
        expires_at: Option<Timestamp>,
    },
    /// Print a new management key and store nothing, for `serve --first-key-file`
    Generate,
    /// List the management keys of an organisation
    List {
        /// Which organisation
        #[arg(long)]
        org: OrgId,
    },
    /// Change a management key; what is not said stays
    #[command(
        after_help = "The teams that are said replace those it had. The role of a key stays: make another key instead.\n\nExamples:\n  lookback key update --org ORG KEY --label ci --expires-at 2027-01-31T00:00:00Z\n  lookback key update --org ORG KEY --team TEAM --team OTHER"
    )]
    Update {
        /// Of which organisation
        #[arg(long)]
        org: OrgId,
        /// Which one
        id: KeyId,
        #[command(flatten)]
        changes: KeyChanges,
    },
    /// Delete a management key; it is refused from the next request on
    Delete {
        /// Of which organisation
        #[arg(long)]
        org: OrgId,
        /// Which one
        id: KeyId,
    },
}

#[derive(Debug, ClapArgs)]
#[group(required = true, multiple = true)]
pub struct KeyChanges {
    /// What to call it from now on
    #[arg(long)]
    pub label: Option<Label>,
    /// A team that a team_admin key is for from now on; may be repeated
    #[arg(long, value_name = "ID")]
    pub team: Vec<TeamId>,
    /// From when on it is refused, such as 2027-01-31T00:00:00Z
    #[arg(long, value_name = "TIME", conflicts_with = "no_expiry")]
    pub expires_at: Option<Timestamp>,
    /// It never expires
    #[arg(long)]
    pub no_expiry: bool,
}
