//! Converts text of documents for rustdoc: no part of it becomes a doctest or a broken link.

/// Documentation lines for a text, or for the fallback if the text is empty.
pub(super) fn lines(text: &str, fallback: &str) -> Vec<String> {
    let text = Some(clean(text)).filter(|text| !text.trim().is_empty()).unwrap_or_else(|| clean(fallback));
    let tables = text.lines().any(is_delimiter_row);
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
                // A line that is indented by four would be code, also in a list, and would be compiled as a test.
                let (containers, rest) = containers(line);
                match Fence::of(rest, containers.matches('>').count()) {
                    // Code in a fence without a language, or with `rust`, would be compiled too. The fence is moved out
                    // of its list or quote, so that its end can be found.
                    Some(fence) => {
                        push(&format!("{}text", fence.marks));
                        open = Some(fence);
                    }
                    None => push(format!("{containers}{}", escaped(rest, tables, true)).trim_end()),
                }
            }
        }
    }
    if let Some(fence) = open {
        push(fence.marks);
    }
    lines
}

/// A text as part of one line, at any place in that line: no block begins in it.
pub(super) fn inline(text: &str) -> String {
    let text = clean(text);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let escaped = escaped(&text, false, true);
    let digits = escaped.bytes().take_while(u8::is_ascii_digit).count();
    match escaped.as_bytes().get(digits) {
        // These would begin a heading, a list, a quote, a fence, a table or the line below a heading.
        Some(b'#' | b'>' | b'-' | b'+' | b'*' | b'=' | b'~' | b'|' | b'_') if digits == 0 => format!("\\{escaped}"),
        Some(b'.' | b')') if digits > 0 => format!("{}\\{}", &escaped[..digits], &escaped[digits..]),
        _ => escaped,
    }
}

