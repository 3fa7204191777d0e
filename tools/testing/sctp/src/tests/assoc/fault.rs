// SPDX-License-Identifier: GPL-2.0

//! Faults: RFC 9260, 8, and what RFC 5062 warns of.

use crate::engine::serial::{Ssn, Tsn};
use crate::engine::wire::data::{Data, DataHeader};
use crate::engine::wire::sack::{GapBlock, Sack};
use crate::engine::{
    addr::Address,
    assoc::State,
    event::Closed,
    path::{PathId, PathState},
    stats::Counter,
    time::Duration,
    wire::{
        builder::PacketBuilder,
        cause,
        chunk::ChunkType,
        control,
        emit::InitParams,
        init::{Init, InitFixed},
    },
};
use crate::tests::{
    sim::{address, pattern, Fate, Flying, Net, A, PORT, Z},
    support::payload::Bytes,
    wire::flatten,
};
use kernel::alloc::flags::GFP_ATOMIC;

fn ms(ms: u32) -> Duration {
    Duration::from_millis(ms)
}

/// Heartbeats keep an idle association's figures fresh (8.3).
#[test]
fn idle_paths_are_probed() {
    let mut net = Net::connected(1);
    net.keep = true;
    net.run_for(Duration::from_secs(3600));
    let beats = net
        .kept
        .iter()
        .filter(|p| p.has(ChunkType::Heartbeat) && p.to == Z)
        .count();
    // HB.interval is 30 s, plus an RTO of 1 s, more or less.
    assert!((110..121).contains(&beats), "{beats}");
    for host in &net.hosts {
        assert_eq!(host.state(), State::Established);
        assert_eq!(host.assoc().paths()[0].rto.srtt(), ms(20));
        assert_eq!(host.assoc().paths()[0].errors, 0);
    }
}

/// A peer that vanishes is noticed without any data (8.1).
#[test]
fn silence_is_noticed() {
    let mut net = Net::connected(2);
    net.filter(|_| Fate::Lose);
    let start = net.now;
    net.run_until(|net| net.hosts.iter().all(|h| h.assoc.is_none()));
    for host in &net.hosts {
        assert_eq!(host.end(), Some(Closed::TimedOut { setup: false }));
    }
    let took = net.now.since(start);
    assert!(took < Duration::from_secs(1200), "{took:?}");
}

/// One lost HEARTBEAT does no harm.
#[test]
fn a_heartbeat_gets_lost() {
    let mut net = Net::connected(3);
    net.lose_first(ChunkType::Heartbeat, 5);
    net.run_for(Duration::from_secs(1000));
    for host in &net.hosts {
        assert_eq!(host.assoc().paths()[0].errors, 0);
        assert_eq!(host.assoc().paths()[0].state, PathState::Active);
    }
}

/// A HEARTBEAT comes back as it was, however long it is (8.3).
#[test]
fn heartbeats_come_back_whole() {
    for len in [1, 12, 63, 64, 65, 1000] {
        let mut net = Net::connected(17);
        let info = pattern(1, len);
        let mut out = PacketBuilder::<Bytes>::new();
        let tag = net.hosts[Z].assoc().local_tag();
        out.start(PORT[A], PORT[Z], tag, 1400, GFP_ATOMIC).unwrap();
        out.heartbeat(GFP_ATOMIC, &info).unwrap();
        net.forge(A, flatten(&out));
        let answer = net.last_of(Z);
        assert_eq!(answer.kinds(), [ChunkType::HeartbeatAck]);
        assert!(answer.any(|c| control::heartbeat_info(c) == Ok(&info[..])));
    }
}

// A peer with several addresses. The engine does not list its own yet, so an INIT is made by hand.

