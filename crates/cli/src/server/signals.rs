//! Being told to end.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that end a server.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

/// One of them.
#[derive(Debug, Clone, Copy)]
pub enum Told {
    /// SIGTERM, as supervisors do it.
    Terminate,
    /// SIGINT, as a person at a terminal does it.
    Interrupt,
}

impl Signals {
    /// Listens from here on; before that, a signal ends the process.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// The next one.
    pub async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.terminate.recv() => Told::Terminate,
            _ = self.interrupt.recv() => Told::Interrupt,
        }
    }
}

impl Told {
    /// What everybody calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Terminate => "SIGTERM",
            Self::Interrupt => "SIGINT",
        }
    }

    /// What a process ends with that was ended by it: 128 and its number, as shells have it.
    pub fn exit_code(self) -> i32 {
        128 + match self {
            Self::Terminate => SignalKind::terminate(),
            Self::Interrupt => SignalKind::interrupt(),
        }
        .as_raw_value()
    }
}
