//! `lookback plan`

use serde_json::json;

use crate::support::{Place, client};

const STRAVA: [&str; 7] = ["plan", "--provider", "strava", "--connections", "40", "--days", "60"];

#[test]
fn a_plan_is_a_table_a_chart_and_a_sentence() {
    let place = Place::new();
    let said = place.run(&STRAVA).ok();
    for part in
        ["requests, one connection", "own application", "polling", "100% │", "█ history", "Strava: 60 days"]
    {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert!(std::fs::read_dir(place.path("")).unwrap().next().is_none(), "nothing was made");
}

#[test]
fn a_chart_can_be_written_as_a_picture() {
    let place = Place::new();
    let file = place.path("quota.svg").display().to_string();
    place.run(&[&STRAVA[..], &["--svg", &file]].concat()).ok();
    let drawing = std::fs::read_to_string(file).unwrap();
    assert!(drawing.starts_with("<svg ") && drawing.ends_with("</svg>\n"), "{drawing}");
    assert!(drawing.contains("class=\"history\" x=") && drawing.contains("Strava: 60 days"), "{drawing}");
    let nowhere = place.run(&[&STRAVA[..], &["--svg", "no/such/directory.svg"]].concat());
    assert_eq!(nowhere.code, Some(1));
    assert!(nowhere.stderr.contains("cannot write no/such/directory.svg"), "{}", nowhere.stderr);
}

#[tokio::test]
async fn a_plan_says_what_the_server_says() {
    let place = Place::new();
    let access = place.bootstrap();
    let (server, client) = (place.serve(), client());
    let body = json!({
        "team_ids": [access.team],
        "providers": { "strava": { "default": { "historical_days_to_pull": 60 } } },
        "assume": { "connections": { "strava": 40 } },
    });
    let request = client.post(format!("{}/forecast", access.url(&server))).json(&body);
    let answer = request.header("x-management-key", &access.key).send().await.unwrap();
    let served: serde_json::Value = answer.error_for_status().unwrap().json().await.unwrap();
    let now = served["now"].as_str().unwrap();
    let team = ["--now", now, "--org", &access.org, "--team", &access.team];
    let planned = place.json(&[&STRAVA[..], &team].concat());
    assert_eq!(planned, served["forecasts"]["strava"]);

    // An OAuth application of the team's own is seen by both.
    let own = json!({ "team_id": access.team, "provider": "strava", "client_id": "1", "client_secret": "s" });
    let at = access.url(&server).replace("team_data_pull_preferences", "team_custom_credentials");
    let stored = client.post(at).header("x-management-key", &access.key).json(&own).send().await.unwrap();
    stored.error_for_status().unwrap();
    let planned = place.json(&[&STRAVA[..], &team].concat());
    assert_eq!(planned["teams_on_own_application"], json!(1));
    assert!(planned["summary"].as_str().unwrap().contains("own OAuth application, which is stored"));
}

#[test]
fn what_cannot_be_asked_for_is_refused_with_the_reason() {
    let place = Place::new();
    let refused = |args: &[&str]| {
        let ran = place.run(&[&["plan"], args].concat());
        (ran.code, ran.stderr)
    };
    let (code, said) = refused(&["--provider", "polar", "--days", "365"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("28 days"), "{said}");
    for wrong in [
        &["--provider", "strava", "--days", "366"][..],
        &["--provider", "strava", "--days", "30", "--connections", "100001"],
        &["--provider", "strava", "--days", "30", "--records", "workouts=0"],
        &["--provider", "strava", "--days", "30", "--poll-seconds", "1"],
    ] {
        assert_eq!(refused(wrong).0, Some(2), "{wrong:?}");
    }
}
