// SPDX-License-Identifier: GPL-2.0

//! A scenario: a network, two hosts, their users and what befalls them, all drawn from one number.

use super::{
    link::{Burst, Link, Rate},
    A, Z,
};
use crate::{
    engine::{
        cc::Algorithm,
        config::{Config, LossDetection, PathConfig},
        cx::Rng,
        time::Duration,
        tx::schedule::Scheduler,
    },
    tests::support::world::SplitMix,
};

/// What is done at some time after the start.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Step {
    Connect(usize),
    Send {
        who: usize,
        stream: u16,
        unordered: bool,
        size: usize,
        worth: Worth,
    },
    /// The user reads one delivery.
    Read(usize),
    /// From now on the user reads what comes at once.
    ReadAll(usize),
    /// As soon as all of the user's messages are handed in.
    Shutdown(usize),
    Abort(usize),
    /// The host forgets everything and connects to the other one again.
    Restart(usize),
}

/// How long a message is worth it: the policies, with a time that counts from when it is sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Worth {
    Everything,
    Time(Duration),
    Retransmissions(u32),
    Priority(u32),
}

/// How a user reads.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Reader {
    AtOnce,
    /// One delivery each time.
    Every(Duration),
    /// Not at all until then: the window closes.
    After(Duration),
}

#[derive(Clone, Debug)]
pub(super) struct HostPlan {
    pub(super) config: Config,
    pub(super) mtu: usize,
    pub(super) listens: bool,
    pub(super) reader: Reader,
    /// Bytes that may wait to be sent for the first time.
    pub(super) sndbuf: usize,
    /// It tells the peer of so many addresses that nobody has.
    pub(super) claims: u8,
    /// How often it looks for packets.
    pub(super) looks_every: Duration,
}

#[derive(Clone, Debug)]
pub(super) struct Scenario {
    pub(super) seed: u64,
    /// How many numbers come before 0 is used: TSNs of either side, SSNs of each stream.
    pub(super) tsns_before_wrap: [u32; 2],
    pub(super) ssns_before_wrap: u16,
    /// Routers say what was too big.
    pub(super) icmp: bool,
    /// For each network, towards A and towards Z.
    pub(super) links: Vec<[Link; 2]>,
    /// For each network and direction, from when to when it is down.
    pub(super) outages: Vec<(u8, usize, Duration, Duration)>,
    pub(super) hosts: [HostPlan; 2],
    /// In no order.
    pub(super) steps: Vec<(Duration, Step)>,
    /// That a user aborts, by host, and that a host restarts.
    pub(super) aborts: [bool; 2],
    pub(super) restarts: bool,
}

/// Draws with names for the usual questions.
struct Dice(SplitMix);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0.next_u64() % n.max(1)
    }

    /// `one` of so many times.
    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }

    fn ms(&mut self, from: u64, to: u64) -> Duration {
        Duration((from * 1000 + self.below((to - from) * 1000)) * 1000)
    }
}

impl Scenario {
    pub(super) fn draw(seed: u64) -> Self {
        let mut dice = Dice(SplitMix(seed ^ 0x5c7_9000));
        let dice = &mut dice;
        let mut scenario = Self {
            seed,
            tsns_before_wrap: [dice.few(), dice.few()],
            ssns_before_wrap: dice.few() as u16,
            icmp: !dice.one_in(3),
            links: Vec::new(),
            outages: Vec::new(),
            hosts: [dice.host(), dice.host()],
            steps: Vec::new(),
            aborts: [false; 2],
            restarts: false,
        };
        for _ in 0..dice.pick(&[1, 1, 1, 2, 3]) {
            // Mostly the same in both directions.
            let link = dice.link();
            let back = if dice.one_in(3) {
                dice.link()
            } else {
                link.clone()
            };
            scenario.links.push([link, back]);
        }
        scenario.narrow(dice);
        scenario.setup(dice);
        scenario.traffic(dice);
        scenario.faults(dice);
        scenario.ending(dice);
        for host in &mut scenario.hosts {
            host.looks_every = Duration::from_millis(dice.pick(&[0, 0, 0, 0, 1, 5, 30]));
        }
        scenario
    }

