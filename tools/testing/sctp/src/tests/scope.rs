// SPDX-License-Identifier: GPL-2.0

//! Which addresses are told to a peer, and which are taken from it.

use super::wire::samples::packet_tag_0;
use crate::{
    engine::{
        addr::{Address, Addresses, MAX_ADDRESSES},
        scope::{types, Scope, ScopePolicy},
        wire::{
            init::{AddressTypes, Init},
            packet::Packet,
        },
    },
    tests::support::payload::Bytes,
};

fn at(ip: &str) -> Address {
    Address::new(ip.parse().unwrap())
}

fn on(ip: &str, scope_id: u32) -> Address {
    Address { scope_id, ..at(ip) }
}

fn list(all: &[Address]) -> Addresses {
    let mut list = Addresses::new(all[0]);
    for address in all {
        list.insert(*address);
    }
    list
}

const STRICT: ScopePolicy = ScopePolicy::Strict;

#[test]
fn an_address_reaches_as_far_as_its_number_says() {
    for (ip, scope) in [
        ("127.0.0.1", Scope::Loopback),
        ("127.255.255.254", Scope::Loopback),
        ("::1", Scope::Loopback),
        ("169.254.0.1", Scope::Link),
        ("fe80::1", Scope::Link),
        ("febf::1", Scope::Link),
        ("10.0.0.1", Scope::Private),
        ("172.16.0.1", Scope::Private),
        ("172.31.255.1", Scope::Private),
        ("192.168.1.1", Scope::Private),
        ("198.18.0.1", Scope::Private),
        ("198.19.255.1", Scope::Private),
        ("fec0::1", Scope::Private),
        ("172.32.0.1", Scope::Global),
        ("198.20.0.1", Scope::Global),
        ("192.0.2.1", Scope::Global),
        ("2001:db8::1", Scope::Global),
        ("fd00::1", Scope::Global),
    ] {
        assert_eq!(Scope::of(&at(ip)), scope, "{ip}");
    }
}

/// One of each scope, from near to far, of both families.
const NEAR_TO_FAR: [[&str; 2]; 4] = [
    ["127.0.0.1", "::1"],
    ["169.254.0.1", "fe80::1"],
    ["10.0.0.1", "fec0::1"],
    ["192.0.2.1", "2001:db8::1"],
];

#[test]
fn nobody_hears_of_what_is_nearer_than_himself() {
    for (near, peers) in NEAR_TO_FAR.iter().enumerate() {
        for (far, addresses) in NEAR_TO_FAR.iter().enumerate() {
            for (peer, address) in peers.iter().zip(addresses) {
                let (peer, address) = (on(peer, 0), on(address, 0));
                // Without a link a link-local IPv6 address is no address.
                let is_nowhere = Scope::of(&address) == Scope::Link && address.ip.is_ipv6();
                let expected = far >= near && !is_nowhere;
                assert_eq!(
                    STRICT.allows(&address, &peer),
                    expected,
                    "{address:?} {peer:?}"
                );
            }
        }
    }
}

#[test]
fn a_link_local_address_is_for_its_own_link() {
    let policies = [
        ScopePolicy::Off,
        STRICT,
        ScopePolicy::PrivateToo,
        ScopePolicy::LinkLocalToo,
    ];
    for policy in policies {
        assert!(policy.allows(&on("fe80::1", 3), &on("fe80::2", 3)));
        assert!(!policy.allows(&on("fe80::1", 3), &on("fe80::2", 4)));
        assert!(!policy.allows(&on("fe80::1", 3), &at("2001:db8::2")));
        assert!(!policy.allows(&on("fe80::1", 3), &at("::1")));
        assert!(!policy.allows(&at("fe80::1"), &at("2001:db8::2")));
    }
}

#[test]
fn a_policy_may_let_more_pass() {
    let global = at("192.0.2.9");
    for (policy, expected) in [
        (ScopePolicy::Off, [true, true, true, true]),
        (ScopePolicy::Strict, [false, false, false, true]),
        (ScopePolicy::PrivateToo, [false, false, true, true]),
        (ScopePolicy::LinkLocalToo, [false, true, false, true]),
    ] {
        let v4 = NEAR_TO_FAR.map(|[v4, _]| policy.allows(&at(v4), &global));
        assert_eq!(v4, expected, "{policy:?}");
        for ip in ["0.0.0.0", "224.0.0.1", "255.255.255.255", "::", "ff02::1"] {
            assert!(!policy.allows(&at(ip), &at("127.0.0.1")), "{ip}");
        }
    }
}

/// What is taken of an INIT that lists `ips`.
fn claimed(ips: &[&str], from: Address, locals: &Addresses) -> Vec<Address> {
    let params: String = ips
        .iter()
        .map(|ip| match at(ip).ip {
            std::net::IpAddr::V4(ip) => format!("0005 0008 {:08x} ", ip.to_bits()),
            std::net::IpAddr::V6(ip) => format!("0006 0014 {:032x} ", ip.to_bits()),
        })
        .collect();
    let digits = params.chars().filter(|c| !c.is_whitespace()).count();
    let head = format!(
        "01 00 {:04x} a1a2a3a4 00010000 0001 0001 00000000",
        20 + digits / 2
    );
    let bytes = packet_tag_0(&[&format!("{head} {params}")]);
    let buf = Bytes::new(&bytes);
    let pkt = Packet::new(&bytes, &buf, from, locals.first()).unwrap();
    let chunk = pkt.chunks().next().unwrap().unwrap();
    let init = Init::parse(&chunk).unwrap();
    STRICT.claimed(&init, from, locals).as_slice().to_vec()
}

