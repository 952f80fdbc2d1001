//! How an error is printed: in one line, without invisible characters.

use std::fmt;

use super::Error;

/// The number of characters of a message that are printed.
const LINE_LIMIT: usize = 300;

/// Whether a character could break the line, change the direction of the text, or be invisible.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'
                | '\u{1160}'
                | '\u{17b4}'
                | '\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        if let Some(operation) = inner.operation {
            write!(f, "{operation}: ")?;
        }
        if let Some(status) = inner.status {
            write!(f, "{status}: ")?;
        }
        let line: String = inner.message.chars().take(LINE_LIMIT).map(|c| if is_hidden(c) { ' ' } else { c }).collect();
        f.write_str(&line)?;
        if inner.attempts > 1 {
            write!(f, " (after {} attempts)", inner.attempts)?;
        }
        if inner.may_have_happened {
            f.write_str("; the server may have processed it")?;
        }
        Ok(())
    }
}

/// The same line as `Display`, because `main() -> Result<(), Error>` and `unwrap` print it.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use crate::error::Kind;

    use super::*;

    #[test]
    fn an_error_prints_one_line_whatever_the_server_sent() {
        let message = "a\nb\u{202e}c\u{2028}d\u{200b}e\u{feff}f\u{e0041}g\u{85}h\u{2066}i\u{ad}j";
        let error = Error::new(Kind::Status, message).operation_named("create").with_attempts(2);
        assert_eq!(error.to_string(), "create: a b c d e f g h i j (after 2 attempts)");
        assert_eq!(error.message(), message, "a program gets the unchanged text");
    }

    #[test]
    fn debug_is_display() {
        let status = http::StatusCode::BAD_REQUEST;
        let error = Error::new(Kind::Status, "no such app").with_status(status).with_body(b"{}");
        for shown in [format!("{error:?}"), format!("{error:#?}")] {
            assert_eq!(shown, "400 Bad Request: no such app");
        }
    }
}
