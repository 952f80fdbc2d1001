//! Percent-encoding by RFC 3986.

/// The characters that are not encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// Letters, digits, `-`, `.`, `_` and `~`.
    Unreserved,
    /// Also the characters that are allowed in a query and do not separate parameters: `$top`, `a:b`.
    Name,
    /// Also the reserved characters and percent-encoded parts, except `#`, `&` and `+`, which would end the value.
    Reserved,
    /// Like [`Keep::Reserved`], without the characters that end the value of a cookie.
    ReservedInCookie,
}

impl Keep {
    const fn keeps(self, byte: u8) -> bool {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            return true;
        }
        match self {
            Self::Unreserved => false,
            Self::Name => matches!(byte, b'$' | b'!' | b'(' | b')' | b'*' | b',' | b':' | b'@' | b'/'),
            Self::Reserved => is_reserved(byte),
            Self::ReservedInCookie => is_reserved(byte) && !matches!(byte, b',' | b';'),
        }
    }
}

const fn is_reserved(byte: u8) -> bool {
    matches!(
        byte,
        b':' | b'/' | b'?' | b'[' | b']' | b'@' | b'!' | b'$' | b'\'' | b'(' | b')' | b'*' | b',' | b';' | b'='
    )
}

/// Appends a text, and percent-encodes all characters that are not kept.
pub(super) fn encode(out: &mut String, text: &str, keep: Keep) {
    const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    out.reserve(text.len());
    let mut rest = text;
    loop {
        let plain = rest.bytes().position(|byte| !keep.keeps(byte)).unwrap_or(rest.len());
        // The kept characters are ASCII, so this is a character boundary.
        let (kept, after) = rest.split_at(plain);
        out.push_str(kept);
        let mut characters = after.chars();
        let Some(next) = characters.next() else { return };
        rest = characters.as_str();
        let encoded = next == '%' && rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
        if encoded && matches!(keep, Keep::Reserved | Keep::ReservedInCookie) {
            out.push('%');
            continue;
        }
        for byte in next.encode_utf8(&mut [0; 4]).bytes() {
            out.push('%');
            out.push(HEX[usize::from(byte >> 4)]);
            out.push(HEX[usize::from(byte & 15)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_other_characters_are_encoded() {
        for (keep, text, right) in [
            (Keep::Unreserved, "aZ9-._~", "aZ9-._~"),
            (Keep::Unreserved, "a b+c&d=é%41", "a%20b%2Bc%26d%3D%C3%A9%2541"),
            (Keep::Unreserved, "/?#[]@|", "%2F%3F%23%5B%5D%40%7C"),
            (Keep::Name, "$top:x[y]", "$top:x%5By%5D"),
            (Keep::Reserved, "a/b:c@d?[e]=f;g'", "a/b:c@d?[e]=f;g'"),
            (Keep::Reserved, "a b#c&d+e|%2F%2g%", "a%20b%23c%26d%2Be%7C%2F%252g%25"),
            (Keep::ReservedInCookie, "a/b,c;d", "a/b%2Cc%3Bd"),
            (Keep::Unreserved, "", ""),
        ] {
            let mut out = String::new();
            encode(&mut out, text, keep);
            assert_eq!(out, right, "{text}");
        }
    }
}
