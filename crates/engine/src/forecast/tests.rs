//! What a forecast says, beside what the simulator then does.

use super::*;
use crate::sim::{Scenario, run};
use crate::time::Ms;

fn scenario(windows: &str, kind: &str, teams: &str) -> Scenario {
    let text = format!(
        "start = \"2026-11-23T20:07:00Z\"\nuntil_hours = 20000\n[[app]]\nid = \"a\"\nserver_kind = \"{kind}\"\n{windows}\n{teams}"
    );
    Scenario::parse(&text).unwrap()
}

fn team(connections: u32, poll_seconds: u32, requests: u32) -> String {
    format!(
        "[[app.team]]\nid = \"t\"\nconnections = {connections}\npoll_seconds = {poll_seconds}\nhistory_connections = {connections}\nhistory_requests = {requests}\n"
    )
}

/// Enough for four cycles of every scenario here.
const EFFORT: Effort = Effort { grants: 90_000, runs_max: 3, seed: 1 };

/// How long history takes by the forecast and by the simulator, in hours.
fn both(scenario: &Scenario, effort: Effort) -> (f64, f64, Outlook) {
    let load = Load::simulated(&scenario.app[0], scenario.start_ms().unwrap());
    let outlook = outlook(&load, effort, &|| true).unwrap();
    let done = run(&Scenario { seed: 4_711, ..scenario.clone() }, None).unwrap().history_finished_ms.unwrap();
    let hours = |ms: Ms| ms as f64 / 3_600_000.0;
    (hours(outlook.finish_ms_p50.unwrap()), hours(done), outlook)
}

const STRAVA: &str = "windows = [{ limit = 100, seconds = 900, kind = \"aligned\" }, \
                      { limit = 1000, seconds = 86400, kind = \"aligned\" }]";
const WAHOO: &str = "windows = [{ limit = 200, seconds = 300 }, { limit = 1000, seconds = 3600 }, \
                     { limit = 5000, seconds = 86400 }]";
const WHOOP: &str = "windows = [{ limit = 100, seconds = 60 }, { limit = 10000, seconds = 86400 }]";
const OURA: &str = "windows = [{ limit = 5000, seconds = 300 }]";
const FITBIT: &str = "user_windows = [{ limit = 150, seconds = 3600 }]";

/// Holds a forecast against a run of the simulator.
fn holds(scenario: &Scenario) -> Outlook {
    holds_with(scenario, EFFORT)
}

fn holds_with(scenario: &Scenario, effort: Effort) -> Outlook {
    let (said, done, outlook) = both(scenario, effort);
    assert!((said / done - 1.0).abs() < 0.05, "{said:.2} h said, {done:.2} h done");
    assert!(outlook.lower_bound_ms <= outlook.finish_ms_p50);
    assert!(outlook.finish_ms_p50 <= outlook.finish_ms_p90);
    outlook
}

#[test]
fn within_a_twentieth_of_the_simulator_where_it_is_run_to_the_end() {
    assert!(!holds(&scenario(STRAVA, "aligned", &team(8, 900, 200))).counted_on);
}

#[test]
fn within_a_twentieth_of_the_simulator_where_days_repeat_themselves() {
    assert!(holds(&scenario(STRAVA, "aligned", &team(300, 86_400, 40))).counted_on);
}

#[test]
fn within_a_twentieth_of_the_simulator_where_more_polls_are_wished_for_than_fit() {
    assert!(holds(&scenario(STRAVA, "aligned", &team(2_000, 86_400, 4))).counted_on);
}

#[test]
fn within_a_twentieth_of_the_simulator_where_three_windows_are_of_a_kind_not_known() {
    assert!(holds(&scenario(WAHOO, "log", &team(40, 3_600, 700))).counted_on);
}

#[test]
fn within_a_twentieth_of_the_simulator_where_they_are_two_counters() {
    assert!(holds(&scenario(WAHOO, "two_counter", &team(40, 3_600, 700))).counted_on);
}

#[test]
fn within_a_twentieth_of_the_simulator_where_the_application_was_made_smaller() {
    assert!(holds(&scenario(OURA, "log", &team(640, 900, 60))).scale > 1);
}

#[test]
fn within_a_twentieth_of_the_simulator_where_users_are_counted_by_themselves() {
    assert!(!holds(&scenario(FITBIT, "log", &team(64, 900, 400))).counted_on);
}

