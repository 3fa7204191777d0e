// SPDX-License-Identifier: GPL-2.0

//! Packets without an association: the rules of RFC 9260, 8.4 one by one, the stateless answer to
//! INIT, and what COOKIE ECHO makes of it.

use proptest::prelude::*;

use kernel::{alloc::flags::GFP_ATOMIC, fault};

use super::{
    support::{cases, hex::hex, payload::Bytes, world::World},
    wire::{
        flatten,
        samples::{self, packet, packet_tag_0},
    },
};
use crate::engine::{
    addr::{Address, Addresses, IpAddr, MAX_ADDRESSES},
    config::Config,
    cookie::{Cookie, TieTags},
    ootb::{self, Answer, Listener, Reflection, Rule, Verdict},
    serial::Tsn,
    stats::{Counter, Reason},
    time::Duration,
    wire::{
        builder::PacketBuilder,
        cause::{self, NewCause},
        chunk::{Chunk, ChunkType},
        control,
        init::Init,
        packet::{Header, Packet},
    },
};

const MTU: usize = 1480;

const PEER: Address = Address::new(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7)));
const HOST: Address = Address::new(IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 7)));

/// What came of a packet.
#[derive(Debug, Eq, PartialEq)]
enum Outcome {
    Drop(Reason),
    Reply(Vec<u8>),
    /// Local and peer tag of the association.
    Accept(u32, u32),
}

impl Outcome {
    fn reply(self) -> Vec<u8> {
        match self {
            Self::Reply(bytes) => bytes,
            other => panic!("no reply: {other:?}"),
        }
    }
}

/// A host that has no association.
struct Host {
    world: World,
    listener: Option<Config>,
    locals: Addresses,
    out: PacketBuilder<Bytes>,
}

impl Host {
    fn listening() -> Self {
        Self {
            world: World::new(7),
            listener: Some(Config::default()),
            locals: Addresses::new(HOST),
            out: PacketBuilder::new(),
        }
    }

    fn deaf() -> Self {
        Self {
            listener: None,
            ..Self::listening()
        }
    }

    fn handle_from(&mut self, bytes: &[u8], src: Address, dst: Address) -> Outcome {
        let buf = Bytes::new(bytes);
        let pkt = match Packet::new(bytes, &buf, src, dst) {
            Ok(pkt) => pkt,
            Err(reason) => return Outcome::Drop(reason),
        };
        let verdict = self.handle_packet(&pkt, MTU);
        match verdict {
            Verdict::Drop(reason) => {
                assert!(self.out.is_empty());
                Outcome::Drop(reason)
            }
            Verdict::Reply => {
                let reply = flatten(&self.out);
                assert!(reply.len() <= MTU);
                let header = Header::parse(&reply).unwrap();
                assert_eq!(header.source_port, pkt.destination_port());
                assert_eq!(header.destination_port, pkt.source_port());
                Outcome::Reply(reply)
            }
            Verdict::Accept(association) => {
                assert_eq!(association.local_port(), pkt.destination_port());
                assert_eq!(association.peer_port(), pkt.source_port());
                Outcome::Accept(association.local_tag(), association.peer_tag())
            }
        }
    }

    fn handle_packet(&mut self, pkt: &Packet<'_, Bytes>, mtu: usize) -> Verdict<Bytes> {
        let listener = self.listener.as_ref().map(|config| Listener {
            config,
            locals: &self.locals,
        });
        let cx = &mut self.world.cx();
        ootb::handle(cx, listener, pkt, mtu, &mut self.out)
    }

    fn handle(&mut self, bytes: &[u8]) -> Outcome {
        self.handle_from(bytes, PEER, HOST)
    }

    fn count(&self, counter: Counter) -> u64 {
        self.world.stats.get(counter)
    }
}

