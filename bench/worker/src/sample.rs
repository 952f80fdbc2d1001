//! Responses in C1's format: connectors with most of their fields set.

/// The number of connectors on a page with the page size of our client.
pub(crate) const PAGE: usize = 100;

/// The response to a request for one connector.
pub(crate) fn one() -> String {
    format!(r#"{{"connectorView":{},"expanded":[]}}"#, view(1))
}

/// The connectors of a full page, separated by commas.
pub(crate) fn page() -> String {
    let views: Vec<String> = (0..PAGE).map(view).collect();
    views.join(",")
}

/// A list in one response with at least this many bytes, and the number of its connectors.
pub(crate) fn list(bytes: usize) -> (String, usize) {
    let mut text = String::from(r#"{"expanded":[],"nextPageToken":"","list":["#);
    let mut count = 0;
    while text.len() < bytes {
        if count > 0 {
            text.push(',');
        }
        text.push_str(&view(count));
        count += 1;
    }
    text.push_str("]}");
    (text, count)
}

fn view(number: usize) -> String {
    VIEW.replace("NUMBER", &format!("{number:014}"))
}

const VIEW: &str = concat!(
    r#"{"appPath":"","capabilitiesPath":"","usersPath":"","connector":{"id":"2aXpConnectorNUMBER","#,
    r#""appId":"2aXpApplication00000000001","catalogId":"2aXpCatalogEntry0000000001","#,
    r#""displayName":"Directory of department NUMBER","#,
    r#""description":"People, groups and what they may do; \"owners\" are informed when a sync fails.","#,
    r#""connectorApiVersion":2,"canResumeSync":true,"disableCheckBadSync":false,"parallelSyncWorkerCount":4,"#,
    r#""profileAllowList":["email","department","manager"],"profileIgnoreList":[],"#,
    r#""userIds":["2aXpUser000000000000000001","2aXpUser000000000000000002"],"#,
    r#""createdAt":"2025-03-01T08:15:30.123456Z","updatedAt":"2026-01-12T23:59:59.999999Z","#,
    r#""configUpdatedAt":"2025-11-05T12:00:00Z","#,
    r#""connectorSyncCronSchedule":{"cronSpec":"0 * * * *","start":"2025-03-01T00:00:00Z","timezone":"Europe/Berlin"},"#,
    r#""oauthAuthorizedAs":{"authEmail":"operator@example.com","authorizedAt":"2025-03-01T08:16:00Z"},"#,
    r#""status":{"status":"SYNC_STATUS_DONE","startedAt":"2026-01-12T23:00:00Z","#,
    r#""completedAt":"2026-01-12T23:04:10Z","updatedAt":"2026-01-12T23:04:10Z","lastError":""},"#,
    r#""syncConfig":{"syncResourceTypeIds":["user","group","role"]},"#,
    r#""config":{"@type":"type.googleapis.com/c1.api.app.v1.EnvConfig","configuration":{"#,
    r#""DOMAIN":{"stringValue":"example.com"},"REGION":{"stringValue":"eu"},"SYNC_ARCHIVED":{"boolValue":false}}}}}"#,
);

#[cfg(test)]
mod tests {
    use connectors::c1::types;

    use super::*;
    use crate::plain;

    #[test]
    fn both_decode_every_field_of_the_sample() {
        let (text, count) = list(10_000);
        let ours: types::ConnectorServiceListResponse = serde_json::from_str(&text).unwrap();
        let views = ours.list.unwrap();
        assert_eq!(views.len(), count);
        for view in views {
            let connector = view.connector.unwrap();
            let status = connector.status.unwrap();
            assert_eq!(status.status, Some(types::SyncStatus::Done));
            let extra = [ours.extra.len(), view.extra.len(), connector.extra.len(), status.extra.len()];
            assert_eq!(extra, [0; 4], "the sample has keys that the document does not have");
        }
        // In tests the hand-written structs reject unknown fields.
        let plain: plain::ListAnswer = serde_json::from_str(&text).unwrap();
        assert_eq!(plain.list.unwrap().len(), count);
    }
}
