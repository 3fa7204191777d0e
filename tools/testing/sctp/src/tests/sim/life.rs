// SPDX-License-Identifier: GPL-2.0

//! One run of a scenario.

use std::collections::{BTreeMap, VecDeque};

use kernel::fault;

use super::{
    address,
    oracle::Oracle,
    scenario::{Reader, Scenario, Step, Worth},
    Net, A, Z,
};
use crate::{
    engine::{
        assoc::{Message, Policy, SendError},
        env::FIRST_SSN,
        time::{Duration, Time},
    },
    tests::{sim::pattern, support::payload::Bytes},
};

/// The cause of an ABORT that a user asks for (User-Initiated Abort).
pub(super) const USER_ABORT: u16 = 12;

/// No scenario may take longer.
const HORIZON: Duration = Duration::from_secs(4 * 3600);

/// What is tried again for lack of memory waits so long.
const RETRY: Duration = Duration::from_millis(1);

/// A message that the user has not been able to hand in yet.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    stream: u16,
    unordered: bool,
    size: usize,
    worth: Worth,
    /// How much of it was handed in.
    done: usize,
}

impl Waiting {
    /// Up to where the next part of it goes; most are handed in as a whole.
    fn next_part(self, id: u32) -> usize {
        match id % 5 {
            3 => self.size.min(self.done + self.size / 3 + 1),
            _ => self.size,
        }
    }
}

/// The highest number of an address that a host has not.
const CLAIMED: u8 = 7;

/// What streams begin with while a scenario runs in this thread.
struct FirstSsn;

impl FirstSsn {
    fn set(ssn: u16) -> Self {
        FIRST_SSN.set(ssn);
        Self
    }
}

impl Drop for FirstSsn {
    fn drop(&mut self) {
        FIRST_SSN.set(0);
    }
}

pub(super) struct Life {
    pub(super) net: Net,
    scenario: Scenario,
    oracle: Oracle,
    pub(super) start: Time,
    agenda: BTreeMap<(Time, usize), Step>,
    number: usize,
    /// Allocations that failed until now.
    failures: u64,
    waiting: [VecDeque<Waiting>; 2],
    shuts_down: [bool; 2],
    _first_ssn: FirstSsn,
}

impl Life {
    /// `record` is whether what goes over the wire is kept, which costs time.
    pub(super) fn new(scenario: &Scenario, record: bool) -> Self {
        let first_ssn = FirstSsn::set(0_u16.wrapping_sub(scenario.ssns_before_wrap));
        let mut net = Net::new(scenario.seed);
        net.set_tsns_before_wrap(scenario.seed as u32, scenario.tsns_before_wrap);
        net.record = record;
        net.icmp = scenario.icmp;
        net.set_networks(scenario.links.len() as u8);
        for (who, (host, plan)) in net.hosts.iter_mut().zip(&scenario.hosts).enumerate() {
            host.config = plan.config.clone();
            host.mtu = plan.mtu;
            host.listens = plan.listens;
            host.looks_every = plan.looks_every;
            host.claims = (0..plan.claims)
                .map(|n| address(who, CLAIMED - n))
                .collect();
        }
        let start = net.now;
        for (network, links) in scenario.links.iter().enumerate() {
            for (to, link) in links.iter().enumerate() {
                let mut link = link.clone();
                for (n, towards, from, until) in &scenario.outages {
                    if usize::from(*n) == network && *towards == to {
                        link.down.push((start.plus(*from), start.plus(*until)));
                    }
                }
                net.links.insert((network as u8, to), link);
            }
        }
        for (host, plan) in net.hosts.iter_mut().zip(&scenario.hosts) {
            host.reads = plan.reader == Reader::AtOnce;
        }
        let mut life = Self {
            net,
            scenario: scenario.clone(),
            oracle: Oracle::new(scenario),
            start,
            agenda: BTreeMap::new(),
            number: 0,
            failures: fault::failures(),
            waiting: Default::default(),
            shuts_down: [false; 2],
            _first_ssn: first_ssn,
        };
        for (after, step) in &scenario.steps {
            life.plan(start.plus(*after), *step);
        }
        life
    }

    fn plan(&mut self, at: Time, step: Step) {
        self.number += 1;
        self.agenda.insert((at, self.number), step);
    }

    /// Runs until both associations are over. Panics if the oracle finds something wrong.
    pub(super) fn run(&mut self) {
        loop {
            let own = self.agenda.keys().next().copied();
            let nets = self.net.next_time();
            match (own, nets) {
                (Some(key), at) if at.is_none_or(|at| key.0 <= at) => {
                    let step = self.agenda.remove(&key).unwrap();
                    self.net.advance(key.0);
                    self.perform(step);
                }
                (_, Some(_)) => {
                    self.net.step();
                }
                (_, None) => break,
            }
            self.hand_in();
            let failures = fault::failures();
            if failures > self.failures {
                self.net.faults += failures - self.failures;
                self.failures = failures;
                self.oracle.lacked_memory();
            }
            self.oracle.look(&mut self.net);
            for host in &mut self.net.hosts {
                // A late copy of a COOKIE ECHO would make another association, which is right, and
                // the end of it not worth waiting for.
                host.listens &= host.seen.is_empty();
            }
            let over = self.net.hosts.iter().all(|h| h.assoc.is_none());
            if over && self.is_over() {
                break;
            }
            assert!(
                self.net.now.since(self.start) < HORIZON,
                "no end: {:?}",
                self.net.hosts.each_ref().map(|h| h.state())
            );
        }
        self.oracle.finish(&self.net);
    }

