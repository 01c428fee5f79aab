//! Being told to end, or to look at the certificate again.

use std::future::pending;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that a server listens to.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Option<Signal>,
}

/// One that ends it.
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
        let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        Ok(Self { terminate, interrupt, hangup: None })
    }

    /// From here on SIGHUP does not end the process either; supervisors send it to have something read again.
    pub fn with_hangup(self) -> std::io::Result<Self> {
        Ok(Self { hangup: Some(signal(SignalKind::hangup())?), ..self })
    }

    /// The next one to end; `hung_up` is called at every SIGHUP before that.
    pub async fn next(&mut self, mut hung_up: impl FnMut()) -> Told {
        let hangup = async {
            let Some(hangup) = &mut self.hangup else { return pending::<()>().await };
            while hangup.recv().await.is_some() {
                hung_up();
            }
            pending::<()>().await;
        };
        tokio::select! {
            _ = self.terminate.recv() => Told::Terminate,
            _ = self.interrupt.recv() => Told::Interrupt,
            () = hangup => unreachable!("it goes on for ever"),
        }
    }

    /// What comes of `work`, which is dropped at the first signal to end: before it serves, a server has nothing to
    /// finish.
    pub async fn unless_told<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            done = Box::pin(work) => Some(done),
            told = self.next(|| {}) => {
                tracing::info!(signal = told.name(), "told to end before it served");
                None
            }
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
