// SPDX-License-Identifier: GPL-2.0

//! RFC 9260, 6: user data.

use crate::engine::{assoc::State, config::Config, event::Closed, time::Duration, wire::cause};
use crate::tests::{
    script::*,
    sim::{address, pattern, A, Z},
};

/// Each message at once.
fn nodelay() -> Setup<impl Fn(&mut Config)> {
    with(|c| c.nodelay = true)
}

/// A receiver whose user does not read, so that it is the protocol that decides about SACKs.
fn unread(script: impl Fn(&mut Script)) {
    up(|x| {
        x.net.hosts[A].reads = false;
        // The first packet with DATA is acknowledged at once.
        x.sends([data(0)]);
        x.expects([sack(0)]);
        script(x);
    });
}

/// So many messages of `len` bytes, each of which is sent at once.
fn sends_each(x: &mut Script, tsns: std::ops::Range<i64>, len: usize) {
    for n in tsns {
        x.user_sends(0, &pattern(n as u64, len));
        x.expects([data(n).len(len)]);
    }
}

// 6.1 Sending

#[test]
fn data_waits_for_room_in_the_window() {
    nodelay().connecting(|x| {
        x.sends([init_ack().rwnd(1500)]);
        x.expects([cookie_echo()]);
        x.sends([cookie_ack()]);
        x.user_sends(0, &pattern(0, 1000));
        x.expects([data(0)]);
        x.user_sends(0, &pattern(1, 501));
        x.user_sends(0, &pattern(2, 499));
        // A window that is smaller than what is in flight is none.
        x.sends([sack(-1).rwnd(900)]);
        x.sends([sack(0).rwnd(501)]);
        x.expects([data(1).len(501)]);
        x.sends([sack(1).rwnd(498)]);
        // One chunk is sent however small the window is.
        x.expects([data(2).len(499)]);
        x.sends([sack(2)]);
    });
}

#[test]
fn data_waits_for_room_in_cwnd() {
    nodelay().up(|x| {
        // cwnd is 4404: as long as something of it is left, a whole chunk may go.
        sends_each(x, 0..4, 1400);
        x.user_sends(0, &pattern(4, 1400));
        x.user_sends(0, &pattern(5, 1400));
        x.sends([sack(0)]);
        x.expects_first(data(4));
        x.ignores_the_rest();
    });
}

#[test]
fn lost_data_goes_before_new_data() {
    nodelay().up(|x| {
        sends_each(x, 0..4, 1400);
        x.user_sends(0, b"new");
        x.after(1000);
        x.expects([data(0)]);
        x.sends([sack(3)]);
        x.expects([data(4).payload(b"new")]);
        x.sends([sack(4)]);
    });
}

#[test]
fn a_sack_that_is_due_goes_with_the_data() {
    unread(|x| {
        x.sends([data(1).ssn(1)]);
        x.user_sends(0, b"x");
        x.expects([sack(1), data(0)]);
        x.sends([sack(0)]);
        // It is due no more.
        x.after(5_000);
    });
}

#[test]
fn a_closed_window_is_probed_after_an_rto_and_ever_more_rarely() {
    nodelay().up(|x| {
        sends_each(x, 0..1, 100);
        x.sends([sack(0).rwnd(0)]);
        x.user_sends(0, b"probe");
        let mut wait = 1000;
        for _ in 0..14 {
            x.after(wait);
            x.expects([data(1).payload(b"probe")]);
            x.sends([sack(0).rwnd(0)]);
            wait = (wait * 2).min(60_000);
        }
        // However long that takes, it is nobody's fault.
        x.is_in(State::Established);
        assert_eq!(x.assoc().paths()[0].errors, 0);
        x.sends([sack(0).rwnd(1000)]);
        x.expects([data(1).payload(b"probe")]);
        x.sends([sack(1)]);
    });
}

#[test]
fn a_window_that_opens_needs_no_probe() {
    nodelay().up(|x| {
        sends_each(x, 0..1, 100);
        x.sends([sack(0).rwnd(0)]);
        x.user_sends(0, b"waits");
        x.after(500);
        x.sends([sack(0).rwnd(1000)]);
        x.expects([data(1).payload(b"waits")]);
        x.sends([sack(1)]);
        x.after(10_000);
    });
}

