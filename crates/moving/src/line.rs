//! The lines of the file. They are declared apart from what the store and the API show, so that neither changes the
//! format by accident.

mod rows;

use std::collections::BTreeMap;

use jiff::Timestamp;
use lookback_store::{Kind, Row};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use rows::{CredentialLine, EntryLine, KeyLine, OrgLine, PreferencesLine, TeamLine, TokenLine};

/// A line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Line {
    /// The first one.
    LookbackExport(Header),
    /// A row.
    Org(OrgLine),
    /// A row.
    Team(TeamLine),
    /// A row.
    ManagementKey(KeyLine),
    /// A row.
    Preferences(PreferencesLine),
    /// A row.
    Credential(CredentialLine),
    /// A row.
    AuditEntry(EntryLine),
    /// A row.
    IdempotencyKey(TokenLine),
    /// What everything so far is.
    Check(Check),
    /// The same, and nothing follows.
    End(Check),
}

/// What the file is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    pub format: u32,
    /// The program that wrote it.
    pub version: String,
    pub made_at: Timestamp,
    /// How many rows there are.
    pub counts: BTreeMap<String, u64>,
}

/// What everything so far is.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    pub rows: u64,
    pub sha256: String,
}

/// What a kind is called in the file.
pub fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Org => "org",
        Kind::Team => "team",
        Kind::Key => "management_key",
        Kind::Preferences => "preferences",
        Kind::Credential => "credential",
        Kind::AuditEntry => "audit_entry",
        Kind::Token => "idempotency_key",
    }
}

/// The format of a first line, of whatever version.
pub fn format(line: &[u8]) -> Option<u32> {
    let first: BTreeMap<String, Value> = serde_json::from_slice(line).ok()?;
    u32::try_from(first.get("lookback_export")?.get("format")?.as_u64()?).ok()
}

impl From<Row> for Line {
    fn from(row: Row) -> Self {
        match row {
            Row::Org(row) => Self::Org(row.into()),
            Row::Team(row) => Self::Team(row.into()),
            Row::Key(row) => Self::ManagementKey(row.into()),
            Row::Preferences(row) => Self::Preferences(row.into()),
            Row::Credential(row) => Self::Credential(row.into()),
            Row::AuditEntry(row) => Self::AuditEntry(row.into()),
            Row::Token(row) => Self::IdempotencyKey(row.into()),
        }
    }
}

impl Line {
    /// The row, where it is one.
    pub fn into_row(self) -> Result<Row, Box<Self>> {
        Ok(match self {
            Self::Org(line) => Row::Org(line.into()),
            Self::Team(line) => Row::Team(line.into()),
            Self::ManagementKey(line) => Row::Key(line.into()),
            Self::Preferences(line) => Row::Preferences(line.into()),
            Self::Credential(line) => Row::Credential(line.into()),
            Self::AuditEntry(line) => Row::AuditEntry(line.into()),
            Self::IdempotencyKey(line) => Row::Token(line.into()),
            other => return Err(Box::new(other)),
        })
    }

    /// It as it stands in the file, with the end of the line.
    pub fn written(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec(self).expect("a line is JSON");
        bytes.push(b'\n');
        bytes
    }
}