/// Makes Z believe that A has the addresses `0 .. n`, and gives A's tag and TSN.
fn multihomed(net: &mut Net, n: u8) -> (u32, Tsn) {
    net.hosts[Z].listens = true;
    net.keep = true;
    let tag = 0x0a0b_0c0d;
    let fixed = InitFixed {
        tag,
        a_rwnd: 100_000,
        out_streams: 10,
        in_streams: 10,
        initial_tsn: Tsn(u32::MAX),
    };
    let more: Vec<Address> = (1..n).map(|n| address(A, n)).collect();
    let params = InitParams {
        addresses: &more,
        ..InitParams::default()
    };
    let mut out = PacketBuilder::<Bytes>::new();
    out.start(PORT[A], PORT[Z], 0, 1400, GFP_ATOMIC).unwrap();
    out.init(GFP_ATOMIC, &fixed, &params).unwrap();
    // A is a hand-made peer: what is sent to it is only looked at.
    net.filter(|_| Fate::Lose);
    net.forge(A, flatten(&out));
    let reply = net.last_of(Z).clone();
    let (local, cookie) = reply
        .with(|pkt| {
            let chunk = pkt.chunks().next().unwrap().unwrap();
            let init = Init::parse(&chunk).unwrap();
            (init.fixed.tag, init.cookie.unwrap().to_vec())
        })
        .unwrap();
    out.start(PORT[A], PORT[Z], local, 1400, GFP_ATOMIC)
        .unwrap();
    out.cookie_echo(GFP_ATOMIC, &cookie).unwrap();
    net.forge(A, flatten(&out));
    assert_eq!(net.hosts[Z].state(), State::Established);
    (tag, fixed.initial_tsn)
}

/// Addresses that the packets of Z went to, and what they had in them.
fn sent_to(net: &Net, kind: ChunkType) -> Vec<Address> {
    net.sent
        .iter()
        .filter(|p| p.to == A && p.has(kind))
        .map(|p| p.dst)
        .collect()
}

/// The answer to the last HEARTBEAT that went to an address, with `f` done to its info.
fn answer(net: &mut Net, to: Address, f: impl Fn(&mut Vec<u8>)) {
    let beat = net
        .sent
        .iter()
        .rev()
        .find(|p| p.has(ChunkType::Heartbeat) && p.dst == to)
        .unwrap()
        .clone();
    let mut info = beat
        .with(|pkt| {
            let chunk = pkt.chunks().next().unwrap().unwrap();
            control::heartbeat_info(&chunk).unwrap().to_vec()
        })
        .unwrap();
    f(&mut info);
    let tag = net.hosts[Z].assoc().local_tag();
    let mut out = PacketBuilder::<Bytes>::new();
    out.start(PORT[A], PORT[Z], tag, 1400, GFP_ATOMIC).unwrap();
    out.heartbeat_ack(GFP_ATOMIC, &info).unwrap();
    net.forge(A, flatten(&out));
}

/// RFC 5062, 2 and 5: no DATA to an address that nobody answered from, and no more than one
/// HEARTBEAT per RTO.
#[test]
fn unconfirmed_addresses_get_no_data() {
    let mut net = Net::new(4);
    multihomed(&mut net, 8);
    let states: Vec<_> = net.hosts[Z]
        .assoc()
        .paths()
        .iter()
        .map(|p| p.state)
        .collect();
    assert_eq!(states[0], PathState::Active);
    assert_eq!(states[1..], [PathState::Unconfirmed; 7]);
    for i in 0..20 {
        net.send(Z, 0, &pattern(i, 1000));
    }
    let beats = sent_to(&net, ChunkType::Heartbeat).len();
    assert_eq!(beats, 1, "HB.Max.Burst");
    net.run_for(Duration::from_secs(10));
    assert!(sent_to(&net, ChunkType::Heartbeat).len() <= 11);
    let data = sent_to(&net, ChunkType::Data);
    assert!(data.len() > 3);
    assert!(data.iter().all(|a| *a == address(A, 0)));
}

