// SPDX-License-Identifier: GPL-2.0

//! Packets that no honest peer sends. Whatever comes, nothing panics (the kernel's build checks
//! arithmetic, so a panic would be a remote crash), the invariants hold, memory is bounded, and
//! what goes out is in proportion to what came in.

use proptest::prelude::*;

use kernel::fault;

use crate::engine::{cx::Rng, time::Duration};
use crate::tests::{
    sim::{address, pattern, Fate, Flying, Net, A, PORT, Z},
    support::{cases, world::SplitMix},
};

/// A network whose packets are damaged under way. Checksums would find that; here they are not
/// looked at, as if the sender had made the packet so.
fn damage(packet: &mut Flying, rng: &mut SplitMix) {
    match rng.next_u32() % 5 {
        0 => {
            let n = rng.next_u32() as usize % packet.bytes.len();
            packet.bytes.truncate(n);
        }
        1 => {
            let n = rng.next_u32() as usize % 40;
            packet.bytes.extend(pattern(rng.next_u64(), n));
        }
        _ => {
            for _ in 0..1 + rng.next_u32() % 3 {
                let i = 12 + rng.next_u32() as usize % (packet.bytes.len() - 12).max(1);
                if let Some(byte) = packet.bytes.get_mut(i) {
                    *byte = match rng.next_u32() % 4 {
                        0 => 0,
                        1 => 0xff,
                        2 => byte.wrapping_add(1),
                        _ => rng.next_u32() as u8,
                    };
                }
            }
        }
    }
}

#[test]
fn damaged_packets() {
    for seed in 0..150 {
        let mut net = Net::new(seed);
        let mut rng = SplitMix(seed);
        net.link.delay = Duration::from_millis(3);
        net.link.jitter = Duration::from_millis(5);
        net.hosts[Z].listens = true;
        net.hosts[A].listens = true;
        net.connect(A);
        net.run_for(Duration::from_millis(seed as u32 % 40));
        for i in 0..30 {
            for who in [A, Z] {
                if net.hosts[who].assoc.is_some() {
                    let size = 1 + rng.next_u32() as usize % 4000;
                    let _ = net.try_send(who, i % 12, i % 3 == 0, &pattern(i.into(), size));
                }
            }
            let mut some: Vec<Flying> = net.sent.iter().rev().take(6).cloned().collect();
            for packet in &mut some {
                damage(packet, &mut rng);
                packet.at = net.now;
                net.deliver(packet.clone());
            }
            net.run_for(Duration::from_millis(4));
        }
        for who in [A, Z] {
            if net.hosts[who].assoc.is_some() {
                net.shutdown(who);
            }
        }
        // It may end in any way, but it ends.
        net.run_for(Duration::from_secs(2000));
        let ended = net.hosts.iter().all(|h| h.assoc.is_none());
        assert!(ended || net.next_time().is_some());
    }
}

/// A chunk with a right header and anything in it that some parser may find of interest.
fn chunk() -> impl Strategy<Value = Vec<u8>> {
    let kind = prop_oneof![6 => 0..15u8, 1 => Just(192), 1 => any::<u8>()];
    let word = prop_oneof![
        3 => any::<u32>(),
        2 => Just(0),
        2 => Just(u32::MAX),
        2 => 0..70_000u32,
        2 => (0..16u32).prop_map(|n| n << 16),
        2 => Just(0x0001_0010),
        2 => Just(0x0005_0008),
    ];
    (
        kind,
        0..16u8,
        proptest::collection::vec(word, 0..12),
        0..4usize,
    )
        .prop_map(|(kind, flags, words, cut)| {
            let mut value: Vec<u8> = words.iter().flat_map(|w| w.to_be_bytes()).collect();
            value.truncate(value.len().saturating_sub(cut));
            let mut bytes = vec![kind, flags];
            bytes.extend((value.len() as u16 + 4).to_be_bytes());
            bytes.extend(value);
            while bytes.len() % 4 != 0 {
                bytes.push(0);
            }
            bytes
        })
}

/// Numbers near those in use, so that windows are hit.
#[derive(Clone, Copy, Debug)]
enum Patch {
    None,
    /// The first word becomes a TSN so far from what is expected.
    Receive(i32),
    /// The first word becomes a cumulative TSN ack so far from what was sent.
    Sent(i32),
}

