//! Ports on loopback for servers that take a number, not a socket.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::sync::{Mutex, PoisonError};

/// What this process gave out before: the tests beside this one may not have bound theirs yet.
static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// A port that is free at each of these addresses, over UDP and over TCP.
pub(crate) fn free_port(addresses: &[IpAddr]) -> u16 {
    for address in addresses {
        assert!(
            UdpSocket::bind((*address, 0)).is_ok(),
            "this test needs {address} on the loopback interface"
        );
    }
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    let is_free = |address: &IpAddr, port| {
        UdpSocket::bind((*address, port)).is_ok() && TcpListener::bind((*address, port)).is_ok()
    };
    (0..1000)
        .find_map(|_| {
            let port = UdpSocket::bind((addresses[0], 0)).unwrap().local_addr().unwrap().port();
            let is_free = addresses.iter().all(|address| is_free(address, port));
            (is_free && given.insert(port)).then_some(port)
        })
        .expect("a free port")
}

/// 127.0.0.1 with a port that is free over UDP and over TCP.
pub(crate) fn free_address() -> SocketAddr {
    let loopback = IpAddr::from(Ipv4Addr::LOCALHOST);
    SocketAddr::new(loopback, free_port(&[loopback]))
}
