// SPDX-License-Identifier: GPL-2.0

//! Memory that cannot be had: every allocation of whole lives of associations fails once, and for
//! a while. Nothing may be left half done: the invariants hold after each input (the network
//! looks at them), a failed input is as good as a lost packet, and afterwards everything goes on.

use kernel::fault;

use crate::engine::{assoc::SendError, time::Duration};
use crate::tests::sim::{pattern, Fate, Net, Seen, A, Z};

/// Messages of A, and of Z.
const SIZES: [&[usize]; 2] = [&[10, 3000, 150, 20_000, 1, 1400], &[70_000, 5]];

/// One life: setup, data both ways with some losses, shutdown. What fails for lack of memory is
/// tried again, as a user would.
fn live(seed: u64, lossy: bool) -> Net {
    let mut net = Net::new(seed);
    net.link.delay = Duration::from_millis(2);
    net.hosts[Z].config.rcvbuf = 60_000;
    if lossy {
        net.link.loss = 60;
        net.link.jitter = Duration::from_millis(6);
        net.link.duplicate = 50;
    }
    net.hosts[Z].listens = true;
    while !net.try_connect(A) {
        net.run_for(Duration::from_millis(1));
    }
    net.run_until(|net| {
        net.hosts
            .iter()
            .all(|h| h.seen.contains(&Seen::Up) || h.end().is_some())
    });
    for who in [A, Z] {
        for (i, size) in SIZES[who].iter().enumerate() {
            while let Err(error) =
                net.try_send(who, i as u16 % 3, i % 2 == 1, &pattern(i as u64, *size))
            {
                assert!(matches!(error, SendError::NoMemory(_)), "{error:?}");
                net.run_for(Duration::from_millis(1));
            }
        }
    }
    net.shutdown(A);
    net.run_until(|net| net.hosts.iter().all(|h| h.assoc.is_none()));
    net
}

fn check(net: &Net) {
    for (who, peer) in [(A, Z), (Z, A)] {
        let mut expected: Vec<Vec<u8>> = SIZES[peer]
            .iter()
            .enumerate()
            .map(|(i, size)| pattern(i as u64, *size))
            .collect();
        let mut got: Vec<Vec<u8>> = net.hosts[who].got.iter().map(|m| m.bytes.clone()).collect();
        expected.sort();
        got.sort();
        assert!(expected == got, "data got lost");
        let end = net.hosts[who].end();
        assert_eq!(end, Some(crate::engine::event::Closed::Shutdown));
    }
}

#[test]
fn each_allocation_fails_once() {
    for lossy in [false, true] {
        let seed = 3;
        check(&live(seed, lossy));
        let mut n = 1;
        loop {
            let live_before = fault::live();
            let plan = fault::fail_nth(n);
            let net = live(seed, lossy);
            let failed = plan.has_failed();
            drop(plan);
            check(&net);
            drop(net);
            assert_eq!(fault::live(), live_before, "allocation {n}: leaked");
            if !failed {
                break;
            }
            n += 1;
        }
        assert!(n > 40, "only {n} allocations");
    }
}

/// From the n-th on all fail, until the test has seen enough of it.
#[test]
fn memory_is_gone_for_a_while() {
    for n in (1..400).step_by(3) {
        let mut net = Net::new(n);
        net.link.delay = Duration::from_millis(2);
        net.open();
        for i in 0..10 {
            net.send(A, 0, &pattern(i, 4000));
            net.send(Z, 0, &pattern(i, 400));
        }
        let plan = fault::fail_from(n);
        net.run_for(Duration::from_millis(300));
        drop(plan);
        net.run_until(|net| net.hosts.iter().all(|h| h.got.len() == 10));
        net.finish(A);
    }
}

/// An ABORT leaves although there is no memory for its reason, and a little later although there
/// was none for its packet.
#[test]
fn abort_without_memory() {
    for n in 1..6 {
        let mut net = Net::connected(4);
        let plan = fault::fail_from(n);
        net.with(A, |assoc, cx| assoc.abort(cx, 12, b"a reason"));
        drop(plan);
        net.run_until(|net| net.hosts.iter().all(|h| h.assoc.is_none()));
        assert!(net.hosts[Z].end().is_some());
    }
}

/// A restart needs memory, too: without it, it comes about a little later.
#[test]
fn restart_without_memory() {
    for n in 1.. {
        let mut net = Net::connected(5);
        net.send(A, 0, b"before");
        net.run_until(|net| net.hosts[Z].got.len() == 1);
        net.hosts[A].assoc = None;
        net.hosts[A].seen.clear();
        let plan = fault::fail_nth(n);
        while !net.try_connect(A) {}
        net.run_until(|net| {
            net.hosts[A].seen.contains(&Seen::Up) && net.hosts[Z].seen.contains(&Seen::Restarted)
        });
        let failed = plan.has_failed();
        drop(plan);
        net.send(A, 0, b"after");
        net.run_until(|net| net.hosts[Z].got.len() == 2);
        net.finish(Z);
        if !failed {
            assert!(n > 5);
            break;
        }
    }
}

/// Nearly all associations have one path, and room for one.
#[test]
fn an_association_is_small() {
    let before = fault::live_bytes();
    let net = Net::connected(7);
    let both = fault::live_bytes() - before;
    assert!(both < 5000, "two associations are {both} bytes");
    drop(net);
}

/// What is kept from one message to the next is given back when nothing has been sent for a while.
#[test]
fn an_association_that_rests_is_small_again() {
    let before = fault::live_bytes();
    let mut net = Net::connected(8);
    for who in [A, Z] {
        for i in 0..100 {
            net.send(who, 0, &pattern(i, 100));
        }
    }
    net.run_until(|net| net.hosts.iter().all(|h| h.got.len() == 100));
    let busy = fault::live_bytes() - before;
    net.run_for(Duration::from_secs(70));
    let both = fault::live_bytes() - before;
    assert!(
        both < 5000,
        "two idle associations hold {both} bytes, {busy} before"
    );
    assert!(busy > both + 10_000, "{busy} bytes before, {both} after");
    net.send(A, 0, b"again");
    net.run_until(|net| net.hosts[Z].got.len() == 101);
    net.finish(A);
}

/// What a peer can make this side keep is bounded by the receive buffer, whatever it sends.
#[test]
fn an_association_gives_everything_back() {
    let before = fault::live_bytes();
    let mut net = Net::connected(6);
    net.link.loss = 50;
    for i in 0..200 {
        net.send(A, 0, &pattern(i, 3000));
    }
    net.run_until(|net| net.hosts[Z].got.len() == 200);
    net.run_for(Duration::from_secs(1));
    let idle = fault::live_bytes() - before;
    assert!(idle < 64 << 10, "two idle associations hold {idle} bytes");
    net.filter(|_| Fate::Pass);
    net.finish(A);
    drop(net);
    assert_eq!(fault::live_bytes(), before);
}
