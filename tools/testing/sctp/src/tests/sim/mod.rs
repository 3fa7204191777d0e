// SPDX-License-Identifier: GPL-2.0

//! Two hosts and a network between them, in virtual time.
//!
//! The hosts do what the kernel's shell does: they find the association of a packet, hand it in,
//! and drain the outputs. The network delays, loses, repeats and reorders packets as a seed has
//! it. After each input the engine's invariants are checked. A test that fails prints what went
//! over the wire.

mod trace;

use std::collections::{BTreeMap, VecDeque};

use kernel::alloc::{flags::GFP_ATOMIC, KBox};

use self::trace::Remark;
use super::{
    support::{
        payload::Bytes,
        world::{SplitMix, World},
    },
    wire::flatten,
};
use crate::engine::{
    addr::{Address, IpAddr},
    assoc::{Association, Message, SendError, State},
    config::Config,
    cx::{Payload, Rng},
    event::{Closed, Event, PathChange},
    icmp::{Quote, Report},
    ootb::{self, Verdict},
    path::PathId,
    stats::{Counter, Reason},
    time::{Duration, Time},
    wire::{
        builder::PacketBuilder,
        chunk::{Chunk, ChunkType},
        packet::{Header, Packet},
    },
};

pub(crate) type Assoc = Association<Bytes>;

/// The hosts, named as in the RFC's diagrams.
pub(crate) const A: usize = 0;
pub(crate) const Z: usize = 1;

pub(crate) const PORT: [u16; 2] = [40_000, 5_001];

/// Address `n` of a host.
pub(crate) const fn address(host: usize, n: u8) -> Address {
    Address::new(IpAddr::V4(std::net::Ipv4Addr::new(
        10,
        n,
        0,
        1 + host as u8,
    )))
}

/// A message that a user got, whole.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Got {
    pub(crate) stream: u16,
    pub(crate) unordered: bool,
    pub(crate) ppid: [u8; 4],
    pub(crate) bytes: Vec<u8>,
    /// In how many parts it was delivered.
    pub(crate) parts: usize,
}

/// What became of an association, as its user saw it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Seen {
    Up,
    Restarted,
    PeerShutdown,
    /// Its code.
    RemoteError(u16),
    Closed(Closed),
}

pub(crate) struct Host {
    pub(crate) world: World,
    pub(crate) config: Config,
    pub(crate) listens: bool,
    pub(crate) assoc: Option<KBox<Assoc>>,
    out: PacketBuilder<Bytes>,
    /// Whether messages are consumed as soon as they are delivered.
    pub(crate) reads: bool,
    unread: VecDeque<(usize, usize)>,
    pub(crate) got: Vec<Got>,
    partial: Option<Got>,
    pub(crate) seen: Vec<Seen>,
    /// What it was told about the peer's addresses.
    pub(crate) paths: Vec<(Address, PathChange)>,
    pub(crate) refused: Vec<Reason>,
    /// Packets and bytes sent.
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    /// MTU for SCTP packets, per path.
    pub(crate) mtu: usize,
    /// The largest packet of this host that the network carries.
    pub(crate) carries: usize,
}

/// A packet on its way.
#[derive(Clone, Debug)]
pub(crate) struct Flying {
    pub(crate) at: Time,
    pub(crate) to: usize,
    pub(crate) src: Address,
    pub(crate) dst: Address,
    pub(crate) bytes: Vec<u8>,
    /// Size of its largest fragment, if IP has to cut it.
    pub(crate) cut: Option<usize>,
}

impl Flying {
    /// Calls `f` with the packet parsed.
    pub(crate) fn with<R>(&self, f: impl FnOnce(&Packet<'_, Bytes>) -> R) -> Option<R> {
        let buf = Bytes::new(&self.bytes);
        Packet::new(&self.bytes, &buf, self.src, self.dst)
            .ok()
            .map(|pkt| f(&pkt))
    }

    /// The types of its chunks.
    pub(crate) fn kinds(&self) -> Vec<ChunkType> {
        self.with(|pkt| pkt.chunks().flatten().map(|c| c.kind).collect())
            .unwrap_or_default()
    }

    pub(crate) fn has(&self, kind: ChunkType) -> bool {
        self.kinds().contains(&kind)
    }

    /// Whether some chunk is as `f` wants it.
    pub(crate) fn any(&self, f: impl Fn(&Chunk<'_>) -> bool) -> bool {
        self.with(|pkt| pkt.chunks().flatten().any(|c| f(&c)))
            .unwrap_or(false)
    }
}

/// What a filter wants done with a packet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fate {
    Pass,
    Lose,
    /// So much later than otherwise.
    Delay(Duration),
}

/// How the network treats packets. Shares are per 1000.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) delay: Duration,
    /// Up to so much is added to the delay, which reorders packets.
    pub(crate) jitter: Duration,
    pub(crate) loss: u32,
    pub(crate) duplicate: u32,
}

