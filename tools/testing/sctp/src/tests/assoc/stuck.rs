// SPDX-License-Identifier: GPL-2.0

//! Ways in which an association with several paths could get stuck.

use super::paths::{await_change, connected, networks, time_of_message, RTO};
use crate::engine::{
    event::PathChange::PotentiallyFailed, path::PathId, time::Duration, wire::chunk::ChunkType,
};
use crate::tests::sim::{pattern, A, Z};

/// 6.3.3, E3: after a timeout one packet, until it is acknowledged. If what was in it is repeated on
/// another path, that is not to be waited for any more.
#[test]
fn a_path_goes_on_after_another_has_repeated_its_data() {
    let (mut net, cuts) = connected(40, 2, &[1], |config| config.path.pf_retrans = 5);
    cuts.cut(0);
    for i in 0..5 {
        net.send(A, 0, &pattern(i, 1000));
    }
    // The other path is confirmed after the first packet was repeated on this one; it takes the
    // rest. Their acknowledgements say nothing about what was sent elsewhere, so that it takes
    // another timeout until the first one follows.
    cuts.mend(1);
    net.run_until(|net| net.hosts[Z].got.len() == 5);
    assert_eq!(net.hosts[A].assoc().paths()[0].errors, 2);
    cuts.mend(0);
    assert!(time_of_message(&mut net) < RTO);
}

/// If no path is active, the best of the others may be narrower than the primary one: messages are
/// cut for where they go.
#[test]
fn a_narrow_path_is_the_last_resort() {
    let (mut net, cuts) = connected(41, 2, &[], |config| {
        config.path.hb_interval = Duration::from_secs(1)
    });
    net.with(A, |assoc, cx| assoc.handle_mtu(cx, PathId(1), 512));
    cuts.cut(0);
    await_change(&mut net, 0, PotentiallyFailed);
    cuts.cut(1);
    await_change(&mut net, 1, PotentiallyFailed);
    net.sent.clear();
    net.send(A, 0, &pattern(1, 1000));
    assert_eq!(networks(&net, A, ChunkType::Data), [1, 1, 1]);
}
