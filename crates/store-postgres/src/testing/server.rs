//! A private PostgreSQL: in a directory of its own, on a socket in it and on a free port, run by a user without
//! privileges.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, geteuid, kill_process};

/// A PostgreSQL that ends with whoever it is for.
pub struct Server {
    binaries: PathBuf,
    directory: PathBuf,
    port: u16,
    settings: String,
    owner: u32,
    /// Watches over the server; none where it is stopped.
    watch: Option<Child>,
}

/// The superuser, who needs no password.
const USER: &str = "lookback";

/// PostgreSQL refuses to be run by root. Whoever this is has nothing else to lose.
const NOBODY: u32 = 65534;

/// Runs a program in a directory, and ends both when their owner is gone, however that came, or when it is told to.
const WATCH: &str = r#"
directory=$1 owner=$2
shift 2
"$@" >"$directory/log" 2>&1 &
program=$!
trap 'kill -INT $program; wait $program; exit' TERM
trap '' INT
while kill -0 $program 2>/dev/null; do
    if [ ! -d "/proc/$owner" ] && ! ps -p "$owner" >/dev/null 2>&1; then
        kill -QUIT $program
        wait $program
        rm -rf "$directory" "$directory.lock"
        exit
    fi
    sleep 0.2 & wait $!
done
wait $program
"#;

/// How often it is asked whether a server is up, and the time in between: two minutes.
const ASKED_MAX: u32 = 24_000;
const ASKED_EVERY: Duration = Duration::from_millis(5);

impl Server {
    /// Starts one that ends, and leaves nothing behind, when the process with the id `owner` does.
    pub(super) fn start(binaries: &Path, owner: u32, settings: &str) -> Self {
        let directory = tempfile::Builder::new().prefix("lookback-postgres-").tempdir().unwrap().keep();
        Self::start_in(binaries, directory, owner, settings)
    }

