// SPDX-License-Identifier: GPL-2.0

//! Several addresses on both sides: RFC 9260, 5.1.2, 5.2, 6.4.

use kernel::{alloc::flags::GFP_ATOMIC, fault};

use crate::{
    engine::{
        addr::{Address, MAX_ADDRESSES},
        assoc::{Message, State},
        event::Closed,
        path::PathState,
        serial::Tsn,
        stats::Reason,
        time::Duration,
        wire::{
            builder::PacketBuilder,
            cause,
            chunk::ChunkType,
            control,
            emit::InitParams,
            init::{Init, InitFixed},
        },
    },
    tests::{
        sim::{address, message, pattern, Fate, Flying, Net, Seen, A, PORT, Z},
        support::payload::Bytes,
        wire::flatten,
    },
};

fn up(net: &mut Net) {
    net.run_until(|net| net.hosts.iter().all(|h| h.state() == State::Established));
}

fn connected(seed: u64, n: u8) -> Net {
    let mut net = Net::multihomed(seed, n);
    net.connect(A);
    up(&mut net);
    net
}

/// The addresses in the INIT or INIT ACK that a host sent last.
fn listed(net: &Net, from: usize, kind: ChunkType) -> (Vec<Address>, Flying) {
    let mut sent = net.sent.iter().rev().filter(|p| p.to != from);
    let packet = sent.find(|p| p.has(kind)).expect("none sent").clone();
    let addresses = packet.with(|pkt| {
        let chunk = pkt.chunks().next().unwrap().unwrap();
        let init = Init::parse(&chunk).unwrap();
        init.addresses(pkt.src).collect()
    });
    (addresses.unwrap(), packet)
}

/// The addresses of the peer that a host knows, with those of its own that it uses with them.
fn paths(net: &Net, who: usize) -> Vec<(Address, Option<Address>, PathState)> {
    let paths = net.hosts[who].assoc().paths().iter();
    paths.map(|p| (p.addr, p.local, p.state)).collect()
}

/// Bytes both ways.
#[track_caller]
fn prove(net: &mut Net) {
    for who in [A, Z] {
        net.hosts[who].got.clear();
        net.send(who, 0, &pattern(who as u64, 5000));
    }
    net.run_until(|net| net.hosts.iter().all(|h| h.got.len() == 1));
    for who in [A, Z] {
        let expected = pattern(1 - who as u64, 5000);
        assert_eq!(net.hosts[who].got[0].bytes, expected);
    }
}

/// What goes to the peer's other addresses would come before it knows that there is an association.
#[test]
fn the_cookie_ack_goes_first() {
    let net = connected(19, 3);
    let mut sent = net.sent.iter().filter(|p| p.to == A);
    let is_ack = |p: &&Flying| p.has(ChunkType::CookieAck);
    let before: Vec<_> = sent.by_ref().take_while(|p| !is_ack(p)).collect();
    assert!(before.iter().all(|p| p.has(ChunkType::InitAck)));
    assert!(sent.any(|p| p.has(ChunkType::Heartbeat)));
}

/// One HEARTBEAT at a time, but not to the same address until that is given up (5.4).
#[test]
fn addresses_that_do_not_answer_do_not_hold_up_others() {
    let mut net = Net::multihomed(20, 5);
    net.filter(|p| match p.dst == address(Z, 1) || p.dst == address(Z, 2) {
        true => Fate::Lose,
        false => Fate::Pass,
    });
    net.connect(A);
    up(&mut net);
    let start = net.now;
    let states = |net: &Net| paths(net, A).iter().map(|p| p.2).collect::<Vec<_>>();
    net.run_until(|net| states(net)[3..].iter().all(|s| *s == PathState::Active));
    // An RTO for each of those two, and for the first that does answer.
    let took = net.now.since(start);
    assert!(took < Duration::from_millis(3100), "{took:?}");
    // Then each of them gets its share.
    net.sent.clear();
    net.run_for(Duration::from_secs(30));
    let beats = |n| net.sent.iter().filter(|p| p.dst == address(Z, n)).count();
    assert!(beats(1) >= 2 && beats(2) >= 2, "{} {}", beats(1), beats(2));
}

