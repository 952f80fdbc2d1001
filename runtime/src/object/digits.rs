//! The value of a JSON number's digits, without rounding.

/// The value, if it is a whole number, such as `3`, `3.0` or `3e2`; `None` for `3.5`.
pub(super) fn whole(text: &str) -> Option<i128> {
    if let Ok(value) = text.parse() {
        return Some(value);
    }
    let (negative, digits, exponent) = decimal(text)?;
    if digits.is_empty() {
        return Some(0);
    }
    // Numbers with more than 40 digits are out of range.
    let zeros = usize::try_from(exponent).ok().filter(|zeros| zeros + digits.len() <= 40)?;
    let value: i128 = format!("{}{digits}{}", if negative { "-" } else { "" }, "0".repeat(zeros)).parse().ok()?;
    Some(value)
}

/// The double with these digits; `None` for a number out of range, and for a whole number that no double represents
/// exactly.
pub(super) fn double(text: &str) -> Option<f64> {
    let value: f64 = text.parse().ok().filter(|value: &f64| value.is_finite())?;
    let is_whole = !text.contains(['.', 'e', 'E']);
    (!is_whole || is_short(text) || same_decimal(text, &format!("{value:e}"))).then_some(value)
}

/// The `serde_json` number with these digits, if one represents them exactly.
pub(super) fn plain(text: &str) -> Option<serde_json::Number> {
    if let Ok(value) = text.parse::<i64>()
        && text != "-0"
    {
        return Some(value.into());
    }
    if let Ok(value) = text.parse::<u64>() {
        return Some(value.into());
    }
    let value: f64 = text.parse().ok()?;
    if is_short(text) {
        return serde_json::Number::from_f64(value);
    }
    // The shortest form, or the forms with 16 or 17 digits that some services write.
    let forms = [format!("{value:e}"), format!("{value:.16e}"), format!("{value:.15e}")];
    if !forms.iter().any(|form| same_decimal(text, form)) {
        return None;
    }
    serde_json::Number::from_f64(value)
}

/// Whether a double represents the digits exactly because they are few: up to 15, and no exponent.
fn is_short(text: &str) -> bool {
    let is_digit = |byte: &u8| byte.is_ascii_digit();
    text.len() <= 32 && text.bytes().filter(is_digit).count() <= 15 && !text.contains(['e', 'E'])
}

/// Whether a number is negative, its digits without zeros at either end, and its power of ten.
pub(super) fn decimal(text: &str) -> Option<(bool, String, i64)> {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (digits, exponent) = match text.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, exponent.trim_start_matches('+').parse::<i64>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let exponent = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?;
    let all = format!("{whole}{fraction}");
    let kept = all.trim_end_matches('0');
    if kept.is_empty() {
        return Some((negative, String::new(), 0));
    }
    let exponent = exponent.checked_add(i64::try_from(all.len() - kept.len()).ok()?)?;
    Some((negative, kept.trim_start_matches('0').to_owned(), exponent))
}

pub(super) fn same_decimal(a: &str, b: &str) -> bool {
    decimal(a).is_some_and(|a| decimal(b) == Some(a))
}
