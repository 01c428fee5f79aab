//! Organisations.

use clap::Subcommand;
use lookback_domain::{Name, OrgId};

#[derive(Debug, Subcommand)]
pub enum Org {
    /// Create an organisation
    #[command(after_help = "Example:\n  lookback org create --name Acme --json")]
    Create {
        /// What to call it
        #[arg(long)]
        name: Name,
    },
    /// List the organisations
    List,
    /// Call an organisation by another name
    #[command(
        after_help = "Example:\n  lookback org rename 5b0f7a52-3c1e-4d7a-9f10-6a2b8c4d5e6f --name 'Acme Europe'"
    )]
    Rename {
        /// Which one
        id: OrgId,
        /// What to call it from now on
        #[arg(long)]
        name: Name,
    },
    /// Delete an organisation with its teams, all that they have stored, its keys and its audit log
    #[command(
        after_help = "Asks for the organisation's name first, unless --confirm has it. What was deleted is logged.\nInterrupted, part of it is gone; run it again for the rest.\n\nExamples:\n  lookback org delete 5b0f7a52-3c1e-4d7a-9f10-6a2b8c4d5e6f\n  lookback org delete 5b0f7a52-3c1e-4d7a-9f10-6a2b8c4d5e6f --confirm Acme"
    )]
    Delete {
        /// Which one
        id: OrgId,
        // Any text: an organisation may be called what no longer makes a name.
        /// Its name, to show that it is the one meant [default: asked for on the terminal]
        #[arg(long, value_name = "NAME")]
        confirm: Option<String>,
    },
}