#[test]
fn each_side_learns_the_addresses_of_the_other() {
    let mut net = connected(1, 3);
    let all = |who| (0..3).map(|n| address(who, n)).collect::<Vec<_>>();
    assert_eq!(listed(&net, A, ChunkType::Init).0, all(A));
    assert_eq!(listed(&net, Z, ChunkType::InitAck).0, all(Z));
    net.run_for(Duration::from_secs(5));
    for who in [A, Z] {
        let expected: Vec<_> = (0..3)
            .map(|n| {
                (
                    address(1 - who, n),
                    Some(address(who, n)),
                    PathState::Active,
                )
            })
            .collect();
        assert_eq!(paths(&net, who), expected);
        assert_eq!(net.hosts[who].assoc().locals().as_slice(), all(who));
    }
    prove(&mut net);
    net.finish(A);
}

#[test]
fn a_host_with_one_address_names_its_type_only() {
    let net = connected(2, 1);
    for (who, kind) in [(A, ChunkType::Init), (Z, ChunkType::InitAck)] {
        let (addresses, packet) = listed(&net, who, kind);
        assert_eq!(addresses, []);
        let types = packet.with(|pkt| {
            let chunk = pkt.chunks().next().unwrap().unwrap();
            Init::parse(&chunk).unwrap().address_types
        });
        let types = types.unwrap().map(|t| (t.ipv4, t.ipv6));
        assert_eq!(types, (who == A).then_some((true, false)));
    }
}

/// The network of the first addresses fails in the middle, and everything still arrives.
#[test]
fn nothing_is_lost_with_a_network() {
    let mut net = connected(3, 2);
    net.run_for(Duration::from_secs(3));
    let is_first = |p: &Flying| p.dst == address(1 - p.to, 0) || p.dst == address(p.to, 0);
    for i in 0..200 {
        net.send(A, 0, &pattern(i, 1000));
        net.send(Z, 1, &pattern(i, 1000));
    }
    net.run_for(Duration::from_millis(30));
    net.filter(move |p| if is_first(p) { Fate::Lose } else { Fate::Pass });
    net.run_until(|net| net.hosts.iter().all(|h| h.got.len() == 200));
    for who in [A, Z] {
        for (i, got) in net.hosts[who].got.iter().enumerate() {
            assert_eq!(got.bytes, pattern(i as u64, 1000));
        }
    }
    prove(&mut net);
    net.no_filter();
    // It is back, and used again.
    net.run_for(Duration::from_secs(200));
    net.sent.clear();
    prove(&mut net);
    let data = net.sent.iter().filter(|p| p.has(ChunkType::Data));
    assert!(data.clone().count() > 0 && data.clone().all(is_first));
    net.finish(Z);
}

/// T1-init: one address after the other, and each of them again after twice the time.
#[test]
fn a_lost_init_is_sent_to_the_next_address_that_the_user_named() {
    let mut net = Net::multihomed(4, 3);
    net.filter(|p| {
        let is_dead = p.has(ChunkType::Init) && p.dst != address(Z, 2);
        if is_dead {
            Fate::Lose
        } else {
            Fate::Pass
        }
    });
    let start = net.now;
    assert!(net.try_connect_to(A, &[0, 1, 2]));
    up(&mut net);
    let inits = net.sent.iter().filter(|p| p.has(ChunkType::Init));
    let inits: Vec<_> = inits.map(|p| (p.dst, p.src, p.at.since(start))).collect();
    let expected = [0, 1, 2].map(|n| {
        let seconds = Duration::from_secs(u32::from(n));
        (address(Z, n), address(A, n), seconds)
    });
    assert_eq!(inits, expected);
    // What answered is the primary.
    let assoc = net.hosts[A].assoc();
    assert_eq!(assoc.paths()[assoc.primary().index()].addr, address(Z, 2));
    assert!(assoc.paths().iter().all(|p| p.state == PathState::Active));
    net.no_filter();
    prove(&mut net);
    net.finish(A);
}

