//! The output of a command: a table on a terminal, one JSON object per line elsewhere, one JSON document with `--json`.

use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::fail::Result;

/// The version of `--json`: docs/cli.schema.json describes it.
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
        let mut out = anstream::stdout().lock();
        if self.json {
            let document = json!({"version": VERSION, "command": self.command, "items": picked});
            writeln!(out, "{document:#}")?;
        } else if io::stdout().is_terminal() {
            let chosen: Vec<&str> = self.fields.iter().map(String::as_str).collect();
            table(&mut out, if chosen.is_empty() { columns } else { &chosen }, rows)?;
        } else {
            for row in picked {
                writeln!(out, "{row}")?;
            }
        }
        Ok(())
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
        table(&mut anstream::stdout().lock(), &["field", "value"], &lines)
    }

    /// Prints unchanged text: completions, manual pages, files.
    pub fn text(&self, text: &str) -> Result {
        let mut out = anstream::stdout().lock();
        out.write_all(text.as_bytes())?;
        Ok(())
    }

    /// Prints a message on stderr, beside the result.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            anstream::eprintln!("{}", clean(text));
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

    fn pick(&self, row: &Value) -> Value {
        if self.fields.is_empty() {
            return row.clone();
        }
        self.fields.iter().map(|field| (field.clone(), field_of(row, field).clone())).collect()
    }
}

/// A field by its name or by a dotted path.
fn field_of<'a>(row: &'a Value, field: &str) -> &'a Value {
    match row.get(field) {
        Some(value) => value,
        None => row.pointer(&format!("/{}", field.replace('.', "/"))).unwrap_or(&Value::Null),
    }
}

fn table(out: &mut impl Write, columns: &[&str], rows: &[Value]) -> Result {
    let cells: Vec<Vec<String>> =
        rows.iter().map(|row| columns.iter().map(|column| cell(field_of(row, column))).collect()).collect();
    let width = |index: usize, name: &str| {
        let cells = cells.iter().filter_map(|row| Some(row.get(index)?.chars().count()));
        cells.chain([name.chars().count()]).max().unwrap_or_default()
    };
    let widths: Vec<usize> = columns.iter().enumerate().map(|(index, name)| width(index, name)).collect();
    let mut line = |words: &[String], style: fn(&str) -> Style| -> Result {
        for (index, (word, width)) in words.iter().zip(&widths).enumerate() {
            let style = style(word);
            let gap = if index + 1 == words.len() { 0 } else { width.saturating_sub(word.chars().count()) + 2 };
            write!(out, "{style}{word}{style:#}{:gap$}", "")?;
        }
        writeln!(out)?;
        Ok(())
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

/// A service's text, without characters that could control a terminal.
pub fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
