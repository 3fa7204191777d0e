// SPDX-License-Identifier: GPL-2.0

//! RFC 9260, 5: setting up an association.

use crate::engine::{
    assoc::{SendError, State},
    event::Closed,
    path::PathState,
    time::Duration,
    wire::cause,
};
use crate::tests::{
    script::*,
    sim::{address, Flying, Seen, A, Z},
};

const STALE: u16 = cause::STALE_COOKIE;

fn aborted(cause: u16) -> Closed {
    Closed::Aborted { cause, setup: true }
}

fn tag_of(packet: &Flying) -> u32 {
    packet.with(|pkt| pkt.verification_tag()).unwrap()
}

/// The address `n` of the peer as a parameter.
fn address_param(n: u8) -> Vec<u8> {
    vec![0, 5, 0, 8, 10, n, 0, 2]
}

// 5.1 Normal establishment

#[test]
fn four_packets_make_an_association() {
    connecting(|x| {
        x.is_in(State::CookieWait);
        x.sends([init_ack()]);
        let echo = x.expects([cookie_echo()]);
        assert!(echo.any(|c| c.value == b"a cookie of the peer"));
        assert_eq!(tag_of(&echo), x.peer_tag);
        x.is_in(State::CookieEchoed);
        x.told(&[]);
        x.sends([cookie_ack()]);
        x.is_in(State::Established);
        x.told(&[Seen::Up]);
        x.after(29_000);
    });
}

#[test]
fn an_init_is_answered_under_its_tag_and_nothing_is_kept() {
    listening(|x| {
        x.sends([init().tag(0x1234_5678)]);
        let answer = x.expects([init_ack()]);
        assert_eq!(tag_of(&answer), 0x1234_5678);
        assert_ne!(x.tag, 0);
        assert!(x.host().assoc.is_none());
    });
}

#[test]
fn an_init_is_answered_where_it_came_from() {
    listening(|x| {
        x.net.hosts[A].addresses.push(address(A, 1));
        x.sends_on(1, [init()]);
        let answer = x.expects_on(1, [init_ack()]);
        assert_eq!(answer.src, address(A, 1));
    });
}

#[test]
fn a_cookie_that_comes_back_makes_an_association() {
    listening(|x| {
        x.sends([init()]);
        x.expects([init_ack()]);
        x.sends([cookie_echo()]);
        let ack = x.expects([cookie_ack()]);
        assert_eq!(tag_of(&ack), x.peer_tag);
        x.is_in(State::Established);
        x.told(&[Seen::Up]);
    });
}

#[test]
fn data_may_go_with_the_cookie_echo_but_not_before() {
    connecting(|x| {
        x.user_sends(0, b"one");
        x.user_sends(0, b"two");
        x.after(500);
        x.sends([init_ack()]);
        x.expects([
            cookie_echo(),
            data(0).payload(b"one"),
            data(1).payload(b"two"),
        ]);
        // Nothing more until the peer has agreed.
        x.user_sends(0, b"three");
        x.sends([cookie_ack(), sack(1)]);
        x.expects([data(2).payload(b"three")]);
        x.sends([sack(2)]);
    });
}

#[test]
fn data_that_comes_with_the_cookie_echo_is_acknowledged_with_the_cookie_ack() {
    listening(|x| {
        x.sends([init()]);
        x.expects([init_ack()]);
        x.sends([cookie_echo(), data(0).payload(b"early")]);
        x.expects([cookie_ack(), sack(0)]);
        assert_eq!(x.got(), [b"early"]);
    });
}

#[test]
fn data_that_comes_with_the_cookie_ack_is_taken() {
    connecting(|x| {
        x.sends([init_ack()]);
        x.expects([cookie_echo()]);
        x.sends([cookie_ack(), data(0)]);
        x.expects([sack(0)]);
        x.told(&[Seen::Up]);
    });
}

#[test]
fn data_before_the_cookie_ack_is_dropped() {
    connecting(|x| {
        x.sends([init_ack()]);
        x.expects([cookie_echo()]);
        x.sends([data(0)]);
        x.is_in(State::CookieEchoed);
        x.sends([cookie_ack()]);
        assert!(x.got().is_empty());
        x.sends([data(0)]);
        x.expects([sack(0)]);
    });
}