/// 5.1.2: an address that only the user knows of is none of the peer's, be it the one that the INIT
/// went to first.
#[test]
fn what_the_user_named_and_the_peer_does_not_list_is_forgotten() {
    let mut net = Net::multihomed(12, 2);
    net.filter(|p| match (p.has(ChunkType::Init), p.dst) {
        (true, dst) if dst == address(Z, 5) => Fate::Lose,
        _ => Fate::Pass,
    });
    assert!(net.try_connect_to(A, &[5, 1, 6, 0]));
    up(&mut net);
    let known: Vec<_> = paths(&net, A).into_iter().map(|p| (p.0, p.2)).collect();
    let expected = [1, 0].map(|n| (address(Z, n), PathState::Active));
    assert_eq!(known, expected);
    let assoc = net.hosts[A].assoc();
    assert_eq!(assoc.paths()[assoc.primary().index()].addr, address(Z, 1));
    prove(&mut net);
    net.finish(A);
}

/// Both sides begin, and the peer's INIT is what tells its addresses.
#[test]
fn what_the_user_named_is_forgotten_in_a_collision_too() {
    let mut net = Net::multihomed(13, 2);
    net.hosts[A].listens = true;
    net.filter(|p| match (p.has(ChunkType::InitAck), p.to) {
        (true, A) => Fate::Lose,
        _ => Fate::Pass,
    });
    assert!(net.try_connect_to(A, &[0, 5]));
    net.connect(Z);
    up(&mut net);
    let known: Vec<_> = paths(&net, A).into_iter().map(|p| p.0).collect();
    assert_eq!(known, [0, 1].map(|n| address(Z, n)));
    net.no_filter();
    prove(&mut net);
}

/// An INIT ACK from an address that the user has not named is taken if it lists one that he has;
/// where it came from is another address of the peer, which is to be confirmed.
#[test]
fn an_init_ack_from_elsewhere_is_taken_if_it_lists_where_the_init_went() {
    for lists in [true, false] {
        let mut net = Net::multihomed(14, if lists { 2 } else { 1 });
        net.lose_first(ChunkType::InitAck, u32::MAX);
        net.connect(A);
        net.settle();
        let mut ack = net.last_of(Z).clone();
        assert!(ack.has(ChunkType::InitAck));
        ack.src = address(Z, 1);
        net.no_filter();
        net.hosts[A].refused.clear();
        net.deliver(ack);
        let known: Vec<_> = paths(&net, A).into_iter().map(|p| (p.0, p.2)).collect();
        if !lists {
            assert_eq!(net.hosts[A].refused, [Reason::BadAddress]);
            assert_eq!(known, [(address(Z, 0), PathState::Active)]);
            continue;
        }
        assert_eq!(
            known,
            [
                (address(Z, 0), PathState::Active),
                (address(Z, 1), PathState::Unconfirmed)
            ]
        );
        // The cookie goes where somebody is known to be.
        assert_eq!(net.last_of(A).dst, address(Z, 0));
        up(&mut net);
        prove(&mut net);
    }
}

/// Nobody who has not seen our INIT can answer it.
#[test]
fn an_init_ack_from_elsewhere_needs_our_tag() {
    let mut net = Net::multihomed(15, 2);
    net.lose_first(ChunkType::InitAck, u32::MAX);
    net.connect(A);
    net.settle();
    let mut ack = net.last_of(Z).clone();
    ack.src = address(Z, 1);
    ack.bytes[7] ^= 1;
    net.hosts[A].refused.clear();
    net.deliver(ack);
    assert_eq!(net.hosts[A].refused, [Reason::BadAddress]);
    assert_eq!(net.hosts[A].state(), State::CookieWait);
}

#[test]
fn each_address_is_tried_until_there_have_been_enough_attempts() {
    let mut net = Net::multihomed(5, 2);
    net.filter(|_| Fate::Lose);
    let start = net.now;
    assert!(net.try_connect_to(A, &[0, 1]));
    net.run_until(|net| net.hosts[A].assoc.is_none());
    assert_eq!(net.hosts[A].end(), Some(Closed::TimedOut { setup: true }));
    let seconds = |p: &Flying| p.at.since(start).as_millis() / 1000;
    let times: Vec<_> = net.sent.iter().map(seconds).collect();
    assert_eq!(times, [0, 1, 2, 4, 6, 10, 14, 22, 30]);
}

