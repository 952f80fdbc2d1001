//! Figures: what was measured, its reference, the target, and whether it holds.

use std::fmt;

use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};

/// The target of a figure.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Target {
    /// At most this many times the reference.
    Ratio(f64),
    /// At most this.
    Value(f64),
}

/// One row of the table.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    what: String,
    unit: &'static str,
    outcome: Outcome,
    target: Option<Target>,
}

#[derive(Clone, Debug)]
enum Outcome {
    Measured {
        ours: f64,
        reference: Option<f64>,
    },
    /// Not requested, or its tool is not installed.
    LeftOut(String),
    Failed(String),
}

impl Figure {
    /// A measured figure with its unit.
    pub(crate) fn new(what: impl Into<String>, ours: f64, unit: &'static str) -> Self {
        Self { what: what.into(), unit, outcome: Outcome::Measured { ours, reference: None }, target: None }
    }

    /// Sets the reference.
    pub(crate) fn against(mut self, measured: f64) -> Self {
        if let Outcome::Measured { reference, .. } = &mut self.outcome {
            *reference = Some(measured);
        }
        self
    }

    /// At most this many times the reference.
    pub(crate) fn ratio_at_most(mut self, ratio: f64) -> Self {
        self.target = Some(Target::Ratio(ratio));
        self
    }

    /// At most this, in its unit.
    pub(crate) fn at_most(mut self, value: f64) -> Self {
        self.target = Some(Target::Value(value));
        self
    }

    fn ratio(&self) -> Option<f64> {
        match self.outcome {
            Outcome::Measured { ours, reference: Some(reference) } => Some(ours / reference),
            _ => None,
        }
    }

    /// Whether it reaches its target; `None` without a target, or if it was not measured.
    fn holds(&self) -> Option<bool> {
        match (self.target?, &self.outcome) {
            (Target::Ratio(most), _) => self.ratio().map(|ratio| ratio <= most),
            (Target::Value(most), Outcome::Measured { ours, .. }) => Some(*ours <= most),
            (Target::Value(_), _) => None,
        }
    }

    fn verdict(&self) -> String {
        match (&self.outcome, self.holds()) {
            (Outcome::Failed(reason), _) => format!("CANNOT BE MEASURED: {}", line(reason)),
            (Outcome::LeftOut(reason), _) => format!("left out: {reason}"),
            (_, Some(true)) => "holds".to_owned(),
            (_, Some(false)) => "DOES NOT HOLD".to_owned(),
            (_, None) => String::new(),
        }
    }

    /// The row's cells: figure, ours, reference, ratio, target, verdict.
    fn cells(&self) -> [String; 6] {
        let (ours, reference) = match self.outcome {
            Outcome::Measured { ours, reference } => (Some(ours), reference),
            _ => (None, None),
        };
        let value = |value: Option<f64>| value.map(|value| format!("{} {}", number(value), self.unit));
        let target = self.target.map(|target| match target {
            Target::Ratio(most) => format!("ratio at most {}", number(most)),
            Target::Value(most) => format!("at most {} {}", number(most), self.unit),
        });
        [
            self.what.clone(),
            value(ours).unwrap_or_default(),
            value(reference).unwrap_or_default(),
            self.ratio().map(|ratio| format!("{ratio:.2}")).unwrap_or_default(),
            target.unwrap_or_default(),
            self.verdict(),
        ]
    }
}

/// A number with its significant digits.
fn number(value: f64) -> String {
    if value.fract() == 0.0 || value >= 100.0 {
        format!("{value:.0}")
    } else if value >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

/// A reason as one short line for a table.
fn line(reason: &str) -> String {
    let words: Vec<&str> = reason.split_whitespace().collect();
    words.join(" ").replace('|', "/").chars().take(200).collect()
}

/// All figures of a run.
#[derive(Debug, Default)]
pub(crate) struct Table(Vec<Figure>);

impl Table {
    pub(crate) fn add(&mut self, figure: Figure) {
        self.0.push(figure);
    }

    /// Adds a figure that is not measured, with the reason. This is not a failure.
    pub(crate) fn left_out(&mut self, what: &str, reason: &str) {
        self.unmeasured(what, Outcome::LeftOut(in_one_line(reason).to_owned()));
    }

    /// Adds a figure that could not be measured.
    pub(crate) fn failed(&mut self, what: &str, reason: &str) {
        eprintln!("{what} cannot be measured: {reason}");
        self.unmeasured(what, Outcome::Failed(reason.to_owned()));
    }

    fn unmeasured(&mut self, what: &str, outcome: Outcome) {
        self.0.push(Figure { what: what.to_owned(), unit: "", outcome, target: None });
    }

    /// Whether nothing failed.
    pub(crate) fn is_whole(&self) -> bool {
        !self.0.iter().any(|figure| matches!(figure.outcome, Outcome::Failed(_)))
    }

    pub(crate) fn markdown(&self) -> String {
        let mut text = format!("| {} |\n|{}\n", HEADER.join(" | "), "---|".repeat(HEADER.len()));
        for figure in &self.0 {
            text.push_str(&format!("| {} |\n", figure.cells().join(" | ")));
        }
        text
    }
}

const HEADER: [&str; 6] = ["what", "ours", "reference", "ratio", "target", ""];

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: Vec<[String; 6]> =
            [HEADER.map(str::to_owned)].into_iter().chain(self.0.iter().map(Figure::cells)).collect();
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
        let widths = [0, 1, 2, 3, 4].map(width);
        for row in &rows {
            let [what, ours, reference, ratio, target, verdict] = row;
            let text = format!(
                "{what:<0$}  {ours:>1$}  {reference:>2$}  {ratio:>3$}  {target:<4$}  {verdict}",
                widths[0], widths[1], widths[2], widths[3], widths[4]
            );
            writeln!(f, "{}", text.trim_end())?;
        }
        Ok(())
    }
}

