//! Suggestions for wrong words.

/// A suggestion: the most similar known key, if one is similar enough.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let near =
        known.into_iter().map(|it| (strsim::damerau_levenshtein(&word.to_lowercase(), &it.to_lowercase()), it)).min();
    match near {
        Some((distance, it)) if distance <= (word.chars().count().max(3) / 3) => format!(" (did you mean `{it}`?)"),
        _ => String::new(),
    }
}
