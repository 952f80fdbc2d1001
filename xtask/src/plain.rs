//! Finds the words that this project has given up, in documentation, comments, messages and `--help` texts. The reader
//! searches for the field's own terms, and may have learned English as a second language.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::files;

/// A word or phrase, in lower case, and the term to use instead.
const GIVEN_UP: [(&str, &str); 98] = [
    ("a while", "the duration"),
    ("all the same", "still; nevertheless"),
    ("another day", "another version"),
    ("another hand", "another program; a person"),
    ("answer", "response; respond"),
    ("answered", "responded; the response"),
    ("answers", "responses; responds"),
    ("as people see", "the display name"),
    ("asked again", "retried; polled again"),
    ("asked of", "required of; the options for"),
    ("asks of", "requires of"),
    ("be had", "be obtained; come from"),
    ("brings in", "adds; updates"),
    ("brought in", "added; updated"),
    ("by and by", "the moment or the condition"),
    ("by way of", "through; by"),
    ("carried out", "processed; applied"),
    ("carries out", "processes; applies"),
    ("carry out", "process; apply"),
    ("come back", "return; are returned"),
    ("comes along", "is returned too"),
    ("comes back", "is returned"),
    ("comes to", "becomes; the state"),
    ("each look", "each poll"),
    ("everybody", "everyone; all callers"),
    ("for ever", "endlessly"),
    ("from cold", "from scratch"),
    ("gets to know", "receives; learns"),
    ("give back", "return"),
    ("gives back", "returns"),
    ("gives out", "issues; returns"),
    ("go on", "continue; resume"),
    ("goes on", "continues"),
    ("good as", "equal to"),
    ("good for", "valid for; the scope"),
    ("had from", "comes from"),
    ("hand out", "issue; return"),
    ("hands out", "issues; returns"),
    ("has come to", "has become; the state"),
    ("is had", "is obtained; comes from"),
    ("is none any more", "has expired; no longer exists"),
    ("is told", "returns; reports; receives"),
    ("it is instead of", "cannot be combined with"),
    ("last look", "last poll"),
    ("left alone", "not changed; not called"),
    ("let in", "authorized"),
    ("lets in", "authorizes"),
    ("look after", "own; maintain"),
    ("look again", "poll again"),
    ("look at", "read; check; see"),
    ("looked at", "read; checked"),
    ("looking again", "polling again"),
    ("looking at", "reading; checking"),
    ("looks after", "owns; maintains"),
    ("looks at", "reads; checks"),
    ("made of", "built from"),
    ("mend", "fix"),
    ("mended", "fixed"),
    ("mending", "fixing"),
    ("mends", "fixes"),
    ("nobody", "no one; nothing; no caller"),
    ("nothing of it", "no part of it"),
    ("one's own", "your own; its own"),
    ("outlast", "exceed; outlive"),
    ("outlasts", "exceeds; outlives"),
    ("processor's time", "CPU time"),
    ("prove itself", "authenticate"),
    ("proves itself", "authenticates"),
    ("save for", "except"),
    ("say of", "declare for; describe"),
    ("says so", "reports it; declares it"),
    ("send again", "retry"),
    ("sends again", "retries"),
    ("sent again", "retried"),
    ("sign in", "log in; authenticate"),
    ("signed in", "logged in; authenticated"),
    ("signing in", "login; authentication"),
    ("somebody", "the caller; the server; a person"),
    ("stand there", "are there"),
    ("stands there", "is there"),
    ("take away", "remove"),
    ("take in", "accept; update to"),
    ("taken away", "removed"),
    ("taken for", "treated as; mistaken for"),
    ("takes away", "removes"),
    ("takes in", "accepts; updates to"),
    ("that it arrived", "the response means"),
    ("the most bytes", "the maximum number of bytes"),
    ("there already", "already exists"),
    ("to be called", "the name"),
    ("told", "returned; reported; distinguished"),
    ("took away", "removed"),
    ("was had", "came from"),
    ("was said", "is reported already"),
    ("what is vendored", "the vendored document"),
    ("whoever", "the caller; the server; everyone who"),
    ("wins over", "takes precedence over"),
    ("word for it", "code; reason"),
];

/// The folders and files that are written in plain words, with their tests, scripts and manifests.
const PLACES: [&str; 25] = [
    ".ci",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.toml",
    "README.md",
    "bench",
    "build.rs",
    "cli",
    "codegen",
    "codegen/tests/diff_rules.yaml",
    "deny.toml",
    "docs",
    "duel",
    "examples",
    "fake",
    "mock",
    "roundtrip",
    "runtime",
    "spec/c1/overlay.yaml",
    "spec/c1/service.toml",
    "spec/pipeshub/overlay.yaml",
    "spec/pipeshub/service.toml",
    "src",
    "tests",
    "xtask",
];

/// Exceptions: file, phrase, and the reason. One that no longer matches is an error.
const ALLOWED: [(&str, &str, &str); 0] = [];

