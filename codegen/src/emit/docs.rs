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
    let mut open: Option<Fence<'_>> = None;
    let mut lines: Vec<String> = Vec::new();
    let mut push = |line: &str| lines.push(if line.is_empty() { String::new() } else { format!(" {line}") });
    for line in text.trim().lines().map(str::trim_end) {
        match open {
            Some(fence) => {
                let line = unquoted(line, fence.quotes);
                if Fence::of(line.trim_start(), 0).is_some_and(|other| other.closes(fence)) {
                    push(fence.marks);
                    open = None;
                } else {
                    push(line);
                }
            }
            None => {
                // Indented by four, in a list or on its own, it would be code, which would be compiled as a test.
                let (containers, rest) = containers(line);
                match Fence::of(rest, containers.matches('>').count()) {
                    // So would code in a fence that names no language, or ours. The fence leaves its list or quote:
                    // its end is then where we see it.
                    Some(fence) => {
                        push(&format!("{}text", fence.marks));
                        open = Some(fence);
                    }
                    None => push(format!("{containers}{}", rest.replace('\t', " ")).trim_end()),
                }
            }
        }
    }
    if let Some(fence) = open {
        push(fence.marks);
    }
    lines
}

/// The line that begins or ends a block of code.
#[derive(Clone, Copy)]
struct Fence<'a> {
    marks: &'a str,
    /// What follows the marks.
    info: &'a str,
    /// How many block quotes it stands in.
    quotes: usize,
}

impl<'a> Fence<'a> {
    fn of(line: &'a str, quotes: usize) -> Option<Self> {
        let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
        let info = line.trim_start_matches(mark);
        let marks = line.strip_suffix(info)?;
        // Backticks after backticks are code within a line.
        (marks.len() >= 3 && (mark == '~' || !info.contains('`'))).then_some(Self { marks, info, quotes })
    }

    fn closes(self, other: Self) -> bool {
        self.info.trim().is_empty() && self.marks.starts_with(other.marks)
    }
}

/// The marks of block quotes and list items that a line begins with, each with one space behind it, and the rest.
fn containers(line: &str) -> (String, &str) {
    let mut marks = String::new();
    let mut rest = line.trim_start();
    loop {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let length = match rest.as_bytes().get(digits) {
            Some(b'>' | b'-' | b'*' | b'+') if digits == 0 => 1,
            Some(b'.' | b')') if (1..10).contains(&digits) => digits + 1,
            _ => return (marks, rest),
        };
        let (mark, tail) = rest.split_at(length);
        if mark != ">" && !tail.starts_with([' ', '\t']) {
            return (marks, rest);
        }
        marks.push_str(mark);
        marks.push(' ');
        rest = tail.trim_start();
    }
}

/// A line without the marks of so many block quotes.
fn unquoted(line: &str, quotes: usize) -> &str {
    (0..quotes).fold(line, |line, _| {
        let inner = line.trim_start().strip_prefix('>');
        inner.map_or(line, |inner| inner.strip_prefix(' ').unwrap_or(inner))
    })
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn nothing_becomes_a_doctest() {
        let shown = lines("Text\n\n    let x = 1;\n```\ncode\n```\n```rust\nmore", "");
        assert_eq!(shown, [" Text", "", " let x = 1;", " ```text", " code", " ```", " ```text", " more", " ```"]);
    }

    #[test]
    fn code_is_found_behind_every_mark() {
        let shown = lines("~~~\nlet x = ;\n```\n~~~\n> quoted\n>     code\n-     item\n10)\t\tten\n\n      deep", "");
        assert_eq!(
            shown,
            [" ~~~text", " let x = ;", " ```", " ~~~", " > quoted", " > code", " - item", " 10) ten", "", " deep"]
        );
        let shown =
            lines("> ```rust\n> let y = ;\n> ```\n- ~~~~\n  ~~~\n  ~~~~\n```not a fence```\n**bold** -1 2.5", "");
        let fences = [" ```text", " let y = ;", " ```", " ~~~~text", "   ~~~", " ~~~~"];
        assert_eq!(shown[..6], fences);
        assert_eq!(shown[6..], [" ```not a fence```", " **bold** -1 2.5"]);
    }
}
