// SPDX-License-Identifier: GPL-2.0

//! What packets cost the processor: linear at worst in what they bring and in what there is
//! already, whatever they are. It is instructions that are counted, of associations that are the
//! same but for their size.

use crate::tests::{
    script::*,
    sim::{pattern, Z},
};

/// Small, since counting takes some microseconds for each instruction; as far from one another as
/// the second from the third.
const SIZES: [usize; 3] = [2, 23, 44];

/// TSNs of the peer that are far from the next one, and may be missing for good.
const FAR: i64 = 1000;

/// An association with DATA that was sent and is not acknowledged, and with messages of the peer
/// that wait for others.
struct Loaded<'a> {
    x: &'a mut Script,
    /// How much there is of everything.
    n: i64,
    /// The last TSN that was acknowledged cumulatively.
    acked: i64,
}

impl Loaded<'_> {
    fn cost(&mut self, items: &[Item]) -> Option<u64> {
        let bytes = self.x.packet(self.x.tag, items);
        assert!(bytes.len() < 65_536);
        self.x.net.cost(Z, &bytes)
    }

    /// A packet of `n` chunks.
    fn cost_of(&mut self, chunk: impl Fn(&Self, i64) -> Item) -> Option<u64> {
        let items: Vec<Item> = (0..self.n).map(|i| chunk(self, i)).collect();
        self.cost(&items)
    }

    /// A SACK that every second chunk has arrived of those that are outstanding.
    fn sack_with_gaps(&self) -> Item {
        (1..=self.n as u16).fold(sack(self.acked), |sack, i| sack.gap(2 * i, 2 * i))
    }
}

