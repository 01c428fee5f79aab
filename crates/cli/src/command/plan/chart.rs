//! Quota use over time, in a terminal.

use lookback_engine::forecast::{Slot, Timeline, span};

/// Rows of the chart.
const ROWS: usize = 8;

/// Polls below, history above them, against what the quota lets through; `None` where nothing is used.
pub fn draw(timeline: &Timeline) -> Option<String> {
    let most = timeline.slots.iter().map(|slot| slot.history + slot.polls).max().filter(|most| *most > 0)?;
    let full = timeline.capacity.unwrap_or(most as f64).max(most as f64);
    let cell = |slot: &Slot, row: usize| {
        // What a cell stands for lies between its middle and that of the next.
        let level = (row as f64 + 0.5) / ROWS as f64 * full;
        match () {
            () if level < slot.polls as f64 => '░',
            () if level < (slot.polls + slot.history) as f64 => '█',
            () => ' ',
        }
    };
    let line = |row: usize| {
        let label = match row {
            7 if timeline.capacity.is_some() => "100%",
            3 if timeline.capacity.is_some() => " 50%",
            _ => "    ",
        };
        let cells: String = timeline.slots.iter().map(|slot| cell(slot, row)).collect();
        format!("{label} │{}", cells.trim_end())
    };
    let mut drawn: Vec<_> = (0..ROWS).rev().map(line).collect();
    drawn.push(format!("     └{}", "─".repeat(timeline.slots.len())));
    let end = span(timeline.slot_ms * timeline.slots.len() as u64);
    drawn.push(format!("      now{end:>width$}", width = timeline.slots.len().saturating_sub(3)));
    let of = if timeline.capacity.is_some() { "the quota" } else { "the most at once" };
    drawn.push(format!("      █ history  ░ polls, of {of}; a column is {}", span(timeline.slot_ms)));
    Some(drawn.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polls_stand_below_history_and_nothing_used_draws_nothing() {
        let slot = |history, polls| Slot { history, polls };
        let slots = vec![slot(60, 40), slot(0, 50), slot(0, 0)];
        let timeline = Timeline { slot_ms: 60_000, capacity: Some(100.0), slots };
        let drawn = draw(&timeline).unwrap();
        let rows: Vec<_> = drawn.lines().collect();
        assert_eq!((rows[0], rows[4], rows[7]), ("100% │█", " 50% │█░", "     │░░"));
        assert_eq!(draw(&Timeline::default()), None);
    }
}