#[test]
fn probes_that_nobody_answers_count() {
    nodelay().up(|x| {
        sends_each(x, 0..1, 100);
        x.sends([sack(0).rwnd(0)]);
        x.user_sends(0, b"probe");
        x.let_pass(3_600_000);
        x.ended(Closed::TimedOut { setup: false });
    });
}

// 6.2 Acknowledging

#[test]
fn every_second_packet_is_acknowledged() {
    unread(|x| {
        for n in [1, 3, 5] {
            x.sends([data(n).ssn(n as u16)]);
            x.sends([data(n + 1).ssn(n as u16 + 1)]);
            x.expects([sack(n + 1)]);
        }
        // Packets are what counts, not chunks.
        x.sends([data(7).ssn(7), data(8).ssn(8), data(9).ssn(9)]);
        x.after(200);
        x.expects([sack(9)]);
    });
}

#[test]
fn a_packet_is_acknowledged_within_200_ms() {
    unread(|x| {
        x.sends([data(1).ssn(1)]);
        x.after(200);
        x.expects([sack(1)]);
        x.after(2_000);
    });
}

#[test]
fn no_sack_is_delayed_for_more_than_500_ms() {
    with(|c| c.sack_delay = Duration::from_secs(3)).up(|x| {
        x.net.hosts[A].reads = false;
        x.sends([data(0)]);
        x.expects([sack(0)]);
        x.sends([data(1).ssn(1)]);
        x.after(500);
        x.expects([sack(1)]);
    });
}

#[test]
fn gaps_are_acknowledged_at_once_until_they_are_filled() {
    unread(|x| {
        x.sends([data(2).ssn(2)]);
        x.expects([sack(0).gap(2, 2)]);
        x.sends([data(5).ssn(5)]);
        x.expects([sack(0).gap(2, 2).gap(5, 5)]);
        x.sends([data(3).ssn(3)]);
        x.expects([sack(0).gap(2, 3).gap(5, 5)]);
        x.sends([data(1).ssn(1)]);
        x.expects([sack(3).gap(2, 2)]);
        x.sends([data(4).ssn(4)]);
        x.expects([sack(5)]);
        x.sends([data(6).ssn(6)]);
        x.after(200);
        x.expects([sack(6)]);
    });
}

#[test]
fn duplicates_are_reported_at_once_and_once() {
    unread(|x| {
        x.sends([data(0)]);
        x.expects([sack(0).duplicate(0)]);
        x.sends([data(0), data(0)]);
        x.expects([sack(0).duplicate(0).duplicate(0)]);
        x.sends([data(2).ssn(2)]);
        x.expects([sack(0).gap(2, 2)]);
        x.sends([data(2).ssn(2)]);
        x.expects([sack(0).gap(2, 2).duplicate(2)]);
    });
}

#[test]
fn no_more_than_16_duplicates_are_reported() {
    unread(|x| {
        x.sends(vec![data(0); 40]);
        let expected = (0..16).fold(sack(0), |sack, _| sack.duplicate(0));
        x.expects([expected]);
    });
}

#[test]
fn the_i_bit_asks_for_a_sack_at_once() {
    unread(|x| {
        x.sends([data(1).ssn(1).immediate()]);
        x.expects([sack(1)]);
    });
}

#[test]
fn the_window_shrinks_by_what_is_not_read() {
    up(|x| {
        x.net.hosts[A].reads = false;
        // Half of the receive buffer.
        let all = 212_992 / 2;
        x.sends([data(0).len(1000)]);
        x.expects([sack(0).rwnd(all - 1000)]);
        x.sends([data(1).ssn(1).len(400).immediate()]);
        x.expects([sack(1).rwnd(all - 1400)]);
        x.net.read_all(A);
        x.sends([data(2).ssn(2).immediate()]);
        x.expects([sack(2).rwnd(all - 4)]);
    });
}

