//! `lookback quickstart`

use serde_json::Value;

use crate::support::{Place, Server, client};

fn quickstart(place: &Place) -> Server {
    place.serve_with(&["quickstart", "--listen", "127.0.0.1:0"], &[])
}

/// The `curl` commands that were printed, a line each.
fn printed_commands(server: &Server) -> Vec<String> {
    let text = server.printed.join("\n").replace("\\\n", " ");
    text.lines().filter(|line| line.starts_with("curl ")).map(str::to_owned).collect()
}

/// Does what `curl` would do for a command, with another HTTP client.
async fn execute(command: &str) -> Value {
    // Words, as a shell would split them: what stands in single quotes is one.
    let words: Vec<_> = command.split('\'').collect();
    let quoted = |flag: &str| {
        let flag = format!("{flag} ");
        words.chunks(2).filter(|pair| pair.len() == 2 && pair[0].ends_with(&flag)).map(|pair| pair[1]).next()
    };
    let url = quoted("--url").unwrap();
    let (name, value) = quoted("--header").unwrap().split_once(": ").unwrap();
    let request = match quoted("--data") {
        Some(data) => {
            assert!(command.contains("--request POST"));
            let form = "application/x-www-form-urlencoded";
            client().post(url).header("content-type", form).body(data.to_owned())
        }
        None => client().get(url),
    };
    let answer = request.header(name, value).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{command}");
    answer.json().await.unwrap()
}

#[tokio::test]
async fn on_a_fresh_machine_it_does_the_whole_job_and_its_commands_work() {
    let place = Place::new();
    let server = quickstart(&place);
    let [set, read, resolve] = &printed_commands(&server)[..] else { panic!("{:?}", server.printed) };

    let oura = |page: Value| page["data_pull_preferences"][0]["providers"]["oura"].clone();
    let set = oura(execute(set).await);
    assert_eq!(set["default"]["historical_days_to_pull"], 120);
    assert_eq!(set["resource_overrides"]["sleep"]["historical_days_to_pull"], 180);
    assert_eq!(oura(execute(read).await), set);
    let windows = execute(resolve).await;
    assert_eq!(windows["windows"][0]["providers"]["fitbit"]["heartrate"]["days"], 14);
}

#[tokio::test]
async fn run_again_it_uses_what_is_there() {
    let place = Place::new();
    let first = printed_commands(&quickstart(&place)).concat();
    let second = printed_commands(&quickstart(&place)).concat();
    // The port is another one.
    let without_port = |commands: &str| {
        let (parts, mut kept) = (commands.split("127.0.0.1:"), String::new());
        parts.for_each(|part| kept.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit())));
        kept
    };
    assert_eq!(without_port(&first), without_port(&second));
    assert_eq!(place.json(&["org", "list"]).as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn run_again_after_its_team_or_key_was_deleted_it_begins_anew() {
    let place = Place::new();
    drop(quickstart(&place));
    let who = || {
        serde_json::from_str::<Value>(&crate::support::read(
            &place.path("lookback-data/lookback.db.quickstart.json"),
        ))
    };
    let first = who().unwrap();
    let [org, team] = ["org_id", "team_id"].map(|name| first[name].as_str().unwrap().to_owned());
    place.run(&["team", "delete", "--org", &org, &team]).ok();
    drop(quickstart(&place));
    let second = who().unwrap();
    assert_ne!(second["team_id"], first["team_id"]);

    place.run(&["org", "delete", second["org_id"].as_str().unwrap(), "--confirm", "Quickstart"]).ok();
    drop(quickstart(&place));
    assert_ne!(who().unwrap()["management_key"], second["management_key"]);
}

#[tokio::test]
async fn as_json_it_says_where_it_serves_and_with_what() {
    let place = Place::new();
    let mut server = place.start(&["quickstart", "--listen", "127.0.0.1:0", "--json"], &[]);
    while server.printed.last().is_none_or(|line| line != "}") {
        server.read_line();
    }
    let made: Value = serde_json::from_str(&server.printed.join("\n")).unwrap();
    let text = |name: &str| made[name].as_str().unwrap();
    let url = format!("{}/v1/org/{}/team_data_pull_preferences/production/us", text("url"), text("org_id"));
    let read = client().get(url).header("x-management-key", text("management_key")).send().await.unwrap();
    let read: Value = read.json().await.unwrap();
    assert_eq!(read["data_pull_preferences"][0]["team_id"], made["team_id"]);
}

#[test]
fn its_files_are_readable_by_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let _server = quickstart(&place);
    for (name, mode) in [("", 0o700), ("lookback.db", 0o600), ("lookback.db.quickstart.json", 0o600)] {
        let path = place.path("lookback-data").join(name);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, mode, "{name}");
    }
}

#[test]
fn a_file_that_others_could_read_is_closed_to_them() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    drop(quickstart(&place));
    let path = place.path("lookback-data/lookback.db.quickstart.json");
    // The organisation is gone, so that it begins anew.
    let made: Value = serde_json::from_str(&crate::support::read(&path)).unwrap();
    place.run(&["org", "delete", made["org_id"].as_str().unwrap(), "--confirm", "Quickstart"]).ok();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
    drop(quickstart(&place));
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_ne!(serde_json::from_str::<Value>(&crate::support::read(&path)).unwrap(), made);
}

#[test]
fn two_stores_beside_each_other_are_remembered_apart() {
    let place = Place::new();
    let key = |store: &str| {
        let database = format!("sqlite:{}", place.path(store).display());
        drop(place.serve_with(&["quickstart", "--listen", "127.0.0.1:0", "--database", &database], &[]));
        crate::support::read(&place.path(&format!("{store}.quickstart.json")))
    };
    let (a, b) = (key("a.db"), key("b.db"));
    assert_ne!(a, b);
    assert_eq!((key("a.db"), key("b.db")), (a, b));
}
