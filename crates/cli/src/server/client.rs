//! Whose request it is. A forwarding header can be written by anybody, so it counts only where a proxy that is
//! known to write it itself has sent it.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use axum::http::HeaderMap;
use ipnet::{AddrParseError, IpNet, Ipv4Net};
use serde::{Deserialize, Serialize};

/// A network of proxies, or a single one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network(IpNet);

impl FromStr for Network {
    type Err = AddrParseError;

    fn from_str(written: &str) -> Result<Self, AddrParseError> {
        let single = written.parse::<IpAddr>().map(IpNet::from);
        let network = single.or_else(|_| written.parse())?;
        Ok(Self(canonical(network)))
    }
}

/// The network of IPv4 that one of IPv6 stands for, such as `::ffff:10.0.0.0/104`: addresses are compared as what they are.
fn canonical(network: IpNet) -> IpNet {
    let IpAddr::V4(address) = network.addr().to_canonical() else { return network };
    let bits = network.prefix_len().checked_sub(if network.addr().is_ipv6() { 96 } else { 0 });
    bits.and_then(|bits| Ipv4Net::new(address, bits).ok()).map_or(network, IpNet::V4)
}

impl TryFrom<String> for Network {
    type Error = AddrParseError;

    fn try_from(written: String) -> Result<Self, AddrParseError> {
        written.parse()
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.0.to_string()
    }
}

/// The networks of proxies that tell the truth about who they forward for.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Arc<[Network]>);

impl TrustedProxies {
    /// These networks.
    pub fn new(networks: &[Network]) -> Self {
        Self(networks.into())
    }

    /// Whether `address` is a trusted proxy's.
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|Network(network)| network.contains(&address.to_canonical()))
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
    fn a_network_may_be_one_address_and_one_of_ipv4_may_be_written_as_ipv6() {
        let network = |written: &str| written.parse::<Network>().map(String::from).unwrap();
        assert_eq!(network("10.0.0.1"), "10.0.0.1/32");
        assert_eq!(network("2001:db8::1"), "2001:db8::1/128");
        assert_eq!(network("::ffff:10.0.0.1"), "10.0.0.1/32");
        assert_eq!(network("::ffff:10.0.0.0/104"), "10.0.0.0/8");
        assert_eq!(network("10.0.0.0/8"), "10.0.0.0/8");
        for wrong in ["", "10.0.0.0/33", "proxy", "10.0.0.1:80"] {
            wrong.parse::<Network>().unwrap_err();
        }
        let proxies = TrustedProxies::new(&["::ffff:10.0.0.0/104".parse().unwrap()]);
        for peer in ["10.1.2.3", "::ffff:10.1.2.3"] {
            assert!(proxies.trusts(peer.parse().unwrap()));
        }
        assert!(!proxies.trusts("11.1.2.3".parse().unwrap()));
    }

    #[test]
    fn what_a_client_wrote_before_the_first_trusted_proxy_does_not_count() {
        assert_eq!(client("10.1.2.3", &["6.6.6.6, 198.51.100.1, 10.9.9.9"]), "198.51.100.1");
        assert_eq!(client("10.1.2.3", &["6.6.6.6", "198.51.100.1"]), "198.51.100.1");
        assert_eq!(client("10.1.2.3", &["198.51.100.1, nonsense"]), "10.1.2.3");
        assert_eq!(client("10.1.2.3", &["198.51.100.1", "\u{e9}"]), "10.1.2.3");
    }
}