#[test]
fn what_exceeds_the_window_is_dropped_and_answered() {
    with(|c| c.rcvbuf = 3000).up(|x| {
        x.net.hosts[A].reads = false;
        x.sends([data(0).len(1500)]);
        x.expects([sack(0).rwnd(0)]);
        x.sends([data(1).ssn(1).len(100)]);
        x.expects([sack(0).rwnd(0)]);
        x.net.read_all(A);
        x.expects_first(sack(0));
        x.sends([data(1).ssn(1).len(100).immediate()]);
        x.expects([sack(1)]);
    });
}

#[test]
fn data_without_data_is_an_error() {
    up(|x| {
        x.sends([data(0).len(0)]);
        let tsn = x.peer_tsn.0.to_be_bytes();
        x.expects([abort().cause_with(cause::NO_USER_DATA, &tsn)]);
        let cause = cause::NO_USER_DATA;
        let setup = false;
        x.ended(Closed::Aborted { cause, setup });
    });
}

// 6.2.1 Processing of SACKs

#[test]
fn an_old_sack_changes_nothing() {
    nodelay().up(|x| {
        sends_each(x, 0..3, 10);
        x.sends([sack(1)]);
        x.sends([sack(0).rwnd(0).gap(2, 2)]);
        assert_eq!(x.assoc().unacked_chunks(), 1);
        x.user_sends(0, b"the window is open");
        x.expects([data(3)]);
        x.sends([sack(3)]);
    });
}

#[test]
fn an_acknowledgement_of_what_was_not_sent_ends_the_association() {
    for bad in [
        sack(2),
        sack(0x7000_0000),
        sack(0).gap(2, 2),
        sack(-1).gap(1, 3),
        sack(1).gap(1, 1),
    ] {
        nodelay().up(|x| {
            sends_each(x, 0..2, 10);
            x.sends([bad.clone()]);
            x.expects([abort().cause(cause::PROTOCOL_VIOLATION)]);
            let cause = cause::PROTOCOL_VIOLATION;
            let setup = false;
            x.ended(Closed::Aborted { cause, setup });
        });
    }
}

#[test]
fn what_the_peer_has_in_a_gap_is_not_sent_again() {
    nodelay().up(|x| {
        sends_each(x, 0..4, 10);
        x.sends([sack(-1).gap(2, 2).gap(4, 4)]);
        x.after(1000);
        x.expects([data(0), data(2)]);
        x.sends([sack(3)]);
    });
}

#[test]
fn what_the_peer_has_thrown_away_is_sent_again() {
    nodelay().up(|x| {
        sends_each(x, 0..3, 10);
        x.sends([sack(-1).gap(2, 2)]);
        x.sends([sack(-1)]);
        x.after(1000);
        x.expects([data(0), data(1), data(2)]);
        x.sends([sack(2)]);
    });
}

#[test]
fn the_window_is_what_the_sack_says_less_what_is_in_flight() {
    nodelay().up(|x| {
        sends_each(x, 0..2, 1000);
        x.sends([sack(0).rwnd(3000)]);
        assert_eq!(x.assoc().peer_rwnd(), 2000);
        x.sends([sack(1).rwnd(3000)]);
        assert_eq!(x.assoc().peer_rwnd(), 3000);
    });
}

// 6.3 Retransmission timer

#[test]
fn data_without_an_answer_is_sent_again_ever_more_rarely() {
    up(|x| {
        x.user_sends(0, b"x");
        x.expects([data(0)]);
        for ms in [1000, 2000, 4000, 8000, 16_000, 32_000] {
            x.after(ms);
            x.expects([data(0)]);
        }
        // RTO.Max, and Association.Max.Retrans.
        for _ in 0..4 {
            x.after(60_000);
            x.expects([data(0)]);
        }
        x.after(60_000);
        x.ended(Closed::TimedOut { setup: false });
    });
}

/// R2
#[test]
fn nothing_is_sent_again_once_all_is_acknowledged() {
    nodelay().up(|x| {
        sends_each(x, 0..2, 10);
        x.sends([sack(1)]);
        x.after(29_000);
    });
}

/// R3
#[test]
fn the_timer_starts_anew_when_the_earliest_chunk_is_acknowledged() {
    nodelay().up(|x| {
        sends_each(x, 0..2, 10);
        x.after(600);
        x.sends([sack(0)]);
        x.after(1000);
        x.expects([data(1)]);
        x.sends([sack(1)]);
    });
}

