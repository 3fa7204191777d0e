// SPDX-License-Identifier: GPL-2.0

//! RFC 9260, 8: faults. Which tags let which chunk in is tested in `assoc/vtag.rs`.

use crate::engine::{assoc::State, event::Closed, time::Duration, wire::cause};
use crate::tests::{
    script::*,
    sim::{address, Flying, Z},
};

fn tag_of(packet: &Flying) -> u32 {
    packet.with(|pkt| pkt.verification_tag()).unwrap()
}

// 8.3 Heartbeats

/// HB.interval, and an RTO of which up to half is added or taken away.
#[test]
fn an_idle_path_is_probed_after_half_a_minute() {
    up(|x| {
        let start = x.net.now;
        x.after(30_499);
        x.net
            .run_until(|net| !net.sent.last().unwrap().any(|c| c.kind.to_u8() == 11));
        x.ignores_the_rest();
        let took = x.net.now.since(start);
        assert!(took <= Duration::from_millis(31_500), "{took:?}");
    });
}

#[test]
fn a_path_in_use_is_not_probed() {
    up(|x| {
        for n in 0..100 {
            x.user_sends(0, b"x");
            x.expects([data(n)]);
            x.sends([sack(n)]);
            x.after(5_000);
        }
    });
}

#[test]
fn a_heartbeat_comes_back_as_it_was_and_where_it_came_from() {
    up(|x| {
        for info in [&b"x"[..], &[0; 100], &[0xff; 1000]] {
            x.sends([heartbeat().info(info)]);
            let packet = x.expects([heartbeat_ack(info)]);
            assert_eq!(tag_of(&packet), x.peer_tag);
        }
    });
    connecting(|x| {
        x.sends([init_ack().address(address(Z, 1))]);
        x.expects([cookie_echo()]);
        x.sends([cookie_ack()]);
        x.expects_on(1, [heartbeat()]);
        x.sends_on(1, [heartbeat().info(b"where")]);
        x.expects_on(1, [heartbeat_ack(b"where")]);
    });
}

#[test]
fn an_answered_heartbeat_clears_the_errors() {
    up(|x| {
        x.user_sends(0, b"x");
        x.expects([data(0)]);
        x.after(1000);
        x.expects([data(0)]);
        assert_eq!(x.assoc().paths()[0].errors, 1);
        x.sends([sack(0)]);
        assert_eq!(x.assoc().paths()[0].errors, 0);
    });
}

#[test]
fn heartbeats_that_nobody_answers_end_the_association() {
    up(|x| {
        let beats = x.let_pass(3_600_000);
        // Association.Max.Retrans, and the one that was too much.
        assert_eq!(beats.len(), 11);
        x.ended(Closed::TimedOut { setup: false });
    });
}

// 8.4 Out of the blue

/// What comes, and what is answered: an ABORT, a SHUTDOWN COMPLETE, both with the T bit and the
/// tag of the packet, or nothing.
fn out_of_the_blue() -> Vec<(Vec<Item>, Option<Item>)> {
    let abort_t = || Some(abort().reflected());
    let complete_t = || Some(shutdown_complete().reflected());
    vec![
        (vec![data(0)], abort_t()),
        (vec![init_ack()], abort_t()),
        (vec![sack(0)], abort_t()),
        (vec![heartbeat()], abort_t()),
        (vec![heartbeat_ack(b"x")], abort_t()),
        (vec![abort()], None),
        (vec![abort().reflected()], None),
        (vec![data(0), abort()], None),
        (vec![shutdown(0)], abort_t()),
        (vec![shutdown_ack()], complete_t()),
        (vec![data(0), shutdown_ack()], complete_t()),
        (vec![error(cause::STALE_COOKIE)], None),
        (vec![error(cause::PROTOCOL_VIOLATION)], abort_t()),
        (vec![cookie_ack()], None),
        (vec![cookie_ack(), data(0)], None),
        (vec![shutdown_complete()], None),
        (vec![shutdown_complete().reflected()], None),
        (vec![chunk(12, 0, &[0; 4])], abort_t()),
        (vec![chunk(0x3e, 0, &[])], abort_t()),
        (vec![chunk(0xc0, 0, &[])], abort_t()),
        (vec![chunk(0xc1, 0, &[0; 4])], abort_t()),
        (vec![chunk(0x82, 0, &[0; 4])], abort_t()),
    ]
}

#[test]
fn packets_out_of_the_blue_are_answered_with_their_own_tag_or_not_at_all() {
    for (chunks, answer) in out_of_the_blue() {
        let script = |x: &mut Script| {
            x.sends_under(0x7654_3210, chunks.iter().cloned());
            if let Some(answer) = &answer {
                let packet = x.expects([answer.clone()]);
                assert_eq!(tag_of(&packet), 0x7654_3210);
            }
        };
        listening(script);
        // Nobody listens.
        listening(|x| {
            x.net.hosts[crate::tests::sim::A].listens = false;
            script(x);
        });
    }
}

#[test]
fn nothing_but_an_init_may_have_tag_0() {
    for (chunks, _) in out_of_the_blue() {
        listening(|x| x.sends_under(0, chunks.iter().cloned()));
    }
}

#[test]
fn an_init_that_nobody_waits_for_is_answered_with_an_abort_under_its_tag() {
    listening(|x| {
        x.net.hosts[crate::tests::sim::A].listens = false;
        x.sends([init()]);
        let packet = x.expects([abort()]);
        assert_eq!(tag_of(&packet), x.peer_tag);
    });
}

#[test]
fn an_association_that_is_over_answers_as_if_it_had_never_been() {
    up(|x| {
        x.user_aborts(b"");
        x.ignores_the_rest();
        x.sends([data(0)]);
        let packet = x.expects([abort().reflected()]);
        assert_eq!(tag_of(&packet), x.tag);
    });
}

// 8.5.1

/// E
#[test]
fn a_shutdown_ack_during_the_setup_is_about_another_association() {
    connecting(|x| {
        for state in [State::CookieWait, State::CookieEchoed] {
            x.is_in(state);
            x.sends_under(0x1111_2222, [shutdown_ack()]);
            let packet = x.expects([shutdown_complete().reflected()]);
            assert_eq!(tag_of(&packet), 0x1111_2222);
            x.is_in(state);
            if state == State::CookieWait {
                x.sends([init_ack()]);
                x.expects([cookie_echo()]);
            }
        }
        x.sends([cookie_ack()]);
        x.is_in(State::Established);
    });
}

/// B, C
#[test]
fn the_t_bit_stands_for_the_tag_that_was_sent() {
    up(|x| {
        let (own, peer) = (x.tag, x.peer_tag);
        x.sends_under(peer, [abort()]);
        x.sends_under(own, [abort().reflected()]);
        x.is_in(State::Established);
        x.sends_under(peer, [abort().reflected()]);
        let (cause, setup) = (0, false);
        x.ended(Closed::PeerAborted { cause, setup });
    });
    up(|x| {
        let (own, peer) = (x.tag, x.peer_tag);
        x.goes_to(State::ShutdownAckSent);
        x.sends_under(peer, [shutdown_complete()]);
        x.sends_under(own, [shutdown_complete().reflected()]);
        x.is_in(State::ShutdownAckSent);
        x.sends_under(peer, [shutdown_complete().reflected()]);
        x.ended(Closed::Shutdown);
    });
}
