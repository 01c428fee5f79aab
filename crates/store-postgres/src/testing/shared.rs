//! The one server of a run.
//!
//! `cargo test` runs one test program after another, and the server is for all of them: it belongs to cargo, where
//! that has started this process or its parent, else to this process. Whoever is first starts it; a lock keeps the
//! others waiting.

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::sync::OnceLock;

use super::database::Database;
use super::server::{Server, url};
use super::{FRAGILE, installed, said};
use crate::{Options, PostgresStore};

/// A server that hands out databases.
pub(super) struct Shared {
    /// The URL of its database of this name.
    url: Box<dyn Fn(&str) -> String + Send + Sync>,
    /// The database that new ones are copies of.
    template: Option<&'static str>,
}

const TEMPLATE: &str = "lookback_template";

/// The server of this run; none where PostgreSQL is not to be had.
pub(super) fn get() -> Option<&'static Shared> {
    static SHARED: OnceLock<Option<Shared>> = OnceLock::new();
    let start = || match said("LOOKBACK_TEST_POSTGRES") {
        Some(given) => Some(named(&given)),
        None => private(),
    };
    SHARED.get_or_init(start).as_ref()
}

/// One that runs already, of which only the databases made here are ours.
fn named(given: &str) -> Shared {
    let (place, query) = given.split_once('?').map_or((given, ""), |(place, query)| (place, query));
    let place = place.rsplit_once('/').expect("LOOKBACK_TEST_POSTGRES names a database").0.to_owned();
    let query = if query.is_empty() { String::new() } else { format!("?{query}") };
    Shared { url: Box::new(move |name| format!("{place}/{name}{query}")), template: None }
}

fn private() -> Option<Shared> {
    let binaries = installed::binaries()?;
    let owner = owner();
    let directory = std::env::temp_dir().join(format!("lookback-postgres-run-{owner}"));
    let lock = File::create(directory.with_extension("lock")).unwrap();
    lock.lock().unwrap();
    let ready = directory.join("ready");
    let port = match fs::read_to_string(&ready) {
        Ok(port) => port.parse().unwrap(),
        Err(_) => {
            // What a killed run with the same id has left.
            let _ = fs::remove_dir_all(&directory);
            DirBuilder::new().mode(0o700).create(&directory).unwrap();
            let server = Server::start_in(&binaries, directory.clone(), owner, FRAGILE);
            prepare(&server);
            let port = server.leave();
            fs::write(&ready, port.to_string()).unwrap();
            port
        }
    };
    // Nobody else needs it while the server is there.
    let _ = fs::remove_file(directory.with_extension("lock"));
    let url: Box<dyn Fn(&str) -> String + Send + Sync> = Box::new(move |name| url(&directory, port, name));
    Some(Shared { url, template: Some(TEMPLATE) })
}

/// Makes the template.
fn prepare(server: &Server) {
    let (all, template) = (server.url("postgres"), server.url(TEMPLATE));
    on_a_thread(async move {
        Database::say(&all, &format!("CREATE DATABASE {TEMPLATE}")).await;
        drop(PostgresStore::open(&template, &Options::default()).await.unwrap());
    });
}

impl Shared {
    /// A new database.
    pub(super) async fn database(&self, at_newest_version: bool) -> Database {
        let template = self.template.filter(|_| at_newest_version);
        let database = Database::create(&*self.url, template).await;
        if at_newest_version && template.is_none() {
            drop(PostgresStore::open(database.url(), &Options::default()).await.unwrap());
        }
        database
    }
}

/// The process that the server ends with.
fn owner() -> u32 {
    let parent = parent(std::process::id());
    // A test program may run another one.
    let mut elders = [parent, parent.and_then(self::parent)].into_iter().flatten();
    elders
        .find(|&id| said_of(id, "Name").is_some_and(|name| name.starts_with("cargo")))
        .unwrap_or_else(std::process::id)
}

fn parent(id: u32) -> Option<u32> {
    said_of(id, "PPid")?.parse().ok()
}

/// What the system says of a process.
fn said_of(id: u32, what: &str) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let said = status.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(":\t"))?;
    Some(said.to_owned())
}

/// Runs it to its end, whatever runtime the caller is in.
pub(super) fn on_a_thread(work: impl Future<Output = ()> + Send + 'static) {
    let run = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work);
    std::thread::spawn(run).join().expect("it says why");
}
