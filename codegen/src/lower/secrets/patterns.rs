//! Whether names match patterns, in limited time.

use regress::Regex;

/// The maximum number of bytes of a pattern, and of a name.
const LONGEST: usize = 100;
/// The maximum of the total work of a document: the sum of [`cost`].
const MOST_WORK: usize = 100_000_000;

/// Patterns whose matches are looked for. What would take too long counts as a match, because it is safe to hide too
/// much.
#[derive(Default)]
pub(super) struct Patterns {
    work: usize,
}

impl Patterns {
    /// Which of these names match a pattern.
    pub(super) fn matches<'a>(&mut self, pattern: &str, names: impl Iterator<Item = &'a String>) -> Vec<&'a String> {
        let regex = self.spend(repeats(pattern).map(|_| pattern.len())).then(|| Regex::new(pattern).ok()).flatten();
        let mut matches = |name: &String| match &regex {
            Some(regex) => !self.spend(cost(pattern, name)) || regex.find(name).is_some(),
            None => true,
        };
        names.filter(|name| matches(name)).collect()
    }

    /// Whether there is time for this work.
    fn spend(&mut self, work: Option<usize>) -> bool {
        match work.and_then(|work| self.work.checked_add(work)).filter(|work| *work <= MOST_WORK) {
            Some(work) => {
                self.work = work;
                true
            }
            None => false,
        }
    }
}

/// The number of repetitions in a pattern; `None` if it may take time that grows faster than a small power of the name's
/// length, as nested and many repetitions do.
fn repeats(pattern: &str) -> Option<u32> {
    let count = pattern.matches(['*', '+', '?', '{']).count();
    (pattern.len() <= LONGEST && count <= 2 && !pattern.contains('(')).then(|| u32::try_from(count).ok()).flatten()
}

/// The most steps of a search that goes back: at each place of the name, each repetition may end at each place.
fn cost(pattern: &str, name: &str) -> Option<usize> {
    let places = (name.len() + 1).checked_pow(repeats(pattern)? + 1)?;
    (name.len() <= LONGEST).then(|| places.checked_mul(pattern.len())).flatten()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn names_match_as_in_json_schema() {
        let names = ["key_a", "a_key_", "other"].map(str::to_owned);
        let matches = |pattern: &str| Patterns::default().matches(pattern, names.iter()).len();
        for (pattern, expected) in [("^key_", 1), ("key", 2), ("^[a-z]+$", 1), (".*", 3), ("^x", 0), ("([", 3)] {
            assert_eq!(matches(pattern), expected, "{pattern}");
        }
    }

    #[test]
    fn what_takes_too_long_is_a_match() {
        let long = ["a".repeat(1000), "a".repeat(100)];
        for pattern in [".*.*b", "(a*)*b", "(a|a)*b", ".*.*.*b", &format!("{}{}b", "a?".repeat(40), "a".repeat(10))] {
            let started = Instant::now();
            assert!(Patterns::default().matches(pattern, long.iter()).contains(&&long[0]), "{pattern}");
            assert!(started.elapsed() < Duration::from_secs(5), "{pattern}");
        }
        let started = Instant::now();
        let mut patterns = Patterns::default();
        let names: Vec<String> = (0..400).map(|index| format!("{}{index:03}", "a".repeat(80))).collect();
        let found = (0..80).map(|index| patterns.matches(&format!(".*.*b{index}$"), names.iter()).len());
        assert_eq!(found.last(), Some(400), "the limit is reached");
        assert!(started.elapsed() < Duration::from_secs(20));
        assert!(Patterns::default().matches("^b", names.iter()).is_empty(), "one pattern is below it");
    }
}
