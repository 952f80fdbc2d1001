//! The Rust sources of a crate: which files they are, and their syntax, as far as it is small and flat enough to parse.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree, token_stream};

/// The maximum number of bytes of one source that is parsed.
const MOST_PARSED: usize = 2 << 20;
/// The maximum depth of brackets in a source that is parsed.
const MOST_DEPTH: usize = 200;
/// The maximum number of names and signs around an expression, a type or an item in a source that is parsed. The
/// parser's recursion is not deeper than this.
const MOST_AROUND: usize = 2000;

/// The bytes of a file: up to the limit, and one more if the file is larger.
pub fn most(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The sources in a folder and below, without build output and hidden files; and the links to folders, which are not
/// followed.
pub fn collect(place: &Path) -> io::Result<(Vec<PathBuf>, Vec<PathBuf>)> {
    let (mut sources, mut links) = (Vec::new(), Vec::new());
    if fs::metadata(place)?.is_file() {
        return Ok((vec![place.to_owned()], links));
    }
    let mut folders = vec![place.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let (kind, name) = (entry.file_type()?, entry.file_name().to_string_lossy().into_owned());
            if name == "target" || name.starts_with('.') {
                continue;
            }
            // A link may lead nowhere.
            let target = if kind.is_symlink() { fs::metadata(entry.path()).ok() } else { None };
            if kind.is_dir() {
                folders.push(entry.path());
            } else if target.as_ref().is_some_and(fs::Metadata::is_dir) {
                links.push(entry.path());
            } else if name.ends_with(".rs") && (kind.is_file() || target.is_some_and(|it| it.is_file() && it.len() > 0))
            {
                sources.push(entry.path());
            }
        }
    }
    sources.sort();
    links.sort();
    Ok((sources, links))
}

/// A source's syntax, if the source is small and flat enough for a recursive parser.
pub fn parsed(text: &str) -> Option<syn::File> {
    if text.len() > MOST_PARSED {
        return None;
    }
    let program = |rest: &&str| !rest.trim_start().starts_with('[');
    let text = text.strip_prefix("#!").filter(program).and_then(|rest| rest.split_once('\n')).map_or(text, |it| it.1);
    let tokens: TokenStream = text.parse().ok()?;
    is_flat(tokens.clone()).then(|| syn::parse2(tokens).ok())?
}

/// The tokens between two brackets, as far as they were read.
struct Level {
    rest: token_stream::IntoIter,
    /// Whether they are a block, or have the syntax of one.
    block: bool,
    /// The number of names and signs since nothing was open.
    around: usize,
    /// The number of open `<`, if they open something.
    angles: usize,
}

impl Level {
    fn new(tokens: TokenStream, block: bool) -> Self {
        Self { rest: tokens.into_iter(), block, around: 0, angles: 0 }
    }

    fn end(&mut self) {
        (self.around, self.angles) = (0, 0);
    }
}

/// Whether every expression has few names and signs around it: operators, calls and types nest without brackets too. A
/// block ends the expression before it, unless `else`, `as` or a sign follows.
fn is_flat(tokens: TokenStream) -> bool {
    let (mut levels, mut outside) = (vec![Level::new(tokens, false)], 0);
    let (mut block, mut attribute, mut arrow) = (false, false, false);
    while let Some(level) = levels.last_mut() {
        let Some(token) = level.rest.next() else {
            (block, attribute, arrow) = (level.block, false, false);
            levels.pop();
            outside -= levels.last().map_or(0, |level| level.around);
            continue;
        };
        let after_block = std::mem::take(&mut block);
        let after_hash = std::mem::take(&mut attribute);
        let after_arrow = std::mem::take(&mut arrow);
        match token {
            TokenTree::Group(group) => {
                let of_attribute = after_hash && group.delimiter() == Delimiter::Bracket;
                level.around += usize::from(!of_attribute);
                outside += level.around;
                levels.push(Level::new(group.stream(), group.delimiter() == Delimiter::Brace));
                if levels.len() > MOST_DEPTH {
                    return false;
                }
            }
            TokenTree::Punct(sign) => {
                let sign_of = sign.as_char();
                arrow = matches!(sign_of, '-' | '=') && sign.spacing() == Spacing::Joint;
                attribute = sign_of == '#' || (after_hash && sign_of == '!');
                if sign_of == ';'
                    || (sign_of == ',' && level.angles == 0)
                    || (after_block && matches!(sign_of, '#' | '\''))
                {
                    level.end();
                } else if !attribute {
                    level.around += 1;
                }
                match sign_of {
                    '<' => level.angles += 1,
                    '>' if !after_arrow => level.angles = level.angles.saturating_sub(1),
                    _ => {}
                }
            }
            TokenTree::Ident(name) => {
                if after_block && name != "else" && name != "as" {
                    level.end();
                }
                level.around += 1;
            }
            TokenTree::Literal(_) => {
                if after_block {
                    level.end();
                }
                level.around += 1;
            }
        }
        if levels.last().is_some_and(|level| outside + level.around > MOST_AROUND) {
            return false;
        }
    }
    true
}