/// A text as code within a line, unchanged: names, values and paths of the document.
pub(super) fn code(text: &str) -> String {
    let text = clean(text).replace(['\n', '\t'], " ");
    if text.trim().is_empty() {
        return if text.is_empty() { "(empty)".to_owned() } else { "(blank)".to_owned() };
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let marks = "`".repeat(longest + 1);
    // A text that begins or ends with a backtick or a space needs a space on both sides, which Markdown removes.
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{marks}{pad}{text}{pad}{marks}")
}

/// A text without invisible characters, and without those that the compiler refuses in a comment: a bare carriage
/// return, and characters that change the direction of text.
fn clean(text: &str) -> String {
    text.replace("\r\n", "\n")
        .chars()
        .filter(|c| !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'))
        .map(|c| match c {
            '\n' | '\t' => c,
            '\r' | '\u{2028}' | '\u{2029}' => '\n',
            c if c.is_control() => ' ',
            c => c,
        })
        .collect()
}

/// Whether a line may be the delimiter row of a table, so that the line above it is the head.
fn is_delimiter_row(line: &str) -> bool {
    let mut marks = line.chars().filter(|c| !c.is_whitespace() && *c != '>');
    line.contains('-') && line.contains(['|', ':']) && marks.all(|c| matches!(c, '|' | '-' | ':' | '*' | '+'))
}

/// Escapes the brackets, angle brackets and backticks of a line, except in code and in links to the network. A URL
/// becomes a link. `tables`: a bar may end a cell, and with it any open code or link. `links`: a link is allowed here.
fn escaped(line: &str, tables: bool, links: bool) -> String {
    let mut out = String::with_capacity(line.len() + 8);
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let tail = &rest[c.len_utf8()..];
        match c {
            '\t' => out.push(' '),
            '\\' => match tail.chars().next().filter(char::is_ascii_punctuation) {
                Some(next) => {
                    out.extend(['\\', next]);
                    rest = &tail[1..];
                    continue;
                }
                None => out.push_str("\\\\"),
            },
            '`' => {
                let marks = rest.len() - rest.trim_start_matches('`').len();
                match code_span(rest).filter(|span| !(tables && span.contains('|'))) {
                    Some(span) => {
                        out.push_str(span);
                        rest = &rest[span.len()..];
                    }
                    None => {
                        out.push_str(&"\\`".repeat(marks));
                        rest = &rest[marks..];
                    }
                }
                continue;
            }
            '<' => {
                let url = address(tail).filter(|url| links && tail[url.len()..].starts_with('>'));
                match url {
                    Some(url) => {
                        out.push_str(&rest[..url.len() + 2]);
                        rest = &tail[url.len() + 1..];
                        continue;
                    }
                    None => out.push_str("\\<"),
                }
            }
            '!' if tail.starts_with('[') => out.push_str("\\!"),
            '[' => {
                if let Some((link, after)) = link(rest, tables).filter(|_| links) {
                    out.push_str(&link);
                    rest = after;
                    continue;
                }
                out.push_str("\\[");
            }
            ']' => out.push_str("\\]"),
            'h' if links => {
                if let Some(url) = address(rest) {
                    out.push('<');
                    out.push_str(url);
                    out.push('>');
                    rest = &rest[url.len()..];
                    continue;
                }
                out.push(c);
            }
            c => out.push(c),
        }
        rest = tail;
    }
    out
}

/// The code that a line begins with, including its backticks, if the line has the same number of backticks once more.
fn code_span(line: &str) -> Option<&str> {
    let inner = line.trim_start_matches('`');
    let marks = line.len() - inner.len();
    let mut at = marks;
    loop {
        let next = at + line[at..].find('`')?;
        let run = line[next..].len() - line[next..].trim_start_matches('`').len();
        at = next + run;
        if run == marks {
            return Some(&line[..at]);
        }
    }
}

/// The lines of a text by an author, and below it our own. A block that the text does not close ends with it.
pub(super) fn above(text: &str, own: Vec<String>) -> Vec<String> {
    let mut lines = lines(text, "");
    if !lines.is_empty() {
        lines.push(String::new());
    }
    lines.extend(own);
    lines
}

/// The URL that a text begins with, without the punctuation after it.
fn address(text: &str) -> Option<&str> {
    let scheme = ["https://", "http://"].into_iter().find(|scheme| text.starts_with(scheme))?;
    let fits = |c: char| c.is_ascii_graphic() && !matches!(c, '<' | '>' | '"' | '`' | '\\' | '|' | '^');
    let mut url = &text[..text.find(|c| !fits(c)).unwrap_or(text.len())];
    while let Some(last) = url.chars().next_back() {
        let unbalanced = |open: char| url.matches(last).count() > url.matches(open).count();
        let cut = match last {
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '_' | '~' => true,
            ')' => unbalanced('('),
            ']' => unbalanced('['),
            '}' => unbalanced('{'),
            _ => false,
        };
        if !cut {
            break;
        }
        url = &url[..url.len() - 1];
    }
    (url.len() > scheme.len()).then_some(url)
}

/// The link to the network that a line begins with, rewritten, and the text after it. Other links have no target in
/// generated documentation.
fn link(line: &str, tables: bool) -> Option<(String, &str)> {
    let inner = line.strip_prefix('[')?;
    let mut at = 0;
    loop {
        let rest = &inner[at..];
        at += match rest.chars().next()? {
            '[' => return None,
            ']' => break,
            '`' => code_span(rest).map_or(1, str::len),
            '\\' => 1 + rest[1..].chars().next().filter(char::is_ascii_punctuation).map_or(0, char::len_utf8),
            c => c.len_utf8(),
        };
    }
    let (text, rest) = (&inner[..at], inner[at + 1..].strip_prefix('(')?);
    let fits = |c: char| {
        c.is_ascii_graphic() && !matches!(c, '<' | '>' | '(' | ')' | '"' | '\'' | '`' | '\\' | '|' | '[' | ']')
    };
    let url = &rest[..rest.find(|c| !fits(c)).unwrap_or(rest.len())];
    let schemes = ["https://", "http://", "mailto:"];
    if !schemes.into_iter().any(|scheme| url.len() > scheme.len() && url.starts_with(scheme)) {
        return None;
    }
    // The title is dropped.
    let mut after = rest[url.len()..].trim_start();
    if let Some(quoted) = after.strip_prefix('"') {
        after = quoted.split_once('"')?.1.trim_start();
    }
    let after = after.strip_prefix(')')?;
    if tables && line[..line.len() - after.len()].contains('|') {
        return None;
    }
    let text = escaped(text.trim(), tables, false);
    Some(if text.is_empty() { (format!("<{url}>"), after) } else { (format!("[{text}]({url})"), after) })
}

/// The line that begins or ends a block of code.
#[derive(Clone, Copy)]
struct Fence<'a> {
    marks: &'a str,
    /// The text after the marks.
    info: &'a str,
    /// The number of block quotes around it.
    quotes: usize,
}