    /// The scenario with its first `n` messages only.
    pub(super) fn limit_messages(&mut self, n: usize) {
        let mut left = n;
        self.steps.retain(|(_, step)| match step {
            Step::Send { .. } => {
                let keep = left > 0;
                left = left.saturating_sub(1);
                keep
            }
            _ => true,
        });
    }

    /// All numbers wrap with the third one.
    pub(super) fn wrap_at_once(&mut self) {
        self.tsns_before_wrap = [2; 2];
        self.ssns_before_wrap = 2;
    }

    pub(super) fn messages(&self) -> usize {
        let is_send = |step: &&(Duration, Step)| matches!(step.1, Step::Send { .. });
        self.steps.iter().filter(is_send).count()
    }

    /// Whether nothing can happen to a packet, and none is late.
    pub(super) fn is_pristine(&self) -> bool {
        let is_calm = |link: &Link| {
            let delays = self.hosts.iter().map(|h| h.config.sack_delay.0);
            let slowest = link.delay.doubled().0 + delays.max().unwrap();
            link.jitter == Duration::ZERO
                && link.loss + link.duplicate + link.reorder + link.corrupt == 0
                && link.burst.is_none()
                && link.rate.is_none()
                && link.mtu == usize::MAX
                && self
                    .hosts
                    .iter()
                    .all(|h| h.config.rto_min.0 > slowest + 100_000_000)
        };
        self.links.iter().flatten().all(is_calm)
            && self.outages.is_empty()
            && !self.restarts
            && self.aborts == [false; 2]
            // If both connect, one cookie is thrown away, and DATA that came with it.
            && !self.steps.iter().any(|(_, step)| *step == Step::Connect(Z))
            && self.hosts.iter().all(|h| {
                h.reader == Reader::AtOnce
                    && h.looks_every == Duration::ZERO
                    // Else a window closes and opens in one round trip, and a probe is repeated.
                    && h.mtu < 10_000
                    // Else the peer waits longer for SACKs than it has to, and probes.
                    && h.config.sack_freq <= 2
                    && h.config.rto_initial.0 >= h.config.rto_min.0
                    && h.config.rcvbuf > 100_000
                    && h.listens
            })
    }

    /// Now and then the network's MTU is less than that of the hosts.
    fn narrow(&mut self, dice: &mut Dice) {
        if !dice.one_in(8) {
            return;
        }
        let mtu = dice.pick(&[576, 1000, 1280, 1400]);
        let network = dice.below(self.links.len() as u64) as usize;
        for link in &mut self.links[network] {
            link.mtu = mtu;
        }
    }

    fn setup(&mut self, dice: &mut Dice) {
        self.steps.push((Duration::ZERO, Step::Connect(A)));
        self.hosts[Z].listens = true;
        if dice.one_in(6) {
            // Both connect, at about the same time.
            let at = dice.ms(0, 1 + 3 * u64::from(self.links[0][Z].delay.as_millis()));
            self.steps.push((at, Step::Connect(Z)));
            self.hosts[Z].listens = dice.one_in(2);
            self.hosts[A].listens = dice.one_in(2);
        }
    }

