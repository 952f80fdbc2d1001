//! Finds the words that this project has given up, in documentation, comments, messages and `--help` texts. The reader
//! searches for the field's own terms, and may have learned English as a second language.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, iter};

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

/// The folders and files that are written in plain words. Tests are among them.
const PLACES: [&str; 21] = [
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "README.md",
    "bench",
    "build.rs",
    "cli",
    "codegen",
    "docs",
    "duel",
    "examples",
    "fake",
    "mock",
    "roundtrip",
    "runtime",
    "runtime/tests",
    "spec/c1/overlay.yaml",
    "spec/pipeshub/overlay.yaml",
    "src",
    "tests",
    "xtask/src",
    "xtask/templates",
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

/// Lists the sources in a folder, in order. A place that does not exist has none.
fn collect(place: &Path, sources: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(place) else {
        sources.extend(place.is_file().then(|| place.to_owned()));
        return;
    };
    let mut entries: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for entry in entries {
        let is_source = entry.extension().is_some_and(|extension| extension == "rs" || extension == "md");
        if entry.is_dir() || is_source {
            collect(&entry, sources);
        }
    }
}

/// A line by its index, and the prose in it.
type Line = (usize, String);

/// Finds the given-up phrases: line, phrase and replacement. A phrase may continue on the next line, but not in the next
/// sentence.
fn given_up(prose: &[Line]) -> Vec<(usize, &'static str, &'static str)> {
    let is_inner = |c: char| c.is_alphanumeric() || c == '_' || c == '\'';
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
    let mut found = Vec::new();
    for (phrase, instead) in GIVEN_UP {
        let wanted: Vec<&str> = phrase.split(' ').collect();
        let places = words.windows(wanted.len());
        let places = places.filter(|window| window.iter().map(|(_, word)| word.as_str()).eq(wanted.iter().copied()));
        found.extend(places.map(|window| (window[0].0, phrase, instead)));
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

/// The prose of a Rust source: its comments, and the strings that are sentences.
fn rust(text: &str) -> Vec<Line> {
    let mut prose: Vec<Line> = Vec::new();
    // Lines of comments that follow each other may hold fenced code.
    let mut comment: Vec<Line> = Vec::new();
    let mut is_raw = false;
    for (index, line) in text.lines().enumerate() {
        if is_raw {
            is_raw = !line.contains("\"#");
            comment.push((index, line.to_owned()));
            continue;
        }
        let trimmed = line.trim_start();
        if trimmed.starts_with("//") {
            comment.push((index, trimmed.trim_start_matches(['/', '!']).to_owned()));
            continue;
        }
        prose.extend(markdown(comment.drain(..)));
        prose.push((index, String::new()));
        if let Some((code, rest)) = line.split_once("r#\"") {
            let text = rest.split_once("\"#").map_or(rest, |(text, _)| text);
            is_raw = text.len() == rest.len();
            prose.extend(sentences(code).map(|part| (index, format!("{part}."))));
            comment.push((index, text.split(['{', '}']).step_by(2).collect::<Vec<_>>().join(" ` ")));
            continue;
        }
        let (code, remark) = line.split_once(" // ").unwrap_or((line, ""));
        let parts = iter::once(remark.to_owned()).chain(sentences(code));
        prose.extend(parts.map(|part| (index, format!("{part}."))));
    }
    prose.extend(markdown(comment));
    prose
}

/// The string literals of a line that have at least three words, without the values that they format.
fn sentences(code: &str) -> impl Iterator<Item = String> {
    let texts = code.split('"').skip(1).step_by(2).filter(|text| text.split_whitespace().count() > 2);
    texts.map(|text| text.split(['{', '}']).step_by(2).collect::<Vec<_>>().join(" ` "))
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
}