impl Serialize for Table {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&self.0)
    }
}

impl Serialize for Figure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (ours, reference, reason) = match &self.outcome {
            Outcome::Measured { ours, reference } => (Some(*ours), *reference, None),
            Outcome::LeftOut(reason) | Outcome::Failed(reason) => (None, None, Some(reason)),
        };
        let (ratio_at_most, at_most) = match self.target {
            Some(Target::Ratio(most)) => (Some(most), None),
            Some(Target::Value(most)) => (None, Some(most)),
            None => (None, None),
        };
        let mut object = serializer.serialize_struct("Figure", 10)?;
        object.serialize_field("what", &self.what)?;
        object.serialize_field("unit", self.unit)?;
        object.serialize_field("ours", &ours)?;
        object.serialize_field("reference", &reference)?;
        object.serialize_field("ratio", &self.ratio())?;
        object.serialize_field("ratio_at_most", &ratio_at_most)?;
        object.serialize_field("at_most", &at_most)?;
        object.serialize_field("holds", &self.holds())?;
        object.serialize_field("failed", &matches!(self.outcome, Outcome::Failed(_)))?;
        object.serialize_field("reason", &reason)?;
        object.end()
    }
}

/// The line of a reason that fits into a table. The output of a compiler ends with its number of errors and the command,
/// which has paths of this machine.
fn in_one_line(reason: &str) -> &str {
    let last_error = reason.lines().rfind(|line| line.starts_with("error"));
    last_error.or_else(|| reason.lines().next()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_judged_by_its_ratio_or_by_itself() {
        let verdict = |figure: Figure| figure.verdict();
        assert_eq!(verdict(Figure::new("a call", 11.0, "ms").against(10.0).ratio_at_most(1.1)), "holds");
        assert_eq!(verdict(Figure::new("a call", 11.1, "ms").against(10.0).ratio_at_most(1.1)), "DOES NOT HOLD");
        assert_eq!(verdict(Figure::new("a build", 1.0, "s").at_most(1.0)), "holds");
        assert_eq!(verdict(Figure::new("a build", 1.01, "s").at_most(1.0)), "DOES NOT HOLD");
        assert_eq!(verdict(Figure::new("crates", 162.0, "").against(114.0)), "", "it has no target");
    }

    #[test]
    fn a_run_is_whole_unless_something_failed() {
        let mut table = Table::default();
        table.add(Figure::new("slow", 9.0, "s").at_most(1.0));
        table.left_out("instructions", "valgrind is not here");
        table.left_out(
            "a peer",
            "error[E1]: wrong\n --> a.rs\nerror: could not compile, 2 errors\ncd \"/somewhere\" && cargo",
        );
        assert!(table.is_whole(), "a missed target is reported, but is not a failure");
        table.failed("calls", "error:\n  no | server");
        assert!(!table.is_whole());
        let text = table.to_string();
        let rows: Vec<&str> = text.lines().collect();
        assert_eq!(rows.len(), 5);
        assert!(rows[1].starts_with("slow ") && rows[1].ends_with("at most 1 s  DOES NOT HOLD"), "{text}");
        assert!(rows[2].ends_with("left out: valgrind is not here"), "{text}");
        assert!(rows[3].ends_with("left out: error: could not compile, 2 errors"), "{text}");
        assert!(rows[4].ends_with("CANNOT BE MEASURED: error: no / server"), "{text}");
        assert_eq!(table.markdown().lines().filter(|line| line.matches('|').count() == 7).count(), 6);
    }

    #[test]
    fn a_program_reads_the_same_as_a_person() {
        let mut table = Table::default();
        table.add(Figure::new("a call", 3.0, "ms").against(2.0).ratio_at_most(1.1));
        table.failed("calls", "no server");
        let value = serde_json::to_value(&table).unwrap();
        assert_eq!(value[0]["ratio"], 1.5);
        assert_eq!(value[0]["ratio_at_most"], 1.1);
        assert_eq!(value[0]["holds"], false);
        assert_eq!(value[0]["failed"], false);
        assert_eq!(value[1]["failed"], true);
        assert_eq!(value[1]["reason"], "no server");
    }
}