/// Hands the header and the only chunk of a packet to `f`.
fn with_chunk<R>(bytes: &[u8], f: impl FnOnce(&Header, &Chunk<'_>) -> R) -> R {
    let header = Header::parse(bytes).unwrap();
    let buf = Bytes::new(bytes);
    let pkt = Packet::new(bytes, &buf, HOST, PEER).unwrap();
    let mut chunks = pkt.chunks();
    let chunk = chunks.next().unwrap().unwrap();
    assert!(chunks.next().is_none());
    f(&header, &chunk)
}

/// A plain INIT, with these parameters.
fn init(params: &str) -> Vec<u8> {
    let params = hex(params);
    let head = format!(
        "01 00 {:04x} a1a2a3a4 0001a000 000a 0800 b1b2b3b4",
        20 + params.len()
    );
    let mut bytes = packet_tag_0(&[&head]);
    bytes.extend(params);
    bytes
}

/// The COOKIE ECHO that answers an INIT ACK, and what else is in its packet.
fn cookie_echo(init_ack: &[u8], more: &[&str]) -> Vec<u8> {
    with_chunk(init_ack, |header, chunk| {
        assert_eq!(chunk.kind, ChunkType::InitAck);
        let init = Init::parse(chunk).unwrap();
        let mut out = PacketBuilder::<Bytes>::new();
        let tag = init.fixed.tag;
        let (from, to) = (header.destination_port, header.source_port);
        out.start(from, to, tag, MTU, GFP_ATOMIC).unwrap();
        out.cookie_echo(GFP_ATOMIC, init.cookie.unwrap()).unwrap();
        let mut bytes = flatten(&out);
        bytes.extend(hex(&more.join("\n")));
        bytes
    })
}

fn rule_of(bytes: &[u8], src: Address, dst: Address) -> Result<Rule, Reason> {
    ootb::rule(&Packet::new(bytes, &Bytes::new(bytes), src, dst).unwrap())
}

#[test]
fn the_rules_of_8_4_are_applied_in_order() {
    use samples::*;

    let abort = Rule::Reflect(Reflection::Abort);
    let complete = Rule::Reflect(Reflection::ShutdownComplete);
    let error = "09 00 0008 0004 0004";
    let abort_no_t = "06 00 0004";
    for (chunks, expected) in [
        // 2: never answer an ABORT, whatever it comes with.
        (&[ABORT][..], Rule::Discard),
        (&[abort_no_t], Rule::Discard),
        (&[COOKIE_ECHO, abort_no_t], Rule::Discard),
        (&[SHUTDOWN_ACK, abort_no_t], Rule::Discard),
        (&[DATA, ABORT], Rule::Discard),
        // 3 needs the tag 0, see below; with another one it is just a packet.
        (&[INIT], abort),
        // 4: only as the first chunk.
        (&[COOKIE_ECHO], Rule::CookieEcho),
        (&[COOKIE_ECHO, DATA], Rule::CookieEcho),
        (&[COOKIE_ECHO, SHUTDOWN_ACK], Rule::CookieEcho),
        (&[DATA, COOKIE_ECHO], abort),
        // 5
        (&[SHUTDOWN_ACK], complete),
        (&[SACK, SHUTDOWN_ACK], complete),
        (&[SHUTDOWN_ACK, SHUTDOWN_COMPLETE], complete),
        (&[SHUTDOWN_ACK, COOKIE_ACK], complete),
        // 6
        (&[SHUTDOWN_COMPLETE], Rule::Discard),
        (&[DATA, SHUTDOWN_COMPLETE], Rule::Discard),
        // 7
        (&[COOKIE_ACK], Rule::Discard),
        (&[COOKIE_ACK, DATA], Rule::Discard),
        (&[ERROR_STALE_COOKIE], Rule::Discard),
        // 8
        (&[error], abort),
        (&[DATA], abort),
        (&[INIT_ACK], abort),
        (&[SACK], abort),
        (&[HEARTBEAT], abort),
        (&[HEARTBEAT_ACK], abort),
        (&[SHUTDOWN], abort),
        (&[ECNE], abort),
        (&[CWR], abort),
        (&UNKNOWN, abort),
    ] {
        let found = rule_of(&packet(chunks), PEER, HOST);
        assert_eq!(found, Ok(expected), "{chunks:?}");
    }
}

#[test]
fn with_the_tag_0_nothing_but_a_lone_init_is_answered() {
    use samples::*;

    assert_eq!(rule_of(&packet_tag_0(&[INIT]), PEER, HOST), Ok(Rule::Init));
    for chunks in [
        &[DATA][..],
        &[INIT_ACK],
        &[SACK],
        &[HEARTBEAT],
        &[SHUTDOWN],
        &[SHUTDOWN_ACK],
        &[COOKIE_ECHO],
        &[COOKIE_ECHO, INIT],
        &[INIT, DATA],
        &[INIT, INIT],
        &[DATA, INIT],
        &UNKNOWN,
    ] {
        let found = rule_of(&packet_tag_0(chunks), PEER, HOST);
        assert_eq!(found, Ok(Rule::Discard), "{chunks:?}");
    }
}

#[test]
fn nothing_from_or_to_a_non_unicast_address_is_answered() {
    let bad = ["0.0.0.0", "255.255.255.255", "224.0.0.1", "::", "ff02::1"];
    for ip in bad {
        let bad = Address::new(ip.parse().unwrap());
        for bytes in samples::all() {
            assert_eq!(rule_of(&bytes, bad, HOST), Ok(Rule::Discard), "{ip}");
            assert_eq!(rule_of(&bytes, PEER, bad), Ok(Rule::Discard), "{ip}");
        }
    }
}

#[test]
fn a_packet_with_a_malformed_chunk_is_not_answered() {
    for tail in ["ff 00 0003", "ff 00 0009 00000000", "000000"] {
        let bytes = packet(&[samples::DATA, tail]);
        assert_eq!(rule_of(&bytes, PEER, HOST), Err(Reason::Malformed));
        let outcome = Host::listening().handle(&bytes);
        assert_eq!(outcome, Outcome::Drop(Reason::Malformed));
    }
}

#[test]
fn an_abort_reflects_the_tag_and_says_so() {
    let mut host = Host::deaf();
    let reply = host.handle(&packet(&[samples::DATA])).reply();
    assert_eq!(reply, hex("1389 1388 11223344 00000000 06 01 0004"));
    assert_eq!(host.count(Counter::OutOfBlues), 1);
    assert_eq!(host.count(Counter::OutCtrlChunks), 1);
}

#[test]
fn a_shutdown_ack_is_answered_so_that_the_peer_can_close() {
    for mut host in [Host::deaf(), Host::listening()] {
        let reply = host.handle(&packet(&[samples::SHUTDOWN_ACK])).reply();
        assert_eq!(reply, hex("1389 1388 11223344 00000000 0e 01 0004"));
        assert_eq!(host.count(Counter::OutOfBlues), 1);
    }
}

#[test]
fn a_discarded_packet_is_counted() {
    let mut host = Host::listening();
    for chunk in [
        samples::ABORT,
        samples::COOKIE_ACK,
        samples::SHUTDOWN_COMPLETE,
    ] {
        let outcome = host.handle(&packet(&[chunk]));
        assert_eq!(outcome, Outcome::Drop(Reason::OutOfTheBlue));
    }
    assert_eq!(host.count(Counter::OutOfBlues), 3);
    assert_eq!(host.count(Counter::OutCtrlChunks), 0);
}

#[test]
fn an_init_that_nobody_waits_for_is_aborted_under_its_own_tag() {
    let reply = Host::deaf().handle(&init("")).reply();
    assert_eq!(reply, hex("1389 1388 a1a2a3a4 00000000 06 00 0004"));
}

#[test]
fn a_cookie_that_nobody_waits_for_is_aborted() {
    let reply = Host::deaf()
        .handle(&packet(&[samples::COOKIE_ECHO]))
        .reply();
    assert_eq!(reply, hex("1389 1388 11223344 00000000 06 01 0004"));
}

#[test]
fn an_init_that_asks_for_the_impossible_is_refused() {
    let refusal = |fixed: &str, params: &str| {
        let params = hex(params);
        let head = format!("01 00 {:04x} {fixed}", 20 + params.len());
        let mut bytes = packet_tag_0(&[&head]);
        bytes.extend(params);
        for mut host in [Host::deaf(), Host::listening()] {
            let reply = host.handle(&bytes).reply();
            assert!(reply.len() <= bytes.len());
            with_chunk(&reply, |header, chunk| {
                assert_eq!(header.verification_tag, 0x0101_0101);
                assert_eq!(chunk.kind, ChunkType::Abort);
                assert!(!chunk.is_reflected());
            });
        }
        let reply = Host::listening().handle(&bytes).reply();
        with_chunk(&reply, |_, chunk| {
            let cause = control::first_cause(chunk).unwrap();
            (cause.code, cause.value.to_vec())
        })
    };
    let mandatory = (cause::INVALID_MANDATORY_PARAMETER, vec![]);
    // No stream out, no stream in, hardly a window.
    assert_eq!(
        refusal("01010101 000005dc 0000 0001 00000000", ""),
        mandatory
    );
    assert_eq!(
        refusal("01010101 000005dc 0001 0000 00000000", ""),
        mandatory
    );
    assert_eq!(
        refusal("01010101 000005db 0001 0001 00000000", ""),
        mandatory
    );
    let name = "000b 0008 61000000";
    assert_eq!(
        refusal("01010101 000005dc 0001 0001 00000000", name),
        (cause::UNRESOLVABLE_ADDRESS, hex(name))
    );
}

#[test]
fn a_refusal_is_no_longer_than_what_it_refuses() {
    let mut host = Host::listening();
    let bytes = init("");
    let buf = Bytes::new(&bytes);
    let pkt = Packet::new(&bytes, &buf, PEER, HOST).unwrap();
    let init = ootb::lone_init(&pkt).unwrap();
    let mut out = PacketBuilder::new();
    for cause in [
        NewCause::ProtocolViolation(&[b'x'; 1000]),
        NewCause::RestartWithNewAddresses(&[0; 300]),
        NewCause::OutOfResource,
    ] {
        let cx = &mut host.world.cx();
        ootb::refuse_init(cx, &pkt, &init, &[cause], MTU, &mut out).unwrap();
        let reply = flatten(&out);
        assert!(reply.len() <= bytes.len());
        with_chunk(&reply, |header, chunk| {
            assert_eq!(header.verification_tag, 0xa1a2_a3a4);
            assert_eq!(chunk.kind, ChunkType::Abort);
            assert_eq!(control::first_cause(chunk).unwrap().code, cause.code());
        });
    }
}

#[test]
fn an_init_without_a_tag_is_not_answered() {
    let mut bytes = init("");
    bytes[16..20].fill(0);
    for mut host in [Host::deaf(), Host::listening()] {
        assert_eq!(host.handle(&bytes), Outcome::Drop(Reason::Malformed));
    }
}

#[test]
fn a_malformed_init_is_not_answered() {
    for params in ["0005 0007 c00002 00", "c123 0003", "c123 0009 00000000"] {
        let outcome = Host::listening().handle(&init(params));
        assert_eq!(outcome, Outcome::Drop(Reason::Malformed));
    }
    // Too short for the fixed part.
    let bytes = packet_tag_0(&["01 00 0010 a1a2a3a4 0001a000 000a 0800"]);
    let outcome = Host::listening().handle(&bytes);
    assert_eq!(outcome, Outcome::Drop(Reason::Malformed));
}

#[test]
fn an_init_is_answered_with_a_cookie() {
    let mut host = Host::listening();
    let reply = host.handle(&init("")).reply();
    let config = Config::default();
    with_chunk(&reply, |header, chunk| {
        assert_eq!(header.verification_tag, 0xa1a2_a3a4);
        assert_eq!(chunk.kind, ChunkType::InitAck);
        let init = Init::parse(chunk).unwrap();
        assert_ne!(init.fixed.tag, 0);
        assert_eq!(init.fixed.a_rwnd, ootb::initial_a_rwnd(&config));
        assert_eq!(init.fixed.out_streams, 10);
        assert_eq!(init.fixed.in_streams, u16::MAX);
        assert!(init.cookie.is_some());
        assert_eq!(init.addresses(HOST).count(), 0, "RFC 5062, 9");
        assert_eq!(init.unrecognized().count(), 0);
    });
    assert_eq!(host.count(Counter::OutOfBlues), 0);
    assert_eq!(host.count(Counter::InCtrlChunks), 1);
    assert_eq!(host.count(Counter::OutCtrlChunks), 1);
}

#[test]
fn no_more_streams_are_announced_than_the_peer_can_take() {
    let bytes = packet_tag_0(&["01 00 0014 a1a2a3a4 0001a000 0014 0003 b1b2b3b4"]);
    let reply = Host::listening().handle(&bytes).reply();
    with_chunk(&reply, |_, chunk| {
        assert_eq!(Init::parse(chunk).unwrap().fixed.out_streams, 3);
    });
}

#[test]
fn each_init_gets_another_tag_and_tsn() {
    let mut host = Host::listening();
    let mut seen = std::collections::HashSet::new();
    for _ in 0..100 {
        let reply = host.handle(&init("")).reply();
        with_chunk(&reply, |_, chunk| {
            let fixed = Init::parse(chunk).unwrap().fixed;
            assert!(seen.insert(fixed.tag));
            assert!(seen.insert(fixed.initial_tsn.0));
        });
    }
}

#[test]
fn an_init_leaves_nothing_behind() {
    let mut host = Host::listening();
    host.handle(&init("")).reply();
    let live = (fault::live(), fault::live_bytes());
    for _ in 0..1000 {
        host.handle(&packet_tag_0(&[samples::INIT])).reply();
    }
    assert_eq!((fault::live(), fault::live_bytes()), live);
}

#[test]
fn an_init_ack_is_small_whatever_the_init_asks_it_to_report() {
    let mut host = Host::listening();
    assert_eq!(host.handle(&init("")).reply().len(), 136);
    for n in [1, 10, 100, 300] {
        let bytes = init(&"c123 0004".repeat(n));
        let reply = host.handle(&bytes).reply();
        assert!(reply.len() <= 136 + bytes.len(), "{}", reply.len());
        let reported = with_chunk(&reply, |_, chunk| {
            assert!(Init::parse(chunk).is_ok());
            (chunk.raw.len() - 124) / 8
        });
        assert!(reported >= n / 2 && reported <= n);
    }
    // Addresses make the cookie longer, but only so many of them.
    let many: String = (0..60)
        .map(|n| format!("0005 0008 c63364{n:02x}"))
        .collect();
    let reply = host.handle(&init(&many)).reply();
    assert_eq!(reply.len(), 136 + 7 * 5 + 1);
}

/// A host with as many addresses as count, and one more.
fn multihomed() -> Host {
    let mut host = Host::listening();
    for n in 1..=MAX_ADDRESSES {
        let ip = if n % 2 == 0 {
            IpAddr::from([203, 0, 113, n as u8])
        } else {
            format!("2001:db8::{n}").parse().unwrap()
        };
        host.locals.insert(Address::new(ip));
    }
    host
}

#[test]
fn an_init_ack_lists_what_the_peer_can_use() {
    let mut host = multihomed();
    let locals = host.locals;
    for (params, v4, v6) in [
        ("", true, true),
        ("000c 0008 0005 0006", true, true),
        ("000c 0006 0005 0000", true, false),
        // By IPv4 it has come.
        ("000c 0006 0006 0000", true, true),
        ("000c 0004", true, false),
    ] {
        let reply = host.handle(&init(params)).reply();
        let listed: Vec<_> = with_chunk(&reply, |_, chunk| {
            Init::parse(chunk).unwrap().addresses(HOST).collect()
        });
        let is_usable = |a: &&Address| if a.ip.is_ipv4() { v4 } else { v6 };
        let expected = locals.as_slice().iter().filter(is_usable);
        assert_eq!(listed, expected.copied().collect::<Vec<_>>(), "{params}");
    }
}

/// RFC 5062, 9: what a sender of INITs can do to a victim is bounded, whatever it puts into them.
#[test]
fn our_addresses_make_an_init_ack_longer_by_no_more_than_is_said() {
    let mut host = multihomed();
    host.locals = Addresses::new(HOST);
    let short = host.handle(&init("")).reply().len();
    let mut v6 = Addresses::new(HOST);
    for n in 1..100 {
        v6.insert(Address::new(format!("2001:db8::{n}").parse().unwrap()));
    }
    host.locals = v6;
    let long = host.handle(&init("")).reply().len();
    assert_eq!(long - short, 8 + 20 * (MAX_ADDRESSES - 1));
    assert!(long - short <= 160);
}

#[test]
fn an_unknown_parameter_is_reported_as_its_number_asks() {
    let reply = Host::listening()
        .handle(&packet_tag_0(&[samples::INIT]))
        .reply();
    let tail = hex("0008 0009 c1230005 aa000000 0008 000c 40010008 deadbeef");
    assert!(reply.ends_with(&tail), "and nothing else is");
}

#[test]
fn the_cookie_makes_an_association() {
    let mut host = Host::listening();
    let init_ack = host.handle(&init("")).reply();
    let tag = with_chunk(&init_ack, |_, chunk| Init::parse(chunk).unwrap().fixed.tag);
    let outcome = host.handle(&cookie_echo(&init_ack, &[]));
    assert_eq!(outcome, Outcome::Accept(tag, 0xa1a2_a3a4));
}

#[test]
fn the_cookie_says_what_both_sides_said() {
    let mut host = Host::listening();
    let init_ack = host
        .handle(&init(
            "0005 0008 c6336401 0009 0008 00001388 8000 0004 c000 0004 c006 0008 00000000",
        ))
        .reply();
    let ours = with_chunk(&init_ack, |_, chunk| Init::parse(chunk).unwrap().fixed);
    let bytes = cookie_echo(&init_ack, &[]);
    let buf = Bytes::new(&bytes);
    let pkt = Packet::new(&bytes, &buf, PEER, HOST).unwrap();
    let chunk = pkt.chunks().next().unwrap().unwrap();
    let now = host.world.now;
    let opened = Cookie::open(&host.world.cx(), chunk.value, &pkt, &host.locals).unwrap();
    let cookie = opened.fresh(now).unwrap();
    assert_eq!(cookie.made, now);
    assert_eq!(cookie.lifetime, Duration::from_secs(65));
    assert_eq!(cookie.local_tag, ours.tag);
    assert_eq!(cookie.local_initial_tsn, ours.initial_tsn);
    assert_eq!(cookie.peer_tag, 0xa1a2_a3a4);
    assert_eq!(cookie.peer_initial_tsn, Tsn(0xb1b2_b3b4));
    assert_eq!(cookie.peer_rwnd, 0x0001_a000);
    assert_eq!(cookie.out_streams, 10, "ours; the peer takes 2048");
    assert_eq!(cookie.in_streams, 10, "the peer's; we take more");
    assert_eq!(cookie.tie_tags, TieTags::NONE);
    assert_eq!((cookie.local_port, cookie.peer_port), (5001, 5000));
    assert_eq!(cookie.local, HOST);
    let other = Address::new(IpAddr::from([198, 51, 100, 1]));
    assert_eq!(cookie.peers.as_slice(), [PEER, other]);
    assert!(cookie.is_ecn_capable);
    assert!(cookie.is_forward_tsn_supported);
    assert_eq!(cookie.adaptation_code_point, Some(0));
}

#[test]
fn a_stale_cookie_is_answered_with_how_stale_it_is() {
    let mut host = Host::listening();
    let init_ack = host.handle(&init("")).reply();
    host.world.advance(Duration::from_millis(60_123));
    let reply = host.handle(&cookie_echo(&init_ack, &[])).reply();
    with_chunk(&reply, |header, chunk| {
        assert_eq!(header.verification_tag, 0xa1a2_a3a4);
        assert_eq!(chunk.kind, ChunkType::Error);
        let cause = control::first_cause(chunk).unwrap();
        assert_eq!(cause.staleness(), Some(123_000));
    });
}

#[test]
fn a_cookie_that_is_not_ours_is_not_answered() {
    let mut host = Host::listening();
    let outcome = host.handle(&packet(&[samples::COOKIE_ECHO]));
    assert_eq!(outcome, Outcome::Drop(Reason::BadCookie));

    let init_ack = host.handle(&init("")).reply();
    let good = cookie_echo(&init_ack, &[]);
    let mut other_tag = good.clone();
    other_tag[7] ^= 1;
    let outcome = host.handle(&other_tag);
    assert_eq!(outcome, Outcome::Drop(Reason::BadTag));
    for port in [1, 3] {
        let mut other_port = good.clone();
        other_port[port] ^= 1;
        let outcome = host.handle(&other_port);
        assert_eq!(outcome, Outcome::Drop(Reason::BadCookie));
    }
    let elsewhere = Address::new(IpAddr::from([192, 0, 2, 8]));
    for (src, dst) in [(elsewhere, HOST), (PEER, elsewhere)] {
        let outcome = host.handle_from(&good, src, dst);
        assert_eq!(outcome, Outcome::Drop(Reason::BadCookie));
    }
    assert!(matches!(host.handle(&good), Outcome::Accept(..)));
}

#[test]
fn an_init_ack_for_an_existing_association_carries_its_tag_and_its_nonce() {
    let mut host = Host::listening();
    let bytes = init("");
    let buf = Bytes::new(&bytes);
    let pkt = Packet::new(&bytes, &buf, PEER, HOST).unwrap();
    let init = ootb::lone_init(&pkt).unwrap();
    let config = Config::default();
    let answer = Answer {
        tag: 0x7071_7273,
        initial_tsn: Tsn(0x7475_7677),
        tie_tags: TieTags::random(&mut host.world.rng),
    };
    let mut out = PacketBuilder::new();
    let listener = Listener {
        config: &config,
        locals: &host.locals,
    };
    ootb::init_ack(
        &mut host.world.cx(),
        listener,
        &pkt,
        &init,
        &answer,
        MTU,
        &mut out,
    )
    .unwrap();
    let init_ack = flatten(&out);
    let echo = cookie_echo(&init_ack, &[]);
    let buf = Bytes::new(&echo);
    let pkt = Packet::new(&echo, &buf, PEER, HOST).unwrap();
    assert_eq!(pkt.verification_tag(), answer.tag);
    let chunk = pkt.chunks().next().unwrap().unwrap();
    let opened = Cookie::open(&host.world.cx(), chunk.value, &pkt, &host.locals).unwrap();
    assert_eq!(opened.whatever_age().local_tag, answer.tag);
    assert_eq!(opened.whatever_age().local_initial_tsn, answer.initial_tsn);
    assert_eq!(opened.whatever_age().tie_tags, answer.tie_tags);
}

#[test]
fn a_lone_init_is_alone_and_has_no_tag() {
    let lone = |bytes: &[u8]| {
        let buf = Bytes::new(bytes);
        let pkt = Packet::new(bytes, &buf, PEER, HOST).unwrap();
        ootb::lone_init(&pkt).map(|init| init.fixed.tag)
    };
    assert_eq!(lone(&packet_tag_0(&[samples::INIT])), Ok(0xa1a2_a3a4));
    assert_eq!(lone(&packet(&[samples::INIT])), Err(Reason::BadTag));
    let bundled = packet_tag_0(&[samples::INIT, samples::DATA]);
    assert_eq!(lone(&bundled), Err(Reason::Unexpected));
    let bundled = packet_tag_0(&[samples::DATA, samples::INIT]);
    assert_eq!(lone(&bundled), Err(Reason::Unexpected));
}

#[test]
fn when_memory_runs_out_there_is_no_answer_and_nothing_leaks() {
    for bytes in [init("c123 0004"), packet(&[samples::DATA])] {
        let mut n = 1;
        loop {
            let mut host = Host::listening();
            let live = fault::live();
            let plan = fault::fail_nth(n);
            let outcome = host.handle(&bytes);
            if !plan.has_failed() {
                outcome.reply();
                break;
            }
            assert_eq!(outcome, Outcome::Drop(Reason::NoMemory));
            host.out = PacketBuilder::new();
            assert_eq!(fault::live(), live);
            n += 1;
        }
        assert!(n > 1, "an allocation was made to fail");
    }
}

#[test]
fn when_memory_runs_out_a_cookie_makes_nothing_and_can_come_again() {
    let mut host = Host::listening();
    let init_ack = host.handle(&init("0005 0008 c6336401")).reply();
    let data = samples::DATA.replace("fffffffe", "b1b2b3b4");
    let echo = cookie_echo(&init_ack, &[&data]);
    let live = fault::live();
    for n in 1.. {
        let plan = fault::fail_nth(n);
        let outcome = host.handle(&echo);
        let has_failed = plan.has_failed();
        drop(plan);
        assert_eq!(fault::live(), live);
        // Memory that is lacking for the DATA alone does not prevent the association.
        let is_accepted = matches!(outcome, Outcome::Accept(..));
        assert!(is_accepted || outcome == Outcome::Drop(Reason::NoMemory));
        if !has_failed {
            assert!(is_accepted);
            assert!(n > 1, "an allocation was made to fail");
            break;
        }
        assert!(matches!(host.handle(&echo), Outcome::Accept(..)));
    }
}

#[test]
fn a_packet_without_room_for_the_answer_is_not_answered() {
    let mut host = Host::listening();
    let bytes = init("");
    let buf = Bytes::new(&bytes);
    let pkt = Packet::new(&bytes, &buf, PEER, HOST).unwrap();
    for mtu in 0..132 {
        let verdict = host.handle_packet(&pkt, mtu);
        assert!(matches!(verdict, Verdict::Drop(Reason::Unexpected)));
    }
}

/// A packet of random chunks out of the samples, possibly damaged.
fn some_packet() -> impl Strategy<Value = Vec<u8>> {
    let chunk = prop_oneof![
        Just(samples::DATA),
        Just(samples::INIT),
        Just(samples::INIT_ACK),
        Just(samples::SACK),
        Just(samples::HEARTBEAT),
        Just(samples::ABORT),
        Just(samples::SHUTDOWN),
        Just(samples::SHUTDOWN_ACK),
        Just(samples::ERROR_STALE_COOKIE),
        Just(samples::COOKIE_ECHO),
        Just(samples::COOKIE_ACK),
        Just(samples::SHUTDOWN_COMPLETE),
        Just(samples::UNKNOWN[0]),
        Just(samples::UNKNOWN[1]),
        Just(samples::UNKNOWN[2]),
        Just(samples::UNKNOWN[3]),
    ];
    let damage = prop::option::of((any::<prop::sample::Index>(), any::<u8>()));
    let chunks = prop::collection::vec(chunk, 1..4);
    (any::<bool>(), chunks, damage).prop_map(|(tag_0, chunks, damage)| {
        let mut bytes = if tag_0 {
            packet_tag_0(&chunks)
        } else {
            packet(&chunks)
        };
        if let Some((at, with)) = damage {
            let at = at.index(bytes.len());
            bytes[at] = with;
        }
        bytes
    })
}

proptest! {
    #![proptest_config(cases(4096))]

    #[test]
    fn two_hosts_without_associations_fall_silent(bytes in some_packet(), listens in any::<bool>()) {
        let mut hosts = [Host::listening(), Host::deaf()];
        if listens {
            hosts[1] = Host::listening();
        }
        let mut bytes = bytes;
        for hop in 0.. {
            assert!(hop < 3, "answers to answers to answers");
            let (src, dst) = if hop % 2 == 0 { (PEER, HOST) } else { (HOST, PEER) };
            match hosts[hop % 2].handle_from(&bytes, src, dst) {
                Outcome::Drop(_) => break,
                Outcome::Reply(reply) => bytes = reply,
                Outcome::Accept(..) => panic!("nobody made a cookie"),
            }
        }
    }

    #[test]
    fn only_an_init_is_answered_with_more_than_it_took(bytes in some_packet()) {
        if let Outcome::Reply(reply) = Host::listening().handle(&bytes) {
            let is_init_ack = reply[12] == ChunkType::InitAck.to_u8();
            assert!(reply.len() <= bytes.len() || is_init_ack);
            assert!(reply.len() <= bytes.len() + 140);
        }
    }
}
