//! Requests and responses, for a server and the service behind it.

use serde_json::Value;

/// A request that reached the fake, unchanged.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Request {
    /// The method, in capitals.
    pub method: String,
    /// The raw path, not decoded.
    pub path: String,
    /// The query's pairs, decoded, in order.
    pub query: Vec<(String, String)>,
    /// The headers in order, with lower-case names.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// The document's operationId; `token`, `device_authorization`, `authorize` and `provider` for those endpoints and
    /// pages; `None` for an unknown endpoint.
    pub operation: Option<String>,
    /// The status of the response; `None` if there was none, or not yet.
    pub status: Option<u16>,
}

impl Request {
    /// The first header with this lower-case name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The path with the query.
    #[must_use]
    pub fn target(&self) -> String {
        if self.query.is_empty() {
            return self.path.clone();
        }
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.query).finish();
        format!("{}?{query}", self.path)
    }

    /// The body as JSON, if it is JSON.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    /// The body as the pairs of a form.
    #[must_use]
    pub fn form(&self) -> Vec<(String, String)> {
        form_urlencoded::parse(&self.body).into_owned().collect()
    }
}

/// A service's response.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// A response with this media type and body.
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Answer {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Answer { status, headers, body: body.into() }
    }

    /// A response in JSON.
    pub fn json(status: u16, body: &Value) -> Answer {
        Answer::new(status, "application/json", body.to_string())
    }

    /// The response of a web server that is not the API.
    pub fn html(status: u16) -> Answer {
        let page = "<!doctype html>\n<title>Not the API</title>\n";
        Answer::new(status, "text/html; charset=utf-8", page)
    }

    /// A redirect.
    pub fn redirect(location: &str) -> Answer {
        let headers = vec![("location".to_owned(), location.to_owned())];
        Answer { status: 302, headers, body: Vec::new() }
    }

    /// The first header with this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Sets a header. It replaces all headers with this name.
    pub fn set_header(&mut self, name: &str, value: &str) {
        let headers = &mut self.headers;
        headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        headers.push((name.to_owned(), value.to_owned()));
    }
}
