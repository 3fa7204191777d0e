// SPDX-License-Identifier: GPL-2.0

//! Any chunks in any state: a peer that knows the tags and does what it likes.

use arbitrary::{Result, Unstructured};
use kernel::fault;

use super::{network, one_of, schedule, send, wind_up};
use crate::{
    engine::{assoc::State, time::Duration, wire::cause},
    tests::sim::{pattern, Net, A, Z},
};

/// Most bytes that the engine may have taken at the end, whatever came: far above what windows
/// and queues of both hosts hold in honest use, far below what a leak per packet makes.
const MOST_BYTES: i64 = 3 << 20;

/// Chunk types that are looked into; all others are just skipped.
const KINDS: [u8; 22] = [
    0, 0, 0, 1, 2, 3, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 64, 128, 192, 193,
];

pub(super) fn run(data: &[u8]) {
    let before = fault::live_bytes();
    let mut net = network();
    // Bytes that run out end the attack, not the check of what comes after it.
    let _ = attack(&mut Unstructured::new(data), &mut net);
    let grown = fault::live_bytes() - before;
    assert!(grown < MOST_BYTES, "{grown} bytes");
    wind_up(&mut net);
}

fn attack(u: &mut Unstructured<'_>, net: &mut Net) -> Result<()> {
    begin(u, net)?;
    for _ in 0..64 {
        if u.is_empty() {
            break;
        }
        match u.int_in_range(0..=9)? {
            0..=5 => {
                let from = one_of(u, &[A, A, A, Z])?;
                let bytes = packet(u, net, from)?;
                net.forge(from, bytes);
            }
            6 => net.run_for(Duration::from_millis(u.int_in_range(0..=40)?)),
            7 => net.run_for(Duration::from_millis(u.int_in_range(0..=8_000)?)),
            8 => {
                let who = one_of(u, &[A, Z])?;
                if net.hosts[who].assoc.is_some() {
                    send(u, net, who, 6_000)?;
                }
            }
            _ => command(u, net)?,
        }
    }
    Ok(())
}

/// Brings the associations into a state to begin with.
fn begin(u: &mut Unstructured<'_>, net: &mut Net) -> Result<()> {
    let start = u.int_in_range(0..=9)?;
    if start == 0 {
        return Ok(());
    }
    schedule(u, net)?;
    net.connect(A);
    if start > 1 {
        net.run_until(|net| net.hosts.iter().all(|h| h.state() == State::Established));
    }
    match start {
        3 => net.shutdown(A),
        4 => net.shutdown(Z),
        5 => {
            net.send(Z, 0, &pattern(1, 9_000));
            net.shutdown(Z);
        }
        6 => {
            net.send(A, 0, &pattern(1, 9_000));
            net.send(Z, 1, &pattern(1, 9_000));
        }
        7 => net.hosts[Z].reads = false,
        8 => {
            net.shutdown(A);
            net.shutdown(Z);
        }
        _ => {}
    }
    net.run_for(Duration::from_millis(u.int_in_range(0..=35)?));
    Ok(())
}

fn command(u: &mut Unstructured<'_>, net: &mut Net) -> Result<()> {
    let who = one_of(u, &[A, Z])?;
    let what = u.int_in_range(0..=6)?;
    if what == 0 && net.hosts[who].assoc.is_none() {
        net.connect(who);
        return Ok(());
    }
    if net.hosts[who].assoc.is_none() {
        return Ok(());
    }
    match what {
        0 => {
            let count = u.int_in_range(2..=4)?;
            let train = (0..count).map(|_| packet(u, net, 1 - who));
            let train = train.collect::<Result<_>>()?;
            net.forge_train(1 - who, train);
        }
        1 => net.shutdown(who),
        2 => net.with(who, |assoc, cx| {
            assoc.abort(cx, cause::USER_INITIATED_ABORT, b"reason")
        }),
        3 => net.read_all(who),
        4 => net.hosts[who].reads = u.arbitrary()?,
        5 => {
            let more = u.arbitrary()?;
            net.with(who, |assoc, _| assoc.set_more_follows(more));
        }
        _ => {
            let mtu = u.int_in_range(0..=9_000)?;
            net.with(who, |assoc, cx| {
                assoc.handle_mtu(cx, Default::default(), mtu)
            });
        }
    }
    Ok(())
}

