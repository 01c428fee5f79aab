//! What happens to the files of a store, at the start and while it is served.

use std::fs::{self, Permissions};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;

use rustix::process::{Signal, geteuid};
use serde_json::{Value, json};

use crate::support::{Access, Place, Server, read};
use crate::wire::{Raw, get, path, upsert};

const SERVE: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];
/// Some other user than the one that may do everything.
const NOBODY: [&str; 4] = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];

/// Sets days of Oura and gives the status.
fn set(server: &Server, access: &Access, days: i64) -> u16 {
    let mut client = Raw::connect(server);
    let body = upsert(access, days);
    client.post_head(access, &access.key, body.len());
    client.send(&body);
    let answer = client.answer();
    if answer.status != 200 {
        assert_eq!(
            answer.refused(503),
            "The storage is unavailable at the moment; repeat the request later."
        );
        assert_eq!(answer.headers["retry-after"], "1");
    }
    answer.status
}

/// Makes a key with a label that takes a part of a page.
fn make_key(server: &Server, access: &Access) -> u16 {
    let mut client = Raw::connect(server);
    let (org, key) = (&access.org, &access.key);
    let body = json!({ "label": "x".repeat(900), "role": "org_admin" }).to_string();
    client.send(format!(
        "POST /v1/org/{org}/management_key HTTP/1.1\r\nhost: x\r\nx-management-key: {key}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    ));
    client.answer().status
}

/// Writes until there is no more room, and sees that readiness tells what comes next: not again and again that it is ready,
/// while writes fail for want of room.
fn fill_up(mut write: impl FnMut() -> u16, server: &Server) {
    let (mut in_vain, mut not_ready) = (0, 0);
    for _ in 0..3_000 {
        match (write(), get(server, "/readyz").0) {
            (200, _) => in_vain = 0,
            (503, 503) => not_ready += 1,
            // The room that was found may be gone by the next write: the log is taken over meanwhile. Then more is looked for.
            (503, 200) => in_vain += 1,
            other => panic!("{other:?}"),
        }
        assert!(in_vain <= 3, "it is ready again and again, and fails");
        if not_ready == 10 {
            return;
        }
    }
    panic!("it does not get full, or does not say so");
}

/// The days of Oura, or the status where there is no answer to that.
fn days(server: &Server, access: &Access) -> Result<i64, u16> {
    let mut client = Raw::connect(server);
    let (path, key) = (path(access), &access.key);
    client.send(format!("GET {path} HTTP/1.1\r\nhost: x\r\nx-management-key: {key}\r\n\r\n"));
    let answer = client.answer();
    if answer.status != 200 {
        answer.refused(503);
        return Err(answer.status);
    }
    let page: Value = serde_json::from_slice(&answer.body).unwrap();
    let oura = &page["data_pull_preferences"][0]["providers"]["oura"];
    Ok(oura["default"]["historical_days_to_pull"].as_i64().unwrap())
}

/// Ends a server that must have had no panic, and sees what a new one finds.
fn restarted(place: &Place, mut server: Server, access: &Access) -> i64 {
    let (status, _) = server.end(Signal::TERM);
    assert_eq!(status.code(), Some(0));
    assert!(!server.log().contains("panicked"), "{}", server.log());
    days(&place.serve(), access).unwrap()
}

/// A file that may not grow is what a full disk is to the store; unlike that, anybody can have it.
#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_full_is_a_503_until_there_is_room() {
    use rustix::process::{Resource, Rlimit, getrlimit, prlimit};

    let place = Place::new();
    let access = place.bootstrap();
    // 256 KiB, in blocks of 512 bytes.
    let limited = "ulimit -S -f 512; trap '' XFSZ; exec \"$@\"";
    let server = place.serve_by(&["sh", "-c", limited, "sh"], &SERVE);
    assert_eq!(set(&server, &access, 17), 200);
    fill_up(|| make_key(&server, &access), &server);
    assert_eq!(get(&server, "/healthz").0, 200);
    assert_eq!(days(&server, &access), Ok(17), "reading goes on");
    let maximum = getrlimit(Resource::Fsize).maximum;
    prlimit(Some(server.pid()), Resource::Fsize, Rlimit { current: maximum, maximum }).unwrap();
    assert_eq!(get(&server, "/readyz").0, 200);
    assert_eq!(set(&server, &access, 364), 200);
    assert_eq!(restarted(&place, server, &access), 364);
}

/// A file system of 1 MiB that is filled up beside the store, where this user may mount one.
#[cfg(target_os = "linux")]
#[test]
fn a_small_file_system_that_is_full_is_a_503_until_there_is_room() {
    let place = Place::new();
    fs::create_dir(place.path("small")).unwrap();
    let database = ["--database", "sqlite:small/lookback.db"];
    let mounted = "mount -t tmpfs -o size=1m,mode=0777 lookback-test small && \
         \"$1\" bootstrap --json --database sqlite:small/lookback.db > made.json && exec \"$@\"";
    let wrapper = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mounted, "sh"];
    let may = std::process::Command::new(wrapper[0])
        .args(&wrapper[1..])
        .arg("true")
        .current_dir(place.path(""))
        .output()
        .is_ok_and(|output| output.status.success());
    if !may {
        eprintln!("SKIPPED: no file system can be mounted here");
        return;
    }
    let mut server = place.serve_by(&wrapper, &[&SERVE[..], &database].concat());
    let access = Access::from_json(&serde_json::from_str(&read(&place.path("made.json"))).unwrap());
    // The file system is seen by the server and through it.
    let inside = format!("/proc/{}/cwd/small", server.pid().as_raw_nonzero());
    assert_eq!(set(&server, &access, 1), 200);
    let ballast = Path::new(&inside).join("ballast");
    // It takes what there is and fails where there is no more.
    fs::write(&ballast, vec![0; 2 << 20]).unwrap_err();
    fill_up(|| make_key(&server, &access), &server);
    assert_eq!(days(&server, &access), Ok(1));
    fs::remove_file(&ballast).unwrap();
    assert_eq!(get(&server, "/readyz").0, 200);
    assert_eq!(set(&server, &access, 363), 200);
    assert_eq!(days(&server, &access), Ok(363));
    server.end(Signal::TERM);
    assert!(!server.log().contains("panicked"), "{}", server.log());
}