#[test]
fn a_wrong_tag_does_not_answer_an_init() {
    connecting(|x| {
        for tag in [0, x.peer_tag, x.tag ^ 1] {
            x.sends_under(tag, [init_ack()]);
            x.is_in(State::CookieWait);
        }
        x.complete();
    });
}

#[test]
fn an_abort_ends_the_setup() {
    connecting(|x| {
        x.sends([abort().cause(cause::OUT_OF_RESOURCE)]);
        let cause = cause::OUT_OF_RESOURCE;
        x.ended(Closed::PeerAborted { cause, setup: true });
    });
}

// 3.3.2, 3.3.3 What an INIT or INIT ACK must not say

#[test]
fn an_init_ack_without_a_cookie_ends_the_setup() {
    connecting(|x| {
        x.sends([init_ack().no_cookie()]);
        let missing = [0, 0, 0, 1, 0, 7];
        let cause = cause::MISSING_MANDATORY_PARAMETER;
        let packet = x.expects([abort().cause_with(cause, &missing)]);
        assert_eq!(tag_of(&packet), x.peer_tag);
        x.ended(aborted(cause));
    });
}

#[test]
fn an_init_ack_with_tag_0_ends_the_setup_in_silence() {
    connecting(|x| {
        x.sends([init_ack().tag(0)]);
        x.ended(aborted(cause::INVALID_MANDATORY_PARAMETER));
    });
}

#[test]
fn an_init_ack_without_streams_or_window_ends_the_setup() {
    for bad in [
        init_ack().streams(0, 10),
        init_ack().streams(10, 0),
        init_ack().rwnd(1499),
    ] {
        connecting(|x| {
            x.sends([bad.clone()]);
            x.expects([abort().cause(cause::INVALID_MANDATORY_PARAMETER)]);
            x.ended(aborted(cause::INVALID_MANDATORY_PARAMETER));
        });
    }
    connecting(|x| {
        x.sends([init_ack().rwnd(1500).streams(1, 1)]);
        x.expects([cookie_echo()]);
    });
}

#[test]
fn a_host_name_is_refused_with_the_parameter() {
    let (code, raw) = (cause::UNRESOLVABLE_ADDRESS, b"\0\x0b\0\x08host");
    connecting(|x| {
        x.sends([init_ack().param(11, b"host")]);
        x.expects([abort().cause_with(code, raw)]);
        x.ended(aborted(code));
    });
    listening(|x| {
        x.sends([init().param(11, b"host")]);
        let packet = x.expects([abort().cause_with(code, raw)]);
        assert_eq!(tag_of(&packet), x.peer_tag);
    });
}

#[test]
fn an_init_without_streams_or_window_is_refused_under_its_tag() {
    for bad in [
        init().streams(0, 10),
        init().streams(10, 0),
        init().rwnd(1499),
    ] {
        listening(|x| {
            x.sends([bad.clone()]);
            let packet = x.expects([abort().cause(cause::INVALID_MANDATORY_PARAMETER)]);
            assert_eq!(tag_of(&packet), x.peer_tag);
        });
        // The state of an association that exists stays as it is.
        up(|x| {
            x.sends([bad.clone()]);
            x.expects([abort().cause(cause::INVALID_MANDATORY_PARAMETER)]);
            x.is_in(State::Established);
        });
    }
}

#[test]
fn an_init_with_tag_0_gets_no_answer() {
    listening(|x| x.sends([init().tag(0)]));
    up(|x| x.sends([init().tag(0)]));
}

// 3.2.1, 3.2.2 Parameters that are not known

/// What the two highest bits of a type ask for.
const UNKNOWN: [(u16, bool, bool); 4] = [
    // type, reported, the rest is looked at
    (0x0fff, false, false),
    (0x4fff, true, false),
    (0x8fff, false, true),
    (0xcfff, true, true),
];

