// SPDX-License-Identifier: GPL-2.0

//! What users change in an association that lives.

use crate::engine::{
    assoc::{SendError, State},
    event::Closed,
    stats::Counter,
    time::Duration,
    tx::schedule::Scheduler,
    wire::{chunk::ChunkType, data::Data},
};
use crate::tests::sim::{pattern, Fate, Net, A, Z};

fn ms(ms: u32) -> Duration {
    Duration::from_millis(ms)
}

/// Lengths of the user data in all DATA chunks that were sent.
fn fragments(net: &Net) -> Vec<usize> {
    let mut lengths = Vec::new();
    for packet in &net.sent {
        packet.with(|pkt| {
            for chunk in pkt.chunks().flatten() {
                if chunk.kind == ChunkType::Data {
                    lengths.push(Data::parse(&chunk).unwrap().payload.len());
                }
            }
        });
    }
    lengths
}

#[test]
fn the_bounds_of_the_rto_hold_at_once() {
    let mut net = Net::connected(1);
    assert!(net.hosts[A].assoc().paths()[0].rto.get() >= ms(1000));
    net.with(A, |assoc, _| assoc.set_rto(ms(300), ms(100), ms(200)));
    assert_eq!(net.hosts[A].assoc().paths()[0].rto.get(), ms(200));
    assert_eq!(net.hosts[A].assoc().config().rto_initial, ms(300));

    // Everything is lost: the timeouts are as short as the user wants.
    net.filter(|_| Fate::Lose);
    net.send(A, 0, b"x");
    net.run_for(ms(1000));
    assert!(net.hosts[A].counter(Counter::T3RtxExpireds) >= 4);
}

#[test]
fn what_is_urgent_overtakes_what_waits() {
    let mut net = Net::connected(9);
    net.with(A, |assoc, cx| {
        assoc.set_scheduler(Scheduler::Priority, cx.gfp).unwrap();
        assoc.set_stream_value(1, 1, cx.gfp).unwrap();
    });
    for n in 0..50 {
        net.send(A, 1, &pattern(n, 5000));
    }
    net.send(A, 0, b"now");
    net.run_until(|net| net.hosts[Z].got.len() == 51);
    let got = &net.hosts[Z].got;
    let place = got.iter().position(|message| message.stream == 0).unwrap();
    // Behind what the first window took.
    assert!(place < 10, "{place} others came first");
}

#[test]
fn no_fragment_is_longer_than_the_user_wants() {
    let mut net = Net::connected(2);
    net.with(A, |assoc, _| assoc.config_mut().max_segment = 503);
    assert_eq!(net.hosts[A].assoc().frag_point(), 500);
    net.send(A, 0, &pattern(1, 10_003));
    net.run_until(|net| net.hosts[Z].got.len() == 1);
    assert_eq!(net.hosts[Z].got[0].bytes, pattern(1, 10_003));
    let lengths = fragments(&net);
    assert!(lengths.len() > 20);
    assert!(lengths.iter().all(|&len| len <= 500));

    net.with(A, |assoc, _| assoc.config_mut().max_segment = 0);
    assert!(net.hosts[A].assoc().frag_point() > 1400);
    // Not larger than a packet, whatever the user wants.
    net.with(A, |assoc, _| assoc.config_mut().max_segment = 60_000);
    assert!(net.hosts[A].assoc().frag_point() < 1480);
}

#[test]
fn an_absurd_segment_size_still_makes_progress() {
    let mut net = Net::connected(3);
    net.with(A, |assoc, _| assoc.config_mut().max_segment = 1);
    net.send(A, 0, &pattern(1, 50));
    net.run_until(|net| net.hosts[Z].got.len() == 1);
    assert_eq!(net.hosts[Z].got[0].bytes, pattern(1, 50));
}

#[test]
fn a_message_that_must_not_be_cut_is_given_back() {
    let mut net = Net::connected(4);
    net.with(A, |assoc, _| assoc.config_mut().may_fragment = false);
    let room = net.hosts[A].assoc().frag_point();
    net.send(A, 0, &pattern(1, room));
    let refused = net.try_send(A, 0, false, &pattern(2, room + 1));
    assert!(matches!(refused, Err(SendError::TooLong(_))));
    net.run_until(|net| net.hosts[Z].got.len() == 1);
    assert_eq!(fragments(&net), [room]);
}

#[test]
fn sacks_are_not_delayed_if_the_user_does_not_want_it() {
    for delays in [true, false] {
        let mut net = Net::connected(5);
        net.hosts[Z].reads = false;
        net.with(Z, |assoc, _| assoc.config_mut().delays_sacks = delays);
        // The first packet is acknowledged at once in any case.
        net.send(A, 0, b"first");
        net.run_for(ms(100));
        net.send(A, 0, b"second");
        net.run_for(ms(100));
        let unacked = net.hosts[A].assoc().unacked_chunks();
        assert_eq!(unacked, usize::from(delays));
    }
}

#[test]
fn sack_frequency() {
    let mut net = Net::connected(6);
    net.hosts[Z].reads = false;
    net.with(A, |assoc, _| assoc.set_nodelay(true));
    net.with(Z, |assoc, _| {
        assoc.config_mut().sack_freq = 5;
        assoc.config_mut().sack_delay = ms(500);
    });
    net.send(A, 0, b"first");
    net.run_for(ms(100));
    for n in 1..=5 {
        net.send(A, 0, b"more");
        net.run_for(ms(30));
        assert_eq!(net.hosts[A].assoc().unacked_chunks(), n % 5);
    }
}

#[test]
fn what_all_paths_together_may_lose() {
    let net = Net::connected(7);
    assert_eq!(net.hosts[A].assoc().max_retrans_of_paths(), 5);
    assert_eq!(net.hosts[A].assoc().local_rwnd(), 106_496);
}

#[test]
fn an_association_without_user_data_is_shut_down() {
    let mut net = Net::new(8);
    net.hosts[A].config.autoclose = Duration::from_secs(5);
    net.open();
    // Data that is sent or received keeps it up; heartbeats would not.
    for who in [A, Z, A, Z] {
        net.run_for(ms(4000));
        net.send(who, 0, b"x");
    }
    net.run_for(ms(4900));
    assert_eq!(net.hosts[A].state(), State::Established);
    net.run_for(ms(1000));
    for host in &net.hosts {
        assert_eq!(host.end(), Some(Closed::Shutdown));
    }
}

#[test]
fn autoclose_has_nothing_to_do_once_it_is_ending() {
    let mut net = Net::new(9);
    net.hosts[A].config.autoclose = Duration::from_secs(1);
    net.open();
    net.filter(|_| Fate::Lose);
    net.shutdown(A);
    net.run_for(ms(3000));
    assert_eq!(net.hosts[A].state(), State::ShutdownSent);
}

/// A user may change its mind about messages in parts at any time.
#[test]
fn delivery_in_parts_is_switched_on_and_off() {
    let mut net = Net::connected(21);
    for (point, parts) in [(0, 1), (5000, 2), (0, 1)] {
        net.with(Z, |assoc, _| assoc.set_partial_delivery_point(point));
        let message = pattern(u64::from(point), 20_000);
        net.send(A, 0, &message);
        net.hosts[Z].got.clear();
        net.run_until(|net| !net.hosts[Z].got.is_empty());
        let got = &net.hosts[Z].got[0];
        assert!(got.bytes == message);
        assert_eq!(got.parts.min(2), parts);
    }
}
