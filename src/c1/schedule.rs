//! The schedule of a connector, and the download link of a sync.

use std::fmt;

use url::Url;

use crate::Error;
use connectors_runtime::Kind;

use super::types;

/// The schedule of a connector's syncs; see [`Connector::schedule`](super::Connector::schedule).
///
/// ```
/// use connectors::c1::Schedule;
///
/// let nightly = Schedule::new("0 3 * * *", "Europe/Berlin");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    cron: String,
    timezone: String,
}

impl Schedule {
    /// A cron expression and the time zone that it applies to (a name of the IANA database). The service checks both.
    pub fn new(cron: impl Into<String>, timezone: impl Into<String>) -> Self {
        Self { cron: cron.into(), timezone: timezone.into() }
    }

    pub(super) fn into_request(self) -> Result<types::UpdateConnectorScheduleRequest, Error> {
        for (what, text) in [("cron expression", &self.cron), ("time zone", &self.timezone)] {
            if text.trim().is_empty() {
                return Err(Error::new(Kind::Argument, format!("the {what} is empty; nothing was sent")));
            }
        }
        let cron = types::ConnectorScheduleCron {
            cron_spec: Some(self.cron),
            timezone: Some(self.timezone),
            ..Default::default()
        };
        Ok(types::UpdateConnectorScheduleRequest { cron: Some(cron), ..Default::default() })
    }
}

/// A link to the data of a sync. Everyone who has it can read the data until it expires: keep it out of logs.
///
/// `Debug` prints neither its path nor its query.
#[derive(Clone, PartialEq, Eq)]
pub struct DownloadUrl(String);

impl DownloadUrl {
    pub(super) fn new(url: String) -> Self {
        Self(url)
    }

    /// The link.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DownloadUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = Url::parse(&self.0).ok();
        write!(f, "DownloadUrl({}/[redacted])", url.as_ref().and_then(Url::host_str).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_not_printed() {
        let url = DownloadUrl::new("https://user:PLANTED@example.com/PLANTED/a?signature=PLANTED#PLANTED".to_owned());
        assert_eq!(format!("{url:?}"), "DownloadUrl(example.com/[redacted])");
        assert!(!format!("{:?}", DownloadUrl::new("PLANTED".to_owned())).contains("PLANTED"));
    }

    #[test]
    fn an_empty_schedule_is_rejected() {
        for (cron, timezone) in [("", "UTC"), ("0 3 * * *", " ")] {
            assert!(Schedule::new(cron, timezone).into_request().unwrap_err().is_invalid_argument());
        }
    }
}