#[test]
fn a_peer_cannot_name_what_it_is_not_near_to() {
    let locals = list(&[at("192.0.2.1"), at("2001:db8::1")]);
    let all: Vec<&str> = NEAR_TO_FAR.iter().flatten().copied().collect();
    let from = at("198.51.100.1");
    let taken = claimed(&all[..6], from, &locals);
    assert_eq!(taken, [from]);
    let taken = claimed(&["198.51.100.2", "2001:db8::2"], from, &locals);
    assert_eq!(taken, [from, at("198.51.100.2"), at("2001:db8::2")]);
    // Who is on loopback, or on the link, may.
    let taken = claimed(&all, at("127.0.0.2"), &locals);
    assert_eq!(taken.len(), 6);
    let taken = claimed(&["fe80::7"], on("fe80::9", 4), &locals);
    assert_eq!(taken, [on("fe80::9", 4), on("fe80::7", 4)]);
}

#[test]
fn an_address_of_ours_is_not_the_peers() {
    let locals = list(&[at("192.0.2.1"), at("192.0.2.2")]);
    let from = at("198.51.100.1");
    let taken = claimed(&["192.0.2.1", "192.0.2.2", "192.0.2.3"], from, &locals);
    assert_eq!(taken, [from, at("192.0.2.3")]);
}

#[test]
fn an_address_of_a_family_that_we_do_not_have_is_of_no_use() {
    let both = ["198.51.100.2", "2001:db8::2"];
    let v4 = list(&[at("192.0.2.1")]);
    let from = at("198.51.100.1");
    assert_eq!(claimed(&both, from, &v4), [from, at("198.51.100.2")]);
    let v6 = list(&[at("2001:db8::1")]);
    let from = at("2001:db8::9");
    assert_eq!(claimed(&both, from, &v6), [from, at("2001:db8::2")]);
}

#[test]
fn a_list_has_an_address_once_and_an_end() {
    let from = at("198.51.100.1");
    let locals = list(&[at("192.0.2.1")]);
    let taken = claimed(
        &["198.51.100.1", "198.51.100.2", "198.51.100.2"],
        from,
        &locals,
    );
    assert_eq!(taken, [from, at("198.51.100.2")]);
    let many: Vec<String> = (0..100).map(|n| format!("198.51.100.{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(claimed(&many, from, &locals).len(), MAX_ADDRESSES);
}

fn told(locals: &Addresses, to: Address, types: Option<AddressTypes>) -> Vec<Address> {
    STRICT
        .told(locals, &locals.first(), &to, types)
        .map_or(Vec::new(), |told| told.as_slice().to_vec())
}

#[test]
fn a_host_with_one_address_lists_none() {
    let one = list(&[at("192.0.2.1")]);
    assert!(told(&one, at("198.51.100.1"), None).is_empty());
    // Nor one of whose addresses the peer may know that one only.
    let two = list(&[at("192.0.2.1"), at("10.0.0.1")]);
    assert!(told(&two, at("198.51.100.1"), None).is_empty());
    // But one that sends from an address that it cannot tell, as through a NAT, does.
    let two = list(&[at("10.0.0.1"), at("192.0.2.1")]);
    assert_eq!(told(&two, at("198.51.100.1"), None), [at("192.0.2.1")]);
}

#[test]
fn a_list_has_what_the_peer_may_know_and_can_use() {
    let locals = list(&[
        at("192.0.2.1"),
        at("10.0.0.1"),
        at("192.0.2.2"),
        at("2001:db8::1"),
    ]);
    let v4 = AddressTypes {
        ipv4: true,
        ipv6: false,
    };
    let v6 = AddressTypes {
        ipv4: false,
        ipv6: true,
    };
    let [a, b, c, d] = [0, 1, 2, 3].map(|i| locals.as_slice()[i]);
    let global = at("198.51.100.1");
    assert_eq!(told(&locals, global, None), [a, c, d]);
    assert_eq!(told(&locals, global, Some(v4)), [a, c]);
    // Who sends by IPv4 can use it, whatever he says.
    assert_eq!(told(&locals, global, Some(v6)), [a, c, d]);
    assert_eq!(told(&locals, at("2001:db8::2"), Some(v6)), [d]);
    assert_eq!(told(&locals, at("10.0.0.2"), None), [a, b, c, d]);
}

#[test]
fn the_types_are_those_that_there_are() {
    let of = |all: &[&str]| {
        let types = types(&list(&all.iter().map(|ip| at(ip)).collect::<Vec<_>>()));
        (types.ipv4, types.ipv6)
    };
    assert_eq!(of(&["192.0.2.1"]), (true, false));
    assert_eq!(of(&["2001:db8::1"]), (false, true));
    assert_eq!(of(&["192.0.2.1", "2001:db8::1"]), (true, true));
}