impl Default for Link {
    fn default() -> Self {
        Self {
            delay: Duration::from_millis(10),
            jitter: Duration::ZERO,
            loss: 0,
            duplicate: 0,
        }
    }
}

type Filter = Box<dyn FnMut(&Flying) -> Fate>;

pub(crate) struct Net {
    pub(crate) hosts: [Host; 2],
    pub(crate) now: Time,
    pub(crate) link: Link,
    rng: SplitMix,
    /// By arrival and number.
    flying: BTreeMap<(Time, u64), Flying>,
    number: u64,
    filter: Option<Filter>,
    log: Vec<trace::Entry>,
    /// All packets that were sent, also those that were lost.
    pub(crate) sent: Vec<Flying>,
    /// Packets that were delivered, if wanted.
    pub(crate) keep: bool,
    pub(crate) kept: Vec<Flying>,
    /// Whether routers say what was too big.
    pub(crate) icmp: bool,
    /// When, whom, about which packet and what: in order of time.
    errors: VecDeque<(Time, usize, Flying, Report)>,
    /// Whether the invariants are looked at after each input, which costs time.
    pub(crate) check: bool,
}

impl Host {
    fn new(seed: u64) -> Self {
        Self {
            world: World::new(seed),
            config: Config::default(),
            listens: false,
            assoc: None,
            out: PacketBuilder::new(),
            reads: true,
            unread: VecDeque::new(),
            got: Vec::new(),
            partial: None,
            seen: Vec::new(),
            paths: Vec::new(),
            refused: Vec::new(),
            packets: 0,
            bytes: 0,
            mtu: 1480,
            carries: usize::MAX,
        }
    }

    pub(crate) fn counter(&self, counter: Counter) -> u64 {
        self.world.stats.get(counter)
    }

    pub(crate) fn state(&self) -> State {
        self.assoc.as_ref().map_or(State::Closed, |a| a.state())
    }

    pub(crate) fn assoc(&self) -> &Assoc {
        self.assoc.as_ref().expect("no association")
    }

    /// How the association ended.
    pub(crate) fn end(&self) -> Option<Closed> {
        self.seen.iter().find_map(|s| match s {
            Seen::Closed(closed) => Some(*closed),
            _ => None,
        })
    }

    fn note(&mut self, event: Event<Bytes>) {
        match event {
            Event::Up => self.seen.push(Seen::Up),
            Event::Restarted => {
                self.partial = None;
                self.seen.push(Seen::Restarted);
            }
            Event::Path { addr, change } => self.paths.push((addr, change)),
            Event::PeerShutdown => self.seen.push(Seen::PeerShutdown),
            Event::RemoteError(error) => self.seen.push(Seen::RemoteError(error.code)),
            Event::Closed(closed) => self.seen.push(Seen::Closed(closed)),
            Event::Message(m) => {
                let parts = std::iter::once(&m.first).chain(m.rest.iter());
                let mut bytes = Vec::new();
                let mut truesize = 0;
                for part in parts {
                    bytes.extend_from_slice(part.as_slice());
                    truesize += part.truesize();
                }
                self.unread.push_back((bytes.len(), truesize));
                assert_eq!(m.begin, self.partial.is_none(), "parts of two messages");
                let mut got = self.partial.take().unwrap_or(Got {
                    stream: m.stream,
                    unordered: m.unordered,
                    ppid: m.ppid,
                    bytes: Vec::new(),
                    parts: 0,
                });
                assert_eq!(
                    (got.stream, got.unordered, got.ppid),
                    (m.stream, m.unordered, m.ppid),
                    "parts of two messages"
                );
                got.bytes.extend(bytes);
                got.parts += 1;
                if m.end {
                    self.got.push(got);
                } else {
                    self.partial = Some(got);
                }
            }
        }
    }
}