/// Addresses that nobody answers from do not count against the association.
#[test]
fn claimed_addresses_are_no_errors() {
    let mut net = Net::new(16);
    multihomed(&mut net, 8);
    // All answers come from the first address.
    for _ in 0..400 {
        net.run_for(Duration::from_secs(1));
        if sent_to(&net, ChunkType::Heartbeat).contains(&address(A, 0)) {
            answer(&mut net, address(A, 0), |_| ());
            net.sent.retain(|p| p.dst != address(A, 0));
        }
    }
    assert_eq!(net.hosts[Z].state(), State::Established);
    let states: Vec<_> = net.hosts[Z]
        .assoc()
        .paths()
        .iter()
        .map(|p| p.state)
        .collect();
    assert_eq!(states[1..], [PathState::Unconfirmed; 7]);
}

#[test]
fn only_the_nonce_confirms() {
    let mut net = Net::new(5);
    multihomed(&mut net, 2);
    let state = |net: &Net| net.hosts[Z].assoc().paths()[1].state;
    let target = address(A, 1);
    for n in 0..12 {
        answer(&mut net, target, |info| info[n] ^= 0x40);
        assert_eq!(state(&net), PathState::Unconfirmed, "byte {n}");
    }
    answer(&mut net, target, |info| {
        info.pop();
    });
    answer(&mut net, target, |info| info.push(0));
    answer(&mut net, target, |info| info.clear());
    assert_eq!(state(&net), PathState::Unconfirmed);
    answer(&mut net, target, |_| ());
    assert_eq!(state(&net), PathState::Active);
    // The same answer again says nothing.
    let rto = net.hosts[Z].assoc().paths()[1].rto.get();
    net.run_for(ms(500));
    answer(&mut net, target, |_| ());
    assert_eq!(net.hosts[Z].assoc().paths()[1].rto.get(), rto);
}

/// 6.4.1: what timed out goes to another address, if there is one that works.
#[test]
fn failover() {
    let mut net = Net::new(6);
    multihomed(&mut net, 2);
    answer(&mut net, address(A, 1), |_| ());
    for i in 0..3 {
        net.send(Z, 0, &pattern(i, 1000));
    }
    // The last one for want of a SACK.
    net.run_for(ms(50));
    let first = sent_to(&net, ChunkType::Data);
    assert_eq!(first, [address(A, 0); 3]);
    net.sent.clear();
    net.run_for(ms(1100));
    let again = sent_to(&net, ChunkType::Data);
    assert!(!again.is_empty());
    assert!(again.iter().all(|a| *a == address(A, 1)), "{again:?}");
    // After Path.Max.Retrans the primary one is given up, and new DATA goes to the other.
    net.run_for(Duration::from_secs(30));
    let errors: Vec<_> = net.hosts[Z]
        .assoc()
        .paths()
        .iter()
        .map(|p| p.errors)
        .collect();
    assert!(errors.iter().all(|e| *e > 0), "{errors:?}");
    assert_eq!(net.hosts[Z].assoc().primary(), PathId(0));
}

// Hostile packets with the right tag.

/// DATA of A for Z, made by hand.
fn data(tsn: Tsn, stream: u16, flags: u8, bytes: &[u8]) -> Vec<u8> {
    let header = DataHeader {
        tsn,
        stream,
        ssn: Ssn(0),
        ppid: [0; 4],
        unordered: flags & 4 != 0,
        begin: flags & 2 != 0,
        end: flags & 1 != 0,
        immediate: flags & 8 != 0,
    };
    let mut out = PacketBuilder::<Bytes>::new();
    out.start(1, 1, 1, 60_000, GFP_ATOMIC).unwrap();
    out.data(GFP_ATOMIC, &header, Bytes::new(bytes)).unwrap();
    flatten(&out)[12..].to_vec()
}

fn sack(cumulative: Tsn, gaps: &[GapBlock]) -> Vec<u8> {
    let mut out = PacketBuilder::<Bytes>::new();
    out.start(1, 1, 1, 60_000, GFP_ATOMIC).unwrap();
    out.sack(GFP_ATOMIC, cumulative, 100_000, gaps.iter().copied(), [])
        .unwrap();
    flatten(&out)[12..].to_vec()
}

fn forge(net: &mut Net, chunks: &[u8]) {
    let mut bytes = net.header(A);
    bytes.extend(chunks);
    net.forge(A, bytes);
}

