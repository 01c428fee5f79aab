//! `lookback quickstart`: the whole main job on a fresh machine.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use lookback_domain::Region;
use lookback_store::{Error, KeyDigest, Store};
use serde_json::{Value, json};

use super::bootstrap::{self, Made, New};
use super::open;
use crate::args::{Listen, Serve};
use crate::server::{Server, Signals};
use crate::settings::Settings;
use crate::{machine, output, private};

/// What the name of the database file is followed by in that of the one that remembers who the quickstart is.
const REMEMBERED: &str = ".quickstart.json";

pub async fn run(settings: &Settings, listen: Listen) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    let Some(ready) = signals.unless_told(prepare(settings, listen)).await.transpose()? else {
        return Ok(());
    };
    let (server, who, path) = ready;
    let address = server.url()?;
    let url = format!("{address}/v1/org/{}/team_data_pull_preferences/production/{}", who.org_id, Region::Us);
    let serving = tokio::spawn(server.run(signals));
    let body = example(&who);
    let stored = try_it(&url, &who, &body).await.context("the documented example did not work")?;
    show(settings, &address, &url, &who, &body, &stored, &path)?;
    serving.await?
}

/// A server that has its store and its sockets, whom it serves, and the file that remembers it.
async fn prepare(settings: &Settings, listen: Listen) -> anyhow::Result<(Server, Made, PathBuf)> {
    let catalog = settings.catalog()?;
    let mut options = settings.server(&Serve { listen: listen.listen, ..Serve::default() })?;
    // It is for trying things out on this machine, where no certificate would name the address.
    options.tls = None;
    let opened = open::store_to_serve(settings, options.cache_bytes_max).await?;
    let mut path = settings.database.path().into_os_string();
    path.push(REMEMBERED);
    let path = PathBuf::from(path);
    let who = who(&*opened.store, &path).await?;

    Ok((Server::bind(options, catalog, opened).await?, who, path))
}

/// The organisation, team and key of the last quickstart while they are all there, or new ones.
async fn who(store: &dyn Store, path: &Path) -> anyhow::Result<Made> {
    if let Ok(text) = std::fs::read_to_string(path) {
        let made: Made = serde_json::from_str(&text)
            .with_context(|| format!("{} is not what quickstart wrote; delete it", path.display()))?;
        let kept = store.key_by_digest(KeyDigest::of(made.management_key.as_bytes())).await?;
        let team = store.team(made.org_id, made.team_id).await;
        if kept.is_some_and(|key| key.org_id == made.org_id) && !matches!(team, Err(Error::UnknownTeams(_))) {
            return Ok(made);
        }
    }
    let new = New::called("Quickstart".parse()?, "First team".parse()?, Region::Us);
    let made = bootstrap::make(store, new, &machine::management_key()?).await?;
    // With the key in clear.
    private::replace(path, serde_json::to_string_pretty(&made)?.as_bytes())
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(made)
}

/// The body of the contract's example.
fn example(who: &Made) -> Value {
    json!({
        "team_ids": [who.team_id],
        "providers": {
            "oura": {
                "default": { "historical_days_to_pull": 120 },
                "resource_overrides": { "sleep": { "historical_days_to_pull": 180 } }
            }
        }
    })
}

/// Stores the example over HTTP and reads it back.
async fn try_it(url: &str, who: &Made, body: &Value) -> anyhow::Result<Value> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let key = ("X-Management-Key", &who.management_key);
    let stored = client.post(url).header(key.0, key.1).json(body).send().await?.error_for_status()?;
    let stored: Value = stored.json().await?;
    let query = [("team_id", who.team_id.to_string()), ("provider", "oura".to_owned())];
    let read = client.get(url).header(key.0, key.1).query(&query).send().await?.error_for_status()?;
    let read: Value = read.json().await?;
    let oura = |answer: &Value| answer["data_pull_preferences"][0]["providers"]["oura"].clone();
    ensure!(!oura(&read).is_null() && oura(&stored) == oura(&read), "what was read is not what was stored");
    Ok(read)
}

fn show(
    settings: &Settings,
    address: &str,
    url: &str,
    who: &Made,
    body: &Value,
    stored: &Value,
    remembered: &Path,
) -> anyhow::Result<()> {
    if settings.json {
        return output::json(&json!({
            "url": address,
            "org_id": who.org_id,
            "team_id": who.team_id,
            "management_key": who.management_key,
            "stored": stored,
        }));
    }
    let header = format!("--header 'X-Management-Key: {}'", who.management_key);
    let text = format!(
        "Stored and read back over HTTP, for team {team}:\n\n{stored}\n\n\
         Set it again, or something else:\n\n\
         curl --request POST --url '{url}' \\\n  {header} \\\n  --data '{body}'\n\n\
         Read it back:\n\n\
         curl --url '{url}?team_id={team}&provider=oura' \\\n  {header}\n\n\
         See which windows would be pulled, and why:\n\n\
         curl --url '{url}/resolve?team_id={team}&provider=fitbit&resource=heartrate&resource=sleep' \\\n  {header}\n\n\
         Browse the API: {address}/docs\n\
         The key is kept in {remembered} (readable by you only) for the next quickstart.\n",
        team = who.team_id,
        stored = serde_json::to_string_pretty(stored)?,
        remembered = remembered.display(),
    );
    output::line(&text)?;
    output::line(&format!("listening on {address}"))
}
