//! The servers to which a credential may be sent, and how their URLs are parsed.

use std::net::Ipv4Addr;

use url::{Host, Url};

use crate::error::{Error, Kind};

/// Checks that credentials may be sent to a server's base URL: https, or plain http to this machine (`localhost`,
/// 127.0.0.0/8, `::1`), without user, password, query and fragment.
///
/// Names below `localhost`, such as `x.localhost`, count as remote: the resolver decides whether they stay on this
/// machine (RFC 6761, section 6.3, recommends it and cannot enforce it).
///
/// ```
/// use connectors_runtime::auth::check_server;
/// use url::Url;
///
/// let allowed = |url: &str| check_server(&Url::parse(url).unwrap()).is_ok();
/// assert!(allowed("https://example.com/api/v1") && allowed("http://127.0.0.1:8080"));
/// assert!(!allowed("http://example.com") && !allowed("http://x.localhost"));
/// ```
///
/// # Errors
/// [`Error::is_config`] if it is not such a URL. The message does not contain the URL, which may have a password.
pub fn check_server(url: &Url) -> Result<(), Error> {
    if url.query().is_some() {
        return Err(not_a_server());
    }
    check_endpoint(url)
}

/// Checks a single endpoint like [`check_server`]. It may have a query (RFC 6749, sections 3.1 and 3.2).
///
/// # Errors
/// The errors of [`check_server`].
pub fn check_endpoint(url: &Url) -> Result<(), Error> {
    if url.host().is_none() || !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(not_a_server());
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(url) => Ok(()),
        "http" => Err(Error::new(Kind::Config, "`http://` does not protect a token: use https")),
        _ => Err(Error::new(Kind::Config, "the server's URL must begin with `https://`")),
    }
}

fn not_a_server() -> Error {
    let message = "the server's URL must have only a scheme, a host, and optionally a port and a path";
    Error::new(Kind::Config, message)
}