#[test]
fn unknown_parameters_of_an_init_are_reported_in_the_init_ack() {
    for (kind, is_reported, goes_on) in UNKNOWN {
        listening(|x| {
            let marker = (0xcffe_u16, [0xcf, 0xfe, 0, 4]);
            x.sends([init().param(kind, b"what").param(marker.0, &[])]);
            let [k0, k1] = kind.to_be_bytes();
            let raw = [k0, k1, 0, 8, b'w', b'h', b'a', b't'];
            let answer = x.expects([init_ack()]);
            let reports = |raw: &[u8]| {
                let mut param = vec![0, 8, 0, 4 + raw.len() as u8];
                param.extend(raw);
                answer
                    .bytes
                    .windows(param.len())
                    .any(|bytes| bytes == param)
            };
            assert_eq!(reports(&raw), is_reported, "{kind:x}");
            assert_eq!(reports(&marker.1), goes_on, "{kind:x}");
        });
    }
}

#[test]
fn unknown_parameters_of_an_init_ack_are_reported_with_the_cookie_echo() {
    for (kind, is_reported, goes_on) in UNKNOWN {
        connecting(|x| {
            x.sends([init_ack().param(kind, b"what").param(0xcffe, &[])]);
            let [k0, k1] = kind.to_be_bytes();
            let mut raw = Vec::new();
            if is_reported {
                raw.extend([k0, k1, 0, 8, b'w', b'h', b'a', b't']);
            }
            if goes_on {
                raw.extend([0xcf, 0xfe, 0, 4]);
            }
            let report = error(cause::UNRECOGNIZED_PARAMETERS).info(&raw);
            if raw.is_empty() {
                x.expects([cookie_echo()]);
            } else {
                x.expects([cookie_echo(), report.clone()]);
                // Whoever did not get the one did not get the other.
                x.after(1000);
                x.expects([cookie_echo(), report]);
            }
            x.sends([cookie_ack()]);
        });
    }
}

#[test]
fn a_cookie_after_a_parameter_that_stops_is_not_found() {
    for (kind, _, goes_on) in UNKNOWN {
        connecting(|x| {
            x.sends([init_ack().no_cookie().param(kind, &[]).param(7, b"late")]);
            if goes_on {
                assert!(x.expects_first(cookie_echo()).any(|c| c.value == b"late"));
            } else {
                x.expects([abort().cause(cause::MISSING_MANDATORY_PARAMETER)]);
                x.ended(aborted(cause::MISSING_MANDATORY_PARAMETER));
            }
        });
    }
}

// 5.1.1 Streams

#[test]
fn no_more_streams_are_used_than_the_peer_takes() {
    connecting(|x| {
        x.sends([init_ack().streams(10, 3)]);
        x.expects([cookie_echo()]);
        x.sends([cookie_ack()]);
        x.user_sends(2, b"the last one");
        x.expects([data(0).on_stream(2)]);
        let refused = x.net.try_send(A, 3, false, b"one too many");
        assert!(matches!(refused, Err(SendError::BadStream(_))));
    });
    listening(|x| {
        x.sends([init().streams(10, 3)]);
        x.expects([init_ack().streams(3, u16::MAX)]);
    });
}

// 5.1.5 Cookies

#[test]
fn a_cookie_that_is_too_old_is_answered_with_how_old_it_is() {
    let five = with(|c| c.valid_cookie_life = Duration::from_secs(5));
    for (ms, over) in [(5_001, 1_000_u32), (6_500, 1_500_000)] {
        five.listening(|x| {
            x.sends([init()]);
            x.expects([init_ack()]);
            x.after(ms);
            x.sends([cookie_echo()]);
            let packet = x.expects([error(STALE).info(&over.to_be_bytes())]);
            assert_eq!(tag_of(&packet), x.peer_tag);
            assert!(x.host().assoc.is_none());
        });
    }
    five.listening(|x| {
        x.sends([init()]);
        x.expects([init_ack()]);
        x.after(5_000);
        x.sends([cookie_echo()]);
        x.expects([cookie_ack()]);
    });
}

#[test]
fn an_init_can_ask_for_a_longer_life_of_the_cookie() {
    with(|c| c.valid_cookie_life = Duration::from_secs(5)).listening(|x| {
        x.sends([init().param(9, &3_000_u32.to_be_bytes())]);
        x.expects([init_ack()]);
        x.after(8_000);
        x.sends([cookie_echo()]);
        x.expects([cookie_ack()]);
    });
}

