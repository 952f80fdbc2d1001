//! The documentation: its links, its code, its chapters, and the built book. `UPDATE=1` writes the code of the source
//! files into the pages.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use mdbook_driver::MDBook;
use tracing_subscriber::util::SubscriberInitExt;

/// Links to the repository's own files.
const REPOSITORY: &str = "https://github.com/connectors-rs/connectors/";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// Lists the Markdown pages for readers.
fn pages() -> Vec<PathBuf> {
    let mut pages = Vec::new();
    let mut folders = vec![root().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            }
        }
    }
    let others = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md"].into_iter().map(str::to_owned);
    let packages =
        ["cli", "codegen", "fake", "mock", "runtime"].into_iter().map(|package| format!("{package}/README.md"));
    pages.extend(others.chain(packages).map(|page| root().join(page)).filter(|page| page.exists()));
    pages.sort();
    pages
}

/// The text of a page without fenced code.
fn prose(text: &str) -> String {
    text.split("\n```").step_by(2).collect::<Vec<_>>().join("\n")
}

/// Whether a page has a heading with this anchor, as GitHub and mdbook derive it.
fn has_heading(page: &Path, anchor: &str) -> bool {
    let text = prose(&fs::read_to_string(page).unwrap());
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings.map(|line| line.trim_start_matches('#').trim().to_lowercase()).any(|heading| {
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.map(|c| if c == ' ' { '-' } else { c }).eq(anchor.chars())
    })
}

/// The mistake in a link of a page, if there is one. Links to other sites are not opened.
fn broken(page: &Path, target: &str) -> Option<String> {
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let place = match target.strip_prefix(REPOSITORY) {
        Some(_) => {
            let file = file.trim_start_matches(REPOSITORY);
            match file.strip_prefix("blob/main/").or_else(|| file.strip_prefix("tree/main/")) {
                Some(file) => root().join(file),
                None => return Some("a link to the repository without blob/main or tree/main".to_owned()),
            }
        }
        None if target.contains("://") => return None,
        None if file.is_empty() => page.to_owned(),
        None => page.parent().unwrap().join(file),
    };
    if !place.exists() {
        return Some(format!("{} does not exist", place.display()));
    }
    (!anchor.is_empty() && !has_heading(&place, anchor)).then(|| format!("there is no heading #{anchor}"))
}

#[test]
fn every_link_of_the_documentation_leads_to_a_file_and_a_heading() {
    let mut problems = Vec::new();
    for page in pages() {
        let text = prose(&fs::read_to_string(&page).unwrap());
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if let Some(problem) = broken(&page, target) {
                problems.push(format!("{}: {target}: {problem}", page.display()));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    // The check finds an existing mistake.
    let readme = root().join("README.md");
    assert!(broken(&readme, "docs/nowhere.md").is_some() && broken(&readme, "#no-such-heading").is_some());
}

/// The start of a marker comment, which the page has before code from a file: the path from the page, and maybe `:anchor`.
const CODE: &str = "<!-- code: ";

/// The fenced code of a marker's target: a file, or the part of it between `ANCHOR: name` and `ANCHOR_END: name`. The lines of
/// anchors and the common indentation are left out.
fn fenced(page: &Path, target: &str) -> String {
    let (file, anchor) = target.split_once(':').unwrap_or((target, ""));
    let source = fs::read_to_string(page.parent().unwrap().join(file))
        .unwrap_or_else(|error| panic!("{}: {target}: {error}", page.display()));
    let lines: Vec<&str> = source.lines().collect();
    let place = |marker: &str| {
        let marker = format!("{marker}{anchor}");
        let found = lines.iter().position(|line| line.trim_end_matches(" -->").ends_with(&marker));
        found.unwrap_or_else(|| panic!("{}: {file} has no `{marker}`", page.display()))
    };
    let part = if anchor.is_empty() { &lines[..] } else { &lines[place("ANCHOR: ") + 1..place("ANCHOR_END: ")] };
    let kept: Vec<&str> = part.iter().copied().filter(|line| !line.contains("ANCHOR")).collect();
    let full = kept.iter().filter(|line| !line.trim().is_empty());
    let indent = full.map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
    let text = kept.iter().map(|line| line.get(indent..).unwrap_or("")).collect::<Vec<_>>().join("\n");
    // A part of a page is fenced already.
    if text.starts_with("```") {
        return text;
    }
    let language = match Path::new(file).extension().and_then(|extension| extension.to_str()) {
        Some("rs") => "rust",
        Some("py") => "python",
        other => other.unwrap_or("text"),
    };
    format!("```{language}\n{}\n```", text.trim_end())
}

/// A page with the code of its files after each marker.
fn with_code(page: &Path, text: &str) -> String {
    let mut parts = text.split(CODE);
    let mut written = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let missing = || panic!("{}: `{CODE}` is followed by no ` -->` and no fenced code", page.display());
        let (target, rest) = part.split_once(" -->\n```").unwrap_or_else(missing);
        let (_, after) = rest.split_once("\n```\n").unwrap_or_else(missing);
        written.push_str(&format!("{CODE}{target} -->\n{}\n{after}", fenced(page, target)));
    }
    written
}

#[test]
fn the_code_in_the_pages_is_that_of_its_files() {
    let mut marked = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        // A repository's site would show an include unchanged, so pages contain the code.
        assert!(!text.contains("{{#include "), "{}: write `{CODE}FILE -->` and fenced code instead", page.display());
        let current = with_code(&page, &text);
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&page, &current).unwrap();
        } else {
            assert_eq!(text, current, "{}: run this test with UPDATE=1", page.display());
        }
        marked += text.matches(CODE).count();
    }
    assert!(marked > 20, "only {marked} parts of pages are from files");
    // The check replaces code that differs.
    let page = root().join("docs/book/src/calls.md");
    let marker = format!("{CODE}../../../tests/third/tests/service/book.rs:options -->\n");
    let stale = format!("{marker}```rust\nlet old = 1;\n```\n\nText.\n");
    let current = with_code(&page, &stale);
    assert!(current.starts_with(&format!("{marker}```rust\nasync fn quick(")), "{current}");
    assert!(current.ends_with("\n}\n```\n\nText.\n") && !current.contains("old"), "{current}");
}