fn patch() -> impl Strategy<Value = Patch> {
    prop_oneof![
        1 => Just(Patch::None),
        3 => (-3..12i32).prop_map(Patch::Receive),
        1 => (-3..4i32).prop_map(Patch::Sent),
    ]
}

proptest! {
    #![proptest_config(cases(400))]

    /// Any chunks, with the right tag, in any state.
    #[test]
    fn any_chunks(
        seed in 0..1000u64,
        start in 0..8u8,
        packets in proptest::collection::vec(
            (proptest::collection::vec((chunk(), patch()), 1..5), 0..30u32),
            1..30,
        ),
    ) {
        let mut net = Net::new(seed);
        net.hosts[Z].listens = true;
        net.connect(A);
        let (mut expected, mut next) = (0, 0);
        if start > 0 {
            net.run_until(|net| net.hosts.iter().all(|h| !h.seen.is_empty()));
            expected = u32::MAX - 7;
            next = u32::MAX - 20;
        }
        match start {
            2 => net.shutdown(A),
            3 => net.shutdown(Z),
            4 => {
                net.send(Z, 0, &pattern(1, 9000));
                net.shutdown(Z);
            }
            5 => {
                net.send(A, 0, &pattern(1, 9000));
                net.send(Z, 0, &pattern(1, 9000));
            }
            6 => net.hosts[Z].reads = false,
            _ => {}
        }
        net.run_for(Duration::from_millis(u32::from(start) * 3));
        let before = fault::live_bytes();
        for (chunks, wait) in packets {
            if net.hosts[Z].assoc.is_none() {
                break;
            }
            let mut bytes = net.header(A);
            for (mut chunk, patch) in chunks {
                let word = match patch {
                    Patch::None => None,
                    Patch::Receive(offset) => Some(expected.wrapping_add_signed(offset)),
                    Patch::Sent(offset) => Some(next.wrapping_add_signed(offset)),
                };
                if let (Some(word), Some(place)) = (word, chunk.get_mut(4..8)) {
                    place.copy_from_slice(&u32::to_be_bytes(word));
                }
                bytes.extend(chunk);
            }
            net.forge(A, bytes);
            net.run_for(Duration::from_millis(wait));
        }
        let grown = fault::live_bytes() - before;
        prop_assert!(grown < 400_000, "{} bytes", grown);
    }
}

/// A flood of fragments that never become messages: what is held stays within the buffer.
#[test]
fn endless_fragments() {
    for step in [1, 2, 3, 7] {
        let mut net = Net::connected(7);
        net.check = false;
        net.filter(|_| Fate::Lose);
        let before = fault::live_bytes();
        let first = net
            .sent
            .iter()
            .find(|p| p.to == Z && p.any(|c| c.kind.to_u8() == 1))
            .map(|p| u32::from_be_bytes(p.bytes[28..32].try_into().unwrap()))
            .unwrap();
        for i in 0..20_000u32 {
            let tsn = first.wrapping_add(i * step);
            let mut bytes = net.header(A);
            // A begin in the first place, then middles that cannot be placed until it is there.
            let flags = if i == 0 { 2 } else { 0 };
            bytes.extend([0, flags, 0, 17]);
            bytes.extend(tsn.to_be_bytes());
            bytes.extend([0; 8]);
            bytes.extend([1, 0, 0, 0]);
            net.forge(A, bytes);
            net.forget();
            if net.hosts[Z].assoc.is_none() {
                break;
            }
        }
        let grown = fault::live_bytes() - before;
        // The payload is not counted here: what is, is what the engine needs to keep it.
        assert!(grown < 12 << 20, "step {step}: {grown} bytes");
    }
}

/// A packet from an address or port that is not the peer's is nobody's.
#[test]
fn from_elsewhere() {
    let mut net = Net::connected(8);
    let mut bytes = net.header(A);
    bytes.extend([6, 0, 0, 4]);
    let packet = Flying {
        at: net.now,
        to: Z,
        src: address(A, 3),
        dst: address(Z, 0),
        bytes,
        cut: None,
    };
    net.deliver(packet);
    assert!(net.hosts[Z].assoc.is_some());
    assert_eq!(PORT.len(), 2);
    net.send(A, 0, b"x");
    net.run_until(|net| net.hosts[Z].got.len() == 1);
}
