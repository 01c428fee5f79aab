//! Where the database is: a URL taken apart.

use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use crate::{OpenError, Options};

/// How the connection is made, and whom it trusts.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    pub(crate) config: Config,
    /// A file with the certificates to trust instead of the system's.
    pub(crate) roots: Option<PathBuf>,
}

/// What is said to every session, after whatever the URL says.
///
/// `plan_cache_mode` and `enable_seqscan`: each statement is written for an index, and is planned once a connection;
/// neither an empty table in a new deployment nor stale statistics may make it look at every row.
/// `synchronous_commit`: an acknowledgement stands for it, whatever the server is set to.
const SETTINGS: &[(&str, &str)] = &[
    ("default_transaction_isolation", "read\\ committed"),
    ("synchronous_commit", "on"),
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("max_parallel_workers_per_gather", "0"),
    ("jit", "off"),
];

/// How long a silent peer is borne before the connection counts as lost.
const SILENCE_MAX: Duration = Duration::from_secs(10);

impl Address {
    /// Reads a URL such as `postgres://user:password@host/database`. Errors do not repeat it, since there may be a
    /// password in it.
    pub(crate) fn parse(url: &str, options: &Options) -> Result<Self, OpenError> {
        let (place, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut ours, mut rest) = (Tls::default(), form_urlencoded::Serializer::new(String::new()));
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "sslmode" => ours.mode = Some(value.into_owned()),
                "sslrootcert" => ours.roots = Some(PathBuf::from(value.into_owned())),
                // The library would read a plus as itself, not as a space.
                _ => drop(rest.append_pair(&name, &value)),
            }
        }
        let rest = rest.finish().replace('+', "%20");
        let mut config: Config = format!("{place}?{rest}").parse().map_err(OpenError::Url)?;
        if config.get_dbname().is_none() || config.get_hosts().is_empty() {
            return Err(OpenError::Incomplete);
        }
        config.ssl_mode(ours.ssl_mode(&config)?);
        if config.get_application_name().is_none() {
            config.application_name("lookback");
        }
        let time_max = options.operation_time_max;
        config.connect_timeout(time_max).keepalives_idle(SILENCE_MAX).tcp_user_timeout(SILENCE_MAX);
        config.options(session_options(config.get_options(), time_max));
        Ok(Self { config, roots: ours.roots })
    }
}

/// The statement timeout ends on the server what nobody waits for any more; the other lets go of the locks of a
/// replica that vanished in a transaction.
fn session_options(said: Option<&str>, time_max: Duration) -> String {
    let ms = time_max.as_millis();
    let mut options = said.unwrap_or_default().to_owned();
    for (name, value) in SETTINGS {
        options += &format!(" -c {name}={value}");
    }
    options + &format!(" -c statement_timeout={ms} -c idle_in_transaction_session_timeout={ms}")
}

#[derive(Default)]
struct Tls {
    mode: Option<String>,
    roots: Option<PathBuf>,
}

impl Tls {
    /// TLS means that the server's certificate is verified for its name. Where nothing is said, only a server on
    /// this machine is spoken to without.
    fn ssl_mode(&self, config: &Config) -> Result<SslMode, OpenError> {
        let near = |host: &Host| match host {
            Host::Tcp(name) => matches!(&**name, "localhost" | "127.0.0.1" | "::1"),
            Host::Unix(_) => true,
        };
        match self.mode.as_deref() {
            Some("disable") => Ok(SslMode::Disable),
            Some("require" | "verify-full") => Ok(SslMode::Require),
            None if self.roots.is_none() && config.get_hosts().iter().all(near) => Ok(SslMode::Disable),
            None => Ok(SslMode::Require),
            Some(_) => Err(OpenError::SslMode),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Address, OpenError> {
        Address::parse(url, &Options::default())
    }

    #[test]
    fn tls_is_left_out_on_this_machine_and_where_it_is_said_so() {
        for (url, mode) in [
            ("postgres://u@localhost/d", SslMode::Disable),
            ("postgres://u@%2Frun%2Fpostgresql/d", SslMode::Disable),
            ("postgres://u@db/d?sslmode=disable", SslMode::Disable),
            ("postgres://u@db/d", SslMode::Require),
            ("postgres://u@localhost,db/d", SslMode::Require),
            ("postgresql://u@localhost/d?sslmode=verify-full", SslMode::Require),
            ("postgres://u@localhost/d?sslrootcert=%2Fca.pem", SslMode::Require),
        ] {
            assert_eq!(parse(url).unwrap().config.get_ssl_mode(), mode, "{url}");
        }
        let address = parse("postgres://u@db/d?sslrootcert=%2Fetc%2Fca%20x.pem&connect_timeout=3").unwrap();
        assert_eq!(address.roots, Some("/etc/ca x.pem".into()));
    }

    #[test]
    fn what_the_url_says_of_the_session_goes_before_ours() {
        let address = parse("postgres://u@h/d?options=-c%20search_path%3Da&application_name=x").unwrap();
        let options = address.config.get_options().unwrap();
        assert!(options.starts_with("-c search_path=a -c "), "{options}");
        assert!(options.contains("-c synchronous_commit=on") && options.contains("statement_timeout=8000"));
        assert_eq!(address.config.get_application_name(), Some("x"));
    }

    #[test]
    fn a_refusal_does_not_repeat_the_url() {
        for url in [
            "postgres://u:secret@h",
            "postgres://u:secret@h:secret/d",
            "postgres://u:secret@h/d?sslmode=prefer",
            "postgres://u:secret@h/d?unknown=secret",
            "postgres:secret",
            "postgres:///d",
        ] {
            let error = parse(url).unwrap_err();
            let mut said = format!("{error} {error:?}");
            let mut cause: &dyn std::error::Error = &error;
            while let Some(next) = cause.source() {
                said += &next.to_string();
                cause = next;
            }
            assert!(!said.contains("secret"), "{said}");
        }
        assert!(!format!("{:?}", parse("postgres://u:secret@localhost/d").unwrap()).contains("secret"));
    }
}