#[test]
fn the_book_has_a_chapter_for_each_page_and_needs_no_other_site() {
    let source = root().join("docs/book/src");
    let summary = fs::read_to_string(source.join("SUMMARY.md")).unwrap();
    let chapters: Vec<&str> = summary.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    let listed: BTreeSet<&str> = chapters.iter().copied().collect();
    assert_eq!(listed.len(), chapters.len(), "a page is listed twice");
    let files = fs::read_dir(&source).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let pages: BTreeSet<String> = files.filter(|name| name.ends_with(".md") && name != "SUMMARY.md").collect();
    assert_eq!(listed, pages.iter().map(String::as_str).collect());
    for picture in fs::read_dir(source.join("pictures")).unwrap() {
        let text = fs::read_to_string(picture.unwrap().path()).unwrap();
        assert!(!["href", "url(http", "@import"].iter().any(|it| text.contains(it)), "a picture loads something");
        assert!(text.contains("prefers-color-scheme: dark") && text.contains("<title "));
    }
    for page in &pages {
        let text = prose(&fs::read_to_string(source.join(page)).unwrap());
        let images = text.split("![").skip(1).filter_map(|rest| rest.split("](").nth(1));
        images.for_each(|target| assert!(target.starts_with("pictures/"), "{page}: {target}"));
    }
}

/// The log of mdbook.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Builds the book in `source` into `built`. Returns the warnings.
fn build(source: &Path, built: &Path) -> String {
    let log = Log::default();
    let warnings = log.clone();
    let _guard = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .with_writer(move || log.clone())
        .set_default();
    let mut book = MDBook::load(source).unwrap();
    book.config.build.build_dir = built.to_owned();
    book.build().unwrap();
    let text = warnings.0.lock().unwrap();
    String::from_utf8_lossy(&text).into_owned()
}

/// The elements of a page that load something from another site.
fn loaded_from_elsewhere(page: &str) -> Vec<&str> {
    let tags = page.split('<').filter_map(|tag| tag.split('>').next());
    let loading = tags.filter(|tag| ["script ", "link ", "img "].iter().any(|name| tag.starts_with(name)));
    loading.filter(|tag| ["src=\"http", "href=\"http"].iter().any(|it| tag.contains(it))).collect()
}

#[test]
fn the_book_builds_without_a_warning_and_its_pages_load_nothing_from_other_sites() {
    // `.ci/book` measures these pages.
    let built = Path::new(env!("CARGO_TARGET_TMPDIR")).join("book");
    assert_eq!(build(&root().join("docs/book"), &built), "");
    let files = fs::read_dir(&built).unwrap().map(|entry| entry.unwrap().path());
    let html: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|it| it == "html")).collect();
    assert!(html.len() > 10, "{html:?}");
    for page in html {
        let text = fs::read_to_string(&page).unwrap();
        assert_eq!(loaded_from_elsewhere(&text), Vec::<&str>::new(), "{}", page.display());
    }
    // The checks find mistakes.
    let wrong = Path::new(env!("CARGO_TARGET_TMPDIR")).join("wrong-book");
    fs::create_dir_all(wrong.join("src")).unwrap();
    fs::write(wrong.join("src/SUMMARY.md"), "[One](one.md)\n").unwrap();
    fs::write(wrong.join("src/one.md"), "<div>\n\nText.\n").unwrap();
    assert!(build(&wrong, &wrong.join("built")).contains("WARN"));
    assert_eq!(loaded_from_elsewhere("<p><img alt='' src=\"https://example.com/a.png\">").len(), 1);
}