#[test]
fn a_cookie_that_was_tampered_with_is_dropped_in_silence() {
    listening(|x| {
        x.sends([init()]);
        x.expects([init_ack()]);
        let good = x.cookie.clone();
        for i in [0, 5, 20, good.len() - 1] {
            x.cookie[i] ^= 0x80;
            x.sends([cookie_echo()]);
            x.cookie = good.clone();
        }
        for bad in [&good[1..], &good[..good.len() - 1], &[][..]] {
            x.cookie = bad.to_vec();
            x.sends([cookie_echo()]);
        }
        assert!(x.host().assoc.is_none());
        x.cookie = good;
        x.sends([cookie_echo()]);
        x.expects([cookie_ack()]);
    });
}

#[test]
fn a_cookie_under_another_tag_is_dropped_in_silence() {
    listening(|x| {
        x.sends([init()]);
        x.expects([init_ack()]);
        for tag in [1, x.peer_tag, x.tag ^ 0x8000_0000] {
            x.sends_under(tag, [cookie_echo()]);
        }
        assert!(x.host().assoc.is_none());
    });
}

// 5.1.6 Retransmission

/// Times between transmissions: RTO.Initial, doubled up to RTO.Max.
const T1: [u32; 8] = [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000];

#[test]
fn an_init_without_an_answer_is_sent_eight_times_more() {
    connecting(|x| {
        for ms in T1 {
            x.after(ms);
            x.expects([init().tag(x.tag).tsn(0)]);
        }
        x.after(60_000);
        x.ended(Closed::TimedOut { setup: true });
    });
}

#[test]
fn a_cookie_echo_without_an_answer_is_sent_eight_times_more() {
    connecting(|x| {
        x.sends([init_ack()]);
        x.expects([cookie_echo()]);
        for ms in T1 {
            x.after(ms);
            x.expects([cookie_echo()]);
        }
        x.after(60_000);
        x.ended(Closed::TimedOut { setup: true });
    });
}

#[test]
fn data_that_went_with_a_lost_cookie_echo_goes_with_the_next_one() {
    connecting(|x| {
        x.user_sends(0, b"early");
        x.sends([init_ack()]);
        x.expects([cookie_echo(), data(0)]);
        x.after(1000);
        x.expects([cookie_echo(), data(0)]);
        x.sends([cookie_ack(), sack(0)]);
    });
}

// 5.2.1 INIT in COOKIE-WAIT or COOKIE-ECHOED

#[test]
fn an_init_in_cookie_wait_is_answered_with_what_the_own_one_said() {
    connecting(|x| {
        let tag = x.tag;
        x.sends([init()]);
        x.expects([init_ack().tag(tag).tsn(0)]);
        x.is_in(State::CookieWait);
        // T1 goes on as if nothing had happened.
        x.after(1000);
        x.expects([init().tag(tag)]);
        x.sends([cookie_echo()]);
        x.expects([cookie_ack()]);
        x.is_in(State::Established);
        x.told(&[Seen::Up]);
        x.after(10_000);
    });
}

#[test]
fn an_init_in_cookie_echoed_is_answered_with_what_the_own_one_said() {
    connecting(|x| {
        let tag = x.tag;
        x.sends([init_ack()]);
        x.expects([cookie_echo()]);
        x.sends([init()]);
        x.expects([init_ack().tag(tag).tsn(0)]);
        x.is_in(State::CookieEchoed);
        x.sends([cookie_echo()]);
        x.expects([cookie_ack()]);
        x.is_in(State::Established);
        x.told(&[Seen::Up]);
        // The COOKIE ACK of the other half comes, too.
        x.sends([cookie_ack()]);
        x.told(&[]);
    });
}

#[test]
fn an_init_that_brings_an_address_to_a_cookie_echoed_association_is_refused() {
    connecting(|x| {
        x.sends([init_ack().address(address(Z, 1))]);
        x.expects([cookie_echo()]);
        x.sends([init().address(address(Z, 1)).address(address(Z, 2))]);
        let cause = cause::RESTART_WITH_NEW_ADDRESSES;
        x.expects([abort().cause_with(cause, &address_param(2))]);
        x.is_in(State::CookieEchoed);
        // With those it has, it may.
        x.sends([init().address(address(Z, 1))]);
        x.expects([init_ack()]);
        x.sends([cookie_ack()]);
        x.expects_on(1, [heartbeat()]);
    });
}

