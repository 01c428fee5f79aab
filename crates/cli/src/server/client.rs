//! Whose request it is. A forwarding header can be written by anybody, so it counts only where a proxy that is
//! known to write it itself has sent it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::http::HeaderMap;
use ipnet::IpNet;

/// The networks of proxies that tell the truth about who they forward for.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Arc<[IpNet]>);

impl TrustedProxies {
    /// These networks.
    pub fn new(networks: &[IpNet]) -> Self {
        Self(networks.into())
    }

    /// Whether `address` is a trusted proxy's.
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address.to_canonical()))
    }

    /// The client behind a connection from `peer`: going back through `X-Forwarded-For` from its end, the first
    /// address that is no trusted proxy's. What cannot be read ends the search.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let forwarded =
            headers.get_all("x-forwarded-for").into_iter().map(|value| value.to_str().unwrap_or_default());
        let hops: Vec<_> = forwarded.flat_map(|value| value.split(',')).map(str::trim).collect();
        for hop in hops.into_iter().rev() {
            if !self.trusts(client) {
                break;
            }
            // Some proxies tell the port as well.
            let hop = hop.parse().or_else(|_| hop.parse().map(|hop: SocketAddr| hop.ip()));
            let Ok(hop): Result<IpAddr, _> = hop else { break };
            client = hop.to_canonical();
        }
        client
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&str]) -> String {
        let proxies = TrustedProxies::new(&["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()]);
        let headers =
            forwarded.iter().map(|value| ("x-forwarded-for".parse().unwrap(), value.parse().unwrap()));
        proxies.client(peer.parse().unwrap(), &headers.collect()).to_string()
    }

    #[test]
    fn a_forwarding_header_counts_only_where_a_trusted_proxy_sent_it() {
        assert_eq!(client("203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
        assert_eq!(client("10.1.2.3", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(client("::ffff:10.1.2.3", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(client("10.1.2.3", &["198.51.100.1:4711"]), "198.51.100.1");
        assert_eq!(client("10.1.2.3", &["[2001:db8::1]:4711"]), "2001:db8::1");
        assert_eq!(client("10.1.2.3", &[]), "10.1.2.3");
    }

    #[test]
    fn what_a_client_wrote_before_the_first_trusted_proxy_does_not_count() {
        assert_eq!(client("10.1.2.3", &["6.6.6.6, 198.51.100.1, 10.9.9.9"]), "198.51.100.1");
        assert_eq!(client("10.1.2.3", &["6.6.6.6", "198.51.100.1"]), "198.51.100.1");
        assert_eq!(client("10.1.2.3", &["198.51.100.1, nonsense"]), "10.1.2.3");
        assert_eq!(client("10.1.2.3", &["198.51.100.1", "\u{e9}"]), "10.1.2.3");
    }
}
