//! Reads a response completely, within a limit, and passes it on.

use connectors::SendError;
use connectors::reqwest::{Response, ResponseBuilderExt as _, Url};
use http::{HeaderMap, StatusCode};

/// The largest body that is read, in bytes.
const LARGEST: usize = 32 * 1024 * 1024;

/// A response with its body.
pub(crate) struct Received {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Received {
    /// Reads a response.
    ///
    /// # Errors
    ///
    /// If the connection breaks, or the body is larger than 32 MiB.
    pub(crate) async fn read(mut response: Response) -> Result<Received, SendError> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > LARGEST {
                // A retry would get the same large response.
                return Err(SendError::unsendable("the response is larger than the limit"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Received { status: response.status(), headers: response.headers().clone(), body })
    }

    /// The response as if it had not been read.
    pub(crate) fn into_response(self, url: Url) -> Result<Response, SendError> {
        let mut response = http::Response::builder().status(self.status).url(url);
        if let Some(headers) = response.headers_mut() {
            headers.extend(self.headers);
        }
        Ok(response.body(self.body).map_err(SendError::unsendable)?.into())
    }
}
