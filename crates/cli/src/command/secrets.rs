//! `lookback secrets`: the keys that secrets are sealed under.

use std::collections::BTreeMap;

use anyhow::{Context, bail, ensure};
use lookback_secrets::{Column, KeyRing, Unsealable};
use lookback_store::{Credential, Sealed, Seals, Store};
use serde_json::json;

use super::open;
use crate::args::Secrets;
use crate::settings::Settings;
use crate::{keyring, machine, output};

/// Applications that are read at once.
const PAGE: usize = 100;

pub async fn run(settings: &Settings, what: &Secrets) -> anyhow::Result<()> {
    let store = open::existing(settings).await?;
    let ring = keyring::existing(settings)?.context(
        "there is no master key yet; `lookback serve` makes one beside an embedded store, or set LOOKBACK_MASTER_KEY",
    )?;
    match what {
        Secrets::Status => status(settings, &*store, &ring).await,
        Secrets::Rotate => rotate(settings, &*store, ring).await,
        Secrets::Prune => prune(settings, &*store, ring).await,
    }
}

async fn status(settings: &Settings, store: &dyn Store, ring: &KeyRing) -> anyhow::Result<()> {
    let mut keys: BTreeMap<_, _> = ring.ids().map(|id| (id.clone(), 0)).collect();
    keys.extend(store.seal_counts().await?);
    let rows = keys.into_iter().map(|(id, secrets)| {
        let state = if id == *ring.first() {
            "seals"
        } else if ring.ids().any(|known| *known == id) {
            "opens"
        } else {
            "missing"
        };
        (id, secrets, state)
    });
    if settings.json {
        let rows = rows.map(|(id, secrets, state)| json!({ "key": id, "secrets": secrets, "state": state }));
        return output::json(&rows.collect::<Vec<_>>());
    }
    let rows = rows.map(|(id, secrets, state)| [id.to_string(), secrets.to_string(), state.to_owned()]);
    output::table(&["key", "secrets", "state"], rows)
}

async fn rotate(settings: &Settings, store: &dyn Store, mut ring: KeyRing) -> anyhow::Result<()> {
    // One that was interrupted is finished before another key is made.
    if store.credentials_not_under(ring.first(), None, 1).await?.is_empty() {
        let file = keyring::file(settings).context(
            "everything is sealed under the first key of LOOKBACK_MASTER_KEY; put a new one before it, one a line",
        )?;
        ring = ring.led_by(machine::master_key()?);
        keyring::write(&file, &ring)?;
        tracing::info!(key = %ring.first(), file = %file.display(), "made a new master key");
    }
    let done = reseal(store, &ring, usize::MAX).await?;
    let left = !store.credentials_not_under(ring.first(), None, 1).await?.is_empty();
    if settings.json {
        output::json(
            &json!({ "key": ring.first(), "resealed": done.resealed, "unopened": done.unopened.len() }),
        )?;
    } else {
        output::line(&format!("sealed anew under {}: {} applications", ring.first(), done.resealed))?;
    }
    if let Some((credential, why)) = done.unopened.first() {
        bail!(
            "{} applications could not be opened, the first is {}: {why}",
            done.unopened.len(),
            credential.id
        );
    }
    ensure!(!left, "some were changed meanwhile; run it again");
    Ok(())
}

/// What came of sealing anew.
#[derive(Debug, Default)]
struct Done {
    resealed: usize,
    unopened: Vec<(Credential, Unsealable)>,
}

/// Seals anew what is not under the first key, `max` applications at most. Each is a transaction of its own.
async fn reseal(store: &dyn Store, ring: &KeyRing, max: usize) -> anyhow::Result<Done> {
    let (mut done, mut after) = (Done::default(), None);
    loop {
        let page = store.credentials_not_under(ring.first(), after, PAGE).await?;
        let Some((_, last)) = page.last() else { return Ok(done) };
        after = Some(last.id);
        for (_, credential) in page {
            if done.resealed == max {
                return Ok(done);
            }
            match anew(ring, &credential) {
                Ok(seals) => {
                    let (before, by) = (&credential.seals, machine::author()?);
                    // Where it was changed meanwhile it is left to the next run.
                    done.resealed +=
                        usize::from(store.reseal_credential(credential.id, before, seals, &by).await?);
                }
                Err(Fault::Unsealable(why)) => done.unopened.push((credential, why)),
                Err(Fault::Machine(error)) => return Err(error),
            }
        }
        tracing::info!(resealed = done.resealed, "sealing anew");
    }
}

enum Fault {
    Unsealable(Unsealable),
    Machine(anyhow::Error),
}

/// The same secrets, sealed under the first key.
fn anew(ring: &KeyRing, credential: &Credential) -> Result<Seals, Fault> {
    let again = |column, sealed: &Option<Sealed>| {
        let again = |sealed: &Sealed| {
            let clear = ring.open(&credential.place, column, sealed).map_err(Fault::Unsealable)?;
            let nonce = machine::nonce().map_err(Fault::Machine)?;
            Ok(ring.seal(&credential.place, column, &clear, nonce))
        };
        sealed.as_ref().map(again).transpose()
    };
    let Seals { client_secret, details } = &credential.seals;
    Ok(Seals {
        client_secret: again(Column::ClientSecret, client_secret)?,
        details: again(Column::Details, details)?,
    })
}

