//! Logs: to standard error, for people on a terminal and as JSON lines elsewhere.

use std::io::IsTerminal;
use std::panic::PanicHookInfo;

use anyhow::Context;
use tracing_subscriber::EnvFilter;

/// Starts logging what `filter` lets through.
pub fn start(filter: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter).context("the log filter is not understood")?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        log.init();
    } else {
        log.json().flatten_event(true).init();
    }
    std::panic::set_hook(Box::new(panicked));
    Ok(())
}

/// Logs a panic like everything else, under the request it belongs to.
///
/// Where it happened is always told; what it said only where that stands in the source as it is. A text that was
/// put together may have been put together from a key or a body.
fn panicked(panic: &PanicHookInfo<'_>) {
    let at = panic.location().map(tracing::field::display);
    let said = panic.payload().downcast_ref::<&str>();
    tracing::error!(at, said, "panicked");
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_panic_is_one_line_of_json_without_what_it_was_put_together_from() {
        let written = Written::default();
        let writer = written.clone();
        let log = tracing_subscriber::fmt().json().flatten_event(true).with_writer(move || writer.clone());
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(panicked));
        tracing::subscriber::with_default(log.finish(), || {
            let secret = "mg_secret".to_owned();
            std::panic::catch_unwind(|| panic!("no good key: {secret}")).unwrap_err();
            std::panic::catch_unwind(|| panic!("plain\nwords")).unwrap_err();
        });
        std::panic::set_hook(before);

        let log = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<serde_json::Value> =
            log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2, "{log}");
        assert!(lines[0]["at"].as_str().unwrap().contains("logging.rs:"), "{log}");
        assert_eq!((lines[0].get("said"), &lines[1]["said"]), (None, &"plain\nwords".into()));
        assert!(!log.contains("mg_secret"), "{log}");
    }
}
