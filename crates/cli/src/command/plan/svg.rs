//! Quota use over time, as a picture.

use std::fmt::Write;

use lookback_engine::forecast::{Plan, Slot, span, thousands};

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 300.0;
/// Where the chart itself lies.
const LEFT: f64 = 64.0;
const TOP: f64 = 56.0;
const RIGHT: f64 = 740.0;
const BOTTOM: f64 = 250.0;

/// The chart of what is proposed, readable on light and dark ground.
pub fn draw(plan: &Plan) -> String {
    let timeline = &plan.proposed.timeline;
    let most = timeline.slots.iter().map(|slot| slot.history + slot.polls).max().unwrap_or(0) as f64;
    let full = timeline.capacity.unwrap_or(0.0).max(most).max(1.0);
    let width = (RIGHT - LEFT) / timeline.slots.len().max(1) as f64;
    let height = |count: u64| count as f64 / full * (BOTTOM - TOP);
    let mut bars = String::new();
    for (index, &Slot { history, polls }) in timeline.slots.iter().enumerate() {
        let x = LEFT + index as f64 * width;
        let mut bar = |class: &str, above: f64, tall: f64| {
            if tall > 0.0 {
                let y = BOTTOM - above - tall;
                // Writing to a string cannot fail.
                let _ = write!(
                    bars,
                    "<rect class=\"{class}\" x=\"{x:.2}\" y=\"{y:.2}\" width=\"{width:.2}\" height=\"{tall:.2}\"/>"
                );
            }
        };
        bar("polls", 0.0, height(polls));
        bar("history", height(polls), height(history));
    }
    let capacity = timeline.capacity.map(|capacity| {
        let y = BOTTOM - capacity / full * (BOTTOM - TOP);
        format!("<line class=\"quota\" x1=\"{LEFT}\" y1=\"{y:.2}\" x2=\"{RIGHT}\" y2=\"{y:.2}\"/>")
    });
    let title = format!(
        "{}: {} days of history for {} connections",
        plan.name,
        plan.proposed.days,
        thousands(u64::from(plan.assumed.connections))
    );
    let end = span(timeline.slot_ms * timeline.slots.len() as u64);
    let each = span(timeline.slot_ms);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}\">\n\
         <style>text{{font:13px system-ui,sans-serif;fill:#57606a}}.title{{font-size:16px;font-weight:600}}\
         .polls{{fill:#9a6700}}.history{{fill:#0969da}}.quota{{stroke:#cf222e;stroke-dasharray:4 3}}\
         .axis{{stroke:#57606a}}</style>\n\
         <text class=\"title\" x=\"{LEFT}\" y=\"24\">{title}</text>\n\
         <rect class=\"history\" x=\"{LEFT}\" y=\"34\" width=\"10\" height=\"10\"/><text x=\"80\" y=\"44\">history</text>\
         <rect class=\"polls\" x=\"150\" y=\"34\" width=\"10\" height=\"10\"/><text x=\"166\" y=\"44\">polls</text>\
         <line class=\"quota\" x1=\"222\" y1=\"39\" x2=\"246\" y2=\"39\"/><text x=\"252\" y=\"44\">quota</text>\n\
         {bars}\n{quota}\n\
         <line class=\"axis\" x1=\"{LEFT}\" y1=\"{BOTTOM}\" x2=\"{RIGHT}\" y2=\"{BOTTOM}\"/>\
         <line class=\"axis\" x1=\"{LEFT}\" y1=\"{TOP}\" x2=\"{LEFT}\" y2=\"{BOTTOM}\"/>\n\
         <text x=\"{LEFT}\" y=\"270\">now</text><text x=\"{RIGHT}\" y=\"270\" text-anchor=\"end\">{end}</text>\
         <text x=\"58\" y=\"62\" text-anchor=\"end\">{full}</text><text x=\"58\" y=\"{BOTTOM}\" text-anchor=\"end\">0</text>\
         <text x=\"{LEFT}\" y=\"290\">requests in each {each}</text>\n</svg>\n",
        title = escaped(&title),
        quota = capacity.unwrap_or_default(),
        full = thousands(full.round() as u64),
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
