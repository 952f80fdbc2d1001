//! An error in an input, its place, and how to fix it. A stage that can continue collects several.

use std::fmt;

use crate::plain::{plain, plain_line};
use crate::span::Span;

/// One error: a sentence, the place, and how to fix it.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    message: String,
    span: Option<Span>,
    help: Option<String>,
}

impl Diagnostic {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), span: None, help: None }
    }

    pub(crate) fn at(mut self, span: &Span) -> Self {
        self.span = Some(span.clone());
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The error in one sentence.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The place of the error.
    #[must_use]
    pub fn span(&self) -> Option<&Span> {
        self.span.as_ref()
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("error: ")?;
        lines(f, &self.message)?;
        if let Some(span) = self.span.as_ref().filter(|span| span.file().is_some()) {
            write!(f, "\n  --> {span}")?;
            if let Some(text) = span.text() {
                let number = span.line().to_string();
                let column = usize::try_from(span.column()).unwrap_or(1).saturating_sub(1);
                // Of a long line (minified JSON), only the part around the column is shown.
                let start = column.saturating_sub(60);
                let shown: String = text.chars().skip(start).take(120).collect();
                let pad = " ".repeat(number.len());
                write!(f, "\n {pad} |\n {number} | {}\n {pad} | {}^", plain_line(&shown), " ".repeat(column - start))?;
            }
        }
        match &self.help {
            Some(help) => {
                f.write_str("\n  help: ")?;
                lines(f, help)
            }
            None => Ok(()),
        }
    }
}

/// Writes a text that may have several lines.
fn lines(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            f.write_str("\n")?;
        }
        f.write_str(&plain(line))?;
    }
    Ok(())
}

/// The reason why the pipeline stopped: one or more [`Diagnostic`]s.
///
/// `Debug` writes the same as `Display`. So a `main` that returns this error prints file, line, column and help.
#[derive(Clone)]
pub struct Error {
    diagnostics: Vec<Diagnostic>,
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error {
    /// All errors, in document order.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }
}

impl From<Diagnostic> for Error {
    fn from(diagnostic: Diagnostic) -> Self {
        Self { diagnostics: vec![diagnostic] }
    }
}

impl From<Vec<Diagnostic>> for Error {
    fn from(diagnostics: Vec<Diagnostic>) -> Self {
        Self { diagnostics }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.diagnostics.iter().enumerate() {
            if index > 0 {
                f.write_str("\n\n")?;
            }
            diagnostic.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
