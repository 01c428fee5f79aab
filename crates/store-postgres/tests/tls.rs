//! TLS: only a server with a certificate that is trusted and for its name is spoken to.

#![allow(clippy::unwrap_used, reason = "in a test the panic is the report")]

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;

use lookback_store::OrgStore;
use lookback_store_postgres::testing::{Server, server};
use lookback_store_postgres::{OpenError, Options, PostgresStore};
use rcgen::{CertifiedKey, generate_simple_self_signed};

/// A server that takes nothing but TLS over TCP, with a certificate for `localhost`.
fn with_tls() -> Option<(Server, String)> {
    let mut server = server("")?;
    server.stop();
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let files = [("cert.pem", cert.pem()), ("key.pem", signing_key.serialize_pem())];
    let [certificate, key] = files.map(|(name, text)| {
        let path = server.directory().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        chown(&path, Some(server.user_id()), None).unwrap();
        path.display().to_string()
    });
    let only_tls = "hostssl all all 127.0.0.1/32 trust\n";
    std::fs::write(server.directory().join("data/pg_hba.conf"), only_tls).unwrap();
    server.set(&format!("ssl = on\nssl_cert_file = '{certificate}'\nssl_key_file = '{key}'"));
    server.resume();
    Some((server, certificate))
}

async fn open(server: &Server, host: &str, query: &str) -> Result<PostgresStore, OpenError> {
    let url = format!("postgres://lookback@{host}:{}/postgres?{query}", server.port());
    PostgresStore::open(&url, &Options::default()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_has_to_be_trusted_and_for_the_name() {
    let Some((server, certificate)) = with_tls() else { return };
    let trusted = format!("sslmode=verify-full&sslrootcert={certificate}");
    let store = open(&server, "localhost", &trusted).await.unwrap();
    assert_eq!(store.orgs(None, 1).await.unwrap(), []);
    for (host, query, complaint) in [
        ("127.0.0.1", &*trusted, "certificate"),
        ("localhost", "sslmode=require", "certificate"),
        ("localhost", "sslmode=disable", "no pg_hba.conf entry"),
    ] {
        let error = open(&server, host, query).await.unwrap_err().to_string();
        assert!(error.contains(complaint), "{host} {query}: {error}");
    }
    for (file, complaint) in [("missing.pem", "No such file"), ("data/PG_VERSION", "no certificate")] {
        let query = format!("sslrootcert={}", server.directory().join(Path::new(file)).display());
        let error = open(&server, "localhost", &query).await.unwrap_err().to_string();
        assert!(error.contains(complaint), "{error}");
    }
}
