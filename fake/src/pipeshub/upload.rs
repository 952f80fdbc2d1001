//! What a connector has taken in of somebody's files.

use std::fmt;

use hyper::body::Bytes;
use serde_json::Value;

/// The operation with a shape of errors of its own.
pub(super) const UPLOAD: &str = "submitConnectorFileEventUploads";

/// A batch of file events that a connector has taken in.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Upload {
    /// The id that the client gave it, or `batch-generated`.
    pub batch_id: String,
    /// The events, as they were sent.
    pub events: Vec<Value>,
    /// The files that came with it, in the order of their parts.
    pub files: Vec<UploadedFile>,
}

/// A file that came with a batch.
#[derive(Clone)]
#[non_exhaustive]
pub struct UploadedFile {
    /// The name of its part, `file_0` and so on.
    pub field: String,
    /// The `path` of the event that names it.
    pub path: String,
    /// How many bytes it has.
    pub bytes: usize,
    pub(super) content: Bytes,
}

impl UploadedFile {
    /// Its bytes.
    #[must_use]
    pub fn content(&self) -> &[u8] {
        &self.content
    }
}

impl fmt::Debug for UploadedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Its bytes may be many.
        f.debug_struct("UploadedFile")
            .field("field", &self.field)
            .field("path", &self.path)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}