/// The first TSN that Z expects of A.
fn next_tsn(net: &Net) -> Tsn {
    // The COOKIE ACK carried none; ask for a SACK with a TSN that is far off.
    let sent = net
        .sent
        .iter()
        .find(|p| p.to == Z && p.has(ChunkType::Init))
        .unwrap();
    sent.with(|pkt| {
        let chunk = pkt.chunks().next().unwrap().unwrap();
        Init::parse(&chunk).unwrap().fixed.initial_tsn
    })
    .unwrap()
}

fn aborted(net: &Net, code: u16) {
    assert_eq!(
        net.hosts[Z].end(),
        Some(Closed::Aborted {
            cause: code,
            setup: false
        })
    );
    let abort = net.last_of(Z);
    assert!(abort.any(|c| c.kind == ChunkType::Abort
        && control::first_cause(c).is_some_and(|cause| cause.code == code)));
}

#[test]
fn acknowledging_what_was_not_sent() {
    for (offset, gaps) in [
        (1, vec![]),
        (1000, vec![]),
        (0x7fff_0000, vec![]),
        (0, vec![GapBlock { start: 2, end: 2 }]),
        (
            0,
            vec![GapBlock {
                start: 1,
                end: 60_000,
            }],
        ),
    ] {
        let mut net = Net::connected(7);
        net.send(Z, 0, b"one");
        let one = tsn_of(net.last_of(Z));
        net.filter(|_| Fate::Lose);
        forge(&mut net, &sack(one.plus(offset), &gaps));
        aborted(&net, cause::PROTOCOL_VIOLATION);
    }
    // In a SHUTDOWN, too.
    let mut net = Net::connected(7);
    net.filter(|_| Fate::Lose);
    forge(&mut net, &[7, 0, 0, 8, 0x7f, 0, 0, 0]);
    let end = net.hosts[Z].end();
    assert!(matches!(end, Some(Closed::Aborted { .. }) | None));
}

fn tsn_of(packet: &Flying) -> Tsn {
    packet
        .with(|pkt| {
            let chunk = pkt
                .chunks()
                .flatten()
                .find(|c| c.kind == ChunkType::Data)
                .unwrap();
            Data::parse(&chunk).unwrap().header.tsn
        })
        .unwrap()
}

/// Old SACKs and SACKs that take everything back.
#[test]
fn strange_sacks_do_no_harm() {
    let mut net = Net::connected(8);
    for i in 0..10 {
        net.send(Z, 0, &pattern(i, 1400));
    }
    let first = tsn_of(
        net.sent
            .iter()
            .find(|p| p.to == A && p.has(ChunkType::Data))
            .unwrap(),
    );
    net.filter(|p| match p.to == Z {
        true => Fate::Lose,
        false => Fate::Pass,
    });
    let none: [GapBlock; 0] = [];
    let gap = |start, end| GapBlock { start, end };
    for _ in 0..20 {
        forge(&mut net, &sack(first.minus(1), &[gap(2, 3)]));
        forge(&mut net, &sack(first.minus(1), &none));
        forge(&mut net, &sack(first.minus(7), &none));
        forge(
            &mut net,
            &sack(first.minus(1), &[gap(3, 3), gap(2, 2), gap(3, 3)]),
        );
        forge(
            &mut net,
            &sack(first.minus(1), &[gap(3, 2), gap(0, 0), gap(0, 3)]),
        );
    }
    assert_eq!(net.hosts[Z].state(), State::Established);
    net.no_filter();
    net.run_until(|net| net.hosts[A].got.len() == 10);
}

#[test]
fn data_without_data() {
    let mut net = Net::connected(9);
    net.filter(|_| Fate::Lose);
    let tsn = next_tsn(&net);
    let mut chunk = data(tsn, 0, 3, b"");
    assert_eq!(chunk.len(), 16);
    chunk[3] = 16;
    forge(&mut net, &chunk);
    aborted(&net, cause::NO_USER_DATA);
    let abort = net.last_of(Z);
    assert!(abort.any(|c| control::first_cause(c).unwrap().value == tsn.0.to_be_bytes()));
}