fn loaded<R>(n: usize, f: impl FnOnce(&mut Loaded<'_>) -> R) -> R {
    with(|c| {
        c.nodelay = true;
        c.max_burst = 0;
        c.max_in_streams = u16::MAX;
        c.rcvbuf = 1 << 22;
    })
    .connecting_once(|x| {
        x.net.check = false;
        x.sends([init_ack()
            .param(0xc000, &[])
            .streams(u16::MAX, u16::MAX)
            .rwnd(10_000_000)]);
        x.expects([cookie_echo()]);
        x.sends([cookie_ack()]);
        // Opens cwnd.
        let mut acked = -1;
        x.user_hands_in(&pattern(0, 60_000));
        loop {
            let sent = x.ignores_the_rest();
            let new: usize = sent.iter().map(|packet| packet.tsns().len()).sum();
            if new == 0 {
                break;
            }
            acked += new as i64;
            x.sends([sack(acked).rwnd(10_000_000)]);
        }
        for _ in 0..2 * n + 2 {
            x.user_hands_in(b"x");
        }
        let sent = x.ignores_the_rest();
        assert_eq!(
            sent.iter().map(|p| p.tsns().len()).sum::<usize>(),
            2 * n + 2
        );
        let n = n as i64;
        for i in 0..n {
            x.sends([data(FAR + 2 * i).on_stream(i as u16).ssn(1)]);
            x.ignores_the_rest();
        }
        f(&mut Loaded { x, n, acked })
    })
}

/// What is linear grows from the second size to the third as from the first to the second. A
/// product of two things would grow by three times as much.
#[track_caller]
fn grows_less_than(times: f64, cost: impl Fn(&mut Loaded<'_>) -> Option<u64>) {
    let costs = SIZES.map(|n| loaded(n, &cost));
    let [Some(a), Some(b), Some(c)] = costs else {
        return;
    };
    let (first, second) = (b.saturating_sub(a), c.saturating_sub(b));
    assert!(
        second as f64 <= times * first as f64 + 500.0,
        "{costs:?} for {SIZES:?}"
    );
}

#[track_caller]
fn is_linear(cost: impl Fn(&mut Loaded<'_>) -> Option<u64>) {
    grows_less_than(1.5, cost);
}

/// Of a packet all of whose chunks are taken.
#[track_caller]
fn taken_in_is_linear(cost: impl Fn(&mut Loaded<'_>) -> Option<u64>) {
    is_linear(|l| {
        let steps = cost(l);
        let counted = l.x.host().refused.is_empty() && l.x.host().assoc.is_some();
        assert!(counted, "not all of it was looked at");
        steps
    });
}

#[test]
fn data_that_waits_for_its_turn() {
    taken_in_is_linear(|l| l.cost_of(|l, i| data(2 * (l.n - i)).on_stream(5).ssn(2 + i as u16)));
}

#[test]
fn data_on_streams_of_its_own() {
    taken_in_is_linear(|l| l.cost_of(|_, i| data(i).on_stream(200 + i as u16)));
}

#[test]
fn data_that_came_before() {
    taken_in_is_linear(|l| l.cost_of(|_, _| data(FAR)));
}

#[test]
fn fragments_without_an_end() {
    taken_in_is_linear(|l| l.cost_of(|l, i| data(2 * (l.n - i)).first().unordered()));
}

#[test]
fn sacks_that_say_nothing_new() {
    taken_in_is_linear(|l| l.cost_of(|l, _| sack(l.acked)));
}

#[test]
fn sacks_one_after_the_other() {
    taken_in_is_linear(|l| l.cost_of(|l, i| sack(l.acked + 1 + i)));
}

#[test]
fn sack_with_gaps() {
    taken_in_is_linear(|l| {
        let with_gaps = l.sack_with_gaps();
        l.cost(&[with_gaps])
    });
}

#[test]
fn sack_with_duplicates() {
    taken_in_is_linear(|l| {
        let sack = (0..l.n).fold(sack(l.acked), |sack, i| sack.duplicate(l.acked - i));
        l.cost(&[sack])
    });
}

/// Each takes back what the one before has said.
#[test]
fn sacks_that_take_back() {
    taken_in_is_linear(|l| {
        l.cost_of(|l, i| match i % 2 {
            0 => sack(l.acked).gap(2, 2 * l.n as u16),
            _ => sack(l.acked),
        })
    });
}

#[test]
fn sacks_after_one_with_gaps() {
    taken_in_is_linear(|l| {
        let with_gaps = l.sack_with_gaps();
        l.x.sends([with_gaps]);
        l.x.ignores_the_rest();
        l.cost_of(|l, i| sack(l.acked).gap(2, 2 + i as u16))
    });
}

#[test]
fn shutdowns_after_a_sack_with_gaps() {
    taken_in_is_linear(|l| {
        let with_gaps = l.sack_with_gaps();
        l.x.sends([with_gaps]);
        l.x.ignores_the_rest();
        l.cost_of(|l, _| shutdown(l.acked))
    });
}

fn forward_tsn(l: &Loaded<'_>, to: i64, streams: impl Iterator<Item = u16>) -> Item {
    let mut value = l.x.peer_tsn.plus(to as u32).0.to_be_bytes().to_vec();
    for stream in streams {
        value.extend(stream.to_be_bytes());
        value.extend(0_u16.to_be_bytes());
    }
    chunk(192, 0, &value)
}

#[test]
fn forward_tsns_one_after_the_other() {
    taken_in_is_linear(|l| l.cost_of(|l, i| forward_tsn(l, FAR + i, std::iter::empty())));
}

#[test]
fn forward_tsn_over_many_streams() {
    taken_in_is_linear(|l| {
        let forward = forward_tsn(l, FAR + 2 * l.n, 0..l.n as u16);
        l.cost(&[forward])
    });
}

#[test]
fn forward_tsn_over_one_stream_many_times() {
    taken_in_is_linear(|l| {
        let forward = forward_tsn(l, FAR + 2 * l.n, (0..l.n).map(|_| 0));
        l.cost(&[forward])
    });
}

/// All that is no DATA and does not acknowledge any, by its type. The answer has room for more once
/// the packet is larger than the smallest answer: where that begins, each costs more.
#[test]
fn control_chunks() {
    for kind in [4, 5, 7, 9, 10, 11, 12, 13, 0x84, 0x3e, 0x7e, 0xbe, 0xfe] {
        eprintln!("type {kind:#x}");
        grows_less_than(2.0, |l| l.cost_of(|_, _| chunk(kind, 0, &[0, 1, 0, 4])));
    }
}
