//! The output of a command: a table on a terminal, one JSON object per line elsewhere, one JSON document with `--json`.

use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::fail::{Failure, Result};

/// The version of `--json`: cli.schema.json describes it.
pub const VERSION: u32 = 1;

/// How to print.
#[derive(Clone, Debug)]
pub struct Out {
    pub json: bool,
    pub fields: Vec<String>,
    pub quiet: bool,
    pub command: String,
}

impl Out {
    /// Prints rows. `columns` are those of the table. The JSON has all fields of a row.
    pub fn rows(&self, columns: &[&str], rows: &[Value]) -> Result {
        let picked: Vec<Value> = rows.iter().map(|row| self.pick(row)).collect();
        let chosen: Vec<&str> = self.fields.iter().map(String::as_str).collect();
        self.print(if chosen.is_empty() { columns } else { &chosen }, &picked)
    }

    /// Prints the rows of a dry run, with all their fields: `--fields` are those of the result.
    pub fn would(&self, rows: &[Value]) -> Result {
        self.print(&["server", "would", "change"], rows)
    }

    fn print(&self, columns: &[&str], rows: &[Value]) -> Result {
        let mut out = anstream::stdout().lock();
        if self.json {
            let document = json!({"version": VERSION, "command": self.command, "items": rows});
            printed(writeln!(out, "{document:#}"))
        } else if io::stdout().is_terminal() {
            printed(table(&mut out, columns, rows))
        } else {
            printed(rows.iter().try_for_each(|row| writeln!(out, "{row}")))
        }
    }

    /// Prints one object: on a terminal, a line for each of its fields.
    pub fn one(&self, row: &Value) -> Result {
        if self.json || !io::stdout().is_terminal() {
            return self.rows(&[], std::slice::from_ref(row));
        }
        let picked = self.pick(row);
        let lines: Vec<Value> = picked
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(_, value)| !value.is_null() && value.as_array().is_none_or(|items| !items.is_empty()))
            .map(|(field, value)| json!({"field": field, "value": value}))
            .collect();
        printed(table(&mut anstream::stdout().lock(), &["field", "value"], &lines))
    }

    /// Refuses `--json` for a result that is not JSON.
    pub fn text_only(&self, what: &str) -> Result {
        if self.json { Err(Failure::usage(format!("{what}, not JSON: omit --json"))) } else { Ok(()) }
    }

    /// Prints unchanged text: completions, manual pages, files.
    pub fn text(&self, text: &str) -> Result {
        let mut out = anstream::stdout().lock();
        printed(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
    }

    /// Prints a message on stderr, beside the result.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            say(&clean(text));
        }
    }

    /// A spinner on stderr, or a bar if there is a total.
    pub fn progress(&self, what: &str, total: Option<u64>) -> ProgressBar {
        let is_plain = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        if self.quiet || is_plain || !io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let bar = total.map_or_else(ProgressBar::new_spinner, ProgressBar::new);
        let form = if total.is_some() { "{msg} {wide_bar} {pos}/{len}" } else { "{spinner} {msg} {elapsed}" };
        // The template is a constant that indicatif can parse.
        if let Ok(style) = ProgressStyle::with_template(form) {
            bar.set_style(style);
        }
        bar.set_message(clean(what));
        bar.enable_steady_tick(std::time::Duration::from_millis(200));
        bar
    }

    /// The chosen fields of a row.
    pub fn pick(&self, row: &Value) -> Value {
        if self.fields.is_empty() {
            return row.clone();
        }
        self.fields.iter().map(|field| (field.clone(), field_of(row, field).clone())).collect()
    }
}

/// The result of printing. A reader that has closed the output, as `head` does, has read enough.
fn printed(result: io::Result<()>) -> Result {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::of_output(&error)),
        _ => Ok(()),
    }
}

/// A number of a service, as the nearest that JSON here can express.
pub fn number(number: i128) -> Value {
    match u64::try_from(number) {
        Ok(number) => number.into(),
        Err(_) if number > 0 => u64::MAX.into(),
        Err(_) => i64::try_from(number).unwrap_or(i64::MIN).into(),
    }
}

/// A field by its name or by a dotted path.
fn field_of<'a>(row: &'a Value, field: &str) -> &'a Value {
    match row.get(field) {
        Some(value) => value,
        None => row.pointer(&format!("/{}", field.replace('.', "/"))).unwrap_or(&Value::Null),
    }
}

fn table(out: &mut impl Write, columns: &[&str], rows: &[Value]) -> io::Result<()> {
    let cells: Vec<Vec<String>> =
        rows.iter().map(|row| columns.iter().map(|column| cell(field_of(row, column))).collect()).collect();
    let width = |index: usize, name: &str| {
        let cells = cells.iter().filter_map(|row| Some(row.get(index)?.chars().count()));
        cells.chain([name.chars().count()]).max().unwrap_or_default()
    };
    let widths: Vec<usize> = columns.iter().enumerate().map(|(index, name)| width(index, name)).collect();
    let mut line = |words: &[String], style: fn(&str) -> Style| -> io::Result<()> {
        for (index, (word, width)) in words.iter().zip(&widths).enumerate() {
            let style = style(word);
            let gap = if index + 1 == words.len() { 0 } else { width.saturating_sub(word.chars().count()) + 2 };
            write!(out, "{style}{word}{style:#}{:gap$}", "")?;
        }
        writeln!(out)
    };
    if !rows.is_empty() {
        line(&columns.iter().map(|name| name.to_uppercase()).collect::<Vec<_>>(), |_| Style::new().bold())?;
    }
    cells.iter().try_for_each(|row| line(row, tone))
}

/// The colour of a state.
fn tone(word: &str) -> Style {
    let colour = match word {
        "done" | "on" | "create" | "synced" => AnsiColor::Green,
        "failed" | "failing" | "delete" | "held-back" => AnsiColor::Red,
        "paused" | "off" | "change" | "running" | "stale" => AnsiColor::Yellow,
        _ => return Style::new(),
    };
    colour.on_default()
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => clean(text),
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(", "),
        other => clean(&other.to_string()),
    }
}

/// Prints a line on stderr. If that is closed or full, the command still does its work.
pub fn say(line: &str) {
    let _ = writeln!(anstream::stderr(), "{line}");
}

/// A service's text, without characters that could control a terminal.
pub fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