#[test]
fn data_for_no_stream() {
    let mut net = Net::connected(10);
    net.filter(|_| Fate::Lose);
    let tsn = next_tsn(&net);
    let before = net.sent.len();
    forge(&mut net, &data(tsn, 10, 3, b"where to?"));
    let answers = &net.sent[before..];
    assert!(answers.iter().any(|p| p.any(|c| c.kind == ChunkType::Error
        && control::first_cause(c).is_some_and(
            |c| c.code == cause::INVALID_STREAM_IDENTIFIER && c.value == [0, 10, 0, 0]
        ))));
    // It is acknowledged (6.5).
    assert!(answers.iter().any(|p| p
        .any(|c| c.kind == ChunkType::Sack && Sack::parse(c).unwrap().cumulative_tsn_ack == tsn)));
    assert_eq!(net.hosts[Z].state(), State::Established);
    assert!(net.hosts[Z].got.is_empty());
}

#[test]
fn fragments_that_cannot_be() {
    let mut net = Net::connected(11);
    net.filter(|_| Fate::Lose);
    let tsn = next_tsn(&net);
    forge(&mut net, &data(tsn, 0, 2, b"begin"));
    forge(&mut net, &data(tsn.next(), 1, 0, b"of another stream"));
    aborted(&net, cause::PROTOCOL_VIOLATION);
}

/// 3.2: what the highest bits of an unknown type ask for.
#[test]
fn unknown_chunks() {
    for (kind, goes_on, reports) in [
        (0x3f, false, false),
        (0x7f, false, true),
        (0x80, true, false),
        (0xff, true, true),
    ] {
        let mut net = Net::connected(12);
        net.filter(|_| Fate::Lose);
        let before = net.sent.len();
        let tsn = next_tsn(&net);
        let mut chunks = vec![kind, 7, 0, 6, 1, 2, 0, 0];
        chunks.extend(data(tsn, 0, 3, b"after it"));
        forge(&mut net, &chunks);
        let error = |p: &Flying| {
            p.any(|c| {
                control::first_cause(c).is_some_and(|cause| {
                    c.kind == ChunkType::Error
                        && cause.code == cause::UNRECOGNIZED_CHUNK_TYPE
                        && cause.value == [kind, 7, 0, 6, 1, 2]
                })
            })
        };
        assert_eq!(net.sent[before..].iter().any(error), reports, "{kind:#x}");
        assert_eq!(net.hosts[Z].got.len(), usize::from(goes_on), "{kind:#x}");
    }
}

/// RFC 5062, 8: nothing that comes in makes more go out.
#[test]
fn no_amplification() {
    let unknown: Vec<u8> = (0..300).flat_map(|_| [0xff, 0, 0, 4]).collect();
    let beats: Vec<u8> = (0..100)
        .flat_map(|i| [4, 0, 0, 12, 0, 1, 0, 8, i, 0, 0, 0])
        .collect();
    let mut no_stream = Vec::new();
    let net = Net::connected(13);
    for i in 0..60 {
        no_stream.extend(data(next_tsn(&net).plus(i), 999, 3, b"x"));
    }
    for (name, chunks) in [
        ("unknown", unknown),
        ("heartbeats", beats),
        ("streams", no_stream),
    ] {
        let mut net = Net::connected(13);
        net.filter(|_| Fate::Lose);
        let (packets, bytes) = (net.hosts[Z].packets, net.hosts[Z].bytes);
        forge(&mut net, &chunks);
        let packets = net.hosts[Z].packets - packets;
        let bytes = net.hosts[Z].bytes - bytes;
        // One answer, and the SACK if there was DATA.
        assert!(packets <= 2, "{name}: {packets} packets");
        assert!(
            bytes <= chunks.len() as u64 + 12 + 64,
            "{name}: {bytes} bytes for {}",
            chunks.len()
        );
    }
}

