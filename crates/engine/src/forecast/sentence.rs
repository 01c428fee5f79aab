//! A forecast as a person would say it.

use lookback_domain::Basis;

use super::plan::{Certainty, Plan, Side};
use crate::time::Ms;

/// The forecast in a few sentences: what it takes, when it is done, what becomes of polling, and what would help.
pub fn of(plan: &Plan) -> String {
    let mut said = vec![work(plan)];
    said.extend(applications(plan));
    said.extend(configured(plan));
    if plan.proposed.requests > 0 {
        said.push(finish(&plan.proposed));
        said.extend(today(plan));
        said.extend(polling(plan));
        said.extend(others(plan));
        said.push(advice(plan));
    }
    said.join(" ")
}

fn work(plan: &Plan) -> String {
    let Side { days, per_connection, requests, .. } = &plan.proposed;
    let name = &plan.name;
    if !plan.is_asked {
        return format!("{name}: its history takes no requests, since the phone or the device sends it.");
    }
    if per_connection.requests == 0 {
        return format!("{name}: no history is pulled, so it takes no requests.");
    }
    let teams = if plan.teams > 1 { format!(" of each of {} teams", plan.teams) } else { String::new() };
    format!(
        "{name}: {} of history take about {} for each of {} connections{teams}, {} in all.",
        counted(u64::from(days.get()), "day"),
        counted(per_connection.requests, "request"),
        thousands(u64::from(plan.assumed.connections)),
        thousands(*requests),
    )
}

/// Who uses an application of its own, where that is from what is stored.
fn applications(plan: &Plan) -> Option<String> {
    if plan.own_teams == 0 || plan.assumed.application.is_some() {
        return None;
    }
    let quota = if plan.quota_basis == Basis::Own { ", by the quota that was set for it" } else { "" };
    Some(match (plan.own_teams, plan.teams) {
        (_, 1) => format!("The team's own OAuth application, which is stored, is reckoned with{quota}."),
        (own, teams) => format!(
            "{own} of the {teams} teams have stored an OAuth application of their own, and each of these is reckoned with by itself."
        ),
    })
}

/// Which figures are the configuration's.
fn configured(plan: &Plan) -> Option<String> {
    let names: Vec<_> = plan.configured.iter().map(|key| key.as_str()).collect();
    (!names.is_empty()).then(|| {
        format!("The configuration's figures stand in place of the catalog's: {}.", names.join(", "))
    })
}

fn finish(side: &Side) -> String {
    let said = side.lower_bound_ms.filter(|ms| *ms >= 1_000 || side.finish_ms_p50.is_none());
    let bound = said.map(|ms| format!("no scheduler could be done before {}", span(ms)));
    match (side.certainty, side.finish_ms_p50) {
        (Certainty::Unknown, _) => {
            let bound = bound.unwrap_or_else(|| "polls alone leave no room".to_owned());
            format!("When they are done was not found out within the forecast's bound; {bound}.")
        }
        (_, Some(ms)) => {
            let bound = bound.map_or(String::new(), |bound| format!("; {bound}"));
            let late = side
                .finish_ms_p90
                .map_or(String::new(), |ms| format!(" ({} in nine of ten runs{bound})", span(ms)));
            format!("They are done after {}{late}.", span(ms))
        }
        _ => {
            "They are not done within a century: beside polls and what is asked for each day the quota has too little room for them."
                .to_owned()
        }
    }
}

fn today(plan: &Plan) -> Option<String> {
    let (today, proposed) = (&plan.today, &plan.proposed);
    if today.requests == proposed.requests && today.finish_ms_p50 == proposed.finish_ms_p50 {
        return Some("That is what today's preference takes, too.".to_owned());
    }
    if today.requests == 0 {
        return Some("Today nothing is pulled.".to_owned());
    }
    let done = today.finish_ms_p50.map(|ms| format!(" and are done after {}", span(ms)));
    Some(format!(
        "Today's {} take {} in all{}.",
        counted(u64::from(today.days.get()), "day"),
        counted(today.requests, "request"),
        done.unwrap_or_default()
    ))
}