impl Net {
    pub(crate) fn new(seed: u64) -> Self {
        let hosts = [Host::new(seed ^ 0xa), Host::new(seed ^ 0x7a)];
        let now = hosts[A].world.now;
        Self {
            hosts,
            now,
            link: Link::default(),
            rng: SplitMix(seed),
            flying: BTreeMap::new(),
            number: 0,
            filter: None,
            log: Vec::new(),
            sent: Vec::new(),
            keep: false,
            kept: Vec::new(),
            icmp: false,
            errors: VecDeque::new(),
            check: true,
        }
    }

    /// A network in which the first TSN of either side will be shortly before 0.
    pub(crate) fn near_wrap(seed: u64) -> Self {
        let mut net = Self::new(seed);
        for (host, back) in net.hosts.iter_mut().zip([7, 20]) {
            // Both connect() and the answer to an INIT draw a tag first and then the TSN.
            host.world.rng = SplitMix::with_second(u32::MAX - back, seed as u32);
        }
        net
    }

    /// A network in which Z listens and A is connected to it.
    pub(crate) fn connected(seed: u64) -> Self {
        let mut net = Self::new(seed);
        net.open();
        net
    }

    /// Connects A to Z.
    pub(crate) fn open(&mut self) {
        self.hosts[Z].listens = true;
        self.connect(A);
        self.run_until(|net| {
            net.hosts[A].seen.contains(&Seen::Up) && net.hosts[Z].seen.contains(&Seen::Up)
        });
    }

    /// Decides about each packet before chance does.
    pub(crate) fn filter(&mut self, filter: impl FnMut(&Flying) -> Fate + 'static) {
        self.filter = Some(Box::new(filter));
    }

    pub(crate) fn no_filter(&mut self) {
        self.filter = None;
    }

    /// Loses the first `n` packets that have a chunk of that type.
    pub(crate) fn lose_first(&mut self, kind: ChunkType, mut n: u32) {
        self.filter(move |packet| {
            if n > 0 && packet.has(kind) {
                n -= 1;
                Fate::Lose
            } else {
                Fate::Pass
            }
        });
    }

    fn sync(&mut self) {
        for host in &mut self.hosts {
            host.world.now = self.now;
        }
    }

    pub(crate) fn connect(&mut self, from: usize) {
        assert!(self.try_connect(from));
    }

    /// Connects a host to the other one. `false` if there is no memory.
    pub(crate) fn try_connect(&mut self, from: usize) -> bool {
        self.sync();
        let host = &mut self.hosts[from];
        let peer = address(1 - from, 0);
        let config = host.config.clone();
        let assoc = Assoc::connect(
            &mut host.world.cx(),
            &config,
            PORT[from],
            PORT[1 - from],
            peer,
            host.mtu,
        );
        let Ok(assoc) = assoc.and_then(|assoc| KBox::new(assoc, GFP_ATOMIC)) else {
            return false;
        };
        host.assoc = Some(assoc);
        self.drain(from);
        true
    }