    fn traffic(&mut self, dice: &mut Dice) {
        // A bad network has to be spared, or it takes hours of virtual time.
        let bad = |l: &Link| {
            l.loss > 50
                || l.burst
                    .is_some_and(|b| b.becomes_bad * b.loss > b.becomes_good * 50)
        };
        let is_bad = self.links.iter().flatten().any(bad);
        let most = if is_bad { 20_000 } else { 300_000 };
        for who in [A, Z] {
            if dice.one_in(5) {
                continue;
            }
            let total = dice.pick(&[most / 50, most / 10, most]);
            let streams = u64::from(self.hosts[who].config.out_streams.min(8));
            let largest = dice.pick(&[100, 1500, 10_000, 200_000]).min(total);
            let unordered = dice.pick(&[0, 0, 200, 1000]);
            let limited = dice.pick(&[0, 0, 0, 300, 1000]);
            let mut at = Duration::ZERO;
            let (mut sum, mut count) = (0, 0);
            while sum < total && count < 300 {
                let size = match dice.below(4) {
                    0 => 1 + dice.below(64) as usize,
                    _ => 1 + dice.below(largest as u64) as usize,
                };
                self.steps.push((
                    at,
                    Step::Send {
                        who,
                        stream: dice.below(streams) as u16,
                        unordered: dice.below(1000) < unordered,
                        size,
                        worth: dice.worth(limited),
                    },
                ));
                sum += size;
                count += 1;
                // In bursts, with pauses between them.
                if dice.one_in(4) {
                    at.0 += match dice.below(20) {
                        0 => dice.ms(500, 5000).0,
                        _ => dice.ms(0, 60).0,
                    };
                }
            }
        }
    }

    fn faults(&mut self, dice: &mut Dice) {
        // With several networks, one of them after the other or several at a time.
        let outages = match self.links.len() {
            1 => u64::from(dice.one_in(6)),
            _ => dice.below(4),
        };
        for _ in 0..outages {
            let from = dice.ms(0, 2000);
            let lasts = match dice.below(6) {
                0 => dice.ms(60_000, 600_000),
                1 | 2 => dice.ms(2000, 60_000),
                _ => dice.ms(10, 2000),
            };
            let until = Duration(from.0 + lasts.0);
            let network = dice.below(self.links.len() as u64) as u8;
            match dice.below(3) {
                0 => self.outages.push((network, A, from, until)),
                1 => self.outages.push((network, Z, from, until)),
                _ => {
                    self.outages.push((network, A, from, until));
                    self.outages.push((network, Z, from, until));
                }
            }
        }
        if dice.one_in(12) {
            let who = dice.pick(&[A, Z]);
            self.restarts = true;
            self.steps.push((dice.ms(1, 3000), Step::Restart(who)));
        }
        for who in [A, Z] {
            match self.hosts[who].reader {
                Reader::AtOnce => {}
                Reader::Every(_) => self.steps.push((Duration::ZERO, Step::Read(who))),
                Reader::After(at) => self.steps.push((at, Step::ReadAll(who))),
            }
        }
    }

    fn ending(&mut self, dice: &mut Dice) {
        let at = match dice.below(3) {
            0 => dice.ms(0, 300),
            1 => dice.ms(0, 3000),
            _ => dice.ms(0, 20_000),
        };
        let first = dice.pick(&[A, Z]);
        match dice.below(12) {
            0 => {
                self.aborts[first] = true;
                self.steps.push((at, Step::Abort(first)));
            }
            1..=3 => {
                let other = Duration(at.0 + dice.ms(0, 200).0);
                self.steps.push((at, Step::Shutdown(first)));
                self.steps.push((other, Step::Shutdown(1 - first)));
            }
            _ => self.steps.push((at, Step::Shutdown(first))),
        }
        // Whatever went wrong, it ends: what the other side may never have heard of.
        let late = Duration::from_secs(900);
        self.steps.push((late, Step::Shutdown(1 - first)));
        self.steps.push((late, Step::Shutdown(first)));
    }
}

impl Dice {
    /// So many numbers that hardly any scenario does not get beyond.
    fn few(&mut self) -> u32 {
        let most = self.pick(&[2, 5, 30]);
        self.below(most) as u32
    }

