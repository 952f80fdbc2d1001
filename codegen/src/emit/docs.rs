//! Text of documents made fit for rustdoc: nothing in it becomes a doctest or a broken link.

/// Documentation lines for a text; the fallback stands in for an empty one.
pub(super) fn lines(text: &str, fallback: &str) -> Vec<String> {
    let text = if text.trim().is_empty() { fallback } else { text };
    // What the compiler refuses in a comment: a bare carriage return, and marks that turn the direction of text.
    let text: String = text
        .replace("\r\n", "\n")
        .chars()
        .filter(|c| !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
        .map(|c| if c == '\r' { ' ' } else { c })
        .collect();
    let mut fenced = false;
    let mut lines: Vec<String> = Vec::new();
    for line in text.trim().lines() {
        let line = line.trim_end();
        let fence = line.trim_start().strip_prefix("```");
        let line = match fence {
            // A fence that names no language, or ours, would be compiled as a test.
            Some(_) if fenced => {
                fenced = false;
                "```".to_owned()
            }
            Some(_) => {
                fenced = true;
                "```text".to_owned()
            }
            None if fenced => line.to_owned(),
            // Four spaces make a code block, which would be compiled as well.
            None => line.trim_start().replace('\t', " "),
        };
        lines.push(if line.is_empty() { line } else { format!(" {line}") });
    }
    if fenced {
        lines.push(" ```".to_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn nothing_becomes_a_doctest() {
        let shown = lines("Text\n\n    let x = 1;\n```\ncode\n```\n```rust\nmore", "");
        assert_eq!(shown, [" Text", "", " let x = 1;", " ```text", " code", " ```", " ```text", " more", " ```"]);
    }
}
