//! The uploads that a connector has accepted.

use std::fmt;

use bytes::Bytes;
use serde_json::Value;

/// The operation with its own error format.
pub(super) const UPLOAD: &str = "submitConnectorFileEventUploads";

/// A batch of file events that a connector has accepted.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Upload {
    /// The client's id for it, or `batch-generated`.
    pub batch_id: String,
    /// The events, unchanged.
    pub events: Vec<Value>,
    /// The files of the batch, in the order of their parts.
    pub files: Vec<UploadedFile>,
}

/// A file of a batch.
#[derive(Clone)]
#[non_exhaustive]
pub struct UploadedFile {
    /// The name of its part, such as `file_0`.
    pub field: String,
    /// The `path` of the event that names it.
    pub path: String,
    /// Its length in bytes.
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
        // The bytes are not printed: there may be many.
        f.debug_struct("UploadedFile")
            .field("field", &self.field)
            .field("path", &self.path)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}
