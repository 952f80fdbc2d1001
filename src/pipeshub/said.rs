//! The result inside a 200: some responses report a failure.

use connectors_runtime::{Error, Kind, Response};

use super::types;

/// A response that can report whether the request succeeded, or the reason why it did not.
pub(super) trait Says {
    fn success(&self) -> Option<bool>;
    fn reason(&self) -> Option<&str>;
}

macro_rules! says {
    ($($response:ident . $message:ident)*) => {$(
        impl Says for types::$response {
            fn success(&self) -> Option<bool> {
                self.success
            }

            fn reason(&self) -> Option<&str> {
                self.$message.as_deref()
            }
        }
    )*};
    // The document declares no reason, but servers send one.
    (extra: $($response:ident)*) => {$(
        impl Says for types::$response {
            fn success(&self) -> Option<bool> {
                self.success
            }

            fn reason(&self) -> Option<&str> {
                self.extra.get("message")?.as_str()
            }
        }
    )*};
}

says! {
    Acknowledgement.message
    ConfigUpdateResponse.message
    CreateConnectorResponse.message
    DeletedConnector.message
    FilterOptionsPage.message
    FiltersSyncResponse.message
    ReindexResponse.message
}

says! {
    extra: AuthorizationUrl ConnectorConfigResponse ConnectorPage ConnectorResponse ConnectorSchemaResponse ConnectorStats
    FilterOptionsResponse RegistryPage RenameConnectorResponse
}

impl Says for types::FileEventsResponse {
    fn success(&self) -> Option<bool> {
        Some(self.success)
    }

    fn reason(&self) -> Option<&str> {
        self.extra.get("message")?.as_str()
    }
}

/// The value of a response, unless the response reports a failure; and the response, to describe later errors.
pub(super) fn accepted<T: Says>(response: Response<T>) -> Result<(T, Response<()>), Error> {
    if response.value().success() == Some(false) {
        return Err(refused(&response, response.value().reason()));
    }
    Ok(response.into_parts())
}

/// The error of a 200 that reports a failure.
pub(super) fn refused<T>(response: &Response<T>, reason: Option<&str>) -> Error {
    let reason = reason.filter(|text| !text.is_empty()).unwrap_or("the server reports a failure without a reason");
    response.describe(Error::new(Kind::Refused, reason))
}