/// 5.2.2: a restart must not bring new addresses (RFC 5062, 4).
#[test]
fn restart_with_new_addresses() {
    let mut net = Net::connected(14);
    let fixed = InitFixed {
        tag: 99,
        a_rwnd: 100_000,
        out_streams: 10,
        in_streams: 10,
        initial_tsn: Tsn(1),
    };
    let more = [address(A, 5), address(A, 6)];
    let params = InitParams {
        addresses: &more,
        ..InitParams::default()
    };
    let mut out = PacketBuilder::<Bytes>::new();
    out.start(PORT[A], PORT[Z], 0, 1400, GFP_ATOMIC).unwrap();
    out.init(GFP_ATOMIC, &fixed, &params).unwrap();
    net.forge(A, flatten(&out));
    let reply = net.last_of(Z).clone();
    assert_eq!(reply.bytes[4..8], 99u32.to_be_bytes());
    assert!(reply.any(|c| {
        c.kind == ChunkType::Abort
            && control::first_cause(c).is_some_and(|cause| {
                cause.code == cause::RESTART_WITH_NEW_ADDRESSES
                    && cause.value == [0, 5, 0, 8, 10, 5, 0, 1, 0, 5, 0, 8, 10, 6, 0, 1]
            })
    }));
    // The association does not care; neither does A, whose tag is not 99.
    net.send(A, 0, b"still here");
    net.run_until(|net| net.hosts[Z].got.len() == 1);
    net.finish(A);
}

/// The peer reneges on what it acknowledged by gap blocks: it is sent again (6.2.1).
#[test]
fn reneging() {
    let mut net = Net::connected(15);
    net.with(Z, |assoc, _| assoc.set_nodelay(true));
    net.filter(|p| match p.to == A && p.has(ChunkType::Data) {
        true => Fate::Lose,
        false => Fate::Pass,
    });
    for i in 0..3 {
        net.send(Z, 0, &pattern(i, 1400));
    }
    let first = tsn_of(
        net.sent
            .iter()
            .find(|p| p.to == A && p.has(ChunkType::Data))
            .unwrap(),
    );
    forge(
        &mut net,
        &sack(first.minus(1), &[GapBlock { start: 2, end: 3 }]),
    );
    forge(&mut net, &sack(first.minus(1), &[]));
    net.no_filter();
    net.run_until(|net| net.hosts[A].got.len() == 3);
    assert!(net.hosts[Z].counter(Counter::T3RtxExpireds) >= 1);
}

/// What holds up all the rest is sent again although the peer's window is closed: it is closed
/// because of that (6.1).
#[test]
fn a_closed_window_takes_what_is_missing() {
    let mut net = Net::connected(18);
    net.with(Z, |assoc, _| assoc.set_nodelay(true));
    net.filter(|_| Fate::Lose);
    // Chunks so small that cwnd lets out many of them.
    for i in 0..8 {
        net.send(Z, 0, &pattern(i, 100));
        net.run_for(ms(1));
    }
    let first = tsn_of(
        net.sent
            .iter()
            .find(|p| p.to == A && p.has(ChunkType::Data))
            .unwrap(),
    );
    let before = net.sent.len();
    for end in [2, 3, 4] {
        let mut bytes = sack(first.minus(1), &[GapBlock { start: 2, end }]);
        bytes[8..12].copy_from_slice(&0u32.to_be_bytes());
        forge(&mut net, &bytes);
    }
    assert_eq!(net.hosts[Z].counter(Counter::FastRetransmits), 1);
    let again: Vec<Tsn> = net.sent[before..]
        .iter()
        .filter(|p| p.to == A && p.has(ChunkType::Data))
        .map(tsn_of)
        .collect();
    assert_eq!(again, [first]);
}

/// What came before an ABORT in its packet is not answered any more.
#[test]
fn nothing_is_answered_after_an_abort() {
    let mut net = Net::connected(19);
    let before = net.hosts[Z].packets;
    forge(&mut net, &[4, 0, 0, 12, 0, 1, 0, 8, 1, 2, 3, 4, 6, 0, 0, 4]);
    assert!(net.hosts[Z].assoc.is_none());
    assert_eq!(net.hosts[Z].packets, before);
}