#[test]
fn within_a_twentieth_of_the_simulator_where_few_users_are_held_up_by_windows_of_their_own() {
    // Polls leave them six a day. The others have most of theirs, and are done within a week: what all do in a day is then
    // less by far.
    let teams = [team(4, 1_080, 160), team(12, 86_400, 500).replace("\"t\"", "\"u\"")].concat();
    let windows = "user_windows = [{ limit = 86, seconds = 86400, kind = \"log\" }]";
    let scenario = scenario(windows, "log", &teams);
    assert!(holds_with(&scenario, Effort { grants: 9_000, ..EFFORT }).counted_on);
}

#[test]
fn one_run_to_the_end_says_more_than_three_that_are_cut_short() {
    let scenario = scenario(FITBIT, "log", &team(8, 900, 500));
    let load = Load::simulated(&scenario.app[0], scenario.start_ms().unwrap());
    let outlook = outlook(&load, Effort { grants: 5_000, runs_max: 3, seed: 1 }, &|| true).unwrap();
    assert!(!outlook.unsettled && outlook.runs == 1 && outlook.finish_ms_p50.is_some(), "{outlook:?}");
}

#[test]
fn a_daily_window_of_a_kind_not_known_is_counted_on_from_a_few_days() {
    assert!(holds(&scenario(WHOOP, "log", &team(50, 3_600, 900))).counted_on);
}

#[test]
fn a_smaller_application_takes_the_same_time() {
    let load = |connections| {
        let scenario = scenario(OURA, "log", &team(connections, 900, 40));
        Load::simulated(&scenario.app[0], scenario.start_ms().unwrap())
    };
    let (load, small) = (load(1_280), load(1_280).scaled(10));
    assert_eq!((load.scale(), small.connections(), small.windows[0].limit), (10, 128, 500));
    let whole = Load { in_flight_max: 1, ..load };
    assert_eq!(whole.scale(), 1, "one request in flight cannot be made fewer");
}

#[test]
fn the_same_question_has_the_same_answer() {
    let scenario = scenario(STRAVA, "aligned", &team(40, 900, 50));
    let load = Load::simulated(&scenario.app[0], scenario.start_ms().unwrap());
    let ask = || format!("{:?}", outlook(&load, EFFORT, &|| true));
    assert_eq!(ask(), ask());
}

#[test]
fn what_is_no_longer_wanted_is_given_up() {
    let scenario = scenario(STRAVA, "aligned", &team(40, 900, 50));
    let load = Load::simulated(&scenario.app[0], scenario.start_ms().unwrap());
    assert_eq!(outlook(&load, EFFORT, &|| false).unwrap_err(), Interrupted::Unwanted);
}

#[test]
fn too_little_effort_says_so_and_still_gives_the_bound() {
    let scenario = scenario(STRAVA, "aligned", &team(400, 86_400, 50));
    let load = Load::simulated(&scenario.app[0], scenario.start_ms().unwrap());
    let outlook = outlook(&load, Effort { grants: 900, runs_max: 3, seed: 1 }, &|| true).unwrap();
    assert!(outlook.unsettled && outlook.finish_ms_p50.is_none());
    // 20,000 requests beside 400 polls a day: not before a month has passed.
    let days = outlook.lower_bound_ms.unwrap() / 86_400_000;
    assert!((30..36).contains(&days), "{days}");
}

#[test]
fn a_fork_goes_on_from_what_was_used() {
    let scenario = scenario(STRAVA, "aligned", &team(8, 900, 100));
    let load = Load::simulated(&scenario.app[0], scenario.start_ms().unwrap());
    let mut engine = load.engine().unwrap();
    let fresh = fork(&engine, &load, EFFORT, &|| true).unwrap();
    // Somebody pulls 600 requests already, ahead of what is proposed now.
    engine.pull(0, 0, crate::Cost::ONE, 1, std::iter::once(0..600), load.start_ms);
    let later = fork(&engine, &load, EFFORT, &|| true).unwrap();
    assert!(later.finish_ms_p50 > fresh.finish_ms_p50, "{later:?}");
    assert_eq!(engine.pending(0), 1, "the original goes on as it was");
}

mod plans {
    use jiff::Timestamp;
    use lookback_domain::{
        Basis, Catalog, Days, FigureKey, Figures, OAuthApplication, OwnQuota, Preference, Provider,
        QuotaWindow, Unit, WindowKind,
    };