/// Sends a message that is to go to address `n` of Z.
fn send_to(net: &mut Net, n: u8, bytes: &[u8]) {
    let chosen = Some(address(Z, n));
    net.with(A, |assoc, cx| {
        let to = chosen;
        let message = message(0, false, bytes);
        assoc.send(cx, Message { to, ..message }).unwrap();
    });
}

/// Where the DATA went that A has sent since.
fn data_went(net: &Net, since: usize) -> Vec<Address> {
    let sent = net.sent.iter().skip(since);
    let data = sent.filter(|p| p.to == Z && p.has(ChunkType::Data));
    data.map(|p| p.dst).collect()
}

/// Each message has its own address, also those that have to be cut, and one after the other.
#[test]
fn a_message_goes_to_the_address_that_the_user_chose() {
    let mut net = connected(16, 3);
    net.run_for(Duration::from_secs(5));
    let since = net.sent.len();
    let primary = net.hosts[A].assoc().primary();
    for n in [1, 0, 2, 9] {
        send_to(&mut net, n, &pattern(1, 3000));
    }
    net.run_until(|net| net.hosts[Z].got.len() == 4);
    let expected: Vec<_> = [1, 1, 1, 0, 0, 0, 2, 2, 2, 0, 0, 0]
        .iter()
        .map(|n| address(Z, *n))
        .collect();
    assert_eq!(data_went(&net, since), expected);
    assert_eq!(net.hosts[A].assoc().primary(), primary);
    net.finish(A);
}

/// ... as long as it works, and not before it is known to be the peer's.
#[test]
fn a_message_goes_elsewhere_if_the_chosen_address_does_not_work() {
    let mut net = Net::multihomed(17, 2);
    net.filter(|p| {
        if p.dst == address(Z, 1) {
            Fate::Lose
        } else {
            Fate::Pass
        }
    });
    net.connect(A);
    up(&mut net);
    let since = net.sent.len();
    send_to(&mut net, 1, &pattern(1, 100));
    net.run_until(|net| net.hosts[Z].got.len() == 1);
    assert_eq!(data_went(&net, since), [address(Z, 0)]);
    net.no_filter();
    net.run_for(Duration::from_secs(120));
    let since = net.sent.len();
    send_to(&mut net, 1, &pattern(1, 100));
    net.run_until(|net| net.hosts[Z].got.len() == 2);
    assert_eq!(data_went(&net, since), [address(Z, 1)]);
    net.finish(A);
}

/// The cookie comes back from and to other addresses than those of the INIT.
#[test]
fn a_cookie_may_take_another_way() {
    let mut net = Net::multihomed(6, 2);
    net.lose_first(ChunkType::CookieEcho, u32::MAX);
    net.connect(A);
    net.settle();
    let mut echo = net.last_of(A).clone();
    assert!(echo.has(ChunkType::CookieEcho));
    echo.src = address(A, 1);
    echo.dst = address(Z, 1);
    net.no_filter();
    net.deliver(echo);
    assert_eq!(net.hosts[Z].state(), State::Established);
    let [first, second] = paths(&net, Z)[..] else {
        panic!("two paths");
    };
    assert_eq!(
        first,
        (address(A, 0), Some(address(Z, 0)), PathState::Active)
    );
    let local = Some(address(Z, 1));
    assert_eq!(second, (address(A, 1), local, PathState::Unconfirmed));
    up(&mut net);
    prove(&mut net);
}

#[test]
fn a_packet_to_an_address_that_the_peer_was_not_told_is_not_taken() {
    let mut net = connected(7, 2);
    let mut bytes = net.header(A);
    bytes.extend([6, 0, 0, 4]);
    let packet = Flying {
        at: net.now,
        to: Z,
        src: address(A, 0),
        dst: address(Z, 5),
        bytes,
        cut: None,
    };
    net.hosts[Z].refused.clear();
    net.deliver(packet);
    assert_eq!(net.hosts[Z].refused, [Reason::BadAddress]);
    assert_eq!(net.hosts[Z].state(), State::Established);
}

