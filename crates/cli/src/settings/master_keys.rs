//! Where the keys are that secrets are sealed under.

use std::fmt;
use std::path::PathBuf;

use anyhow::bail;
use zeroize::Zeroizing;

use super::variable;

/// Where the master keys are.
pub enum MasterKeys {
    /// Nobody says; the embedded store has a file of them beside it.
    Unset,
    /// In the environment. It does not print itself.
    Here(Zeroizing<String>),
    /// In this file.
    In(PathBuf),
}

impl MasterKeys {
    /// As the command line says, else the environment, else the configuration file.
    pub(super) fn read(given: Option<PathBuf>, filed: Option<PathBuf>) -> anyhow::Result<Self> {
        if let Some(file) = given {
            return Ok(Self::In(file));
        }
        match (variable("LOOKBACK_MASTER_KEY")?, variable("LOOKBACK_MASTER_KEY_FILE")?) {
            (Some(_), Some(_)) => {
                bail!("the environment sets both the master key and the file it is in; keep one")
            }
            (Some(keys), None) => Ok(Self::Here(Zeroizing::new(keys))),
            (None, Some(file)) => Ok(Self::In(file.into())),
            (None, None) => Ok(filed.map_or(Self::Unset, Self::In)),
        }
    }
}

impl fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unset => f.write_str("Unset"),
            Self::Here(_) => f.write_str("Here(…)"),
            Self::In(file) => f.debug_tuple("In").field(file).finish(),
        }
    }
}
