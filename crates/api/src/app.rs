//! What every handler works with.

use std::ops::Deref;
use std::sync::Arc;

use jiff::Timestamp;
use lookback_domain::Catalog;
use lookback_store::{Actor, Author, Store};
use uuid::{Builder, Uuid};

use crate::{Guesses, KeyUses, Limits, Vault};

/// Tells the time. Handed in, so that tests decide what time it is.
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// Gives random bytes. Handed in, so that tests decide what ids come to be.
pub trait Entropy: Send + Sync + 'static {
    /// Fills `bytes`, such that nobody can guess them.
    ///
    /// Panics where the machine has no randomness to give: nothing can be done without.
    fn fill(&self, bytes: &mut [u8]);
}

/// What every handler works with; cheap to clone, which a request does often.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// What an [`App`] is made of.
pub struct Parts {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// What is known of the providers.
    pub catalog: Arc<Catalog>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where ids and keys come from.
    pub entropy: Arc<dyn Entropy>,
    /// Seals secrets; without one, nothing that would need it is stored.
    pub vault: Option<Arc<dyn Vault>>,
    /// How much may be going on at once, and for how long.
    pub limits: Arc<Limits>,
    /// From where keys are being guessed.
    pub guesses: Arc<Guesses>,
    /// Which keys were used; whoever runs the server has it written down from time to time.
    pub key_uses: Arc<KeyUses>,
}

impl App {
    /// An app with these.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// The author of a change that is about to be made.
    pub fn author(&self, actor: Actor) -> Author {
        Author::new(actor, self.clock.now(), self.random())
    }

    /// Bytes that nobody can guess.
    pub(crate) fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes);
        bytes
    }

    /// An id that sorts after those made before it.
    pub(crate) fn id(&self) -> Uuid {
        let since_1970_ms = u64::try_from(self.clock.now().as_millisecond()).unwrap_or(0);
        Builder::from_unix_timestamp_millis(since_1970_ms, &self.random()).into_uuid()
    }
}

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