    /// Calls an association and drains it.
    pub(crate) fn with<R>(
        &mut self,
        who: usize,
        f: impl FnOnce(&mut Assoc, &mut crate::engine::cx::Cx<'_>) -> R,
    ) -> R {
        self.sync();
        let host = &mut self.hosts[who];
        let assoc = host.assoc.as_mut().expect("no association");
        let result = f(assoc, &mut host.world.cx());
        self.drain(who);
        result
    }

    pub(crate) fn try_send(
        &mut self,
        who: usize,
        stream: u16,
        unordered: bool,
        bytes: &[u8],
    ) -> Result<(), SendError<Bytes>> {
        let message = Message {
            stream,
            ppid: (stream as u32 ^ 0x1234_0000).to_be_bytes(),
            unordered,
            sack_immediately: false,
            payload: Bytes::new(bytes),
        };
        self.with(who, |assoc, cx| assoc.send(cx, message))
    }

    pub(crate) fn send(&mut self, who: usize, stream: u16, bytes: &[u8]) {
        self.try_send(who, stream, false, bytes).expect("send");
    }

    pub(crate) fn shutdown(&mut self, who: usize) {
        self.say(who, "shutdown()".into());
        self.with(who, |assoc, cx| assoc.shutdown(cx));
    }

    /// Lets the user read all that was delivered.
    pub(crate) fn read_all(&mut self, who: usize) {
        while self.read_one(who) {}
    }

    /// Lets the user read one delivery. `false` if there is none.
    pub(crate) fn read_one(&mut self, who: usize) -> bool {
        let Some((bytes, truesize)) = self.hosts[who].unread.pop_front() else {
            return false;
        };
        if self.hosts[who].assoc.is_some() {
            self.with(who, |assoc, cx| assoc.consumed(cx, bytes, truesize));
        }
        true
    }

    fn drain(&mut self, who: usize) {
        loop {
            loop {
                let host = &mut self.hosts[who];
                let Some(assoc) = host.assoc.as_mut() else {
                    return;
                };
                let mut cx = host.world.cx();
                match assoc.poll_transmit(&mut cx, &mut host.out) {
                    Ok(Some(path)) => self.transmit(who, path),
                    Ok(None) | Err(_) => break,
                }
            }
            let host = &mut self.hosts[who];
            while let Some(event) = host.assoc.as_mut().and_then(|a| a.poll_event()) {
                if !matches!(event, Event::Message(_)) {
                    self.log.push(trace::Entry::Said {
                        at: self.now,
                        who,
                        what: format!("{event:?}"),
                    });
                }
                host.note(event);
            }
            let assoc = host.assoc.as_mut().unwrap();
            if self.check {
                assoc.check_invariants();
            }
            if assoc.is_closed() {
                assert_eq!(
                    assoc.poll_timeout(),
                    None,
                    "a timer of a closed association"
                );
                host.assoc = None;
                return;
            }
            if !host.reads || host.unread.is_empty() {
                return;
            }
            let mut cx = host.world.cx();
            for (bytes, truesize) in host.unread.drain(..) {
                assoc.consumed(&mut cx, bytes, truesize);
            }
        }
    }

    /// Puts the packet that a host has built into the network.
    fn transmit(&mut self, who: usize, path: PathId) {
        let host = &mut self.hosts[who];
        let bytes = flatten(&host.out);
        let path = &host.assoc.as_ref().unwrap().paths()[path.index()];
        let dst = path.addr;
        // Whether a probe arrives in one piece is what it is to find out.
        let cut = (bytes.len() > path.mtu() && host.out.zeroes() == 0).then_some(path.mtu());
        // A host answers from the address of the same network.
        let src = (0..8)
            .find(|&n| address(1 - who, n) == dst)
            .map_or(address(who, 0), |n| address(who, n));
        self.fly(who, src, dst, bytes, cut);
    }

    pub(crate) fn fly(
        &mut self,
        from: usize,
        src: Address,
        dst: Address,
        bytes: Vec<u8>,
        cut: Option<usize>,
    ) {
        self.hosts[from].packets += 1;
        self.hosts[from].bytes += bytes.len() as u64;
        let mut packet = Flying {
            at: self.now,
            to: 1 - from,
            src,
            dst,
            bytes,
            cut,
        };
        self.sent.push(packet.clone());
        let fate = match &mut self.filter {
            Some(filter) => filter(&packet),
            None => Fate::Pass,
        };
        let is_too_big = cut.unwrap_or(packet.bytes.len()) > self.hosts[from].carries;
        if is_too_big && self.icmp {
            let mtu = self.hosts[from].carries as u32 + 20;
            let at = self.now.plus(self.link.delay);
            let error = (at, from, packet.clone(), Report::TooBig(mtu));
            self.errors.push_back(error);
        }
        let lost = is_too_big || fate == Fate::Lose || self.chance(self.link.loss);
        self.log.push(trace::Entry::Packet {
            packet: packet.clone(),
            remark: if lost { Remark::Lost } else { Remark::None },
        });
        if lost {
            return;
        }
        let copies = if self.chance(self.link.duplicate) {
            2
        } else {
            1
        };
        for _ in 0..copies {
            let mut delay = self.link.delay.0;
            if self.link.jitter.0 > 0 {
                delay += self.rng.next_u64() % self.link.jitter.0;
            }
            if let Fate::Delay(more) = fate {
                delay += more.0;
            }
            packet.at = self.now.plus(Duration(delay));
            self.number += 1;
            self.flying.insert((packet.at, self.number), packet.clone());
        }
    }

    fn chance(&mut self, share: u32) -> bool {
        share > 0 && self.rng.next_u32() % 1000 < share
    }

    /// Hands a packet to a host, now.
    pub(crate) fn deliver(&mut self, packet: Flying) {
        if self.keep {
            self.kept.push(packet.clone());
        }
        self.sync();
        let who = packet.to;
        let host = &mut self.hosts[who];
        let buf = Bytes::new(&packet.bytes);
        let pkt = match Packet::new(&packet.bytes, &buf, packet.src, packet.dst) {
            Ok(pkt) => pkt,
            Err(reason) => {
                host.refused.push(reason);
                return;
            }
        };
        if let Some(assoc) = host.assoc.as_mut() {
            if let Err(reason) = assoc.handle_packet(&mut host.world.cx(), &pkt) {
                host.refused.push(reason);
            }
            if self.check && !assoc.is_closed() {
                assoc.check_invariants();
            }
            self.drain(who);
            return;
        }
        let config = host.config.clone();
        let listener = host.listens.then_some(&config);
        let mtu = host.mtu;
        match ootb::handle(&mut host.world.cx(), listener, &pkt, mtu, &mut host.out) {
            Verdict::Drop(reason) => host.refused.push(reason),
            Verdict::Reply => {
                let bytes = flatten(&host.out);
                self.fly(who, packet.dst, packet.src, bytes, None);
            }
            Verdict::Accept(assoc) => {
                host.assoc = Some(assoc);
                self.drain(who);
            }
        }
    }

    /// Hands a host an ICMP error that quotes so much of a packet to `peer`.
    pub(crate) fn report(
        &mut self,
        who: usize,
        peer: &Address,
        quote: &[u8],
        report: Report,
    ) -> Result<(), Reason> {
        if self.hosts[who].assoc.is_none() {
            return Err(Reason::Unexpected);
        }
        let quote = Quote::parse(quote).ok_or(Reason::Malformed)?;
        self.with(who, |assoc, cx| assoc.handle_icmp(cx, peer, &quote, report))
    }

    /// When something happens next.
    pub(crate) fn next_time(&self) -> Option<Time> {
        let arrival = self.flying.keys().next().map(|(at, _)| *at);
        let timeout = self
            .hosts
            .iter()
            .filter_map(|h| h.assoc.as_ref()?.poll_timeout())
            .min();
        let error = self.errors.front().map(|(at, ..)| *at);
        [arrival, timeout, error].into_iter().flatten().min()
    }

    /// Lets one thing happen. `false` if nothing will.
    pub(crate) fn step(&mut self) -> bool {
        let Some(at) = self.next_time() else {
            return false;
        };
        self.now = self.now.max(at);
        self.sync();
        if self.errors.front().is_some_and(|(at, ..)| *at <= self.now) {
            let (_, who, packet, report) = self.errors.pop_front().unwrap();
            let _ = self.report(who, &packet.dst, &packet.bytes[..8], report);
            return true;
        }
        let next = self.flying.keys().next().copied();
        if let Some(key) = next.filter(|(at, _)| *at <= self.now) {
            let packet = self.flying.remove(&key).unwrap();
            self.deliver(packet);
            return true;
        }
        for who in [A, Z] {
            let host = &mut self.hosts[who];
            let Some(assoc) = host.assoc.as_mut() else {
                continue;
            };
            if assoc.poll_timeout().is_some_and(|at| at <= self.now) {
                assoc.handle_timeout(&mut host.world.cx());
                if self.check && !assoc.is_closed() {
                    assoc.check_invariants();
                }
                let left = assoc.poll_timeout();
                assert!(
                    left.is_none_or(|at| at > self.now),
                    "a timer is still due after its timeout was handled"
                );
                self.drain(who);
            }
        }
        true
    }

    /// Runs until `done`; the test fails if that takes more than an hour or very many steps.
    #[track_caller]
    pub(crate) fn run_until(&mut self, mut done: impl FnMut(&mut Self) -> bool) {
        let end = self.now.plus(Duration::from_secs(3600));
        for _ in 0..5_000_000 {
            if done(self) {
                return;
            }
            assert!(self.step(), "nothing will ever happen");
            assert!(self.now < end, "it takes an hour");
        }
        panic!("it takes too many steps");
    }

    /// Runs for so long.
    pub(crate) fn run_for(&mut self, span: Duration) {
        let end = self.now.plus(span);
        while self.next_time().is_some_and(|at| at <= end) {
            self.step();
        }
        self.now = end;
        self.sync();
    }

    /// Runs until no packet is under way.
    pub(crate) fn settle(&mut self) {
        while let Some((at, _)) = self.flying.keys().next().copied() {
            self.run_for(at.since(self.now));
        }
    }

    /// Writes something that a host did or was told into the log.
    pub(crate) fn say(&mut self, who: usize, what: String) {
        let at = self.now;
        self.log.push(trace::Entry::Said { at, who, what });
    }

    /// Forgets what went over the wire until now, which a long test may not have the memory for.
    pub(crate) fn forget(&mut self) {
        self.log.clear();
        self.sent.clear();
    }

    /// The association's life from here on: shut down by `who` and seen to the end.
    #[track_caller]
    pub(crate) fn finish(&mut self, who: usize) {
        self.shutdown(who);
        self.run_until(|net| net.hosts.iter().all(|h| h.assoc.is_none()));
        for host in &self.hosts {
            assert_eq!(host.end(), Some(Closed::Shutdown));
        }
    }

    /// The last packet that a host sent.
    #[track_caller]
    pub(crate) fn last_of(&self, from: usize) -> &Flying {
        self.sent.iter().rev().find(|p| p.to != from).unwrap()
    }

    /// A header as a packet of `from` would have it, with the tag that is right.
    pub(crate) fn header(&self, from: usize) -> Vec<u8> {
        let tag = self.hosts[1 - from].assoc().local_tag();
        self.header_with_tag(from, tag)
    }

    pub(crate) fn header_with_tag(&self, from: usize, tag: u32) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Header::LEN);
        bytes.extend(PORT[from].to_be_bytes());
        bytes.extend(PORT[1 - from].to_be_bytes());
        bytes.extend(tag.to_be_bytes());
        bytes.extend([0; 4]);
        bytes
    }

    /// Hands a forged packet of `from` to the other host.
    pub(crate) fn forge(&mut self, from: usize, bytes: Vec<u8>) {
        self.forge_on(from, 0, bytes);
    }

    /// As [`forge`](Self::forge), between the addresses `n` of both.
    pub(crate) fn forge_on(&mut self, from: usize, n: u8, bytes: Vec<u8>) {
        let packet = Flying {
            at: self.now,
            to: 1 - from,
            src: address(from, n),
            dst: address(1 - from, n),
            bytes,
            cut: None,
        };
        self.log.push(trace::Entry::Packet {
            packet: packet.clone(),
            remark: Remark::Forged,
        });
        self.deliver(packet);
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let skip = self.log.len().saturating_sub(400);
            for entry in &self.log[skip..] {
                eprintln!("{entry}");
            }
        }
    }
}

