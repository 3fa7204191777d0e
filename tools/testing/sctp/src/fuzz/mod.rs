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
    engine::time::Duration,
    tests::sim::{Net, A, Z},
};

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

/// Up to `most` bytes of user data, whose contents do not matter.
fn message(u: &mut Unstructured<'_>, most: usize) -> arbitrary::Result<Vec<u8>> {
    let len = u.int_in_range(1..=most)?;
    Ok(vec![len as u8; len])
}

/// A network near the wrap of the sequence numbers, with Z listening.
fn network() -> Net {
    let mut net = Net::new(1);
    net.hosts[Z].listens = true;
    net
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
