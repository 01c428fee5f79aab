//! A load test that is told to end leaves nothing running.

#![allow(clippy::unwrap_used, reason = "in a test the panic is the report")]

use std::fs::{self, File, Permissions};
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

/// What is told, and what the load test ends with.
const SIGNALS: [(Signal, i32); 2] = [(Signal::TERM, 143), (Signal::INT, 130)];

#[test]
fn the_servers_it_started_end_with_it() {
    for (signal, code) in SIGNALS {
        let directory = tempfile::tempdir().unwrap();
        let (alive, server) = (directory.path().join("alive"), directory.path().join("server"));
        assert!(Command::new("mkfifo").arg(&alive).status().unwrap().success());
        // It says that it is ready, never answers, and holds a pipe for as long as it lives.
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, pipe) = (silent.local_addr().unwrap(), alive.display());
        let script =
            format!("#!/bin/sh\nexec 3>{pipe}\necho 'listening on http://{address}'\nexec sleep 600\n");
        fs::write(&server, script).unwrap();
        fs::set_permissions(&server, Permissions::from_mode(0o755)).unwrap();

        let mut load = Command::new(env!("CARGO_BIN_EXE_lookback-load"));
        load.args(["--teams", "1", "--rounds", "1", "--lookback"]).arg(&server);
        let mut load = load.stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut alive = File::open(&alive).unwrap();
        let _asked = silent.accept().unwrap();
        kill_process(Pid::from_child(&load), signal).unwrap();
        assert_eq!(load.wait().unwrap().code(), Some(code));
        // It ends when nobody holds the pipe any more.
        assert_eq!(alive.read(&mut [0]).unwrap(), 0);
    }
}
