// SPDX-License-Identifier: GPL-2.0

//! RFC 9260, 3: what is done about chunks by their shape alone.

use crate::engine::{assoc::State, wire::cause};
use crate::tests::{
    script::*,
    sim::{Seen, A},
};

// 3.2 Chunk types that are not known

/// A type of each class; whether it is reported; whether the rest of the packet is looked at.
const UNKNOWN: [(u8, bool, bool); 4] = [
    (0x3e, false, false),
    (0x7e, true, false),
    (0xbe, false, true),
    (0xfe, true, true),
];

#[test]
fn an_unknown_chunk_is_treated_as_its_number_asks() {
    for (kind, is_reported, goes_on) in UNKNOWN {
        up(|x| {
            x.sends([chunk(kind, 0x55, b"abc"), data(0)]);
            if is_reported {
                let quote = [kind, 0x55, 0, 7, b'a', b'b', b'c'];
                x.expects([error(cause::UNRECOGNIZED_CHUNK_TYPE).info(&quote)]);
            }
            if goes_on {
                x.expects([sack(0)]);
            }
            assert_eq!(x.got().is_empty(), !goes_on);
            x.is_in(State::Established);
        });
    }
}

#[test]
fn what_comes_before_an_unknown_chunk_is_handled() {
    for (kind, ..) in UNKNOWN {
        up(|x| {
            x.sends([data(0), chunk(kind, 0, &[])]);
            assert_eq!(x.got().len(), 1);
            x.ignores_the_rest();
        });
    }
}

#[test]
fn several_unknown_chunks_are_reported_in_one_packet() {
    up(|x| {
        let what = chunk(0xfe, 0, b"what");
        x.sends([what.clone(), what.clone(), what]);
        let report = error(cause::UNRECOGNIZED_CHUNK_TYPE);
        // As many as a packet of this size can take, and one for certain.
        x.expects_first(report);
    });
}

#[test]
fn an_unknown_chunk_during_the_setup_does_not_end_it() {
    for (kind, ..) in UNKNOWN {
        connecting(|x| {
            x.sends([chunk(kind, 0, &[])]);
            x.sends([init_ack()]);
            x.expects([cookie_echo()]);
            x.sends([chunk(kind, 0, &[])]);
            x.ignores_the_rest();
            x.is_in(State::CookieEchoed);
            x.sends([cookie_ack()]);
            x.is_in(State::Established);
        });
    }
}

// 3.2 Lengths, flags, padding

#[test]
fn a_chunk_that_is_not_all_there_is_not_handled() {
    up(|x| {
        let mut bytes = x.packet(x.tag, &[data(0), data(1).ssn(1).len(100)]);
        bytes.truncate(bytes.len() - 4);
        x.injects_on(0, bytes);
        x.expects([sack(0)]);
        assert_eq!(x.got().len(), 1);
    });
}

#[test]
fn a_chunk_shorter_than_its_header_ends_the_packet() {
    for length in 0..4 {
        up(|x| {
            let mut bytes = x.packet(x.tag, &[data(0)]);
            bytes.extend([0xbe, 0, 0, length]);
            bytes.extend(&x.packet(x.tag, &[data(1)])[12..]);
            x.injects_on(0, bytes);
            x.expects([sack(0)]);
            assert_eq!(x.got().len(), 1);
        });
    }
}

#[test]
fn padding_of_any_value_is_skipped() {
    up(|x| {
        let mut bytes = x.packet(x.tag, &[data(0).len(5)]);
        let len = bytes.len();
        bytes[len - 3..].fill(0xff);
        bytes.extend(&x.packet(x.tag, &[data(1).ssn(1)])[12..]);
        x.injects_on(0, bytes);
        x.expects([sack(1)]);
        assert_eq!(x.got(), [&b"zzzzz"[..], b"zzzz"]);
    });
}

