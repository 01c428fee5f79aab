//! What is in `packaging/` fits the program

use std::path::Path;

use crate::support::{Place, read};

fn packaged(name: &str) -> String {
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packaging").join(name))
}

#[test]
fn the_package_s_configuration_is_valid() {
    let place = Place::new();
    let config = place.file("lookback.toml", &packaged("debian/lookback.toml"));
    let rows = place.json(&["config", "check", "--config", &config]);
    assert_eq!(rows[0]["value"], "sqlite:/var/lib/lookback/lookback.db");
}

#[test]
fn the_containers_set_what_there_is() {
    let help = Place::new().run(&["serve", "--help"]).ok();
    for file in ["container/compose.yaml", "container/Dockerfile"] {
        let text = packaged(file);
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let variables: Vec<_> = words.filter(|word| word.starts_with("LOOKBACK_")).collect();
        assert!(!variables.is_empty());
        for variable in variables {
            assert!(help.contains(&format!("{variable}=")), "{file} sets {variable}");
        }
    }
}
