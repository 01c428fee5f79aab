//! Pages of teams, of `GET` and of `GET …/resolve`

use insta::assert_json_snapshot;
use lookback_domain::{Region, TeamId};
use serde_json::{Value, json};

use super::{everything, teams};
use crate::support::{TestApp, path, team_id, us};

/// An application whose first organisation has the teams 1 to `n` in the United States.
async fn with_teams(n: u16) -> TestApp {
    let mut app = TestApp::init().await;
    for _ in 2..=n {
        app = app.with_team(Region::Us).await;
    }
    app
}

fn cursor(page: &Value) -> Option<&str> {
    page["next_cursor"].as_str()
}

/// Every team, page by page, of a query that ends in `&` or `?`.
async fn walk(app: &TestApp, query: &str) -> Vec<Vec<TeamId>> {
    let (mut pages, mut from) = (Vec::new(), String::new());
    loop {
        let page = app.get(&format!("{query}next_cursor={from}")).await.ok();
        pages.push(teams(&page));
        match cursor(&page) {
            Some(next) => from = next.to_owned(),
            None => return pages,
        }
    }
}

#[tokio::test]
async fn a_page_shows_five_teams_where_nothing_is_said() {
    let app = with_teams(7).await;
    let pages = walk(&app, &format!("{}?", us())).await;
    assert_eq!(pages, [(1..=5).map(team_id).collect::<Vec<_>>(), vec![team_id(6), team_id(7)]]);
}

#[tokio::test]
async fn pages_of_any_size_show_every_team_once_and_in_the_same_order() {
    let app = with_teams(9).await;
    let all: Vec<_> = (1..=9).map(team_id).collect();
    for limit in [1, 2, 3, 8, 9, 10, 500] {
        let pages = walk(&app, &format!("{}?limit={limit}&", us())).await;
        assert_eq!(pages.len(), 9_usize.div_ceil(limit), "no page is empty");
        assert_eq!(pages.concat(), all);
    }
}

#[tokio::test]
async fn named_teams_are_paged_too_where_a_limit_is_given() {
    let app = with_teams(4).await;
    let [one, two, three, four] = [1, 2, 3, 4].map(team_id);
    let named = format!("{}?team_id={four}&team_id={one}&team_id={three}&team_id={two}&limit=3&", us());
    assert_eq!(walk(&app, &named).await, [vec![four, one, three], vec![two]]);
}

#[tokio::test]
async fn teams_that_come_and_go_make_nobody_else_appear_twice_or_not_at_all() {
    let app = TestApp::init().await;
    app.remove_team(1).await;
    for n in (10..=100).step_by(10) {
        app.add_team(1, n, Region::Us).await;
    }
    let (mut seen, mut from) = (Vec::new(), String::new());
    for step in 0.. {
        let page = app.get(&format!("{}?limit=2&next_cursor={from}", us())).await.ok();
        seen.extend(teams(&page));
        let Some(next) = cursor(&page) else { break };
        from = next.to_owned();
        match step {
            // Before where we are: the team the cursor stands on goes, two that were passed come.
            0 => {
                app.remove_team(20).await;
                app.add_team(1, 5, Region::Us).await;
                app.add_team(1, 15, Region::Us).await;
            }
            // After where we are: one goes, one comes.
            1 => {
                app.remove_team(70).await;
                app.add_team(1, 55, Region::Us).await;
            }
            _ => {}
        }
    }
    assert_eq!(seen, [10, 20, 30, 40, 50, 55, 60, 80, 90, 100].map(team_id));
}

#[tokio::test]
async fn the_last_page_has_no_cursor_also_where_it_is_full() {
    let app = with_teams(4).await;
    let page = app.get(&format!("{}?limit=4", us())).await.ok();
    assert_eq!((teams(&page).len(), cursor(&page)), (4, None));
}

#[tokio::test]
async fn an_empty_cursor_begins_at_the_first_page() {
    let app = with_teams(3).await;
    let first = app.get(&format!("{}?limit=2", us())).await.ok();
    assert_eq!(app.get(&format!("{}?limit=2&next_cursor=", us())).await.ok(), first);
}

#[tokio::test]
async fn another_limit_may_go_on_from_the_same_cursor() {
    let app = with_teams(6).await;
    let page = app.get(&format!("{}?limit=2", us())).await.ok();
    let rest = app.get(&format!("{}?limit=3&next_cursor={}", us(), cursor(&page).unwrap())).await.ok();
    assert_eq!(teams(&rest), [3, 4, 5].map(team_id));
}

