//! Results, as tables for people and as JSON for scripts.

use std::io::{self, ErrorKind, Write};

use comfy_table::{LineStyle, Table, TableStyle};
use serde::Serialize;

/// Prints a line of results.
pub fn line(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

/// Prints a value as JSON.
pub fn json(value: &impl Serialize) -> anyhow::Result<()> {
    line(&serde_json::to_string_pretty(value)?)
}

/// Says that something is deleted, to whoever reads JSON; a person is told nothing where all went well.
pub fn deleted(as_json: bool, id: impl Serialize) -> anyhow::Result<()> {
    if as_json { json(&serde_json::json!({ "deleted": id })) } else { Ok(()) }
}

/// A line under the head and nothing else: easy to read, to copy and to cut.
const PLAIN: TableStyle = TableStyle::new().header_separator(LineStyle::new(' ', '─', ' ', ' '));

/// Prints rows under a head.
pub fn table<R>(head: &[&str], rows: impl IntoIterator<Item = R>) -> anyhow::Result<()>
where
    R: IntoIterator<Item = String>,
{
    let mut table = Table::new();
    table.load_style(PLAIN).set_header(head);
    for row in rows {
        table.add_row(row);
    }
    line(&table.trim_fmt())
}

/// The columns of a table of `T`: what stands over them, and what is in them.
pub struct Columns<T, const N: usize> {
    pub head: [&'static str; N],
    pub row: fn(&T) -> [String; N],
}

impl<T: Serialize, const N: usize> Columns<T, N> {
    /// Prints one.
    pub fn one(&self, as_json: bool, item: &T) -> anyhow::Result<()> {
        if as_json { json(item) } else { table(&self.head, [(self.row)(item)]) }
    }

    /// Prints a list of them.
    pub fn all(&self, as_json: bool, items: &[T]) -> anyhow::Result<()> {
        if as_json { json(&items) } else { table(&self.head, items.iter().map(self.row)) }
    }
}

/// Tells a person what went wrong, and what to do about it.
pub fn complain(error: &anyhow::Error, advice: Option<&str>) {
    let advice = advice.map(|advice| format!("; {advice}")).unwrap_or_default();
    // Where standard error is closed there is nobody to tell.
    let _ = writeln!(io::stderr(), "lookback: {}{advice}", told(error));
}

/// An error with its causes, but for what was told already: many a library repeats its cause in its own words.
fn told(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text += &format!(": {cause}");
        }
    }
    text
}

/// Whether whoever read the results has stopped reading, as `head` does.
pub fn is_closed(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let full = || anyhow::anyhow!("disk is full");
        assert_eq!(
            told(&full().context("disk is full").context("copy.db cannot be written")),
            "copy.db cannot be written: disk is full"
        );
        assert_eq!(
            told(&full().context("copy.db: disk is full; make room")),
            "copy.db: disk is full; make room"
        );
    }
}
