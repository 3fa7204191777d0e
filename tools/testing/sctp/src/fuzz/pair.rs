// SPDX-License-Identifier: GPL-2.0

//! Two honest peers and somebody in the middle who changes, repeats, delays and drops packets.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use arbitrary::{Result, Unstructured};

use super::{network, one_of, schedule, send, wind_up};
use crate::{
    engine::{time::Duration, wire::cause},
    tests::sim::{Fate, Flying, Net, A, Z},
};

pub(super) fn run(data: &[u8]) {
    // What the users do comes from the first half, what happens to packets from the second one.
    let (users, middle) = data.split_at(data.len() / 2);
    let mut net = network();
    let changed = Rc::new(RefCell::new(Vec::new()));
    intercept(&mut net, middle.to_vec(), Rc::clone(&changed));
    let _ = live(&mut Unstructured::new(users), &mut net, &changed);
    net.no_filter();
    wind_up(&mut net);
}

fn live(u: &mut Unstructured<'_>, net: &mut Net, changed: &RefCell<Vec<Flying>>) -> Result<()> {
    schedule(u, net)?;
    net.connect(A);
    for _ in 0..48 {
        let who = one_of(u, &[A, Z])?;
        if net.hosts[who].assoc.is_some() {
            match u.int_in_range(0..=11)? {
                0..=6 => {
                    send(u, net, who, 9_000)?;
                }
                7 => net.hosts[who].reads = false,
                8 => {
                    net.hosts[who].reads = true;
                    net.read_all(who);
                }
                9 => net.shutdown(who),
                10 => net.with(who, |assoc, cx| {
                    assoc.abort(cx, cause::USER_INITIATED_ABORT, b"")
                }),
                _ => net.hosts[who].looks_every = Duration::from_millis(u.int_in_range(0..=20)?),
            }
        } else if u.arbitrary()? {
            net.connect(who);
        }
        let until = u.int_in_range(0..=60)?;
        for _ in 0..until {
            net.run_for(Duration::from_millis(if until > 50 { 200 } else { 2 }));
            net.deliver_all(changed.take());
        }
    }
    Ok(())
}

/// Lets `middle` decide about each packet, until it is used up.
fn intercept(net: &mut Net, middle: Vec<u8>, changed: Rc<RefCell<Vec<Flying>>>) {
    let used = Cell::new(0);
    net.filter(move |packet| {
        let Some(rest) = middle.get(used.get()..) else {
            return Fate::Pass;
        };
        let mut u = Unstructured::new(rest);
        let fate = decide(&mut u, packet, &changed).unwrap_or(Fate::Pass);
        // At least one, or a decision that takes none would be taken for ever.
        used.set(used.get() + (rest.len() - u.len()).max(1));
        fate
    });
}

fn decide(
    u: &mut Unstructured<'_>,
    packet: &Flying,
    changed: &RefCell<Vec<Flying>>,
) -> Result<Fate> {
    Ok(match u.arbitrary::<u8>()? {
        0..=127 => Fate::Pass,
        128..=147 => Fate::Lose,
        148..=167 => Fate::Delay(Duration::from_millis(u.int_in_range(0..=3_000)?)),
        168..=187 => {
            changed.borrow_mut().push(packet.clone());
            Fate::Pass
        }
        _ => {
            let mut packet = packet.clone();
            change(u, &mut packet.bytes)?;
            changed.borrow_mut().push(packet);
            Fate::Lose
        }
    })
}

/// Changes some bytes behind the ports, or the length. Checksums are not looked at here.
fn change(u: &mut Unstructured<'_>, bytes: &mut Vec<u8>) -> Result<()> {
    if u.ratio(1, 8)? {
        let len = u.choose_index(bytes.len())?;
        bytes.truncate(len);
        return Ok(());
    }
    for _ in 0..u.int_in_range(1..=4)? {
        // Mostly where the chunks have their headers.
        let end = if u.arbitrary()? {
            bytes.len()
        } else {
            bytes.len().min(64)
        };
        let at = u.int_in_range(4..=end.saturating_sub(1).max(4))?;
        let value = u.arbitrary()?;
        if let Some(byte) = bytes.get_mut(at) {
            *byte = value;
        }
    }
    Ok(())
}