// 5.2.2 INIT in other states

const UP: [State; 4] = [
    State::Established,
    State::ShutdownPending,
    State::ShutdownSent,
    State::ShutdownReceived,
];

#[test]
fn an_init_for_an_association_that_is_up_changes_nothing() {
    for state in UP {
        up(|x| {
            x.goes_to(state);
            let (tag, timeout) = (x.tag, x.assoc().poll_timeout());
            x.restarts();
            x.sends([init()]);
            let answer = x.expects([init_ack()]);
            assert_eq!(tag_of(&answer), x.peer_tag);
            assert_ne!(x.tag, tag, "a fresh tag");
            x.is_in(state);
            assert_eq!(x.assoc().poll_timeout(), timeout);
            assert_eq!(x.assoc().local_tag(), tag);
            x.told(&[]);
        });
    }
}

#[test]
fn an_init_that_brings_an_address_to_an_association_that_is_up_is_refused() {
    for state in UP {
        up(|x| {
            x.goes_to(state);
            x.restarts();
            x.sends([init().address(address(Z, 0)).address(address(Z, 3))]);
            let cause = cause::RESTART_WITH_NEW_ADDRESSES;
            let packet = x.expects([abort().cause_with(cause, &address_param(3))]);
            assert_eq!(tag_of(&packet), x.peer_tag);
            x.is_in(state);
        });
    }
}

#[test]
fn an_init_in_shutdown_ack_sent_brings_the_shutdown_ack_again() {
    up(|x| {
        x.goes_to(State::ShutdownAckSent);
        let tag = x.peer_tag;
        x.restarts();
        x.sends([init()]);
        let packet = x.expects([shutdown_ack()]);
        assert_eq!(tag_of(&packet), tag);
    });
}

// 5.2.3, 5.2.5 Late answers

#[test]
fn an_init_ack_that_nobody_waits_for_is_dropped() {
    for state in UP {
        up(|x| {
            x.goes_to(state);
            x.sends([init_ack().tag(77)]);
            x.is_in(state);
            assert_eq!(x.assoc().peer_tag(), x.peer_tag);
        });
    }
    connecting(|x| {
        x.sends([init_ack()]);
        x.expects([cookie_echo()]);
        x.sends([init_ack().tag(77)]);
        x.is_in(State::CookieEchoed);
    });
}

#[test]
fn a_cookie_ack_that_nobody_waits_for_is_dropped() {
    connecting(|x| {
        x.sends([cookie_ack()]);
        x.is_in(State::CookieWait);
    });
    for state in UP {
        up(|x| {
            x.goes_to(state);
            x.sends([cookie_ack()]);
            x.is_in(state);
            x.told(&[]);
        });
    }
}

// 5.2.4 COOKIE ECHO for an association that exists

/// Action A
#[test]
fn a_peer_that_restarted_begins_anew() {
    for state in UP {
        up(|x| {
            x.sends([data(0), data(1).ssn(1)]);
            x.expects([sack(1)]);
            x.user_sends(0, b"before");
            x.expects([data(0).ssn(0)]);
            x.sends([sack(0)]);
            if state == State::ShutdownPending || state == State::ShutdownReceived {
                x.user_sends(0, b"lost");
                x.expects([data(1).ssn(1)]);
            }
            match state {
                State::Established => {}
                State::ShutdownReceived => x.sends([shutdown(0)]),
                _ => x.user_shuts_down(),
            }
            x.ignores_the_rest();
            x.is_in(state);
            let old = x.tag;
            x.forget_told();
            x.got();

            x.restarts();
            x.sends([init()]);
            x.expects([init_ack()]);
            x.sends([cookie_echo()]);
            let ack = x.expects([cookie_ack()]);
            assert_eq!(tag_of(&ack), x.peer_tag);
            x.is_in(State::Established);
            x.told(&[Seen::Restarted]);

            // New tag, new TSNs, new stream sequence numbers, in both directions.
            x.sends_under(old, [data(0).payload(b"old")]);
            x.sends([data(0).payload(b"new").ssn(0)]);
            x.expects([sack(0)]);
            assert_eq!(x.got(), [b"new"]);
            x.user_sends(0, b"after");
            x.expects([data(0).ssn(0).payload(b"after")]);
            x.sends([sack(0)]);
        });
    }
}