    /// The same in this directory, which is there and empty.
    pub(super) fn start_in(binaries: &Path, directory: PathBuf, owner: u32, settings: &str) -> Self {
        if geteuid().is_root() {
            chown(&directory, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let made = watched(&directory, owner)
            .arg(binaries.join("initdb"))
            .arg("--pgdata")
            .arg(directory.join("data"))
            .args(["--username", USER, "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync"])
            // Small segments of the log in tests, so that a small limit on files is one on tables.
            .arg(if settings.contains("fsync = off") { "--wal-segsize=1" } else { "--wal-segsize=16" })
            .status()
            .unwrap();
        let said = || fs::read_to_string(directory.join("log")).unwrap_or_default();
        assert!(made.success(), "initdb: {}", said());
        let (binaries, settings) = (binaries.to_owned(), settings.to_owned());
        let mut server = Self { binaries, directory, port: 0, settings, owner, watch: None };
        server.resume();
        server
    }

    /// Starts it again where it was stopped, on the same data and, where it has had one, the same port.
    pub fn resume(&mut self) {
        // Between asking for a free port and taking it, somebody else may.
        for _ in 0..5 {
            if self.port == 0 {
                self.port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
            }
            self.configure();
            let mut watch = watched(&self.directory, self.owner);
            watch.arg(self.binaries.join("postgres")).arg("-D").arg(self.directory.join("data"));
            let mut watch = watch.spawn().unwrap();
            if self.is_up(&mut watch) {
                self.watch = Some(watch);
                return;
            }
            assert!(self.log().contains("ddress already in use"), "PostgreSQL: {}", self.log());
            self.port = 0;
        }
        panic!("no free port: {}", self.log());
    }

    fn configure(&self) {
        let path = self.directory.join("data/postgresql.auto.conf");
        let (directory, port) = (self.directory.display(), self.port);
        let text = format!(
            "listen_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = '{directory}'\n\
             logging_collector = off\n{}\n",
            self.settings
        );
        fs::write(&path, text).unwrap();
        if geteuid().is_root() {
            chown(&path, Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }

    /// Waits until it takes connections; false where it has ended instead.
    fn is_up(&self, watch: &mut Child) -> bool {
        for _ in 0..ASKED_MAX {
            let ready = fs::read_to_string(self.directory.join("data/postmaster.pid"));
            if ready.is_ok_and(|pid| pid.lines().nth(7).is_some_and(|state| state.trim() == "ready")) {
                return true;
            }
            if watch.try_wait().unwrap().is_some() {
                return false;
            }
            // PostgreSQL tells nobody else that it is ready than this file.
            std::thread::sleep(ASKED_EVERY);
        }
        let _ = kill_process(Pid::from_child(watch), Signal::TERM);
        watch.wait().unwrap();
        panic!("PostgreSQL does not come up: {}", self.log());
    }

    /// Ends it as an administrator would who does not wait for its clients. The data stays.
    pub fn stop(&mut self) {
        if let Some(mut watch) = self.watch.take() {
            let _ = kill_process(Pid::from_child(&watch), Signal::TERM);
            watch.wait().unwrap();
        }
    }

    /// Ends it at once, as a crash of the machine would.
    pub fn crash(&mut self) {
        let _ = kill_process(self.pid(), Signal::QUIT);
        self.watch.take().unwrap().wait().unwrap();
    }

    /// Limits how large its files may grow from now on, or no longer does.
    #[cfg(target_os = "linux")]
    pub fn limit_files(&self, bytes: Option<u64>) {
        let main = self.pid().as_raw_nonzero().to_string();
        let children = fs::read_to_string(format!("/proc/{main}/task/{main}/children")).unwrap();
        let limit = bytes.map_or("unlimited".to_owned(), |bytes| bytes.to_string());
        for pid in children.split_whitespace().chain([&*main]) {
            // By the same user, since not every root may set limits of others. One that has just ended writes nothing.
            let mut command = unprivileged(Command::new("prlimit"));
            command.args(["--pid", pid, &format!("--fsize={limit}:")]).stderr(Stdio::null());
            let limited = command.status().unwrap();
            assert!(limited.success() || pid != main, "the limit cannot be set");
        }
    }

    /// Further settings from the next start on.
    pub fn set(&mut self, settings: &str) {
        self.settings = format!("{}\n{settings}", self.settings);
    }

    /// The main process.
    fn pid(&self) -> Pid {
        let file = fs::read_to_string(self.directory.join("data/postmaster.pid")).unwrap();
        Pid::from_raw(file.lines().next().unwrap().parse().unwrap()).unwrap()
    }

    /// The URL of one of its databases, over its socket.
    pub fn url(&self, database: &str) -> String {
        url(&self.directory, self.port, database)
    }

    /// Where it takes connections over TCP.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where its programs are.
    pub fn binaries(&self) -> &Path {
        &self.binaries
    }

    /// Where its files are; `data` is the cluster.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Whose the files have to be.
    pub fn user_id(&self) -> u32 {
        fs::metadata(&self.directory).unwrap().uid()
    }

    /// What it has logged since its last start.
    pub fn log(&self) -> String {
        fs::read_to_string(self.directory.join("log")).unwrap_or_default()
    }

    /// Leaves it to its watch, which ends it with its owner.
    pub(super) fn leave(mut self) -> u16 {
        self.watch = None;
        let port = self.port;
        std::mem::forget(self);
        port
    }
}

pub(super) fn url(directory: &Path, port: u16, database: &str) -> String {
    let socket = directory.display().to_string().replace('/', "%2F");
    format!("postgres://{USER}@{socket}:{port}/{database}")
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// The watch over a program that is yet to be named, in a group of its own: what is typed at the terminal is for the
/// tests.
fn watched(directory: &Path, owner: u32) -> Command {
    let mut watch = Command::new("sh");
    watch.args(["-c", WATCH, "sh"]).arg(directory).arg(owner.to_string()).current_dir(directory);
    watch.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    unprivileged(watch)
}

fn unprivileged(mut command: Command) -> Command {
    if geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

#[cfg(test)]
mod tests {
    use super::super::{FRAGILE, installed};
    use super::*;

    #[test]
    fn it_ends_with_its_owner_and_leaves_nothing_behind() {
        let Some(binaries) = installed::binaries() else { return };
        let mut owner = Command::new("sleep").arg("600").spawn().unwrap();
        let mut server = Server::start(&binaries, owner.id(), FRAGILE);
        let main = server.pid();
        owner.kill().unwrap();
        owner.wait().unwrap();
        server.watch.take().unwrap().wait().unwrap();
        assert!(!server.directory.exists());
        assert!(rustix::process::test_kill_process(main).is_err(), "the server runs on");
    }
}
