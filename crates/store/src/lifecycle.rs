//! Whether a store works, and its end.

use async_trait::async_trait;

use crate::Result;

/// What a server asks of a store besides its content.
#[async_trait]
pub trait Lifecycle: Send + Sync {
    /// Whether the store can be read and written at this moment. It is cheap: where the last write went well, no
    /// other is made to find out.
    ///
    /// Errors: [`crate::Error::Unavailable`].
    async fn ready(&self) -> Result<()>;

    /// Has everything written that was accepted, and accepts nothing more to write.
    async fn close(&self);
}
