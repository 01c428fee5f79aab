//! What the audit log tells.

use serde_json::Value;

use crate::support::{Access, Server, client};

/// A change.
pub struct Entry {
    id: String,
    pub action: String,
    pub team_id: Option<String>,
    pub before: Value,
    pub after: Value,
}

impl Entry {
    fn from_json(shown: &Value) -> Self {
        let text = |name: &str| shown[name].as_str().map(str::to_owned);
        Self {
            id: text("id").unwrap(),
            action: text("action").unwrap(),
            team_id: text("team_id"),
            before: shown["before"].clone(),
            after: shown["after"].clone(),
        }
    }
}

/// A page, the newest first, and where the next one begins.
async fn page(access: &Access, server: &Server, cursor: &str, limit: &str) -> (Vec<Entry>, Option<String>) {
    let url = format!("{}/v1/org/{}/audit_log", server.url, access.org);
    let request = client().get(url).query(&[("next_cursor", cursor), ("limit", limit)]);
    let answer = request.header("x-management-key", &access.key).send().await.unwrap();
    let page: Value = answer.error_for_status().unwrap().json().await.unwrap();
    let entries = page["entries"].as_array().unwrap().iter().map(Entry::from_json).collect();
    (entries, page["next_cursor"].as_str().map(str::to_owned))
}

/// The id of the last change.
pub async fn newest(access: &Access, server: &Server) -> String {
    page(access, server, "", "1").await.0[0].id.clone()
}

/// The changes since the one with the id `newest`, which becomes that of the last.
pub async fn since(access: &Access, server: &Server, newest: &mut String) -> Vec<Entry> {
    let (mut entries, mut cursor) = (Vec::new(), Some(String::new()));
    while let Some(at) = cursor {
        let (read, next) = page(access, server, &at, "500").await;
        let (new, old): (Vec<_>, Vec<_>) = read.into_iter().partition(|entry| entry.id > *newest);
        entries.extend(new);
        cursor = next.filter(|_| old.is_empty());
    }
    if let Some(last) = entries.first() {
        newest.clone_from(&last.id);
    }
    entries
}
