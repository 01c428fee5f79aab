//! `lookback key`: management keys.

use lookback_domain::{KeyId, OrgId};
use lookback_store::{Key as Row, KeyFilter, KeyGuard};
use serde::Serialize;

use super::{every, open};
use crate::args::Key;
use crate::settings::Settings;
use crate::{machine, output};

/// A key that was just made, in clear.
#[derive(Serialize)]
struct Made {
    id: KeyId,
    org_id: OrgId,
    label: String,
    management_key: String,
}

pub async fn run(settings: &Settings, what: Key) -> anyhow::Result<()> {
    if matches!(what, Key::Generate) {
        let key = machine::management_key()?;
        return if settings.json {
            output::json(&serde_json::json!({ "management_key": key.reveal() }))
        } else {
            output::line(key.reveal())
        };
    }
    let store = open::existing(settings).await?;
    match what {
        Key::Generate => Ok(()),
        Key::Create { org, label } => {
            let key = machine::management_key()?;
            let by = machine::author()?;
            let row = Row::org_admin(machine::key_id(), org, label.clone(), key.digest(), &by);
            let Row { id, .. } = store.create_key(row, None, &by).await?.done();
            let made = Made { id, org_id: org, label, management_key: key.reveal().to_owned() };
            if settings.json {
                return output::json(&made);
            }
            output::line(&format!("{}   (shown this once; keep it safe)", made.management_key))
        }
        Key::List { org } => {
            let all = KeyFilter::all();
            let keys = every(|after, limit| store.keys(org, &all, after, limit), |key: &Row| key.id).await?;
            if settings.json {
                return output::json(&keys);
            }
            let rows =
                keys.iter().map(|key| [key.id.to_string(), key.label.clone(), key.created_at.to_string()]);
            output::table(&["key", "label", "created"], rows)
        }
        Key::Delete { org, id } => {
            store.delete_key(org, id, &KeyGuard::none(), &machine::author()?).await?;
            output::deleted(settings.json, id)
        }
    }
}