/// Returns each place in the workspace that uses a given-up phrase, a line each, and each stale exception.
pub(crate) fn findings() -> Result<Vec<String>> {
    let mut sources = Vec::new();
    for place in PLACES {
        collect(&files::root().join(place), &mut sources);
    }
    let (mut found, mut used) = (Vec::new(), BTreeSet::new());
    for path in &sources {
        let (text, file) = (files::read(path)?, files::shown(path));
        let prose = match path.extension().and_then(|extension| extension.to_str()) {
            Some("rs") => rust(&text),
            Some("md") => markdown(text.lines().map(str::to_owned).enumerate()),
            _ => text.lines().map(str::to_owned).enumerate().collect(),
        };
        for (line, phrase, instead) in given_up(&prose) {
            if let Some(allowed) = ALLOWED.iter().find(|(place, word, _)| (*place, *word) == (&*file, phrase)) {
                used.insert(allowed);
            } else if !file.ends_with("xtask/src/plain.rs") {
                found.push(format!("{file}:{}: `{phrase}`: {instead}", line + 1));
            }
        }
    }
    for (file, phrase, _) in ALLOWED.iter().filter(|allowed| !used.contains(allowed)) {
        if files::root().join(file).exists() {
            found.push(format!("{file}: the exception for `{phrase}` in xtask/src/plain.rs matches nothing"));
        }
    }
    Ok(found)
}

/// Lists the sources in a folder, in order: Rust, Markdown, manifests and scripts. A place that does not exist has none.
fn collect(place: &Path, sources: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(place) else {
        sources.extend(place.is_file().then(|| place.to_owned()));
        return;
    };
    let mut entries: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for entry in entries {
        let extension = entry.extension().map(|extension| extension.to_string_lossy());
        if entry.is_dir() || matches!(extension.as_deref(), None | Some("rs" | "md" | "py" | "toml" | "txt")) {
            collect(&entry, sources);
        }
    }
}

/// A line by its index, and the prose in it.
type Line = (usize, String);

/// Whether a character can be part of a name.
fn is_inner(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Finds the given-up phrases: line, phrase and replacement. A phrase may continue on the next line, but not in the next
/// sentence.
fn given_up(prose: &[Line]) -> Vec<(usize, &'static str, &'static str)> {
    // An apostrophe is a part of a word here.
    let is_inner = |c: char| is_inner(c) || c == '\'';
    let mut words: Vec<(usize, String)> = Vec::new();
    for (line, text) in prose {
        for part in text.split_whitespace() {
            for piece in part.split_inclusive(|c: char| !is_inner(c)) {
                let word = piece.trim_end_matches(|c: char| !is_inner(c));
                if !word.is_empty() {
                    words.push((*line, word.to_lowercase()));
                }
                if word.len() < piece.len() {
                    words.push((*line, String::new()));
                }
            }
        }
        if text.trim().is_empty() {
            words.push((*line, String::new()));
        }
    }
    let mut by_first: HashMap<&str, Vec<(&str, &str)>> = HashMap::new();
    for (phrase, instead) in GIVEN_UP {
        by_first.entry(phrase.split(' ').next().unwrap_or_default()).or_default().push((phrase, instead));
    }
    let mut found = Vec::new();
    for (at, (line, first)) in words.iter().enumerate() {
        for (phrase, instead) in by_first.get(first.as_str()).into_iter().flatten() {
            let mut next = words[at..].iter().map(|(_, word)| word.as_str());
            if phrase.split(' ').all(|word| next.next() == Some(word)) {
                found.push((*line, *phrase, *instead));
            }
        }
    }
    found.sort_unstable();
    found
}

/// The prose of a Markdown page: without fenced code, code spans and the targets of links.
fn markdown(lines: impl IntoIterator<Item = Line>) -> Vec<Line> {
    let mut in_code = false;
    let mut prose = Vec::new();
    for (index, line) in lines {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
            prose.push((index, String::new()));
        } else if !in_code {
            let text: Vec<&str> = line.split('`').step_by(2).collect();
            prose.push((index, without_targets(&text.join(" ` "))));
        }
    }
    prose
}

/// A line without the targets of its links.
fn without_targets(line: &str) -> String {
    let mut pieces = line.split("](");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| format!("{text}]{}", piece.split_once(')').map_or("", |(_, rest)| rest)))
}

