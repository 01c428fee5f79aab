//! Being told to end.

use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

/// Does this until it is done, or until a SIGINT or a SIGTERM comes. Either way the servers that it started end with it,
/// and its temporary files go: a signal that nobody listens to would leave both.
pub async fn until_told(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<ExitCode> {
    let (interrupted, terminated) = (SignalKind::interrupt(), SignalKind::terminate());
    let (mut interrupt, mut terminate) = (signal(interrupted)?, signal(terminated)?);
    let told = tokio::select! {
        done = work => return done.map(|()| ExitCode::SUCCESS),
        _ = interrupt.recv() => interrupted,
        _ = terminate.recv() => terminated,
    };
    // As shells tell that a signal ended somebody.
    Ok(ExitCode::from(128 + u8::try_from(told.as_raw_value())?))
}
