//! Flags, then the environment, then the file

use crate::support::Place;

/// Databases, each with one organisation called as its file.
fn with_databases(names: &[&str]) -> Place {
    let place = Place::new();
    for name in names {
        let url = format!("sqlite:{name}");
        place.run(&["org", "create", "--name", name, "--database", &url]).ok();
    }
    place
}

/// The name of the organisation in the database that these settings lead to.
fn reached(place: &Place, args: &[&str], environment: &[(&str, &str)]) -> String {
    let listed = place.run_with(&[&["org", "list", "--json"], args].concat(), environment).ok();
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    listed[0]["name"].as_str().unwrap().to_owned()
}

#[test]
fn a_flag_comes_before_the_environment_and_the_environment_before_the_file() {
    let place = with_databases(&["flag", "env", "file"]);
    let config = place.file("lookback.toml", "database = \"sqlite:file\"");
    let (flag, env) = (["--database", "sqlite:flag"], ("LOOKBACK_DATABASE", "sqlite:env"));
    let file = ["--config", &config];
    assert_eq!(reached(&place, &[&flag[..], &file].concat(), &[env]), "flag");
    assert_eq!(reached(&place, &file, &[env]), "env");
    assert_eq!(reached(&place, &file, &[]), "file");
    assert_eq!(reached(&place, &[], &[("LOOKBACK_CONFIG", &config)]), "file");
}

#[test]
fn the_database_may_stand_in_a_file_at_every_level() {
    let place = with_databases(&["flag", "env", "file"]);
    let [flag, env, file] =
        ["flag", "env", "file"].map(|name| place.file(&format!("{name}.url"), &format!("sqlite:{name}\n")));
    let config = place.file("lookback.toml", &format!("database_file = {file:?}"));
    let args = ["--config", &config];
    assert_eq!(reached(&place, &args, &[]), "file");
    assert_eq!(reached(&place, &args, &[("LOOKBACK_DATABASE_FILE", &env)]), "env");
    assert_eq!(reached(&place, &["--database-file", &flag, "--config", &config], &[]), "flag");
}

#[test]
fn a_flag_comes_before_the_environment_also_where_only_one_of_them_names_a_file() {
    let place = with_databases(&["flag", "env"]);
    let [flag, env] =
        ["flag", "env"].map(|name| place.file(&format!("{name}.url"), &format!("sqlite:{name}")));
    let named = ["--database", "sqlite:flag"];
    assert_eq!(reached(&place, &named, &[("LOOKBACK_DATABASE_FILE", &env)]), "flag");
    assert_eq!(reached(&place, &["--database-file", &flag], &[("LOOKBACK_DATABASE", "sqlite:env")]), "flag");
}

#[test]
fn both_forms_at_one_level_are_refused() {
    let place = Place::new();
    let file = place.file("url", "sqlite:x");
    place.run(&["org", "list", "--database", "sqlite:y", "--database-file", &file]).failed(2);
    let both = [("LOOKBACK_DATABASE", "sqlite:y"), ("LOOKBACK_DATABASE_FILE", file.as_str())];
    let said = place.run_with(&["org", "list"], &both).failed(1);
    assert!(said.contains("the environment sets both"), "{said}");
    let config = place.file("lookback.toml", "database = \"sqlite:x\"\ndatabase_file = \"y\"");
    let said = place.run(&["org", "list", "--config", &config]).failed(1);
    assert!(said.contains("keep one"), "{said}");
}

#[test]
fn where_to_listen_may_be_said_at_every_level() {
    let place = Place::new();
    let config = place.file("lookback.toml", "server.listen = \"127.0.0.1:0\"\nlog = \"warn\"");
    place.serve_with(&["serve", "--config", &config], &[]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let environment = [("LOOKBACK_LISTEN", taken.as_str())];
    place.run_with(&["serve", "--config", &config], &environment).failed(1);
}

#[test]
fn a_configuration_that_is_not_understood_is_refused_and_the_fault_named() {
    let place = Place::new();
    for (text, named) in [
        ("databse = \"sqlite:x\"", "databse"),
        ("server.listen = \"here\"", "listen"),
        ("database = ", "database"),
        ("database = \"mysql:x\"", "sqlite:PATH"),
        ("log = \"=loud=\"", "log filter"),
    ] {
        let config = place.file("lookback.toml", text);
        let said = place.run(&["org", "list", "--config", &config]).failed(1);
        assert!(said.contains(named), "{said}");
    }
    let said = place.run(&["org", "list", "--config", "missing.toml"]).failed(1);
    assert!(said.contains("missing.toml"), "{said}");
    let said = place.run(&["org", "list", "--database-file", "missing.url"]).failed(1);
    assert!(said.contains("missing.url"), "{said}");
}
