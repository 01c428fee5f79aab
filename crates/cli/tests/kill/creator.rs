//! One who creates things under tokens, and asks again for each once the server is back.

use reqwest::Client;
use serde_json::{Value, json};

use crate::log::Entry;
use crate::support::{Access, Place, Server, client};

/// What is created.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    Team,
    Key,
}

pub const KINDS: [Kind; 2] = [Kind::Team, Kind::Key];

/// A creation that was asked for.
#[derive(Debug, Clone)]
struct Asked {
    /// Its token, and its name.
    token: String,
    /// The answer, as far as it came: with the status it is acknowledged.
    acknowledged: bool,
    answer: Option<Value>,
}

/// Creates one thing after the other, the next as soon as the last is acknowledged.
#[derive(Debug, Clone)]
pub struct Creator {
    kind: Kind,
    /// Before this kill.
    asked: Vec<Asked>,
    /// How many in all.
    count: usize,
}

impl Creator {
    pub fn new(kind: Kind) -> Self {
        Self { kind, asked: Vec::new(), count: 0 }
    }

    pub fn url(&self, access: &Access, server: &Server) -> String {
        let what = match self.kind {
            Kind::Team => "team",
            Kind::Key => "management_key",
        };
        format!("{}/v1/org/{}/{what}", server.url, access.org)
    }

    async fn ask(
        &self,
        client: &Client,
        url: &str,
        key: &str,
        token: &str,
    ) -> reqwest::Result<reqwest::Response> {
        let body = match self.kind {
            Kind::Team => json!({ "name": token, "region": "us" }),
            Kind::Key => json!({ "label": token, "role": "org_admin" }),
        };
        let request = client.post(url).header("x-management-key", key).header("idempotency-key", token);
        request.json(&body).send().await
    }

    /// Creates until the server is gone.
    pub async fn create(mut self, url: String, key: String) -> Self {
        let client = client();
        loop {
            self.count += 1;
            let token = format!("{:?}-{}", self.kind, self.count);
            let answered = self.ask(&client, &url, &key, &token).await;
            let acknowledged = answered.as_ref().is_ok_and(|answer| answer.status() == 200);
            let answer = match answered {
                Ok(answer) => {
                    assert!(acknowledged, "{}", answer.status());
                    answer.json().await.ok()
                }
                Err(_) => None,
            };
            let gone = answer.is_none();
            self.asked.push(Asked { token, acknowledged, answer });
            if gone {
                return self;
            }
        }
    }

    /// Asks again for everything; thereafter each is there once, with what was acknowledged.
    pub async fn repeat(&mut self, access: &Access, server: &Server) {
        let (client, url) = (client(), self.url(access, server));
        for asked in &self.asked {
            let again = self.ask(&client, &url, &access.key, &asked.token).await.unwrap();
            let (status, again) = (again.status().as_u16(), again.json::<Value>().await.unwrap());
            match self.kind {
                Kind::Team => {
                    assert_eq!(status, 200, "{again}");
                    assert!(
                        asked.answer.as_ref().is_none_or(|answer| *answer == again),
                        "{asked:?}: {again}"
                    );
                }
                Kind::Key if status == 409 => {
                    let said = again["detail"].as_str().unwrap();
                    let id = |answer: &Value| answer["id"].as_str().unwrap().to_owned();
                    assert!(asked.answer.as_ref().is_none_or(|answer| said.contains(&id(answer))), "{said}");
                }
                Kind::Key => assert!(status == 200 && !asked.acknowledged, "{asked:?}: {status} {again}"),
            }
        }
    }

    /// Each has one entry, and nothing else has.
    pub fn check_log(&mut self, entries: &[Entry]) {
        let (action, name) = match self.kind {
            Kind::Team => ("team_created", "name"),
            Kind::Key => ("management_key_created", "label"),
        };
        let told = entries.iter().rev().filter(|entry| entry.action == action);
        let told: Vec<_> = told.map(|entry| entry.after[name].as_str().unwrap()).collect();
        let asked: Vec<_> = self.asked.iter().map(|asked| &*asked.token).collect();
        assert_eq!(told, asked);
        self.asked.clear();
    }

    /// Everything that was ever asked for is there, once.
    pub fn check_listed(&self, access: &Access, place: &Place) {
        let (what, name) = match self.kind {
            Kind::Team => ("team", "name"),
            Kind::Key => ("key", "label"),
        };
        let listed = place.json(&[what, "list", "--org", &access.org]);
        let names = listed.as_array().unwrap().iter().map(|one| one[name].as_str().unwrap());
        let prefix = format!("{:?}-", self.kind);
        let mut found: Vec<_> = names.filter(|name| name.starts_with(&prefix)).map(str::to_owned).collect();
        let mut asked: Vec<_> = (1..=self.count).map(|n| format!("{prefix}{n}")).collect();
        found.sort();
        asked.sort();
        assert_eq!(found, asked);
    }
}