fn polling(plan: &Plan) -> Option<String> {
    let during = plan.proposed.during.teams?;
    let (before, after) = (plan.before.teams?, plan.after.teams?);
    let (slow, first, last) = (during.period_ms, before.period_ms, after.period_ms);
    let late = match during.lateness_ms.max {
        0..60_000 => String::new(),
        max => format!(", at worst {} late", span(max)),
    };
    let joins = match during.newcomers_late_ms {
        0..60_000 => String::new(),
        max => format!(
            " Who connects meanwhile may wait {} for a poll, until a window of the quota is over.",
            span(max)
        ),
    };
    let same = |one: Ms, other: Ms| one.abs_diff(other) * 100 <= one.max(other);
    if same(slow, first) && same(slow, during.wished_ms) {
        return Some(format!("Each connection goes on being polled every {}{late}.{joins}", span(slow)));
    }
    let after = if same(first, last) { String::new() } else { format!(", and {} afterwards", span(last)) };
    Some(format!(
        "Meanwhile each connection is polled every {} (wished: {}; without the pull: {}{after}){late}.{joins}",
        span(slow),
        span(during.wished_ms),
        span(first),
    ))
}

fn others(plan: &Plan) -> Option<String> {
    let (during, before) = (plan.proposed.during.others?, plan.before.others?);
    let others = thousands(u64::from(plan.assumed.other_connections));
    Some(if during.period_ms * 100 > before.period_ms * 101 {
        format!(
            "The {others} connections of other teams on the same application are polled every {} instead of every {}.",
            span(during.period_ms),
            span(before.period_ms)
        )
    } else {
        format!("The {others} connections of other teams on the same application are polled as before.")
    })
}

fn advice(plan: &Plan) -> String {
    const LONG_MS: Ms = 7 * 86_400_000;
    let long = plan.proposed.finish_ms_p50.is_none_or(|ms| ms > LONG_MS);
    if let Some(own) = plan.own_application.as_ref().filter(|_| plan.own_application_advised) {
        let done = own.finish_ms_p50.map(|ms| format!("history would be done after {}", span(ms)));
        let polled = own.during.teams.map(|polling| format!("polled every {}", span(polling.period_ms)));
        let what: Vec<_> = done.into_iter().chain(polled).collect();
        return format!(
            "An OAuth application of the team's own is advised: {}.",
            what.join(" and each connection ")
        );
    }
    let why = match &plan.own_application {
        _ if plan.own_teams == plan.teams => "The application is the team's own already",
        _ if !plan.shared_quota => {
            "The provider counts each user by themselves, so another OAuth application changes nothing"
        }
        None => "The provider knows no OAuth applications of a team's own",
        _ => "An OAuth application of the team's own has the same quota and would not help",
    };
    if long {
        format!("{why}: a shorter range, or a larger quota from the provider, would.")
    } else {
        format!("{why}.")
    }
}

fn counted(count: u64, what: &str) -> String {
    format!("{} {what}{}", thousands(count), if count == 1 { "" } else { "s" })
}

/// A number with a comma every three digits.
#[must_use]
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut said = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            said.push(',');
        }
        said.push(digit);
    }
    said
}

/// A time as people say it.
#[must_use]
pub fn span(ms: Ms) -> String {
    const DAY: f64 = 86_400_000.0;
    let of = ms as f64;
    let say = |number: f64, unit: &str| {
        let said = format!("{number:.1}");
        format!("{} {unit}", said.strip_suffix(".0").unwrap_or(&said))
    };
    match ms {
        0 => "0 s".to_owned(),
        1..120_000 => say(of / 1e3, "s"),
        120_000..7_200_000 => say(of / 6e4, "min"),
        7_200_000..172_800_000 => say(of / 3.6e6, "h"),
        _ if of < 730.0 * DAY => say(of / DAY, "days"),
        _ => say(of / (365.25 * DAY), "years"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_are_said_as_people_say_them() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
        let spans = [0, 1_500, 900_000, 86_400_000, 216_000_000, 63_115_200_000].map(span);
        assert_eq!(spans, ["0 s", "1.5 s", "15 min", "24 h", "2.5 days", "2 years"]);
    }
}