    use super::super::*;

    const EFFORT: Effort = Effort { grants: 24_000, runs_max: 3, seed: 1 };

    fn days(days: i64) -> Preference {
        Preference { default: Days::try_from(days).unwrap(), overrides: Default::default() }
    }

    fn planned(provider: Provider, asked: i64, assumed: &Assumed) -> Plan {
        planned_for(&[Team::default()], provider, asked, assumed)
    }

    fn planned_for(teams: &[Team<'_>], provider: Provider, asked: i64, assumed: &Assumed) -> Plan {
        let catalog = Catalog::bundled().unwrap();
        let now: Timestamp = "2026-11-23T20:07:00Z".parse().unwrap();
        let proposed = days(asked);
        let question = Question { catalog: &catalog, provider, proposed: &proposed, teams, assumed, now };
        plan(&question, EFFORT, &|| true).unwrap()
    }

    #[test]
    fn a_year_of_strava_is_compared_with_todays_fortnight() {
        let plan = planned(Provider::Strava, 365, &Assumed { connections: 2_000, ..Assumed::default() });
        let (proposed, today) = (&plan.proposed, &plan.today);
        assert_eq!((proposed.per_connection.requests, proposed.requests), (185, 370_000));
        assert_eq!((today.days.get(), today.per_connection.requests, today.requests), (14, 9, 18_000));
        assert_eq!(proposed.certainty, Certainty::Extrapolated);
        let years = proposed.finish_ms_p50.unwrap() as f64 / 86_400_000.0 / 365.25;
        assert!((4.5..6.0).contains(&years), "{years}");
        assert!(proposed.lower_bound_ms <= proposed.finish_ms_p50);
        assert!(today.finish_ms_p50 < proposed.finish_ms_p50);
        // A poll a day each is twice what a day's quota has; history takes a fifth of it.
        let periods = [plan.before, proposed.during].map(|polled| polled.teams.unwrap().period_ms);
        assert!(periods[0] > 2 * 86_400_000 && periods[1] > periods[0], "{periods:?}");
        assert!(!plan.own_application_advised, "nobody else uses it");
        assert!(plan.sentence.contains("185 requests for each of 2,000 connections, 370,000 in all"));
        assert!(plan.sentence.contains("would not help"), "{}", plan.sentence);
    }

    #[test]
    fn an_own_application_is_advised_where_others_use_the_shared_one_up() {
        let assumed = Assumed { connections: 50, other_connections: 3_000, ..Assumed::default() };
        let plan = planned(Provider::Strava, 90, &assumed);
        let own = plan.own_application.as_ref().unwrap();
        assert!(own.finish_ms_p50 < plan.proposed.finish_ms_p50);
        assert!(plan.own_application_advised);
        assert!(plan.sentence.contains("application of the team's own is advised"), "{}", plan.sentence);
        assert!(plan.before.others.unwrap().period_ms <= plan.proposed.during.others.unwrap().period_ms);
        assert_eq!(own.during.others, None, "nobody else is on it");

        let own = Assumed { application: Some(OAuthApplication::Own), ..assumed };
        let plan = planned(Provider::Strava, 90, &own);
        assert_eq!((plan.own_application.is_some(), plan.own_application_advised), (false, false));
        assert!(plan.sentence.contains("own already"), "{}", plan.sentence);
    }

    #[test]
    fn a_team_with_an_application_stored_is_reckoned_with_by_itself_and_with_its_quota() {
        let quota = OwnQuota {
            windows: vec![QuotaWindow {
                limit: 10_000,
                seconds: 86_400,
                kind: WindowKind::Aligned,
                unit: Unit::Requests,
                limit_per_user: 0,
            }],
            user_windows: vec![],
        };
        let own = |quota| Team { own: Some(OwnApplication { quota }), ..Team::default() };
        let assumed = Assumed { connections: 50, other_connections: 3_000, ..Assumed::default() };
        let days = |plan: &Plan| plan.proposed.finish_ms_p50.unwrap() as f64 / 86_400_000.0;

        let shared = planned(Provider::Strava, 90, &assumed);
        let alone = planned_for(&[own(None)], Provider::Strava, 90, &assumed);
        let assumed_own = Assumed { application: Some(OAuthApplication::Own), ..assumed.clone() };
        let said = planned(Provider::Strava, 90, &assumed_own);
        assert_eq!(alone.proposed.finish_ms_p50, said.proposed.finish_ms_p50);
        assert_eq!(alone.proposed.finish_ms_p50, shared.own_application.as_ref().unwrap().finish_ms_p50);
        assert!((alone.own_application.is_none(), alone.before.others) == (true, None));
        assert!(alone.sentence.contains("own OAuth application, which is stored,"), "{}", alone.sentence);
        assert!(!said.sentence.contains("stored"), "{}", said.sentence);

        // 2,350 requests: within a day by the quota that was set, and more than one by the catalog's.
        let granted = planned_for(&[own(Some(&quota))], Provider::Strava, 90, &assumed);
        assert_eq!(granted.quota_basis, Basis::Own);
        assert!(days(&granted) < 1.0 && days(&alone) > 1.0, "{} and {}", days(&granted), days(&alone));
        assert!(granted.sentence.contains("the quota that was set for it"), "{}", granted.sentence);
        let shared_all_the_same = Assumed { application: Some(OAuthApplication::Shared), ..assumed };
        let plan = planned_for(&[own(Some(&quota))], Provider::Strava, 90, &shared_all_the_same);
        assert_eq!(plan.proposed.finish_ms_p50, shared.proposed.finish_ms_p50);
    }

    #[test]
    fn teams_on_several_applications_are_added_up_and_the_last_is_waited_for() {
        let own = Team { own: Some(OwnApplication::default()), ..Team::default() };
        let assumed = Assumed { connections: 50, ..Assumed::default() };
        let one = planned_for(&[own], Provider::Strava, 90, &assumed);
        let three = planned_for(&[own, own, own], Provider::Strava, 90, &assumed);
        assert_eq!(three.proposed.requests, 3 * one.proposed.requests);
        assert_eq!(three.proposed.finish_ms_p50, one.proposed.finish_ms_p50, "each goes by itself");
        let shared = planned_for(&[Team::default(); 2], Provider::Strava, 90, &assumed);
        let mixed = planned_for(&[own, Team::default(), Team::default()], Provider::Strava, 90, &assumed);
        assert_eq!((mixed.teams, mixed.own_teams), (3, 1));
        assert_eq!(mixed.proposed.requests, 3 * one.proposed.requests);
        let late = |plan: &Plan| plan.proposed.finish_ms_p50.unwrap();
        assert!(late(&mixed) > late(&one) && late(&mixed).abs_diff(late(&shared)) * 50 < late(&shared));
        assert!(mixed.sentence.contains("1 of the 3 teams have stored"), "{}", mixed.sentence);
    }

    #[test]
    fn figures_of_the_configuration_are_reckoned_with_and_told() {
        let window = |limit| QuotaWindow {
            limit,
            seconds: 86_400,
            kind: WindowKind::Aligned,
            unit: Unit::Requests,
            limit_per_user: 0,
        };
        let figures = Figures { windows: Some(vec![window(20_000)]), ..Figures::default() };
        let catalog =
            Catalog::bundled().unwrap().with(Provider::Strava, &figures, Basis::Configured).unwrap();
        let (proposed, assumed) = (days(365), Assumed { connections: 100, ..Assumed::default() });
        let question = Question {
            catalog: &catalog,
            provider: Provider::Strava,
            proposed: &proposed,
            teams: &[Team::default()],
            assumed: &assumed,
            now: "2026-11-23T00:07:00Z".parse().unwrap(),
        };
        let plan = plan(&question, EFFORT, &|| true).unwrap();
        assert_eq!((plan.quota_basis, &plan.configured[..]), (Basis::Configured, &[FigureKey::Windows][..]));
        assert!(plan.sentence.contains("in place of the catalog's: windows."), "{}", plan.sentence);
        assert!(plan.proposed.finish_ms_p50.unwrap() < 86_400_000, "18,500 requests fit into a day");
    }

    #[test]
    fn users_who_are_counted_by_themselves_need_no_application_of_their_own() {
        let assumed = Assumed { connections: 500, other_connections: 500, ..Assumed::default() };
        let plan = planned(Provider::Fitbit, 30, &assumed);
        assert!(!plan.own_application_advised);
        assert!(plan.sentence.contains("changes nothing"), "{}", plan.sentence);
        assert_eq!(plan.proposed.during.others.unwrap().period_ms, plan.before.others.unwrap().period_ms);
    }

    #[test]
    fn connections_that_come_faster_than_they_are_served_are_never_done() {
        let assumed = Assumed { connections: 100, new_connections_per_day: 10, ..Assumed::default() };
        let plan = planned(Provider::Strava, 365, &assumed);
        assert_eq!((plan.proposed.certainty, plan.proposed.finish_ms_p50), (Certainty::Never, None));
        assert!(plan.sentence.contains("not done within a century"), "{}", plan.sentence);
    }

    #[test]
    fn connections_that_come_to_polls_which_are_slowed_already_keep_history_up_a_little() {
        let assumed = |new_connections_per_day| Assumed {
            connections: 1_000,
            new_connections_per_day,
            ..Assumed::default()
        };
        let done = |new| planned(Provider::EightSleep, 14, &assumed(new)).proposed.finish_ms_p50.unwrap();
        let (none, many) = (done(0), done(30));
        // Seven of them come meanwhile, with 0.7% of what was asked for.
        assert!(none.abs_diff(many) * 20 < none, "{none} and {many}");
    }

    #[test]
    fn who_connects_meanwhile_waits_and_makes_nobody_late() {
        let assumed = Assumed {
            connections: 20,
            other_connections: 20,
            new_connections_per_day: 2,
            poll_seconds: Some(7_200),
            ..Assumed::default()
        };
        let plan = planned(Provider::Strava, 365, &assumed);
        let (teams, others) = (plan.proposed.during.teams.unwrap(), plan.proposed.during.others.unwrap());
        assert!(teams.newcomers_late_ms > 3_600_000, "{teams:?}");
        assert!(teams.lateness_ms.max <= 60_000 && others.lateness_ms.max <= 60_000, "{teams:?} {others:?}");
        assert!(plan.sentence.contains("Who connects meanwhile may wait"), "{}", plan.sentence);
    }

    #[test]
    fn history_that_never_finds_room_ends_the_forecast_all_the_same() {
        // A poll a second is what the reserve keeps free of a request a second.
        let windows = vec![crate::quota::WindowSpec::requests(1, 1_000, crate::quota::Kind::Log)];
        let catalog = Catalog::bundled().unwrap();
        let mut load = Load::of(&catalog.rule(Provider::Cronometer).quota, 1_000_000_000);
        load.windows = windows;
        load.teams.push(TeamLoad {
            weight: 1,
            connections: 40,
            poll_ms: Some(30_000),
            joins_per_day: 0,
            proposal: Some(Proposal {
                connections: 40,
                costs: vec![lookback_domain::PullCost { requests: 1_000, days_of_data: 1_000 }],
                days: 1_000,
            }),
        });
        let outlook = outlook(&load, EFFORT, &|| true).unwrap();
        assert!(outlook.lower_bound_ms.unwrap() > 0);
        assert!(outlook.finish_ms_p50.is_none_or(|ms| ms >= outlook.lower_bound_ms.unwrap()));
    }

    #[test]
    fn what_costs_nothing_says_so() {
        let assumed = Assumed { connections: 100, ..Assumed::default() };
        let phone = planned(Provider::AppleHealthKit, 365, &assumed);
        assert_eq!((phone.proposed.requests, phone.proposed.certainty), (0, Certainty::Nothing));
        assert_eq!((phone.proposed.during.teams, phone.before.teams), (None, None));
        let none = planned(Provider::Strava, 0, &assumed);
        assert_eq!((none.proposed.requests, none.today.requests), (0, 900));
        assert!(none.sentence.contains("no history is pulled"), "{}", none.sentence);
        let nobody = planned(Provider::Strava, 365, &Assumed::default());
        assert_eq!((nobody.proposed.requests, nobody.proposed.certainty), (0, Certainty::Nothing));
    }

    #[test]
    fn every_provider_has_a_plan() {
        for &provider in Provider::ALL {
            let assumed = Assumed { connections: 10, ..Assumed::default() };
            let plan = planned(provider, 14, &assumed);
            assert!(plan.sentence.starts_with(&plan.name), "{provider}: {}", plan.sentence);
            assert!(plan.proposed.lower_bound_ms.is_some() == (plan.proposed.requests > 0), "{provider}");
        }
    }
}
