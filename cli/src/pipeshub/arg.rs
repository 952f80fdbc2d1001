//! Arguments of several commands.

use connectors::pipeshub::ConnectorScope;
use connectors::pipeshub::types::IndexingStatus;

use crate::near::nearest;

/// The states of records that reindexing can select. The document lacks the last two.
const STATES: [&str; 10] = [
    "NOT_STARTED",
    "QUEUED",
    "IN_PROGRESS",
    "COMPLETED",
    "FAILED",
    "FILE_TYPE_NOT_SUPPORTED",
    "AUTO_INDEX_OFF",
    "EMPTY",
    "PAUSED",
    "ENABLE_MULTIMODAL_MODELS",
];

/// A state of records by its name.
pub fn status(text: &str) -> std::result::Result<IndexingStatus, String> {
    let is_known = STATES.contains(&text);
    let unknown = || format!("no state of records{}: one of {}", nearest(text, STATES), STATES.join(", "));
    // An open enum reads any text.
    text.parse().ok().filter(|_| is_known).ok_or_else(unknown)
}

/// A scope by its name.
pub fn scope(text: &str) -> std::result::Result<ConnectorScope, String> {
    match text {
        "team" => Ok(ConnectorScope::Team),
        "personal" => Ok(ConnectorScope::Personal),
        _ => Err("team or personal".to_owned()),
    }
}
