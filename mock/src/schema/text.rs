//! Generates strings: by a pattern, by a format, or difficult ones.

use regex_syntax::hir::{Class, Hir, HirKind};

use super::random::Random;

/// Strings that careless code handles wrongly.
const AWKWARD: [&str; 12] = [
    "",
    "a",
    " ",
    "null",
    "true",
    "-0",
    "Ünïcödé, 漢字, 🦀, e\u{301}",
    "\"quoted\\ \n\t\u{1}",
    "\u{0}\u{7f}\u{2028}\u{feff}",
    "../..?a=b&c#d%20",
    "2024-02-30",
    "{\"json\": [1]}",
];

/// The requirements of a schema for a string.
#[derive(Debug, Default)]
pub(crate) struct Limits<'a> {
    pub(crate) format: Option<&'a str>,
    pub(crate) pattern: Option<&'a str>,
    pub(crate) shortest: usize,
    pub(crate) longest: Option<usize>,
    /// The document's own example, for patterns that cannot be generated.
    pub(crate) given: Vec<&'a str>,
}

impl Limits<'_> {
    fn fits(&self, text: &str) -> bool {
        let length = text.chars().count();
        length >= self.shortest && self.longest.is_none_or(|longest| length <= longest)
    }
}

/// A string within limits, or `None` if none can be generated.
pub(crate) fn text(random: &mut Random, limits: &Limits<'_>) -> Option<String> {
    if let Some(pattern) = limits.pattern {
        let made = of_pattern(random, pattern, |text| limits.fits(text));
        let given = || limits.given.iter().find(|text| limits.fits(text)).map(|text| (*text).to_owned());
        return made.or_else(given);
    }
    let known: Vec<&str> =
        limits.format.map_or(&[][..], of_format).iter().copied().filter(|text| limits.fits(text)).collect();
    if let Some(text) = random.pick(&known) {
        return Some((*text).to_owned());
    }
    let mut text = random.pick(&AWKWARD).copied().unwrap_or_default().to_owned();
    let short = limits.shortest.saturating_sub(text.chars().count());
    text.extend(std::iter::repeat_n('é', short));
    Some(text.chars().take(limits.longest.unwrap_or(usize::MAX)).collect())
}

/// A string that is easy to read.
pub(crate) fn plain_text(format: Option<&str>, shortest: usize, longest: Option<usize>) -> String {
    let text = match format.unwrap_or_default() {
        "date-time" => "2025-01-31T12:00:00Z",
        "date" => "2025-01-31",
        "time" => "12:00:00Z",
        "duration" => "PT1S",
        "uuid" => "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        "email" => "ada@example.com",
        "uri" | "url" | "uri-reference" | "iri" => "https://example.com/x",
        "hostname" => "example.com",
        "ipv4" => "127.0.0.1",
        "ipv6" => "::1",
        "byte" | "base64" => "eA==",
        "int64" | "uint64" | "int32" | "uint32" => "1",
        _ => "x",
    };
    let missing = shortest.saturating_sub(text.chars().count()).min(10_000);
    let long: String = text.chars().chain(std::iter::repeat_n('x', missing)).collect();
    long.chars().take(longest.unwrap_or(usize::MAX)).collect()
}

/// Strings of a known format.
fn of_format(format: &str) -> &'static [&'static str] {
    match format {
        "date-time" => &["2024-02-29T23:59:60Z", "1985-04-12T23:20:50.520000001+05:30", "0001-01-01T00:00:00.000Z"],
        "date" => &["2024-02-29", "1969-12-31"],
        "time" => &["23:59:59Z", "00:00:00.5+01:00"],
        "duration" => &["P1Y2M3DT4H5M6.7S", "PT0S", "3600s"],
        "uuid" => &["00000000-0000-0000-0000-000000000000", "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6"],
        "byte" | "base64" | "base64url" => &["", "AA==", "8J+mgA==", "AP__"],
        "int64" => &["-9223372036854775808", "9223372036854775807", "0", "-1"],
        "uint64" => &["18446744073709551615", "0"],
        "int32" => &["-2147483648", "2147483647"],
        "email" => &["a@example.com", "\"odd one\"+tag@sub.example.org"],
        "uri" | "url" | "uri-reference" | "iri" => &["https://example.com/a?b=c%20d#e", "urn:isbn:0451450523"],
        "hostname" => &["example.com", "xn--nxasmq6b.example"],
        "ipv4" => &["0.0.0.0", "255.255.255.255"],
        "ipv6" => &["::", "2001:db8::8a2e:370:7334"],
        _ => &[],
    }
}

/// Whether Rust's regular expressions support a pattern: others are not checked.
pub(crate) fn is_known(pattern: &str) -> bool {
    regex_syntax::parse(pattern).is_ok()
}

/// A string that a pattern matches and a test accepts. ECMAScript patterns that Rust does not support are not
/// generated.
pub(crate) fn of_pattern(random: &mut Random, pattern: &str, fits: impl Fn(&str) -> bool) -> Option<String> {
    let hir = regex_syntax::parse(pattern).ok()?;
    for attempt in 0..30 {
        let mut text = String::new();
        // Short strings first; long ones if the limits require them.
        sample(random, &hir, [2, 8, 40][attempt / 10], &mut text)?;
        if fits(&text) {
            return Some(text);
        }
    }
    None
}

fn sample(random: &mut Random, hir: &Hir, more: usize, text: &mut String) -> Option<()> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.push_str(&String::from_utf8_lossy(&literal.0)),
        HirKind::Class(Class::Unicode(class)) => {
            // ECMAScript's classes are the ASCII part of Rust's.
            let ranges: Vec<(u32, u32)> = class
                .ranges()
                .iter()
                .map(|range| (u32::from(range.start()).max(0x20), u32::from(range.end()).min(0x7e)))
                .filter(|(start, end)| start <= end)
                .collect();
            let foreign = class.ranges().first().map(|range| u32::from(range.start()));
            let (start, end) = random.pick(&ranges).copied().or(foreign.map(|start| (start, start)))?;
            let offset = u32::try_from(random.below((end - start + 1) as usize)).ok()?;
            text.push(char::from_u32(start + offset)?);
        }
        HirKind::Class(Class::Bytes(class)) => text.push(char::from(class.ranges().first()?.start())),
        HirKind::Repetition(repetition) => {
            let room = repetition.max.map_or(more, |max| more.min((max - repetition.min) as usize));
            for _ in 0..repetition.min as usize + random.below(room + 1) {
                sample(random, &repetition.sub, more, text)?;
            }
        }
        HirKind::Capture(capture) => sample(random, &capture.sub, more, text)?,
        HirKind::Concat(parts) => {
            for part in parts {
                sample(random, part, more, text)?;
            }
        }
        HirKind::Alternation(branches) => {
            let branch = random.pick(branches)?;
            sample(random, branch, more, text)?;
        }
    }
    Some(())
}