impl<'a> Fence<'a> {
    fn of(line: &'a str, quotes: usize) -> Option<Self> {
        let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
        let info = line.trim_start_matches(mark);
        let marks = line.strip_suffix(info)?;
        // Backticks with further backticks after them are code within a line.
        (marks.len() >= 3 && (mark == '~' || !info.contains('`'))).then_some(Self { marks, info, quotes })
    }

    fn closes(self, other: Self) -> bool {
        self.info.trim().is_empty() && self.marks.starts_with(other.marks)
    }
}

/// The marks of block quotes and list items that a line begins with, each with one space after it, and the rest.
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

/// A line without the marks of this many block quotes.
fn unquoted(line: &str, quotes: usize) -> &str {
    (0..quotes).fold(line, |line, _| {
        let inner = line.trim_start().strip_prefix('>');
        inner.map_or(line, |inner| inner.strip_prefix(' ').unwrap_or(inner))
    })
}

#[cfg(test)]
mod tests {
    use pulldown_cmark::{CodeBlockKind, Event, LinkType, Options, Parser, Tag, TagEnd};

    use super::{code, inline, lines};

    /// The first part of a text that rustdoc would run, warn about or link, parsed as rustdoc parses it.
    fn harm(shown: &str) -> Option<String> {
        let options = Options::ENABLE_TABLES
            | Options::ENABLE_FOOTNOTES
            | Options::ENABLE_STRIKETHROUGH
            | Options::ENABLE_TASKLISTS
            | Options::ENABLE_SMART_PUNCTUATION;
        // Every name in brackets counts as a link, because it could link to an item.
        let known = |_: pulldown_cmark::BrokenLink<'_>| Some(("item".into(), "".into()));
        let mut within = 0;
        for event in Parser::new_with_broken_link_callback(shown, options, Some(known)) {
            let harmful = match &event {
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                    within += 1;
                    info.as_ref() != "text"
                }
                Event::Start(Tag::Link { link_type, dest_url, .. }) => {
                    within += 1;
                    let away = ["https://", "http://", "mailto:"].iter().any(|scheme| dest_url.starts_with(scheme));
                    !matches!(link_type, LinkType::Inline | LinkType::Autolink) || !away
                }
                Event::End(TagEnd::Link | TagEnd::CodeBlock) => {
                    within -= 1;
                    false
                }
                Event::Start(Tag::CodeBlock(CodeBlockKind::Indented) | Tag::Image { .. } | Tag::HtmlBlock)
                | Event::Start(Tag::FootnoteDefinition(_))
                | Event::Html(_)
                | Event::InlineHtml(_)
                | Event::FootnoteReference(_) => true,
                Event::Text(text) => within == 0 && text.split("://").skip(1).any(|it| it.starts_with('x')),
                _ => false,
            };
            if harmful {
                return Some(format!("{event:?}"));
            }
        }
        shown.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')).then(|| "a control character".to_owned())
    }

    fn shown(text: &str) -> String {
        lines(text, "").join("\n")
    }

    #[test]
    fn no_text_does_harm_however_its_parts_are_put_together() {
        let parts = [
            "a",
            "b c",
            "std::fs",
            " ",
            "  ",
            "    ",
            "\t",
            "\n",
            "\n\n",
            "\r",
            "\r\n",
            "\u{2028}",
            "\u{0}",
            "\u{202e}",
            "`",
            "``",
            "```",
            "````",
            "```rust\n",
            "~~~",
            "\n```\n",
            "\n~~~\n",
            "\\",
            "\\\\",
            "<",
            ">",
            "</",
            "<br>",
            "<!-- ",
            "-->",
            "<p>",
            "&lt;",
            "[",
            "]",
            "(",
            ")",
            "[a]",
            "[a]: ",
            "[^1]",
            "[^1]: ",
            "![",
            "](",
            "](https://x.yz)",
            "](x)",
            "](/x)",
            "[b](https://x.yz \"t\")",
            "https://x.yz",
            "http://x.yz/a_(b)*",
            "<https://x.yz>",
            "|",
            "|a|",
            "\n|---|\n",
            "\na | b\n--- | ---\n",
            "-",
            "\n- ",
            "\n* ",
            "\n1. ",
            "\n> ",
            "\n>",
            "\n# ",
            "\n---\n",
            "\n===\n",
            "*",
            "**",
            "_",
            "~~",
            "!",
            "#",
            "\"",
            "'",
            ":",
            "$",
            "é",
            "한",
            "\n    let x = 1;\n",
            "\n\n\tfn main() {}\n",
            "- [ ] ",
        ];
        let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
        let mut below = |bound: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(seed >> 33).unwrap() % bound
        };
        for _ in 0..30_000 {
            let text: String = (0..2 + below(14)).map(|_| parts[below(parts.len())]).collect();
            let block = shown(&text);
            assert_eq!(harm(&block), None, "{text:?} became {block:?}");
            let one = inline(&text);
            assert!(!one.contains('\n'), "{text:?} became {one:?}");
            for place in [one.clone(), format!("Client for {one}\n\nVersion: {}", code(&text)), format!("- {one}")] {
                assert_eq!(harm(&place), None, "{text:?} became {place:?}");
            }
        }
    }

    #[test]
    fn the_content_of_a_text_is_kept() {
        for (text, expected) in [
            (
                "see [the guide](https://x.yz/a \"Guide\") or <https://x.yz>.",
                "see [the guide](https://x.yz/a) or <https://x.yz>.",
            ),
            ("at https://x.yz/a_(b), or (http://x.yz).", "at <https://x.yz/a_(b)>, or (<http://x.yz>)."),
            ("a [map](#map) of Vec<T>[0]", "a \\[map\\](#map) of Vec\\<T>\\[0\\]"),
            ("`a[0] <b>` and ``x ` y`` but ` not", "`a[0] <b>` and ``x ` y`` but \\` not"),
            ("![x](https://x.yz/i.png)", "\\![x](https://x.yz/i.png)"),
            ("escaped \\[a\\] and C:\\dir", "escaped \\[a\\] and C:\\\\dir"),
            ("one\rtwo\r\nthree\u{0}four", "one\n two\n three four"),
            ("[`a`](https://x.yz)", "[`a`](https://x.yz)"),
            ("one of `a|b`", "one of `a|b`"),
        ] {
            assert_eq!(shown(text), format!(" {expected}"));
        }
        let table = "| a | b |\n| --- | --- |\n| `x` | [y](https://x.yz) |";
        assert_eq!(shown(table), table.lines().map(|line| format!(" {line}")).collect::<Vec<_>>().join("\n"));
        assert_eq!(shown("|a|\n|-|\n|`x|[y]`|"), " |a|\n |-|\n |\\`x|\\[y\\]\\`|");
    }

    #[test]
    fn names_and_titles_stay_in_their_sentence() {
        assert_eq!(
            inline("x\n\n```\nstd::fs::write()\n```\n and a bare\rreturn"),
            "x ``` std::fs::write() ``` and a bare return"
        );
        assert_eq!(inline("# 1"), "\\# 1");
        assert_eq!(inline("10. x"), "10\\. x");
        assert_eq!(code("a"), "`a`");
        assert_eq!(code("`a``b"), "``` `a``b ```");
        assert_eq!(code("a\n\n```\nb"), "````a  ``` b````");
        assert_eq!((code(""), code(" ")), ("(empty)".to_owned(), "(blank)".to_owned()));
    }

    #[test]
    fn nothing_becomes_a_doctest() {
        let shown = lines("Text\n\n    let x = 1;\n```\ncode\n```\n```rust\nmore", "");
        assert_eq!(shown, [" Text", "", " let x = 1;", " ```text", " code", " ```", " ```text", " more", " ```"]);
    }

    #[test]
    fn code_is_found_after_every_mark() {
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