impl SplitMix {
    /// A generator whose second number is `second`: the output function run backwards.
    pub(crate) fn with_second(second: u32, low: u32) -> Self {
        let mut z = (u64::from(second) << 32) | u64::from(low);
        z = unshift(z, 31).wrapping_mul(inverse(0x94d0_49bb_1331_11eb));
        z = unshift(z, 27).wrapping_mul(inverse(0xbf58_476d_1ce4_e5b9));
        z = unshift(z, 30);
        let state = z.wrapping_sub(0x9e37_79b9_7f4a_7c15u64.wrapping_mul(2));
        let mut check = Self(state);
        check.next_u32();
        assert_eq!(check.next_u32(), second);
        Self(state)
    }
}

/// Solves `x ^ (x >> n) == z`.
fn unshift(z: u64, n: u32) -> u64 {
    let mut x = z;
    for _ in 0..64 / n {
        x = z ^ (x >> n);
    }
    x
}

/// The inverse of an odd number modulo 2^64, by Newton's iteration.
fn inverse(odd: u64) -> u64 {
    (0..6).fold(odd, |x, _| {
        x.wrapping_mul(2u64.wrapping_sub(odd.wrapping_mul(x)))
    })
}

pub(crate) fn name(who: usize) -> char {
    if who == A {
        'A'
    } else {
        'Z'
    }
}

/// Bytes that depend on a number, so that mixing them up shows.
pub(crate) fn pattern(seed: u64, len: usize) -> Vec<u8> {
    let mut rng = SplitMix(seed);
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        bytes.extend(rng.next_u64().to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}
