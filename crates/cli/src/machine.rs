//! What only the machine can say: the time, and randomness. Everything else is handed these.

use jiff::Timestamp;
use lookback_api::{Clock, Entropy};
use lookback_domain::{KeyId, OrgId, TeamId};
use lookback_secrets::MasterKey;
use lookback_store::{Actor, Author, ManagementKey};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use uuid::Uuid;
use zeroize::Zeroizing;

/// The machine's clock.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        now()
    }
}

/// The machine's randomness.
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        random(bytes).expect("a machine that has no randomness can make no key");
    }
}

/// The time now, to the millisecond: more would only lengthen what is shown.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}

/// An id that sorts after those made before it.
#[expect(clippy::disallowed_methods, reason = "the one place that makes ids")]
fn id() -> Uuid {
    Uuid::now_v7()
}

/// A new organisation's id.
pub fn org_id() -> OrgId {
    OrgId(id())
}

/// A new team's id.
pub fn team_id() -> TeamId {
    TeamId(id())
}

/// A new key's id.
pub fn key_id() -> KeyId {
    KeyId(id())
}

/// Lets this process open as many files as it may, and says how many that is.
pub fn raise_open_files_max() -> usize {
    let limit = getrlimit(Resource::Nofile);
    // Where it cannot be raised, what there is has to do.
    let raised = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    let current = if raised.is_ok() { limit.maximum } else { limit.current };
    current.and_then(|files| usize::try_from(files).ok()).unwrap_or(usize::MAX)
}

/// The author of a change that the command line is about to make.
pub fn author() -> anyhow::Result<Author> {
    let mut bits = [0; 7];
    random(&mut bits)?;
    Ok(Author::new(Actor::CommandLine, now(), bits))
}

#[expect(clippy::disallowed_methods, reason = "the one place that asks for randomness")]
fn random(bytes: &mut [u8]) -> anyhow::Result<()> {
    Ok(getrandom::fill(bytes)?)
}

/// A new master key.
pub fn master_key() -> anyhow::Result<MasterKey> {
    let mut bits = Zeroizing::new([0; 32]);
    random(&mut bits[..])?;
    Ok(MasterKey::from_bits(bits))
}

/// What nothing else is sealed with.
pub fn nonce() -> anyhow::Result<[u8; 12]> {
    let mut nonce = [0; 12];
    random(&mut nonce)?;
    Ok(nonce)
}

/// A random number that tells this process from others.
pub fn server_number() -> anyhow::Result<u64> {
    let mut bits = [0; 8];
    random(&mut bits)?;
    Ok(u64::from_ne_bytes(bits))
}

/// A new management key.
pub fn management_key() -> anyhow::Result<ManagementKey> {
    let mut bits = [0; 32];
    random(&mut bits)?;
    Ok(ManagementKey::from_bits(bits))
}