#[test]
fn files_that_were_moved_are_a_503_until_they_are_back() {
    let place = Place::new();
    let access = place.bootstrap();
    let server = place.serve();
    assert_eq!(set(&server, &access, 11), 200);
    fs::rename(place.path("lookback-data"), place.path("elsewhere")).unwrap();
    assert_eq!(set(&server, &access, 12), 503);
    assert_eq!(get(&server, "/readyz").0, 503);
    assert_eq!(days(&server, &access), Ok(11), "reading goes on");
    assert!(server.log().contains("is gone; put it back"), "{}", server.log());
    fs::rename(place.path("elsewhere"), place.path("lookback-data")).unwrap();
    assert_eq!(days(&server, &access), Ok(11), "what was refused has not happened");
    assert_eq!(set(&server, &access, 13), 200);
    assert_eq!(restarted(&place, server, &access), 13);
}

#[test]
fn files_that_were_removed_take_no_acknowledgement_with_them() {
    let place = Place::new();
    let access = place.bootstrap();
    let mut server = place.serve();
    fs::remove_dir_all(place.path("lookback-data")).unwrap();
    assert_eq!(set(&server, &access, 12), 503);
    let (status, _) = server.end(Signal::TERM);
    assert_eq!(status.code(), Some(0));
    assert!(!server.log().contains("panicked"), "{}", server.log());
}