#[tokio::test]
async fn a_cursor_of_another_query_is_refused() {
    let app = with_teams(3).await.with_team(Region::Eu).await.with_team(Region::Eu).await.with_org().await;
    app.add_team(2, 99, Region::Us).await;
    let page = app.get(&format!("{}?limit=1&provider=oura", us())).await.ok();
    let cursor = cursor(&page).unwrap();
    let followed = |path: String, query: &str| format!("{path}?limit=1&next_cursor={cursor}{query}");

    app.get(&followed(us(), "&provider=oura")).await.ok();
    let detail = app.get(&followed(us(), "")).await.refused(422);
    assert_json_snapshot!(detail, { "[].input" => "[cursor]" });
    for url in [
        followed(us(), "&provider=polar"),
        followed(us(), "&provider=oura&provider=polar"),
        followed(us(), &format!("&provider=oura&team_id={}", team_id(1))),
        followed(path(1, "sandbox", "us"), "&provider=oura"),
        followed(path(1, "production", "eu"), "&provider=oura"),
        followed(format!("{}/resolve", us()), "&provider=oura"),
    ] {
        assert_eq!(app.get(&url).await.refused(422)[0]["msg"], detail[0]["msg"], "{url}");
    }
    let theirs = followed(path(2, "production", "us"), "&provider=oura");
    assert_eq!(app.get(&theirs).key_of(2).await.refused(422)[0]["msg"], detail[0]["msg"]);
}

#[tokio::test]
async fn what_is_no_cursor_is_refused() {
    let app = with_teams(3).await;
    let page = app.get(&format!("{}?limit=1", us())).await.ok();
    let cursor = cursor(&page).unwrap();
    // The first character carries the version: another one is another version.
    let other_version = format!("B{}", &cursor[1..]);
    let (cut, longer, padded) =
        (&cursor[..cursor.len() - 4], format!("{cursor}AAAA"), format!("{cursor}%3D%3D"));
    let garbage =
        ["garbage", "AQ", "%00", "%F0%9F%A6%86", &cursor[1..], cut, &longer, &padded, &other_version];
    for garbage in garbage {
        let detail = app.get(&format!("{}?next_cursor={garbage}", us())).await.refused(422);
        assert_eq!(detail[0]["type"], "value_error", "{garbage}");
        assert_eq!(detail[0]["loc"], serde_json::json!(["query", "next_cursor"]));
    }
}

#[tokio::test]
async fn a_page_shows_one_to_500_teams() {
    let app = TestApp::init().await;
    let mut refusals = Vec::new();
    for limit in ["0", "-1", "501"] {
        refusals.push(app.get(&format!("{}?limit={limit}", us())).await.refused(422));
    }
    assert_json_snapshot!(refusals);
    for (limit, kind) in [("1", "less_than_equal"), ("-1", "greater_than_equal")] {
        let limit = format!("{limit}{}", "0".repeat(30));
        let answer = app.get(&format!("{}?limit={limit}", us())).await;
        assert_eq!(answer.refused(422)[0]["type"], kind);
        let text = String::from_utf8(answer.bytes.to_vec()).unwrap();
        assert!(text.contains(&format!(r#""input":{limit},"#)), "{text}");
    }
    for limit in ["1", "500", "%20500%20", "5.0"] {
        app.get(&format!("{}?limit={limit}", us())).await.ok();
    }
    let detail = app.get(&format!("{}?limit=", us())).await.refused(422);
    assert_eq!(detail[0]["type"], "int_parsing");
}

/// A team that overrides everything has a thousand times the settings of one that overrides nothing.
#[tokio::test]
async fn a_page_ends_early_rather_than_show_too_many_settings() {
    let app = with_teams(20).await;
    let all: Vec<_> = (1..=20).map(team_id).collect();
    app.post(&us(), json!({ "team_ids": all, "providers": everything(22, 1) })).await.ok();
    let named: String = all.iter().map(|team| format!("team_id={team}&")).collect();
    for query in ["limit=500&".to_owned(), named] {
        let pages = walk(&app, &format!("{}?{query}", us())).await;
        assert!(pages.len() > 1 && pages.iter().all(|page| page.len() > 1), "{pages:?}");
        assert_eq!(pages.concat(), all);
    }
    let pages = walk(&app, &format!("{}?limit=500&provider=oura&", us())).await;
    assert_eq!(pages, [all], "of one provider there is room for all");
}
