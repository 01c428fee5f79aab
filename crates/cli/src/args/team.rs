//! Teams.

use clap::{Args as ClapArgs, Subcommand};
use lookback_domain::{IntegrationTeamId, Name, OrgId, Region, TeamId};

use super::one_of;

#[derive(Debug, Subcommand)]
pub enum Team {
    /// Create a team
    #[command(
        after_help = "Example:\n  lookback team create --org ORG --name Running --region eu --integration-team-id crm-17"
    )]
    Create {
        /// In which organisation
        #[arg(long)]
        org: OrgId,
        /// What to call it
        #[arg(long)]
        name: Name,
        /// Where it lives: us or eu
        #[arg(long, default_value_t = Region::Us, value_parser = one_of(Region::ALL, Region::as_str), hide_possible_values = true)]
        region: Region,
        /// What another system calls it; no two teams of an organisation have the same
        #[arg(long, value_name = "ID")]
        integration_team_id: Option<IntegrationTeamId>,
    },
    /// List the teams of an organisation
    List {
        /// Which organisation
        #[arg(long)]
        org: OrgId,
    },
    /// Change a team; what is not said stays
    #[command(
        after_help = "Examples:\n  lookback team update --org ORG TEAM --name Cycling\n  lookback team update --org ORG TEAM --no-integration-team-id"
    )]
    Update {
        /// In which organisation
        #[arg(long)]
        org: OrgId,
        /// Which one
        id: TeamId,
        #[command(flatten)]
        changes: TeamChanges,
    },
    /// Delete a team with its preferences, its OAuth applications and the bindings of keys to it
    Delete {
        /// In which organisation
        #[arg(long)]
        org: OrgId,
        /// Which one
        id: TeamId,
    },
}

#[derive(Debug, ClapArgs)]
#[group(required = true, multiple = true)]
pub struct TeamChanges {
    /// What to call it from now on
    #[arg(long)]
    pub name: Option<Name>,
    /// What another system calls it from now on
    #[arg(long, value_name = "ID", conflicts_with = "no_integration_team_id")]
    pub integration_team_id: Option<IntegrationTeamId>,
    /// No other system calls it anything any more
    #[arg(long)]
    pub no_integration_team_id: bool,
}
