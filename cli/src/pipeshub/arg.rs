//! Arguments of several commands.

use connectors::pipeshub::ConnectorScope;

/// A scope by its name.
pub fn scope(text: &str) -> std::result::Result<ConnectorScope, String> {
    match text {
        "team" => Ok(ConnectorScope::Team),
        "personal" => Ok(ConnectorScope::Personal),
        _ => Err("team or personal".to_owned()),
    }
}
