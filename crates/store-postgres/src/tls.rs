//! Whom a connection trusts.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::OpenError;

/// TLS with the certificates of this file, or else of the system, as the ones to trust.
pub(crate) fn connector(roots: Option<&Path>) -> Result<MakeRustlsConnect, OpenError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| OpenError::Tls(Box::new(error)))?;
    let trusted = match roots {
        Some(path) => of_file(path)?,
        None => of_system(),
    };
    Ok(MakeRustlsConnect::new(builder.with_root_certificates(trusted).with_no_client_auth()))
}

fn of_file(path: &Path) -> Result<RootCertStore, OpenError> {
    let unreadable = |error: &dyn std::fmt::Display| OpenError::RootCertificates {
        path: path.to_owned(),
        reason: error.to_string(),
    };
    let mut trusted = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| unreadable(&error))? {
        let certificate = certificate.map_err(|error| unreadable(&error))?;
        trusted.add(certificate).map_err(|error| unreadable(&error))?;
    }
    if trusted.is_empty() { Err(unreadable(&"it holds no certificate")) } else { Ok(trusted) }
}

/// Those of them that can be read: a system may have a broken one among many.
fn of_system() -> RootCertStore {
    let mut trusted = RootCertStore::empty();
    trusted.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    trusted
}
