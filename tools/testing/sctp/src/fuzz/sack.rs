// SPDX-License-Identifier: GPL-2.0

//! Acknowledgements of all kinds for what was really sent: the sending side's bookkeeping.

use arbitrary::{Result, Unstructured};

use super::{network, send, wind_up};
use crate::{
    engine::{assoc::State, time::Duration},
    tests::sim::{Fate, Net, A, Z},
};

pub(super) fn run(data: &[u8]) {
    let mut net = network();
    net.connect(A);
    net.run_until(|net| net.hosts.iter().all(|h| h.state() == State::Established));
    // Z is played by the input from here on.
    net.filter(|_| Fate::Lose);
    let _ = play(&mut Unstructured::new(data), &mut net);
    net.no_filter();
    wind_up(&mut net);
}

fn play(u: &mut Unstructured<'_>, net: &mut Net) -> Result<()> {
    let mut acked = net.hosts[A].assoc().last_tsn().0;
    for _ in 0..96 {
        if net.hosts[A].assoc.is_none() {
            break;
        }
        match u.int_in_range(0..=7)? {
            0 | 1 => {
                send(u, net, A, 20_000)?;
            }
            2 => net.run_for(Duration::from_millis(u.int_in_range(0..=3_000)?)),
            _ => sack(u, net, &mut acked)?,
        }
    }
    Ok(())
}

/// A SACK around what was sent. One that acknowledges more than that has to end the association.
fn sack(u: &mut Unstructured<'_>, net: &mut Net, acked: &mut u32) -> Result<()> {
    // What was given up before its end was sent has a TSN for that, too, which a FORWARD TSN is
    // going to name.
    let sent = net.hosts[A].assoc().last_tsn().0;
    let beyond = sent.wrapping_sub(*acked);
    let step = u.int_in_range(-2..=beyond.min(60) as i32 + 1)?;
    let cumulative = acked.wrapping_add_signed(step);
    let a_rwnd: u32 = if u.ratio(1, 4)? {
        u.arbitrary()?
    } else {
        100_000
    };
    let gaps = u.int_in_range(0..=6)?;
    let duplicates = u.int_in_range(0..=3)?;
    let mut value = Vec::new();
    value.extend(cumulative.to_be_bytes());
    value.extend(a_rwnd.to_be_bytes());
    value.extend((gaps as u16).to_be_bytes());
    value.extend((duplicates as u16).to_be_bytes());
    let mut last = 0_u16;
    let mut reach = 0_u16;
    for _ in 0..gaps {
        // Ascending for the most part.
        let base = if u.ratio(1, 8)? { 0 } else { last };
        let start = base.wrapping_add(u.int_in_range(0..=6)?);
        let end = start.wrapping_add(u.int_in_range(0..=6)?);
        value.extend(start.to_be_bytes());
        value.extend(end.to_be_bytes());
        if start != 0 && end >= start {
            reach = reach.max(end);
        }
        last = end;
    }
    for _ in 0..duplicates {
        let back: u32 = u.int_in_range(0..=8)?;
        value.extend(cumulative.wrapping_sub(back).to_be_bytes());
    }
    let mut bytes = net.header(Z);
    bytes.extend([3, 0]);
    bytes.extend((value.len() as u16 + 4).to_be_bytes());
    bytes.extend(value);
    net.forge(Z, bytes);

    if step < 0 {
        // It is an old one, of which nothing counts.
        return Ok(());
    }
    let is_beyond = step as u32 > beyond || u32::from(reach) > beyond - step as u32;
    if is_beyond {
        assert!(
            net.hosts[A].assoc.is_none(),
            "an acknowledgement of what was never sent"
        );
    } else if net.hosts[A].assoc.is_some() {
        *acked = cumulative;
    }
    Ok(())
}
