// SPDX-License-Identifier: GPL-2.0

//! RFC 9260, 5.2: packets of the setup that are not expected, where that takes more than two of
//! them to come about.

use std::net::Ipv6Addr;

use crate::engine::{
    addr::{Address, IpAddr},
    assoc::State,
    time::Duration,
    wire::cause,
};
use crate::tests::{
    script::*,
    sim::{Seen, A},
};

/// 5.2.4, item 3: only the cookie of this very association has no age.
#[test]
fn a_cookie_of_a_restart_that_is_too_old_is_answered_with_how_old_it_is() {
    with(|c| c.valid_cookie_life = Duration::from_secs(5)).accepted(|x| {
        let (tag, peer_tag) = (x.tag, x.peer_tag);
        x.restarts();
        x.sends([init()]);
        x.expects([init_ack()]);
        x.after(6_500);
        x.sends([cookie_echo()]);
        let report = error(cause::STALE_COOKIE).info(&1_500_000_u32.to_be_bytes());
        let packet = x.expects([report]);
        let answered = packet.with(|pkt| pkt.verification_tag());
        assert_eq!(answered, Some(x.peer_tag));
        x.is_in(State::Established);
        assert_eq!(x.assoc().local_tag(), tag);
        assert_eq!(x.assoc().peer_tag(), peer_tag);
        x.told(&[]);
    });
}

/// An association that this side asked for and that is up, after the peer had sent an INIT with
/// another tag: the cookie for that is `x.cookie` now, and the tag `x.peer_tag`.
fn with_an_older_cookie(x: &mut Script) {
    let own = x.peer_tag;
    x.peer_tag ^= 0x0600;
    x.sends([init()]);
    x.expects([init_ack().tag(x.tag)]);
    let (cookie, other) = (x.cookie.clone(), x.peer_tag);
    x.peer_tag = own;
    x.complete();
    x.cookie = cookie;
    x.peer_tag = other;
}

/// Action B in a state in which there is something to lose.
#[test]
fn a_peer_that_takes_another_tag_when_all_is_up_has_begun_anew() {
    connecting(|x| {
        with_an_older_cookie(x);
        x.sends([cookie_echo()]);
        let ack = x.expects([cookie_ack()]);
        let answered = ack.with(|pkt| pkt.verification_tag());
        assert_eq!(answered, Some(x.peer_tag));
        x.told(&[Seen::Restarted]);
        x.is_in(State::Established);
        x.user_sends(0, b"x");
        x.expects([data(0)]);
        x.sends([sack(0)]);
    });
}

/// The peer has to see the end of this association first.
#[test]
fn a_peer_that_takes_another_tag_during_the_shutdown_has_to_wait() {
    connecting(|x| {
        with_an_older_cookie(x);
        x.goes_to(State::ShutdownAckSent);
        x.sends([cookie_echo()]);
        x.expects([shutdown_ack()]);
        x.is_in(State::ShutdownAckSent);
    });
}

/// As with IPv4, and the address comes back in the ABORT.
#[test]
fn a_restart_that_brings_an_ipv6_address_is_refused() {
    let ipv6 = |n| Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, n);
    listening(|x| {
        let own = Address::new(IpAddr::V6(ipv6(1)));
        x.net.hosts[A].addresses.push(own);
        x.accept();
        let ip = ipv6(7);
        x.restarts();
        x.sends([init().address(Address::new(IpAddr::V6(ip)))]);
        let param = [&[0, 6, 0, 20], ip.octets().as_slice()].concat();
        x.expects([abort().cause_with(cause::RESTART_WITH_NEW_ADDRESSES, &param)]);
        x.is_in(State::Established);
    });
}