/// Who has more addresses than are kept can still restart.
#[test]
fn a_peer_with_very_many_addresses_can_restart() {
    let mut net = Net::multihomed(8, 12);
    net.connect(A);
    up(&mut net);
    assert_eq!(net.hosts[Z].assoc().paths().len(), MAX_ADDRESSES);
    net.run_for(Duration::from_secs(5));
    // It lists them in another order now.
    net.hosts[A].assoc = None;
    net.hosts[A].addresses.reverse();
    net.connect(A);
    net.run_until(|net| net.hosts[Z].seen.contains(&Seen::Restarted));
    up(&mut net);
    prove(&mut net);
}

#[test]
fn a_peer_can_restart_from_another_address() {
    let mut net = connected(9, 3);
    net.run_for(Duration::from_secs(5));
    net.hosts[A].assoc = None;
    assert!(net.try_connect_to(A, &[2]));
    net.run_until(|net| net.hosts[Z].seen.contains(&Seen::Restarted));
    up(&mut net);
    // The INIT ACK left from where the INIT came to.
    let (_, packet) = listed(&net, Z, ChunkType::InitAck);
    assert_eq!((packet.src, packet.dst), (address(Z, 2), address(A, 2)));
    prove(&mut net);
    net.finish(A);
}

/// An INIT by hand, from `src`, that lists these addresses of A.
fn init(net: &Net, src: Address, dst: Address, more: &[Address]) -> Flying {
    let fixed = InitFixed {
        tag: 99,
        a_rwnd: 100_000,
        out_streams: 10,
        in_streams: 10,
        initial_tsn: Tsn(1),
    };
    let params = InitParams {
        addresses: more,
        ..InitParams::default()
    };
    let mut out = PacketBuilder::<Bytes>::new();
    out.start(PORT[A], PORT[Z], 0, 1400, GFP_ATOMIC).unwrap();
    out.init(GFP_ATOMIC, &fixed, &params).unwrap();
    Flying {
        at: net.now,
        to: Z,
        src,
        dst,
        bytes: flatten(&out),
        cut: None,
    }
}

/// 5.2.2: an INIT from elsewhere that names the peer's address is a restart with a new address.
#[test]
fn a_restart_from_a_new_address_is_refused_there() {
    let mut net = connected(10, 2);
    net.run_for(Duration::from_secs(5));
    let elsewhere = address(A, 6);
    let packet = init(
        &net,
        elsewhere,
        address(Z, 1),
        &[address(A, 1), address(A, 7)],
    );
    net.filter(|_| Fate::Lose);
    net.deliver(packet);
    let reply = net.last_of(Z).clone();
    assert_eq!((reply.src, reply.dst), (address(Z, 1), elsewhere));
    assert!(reply.any(|c| {
        c.kind == ChunkType::Abort
            && control::first_cause(c).is_some_and(|cause| {
                cause.code == cause::RESTART_WITH_NEW_ADDRESSES
                    && cause.value == [0, 5, 0, 8, 10, 6, 0, 1, 0, 5, 0, 8, 10, 7, 0, 1]
            })
    }));
    // One that names none of the peer's is not for this association.
    let packet = init(&net, elsewhere, address(Z, 1), &[address(A, 7)]);
    net.hosts[Z].refused.clear();
    net.deliver(packet);
    assert_eq!(net.hosts[Z].refused, [Reason::BadAddress]);
    net.no_filter();
    prove(&mut net);
}

