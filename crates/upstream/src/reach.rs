//! How far calls may reach: anywhere, or only addresses of the public internet.
//!
//! Names are looked up and every address is looked at where a connection is made, so that a name which changes its address between
//! a look and a connection gains nothing. It knows no firewall and no proxy.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

use ::http::Uri;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use tower_service::Service;

/// How far calls may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Any address.
    Anywhere,
    /// Addresses of the public internet: not this machine, its network or its cloud's metadata.
    PublicOnly,
}

impl Reach {
    fn allows(self, address: IpAddr) -> bool {
        self == Self::Anywhere || is_public(address)
    }

    /// Whether a host that is written as an address may be called; names are looked up later.
    pub(crate) fn check_host(self, uri: &Uri) -> io::Result<()> {
        self.check_name(uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']'))
    }

    /// Likewise, of a host without brackets.
    pub(crate) fn check_name(self, host: &str) -> io::Result<()> {
        match host.parse::<IpAddr>() {
            Ok(address) if !self.allows(address) => Err(not_public(host)),
            _ => Ok(()),
        }
    }

    /// The addresses of a host that may be reached, at least one.
    #[cfg(feature = "email")]
    pub(crate) async fn look_up(self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let looked_up = tokio::net::lookup_host((host, port)).await?;
        let allowed: Vec<_> = looked_up.filter(|address| self.allows(address.ip())).collect();
        if allowed.is_empty() { Err(not_public(host)) } else { Ok(allowed) }
    }
}

fn not_public(host: &str) -> io::Error {
    let why = format!("`{host}` is not an address of the public internet, and others are not allowed here");
    io::Error::new(io::ErrorKind::PermissionDenied, why)
}

/// Whether an address is one of the public internet (IANA's registries of special-purpose addresses, read 2026-11). Addresses in which
/// an IPv4 address is wrapped are judged by that.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => wrapped(address).map_or_else(|| is_public_v6(address), is_public_v4),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || a == 0
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (18..20).contains(&b))
        || a >= 224;
    !is_special
}

/// The IPv4 address in a mapped, translated (64:ff9b::/96) or 6to4 (2002::/16) one.
fn wrapped(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = address.segments();
    let two = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match segments {
        [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => Some(two(high, low)),
        _ => None,
    }
}

/// What is assigned lies in 2000::/3, less what is for documentation and for protocols.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let is_assigned = segments[0] & 0xe000 == 0x2000;
    let is_documentation = segments[0] == 0x2001 && segments[1] == 0x0db8 || segments[0] & 0xfff0 == 0x3ff0;
    let is_protocols = segments[0] == 0x2001 && segments[1] < 0x0200;
    is_assigned && !is_documentation && !is_protocols
}

/// Looks names up, and leaves out addresses that may not be reached.
#[derive(Clone)]
pub(crate) struct Resolver {
    inner: GaiResolver,
    reach: Reach,
}

impl Resolver {
    pub(crate) fn new(reach: Reach) -> Self {
        Self { inner: GaiResolver::new(), reach }
    }
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let (reach, host) = (self.reach, name.as_str().to_owned());
        let looked_up = self.inner.call(name);
        Box::pin(async move {
            let allowed: Vec<SocketAddr> =
                looked_up.await?.filter(|address| reach.allows(address.ip())).collect();
            if allowed.is_empty() { Err(not_public(&host)) } else { Ok(allowed.into_iter()) }
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_public_internet_are_public() {
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "192.0.0.8",
            "198.18.0.1",
            "192.0.2.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
            "3fff::1",
            "::127.0.0.1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
        for public in
            ["1.1.1.1", "100.128.0.1", "192.0.1.1", "2606:4700::1111", "2a00:1450::1", "::ffff:1.1.1.1"]
        {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn a_host_that_is_written_as_an_address_is_looked_at_too() {
        for private in ["http://127.0.0.1/x", "https://[::1]:8443/", "http://169.254.169.254/latest"] {
            let uri: Uri = private.parse().unwrap();
            assert!(Reach::PublicOnly.check_host(&uri).is_err(), "{private}");
            assert!(Reach::Anywhere.check_host(&uri).is_ok(), "{private}");
        }
    }
}
