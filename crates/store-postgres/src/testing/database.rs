//! A database for one test.

use std::sync::atomic::{AtomicU32, Ordering};

use tokio_postgres::{Client, NoTls};

use super::shared::on_a_thread;

/// A database for one test. It is deleted with this value.
pub struct Database {
    name: String,
    url: String,
    /// Where databases are made and deleted.
    maintenance: String,
}

static DATABASES: AtomicU32 = AtomicU32::new(0);

impl Database {
    pub(super) async fn create(url: &(dyn Fn(&str) -> String + Send + Sync), template: Option<&str>) -> Self {
        let number = DATABASES.fetch_add(1, Ordering::Relaxed);
        let name = format!("lookback_test_{}_{number}", std::process::id());
        let database = Self { url: url(&name), maintenance: url("postgres"), name };
        let template = template.unwrap_or("template0");
        let create = format!("CREATE DATABASE {} TEMPLATE {template} ENCODING 'UTF8'", database.name);
        Self::say(&database.maintenance, &create).await;
        database
    }

    /// What `--database` takes.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The same by another way: over TCP, on this port of this machine.
    pub fn url_at(&self, port: u16) -> String {
        let (user, place) = self.url.rsplit_once('@').unwrap();
        let (_, database) = place.split_once('/').unwrap();
        format!("{user}@127.0.0.1:{port}/{database}")
    }

    /// Where its server takes connections over TCP.
    pub fn port(&self) -> u16 {
        let config: tokio_postgres::Config = self.url.parse().unwrap();
        config.get_ports().first().copied().unwrap_or(5432)
    }

    /// Its name on the server.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A connection of the test's own.
    pub async fn connect(&self) -> Client {
        connect(&self.url).await
    }

    pub(super) async fn say(url: &str, sql: &str) {
        connect(url).await.batch_execute(sql).await.unwrap();
    }
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

impl Drop for Database {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let maintenance = self.maintenance.clone();
        on_a_thread(async move { Self::say(&maintenance, &drop).await });
    }
}
