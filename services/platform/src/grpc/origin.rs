//! Origin of a call: its address and connection, also for callers behind a trusted proxy.

use std::{
    fmt::{self, Display, Formatter},
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::atomic::{AtomicU64, Ordering},
};

use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

use super::shares::Origin;
use crate::config::{self, grpc::network};

/// Prefix length of the IPv6 networks that count as one peer: a single customer usually gets a network of this size.
const V6_PREFIX: u32 = 64;
/// Prefix length of the IPv4 networks of a [`Network`].
const V4_PREFIX: u8 = 24;

/// The network that a call comes from, of 2⁸ addresses of IPv4 or 2⁶⁴ of IPv6; it is displayed like `192.0.2.0/24`. One person
/// changes the address more easily than the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network(IpNet);

impl Network {
    /// The network of an address.
    pub fn of(address: IpAddr) -> Self {
        let prefix = match address {
            IpAddr::V4(_) => V4_PREFIX,
            IpAddr::V6(_) => u8::try_from(V6_PREFIX).unwrap_or(u8::MAX),
        };
        Self(IpNet::new(address, prefix).map_or_else(|_| address.into(), |network| network.trunc()))
    }

    /// The network that a request comes from, which the server's edge has added to it; `None` when it is not known.
    pub fn from<T>(request: &tonic::Request<T>) -> Option<Self> {
        request.extensions().get().copied()
    }
}

impl Display for Network {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One accepted connection, as its calls see it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Socket {
    address: IpAddr,
    number: u64,
}

impl Socket {
    /// A connection from `address`, with a unique number.
    pub(super) fn new(address: IpAddr) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        Self {
            address: address.to_canonical(),
            number: NUMBER.fetch_add(1, Ordering::Relaxed),
        }
    }
}

/// The proxies whose header with the caller's address is trusted, and the name of that header.
#[derive(Debug, Clone)]
pub(super) struct Proxies {
    trusted: Vec<IpNet>,
    header: Option<HeaderName>,
}

impl Proxies {
    /// The proxies of the configuration.
    pub(super) fn new(config: &config::Grpc) -> Self {
        let trusted = config.trusted_proxies.iter();
        Self {
            trusted: trusted.filter_map(|text| network(text)).collect(),
            header: HeaderName::try_from(&config.forwarded_header).ok(),
        }
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(&address))
    }

    /// Origin of a connection; without an address for a proxy, which opens connections for many callers.
    pub(super) fn of_connection(&self, socket: Socket) -> Origin {
        Origin {
            peer: (!self.trusts(socket.address)).then(|| peer(socket.address)),
            ..Origin::default()
        }
    }

    /// Origin of a call, without its token. For a call from a trusted proxy, the address is the last one in the header
    /// that is not a trusted proxy. An address that can't be parsed ends the search, and the one behind it counts.
    pub(super) fn of_call(&self, socket: Socket, headers: &HeaderMap) -> Origin {
        if !self.trusts(socket.address) {
            return Origin {
                peer: Some(peer(socket.address)),
                connection: Some(socket.number),
                token: None,
            };
        }
        let values = self.header.iter().flat_map(|name| headers.get_all(name));
        let values: Vec<&str> = values.map(|value| value.to_str().unwrap_or_default()).collect();
        let mut found = socket.address;
        for entry in values.iter().rev().flat_map(|value| value.rsplit(',')) {
            let Some(address) = address(entry.trim()) else {
                break;
            };
            found = address;
            if !self.trusts(address) {
                break;
            }
        }
        Origin {
            peer: Some(peer(found)),
            ..Origin::default()
        }
    }
}

/// An address with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim_matches('"');
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let with_port = || text.parse().map(|address: SocketAddr| address.ip());
    let address = bare.parse::<IpAddr>().or_else(|_| with_port()).ok()?;
    Some(address.to_canonical())
}

/// The address, or the IPv6 network, that counts as one peer.
fn peer(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let mask = u128::MAX << (Ipv6Addr::BITS - V6_PREFIX);
            Ipv6Addr::from_bits(address.to_bits() & mask).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_the_addresses_that_one_person_can_choose_from() {
        let network = |address: &str| Network::of(address.parse().unwrap()).to_string();
        assert_eq!(network("192.0.2.77"), "192.0.2.0/24");
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
    }

    fn caller(trusted: &[&str], from: &str, forwarded: &[&str]) -> (String, bool) {
        let proxies = Proxies::new(&config::Grpc {
            trusted_proxies: trusted.iter().map(|text| (*text).to_owned()).collect(),
            ..config::Grpc::default()
        });
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        let origin = proxies.of_call(Socket::new(from.parse().unwrap()), &headers);
        (origin.peer.unwrap().to_string(), origin.connection.is_some())
    }

    #[test]
    fn only_the_header_of_a_trusted_proxy_is_used() {
        let forged = ["9.9.9.9"];
        assert_eq!(caller(&[], "10.0.0.1", &forged), ("10.0.0.1".into(), true));
        assert_eq!(
            caller(&["10.0.0.2"], "10.0.0.1", &forged),
            ("10.0.0.1".into(), true)
        );
        assert_eq!(
            caller(&["10.0.0.0/8"], "10.0.0.1", &forged),
            ("9.9.9.9".into(), false)
        );
        assert_eq!(
            caller(&["10.0.0.0/8"], "::ffff:10.0.0.1", &forged),
            ("9.9.9.9".into(), false)
        );
        assert_eq!(
            caller(&["10.0.0.0/8"], "10.0.0.1", &[]),
            ("10.0.0.1".into(), false)
        );
    }

    #[test]
    fn the_last_address_that_is_no_proxy_counts_whatever_precedes_it() {
        let peer = |forwarded: &[&str]| caller(&["10.0.0.0/8", "fd00::/8"], "10.0.0.1", forwarded).0;
        assert_eq!(peer(&["1.1.1.1, 9.9.9.9, 10.1.1.1"]), "9.9.9.9");
        assert_eq!(peer(&["1.1.1.1, 9.9.9.9", "10.1.1.1,fd00::7"]), "9.9.9.9");
        assert_eq!(peer(&["1.1.1.1", "9.9.9.9:4711"]), "9.9.9.9");
        assert_eq!(peer(&["10.1.1.1, 10.2.2.2"]), "10.1.1.1");
        // An entry that can't be parsed, and all before it, are not trusted.
        assert_eq!(peer(&["1.1.1.1, unknown, 10.2.2.2"]), "10.2.2.2");
        assert_eq!(peer(&["1.1.1.1, 9.9.9"]), "10.0.0.1");
        // A customer's whole network is one peer.
        assert_eq!(peer(&["2001:db8:1:2:3:4:5:6"]), "2001:db8:1:2::");
        assert_eq!(peer(&["[2001:db8:1:2::9]:4711"]), "2001:db8:1:2::");
    }
}
