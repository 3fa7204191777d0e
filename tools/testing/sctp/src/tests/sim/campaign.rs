// SPDX-License-Identifier: GPL-2.0

//! Many scenarios, on all processors. `tools/sctp/sim.sh` runs it alone and for long, with
//! `SIM_N` (how many), `SIM_SEED` (the first one) and `SIM_MESSAGES` (only so many messages of
//! each scenario); `cargo test` takes a short one along.

use std::{
    fs,
    num::NonZero,
    panic::{catch_unwind, AssertUnwindSafe},
    path::PathBuf,
    sync::{
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
        Mutex,
    },
    thread,
    time::{Duration, Instant},
};

use super::{life::Life, scenario::Scenario, Seen};
use crate::engine::{event::Closed, stats::Counter};

/// Scenarios when nobody says how many.
const SHORT: u64 = 2000;

/// After so many failures it is enough.
const ENOUGH: usize = 3;

pub(super) fn setting(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok().filter(|text| !text.is_empty())?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text}?")))
}

/// What came about, to see that the scenarios are worth something.
#[derive(Debug, Default)]
struct Tally {
    messages: AtomicU64,
    /// What users were told not to be sent, by pieces, and messages that came in part only.
    given_up: AtomicU64,
    cut: AtomicU64,
    packets: AtomicU64,
    faults: AtomicU64,
    shutdown: AtomicU64,
    aborted: AtomicU64,
    timed_out: AtomicU64,
    restarted: AtomicU64,
    timeouts: AtomicU64,
    fast_retransmits: AtomicU64,
    virtual_seconds: AtomicU64,
}

impl Tally {
    fn add(&self, life: &Life) {
        let net = &life.net;
        self.faults.fetch_add(net.faults, Relaxed);
        for host in &net.hosts {
            self.messages.fetch_add(host.got.len() as u64, Relaxed);
            self.given_up.fetch_add(host.failed.len() as u64, Relaxed);
            self.cut.fetch_add(host.cut.len() as u64, Relaxed);
            self.packets.fetch_add(host.packets, Relaxed);
            for seen in &host.seen {
                let slot = match seen {
                    Seen::Closed(Closed::Shutdown) => &self.shutdown,
                    Seen::Closed(Closed::Aborted { .. } | Closed::PeerAborted { .. }) => {
                        &self.aborted
                    }
                    Seen::Closed(Closed::TimedOut { .. }) => &self.timed_out,
                    Seen::Restarted => &self.restarted,
                    Seen::Up | Seen::PeerShutdown | Seen::RemoteError(_) => continue,
                };
                slot.fetch_add(1, Relaxed);
            }
            let timeouts = host.counter(Counter::T3RtxExpireds);
            self.timeouts.fetch_add(timeouts, Relaxed);
            let fast = host.counter(Counter::FastRetransmits);
            self.fast_retransmits.fetch_add(fast, Relaxed);
        }
        let took = net.now.since(life.start).as_millis() / 1000;
        self.virtual_seconds.fetch_add(u64::from(took), Relaxed);
    }
}

fn scenario(seed: u64, messages: Option<usize>) -> Scenario {
    let mut scenario = Scenario::draw(seed);
    if let Some(n) = messages {
        scenario.limit_messages(n);
    }
    scenario
}

/// Runs one scenario. `Err` is what the oracle, or an assertion of the engine, has to say.
pub(super) fn attempt(life: &mut Life) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(|| life.run())).map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|s| s.to_string()));
        text.unwrap_or_else(|| "a panic".into())
    })
}

/// The least number of messages, by halves, with which a scenario still fails.
fn shrink(seed: u64, messages: Option<usize>) -> usize {
    let mut fails = scenario(seed, messages).messages();
    let mut passes = 0;
    while fails - passes > 1 {
        let n = passes + (fails - passes) / 2;
        if attempt(&mut Life::new(&scenario(seed, Some(n)), false)).is_err() {
            fails = n;
        } else {
            passes = n;
        }
    }
    if passes == 0 && attempt(&mut Life::new(&scenario(seed, Some(0)), false)).is_err() {
        return 0;
    }
    fails
}

/// Runs a failed scenario again, with a record, and says what there is to know.
fn report(seed: u64, messages: Option<usize>) -> String {
    let n = shrink(seed, messages);
    let scenario = scenario(seed, Some(n));
    let mut life = Life::new(&scenario, true);
    let what = attempt(&mut life).expect_err("it does not fail again");
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../build/sim")
        .join(format!("{seed}.txt"));
    let text = life.net.trace(&format!("{scenario:#?}\n\n{what}"));
    let written = fs::create_dir_all(file.parent().unwrap()).and_then(|()| fs::write(&file, text));
    let whereto = match written {
        Ok(()) => format!("build/sim/{seed}.txt"),
        Err(error) => format!("nowhere: {error}"),
    };
    format!(
        "seed {seed}: {what}\n  again: make sim SEED={seed} N=1 MESSAGES={n}\n  trace: {whereto}"
    )
}

#[test]
fn campaign() {
    let first = setting("SIM_SEED").unwrap_or(1);
    let n = setting("SIM_N");
    let is_alone = n.is_some();
    let n = n.unwrap_or(SHORT);
    let messages = setting("SIM_MESSAGES").map(|n| n as usize);
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let (next, done) = (AtomicU64::new(0), AtomicU64::new(0));
    let stop = AtomicBool::new(false);
    let failures = Mutex::new(Vec::new());
    let tally = Tally::default();
    let started = Instant::now();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| loop {
                    let i = next.fetch_add(1, Relaxed);
                    if i >= n || stop.load(Relaxed) {
                        break;
                    }
                    let seed = first + i;
                    let mut life = Life::new(&scenario(seed, messages), false);
                    match attempt(&mut life) {
                        Ok(()) => tally.add(&life),
                        Err(_) => {
                            drop(life);
                            let text = report(seed, messages);
                            eprintln!("{text}");
                            let mut failures = failures.lock().unwrap();
                            failures.push(text);
                            stop.fetch_or(failures.len() >= ENOUGH, Relaxed);
                        }
                    }
                    done.fetch_add(1, Relaxed);
                })
            })
            .collect();
        let mut said = Instant::now();
        while workers.iter().any(|worker| !worker.is_finished()) {
            thread::sleep(Duration::from_millis(20));
            if is_alone && said.elapsed() > Duration::from_secs(5) {
                said = Instant::now();
                let done = done.load(Relaxed);
                let rate = done as f64 / started.elapsed().as_secs_f64();
                eprintln!("{done} of {n} scenarios, {rate:.0} per second");
            }
        }
    });
    let done = done.load(Relaxed);
    let rate = done as f64 / started.elapsed().as_secs_f64();
    println!("{tally:?}");
    println!("{done} scenarios from seed {first} on, {rate:.0} per second");
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}
