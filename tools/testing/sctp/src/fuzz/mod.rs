// SPDX-License-Identifier: GPL-2.0

//! What the fuzz targets run: each turns any bytes into a life of an association.
//!
//! A target finds a mistake if something panics: the engine (overflow checks and debug assertions
//! are on), `check_invariants()`, which runs after each input, or what is asserted here. Bytes
//! that are used up end a run, so that a shorter input is a simpler one. The corpora are run by
//! `tests/corpus.rs` as ordinary tests.

mod packet;
mod pair;
mod sack;
mod state;

use arbitrary::Unstructured;

use crate::{
    engine::{
        assoc::{Message, Policy},
        time::Duration,
        tx::schedule::Scheduler,
    },
    tests::sim::{message, Net, A, Z},
};

/// The streams that users name. The last ones do not exist.
const MOST_STREAMS: u16 = 11;

const SCHEDULERS: [Scheduler; 5] = [
    Scheduler::FirstCome,
    Scheduler::Priority,
    Scheduler::RoundRobin,
    Scheduler::FairCapacity,
    Scheduler::WeightedFair,
];

/// What a target runs.
pub type Target = fn(&[u8]);

/// The targets by name, as in `fuzz/fuzz_targets` and `fuzz/corpus`.
pub const TARGETS: [(&str, Target); 4] = [
    ("packet", packet::run),
    ("state", state::run),
    ("pair", pair::run),
    ("sack", sack::run),
];

/// Runs the target of that name.
pub fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    target.expect("no such target").1(data);
}

/// One of several values.
fn one_of<T: Copy>(u: &mut Unstructured<'_>, values: &[T]) -> arbitrary::Result<T> {
    u.choose(values).copied()
}

/// The user hands in up to `most` bytes of data, whose contents do not matter: a message, or a part
/// of one that may never be finished.
fn send(u: &mut Unstructured<'_>, net: &mut Net, who: usize, most: usize) -> arbitrary::Result<()> {
    let len = u.int_in_range(1..=most)?;
    let (mut stream, mut unordered) = (u.int_in_range(0..=MOST_STREAMS)?, u.arbitrary()?);
    let end = !u.ratio(1, 4)?;
    let policy = match u.int_in_range(0..=7)? {
        0 => Policy::Timed(
            net.now
                .plus(Duration::from_millis(u.int_in_range(0..=500)?)),
        ),
        1 => Policy::Retransmissions(u.int_in_range(0..=2)?),
        2 => Policy::Priority(u.int_in_range(0..=3)?),
        _ => Policy::Reliable,
    };
    let makes_room = u.ratio(1, 16)?;
    let ways = (0..=MOST_STREAMS).flat_map(|s| [(s, false), (s, true)]);
    net.with(who, |assoc, cx| {
        // Most of what is handed in goes on with what was begun; the rest would be refused.
        let mut taken = ways.filter(|(s, un)| assoc.takes(*s, message(*s, *un, &[]).ppid, *un));
        if let (Some(only), None) = (taken.next(), taken.next()) {
            (stream, unordered) = only;
        }
        let _ = assoc.set_stream_value(stream, stream.max(1), cx.gfp);
        if makes_room {
            assoc.make_room(cx, len, policy);
        }
        let data = vec![len as u8; len];
        let _ = assoc.send(
            cx,
            Message {
                end,
                policy,
                ..message(stream, unordered, &data)
            },
        );
    });
    Ok(())
}

/// A network near the wrap of the sequence numbers, with Z listening.
fn network() -> Net {
    let mut net = Net::new(1);
    net.hosts[Z].listens = true;
    net
}

/// Chooses whose message goes first.
fn schedule(u: &mut Unstructured<'_>, net: &mut Net) -> arbitrary::Result<()> {
    let scheduler = one_of(u, &SCHEDULERS)?;
    for host in &mut net.hosts {
        host.config.scheduler = scheduler;
    }
    Ok(())
}

/// Both users are done. However the associations end, they do not go on for ever.
fn wind_up(net: &mut Net) {
    for who in [A, Z] {
        net.hosts[who].reads = true;
        net.read_all(who);
        if net.hosts[who].assoc.is_some() {
            net.shutdown(who);
        }
    }
    net.run_for(Duration::from_secs(2000));
    for host in &net.hosts {
        if let Some(assoc) = &host.assoc {
            assert!(assoc.poll_timeout().is_some(), "nothing will end it");
        }
    }
}