/// Whether a URL's host is this machine, without a resolver: `localhost`, 127.0.0.0/8 or `::1`.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Parses a base URL from a text such as a setting or an environment variable.
///
/// URL parsers change their input: they drop tabs, line breaks and characters without width, turn `\` into `/`, skip
/// surplus slashes, decode percent signs in hosts, and read `0x7f.1` as an address. A text that would change like this
/// names another server than its reader sees, so it is an error. Only the case of scheme and host, a default port and
/// trailing slashes may change. An international host has to be in its `xn--` form.
///
/// ```
/// use connectors_runtime::auth::parse_server;
///
/// assert_eq!(parse_server("https://Example.com:443/api/").unwrap().as_str(), "https://example.com/api");
/// assert!(parse_server("https://ten\u{200b}ant.example.com").is_err());
/// ```
///
/// # Errors
/// [`Error::is_config`] if it is not a URL, would be changed, or is rejected by [`check_server`]. The message does not
/// repeat the text.
pub fn parse_server(text: &str) -> Result<Url, Error> {
    let wrong = |what: &str| Error::new(Kind::Config, format!("the server's URL {what}"));
    if text.is_empty() {
        return Err(wrong("is empty"));
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(wrong("has a space, an invisible character or a non-ASCII character"));
    }
    let (scheme, rest) = text.split_once("://").ok_or_else(|| wrong("has no `https://`"))?;
    let end = rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let mut url = Url::parse(text).map_err(|_| wrong("is not a URL"))?;
    check_server(&url)?;
    let host = authority.strip_suffix(':').map_or_else(|| without_port(authority), |_| "");
    let same_host = url.host_str().is_some_and(|parsed| parsed.eq_ignore_ascii_case(host));
    let same_path = url.path() == path || (path.is_empty() && url.path() == "/");
    if !url.scheme().eq_ignore_ascii_case(scheme) || !same_host || !same_path {
        return Err(wrong("is not in its normal form"));
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

/// The base URL of a server that is named by its host alone, with or without a port: https, and plain http for this
/// machine's own names `localhost`, `127.0.0.1` and `[::1]`.
///
/// ```
/// use connectors_runtime::auth::parse_host;
///
/// assert_eq!(parse_host("example.com:8443").unwrap().as_str(), "https://example.com:8443/");
/// assert_eq!(parse_host("127.0.0.1:8080").unwrap().as_str(), "http://127.0.0.1:8080/");
/// assert!(parse_host("example.com/path").is_err() && parse_host("ten\u{200b}ant").is_err());
/// ```
///
/// # Errors
/// The errors of [`parse_server`]; also if there is more than a host and a port.
pub fn parse_host(text: &str) -> Result<Url, Error> {
    let host = without_port(text);
    let plain =
        host.starts_with('[') || host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    if !plain || host.is_empty() {
        let message = "the server is not a host name or address, with or without a port";
        return Err(Error::new(Kind::Config, message));
    }
    let local = host.eq_ignore_ascii_case("localhost") || host == "[::1]" || host == Ipv4Addr::LOCALHOST.to_string();
    parse_server(&format!("{}://{text}", if local { "http" } else { "https" }))
}

/// A host without its port. The colons of an IPv6 address are in brackets.
fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_go_over_https_or_stay_on_this_machine() {
        let check = |text: &str| check_server(&Url::parse(text).unwrap());
        for text in [
            "https://example.com",
            "https://example.com/api",
            "http://localhost:1",
            "http://127.8.0.1",
            "http://[::1]:8",
        ] {
            assert!(check(text).is_ok(), "{text}");
        }
        for text in [
            "http://example.com",
            "http://x.localhost",
            "http://localhost.",
            "http://localhost.example.com",
            "http://10.0.0.1",
            "http://[::ffff:7f00:1]",
            "ftp://example.com",
            "file:///etc",
            "https://user:PLANTED@example.com",
            "https://example.com?key=PLANTED",
            "https://example.com#PLANTED",
        ] {
            let error = check(text).unwrap_err();
            assert!(error.is_config() && !error.to_string().contains("PLANTED"), "{text}: {error}");
        }
        assert!(check_endpoint(&Url::parse("https://example.com/token?tenant=1").unwrap()).is_ok());
    }

    #[test]
    fn a_url_that_the_parser_would_change_is_rejected() {
        for (text, url) in [
            ("https://example.com", "https://example.com/"),
            ("HTTPS://Example.COM:443/", "https://example.com/"),
            ("https://example.com:8443/api/v1//", "https://example.com:8443/api/v1"),
            ("http://[::1]:8080", "http://[::1]:8080/"),
            ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example/"),
        ] {
            assert_eq!(parse_server(text).unwrap().as_str(), url, "{text}");
        }
        for text in [
            "",
            "example.com",
            "https://",
            "https:///example.com",
            "https:example.com",
            "https:\\\\example.com",
            "https://example.com\\@evil.example",
            "https://ten\u{200b}ant.example.com",
            "https://ten\u{ad}ant.example.com",
            "https://ten\u{feff}ant.example.com",
            "https://ten\tant.example.com",
            "https://tenant.example.com\n",
            " https://tenant.example.com",
            "https://ｅxample.com",
            "https://b\u{fc}cher.example",
            "https://ex%61mple.com",
            "http://0x7f.1",
            "http://2130706433",
            "http://127.1",
            "https://example.com/a/../b",
            "https://example.com/./a",
            "https://example.com:",
            "https://example.com:99999",
            "https://user@example.com",
        ] {
            assert!(parse_server(text).is_err_and(|error| error.is_config()), "{text:?}");
        }
    }

    #[test]
    fn a_host_is_only_a_host() {
        for (text, url) in [
            ("example.com", "https://example.com/"),
            ("example.com:8443", "https://example.com:8443/"),
            ("localhost:8080", "http://localhost:8080/"),
            ("127.0.0.1", "http://127.0.0.1/"),
            ("[::1]:80", "http://[::1]/"),
            ("x.localhost", "https://x.localhost/"),
        ] {
            assert_eq!(parse_host(text).unwrap().as_str(), url, "{text}");
        }
        for text in [
            "",
            ":80",
            "a b",
            "ten\u{200b}ant",
            "user@example.com",
            "example.com/a",
            "example.com?a",
            "a:b",
            "[::1",
            "0x7f.1",
        ] {
            assert!(parse_host(text).is_err_and(|error| error.is_config()), "{text:?}");
        }
    }
}
