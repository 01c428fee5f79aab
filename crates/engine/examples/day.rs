//! Draws a day of Strava under three disciplines, as an SVG on standard output:
//!
//! ```text
//! cargo run --release -p lookback-engine --example day > docs/strava-day.svg
//! ```
//!
//! The same scenario runs three times: one queue for everything, polls strictly first, and polls first with
//! room reserved for those to come. Each panel shows what was sent in every quarter of an hour.

use std::fmt::Write as _;
use std::io::Write as _;

use lookback_engine::sim::{self, Scenario, Summary};

const SCENARIO: &str = r#"
seed = 7
start = "2026-11-23T00:00:00Z"
until_hours = 400
[[app]]
id = "strava"
windows = [{ limit = 100, seconds = 900, kind = "aligned" }, { limit = 1000, seconds = 86400, kind = "aligned" }]
server_kind = "aligned"
[[app.team]]
id = "a"
connections = 8
history_connections = 12
history_requests = 125
history_at_seconds = 32400
"#;
const DISCIPLINES: [(&str, &str); 3] = [
    ("fifo", "One queue, first in, first out"),
    ("strict", "Polls strictly first"),
    ("reserve", "Polls first, and room reserved for those to come"),
];
/// A day of quarters of an hour.
const QUARTERS: usize = 96;
/// Points on paper: a quarter, a request, a panel.
const QUARTER: usize = 8;
const PANEL: usize = 150;
const LEFT: usize = 50;

/// Requests of one quarter of an hour: polls on time, polls late, history.
type Quarter = [u64; 3];

fn day(order: &str) -> Result<(Vec<Quarter>, Summary), Box<dyn std::error::Error>> {
    let scenario = Scenario::parse(&format!("order = \"{order}\"\n{SCENARIO}"))?;
    let mut trace = Vec::new();
    let summary = sim::run(&scenario, Some(&mut trace))?;
    let mut quarters = vec![Quarter::default(); QUARTERS];
    for line in String::from_utf8(trace)?.lines() {
        let line: serde_json::Value = serde_json::from_str(line)?;
        let sent_ms = line["sent_ms"].as_u64().unwrap_or(0);
        let kind = match line["due_ms"].as_u64() {
            None => 2,
            Some(due_ms) => usize::from(sent_ms > due_ms + 1_000),
        };
        if let Some(quarter) = quarters.get_mut(sent_ms as usize / 900_000) {
            quarter[kind] += 1;
        }
    }
    Ok((quarters, summary))
}

fn panel(
    svg: &mut String,
    top: usize,
    title: &str,
    quarters: &[Quarter],
    summary: &Summary,
) -> std::fmt::Result {
    let base = top + 20 + 100;
    let width = QUARTERS * QUARTER;
    let late_ms = summary.poll_lateness_ms.max;
    let late = if late_ms < 1_000 {
        "no poll late".to_owned()
    } else {
        format!("worst poll {:.1} h late", late_ms as f64 / 3.6e6)
    };
    let done = summary.history_finished_ms.map_or("history never done".to_owned(), |ms| {
        format!("history done after {:.1} h", ms as f64 / 3.6e6 - 9.0)
    });
    writeln!(svg, "<text x=\"{LEFT}\" y=\"{}\" class=\"title\">{title}: {late}, {done}</text>", top + 12)?;
    writeln!(
        svg,
        "<line x1=\"{LEFT}\" y1=\"{0}\" x2=\"{1}\" y2=\"{0}\" class=\"limit\"/>",
        base - 100,
        LEFT + width
    )?;
    writeln!(svg, "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">100</text>", LEFT - 6, base - 96)?;
    for (index, quarter) in quarters.iter().enumerate() {
        let mut y = base;
        for (count, class) in quarter.iter().zip(["poll", "late", "history"]).filter(|(count, _)| **count > 0)
        {
            y -= *count as usize;
            let x = LEFT + index * QUARTER;
            writeln!(
                svg,
                "<rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{count}\" class=\"{class}\"/>",
                QUARTER - 1
            )?;
        }
    }
    writeln!(
        svg,
        "<line x1=\"{LEFT}\" y1=\"{base}\" x2=\"{}\" y2=\"{base}\" class=\"axis\"/>",
        LEFT + width
    )?;
    for hour in (0..=24).step_by(3) {
        let x = LEFT + hour * 4 * QUARTER;
        writeln!(svg, "<text x=\"{x}\" y=\"{}\" text-anchor=\"middle\">{hour:02}:00</text>", base + 14)?;
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (width, height) = (LEFT + QUARTERS * QUARTER + 30, 3 * PANEL + 50);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"11\">\n\
         <style>.title{{font-size:13px;font-weight:bold}}.poll{{fill:#1b6ca8}}.late{{fill:#c0392b}}.history{{fill:#b8c4ce}}\
         .limit{{stroke:#888;stroke-dasharray:4 3}}.axis{{stroke:#333}}</style>\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n"
    );
    for (index, (order, title)) in DISCIPLINES.iter().enumerate() {
        let (quarters, summary) = day(order)?;
        panel(&mut svg, 10 + index * PANEL, title, &quarters, &summary)?;
    }
    let y = 3 * PANEL + 30;
    for (index, (class, words)) in
        [("poll", "polls on time"), ("late", "polls late"), ("history", "history, asked for at 09:00")]
            .iter()
            .enumerate()
    {
        let x = LEFT + index * 150;
        writeln!(svg, "<rect x=\"{x}\" y=\"{}\" width=\"10\" height=\"10\" class=\"{class}\"/>", y - 9)?;
        writeln!(svg, "<text x=\"{}\" y=\"{y}\">{words}</text>", x + 15)?;
    }
    writeln!(
        svg,
        "<text x=\"{}\" y=\"{y}\" text-anchor=\"end\">requests sent in each quarter of an hour; 100 allowed, and 1,000 a day</text>\n</svg>",
        width - 30
    )?;
    std::io::stdout().write_all(svg.as_bytes())?;
    Ok(())
}