/// A packet of several chunks, most of them under the tag that is right.
fn packet(u: &mut Unstructured<'_>, net: &Net, from: usize) -> Result<Vec<u8>> {
    let (own, other) = (&net.hosts[from], &net.hosts[1 - from]);
    let tag_of = |host: &crate::tests::sim::Host| host.assoc.as_ref().map_or(0, |a| a.local_tag());
    let tag = match u.int_in_range(0..=15)? {
        0 => 0,
        1 => u.arbitrary()?,
        2 => tag_of(own),
        _ => tag_of(other),
    };
    let mut bytes = net.header_with_tag(from, tag);
    if u.ratio(1, 8)? {
        bytes = replay(u, net, from, tag)?;
    }
    for _ in 0..u.int_in_range(0..=5)? {
        chunk(u, net, from, &mut bytes)?;
    }
    Ok(bytes)
}

/// Something that was sent before, so that what has a MAC comes up, too.
fn replay(u: &mut Unstructured<'_>, net: &Net, from: usize, tag: u32) -> Result<Vec<u8>> {
    let sent: Vec<_> = net
        .sent
        .iter()
        .rev()
        .filter(|p| p.to != from)
        .take(16)
        .collect();
    if sent.is_empty() {
        return Ok(net.header_with_tag(from, tag));
    }
    let mut bytes = u.choose(&sent)?.bytes.clone();
    if u.arbitrary()? {
        if let Some(place) = bytes.get_mut(4..8) {
            place.copy_from_slice(&tag.to_be_bytes());
        }
    }
    if u.ratio(1, 4)? {
        let at = u.choose_index(bytes.len())?;
        bytes[at] ^= u.arbitrary::<u8>()?;
    }
    while bytes.len() % 4 != 0 {
        bytes.push(0);
    }
    Ok(bytes)
}

fn chunk(u: &mut Unstructured<'_>, net: &Net, from: usize, bytes: &mut Vec<u8>) -> Result<()> {
    let kind = if u.ratio(1, 16)? {
        u.arbitrary()?
    } else {
        one_of(u, &KINDS)?
    };
    let mut value = Vec::new();
    for _ in 0..u.int_in_range(0..=10)? {
        value.extend(word(u, net, from)?.to_be_bytes());
    }
    let cut: usize = u.int_in_range(0..=3)?;
    value.truncate(value.len().saturating_sub(cut));
    let flags = u.int_in_range(0..=15)?;
    let lie: i16 = if u.ratio(1, 32)? { u.arbitrary()? } else { 0 };
    let length = (value.len() as u16 + 4).wrapping_add_signed(lie);
    bytes.extend([kind, flags]);
    bytes.extend(length.to_be_bytes());
    bytes.extend(value);
    while bytes.len() % 4 != 0 {
        bytes.push(0);
    }
    Ok(())
}

/// Four bytes that are of interest to some parser or comparison.
fn word(u: &mut Unstructured<'_>, net: &Net, from: usize) -> Result<u32> {
    let near = |tsn: u32, u: &mut Unstructured<'_>| -> Result<u32> {
        Ok(tsn.wrapping_add_signed(u.int_in_range(-6..=12)?))
    };
    Ok(match u.int_in_range(0..=7)? {
        0 => 0,
        1 => u32::MAX,
        2 => u.arbitrary()?,
        3 => u.int_in_range(0..=70_000)?,
        // Two small numbers: gap blocks, stream and SSN.
        4 => u.int_in_range(0..=16)? << 16 | u.int_in_range(0..=16)?,
        // A parameter or cause and its length.
        5 => {
            one_of(
                u,
                &[
                    1, 2, 3, 5, 6, 7, 8, 9, 11, 12, 0x8000, 0x8008, 0xc000, 0xc006,
                ],
            )? << 16
                | u.int_in_range(0..=24)?
        }
        6 => near(last_tsn(net, from), u)?,
        _ => near(last_tsn(net, 1 - from), u)?,
    })
}

/// The last TSN that a host sent, or the one before its first.
fn last_tsn(net: &Net, from: usize) -> u32 {
    let packets = net.sent.iter().rev().filter(|p| p.to != from);
    for packet in packets.take(32) {
        if packet.bytes.get(12) == Some(&0) {
            if let Some(tsn) = packet.bytes.get(16..20) {
                return u32::from_be_bytes(tsn.try_into().unwrap_or_default());
            }
        }
    }
    u32::MAX - [8, 21][from]
}