    /// Whether no association will come any more.
    fn is_over(&self) -> bool {
        let makes_one = |step: &Step| matches!(step, Step::Connect(_) | Step::Restart(_));
        !self.agenda.values().any(makes_one) && self.net.is_silent()
    }

    fn perform(&mut self, step: Step) {
        match step {
            Step::Connect(who) => {
                if self.net.hosts[who].assoc.is_none() && self.net.hosts[who].seen.is_empty() {
                    self.oracle.connects(&self.net, who);
                    if !self.net.try_connect(who) {
                        self.plan(self.net.now.plus(RETRY), step);
                    }
                }
            }
            Step::Send {
                who,
                stream,
                unordered,
                size,
                worth,
            } => self.waiting[who].push_back(Waiting {
                stream,
                unordered,
                size,
                worth,
                done: 0,
            }),
            Step::Read(who) => {
                self.net.read_one(who);
                if let Reader::Every(pause) = self.scenario.hosts[who].reader {
                    self.plan(self.net.now.plus(pause), step);
                }
            }
            Step::ReadAll(who) => {
                self.net.hosts[who].reads = true;
                self.net.read_all(who);
            }
            Step::Shutdown(who) => self.shuts_down[who] = true,
            Step::Abort(who) => {
                if self.net.hosts[who].assoc.is_some() {
                    self.oracle.aborts(who);
                    self.net
                        .with(who, |assoc, cx| assoc.abort(cx, USER_ABORT, b"enough"));
                }
            }
            Step::Restart(who) => {
                if self.net.hosts[who].assoc.is_some() {
                    self.net.say(who, "forgets everything".into());
                    self.net.hosts[who].assoc = None;
                    self.net.hosts[who].forget_user();
                    self.waiting[who].clear();
                    self.oracle.restarts(&self.net, who);
                    if !self.net.try_connect(who) {
                        self.plan(self.net.now.plus(RETRY), Step::Connect(who));
                    }
                }
            }
        }
    }

    /// Lets the users hand in what the send buffers have room for, and shut down after that.
    fn hand_in(&mut self) {
        for who in [A, Z] {
            if self.net.hosts[who].assoc.is_none() {
                // The rest of it would be another message for the next association.
                let is_begun = |message: &Waiting| message.done > 0;
                if self.waiting[who].front().is_some_and(is_begun) {
                    self.waiting[who].pop_front();
                }
            }
            while let Some(message) = self.waiting[who].front().copied() {
                if !self.has_room(who, message) {
                    break;
                }
                let id = self.oracle.id(who, message.done > 0);
                let to = message.next_part(id);
                let end = to == message.size;
                let whole = pattern(u64::from(id), message.size);
                let payload = Bytes::new(&whole[message.done..to]);
                let policy = match message.worth {
                    Worth::Everything => Policy::Reliable,
                    Worth::Time(span) => Policy::Timed(self.net.now.plus(span)),
                    Worth::Retransmissions(limit) => Policy::Retransmissions(limit),
                    Worth::Priority(priority) => Policy::Priority(priority),
                };
                let (stream, unordered) = (message.stream, message.unordered);
                self.net.hosts[who].commands += 1;
                let result = self.net.with(who, |assoc, cx| {
                    // Without memory it keeps the value it had.
                    let _ = assoc.set_stream_value(stream, stream.max(1), cx.gfp);
                    assoc.send(
                        cx,
                        Message {
                            stream,
                            ppid: id.to_be_bytes(),
                            unordered,
                            end,
                            sack_immediately: id % 7 == 0,
                            policy,
                            to: None,
                            context: !id,
                            payload,
                        },
                    )
                });
                match result {
                    Ok(_) => {
                        if message.done == 0 {
                            self.oracle
                                .accepted(who, stream, unordered, message.size, policy);
                        }
                        self.oracle.handed_in(who, to);
                        if !end {
                            self.waiting[who][0].done = to;
                            continue;
                        }
                    }
                    Err(SendError::NoMemory(_)) => break,
                    Err(SendError::BadStream(_) | SendError::ShuttingDown(_)) => {}
                    Err(error) => panic!("{error:?}"),
                }
                self.waiting[who].pop_front();
            }
            if self.shuts_down[who] && self.waiting[who].is_empty() {
                self.shuts_down[who] = false;
                if self.net.hosts[who].assoc.is_some() {
                    self.oracle.shuts_down(who);
                    self.net.shutdown(who);
                }
            }
        }
    }

    /// Whether the send buffer takes a message, after less important ones had to go if need be.
    fn has_room(&mut self, who: usize, message: Waiting) -> bool {
        let Some(assoc) = &self.net.hosts[who].assoc else {
            return false;
        };
        let room = self.scenario.hosts[who].sndbuf;
        if assoc.unsent_bytes() < room {
            return true;
        }
        let Worth::Priority(priority) = message.worth else {
            return false;
        };
        let wanted = assoc.unsent_bytes() - room + 1;
        self.oracle.makes_room(who, priority);
        self.net.hosts[who].commands += 1;
        let policy = Policy::Priority(priority);
        self.net
            .with(who, |assoc, cx| assoc.make_room(cx, wanted, policy));
        let assoc = self.net.hosts[who].assoc.as_ref();
        assoc.is_some_and(|assoc| assoc.unsent_bytes() < room)
    }
}
