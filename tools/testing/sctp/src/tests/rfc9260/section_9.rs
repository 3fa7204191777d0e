// SPDX-License-Identifier: GPL-2.0

//! RFC 9260, 9: the end of an association.

use crate::engine::{
    assoc::{SendError, State},
    event::Closed,
    wire::cause,
};
use crate::tests::{
    script::*,
    sim::{Flying, Seen, A},
};

fn tag_of(packet: &Flying) -> u32 {
    packet.with(|pkt| pkt.verification_tag()).unwrap()
}

const UP: [State; 5] = [
    State::Established,
    State::ShutdownPending,
    State::ShutdownSent,
    State::ShutdownReceived,
    State::ShutdownAckSent,
];

// 9.1 ABORT

#[test]
fn the_user_aborts_and_the_peer_is_told_why() {
    for state in UP {
        up(|x| {
            x.goes_to(state);
            x.user_aborts(b"enough");
            let cause = cause::USER_INITIATED_ABORT;
            let packet = x.expects([abort().cause_with(cause, b"enough")]);
            assert_eq!(tag_of(&packet), x.peer_tag);
            let setup = false;
            x.ended(Closed::Aborted { cause, setup });
        });
    }
}

#[test]
fn an_association_that_there_is_no_room_for_is_aborted_with_that_cause() {
    up(|x| {
        let cause = cause::OUT_OF_RESOURCE;
        x.aborts(cause, b"");
        x.expects([abort().cause(cause)]);
        let setup = false;
        x.ended(Closed::Aborted { cause, setup });
    });
}

#[test]
fn an_abort_takes_nothing_along() {
    up(|x| {
        x.net.hosts[A].reads = false;
        x.sends([data(0)]);
        x.expects([sack(0)]);
        // A SACK, and messages, would be due.
        x.sends([data(1).ssn(1)]);
        x.user_sends(0, b"x");
        x.expects([sack(1), data(0)]);
        x.user_sends(0, b"y");
        x.user_aborts(b"");
        x.expects([abort().cause(cause::USER_INITIATED_ABORT)]);
        x.after(60_000);
    });
}

#[test]
fn an_abort_of_the_peer_is_not_answered() {
    for state in UP {
        for abort in [
            abort(),
            abort().cause_with(cause::USER_INITIATED_ABORT, b"no more"),
            abort().cause(cause::OUT_OF_RESOURCE).cause(99),
            chunk(6, 0, &[0, 12, 0, 200, 1]),
        ] {
            up(|x| {
                x.goes_to(state);
                x.sends([abort.clone()]);
                let end = x.host().end();
                assert!(matches!(
                    end,
                    Some(Closed::PeerAborted { setup: false, .. })
                ));
                assert!(x.host().assoc.is_none());
                x.after(60_000);
            });
        }
    }
}

#[test]
fn an_abort_during_the_setup_has_nobody_to_tell() {
    connecting(|x| {
        x.user_aborts(b"changed my mind");
        let (cause, setup) = (cause::USER_INITIATED_ABORT, true);
        x.ended(Closed::Aborted { cause, setup });
    });
    connecting(|x| {
        x.sends([init_ack()]);
        x.expects([cookie_echo()]);
        x.user_aborts(b"");
        x.expects([abort().cause(cause::USER_INITIATED_ABORT)]);
        let (cause, setup) = (cause::USER_INITIATED_ABORT, true);
        x.ended(Closed::Aborted { cause, setup });
    });
}

// 9.2 Shutdown

#[test]
fn three_packets_end_an_association() {
    up(|x| {
        x.user_shuts_down();
        x.expects([shutdown(-1)]);
        x.is_in(State::ShutdownSent);
        x.sends([shutdown_ack()]);
        let last = x.expects([shutdown_complete()]);
        assert_eq!(tag_of(&last), x.peer_tag);
        x.ended(Closed::Shutdown);
    });
    up(|x| {
        x.sends([shutdown(-1)]);
        x.expects([shutdown_ack()]);
        x.is_in(State::ShutdownAckSent);
        x.told(&[Seen::PeerShutdown]);
        x.sends([shutdown_complete()]);
        x.ended(Closed::Shutdown);
    });
}

