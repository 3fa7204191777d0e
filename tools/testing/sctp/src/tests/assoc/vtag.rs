// SPDX-License-Identifier: GPL-2.0

//! Verification tags: RFC 9260, 8.5, as a table of (chunk, tag, T bit) in each state, and the
//! shape of CVE-2021-3772: whoever does not know the tags changes nothing.

use crate::engine::{assoc::State, event::Closed, time::Duration, wire::chunk::ChunkType};
use crate::tests::sim::{Fate, Net, A, Z};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Tag {
    /// The one that Z has given to A.
    Right,
    /// The one that A has given to Z: what Z puts into its packets.
    Reflected,
    Zero,
    Other,
}

const TAGS: [Tag; 4] = [Tag::Right, Tag::Reflected, Tag::Zero, Tag::Other];

const KINDS: [u8; 18] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 0x84, 0x3f, 0xc0, 0xc1,
];

/// A chunk that would have an effect if it were let in.
fn chunk(kind: u8, flags: u8, net: &Net) -> Vec<u8> {
    let assoc = net.hosts[Z].assoc();
    let mut value: Vec<u8> = Vec::new();
    match ChunkType::from_u8(kind) {
        ChunkType::Data => {
            // Some TSN; it is far from what is expected, so never delivered.
            value.extend([0; 12]);
            value.extend(b"data");
        }
        ChunkType::Init | ChunkType::InitAck => {
            value.extend(0x0101_0101_u32.to_be_bytes());
            value.extend([0, 1, 0, 0, 0, 5, 0, 5, 0, 0, 0, 1]);
            if kind == 2 {
                value.extend([0, 7, 0, 8, 1, 2, 3, 4]);
            }
        }
        // Acknowledges what was never sent.
        ChunkType::Sack => value.extend([0x70, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0]),
        ChunkType::Heartbeat | ChunkType::HeartbeatAck => {
            value.extend([0, 1, 0, 16]);
            value.extend([0; 12]);
        }
        ChunkType::Shutdown => value.extend(assoc.local_tag().to_be_bytes()),
        ChunkType::CookieEcho => value.extend([0; 120]),
        ChunkType::ForwardTsn => value.extend([0; 4]),
        ChunkType::Error => value.extend([0, 3, 0, 8, 0, 0, 0, 0]),
        ChunkType::Abort
        | ChunkType::ShutdownAck
        | ChunkType::CookieAck
        | ChunkType::Ecne
        | ChunkType::Cwr
        | ChunkType::Pad
        | ChunkType::ShutdownComplete
        | ChunkType::Unrecognized(_) => {}
    }
    let mut bytes = vec![kind, flags];
    bytes.extend((4 + value.len() as u16).to_be_bytes());
    bytes.extend(value);
    bytes
}

/// Z in a state, with A's part held back.
fn net_in(state: State) -> Net {
    let mut net = Net::new(1);
    match state {
        State::CookieWait => {
            net.filter(|_| Fate::Lose);
            net.connect(Z);
        }
        State::CookieEchoed => {
            net.hosts[A].listens = true;
            net.filter(|p| match p.has(ChunkType::CookieEcho) {
                true => Fate::Lose,
                false => Fate::Pass,
            });
            net.connect(Z);
            net.settle();
        }
        State::Established => net.open(),
        State::ShutdownPending => {
            net.open();
            net.filter(|_| Fate::Lose);
            net.send(Z, 0, b"x");
            net.shutdown(Z);
        }
        State::ShutdownSent => {
            net.open();
            net.filter(|_| Fate::Lose);
            net.shutdown(Z);
        }
        State::ShutdownReceived => {
            net.open();
            net.filter(|p| match p.to == Z {
                true => Fate::Pass,
                false => Fate::Lose,
            });
            net.send(Z, 0, b"x");
            net.shutdown(A);
            net.settle();
        }
        State::ShutdownAckSent => {
            net.open();
            net.filter(|p| match p.to == Z {
                true => Fate::Pass,
                false => Fate::Lose,
            });
            net.shutdown(A);
            net.settle();
        }
        State::Closed => {}
    }
    net.filter(|_| Fate::Lose);
    assert_eq!(net.hosts[Z].state(), state);
    net
}

const STATES: [State; 7] = [
    State::CookieWait,
    State::CookieEchoed,
    State::Established,
    State::ShutdownPending,
    State::ShutdownSent,
    State::ShutdownReceived,
    State::ShutdownAckSent,
];