    fn link(&mut self) -> Link {
        let mut link = Link {
            delay: match self.below(4) {
                0 => self.ms(0, 2),
                1 => self.ms(60, 300),
                _ => self.ms(2, 60),
            },
            ..Link::default()
        };
        if self.one_in(3) {
            return link;
        }
        if self.one_in(3) {
            link.jitter = self.ms(0, 30);
        }
        if self.one_in(3) {
            link.loss = self.pick(&[1, 10, 30, 100, 250]);
        }
        if self.one_in(6) {
            link.burst = Some(Burst {
                becomes_bad: self.pick(&[1, 5, 20]),
                becomes_good: self.pick(&[50, 200, 500]),
                loss: self.pick(&[300, 700, 1000]),
            });
        }
        if self.one_in(4) {
            link.duplicate = self.pick(&[5, 50, 300]);
        }
        if self.one_in(4) {
            link.reorder = self.pick(&[5, 50, 300]);
            link.reorder_by = self.ms(1, 100);
        }
        if self.one_in(5) {
            link.corrupt = self.pick(&[1, 10, 50]);
        }
        if self.one_in(4) {
            let bytes = self.pick(&[20_000, 200_000, 1_250_000, 12_500_000]);
            // From a tenth of a second to half of one, but room for a few packets.
            let queue = (bytes / self.pick(&[2, 4, 10])).max(12_000);
            link.rate = Some(Rate { bytes, queue });
        }
        link
    }

    /// What so many of a thousand messages are not worth.
    fn worth(&mut self, limited: u64) -> Worth {
        if self.below(1000) >= limited {
            return Worth::Everything;
        }
        match self.below(3) {
            0 => Worth::Time(self.ms(0, 2000)),
            1 => Worth::Retransmissions(self.pick(&[0, 0, 1, 3])),
            _ => Worth::Priority(self.below(4) as u32),
        }
    }

    fn host(&mut self) -> HostPlan {
        let rto_min = self.pick(&[1000, 1000, 400, 200]);
        let rto_max = self.pick(&[60_000, 10_000, 3000, 1000]);
        let reader = match self.below(8) {
            0 => Reader::Every(self.ms(1, 50)),
            1 => Reader::After(self.ms(1, 10_000)),
            _ => Reader::AtOnce,
        };
        let ms = |ms: u32| Duration::from_millis(ms);
        HostPlan {
            config: Config {
                rto_initial: ms(self.pick(&[1000, 1000, 3000, 500])),
                rto_min: ms(rto_min),
                rto_max: ms(rto_max),
                max_burst: self.pick(&[4, 4, 1, 8, 0]),
                congestion_control: self.pick(&[Algorithm::Cubic, Algorithm::Reno]),
                loss_detection: self.pick(&[LossDetection::Rack, LossDetection::MissingReports]),
                association_max_retrans: self.pick(&[10, 10, 20, 4]),
                path: PathConfig {
                    path_max_retrans: self.pick(&[5, 5, 2, 0]),
                    pf_retrans: self.pick(&[0, 0, 1, 5]),
                    ps_retrans: self.pick(&[PathConfig::NEVER, PathConfig::NEVER, 5]),
                    hb_interval: ms(self.pick(&[30_000, 30_000, 5000, 500])),
                    ..PathConfig::default()
                },
                max_init_retransmits: self.pick(&[8, 8, 3]),
                sack_delay: ms(self.pick(&[200, 200, 500, 20, 0])),
                sack_freq: self.pick(&[2, 2, 1, 3, 10]),
                out_streams: self.pick(&[10, 1, 2, 300, 65_535]),
                max_in_streams: self.pick(&[65_535, 65_535, 10, 1]),
                rcvbuf: self.pick(&[212_992, 212_992, 3000, 8000, 30_000, 1_000_000]),
                nodelay: self.one_in(2),
                scheduler: self.pick(&[
                    Scheduler::FirstCome,
                    Scheduler::Priority,
                    Scheduler::RoundRobin,
                    Scheduler::FairCapacity,
                    Scheduler::WeightedFair,
                ]),
                prsctp_enabled: !self.one_in(4),
                ..Config::default()
            },
            mtu: self.pick(&[1480, 1480, 1480, 576, 1280, 8980, 65_515]),
            listens: true,
            reader,
            sndbuf: self.pick(&[212_992, 212_992, 4000, 30_000]),
            claims: self.pick(&[0, 0, 0, 0, 1, 2]),
            looks_every: Duration::ZERO,
        }
    }
}