async fn prune(settings: &Settings, store: &dyn Store, ring: KeyRing) -> anyhow::Result<()> {
    let file = keyring::file(settings)
        .context("the keys are not in a file; take them out of LOOKBACK_MASTER_KEY")?;
    let used: BTreeMap<_, _> = store.seal_counts().await?.into_iter().collect();
    let before = ring.ids().count();
    let ring = ring.pruned(|id| used.contains_key(id));
    keyring::write(&file, &ring)?;
    let forgotten = before - ring.ids().count();
    if settings.json {
        return output::json(&json!({ "forgotten": forgotten }));
    }
    output::line(&format!("forgotten: {forgotten} keys"))
}

#[cfg(test)]
mod tests {
    use lookback_domain::{CredentialId, Environment, OrgId, Provider, Region, TeamId};
    use lookback_store::testing::{Model, by};
    use lookback_store::{
        CredentialContent, CredentialPlace, CredentialStore, Org, OrgStore, Scope, Team, Visible,
    };
    use uuid::Uuid;

    use super::*;

    const ORG: OrgId = OrgId(Uuid::from_u128(1));
    const TEAM: TeamId = TeamId(Uuid::from_u128(2));
    const PROVIDERS: [Provider; 3] = [Provider::Oura, Provider::Strava, Provider::Fitbit];

    fn place(provider: Provider) -> CredentialPlace {
        CredentialPlace { team_id: TEAM, environment: Environment::Production, provider }
    }

    fn scope() -> Scope {
        let environment = Environment::Production;
        Scope { org_id: ORG, region: Region::Us, environment, visible: Visible::All }
    }

    /// A store with three applications that are sealed under this ring.
    async fn filled(ring: &KeyRing) -> Model {
        let (store, created_at) = (Model::new(), by().at);
        let (name, region) = (String::new(), Region::Us);
        let team =
            Team { id: TEAM, org_id: ORG, name: name.clone(), region, integration_team_id: None, created_at };
        store.create_org(Org { id: ORG, name, created_at }, vec![team], vec![], &by()).await.unwrap();
        for (n, provider) in (1..).zip(PROVIDERS) {
            let seal = |column, text: &str| {
                Some(ring.seal(&place(provider), column, text.as_bytes(), machine::nonce().unwrap()))
            };
            let seals = Seals {
                client_secret: seal(Column::ClientSecret, &format!("secret of {provider}")),
                details: seal(Column::Details, &format!("details of {provider}")),
            };
            let content = CredentialContent {
                client_id: None,
                client_secret_hash: None,
                details_hash: None,
                seals,
                redirect_url_override: None,
            };
            let id = CredentialId(Uuid::from_u128(n));
            store.upsert_credential(&scope(), TEAM, provider, id, content, None, &by()).await.unwrap();
        }
        store
    }

    async fn check_all_open(store: &Model, ring: &KeyRing) {
        let stored = store.credentials(&scope(), &Default::default(), None, 9).await.unwrap();
        for credential in &stored {
            let provider = credential.place.provider;
            let open = |column, sealed: &Option<Sealed>| {
                let clear = ring.open(&credential.place, column, sealed.as_ref().unwrap()).unwrap();
                String::from_utf8(clear.to_vec()).unwrap()
            };
            let Seals { client_secret, details } = &credential.seals;
            assert_eq!(open(Column::ClientSecret, client_secret), format!("secret of {provider}"));
            assert_eq!(open(Column::Details, details), format!("details of {provider}"));
        }
        assert_eq!(stored.len(), PROVIDERS.len());
    }

    #[tokio::test]
    async fn a_rotation_can_be_interrupted_and_repeated() {
        let ring = KeyRing::of(machine::master_key().unwrap());
        let store = filled(&ring).await;
        let ring = ring.led_by(machine::master_key().unwrap());
        for (max, left) in [(1, 2), (1, 1), (0, 1), (9, 0), (9, 0)] {
            let done = reseal(&store, &ring, max).await.unwrap();
            assert!(done.unopened.is_empty());
            // Whenever it stops, everything can be read.
            check_all_open(&store, &ring).await;
            assert_eq!(store.credentials_not_under(ring.first(), None, 9).await.unwrap().len(), left);
        }
        let ring = ring.pruned(|_| false);
        check_all_open(&store, &ring).await;
    }

    #[tokio::test]
    async fn what_cannot_be_opened_is_told_and_the_others_are_sealed_anew() {
        let lost = KeyRing::of(machine::master_key().unwrap());
        let store = filled(&lost).await;
        let done = reseal(&store, &KeyRing::of(machine::master_key().unwrap()), 9).await.unwrap();
        assert_eq!((done.resealed, done.unopened.len()), (0, PROVIDERS.len()));
        check_all_open(&store, &lost).await;
    }
}