/// Whether a tag lets a chunk in, by the text of 8.5.1.
fn is_valid(kind: ChunkType, reflected: bool, tag: Tag, state: State) -> bool {
    match kind {
        // A: only 0, and then the tag inside counts.
        ChunkType::Init => tag == Tag::Zero,
        // B, C
        ChunkType::Abort | ChunkType::ShutdownComplete => {
            if reflected {
                // In COOKIE-WAIT there is no peer's tag yet.
                tag == Tag::Reflected && state != State::CookieWait
            } else {
                tag == Tag::Right
            }
        }
        // D: the cookie decides, and this one is no good.
        ChunkType::CookieEcho => false,
        ChunkType::Data
        | ChunkType::InitAck
        | ChunkType::Sack
        | ChunkType::Heartbeat
        | ChunkType::HeartbeatAck
        | ChunkType::Shutdown
        | ChunkType::ShutdownAck
        | ChunkType::Error
        | ChunkType::CookieAck
        | ChunkType::Ecne
        | ChunkType::Cwr
        | ChunkType::Pad
        | ChunkType::ForwardTsn
        | ChunkType::Unrecognized(_) => tag == Tag::Right,
    }
}

#[test]
fn only_the_right_tag_has_an_effect() {
    for state in STATES {
        for kind in KINDS {
            for flags in [0, 1] {
                for tag in TAGS {
                    if tag == Tag::Reflected && state == State::CookieWait {
                        // There is none yet.
                        continue;
                    }
                    let mut net = net_in(state);
                    let assoc = net.hosts[Z].assoc();
                    let number = match tag {
                        Tag::Right => assoc.local_tag(),
                        Tag::Reflected => assoc.peer_tag(),
                        Tag::Zero => 0,
                        Tag::Other => assoc.local_tag() ^ 1,
                    };
                    let mut bytes = net.header_with_tag(A, number);
                    bytes.extend(chunk(kind, flags, &net));
                    let packets = net.hosts[Z].packets;
                    let timeout = assoc.poll_timeout();
                    net.hosts[Z].refused.clear();
                    net.forge(A, bytes);

                    let kind = ChunkType::from_u8(kind);
                    let what = format!("{kind:?} flags {flags} {tag:?} in {state:?}");
                    let reflected = flags == 1;
                    if is_valid(kind, reflected, tag, state) {
                        match kind {
                            ChunkType::Abort => assert!(net.hosts[Z].end().is_some(), "{what}"),
                            ChunkType::Heartbeat if state != State::CookieWait => {
                                assert_eq!(net.hosts[Z].packets, packets + 1, "{what}");
                            }
                            _ => {}
                        }
                        continue;
                    }
                    let is_reflex = kind == ChunkType::ShutdownAck && state.is_setup();
                    if !is_reflex {
                        assert_eq!(net.hosts[Z].packets, packets, "{what}: an answer");
                        assert_eq!(net.hosts[Z].refused.len(), 1, "{what}: not refused");
                    }
                    assert_eq!(net.hosts[Z].state(), state, "{what}");
                    assert_eq!(net.hosts[Z].assoc().poll_timeout(), timeout, "{what}");
                    assert!(net.hosts[Z].end().is_none(), "{what}");
                }
            }
        }
    }
}

/// A SHUTDOWN COMPLETE ends only what waits for one.
#[test]
fn shutdown_complete_in_each_state() {
    for state in STATES {
        for (flags, reflected) in [(0, false), (1, true)] {
            let mut net = net_in(state);
            let assoc = net.hosts[Z].assoc();
            let tag = if reflected {
                assoc.peer_tag()
            } else {
                assoc.local_tag()
            };
            let mut bytes = net.header_with_tag(A, tag);
            bytes.extend([14, flags, 0, 4]);
            net.forge(A, bytes);
            let ended = net.hosts[Z].end() == Some(Closed::Shutdown);
            assert_eq!(ended, state == State::ShutdownAckSent);
        }
    }
}

/// A wrong INIT ACK, COOKIE ECHO or ABORT in the middle does not keep the handshake from ending
/// well.
#[test]
fn blind_attacks_on_the_handshake() {
    for after in [0, 5, 15, 25, 35] {
        for kind in KINDS {
            for guess in [0, 1, 0xffff_ffff] {
                let mut net = Net::new(3);
                net.hosts[Z].listens = true;
                net.connect(A);
                net.run_for(Duration::from_millis(after));
                for (from, to) in [(Z, A), (A, Z)] {
                    if net.hosts[to].assoc.is_none() {
                        continue;
                    }
                    for flags in [0, 1] {
                        let mut bytes = net.header_with_tag(from, guess);
                        bytes.extend([kind, flags, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
                        net.forge(from, bytes);
                    }
                }
                net.run_until(|net| net.hosts.iter().all(|h| h.state() == State::Established));
            }
        }
    }
}
