//! How many connections are open, in all and from one address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// The numbers of a server's connections, for metrics; those of all its listeners together.
#[derive(Debug, Clone, Default)]
pub struct Counted {
    open: Gauge,
    refused: Counter,
}

impl Counted {
    /// Numbers that `registry` shows.
    pub fn new(registry: &mut Registry) -> Self {
        let counted = Self::default();
        registry.register("lookback_http_connections", "Connections that are open", counted.open.clone());
        registry.register(
            "lookback_http_connections_refused",
            "Connections closed at once, since their client has as many as it may",
            counted.refused.clone(),
        );
        counted
    }
}

/// The connections of one listener by their client's address.
#[derive(Debug)]
pub struct Clients {
    open: Mutex<HashMap<IpAddr, usize>>,
    per_client_max: usize,
    counted: Counted,
}

/// An open connection. It counts until it is dropped.
#[derive(Debug)]
pub struct Open {
    clients: Arc<Clients>,
    /// Whose it is, where it counts as somebody's.
    client: Option<IpAddr>,
}

impl Clients {
    /// Nobody yet; each may have so many.
    pub fn new(per_client_max: usize, counted: Counted) -> Arc<Self> {
        Arc::new(Self { open: Mutex::default(), per_client_max, counted })
    }

    /// Counts a connection from `peer`; `None` where it has as many as it may. A proxy that `is_trusted` stands for many
    /// clients, and for none in particular.
    pub fn admit(self: &Arc<Self>, peer: IpAddr, is_trusted: bool) -> Option<Open> {
        let client = (!is_trusted).then(|| one_holder(peer));
        if let Some(client) = client {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            let count = open.entry(client).or_default();
            if *count >= self.per_client_max {
                self.counted.refused.inc();
                return None;
            }
            *count += 1;
        }
        self.counted.open.inc();
        Some(Open { clients: Arc::clone(self), client })
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.clients.counted.open.dec();
        let Some(client) = self.client else { return };
        let mut open = self.clients.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&client) {
            *count -= 1;
            if *count == 0 {
                open.remove(&client);
            }
        }
    }
}

/// What stands for whoever has this address: with IPv6 that is the network of 64 bits, all of whose addresses one host
/// can take.
fn one_holder(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_its_share_and_others_have_theirs() {
        let clients = Clients::new(2, Counted::default());
        let admit = |peer: &str| clients.admit(peer.parse().unwrap(), false);
        let first = admit("192.0.2.1").unwrap();
        let _second = admit("::ffff:192.0.2.1").unwrap();
        assert!(admit("192.0.2.1").is_none());
        let _other = admit("192.0.2.2").unwrap();
        drop(first);
        let _again = admit("192.0.2.1").unwrap();
        assert_eq!((clients.counted.open.get(), clients.counted.refused.get()), (3, 1));
    }

    #[test]
    fn the_addresses_that_one_host_can_take_share() {
        let clients = Clients::new(1, Counted::default());
        let admit = |peer: &str| clients.admit(peer.parse().unwrap(), false);
        let _one = admit("2001:db8::1").unwrap();
        assert!(admit("2001:db8::ffff:2").is_none());
        assert!(admit("2001:db8:0:1::1").is_some());
    }

    #[test]
    fn a_trusted_proxy_is_nobody_in_particular_and_what_is_closed_is_forgotten() {
        let clients = Clients::new(1, Counted::default());
        let proxy = "10.0.0.1".parse().unwrap();
        let open: Vec<_> = (0..5).map(|_| clients.admit(proxy, true).unwrap()).collect();
        assert_eq!(clients.counted.open.get(), 5);
        drop(open);
        drop(clients.admit(proxy, false).unwrap());
        assert_eq!(clients.counted.open.get(), 0);
        assert!(clients.open.lock().unwrap().is_empty());
    }
}
