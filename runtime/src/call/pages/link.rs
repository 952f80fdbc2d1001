//! The `Link` header (RFC 8288), for paged lists.

use http::header::{HeaderMap, LINK};
use url::Url;

use crate::error::{Error, Kind};

/// The URL of the next page, if a `Link` header names one: the first target with the relation `next`.
///
/// `url` is the URL of the request. Relative targets are resolved against it. A link with an `anchor` describes another
/// page and is ignored. A link that violates the RFC is ignored.
///
/// # Errors
/// [`Error::is_decode`] if the target is not a URL, or if its scheme, host or port differ from those of `url`:
/// credentials are never sent there. There is one exception. Servers behind a proxy often write http where the request
/// used https. Such a link, with both on their default ports, is followed over https.
pub fn next_link(headers: &HeaderMap, url: &Url) -> Result<Option<Url>, Error> {
    let lines = headers.get_all(LINK).into_iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    let Some(target) = lines.into_iter().find_map(|line| next_target(&line).map(str::to_owned)) else {
        return Ok(None);
    };
    let refuse =
        |why: &str| Error::new(Kind::Decode, format!("the link to the next page {why}; the list was cut short"));
    let mut next = url.join(&target).map_err(|error| refuse("is not a URL").caused_by(error))?;
    let is_downgrade = next.scheme() == "http" && url.scheme() == "https" && next.port().is_none();
    if is_downgrade && next.set_scheme("https").is_err() {
        return Err(refuse("has another scheme"));
    }
    if next.origin() != url.origin() {
        return Err(refuse("leads to another host"));
    }
    Ok(Some(next))
}

/// The first target with the relation `next` in one line of the header.
fn next_target(line: &str) -> Option<&str> {
    let mut rest = line;
    loop {
        let (_, after) = rest.split_once('<')?;
        let (target, after) = after.split_once('>')?;
        let (is_next, after) = is_next(after);
        if is_next {
            return Some(target.trim());
        }
        rest = after;
    }
}

/// Reads the parameters of a link. Returns whether the link is the next page's, and the text after the link's comma.
fn is_next(parameters: &str) -> (bool, &str) {
    let mut rest = parameters;
    let mut relation = None;
    let mut anchored = false;
    let after = loop {
        // To the next parameter, or to the end of the link.
        let Some(at) = rest.find([';', ',']) else { break "" };
        // Both are one byte long.
        let (separator, after) = (rest.as_bytes().get(at), rest.get(at + 1..).unwrap_or_default());
        if separator == Some(&b',') {
            break after;
        }
        let end = after.find([';', ',', '=']).unwrap_or(after.len());
        let (name, value) = after.split_at(end);
        let name = name.trim();
        let (value, after) = match value.strip_prefix('=') {
            Some(value) => read_value(value.trim_start()),
            None => (String::new(), value),
        };
        rest = after;
        if name.eq_ignore_ascii_case("rel") {
            // Only the first one counts (RFC 8288, section 3.3).
            relation.get_or_insert(value);
        } else if name.eq_ignore_ascii_case("anchor") {
            anchored = true;
        }
    };
    let relation = relation.unwrap_or_default();
    (!anchored && relation.split_whitespace().any(|name| name.eq_ignore_ascii_case("next")), after)
}

/// The value of a parameter, a token or a quoted text, and the text after it.
fn read_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, after) = text.split_at(text.find([';', ',']).unwrap_or(text.len()));
        return (value.trim_end().to_owned(), after);
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, quoted.get(at + 1..).unwrap_or_default()),
            '\\' => value.extend(chars.next().map(|(_, c)| c)),
            _ => value.push(c),
        }
    }
    // The closing quote is missing.
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(lines: &[&str]) -> Result<Option<String>, Error> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(LINK, line.parse().unwrap());
        }
        let url = Url::parse("https://api.example.com/v1/pets?page=1").unwrap();
        Ok(next_link(&headers, &url)?.map(String::from))
    }

    #[test]
    fn the_next_page_is_found_among_other_links() {
        let found = Some("https://api.example.com/v1/pets?ids=1,2;3&page=2".to_owned());
        for lines in [
            &["<https://api.example.com/v1/pets?ids=1,2;3&page=2>; rel=\"next\""][..],
            &["<?ids=1,2;3&page=2>;rel=next"],
            &["</v1/pets?ids=1,2;3&page=2> ; REL = \"prev NEXT\" ; title=\"a, b\""],
            &["</v1/pets?page=9>; rel=last, </v1/pets?ids=1,2;3&page=2>; rel=next"],
            &["</other>; title=\"x; rel=next, <y>\"; rel=prev, <pets?ids=1,2;3&page=2>; rel=\"next\""],
            &["</first>; rel=first", "<pets?ids=1,2;3&page=2>; rel=next"],
            &["</other>; rel=next; anchor=\"/elsewhere\", <pets?ids=1,2;3&page=2>; title=\"\\\"\"; rel=next; rel=prev"],
            &["</other>; crossorigin; rel=prev; rel=next,,<pets?ids=1,2;3&page=2>;foo;rel=next"],
            &["<http://api.example.com/v1/pets?ids=1,2;3&page=2>; rel=next"],
            &["broken, <pets?ids=1,2;3&page=2>; rel=next, </late>; rel=next"],
        ] {
            assert_eq!(next(lines).unwrap(), found, "{lines:?}");
        }
    }

    #[test]
    fn without_a_next_page_there_is_none() {
        for line in [
            "",
            "<",
            "<>",
            ",;,",
            "</x>",
            "</x>; rel",
            "</x>; rel=",
            "</x>; rel=\"",
            "</x>; rel=\"nexte",
            "</x>; rel=\"prev\\",
            "</x>; title=\"rel=next\"",
            "</x; rel=next",
            "</x>; rel=nextpage",
            "</x>; rev=next",
        ] {
            assert_eq!(next(&[line]).unwrap(), None, "{line:?}");
        }
    }

    #[test]
    fn a_link_to_another_host_is_an_error() {
        for target in [
            "https://evil.example/v1/pets",
            "//evil.example/v1/pets",
            "\\\\evil.example/pets",
            "https://api.example.com.evil.example/",
            "https://api.example.com@evil.example/",
            "https://api.example.com:8443/v1/pets",
            "http://api.example.com:8080/v1/pets",
            "http://evil.example/v1/pets",
            "ftp://api.example.com/v1/pets",
            "file:///etc/passwd",
            "https://[",
        ] {
            let error = next(&[&format!("<{target}>; rel=next")]).unwrap_err();
            assert!(error.is_decode() && !error.message().contains("evil"), "{target}: {error}");
        }
    }
}