#[test]
fn a_file_that_is_damaged_while_it_is_served_is_no_panic_and_can_be_mended() {
    let place = Place::new();
    let access = place.bootstrap();
    let path = place.path("lookback-data/lookback.db");
    let file = fs::File::options().read(true).write(true).open(&path).unwrap();
    let whole = fs::read(&path).unwrap();
    for damage in [vec![0xff; whole.len()], Vec::new()] {
        let server = place.serve();
        if damage.is_empty() {
            file.set_len(whole.len() as u64 / 2).unwrap();
        } else {
            file.write_all_at(&damage, 0).unwrap();
        }
        // What the store still has in memory it may still tell.
        for n in 0..20 {
            let _ = days(&server, &access);
            let _ = set(&server, &access, n);
        }
        assert_eq!(get(&server, "/healthz").0, 200);
        let mut server = server;
        server.kill();
        assert!(!server.log().contains("panicked"), "{}", server.log());
        for beside in ["lookback-data/lookback.db-wal", "lookback-data/lookback.db-shm"] {
            let _ = fs::remove_file(place.path(beside));
        }
        file.set_len(whole.len() as u64).unwrap();
        file.write_all_at(&whole, 0).unwrap();
        assert_eq!(days(&place.serve(), &access), Ok(180), "the backup is as good as new");
    }
}

#[test]
fn a_file_that_is_mended_while_it_is_served_is_as_good_as_before() {
    let place = Place::new();
    let access = place.bootstrap();
    let path = place.path("lookback-data/lookback.db");
    let file = fs::File::options().write(true).open(&path).unwrap();
    let whole = fs::read(&path).unwrap();
    let server = place.serve();
    // All but the first page, which says what there is.
    let rest = 4096;
    file.write_all_at(&vec![0; whole.len() - rest], rest as u64).unwrap();
    assert_eq!(days(&server, &access), Err(503));
    assert_eq!(set(&server, &access, 1), 503);
    assert_eq!(get(&server, "/readyz").0, 503);
    file.write_all_at(&whole[rest..], rest as u64).unwrap();
    assert_eq!(days(&server, &access), Ok(180));
    assert_eq!(get(&server, "/readyz").0, 200);
    assert_eq!(set(&server, &access, 2), 200);
    assert_eq!(restarted(&place, server, &access), 2);
}

/// A file system that the kernel stops writing to, as it does after an error of the disk; that takes the superuser.
#[cfg(target_os = "linux")]
#[test]
fn a_file_system_that_turns_read_only_is_a_503_for_writes_and_loses_nothing() {
    struct Mounted(std::path::PathBuf);

    impl Drop for Mounted {
        fn drop(&mut self) {
            let _ = std::process::Command::new("umount").arg(&self.0).status();
        }
    }

    let place = Place::new();
    let run = |program: &str, args: &[&str]| {
        let mut command = std::process::Command::new(program);
        command.args(args).current_dir(place.path("")).output().is_ok_and(|output| output.status.success())
    };
    fs::create_dir(place.path("disk")).unwrap();
    fs::File::create(place.path("image")).unwrap().set_len(32 << 20).unwrap();
    let mount = || run("mount", &["-o", "loop,errors=remount-ro", "image", "disk"]);
    if !geteuid().is_root() || !run("mkfs.ext4", &["-q", "image"]) || !mount() {
        eprintln!("SKIPPED: no file system can be made and mounted here");
        return;
    }
    let mounted = Mounted(place.path("disk"));
    let database = ["--database", "sqlite:disk/lookback.db"];
    let made = place.run(&[&["bootstrap", "--json"], &database[..]].concat()).ok();
    let access = Access::from_json(&serde_json::from_str(&made).unwrap());
    let mut server = place.serve_with(&[&SERVE[..], &database].concat(), &[]);
    assert_eq!(set(&server, &access, 21), 200);
    assert!(run("mount", &["-o", "remount,abort", "disk"]));
    assert_eq!(set(&server, &access, 22), 503);
    assert_eq!(get(&server, "/readyz").0, 503);
    assert_eq!(days(&server, &access), Ok(21), "reading goes on");
    assert_eq!(server.end(Signal::TERM).0.code(), Some(0));
    assert!(!server.log().contains("panicked"), "{}", server.log());

    drop(mounted);
    // It may have found something to mend, which it says with its exit code.
    let _ = run("e2fsck", &["-fy", "image"]);
    assert!(mount());
    let _mounted = Mounted(place.path("disk"));
    let mut server = place.serve_with(&[&SERVE[..], &database].concat(), &[]);
    assert_eq!(days(&server, &access), Ok(21), "what was acknowledged is there, what was refused is not");
    assert_eq!(set(&server, &access, 23), 200);
    server.end(Signal::TERM);
}