#[test]
fn the_timer_goes_on_when_a_later_chunk_is_acknowledged() {
    nodelay().up(|x| {
        sends_each(x, 0..2, 10);
        x.after(600);
        x.sends([sack(-1).gap(2, 2)]);
        x.after(400);
        x.expects([data(0)]);
        x.sends([sack(1)]);
    });
}

/// E2: the back-off ends with a measurement, and what was sent twice gives none (Karn).
#[test]
fn the_back_off_lasts_until_something_is_measured() {
    nodelay().up(|x| {
        sends_each(x, 0..1, 10);
        x.after(1000);
        x.expects([data(0)]);
        x.sends([sack(0)]);
        sends_each(x, 1..2, 10);
        x.after(2000);
        x.expects([data(1)]);
        x.sends([sack(1)]);
        sends_each(x, 2..3, 10);
        x.sends([sack(2)]);
        sends_each(x, 3..4, 10);
        x.after(1000);
        x.expects([data(3)]);
        x.sends([sack(3)]);
    });
}

/// E3
#[test]
fn one_packet_goes_again_until_it_is_acknowledged() {
    nodelay().up(|x| {
        sends_each(x, 0..4, 1000);
        x.after(1000);
        x.expects([data(0)]);
        x.sends([sack(0)]);
        x.expects_first(data(1));
        x.ignores_the_rest();
    });
}

// 6.4 Several addresses

#[test]
fn a_sack_goes_where_the_data_came_from() {
    connecting(|x| {
        x.sends([init_ack().address(address(Z, 1))]);
        x.expects([cookie_echo()]);
        x.sends([cookie_ack()]);
        let beat = x.expects_on(1, [heartbeat()]);
        let info = x.info_of(&beat);
        x.sends_on(1, [heartbeat_ack(&info)]);
        x.sends_on(1, [data(0)]);
        x.expects_on(1, [sack(0)]);
        x.sends_on(0, [data(1).ssn(1).immediate()]);
        x.expects_on(0, [sack(1)]);
        // Also for duplicates.
        x.sends_on(1, [data(1).ssn(1)]);
        x.expects_on(1, [sack(1).duplicate(1)]);
    });
}

// 6.5, 6.6 Streams

#[test]
fn data_for_a_stream_that_does_not_exist_is_acknowledged_and_reported() {
    up(|x| {
        x.sends([data(0).on_stream(10)]);
        x.expects([error(cause::INVALID_STREAM_IDENTIFIER).info(&[0, 10, 0, 0])]);
        x.expects([sack(0)]);
        assert!(x.got().is_empty());
        x.sends([data(1).on_stream(9).immediate()]);
        x.expects_first(sack(1));
        assert_eq!(x.got().len(), 1);
    });
}

#[test]
fn messages_of_a_stream_are_delivered_in_order_and_others_do_not_wait() {
    up(|x| {
        for early in [
            data(0).ssn(1).payload(b"second"),
            data(1).on_stream(1).payload(b"elsewhere"),
            data(2).unordered().ssn(77).payload(b"urgent"),
        ] {
            x.sends([early]);
            x.ignores_the_rest();
        }
        assert_eq!(x.got(), [&b"elsewhere"[..], b"urgent"]);
        x.sends([data(3).ssn(0).payload(b"first")]);
        x.ignores_the_rest();
        assert_eq!(x.got(), [&b"first"[..], b"second"]);
    });
}

#[test]
fn each_stream_is_numbered_by_itself() {
    nodelay().up(|x| {
        for (tsn, stream, ssn) in [(0, 0, 0), (1, 0, 1), (2, 1, 0), (3, 0, 2), (4, 1, 1)] {
            x.user_sends(stream, b"x");
            x.expects([data(tsn).on_stream(stream).ssn(ssn)]);
        }
        x.user_sends_unordered(0, b"x");
        x.expects([data(5).unordered().on_stream(0)]);
        x.user_sends(0, b"x");
        x.expects([data(6).on_stream(0).ssn(3)]);
        x.sends([sack(6)]);
    });
}