/// Action A, in SHUTDOWN-ACK-SENT
#[test]
fn a_peer_that_restarts_while_this_side_shuts_down_has_to_wait() {
    up(|x| {
        let (tag, tsn, peer_tag) = (x.tag, x.tsn, x.peer_tag);
        x.restarts();
        x.sends([init()]);
        x.expects([init_ack()]);
        let new = x.tag;
        x.tsn = tsn;
        x.sends_under(tag, [shutdown(-1)]);
        x.expects([shutdown_ack()]);
        x.sends_under(new, [cookie_echo()]);
        let report = x.expects([error(cause::COOKIE_WHILE_SHUTTING_DOWN)]);
        let again = x.expects([shutdown_ack()]);
        assert_eq!((tag_of(&report), tag_of(&again)), (peer_tag, peer_tag));
        x.is_in(State::ShutdownAckSent);
    });
}

/// Action B
#[test]
fn a_peer_that_took_another_tag_since_is_believed() {
    connecting(|x| {
        x.sends([init_ack()]);
        x.expects([cookie_echo()]);
        x.peer_tag ^= 0x0600;
        x.sends([init()]);
        x.expects([init_ack().tag(x.tag)]);
        x.sends([cookie_echo()]);
        let ack = x.expects([cookie_ack()]);
        assert_eq!(tag_of(&ack), x.peer_tag);
        x.is_in(State::Established);
        // T1-cookie is stopped.
        x.after(20_000);
        x.user_sends(0, b"x");
        let packet = x.expects([data(0)]);
        assert_eq!(tag_of(&packet), x.peer_tag);
    });
}

/// Action C
#[test]
fn a_cookie_from_before_this_side_connected_is_dropped() {
    listening(|x| {
        x.sends([init()]);
        x.expects([init_ack()]);
        let (tag, cookie) = (x.tag, x.cookie.clone());
        x.connect();
        x.sends([init_ack()]);
        x.expects([cookie_echo()]);
        let own = x.tag;
        x.cookie = cookie;
        x.sends_under(tag, [cookie_echo()]);
        x.is_in(State::CookieEchoed);
        assert_eq!(x.assoc().local_tag(), own);
        x.tag = own;
        x.sends([cookie_ack()]);
        x.is_in(State::Established);
    });
}

/// Action D
#[test]
fn the_same_cookie_again_brings_another_cookie_ack() {
    with(|c| c.valid_cookie_life = Duration::from_secs(1)).accepted(|x| {
        x.sends([cookie_echo()]);
        x.expects([cookie_ack()]);
        // However old it is by now.
        x.after(5000);
        x.sends([cookie_echo()]);
        x.expects([cookie_ack()]);
        x.told(&[]);
        x.sends([data(0)]);
        x.expects([sack(0)]);
    });
}

/// None of the actions: the cookie is for an association that is no more.
#[test]
fn a_cookie_of_an_association_that_restarted_is_dropped() {
    with(|_| ()).accepted(|x| {
        let (tag, cookie) = (x.tag, x.cookie.clone());
        x.restarts();
        x.sends([init()]);
        x.expects([init_ack()]);
        x.sends([cookie_echo()]);
        x.expects([cookie_ack()]);
        x.told(&[Seen::Restarted]);
        x.cookie = cookie;
        x.sends_under(tag, [cookie_echo()]);
        x.told(&[]);
        assert_ne!(x.assoc().local_tag(), tag);
    });
}

/// Each restart has its own cookie: one of an earlier restart is not another restart.
#[test]
fn a_cookie_of_an_earlier_restart_is_dropped() {
    with(|_| ()).accepted(|x| {
        let mut earlier = Vec::new();
        for _ in 0..3 {
            x.restarts();
            x.sends([init()]);
            x.expects([init_ack()]);
            x.sends([cookie_echo()]);
            x.expects([cookie_ack()]);
            x.told(&[Seen::Restarted]);
            earlier.push((x.tag, x.cookie.clone()));
        }
        let (tag, last) = earlier.pop().unwrap();
        for (tag, cookie) in earlier {
            x.cookie = cookie;
            x.sends_under(tag, [cookie_echo()]);
            x.told(&[]);
        }
        assert_eq!(x.assoc().local_tag(), tag);
        x.cookie = last;
        x.sends([cookie_echo()]);
        x.expects([cookie_ack()]);
        x.told(&[]);
    });
}

