//! TLS. The certificate is read again where its files have changed, so that a renewed one needs no restart.
//!
//! Whether they have is asked at each handshake, next to which two looks at the file system cost nothing; so there is
//! no interval to choose and no moment in which an old certificate is served beside a new file.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use anyhow::{Context, ensure};
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

/// Where a certificate and its key are.
#[derive(Debug, Clone)]
pub struct CertificateFiles {
    /// The chain, the server's own certificate first, in PEM.
    pub certificate: PathBuf,
    /// The private key, in PEM.
    pub key: PathBuf,
}

/// What tells a file from the one that was there before.
type Identity = Option<(SystemTime, u64, u64)>;

/// The certificate that is served.
pub struct Certificate {
    files: CertificateFiles,
    current: RwLock<Current>,
}

struct Current {
    certified: Arc<CertifiedKey>,
    /// The files as they were when they were last read, also where that failed.
    read: [Identity; 2],
}

impl Certificate {
    /// Reads it.
    ///
    /// Errors: a file cannot be read or is no PEM, or the key is another certificate's.
    pub fn load(files: CertificateFiles) -> anyhow::Result<Self> {
        let read = files.identities();
        let certified = files.read()?;
        Ok(Self { files, current: RwLock::new(Current { certified, read }) })
    }

    /// What takes connections with it.
    pub fn acceptor(self: &Arc<Self>) -> anyhow::Result<TlsAcceptor> {
        let config = ServerConfig::builder_with_provider(Arc::new(provider()));
        let config = config.with_safe_default_protocol_versions()?.with_no_client_auth();
        let mut config = config.with_cert_resolver(Arc::clone(self) as _);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// Reads the files again if they have changed. Where they cannot be used the old certificate stays, and the log
    /// says so, once for each state of the files.
    pub fn renew(&self) -> Arc<CertifiedKey> {
        let found = self.files.identities();
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        if current.read == found {
            return Arc::clone(&current.certified);
        }
        drop(current);
        let certified = self.files.read();
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        current.read = found;
        match certified {
            Ok(certified) => {
                tracing::info!(certificate = %self.files.certificate.display(), "read the certificate again");
                current.certified = certified;
            }
            Err(error) => tracing::error!(
                error = format!("{error:#}"),
                "the certificate has changed and cannot be used; the old one stays"
            ),
        }
        Arc::clone(&current.certified)
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.renew())
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("files", &self.files).finish_non_exhaustive()
    }
}

impl CertificateFiles {
    /// The certificates of the chain.
    pub fn chain(&self) -> anyhow::Result<Vec<CertificateDer<'static>>> {
        let name = self.certificate.display();
        let chain =
            CertificateDer::pem_file_iter(&self.certificate).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let chain = chain.with_context(|| format!("cannot read the certificate in {name}"))?;
        ensure!(!chain.is_empty(), "there is no certificate in {name}; it has to be PEM");
        Ok(chain)
    }

    fn read(&self) -> anyhow::Result<Arc<CertifiedKey>> {
        let key = PrivateKeyDer::from_pem_file(&self.key);
        let key = key.with_context(|| format!("cannot read the private key in {}", self.key.display()))?;
        let certified = CertifiedKey::from_der(self.chain()?, key, &provider());
        Ok(Arc::new(certified.with_context(|| {
            format!("{} and {} cannot be used together", self.certificate.display(), self.key.display())
        })?))
    }

    fn identities(&self) -> [Identity; 2] {
        [identity(&self.certificate), identity(&self.key)]
    }
}

fn provider() -> CryptoProvider {
    ring::default_provider()
}

/// Renewed files come under the old names, by a new file or through a link that leads elsewhere now.
fn identity(file: &Path) -> Identity {
    use std::os::unix::fs::MetadataExt;
    let found = fs::metadata(file).ok()?;
    Some((found.modified().ok()?, found.ino(), found.len()))
}