/// After 65535 comes 0, in both directions.
#[test]
fn stream_sequence_numbers_wrap() {
    nodelay().up(|x| {
        x.net.check = false;
        let all = 65_536 + 3_i64;
        for from in (0..all).step_by(60) {
            let to = all.min(from + 60);
            x.sends((from..to).map(|n| data(n).ssn(n as u16)));
            x.ignores_the_rest();
        }
        assert_eq!(x.got().len() as i64, all);
        // The one that comes too early waits, as any.
        x.sends([data(all + 1).ssn(4)]);
        x.ignores_the_rest();
        assert!(x.got().is_empty());
        x.sends([data(all).ssn(3)]);
        assert_eq!(x.got().len(), 2);
        x.ignores_the_rest();

        for n in 0..all {
            x.user_sends(0, b"x");
            x.expects_first(data(n).ssn(n as u16));
            x.sends([sack(n)]);
            x.forget_sent();
        }
    });
}

// 6.9 Fragments

#[test]
fn a_large_message_is_cut_into_consecutive_fragments() {
    nodelay().up(|x| {
        x.user_sends(3, &pattern(0, 3000));
        x.expects([data(0).first().on_stream(3).ssn(0).len(1452)]);
        x.expects([data(1).middle().on_stream(3).ssn(0).len(1452)]);
        x.expects([data(2).last().on_stream(3).ssn(0).len(96)]);
        x.sends([sack(2)]);
        x.user_sends_unordered(3, &pattern(0, 1500));
        x.expects([data(3).first().unordered().on_stream(3)]);
        x.expects([data(4).last().unordered().on_stream(3)]);
        x.sends([sack(4)]);
    });
}

#[test]
fn fragments_are_put_together_in_whatever_order_they_come() {
    up(|x| {
        for early in [
            data(2).last().payload(b"!"),
            data(0).first().payload(b"well"),
            data(3).ssn(1).payload(b"next"),
        ] {
            x.sends([early]);
            x.ignores_the_rest();
        }
        assert!(x.got().is_empty());
        x.sends([data(1).middle().payload(b" done")]);
        x.expects([sack(3)]);
        assert_eq!(x.got(), [&b"well done!"[..], b"next"]);
    });
}

#[test]
fn fragments_that_do_not_fit_together_end_the_association() {
    let wrong: [&[Item]; 5] = [
        // A message within a message.
        &[data(0).first(), data(1).first()],
        &[data(0).first(), data(1)],
        // The end of what never began.
        &[data(0).last()],
        &[data(0), data(1).middle()],
        // Parts of two messages.
        &[data(0).first(), data(1).last().on_stream(1)],
    ];
    for chunks in wrong {
        up(|x| {
            x.sends(chunks.iter().cloned());
            x.expects([abort().cause(cause::PROTOCOL_VIOLATION)]);
            assert!(x.host().assoc.is_none());
            x.ignores_the_rest();
        });
    }
}

// 6.10 Bundling

#[test]
fn small_messages_share_a_packet() {
    up(|x| {
        x.user_sends(0, b"alone");
        x.expects([data(0)]);
        x.user_sends(0, b"one");
        x.user_sends(1, b"two");
        x.sends([sack(0)]);
        x.expects([data(1).payload(b"one"), data(2).payload(b"two")]);
        x.sends([sack(2)]);
    });
}

#[test]
fn what_follows_an_abort_is_ignored() {
    up(|x| {
        x.sends([abort(), data(0), heartbeat()]);
        let (cause, setup) = (0, false);
        x.ended(Closed::PeerAborted { cause, setup });
        assert!(x.got().is_empty());
    });
}

#[test]
fn an_init_or_init_ack_with_company_is_not_taken() {
    listening(|x| {
        let bytes = x.packet(0, &[init(), data(0)]);
        x.injects_on(0, bytes);
        assert!(x.host().assoc.is_none());
    });
    connecting(|x| {
        let bytes = x.packet(x.tag, &[init_ack(), data(0)]);
        x.injects_on(0, bytes);
        x.ignores_the_rest();
        assert!(x.got().is_empty());
    });
}