/// 5.2.1: in COOKIE-WAIT the answer, which has our tag in it, goes where our INIT went, whoever
/// asks; in COOKIE-ECHOED there must not be new addresses.
#[test]
fn an_init_from_elsewhere_does_not_learn_our_tag() {
    let mut net = Net::multihomed(11, 2);
    net.lose_first(ChunkType::CookieEcho, u32::MAX);
    assert!(net.try_connect(A));
    let forged = |net: &Net| {
        let mut packet = init(net, address(Z, 6), address(A, 1), &[address(Z, 0)]);
        packet.to = A;
        packet.bytes[..4].rotate_left(2);
        packet
    };
    net.deliver(forged(&net));
    let reply = net.last_of(A).clone();
    assert_eq!(reply.kinds(), [ChunkType::InitAck]);
    assert_eq!((reply.src, reply.dst), (address(A, 1), address(Z, 0)));

    net.run_until(|net| net.hosts[A].state() == State::CookieEchoed);
    net.deliver(forged(&net));
    let reply = net.last_of(A).clone();
    assert_eq!(reply.kinds(), [ChunkType::Abort]);
    assert_eq!((reply.src, reply.dst), (address(A, 1), address(Z, 6)));
}

/// A cookie from that time, which comes when the association is up, from an address that is not
/// the peer's: nothing begins anew.
#[test]
fn a_late_cookie_from_elsewhere_has_no_effect() {
    let mut net = Net::multihomed(13, 2);
    assert!(net.try_connect(A));
    let elsewhere = address(Z, 6);
    let mut packet = init(&net, elsewhere, address(A, 1), &[address(Z, 0)]);
    packet.to = A;
    packet.bytes[..4].rotate_left(2);
    net.deliver(packet);
    let (tag, cookie) = net
        .last_of(A)
        .with(|pkt| {
            let chunk = pkt.chunks().next().unwrap().unwrap();
            let init = Init::parse(&chunk).unwrap();
            (init.fixed.tag, init.cookie.unwrap().to_vec())
        })
        .unwrap();
    up(&mut net);
    let mut out = PacketBuilder::<Bytes>::new();
    out.start(PORT[Z], PORT[A], tag, 1400, GFP_ATOMIC).unwrap();
    out.cookie_echo(GFP_ATOMIC, &cookie).unwrap();
    let echo = Flying {
        at: net.now,
        to: A,
        src: elsewhere,
        dst: address(A, 1),
        bytes: flatten(&out),
        cut: None,
    };
    net.hosts[A].refused.clear();
    net.deliver(echo);
    assert_eq!(net.hosts[A].refused, [Reason::BadAddress]);
    assert_eq!(net.hosts[A].seen, [Seen::Up]);
    prove(&mut net);
}

/// Both sides begin at the same time, over different networks.
#[test]
fn a_collision_over_different_networks_makes_one_association() {
    for seed in 0..20 {
        let mut net = Net::multihomed(seed, 2);
        net.hosts[A].listens = true;
        net.link.jitter = Duration::from_millis(20);
        assert!(net.try_connect_to(A, &[0]));
        assert!(net.try_connect_to(Z, &[1]));
        up(&mut net);
        net.run_for(Duration::from_secs(5));
        let [a, z] = [A, Z].map(|who| net.hosts[who].assoc());
        assert_eq!(a.local_tag(), z.peer_tag());
        assert_eq!(z.local_tag(), a.peer_tag());
        for who in [A, Z] {
            let mut known: Vec<_> = paths(&net, who).iter().map(|p| p.0).collect();
            known.sort();
            assert_eq!(known, [0, 1].map(|n| address(1 - who, n)));
        }
        prove(&mut net);
    }
}

/// The same while any allocation fails: nobody knows half of the other's addresses.
#[test]
fn a_collision_without_memory_changes_nothing() {
    for n in 1..200 {
        let mut net = Net::multihomed(12, 4);
        net.hosts[A].listens = true;
        assert!(net.try_connect_to(A, &[0]));
        assert!(net.try_connect_to(Z, &[1]));
        let plan = fault::fail_nth(n);
        up(&mut net);
        let has_failed = plan.has_failed();
        drop(plan);
        for who in [A, Z] {
            assert_eq!(paths(&net, who).len(), 4);
        }
        if !has_failed {
            assert!(n > 1, "an allocation was made to fail");
            return;
        }
    }
    panic!("allocations never end");
}
