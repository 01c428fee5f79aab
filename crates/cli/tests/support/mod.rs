//! The program as its users have it: the binary, in a directory of its own, on real sockets and files.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::fs::File;
use std::io::{BufRead, BufReader, Lines, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, openpt, ptsname, unlockpt};
use serde_json::Value;
use tempfile::TempDir;

/// A fresh directory to work in. Nothing of the environment comes in.
pub struct Place {
    directory: TempDir,
    servers: AtomicUsize,
}

/// What a command that has ended left behind.
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Place {
    pub fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap(), servers: AtomicUsize::new(0) }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a file and gives its path.
    pub fn file(&self, name: &str, text: &str) -> String {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name).display().to_string()
    }

    fn command(&self, args: &[&str], environment: &[(&str, &str)]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lookback"));
        command.current_dir(self.directory.path()).env_clear().stdin(Stdio::null());
        command.args(args).envs(environment.iter().copied());
        command
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        self.run_with(args, &[])
    }

    /// Runs a command to its end, with these environment variables.
    pub fn run_with(&self, args: &[&str], environment: &[(&str, &str)]) -> Ran {
        let output = self.command(args, environment).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ran { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Runs a command on a terminal where a person types this; its output is all that the terminal shows.
    pub fn run_on_terminal(&self, args: &[&str], typed: &str) -> (Option<i32>, String) {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        unlockpt(&terminal).unwrap();
        let name = ptsname(&terminal, Vec::new()).unwrap();
        let open = || File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
        let mut terminal = File::from(terminal);
        let mut command = self.command(args, &[]);
        command.stdin(open()).stdout(open()).stderr(open());
        terminal.write_all(typed.as_bytes()).unwrap();
        let status = command.status().unwrap();
        // Nobody else has the terminal open then, and reading it ends.
        drop(command);
        let mut shown = Vec::new();
        // How it ends on Linux is an error.
        let _ = terminal.read_to_end(&mut shown);
        (status.code(), String::from_utf8(shown).unwrap())
    }

    /// What a command prints as JSON.
    pub fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.run(&[args, &["--json"]].concat()).ok()).unwrap()
    }

    /// An organisation with a team in the United States and a key.
    pub fn bootstrap(&self) -> Access {
        Access::from_json(&self.json(&["bootstrap"]))
    }

    pub fn serve(&self) -> Server {
        self.serve_with(&["serve", "--listen", "127.0.0.1:0"], &[])
    }

    /// Starts a command that ends up serving, and reads what it prints until it does.
    pub fn serve_with(&self, args: &[&str], environment: &[(&str, &str)]) -> Server {
        let mut server = self.start(args, environment);
        server.until_it_listens();
        server
    }

    /// A server that another program starts, such as a shell that sets limits; `wrapper` is how it is called.
    pub fn serve_by(&self, wrapper: &[&str], args: &[&str]) -> Server {
        let binary = env!("CARGO_BIN_EXE_lookback");
        let mut command = Command::new(wrapper[0]);
        command.current_dir(self.directory.path()).env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command.stdin(Stdio::null()).args(&wrapper[1..]).arg(binary).args(args);
        let mut server = self.spawn(command);
        server.until_it_listens();
        server
    }

    /// Starts a command that goes on running.
    pub fn start(&self, args: &[&str], environment: &[(&str, &str)]) -> Server {
        self.spawn(self.command(args, environment))
    }

    fn spawn(&self, mut command: Command) -> Server {
        let log = self.path(&format!("stderr-{}", self.servers.fetch_add(1, Ordering::Relaxed)));
        command.stdout(Stdio::piped()).stderr(File::create(&log).unwrap());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Server { child, lines, log, printed: Vec::new(), url: String::new() }
    }
}

impl Ran {
    /// What it printed, where it did what it should.
    pub fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        self.stdout
    }

    /// What it complained about, where it ended with this code and printed no result.
    pub fn failed(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{}\n{}", self.stdout, self.stderr);
        assert_eq!(self.stdout, "");
        self.stderr
    }
}

/// A server. It is killed and waited for when it is dropped, however that comes.
pub struct Server {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    log: PathBuf,
    /// Every line on standard output so far.
    pub printed: Vec<String>,
    /// Where it listens.
    pub url: String,
}

impl Server {
    /// Reads what it prints until it says where it listens.
    pub fn until_it_listens(&mut self) {
        while !self.printed.iter().any(|line| line.starts_with("listening on ")) {
            self.read_line();
        }
        let url = self.printed.last().unwrap().strip_prefix("listening on ").unwrap();
        assert!(url.contains("://127.0.0.1:"), "{url}");
        self.url = url.to_owned();
    }

    /// Which process it is.
    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Waits for the next line on standard output.
    pub fn read_line(&mut self) {
        let Some(line) = self.lines.next() else { panic!("it ended: {}", self.log()) };
        self.printed.push(line.unwrap());
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        read(&self.log)
    }

    /// `kill -9`, as far as the operating system has heard of it.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends this signal and waits for the end; answers what was printed since it began to listen.
    pub fn end(&mut self, signal: Signal) -> (ExitStatus, String) {
        kill_process(self.pid(), signal).unwrap();
        self.wait()
    }

    /// Waits for the end.
    pub fn wait(&mut self) -> (ExitStatus, String) {
        let status = self.child.wait().unwrap();
        let rest: Result<Vec<_>, _> = self.lines.by_ref().collect();
        (status, rest.unwrap().join("\n"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be dead already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A file as text, whatever is in it.
pub fn read(path: &Path) -> String {
    let mut bytes = Vec::new();
    File::open(path).unwrap().read_to_end(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What a first call needs.
pub struct Access {
    pub org: String,
    pub team: String,
    pub key: String,
}

impl Access {
    /// What `bootstrap` printed.
    pub fn from_json(made: &Value) -> Self {
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        Self { org: text("org_id"), team: text("team_id"), key: text("management_key") }
    }

    /// Where the preferences of the organisation's teams in the United States are.
    pub fn url(&self, server: &Server) -> String {
        format!("{}/v1/org/{}/team_data_pull_preferences/production/us", server.url, self.org)
    }

    /// Asks for these days of Oura, and gives the status.
    pub async fn set_oura(&self, client: &reqwest::Client, server: &Server, days: i64) -> u16 {
        let oura = serde_json::json!({ "default": { "historical_days_to_pull": days } });
        let body = serde_json::json!({ "team_ids": [self.team], "providers": { "oura": oura } });
        let request = client.post(self.url(server)).header("x-management-key", &self.key).json(&body);
        request.send().await.unwrap().status().as_u16()
    }

    /// The days of Oura.
    pub async fn oura(&self, client: &reqwest::Client, server: &Server) -> Value {
        let request = client.get(self.url(server)).header("x-management-key", &self.key);
        let page: Value = request.send().await.unwrap().error_for_status().unwrap().json().await.unwrap();
        page["data_pull_preferences"][0]["providers"]["oura"]["default"]["historical_days_to_pull"].clone()
    }
}

/// A plain HTTP client.
pub fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// Waits until something is so.
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..3_000 {
        if is_so() {
            return;
        }
        std::thread::park_timeout(Duration::from_millis(10));
    }
    panic!("waited in vain until {what}");
}
