//! The server's settings, put together from the levels at which they are stated.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;

use anyhow::bail;
use lookback_api::Limits;
use lookback_domain::Region;
use serde_json::{Map, Value};

use crate::args::Serve;
use crate::server::{CertificateFiles, Connections, Options, TrustedProxies};

/// How long the requests at hand may take if nobody says otherwise.
const DRAIN_SECONDS_MAX: u32 = 20;

/// How many MiB of teams' rows the embedded store keeps in memory if nobody says otherwise: about a million.
const CACHE_MIB_MAX: u32 = 256;

/// How long the audit log is kept if nobody says otherwise: a year, and the time to look back at it.
const AUDIT_DAYS: u32 = 400;

/// What holds where nobody says otherwise.
pub fn defaults() -> Serve {
    let (limits, connections) = (Limits::default(), Connections::default());
    let count = |count: usize| u32::try_from(count).ok().and_then(NonZeroU32::new);
    let mib = |bytes: usize| u32::try_from(bytes >> 20).ok().and_then(NonZeroU32::new);
    let seconds = |time: Duration| u32::try_from(time.as_secs()).ok().and_then(NonZeroU32::new);
    let name = |name: &str| name.parse().ok();
    Serve {
        listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 8080))),
        requests_max: count(limits.requests_max),
        connections_max: count(connections.max),
        connections_per_client_max: count(connections.per_client_max),
        answers_mib_max: mib(limits.answer_bytes_max),
        request_seconds_max: seconds(limits.request_time_max),
        head_seconds_max: seconds(connections.head_time_max),
        body_seconds_max: seconds(limits.body_time_max),
        answer_seconds_max: seconds(connections.answer_time_max),
        drain_seconds_max: Some(DRAIN_SECONDS_MAX),
        cache_mib_max: Some(CACHE_MIB_MAX),
        audit_days: Some(AUDIT_DAYS),
        first_org_name: name("My organisation"),
        first_team_name: name("My team"),
        first_team_region: Some(Region::Us),
        ..Serve::default()
    }
}

/// Every key, with nothing where it is not stated.
pub fn keys(stated: &Serve) -> Map<String, Value> {
    let Ok(Value::Object(keys)) = serde_json::to_value(stated) else {
        unreachable!("settings are a table of plain values")
    };
    keys
}

/// Whether a key is stated.
pub fn is_stated(value: &Value) -> bool {
    !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty())
}

/// What the first of these says, else the next.
pub fn layered<const N: usize>(levels: [&Serve; N]) -> Serve {
    let mut all = Map::new();
    for level in levels.into_iter().rev() {
        all.extend(keys(level).into_iter().filter(|(_, value)| is_stated(value)));
    }
    serde_json::from_value(all.into()).expect("what was written of settings is read again")
}

/// How to serve, by settings that are layered over the defaults.
pub fn options(settings: &Serve) -> anyhow::Result<Options> {
    let count = |count: Option<NonZeroU32>| {
        let count = count.expect("there is a default").get();
        usize::try_from(count).unwrap_or(usize::MAX)
    };
    let bytes = |mib: u32| usize::try_from(u64::from(mib) << 20).unwrap_or(usize::MAX);
    let seconds =
        |seconds: Option<NonZeroU32>| Duration::from_secs(seconds.expect("there is a default").get().into());
    let tls = match (&settings.tls_certificate_file, &settings.tls_key_file) {
        (Some(certificate), Some(key)) => {
            Some(CertificateFiles { certificate: certificate.clone(), key: key.clone() })
        }
        (None, None) => None,
        (Some(_), None) => bail!("there is a TLS certificate and no key to it; set --tls-key-file too"),
        (None, Some(_)) => {
            bail!("there is a TLS key without its certificate; set --tls-certificate-file too")
        }
    };
    let listen = settings.listen.expect("there is a default");
    if let Some(metrics) = settings.metrics_listen.filter(|&metrics| is_taken_by(metrics, listen)) {
        bail!("the API and the metrics cannot both listen on {metrics}; choose another --metrics-listen");
    }
    Ok(Options {
        listen,
        metrics_listen: settings.metrics_listen,
        tls,
        limits: Limits {
            requests_max: count(settings.requests_max),
            request_time_max: seconds(settings.request_seconds_max),
            body_time_max: seconds(settings.body_seconds_max),
            answer_bytes_max: bytes(settings.answers_mib_max.expect("there is a default").get()),
        },
        connections: Connections {
            max: count(settings.connections_max),
            per_client_max: count(settings.connections_per_client_max),
            head_time_max: seconds(settings.head_seconds_max),
            answer_time_max: seconds(settings.answer_seconds_max),
        },
        drain_time_max: Duration::from_secs(settings.drain_seconds_max.expect("there is a default").into()),
        cache_bytes_max: bytes(settings.cache_mib_max.expect("there is a default")),
        audit_days: settings.audit_days.filter(|&days| days > 0),
        trusted_proxies: TrustedProxies::new(&settings.trusted_proxy),
    })
}

/// Whether an address cannot be listened on beside another one. Port 0 is any that is free.
fn is_taken_by(address: SocketAddr, other: SocketAddr) -> bool {
    let (one, two) = (address.ip(), other.ip());
    let everywhere = one.is_unspecified() || two.is_unspecified();
    address.port() == other.port()
        && address.port() != 0
        && (one == two || one.is_ipv4() == two.is_ipv4() && everywhere)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_metrics_have_an_address_of_their_own() {
        for (metrics, fits) in [
            ("127.0.0.1:8080", false),
            ("0.0.0.0:8080", false),
            ("127.0.0.1:9090", true),
            ("127.0.0.2:8080", true),
            ("[::1]:8080", true),
        ] {
            let settings = Serve { metrics_listen: Some(metrics.parse().unwrap()), ..defaults() };
            assert_eq!(options(&settings).is_ok(), fits, "{metrics}");
        }
        let any: Option<SocketAddr> = "127.0.0.1:0".parse().ok();
        options(&Serve { listen: any, metrics_listen: any, ..defaults() }).unwrap();
    }

    #[test]
    fn each_key_comes_from_the_first_level_that_states_it() {
        let given = Serve { requests_max: NonZeroU32::new(1), ..Serve::default() };
        let filed = Serve {
            requests_max: NonZeroU32::new(2),
            drain_seconds_max: Some(0),
            trusted_proxy: vec!["10.0.0.0/8".parse().unwrap()],
            ..Serve::default()
        };
        let all = layered([&given, &filed, &defaults()]);
        assert_eq!((all.requests_max, all.drain_seconds_max), (NonZeroU32::new(1), Some(0)));
        assert_eq!(all.trusted_proxy, filed.trusted_proxy);
        assert_eq!((all.listen, all.connections_max), (defaults().listen, NonZeroU32::new(4096)));
        // Whatever the code relies on has a default.
        options(&defaults()).unwrap();
    }

    #[test]
    fn a_certificate_and_its_key_go_together() {
        for (certificate, key, missing) in
            [(Some("c"), None, "--tls-key"), (None, Some("k"), "--tls-certificate")]
        {
            let (certificate, key) = (certificate.map(Into::into), key.map(Into::into));
            let half = Serve { tls_certificate_file: certificate, tls_key_file: key, ..defaults() };
            let error = options(&half).unwrap_err().to_string();
            assert!(error.contains(missing), "{error}");
        }
    }
}