#[test]
fn padding_may_be_missing_at_the_end_of_a_packet() {
    up(|x| {
        let mut bytes = x.packet(x.tag, &[data(0).len(5)]);
        bytes.truncate(bytes.len() - 3);
        x.injects_on(0, bytes);
        x.expects([sack(0)]);
    });
}

#[test]
fn flags_without_a_meaning_are_ignored() {
    listening(|x| {
        x.sends([init().flags(0xff)]);
        x.expects([init_ack().flags(0)]);
        x.sends([cookie_echo().flags(0xff)]);
        x.expects([cookie_ack().flags(0)]);
        x.told(&[Seen::Up]);
        x.sends([data(0).flags(0xf3)]);
        x.expects([sack(0).flags(0)]);
        x.user_sends(0, b"x");
        x.expects([data(0)]);
        x.sends([sack(0).flags(0xff)]);
        assert_eq!(x.assoc().unacked_chunks(), 0);
        x.sends([heartbeat().info(b"hello").flags(0xff)]);
        x.expects([heartbeat_ack(b"hello").flags(0)]);
        x.sends([shutdown(0).flags(0xff)]);
        x.expects([shutdown_ack().flags(0)]);
        x.sends([shutdown_complete().flags(0xfe)]);
        assert!(x.host().assoc.is_none());
    });
}

#[test]
fn what_has_ports_0_or_no_chunk_is_no_packet() {
    up(|x| {
        for at in [0, 2] {
            let mut bytes = x.packet(x.tag, &[abort()]);
            bytes[at..at + 2].fill(0);
            x.injects_on(0, bytes);
        }
        let bytes = x.packet(x.tag, &[]);
        x.injects_on(0, bytes);
        x.injects_on(0, vec![0; 11]);
        x.injects_on(0, Vec::new());
        x.is_in(State::Established);
    });
}

// 3.3.4 to 3.3.9 Chunks with too little in them

#[test]
fn chunks_that_lack_what_they_must_have_do_nothing() {
    for kind in 0..=14_u8 {
        for len in 0..16 {
            // How much has to be there; all others may be empty.
            let least = match kind {
                0 | 3 => 12,
                1 | 2 | 10 => 16,
                4 | 5 | 7 => 4,
                _ => 0,
            };
            if len >= least {
                continue;
            }
            up(|x| {
                x.sends([chunk(kind, 0, &vec![0; len])]);
                x.is_in(State::Established);
                x.told(&[]);
            });
        }
    }
}

// 3.3.10 Error causes, as received

/// Each of RFC 9260 and some of RFC 5061, by the code.
#[test]
fn errors_of_the_peer_are_told_to_the_user() {
    up(|x| {
        for code in (1..=13).chain([0xa0, 0xa1, 0xa2, 0xa3, 0xa4]) {
            x.sends([error(code).info(b"what it says")]);
            x.told(&[Seen::RemoteError(code)]);
        }
        x.sends([error(1).cause(6).cause(8), error(13)]);
        x.told(&[1, 6, 8, 13].map(Seen::RemoteError));
        // As many as somebody may want to know of.
        x.sends(vec![error(9); 200]);
        x.told(&[Seen::RemoteError(9); 8]);
    });
}

#[test]
fn no_error_of_the_peer_ends_an_association() {
    for code in (0..=14).chain([99, 0xa0, 0xa4, 0xb0, u16::MAX]) {
        up(|x| {
            for info in [&[][..], &[1], &[0; 4], &[0xff; 40]] {
                x.sends([error(code).info(info)]);
            }
            x.is_in(State::Established);
            x.forget_told();
            x.user_sends(0, b"still there");
            x.expects([data(0)]);
            x.sends([sack(0)]);
        });
    }
    // Nor one that is not well formed.
    up(|x| {
        for bad in [&[0][..], &[0, 1, 0], &[0, 1, 0, 3], &[0, 1, 0, 99, 0]] {
            x.sends([chunk(9, 0, bad)]);
        }
        x.is_in(State::Established);
        assert!(x.net.hosts[A].assoc.is_some());
    });
}