#[test]
fn a_shutdown_waits_for_all_acknowledgements() {
    up(|x| {
        x.user_sends(0, b"one");
        x.expects([data(0)]);
        x.user_sends(0, b"two");
        x.user_shuts_down();
        x.is_in(State::ShutdownPending);
        // Nothing is held back for company any more.
        x.expects([data(1)]);
        x.sends([sack(0)]);
        x.after(1000);
        x.expects([data(1)]);
        x.is_in(State::ShutdownPending);
        x.sends([sack(1)]);
        x.expects([shutdown(-1)]);
        x.is_in(State::ShutdownSent);
    });
}

#[test]
fn no_new_data_is_taken_after_a_shutdown() {
    for state in &UP[1..] {
        up(|x| {
            x.goes_to(*state);
            let refused = x.net.try_send(A, 0, false, b"too late");
            assert!(matches!(refused, Err(SendError::ShuttingDown(_))));
        });
    }
}

#[test]
fn data_that_comes_is_taken_until_the_peer_shuts_down() {
    for state in &UP[..3] {
        up(|x| {
            x.goes_to(*state);
            x.sends([data(0).payload(b"still")]);
            x.ignores_the_rest();
            assert_eq!(x.got(), [b"still"]);
        });
    }
    for state in &UP[3..] {
        up(|x| {
            x.goes_to(*state);
            x.sends([data(0)]);
            assert!(x.got().is_empty());
        });
    }
}

#[test]
fn data_in_shutdown_sent_is_acknowledged_at_once_and_gives_the_peer_more_time() {
    up(|x| {
        x.goes_to(State::ShutdownSent);
        x.after(900);
        x.sends([data(0)]);
        x.expects([sack(0), shutdown(0)]);
        // A gap cannot be told by a SHUTDOWN.
        x.after(900);
        x.sends([data(2).ssn(2)]);
        x.expects([sack(0).gap(2, 2), shutdown(0)]);
        x.after(1000);
        x.expects([shutdown(0)]);
    });
}

#[test]
fn a_shutdown_acknowledges() {
    up(|x| {
        x.user_sends(0, b"x");
        x.expects([data(0)]);
        x.sends([shutdown(-1)]);
        x.is_in(State::ShutdownReceived);
        x.after(500);
        x.sends([shutdown(0)]);
        x.expects([shutdown_ack()]);
        x.is_in(State::ShutdownAckSent);
    });
}

/// 3.3.8: it has no gap blocks, so their absence says nothing.
#[test]
fn a_shutdown_takes_back_nothing() {
    with(|c| c.nodelay = true).up(|x| {
        for n in 0..3 {
            x.user_sends(0, b"x");
            x.expects([data(n)]);
        }
        x.sends([sack(-1).gap(2, 2)]);
        x.sends([shutdown(-1)]);
        x.after(1000);
        x.expects([data(0), data(2)]);
        x.sends([shutdown(2)]);
        x.expects([shutdown_ack()]);
    });
}

#[test]
fn a_shutdown_that_acknowledges_what_was_not_sent_ends_the_association() {
    for state in [
        State::Established,
        State::ShutdownPending,
        State::ShutdownReceived,
    ] {
        up(|x| {
            x.goes_to(state);
            x.sends([shutdown(7)]);
            x.expects([abort().cause(cause::PROTOCOL_VIOLATION)]);
            assert!(x.host().assoc.is_none());
        });
    }
}

#[test]
fn what_waits_is_sent_after_the_peer_shut_down() {
    up(|x| {
        x.user_sends(0, b"one");
        x.expects([data(0)]);
        x.user_sends(0, b"two");
        x.sends([shutdown(-1)]);
        x.expects([data(1)]);
        x.is_in(State::ShutdownReceived);
        x.sends([sack(1)]);
        x.expects([shutdown_ack()]);
    });
}

