//! The links, included files and chapters of the documentation.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

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
    let packages = ["cli", "codegen", "fake", "runtime"].into_iter().map(|package| format!("{package}/README.md"));
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
    // The check finds a mistake that is there.
    let readme = root().join("README.md");
    assert!(broken(&readme, "docs/nowhere.md").is_some() && broken(&readme, "#no-such-heading").is_some());
}

#[test]
fn every_included_file_has_the_part_that_the_book_includes() {
    let mut included = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for target in text.split("{{#include ").skip(1).filter_map(|rest| rest.split("}}").next()) {
            let (file, anchor) = target.split_once(':').unwrap_or((target, ""));
            let source = fs::read_to_string(page.parent().unwrap().join(file))
                .unwrap_or_else(|error| panic!("{}: {target}: {error}", page.display()));
            for marker in ["ANCHOR: ", "ANCHOR_END: "] {
                let marker = format!("{marker}{anchor}");
                let is_there = source.lines().any(|line| line.trim_end_matches(" -->").ends_with(&marker));
                assert!(anchor.is_empty() || is_there, "{}: {file} has no `{marker}`", page.display());
            }
            included += 1;
        }
    }
    assert!(included > 20, "only {included} files are included");
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
        let text = fs::read_to_string(source.join(page)).unwrap();
        let images = text.split("![").skip(1).filter_map(|rest| rest.split("](").nth(1));
        images.for_each(|target| assert!(target.starts_with("pictures/"), "{page}: {target}"));
    }
}