// 5.2.6 Stale cookies

#[test]
fn a_stale_cookie_brings_an_init_that_asks_for_more_time() {
    connecting(|x| {
        let tag = x.tag;
        x.after(30);
        x.sends([init_ack()]);
        x.expects([cookie_echo()]);
        x.after(200);
        // By 0.3 s: twice that is asked for, for the way may be as long the next time.
        x.sends([error(STALE).info(&300_000_u32.to_be_bytes())]);
        x.expects([init().tag(tag).tsn(0).param(9, &600_u32.to_be_bytes())]);
        x.is_in(State::CookieWait);
        x.complete();
    });
}

/// A peer cannot make its cookies live for as long as it likes.
#[test]
fn no_more_time_is_asked_for_than_a_round_trip_and_a_second() {
    for staleness in [700_000, 3_000_000, u32::MAX] {
        connecting(|x| {
            x.sends([init_ack()]);
            x.expects([cookie_echo()]);
            x.after(200);
            x.sends([error(STALE).info(&staleness.to_be_bytes())]);
            x.expects([init().param(9, &1200_u32.to_be_bytes())]);
        });
    }
}

#[test]
fn a_stale_cookie_without_a_measure_is_a_stale_cookie() {
    for info in [&[][..], &[0, 0, 1]] {
        connecting(|x| {
            x.sends([init_ack()]);
            x.expects([cookie_echo()]);
            x.sends([error(STALE).info(info)]);
            x.expects([init()]);
        });
    }
}

#[test]
fn cookies_that_are_always_stale_end_the_setup() {
    connecting(|x| {
        for _ in 0..3 {
            x.sends([init_ack()]);
            x.expects([cookie_echo()]);
            x.sends([error(STALE).info(&[0, 0, 1, 0])]);
            x.expects([init()]);
        }
        x.sends([init_ack()]);
        x.expects([cookie_echo()]);
        x.sends([error(STALE).info(&[0, 0, 1, 0])]);
        x.ended(aborted(STALE));
    });
}

#[test]
fn a_stale_cookie_in_another_state_is_of_no_interest() {
    connecting(|x| {
        x.sends([error(STALE).info(&[0, 0, 1, 0])]);
        x.is_in(State::CookieWait);
    });
    for state in UP {
        up(|x| {
            x.goes_to(state);
            x.sends([error(STALE).info(&[0, 0, 1, 0])]);
            x.is_in(state);
            x.forget_told();
        });
    }
}

// 5.3.1 Tags

#[test]
fn each_association_has_another_tag() {
    listening(|x| {
        let mut tags = Vec::new();
        for _ in 0..50 {
            x.sends([init()]);
            x.expects([init_ack()]);
            assert!(x.tag != 0 && !tags.contains(&x.tag));
            tags.push(x.tag);
        }
    });
}

// 5.4 Path verification

#[test]
fn an_address_is_used_once_its_nonce_came_back() {
    connecting(|x| {
        x.sends([init_ack().address(address(Z, 1))]);
        x.expects([cookie_echo()]);
        x.sends([cookie_ack()]);
        let beat = x.expects_on(1, [heartbeat()]);
        let state = |x: &Script| x.assoc().paths()[1].state;
        assert_eq!(state(x), PathState::Unconfirmed);
        let info = x.info_of(&beat);
        assert!(info.len() >= 8, "room for a nonce of 64 bits");
        for i in 0..info.len() {
            let mut wrong = info.clone();
            wrong[i] ^= 1;
            x.sends_on(1, [heartbeat_ack(&wrong)]);
            assert_eq!(state(x), PathState::Unconfirmed, "byte {i}");
        }
        x.user_sends(0, b"to the first address");
        x.expects_on(0, [data(0)]);
        x.sends([sack(0)]);
        x.sends_on(1, [heartbeat_ack(&info)]);
        assert_eq!(state(x), PathState::Active);
    });
}