#[test]
fn a_start_that_fails_says_what_to_do() {
    let place = Place::new();
    place.bootstrap();
    let path = place.path("lookback-data/lookback.db");
    let whole = fs::read(&path).unwrap();
    let refused = || place.run(&SERVE).failed(4);
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert!(refused().contains("restore a backup"), "{}", refused());
    fs::write(&path, "these are my notes\n".repeat(1_000)).unwrap();
    assert!(refused().contains("is not a SQLite database"), "{}", refused());
    let said = place.run(&["serve", "--database", "sqlite:missing/lookback.db"]).failed(4);
    assert!(said.contains("does not exist; create it"), "{said}");
    let said = place.run(&["serve", "--database", "sqlite:."]).failed(4);
    assert!(said.contains("name the database file itself"), "{said}");
    for said in [refused(), said] {
        assert!(!said.contains("panicked"), "{said}");
    }
}

/// Gives everything in a place to nobody; false where this user is not the one who can.
fn given_to_nobody(place: &Place) -> bool {
    let binary = env!("CARGO_BIN_EXE_lookback");
    let tried = std::process::Command::new(NOBODY[0]).args(&NOBODY[1..]).args([binary, "--version"]).output();
    if !geteuid().is_root() || !tried.is_ok_and(|output| output.status.success()) {
        return false;
    }
    for path in [place.path(""), place.path("lookback-data")] {
        std::os::unix::fs::chown(&path, Some(65534), Some(65534)).unwrap();
    }
    for file in fs::read_dir(place.path("lookback-data")).unwrap() {
        std::os::unix::fs::chown(file.unwrap().path(), Some(65534), Some(65534)).unwrap();
    }
    true
}

#[test]
fn what_may_not_be_written_is_refused_at_the_start_and_borne_while_it_is_served() {
    let place = Place::new();
    let access = place.bootstrap();
    let wrapper: &[&str] = if given_to_nobody(&place) { &NOBODY } else { &["env"] };
    if geteuid().is_root() && wrapper.len() == 1 {
        eprintln!("SKIPPED: this user may write everything and cannot be another");
        return;
    }
    let (directory, file) = (place.path("lookback-data"), place.path("lookback-data/lookback.db"));
    let allow = |path: &Path, mode: u32| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    let mut server = place.serve_by(wrapper, &SERVE);
    allow(&file, 0o400);
    allow(&directory, 0o500);
    assert_eq!(set(&server, &access, 21), 200, "an open file stays as it was opened");
    assert_eq!(get(&server, "/readyz").0, 200);
    server.end(Signal::TERM);

    let refused = || {
        let mut command = std::process::Command::new(wrapper[0]);
        command
            .args(&wrapper[1..])
            .arg(env!("CARGO_BIN_EXE_lookback"))
            .args(SERVE)
            .current_dir(place.path(""));
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(4));
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(refused().contains("writ"), "{}", refused());
    allow(&directory, 0o000);
    assert!(refused().contains("see that this user may read and write"), "{}", refused());
    allow(&directory, 0o700);
    assert!(refused().contains("make the file and its directory writable"), "{}", refused());
    allow(&file, 0o600);
    assert_eq!(days(&place.serve_by(wrapper, &SERVE), &access), Ok(21));
}