#[test]
fn both_sides_shut_down_at_once() {
    up(|x| {
        x.goes_to(State::ShutdownSent);
        x.sends([shutdown(-1)]);
        x.expects([shutdown_ack()]);
        x.is_in(State::ShutdownAckSent);
        x.sends([shutdown_ack()]);
        x.expects([shutdown_complete()]);
        x.ended(Closed::Shutdown);
    });
}

#[test]
fn a_shutdown_without_an_answer_is_sent_again() {
    for (state, again) in [
        (State::ShutdownSent, shutdown(-1)),
        (State::ShutdownAckSent, shutdown_ack()),
    ] {
        up(|x| {
            x.goes_to(state);
            for ms in [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000] {
                x.after(ms);
                x.expects([again.clone()]);
            }
        });
    }
}

#[test]
fn a_shutdown_that_nobody_ever_answers_ends_by_itself() {
    // T5-shutdown-guard, five times RTO.Max, comes before Association.Max.Retrans.
    up(|x| {
        x.goes_to(State::ShutdownSent);
        let sent = x.let_pass(300_000);
        assert!(sent.last().unwrap().any(|c| c.kind.to_u8() == 6));
        x.ended(Closed::TimedOut { setup: false });
    });
    up(|x| {
        x.goes_to(State::ShutdownAckSent);
        let sent = x.let_pass(600_000);
        assert_eq!(sent.len(), 10);
        x.ended(Closed::TimedOut { setup: false });
    });
}

/// T5-shutdown-guard
#[test]
fn a_peer_that_always_has_more_data_is_given_up() {
    up(|x| {
        x.goes_to(State::ShutdownSent);
        for n in 0..333 {
            x.after(900);
            x.sends([data(n).ssn(n as u16)]);
            x.expects([sack(n), shutdown(n)]);
        }
        x.let_pass(1000);
        x.ended(Closed::TimedOut { setup: false });
    });
}

#[test]
fn a_shutdown_ack_comes_again_as_long_as_the_peer_asks() {
    up(|x| {
        x.goes_to(State::ShutdownAckSent);
        for _ in 0..3 {
            x.sends([shutdown(-1)]);
            x.expects([shutdown_ack()]);
        }
        x.sends([shutdown_complete()]);
        x.ended(Closed::Shutdown);
    });
}

#[test]
fn a_lost_shutdown_complete_is_made_up_for() {
    up(|x| {
        x.goes_to(State::ShutdownSent);
        x.sends([shutdown_ack()]);
        x.expects([shutdown_complete()]);
        x.sends([shutdown_ack()]);
        let packet = x.expects([shutdown_complete().reflected()]);
        assert_eq!(tag_of(&packet), x.tag);
    });
}

#[test]
fn what_does_not_belong_to_a_shutdown_is_dropped() {
    for state in [
        State::Established,
        State::ShutdownPending,
        State::ShutdownReceived,
    ] {
        up(|x| {
            x.goes_to(state);
            x.sends([shutdown_ack()]);
            x.sends([shutdown_complete()]);
            x.is_in(state);
        });
    }
    connecting(|x| {
        x.sends([shutdown(-1)]);
        x.is_in(State::CookieWait);
        x.sends([init_ack()]);
        x.expects([cookie_echo()]);
        x.sends([shutdown(-1)]);
        x.is_in(State::CookieEchoed);
    });
}

#[test]
fn a_shutdown_during_the_setup_waits_for_it() {
    connecting(|x| {
        x.user_sends(0, b"x");
        x.user_shuts_down();
        x.sends([init_ack()]);
        x.expects([cookie_echo(), data(0)]);
        x.sends([cookie_ack(), sack(0)]);
        x.expects([shutdown(-1)]);
        x.is_in(State::ShutdownSent);
    });
    connecting(|x| {
        x.user_shuts_down();
        x.ended(Closed::Shutdown);
    });
}