/// A piece of a Rust source.
enum Piece<'s> {
    /// A comment, without its slashes.
    Comment(&'s str),
    /// The content of a string literal.
    Text { content: &'s str, is_raw: bool },
    /// Any other code.
    Code,
}

/// The prose of a Rust source: its comments, and the strings that are sentences.
fn rust(source: &str) -> Vec<Line> {
    let mut prose: Vec<Line> = Vec::new();
    // Comments with only white space between them may contain fenced code.
    let mut comment: Vec<Line> = Vec::new();
    let (mut rest, mut line) = (source, 0);
    while !rest.is_empty() {
        let (piece, length) = piece(rest);
        let (code, after) = rest.split_at(length);
        match piece {
            Piece::Comment(text) => {
                if comment.last().is_some_and(|(last, _)| last + 1 < line) {
                    comment.push((line, String::new()));
                }
                comment.extend(lines(text, line));
            }
            Piece::Code if code.trim().is_empty() => {}
            other => {
                prose.extend(markdown(comment.drain(..)));
                if prose.last().is_none_or(|(_, text)| !text.is_empty()) {
                    prose.push((line, String::new()));
                }
                if let Piece::Text { content, is_raw } = other {
                    prose.extend(markdown(sentence(content, is_raw, line)));
                }
            }
        }
        line += code.matches('\n').count();
        rest = after;
    }
    prose.extend(markdown(comment));
    prose
}

/// The piece that a source begins with, and its length.
fn piece(source: &str) -> (Piece<'_>, usize) {
    let ends_at = |end: Option<usize>| end.unwrap_or(source.len());
    if source.starts_with("//") {
        let comment = &source[..ends_at(source.find('\n'))];
        return (Piece::Comment(comment.trim_start_matches(['/', '!'])), comment.len());
    }
    if let Some(comment) = source.strip_prefix("/*") {
        let text = comment.split_once("*/").map_or(comment, |(text, _)| text);
        return (Piece::Comment(text), source.len().min(text.len() + 4));
    }
    if source.starts_with(is_inner) {
        // A raw string begins with a prefix that is read like a name.
        let name = &source[..ends_at(source.find(|c| !is_inner(c)))];
        let marks = source[name.len()..].bytes().take_while(|byte| *byte == b'#').count();
        let start = name.len() + marks + 1;
        if !matches!(name, "r" | "br" | "cr") || !source[start - 1..].starts_with('"') {
            return (Piece::Code, name.len());
        }
        let end = format!("\"{}", "#".repeat(marks));
        let content = &source[start..ends_at(source[start..].find(&end).map(|length| start + length))];
        return (Piece::Text { content, is_raw: true }, source.len().min(start + content.len() + end.len()));
    }
    // A quote that is escaped does not end a string or a character.
    let closed = |quote: char| {
        let mut is_escaped = false;
        let mut found = source.char_indices().skip(1).find(|(_, c)| {
            let ends = *c == quote && !is_escaped;
            is_escaped = *c == '\\' && !is_escaped;
            ends
        });
        ends_at(found.take().map(|(at, _)| at))
    };
    let mut chars = source.chars();
    match (chars.next(), chars.next(), chars.next()) {
        (Some('"'), ..) => {
            let end = closed('"');
            (Piece::Text { content: &source[1..end], is_raw: false }, source.len().min(end + 1))
        }
        // Any other apostrophe begins a lifetime.
        (Some('\''), Some('\\'), _) | (Some('\''), Some(_), Some('\'')) => {
            (Piece::Code, source.len().min(closed('\'') + 1))
        }
        (first, ..) => (Piece::Code, first.map_or(0, char::len_utf8)),
    }
}

/// The lines of a text that begins in this line of its file.
fn lines(text: &str, first: usize) -> impl Iterator<Item = Line> {
    text.split('\n').enumerate().map(move |(index, line)| (first + index, line.to_owned()))
}

/// The lines of a string literal with at least three words, without the values that it formats.
fn sentence(content: &str, is_raw: bool, first: usize) -> impl Iterator<Item = Line> {
    let is_sentence = content.split_whitespace().count() > 2;
    lines(content, first).filter(move |_| is_sentence).map(move |(index, mut line)| {
        if !is_raw {
            line = line.trim_end_matches('\\').replace("\\n", " ").replace("\\\"", "\"");
        }
        (index, line.split(['{', '}']).step_by(2).collect::<Vec<_>>().join(" ` "))
    })
}

#[cfg(test)]
mod tests {
    use super::{given_up, markdown, rust};

    #[test]
    fn a_phrase_is_found_across_lines_and_not_across_sentences() {
        let page =
            "It is sent\nagain. Not code: `sent again`.\n```sh\nsent again\n```\nIt is sent. Again.\n[x](told.md)";
        let page = markdown(page.lines().map(str::to_owned).enumerate());
        assert_eq!(given_up(&page), [(0, "sent again", "retried")]);
    }

    #[test]
    fn comments_and_sentences_of_rust_are_prose_and_its_code_is_not() {
        let source = "/// Whoever calls.\n/// ```\n/// let told = 1;\n/// ```\nfn told() { fail(\"nobody has it {told}\", \"told\"); } // mended\n";
        let found: Vec<_> = given_up(&rust(source)).into_iter().map(|(line, phrase, _)| (line, phrase)).collect();
        assert_eq!(found, [(0, "whoever"), (4, "mended"), (4, "nobody")]);
    }

    #[test]
    fn a_string_is_prose_on_each_of_its_lines() {
        let source = "fn f<'a>(s: &'a str) {\n    g(\"It is sent \\\n        again. \\\"It mends\\\" it.\", '\"');\n    g(r#\"\n\"What is\ntaken away.\"\n\"#, '\\'');\n}\n// Look\n\n// at it.\n/* It is\ntold. */";
        let found: Vec<_> = given_up(&rust(source)).into_iter().map(|(line, phrase, _)| (line, phrase)).collect();
        assert_eq!(found, [(1, "sent again"), (2, "mends"), (5, "taken away"), (11, "is told"), (12, "told")]);
    }
}
