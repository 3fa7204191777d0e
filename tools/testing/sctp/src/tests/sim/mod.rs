// SPDX-License-Identifier: GPL-2.0

//! Two hosts and a network between them, in virtual time.
//!
//! The hosts do what the kernel's shell does: they find the association of a packet, hand it in,
//! and drain the outputs. The network delays, loses, repeats and reorders packets as a seed has
//! it. After each input the engine's invariants are checked. A test that fails prints what went
//! over the wire.

mod campaign;
mod failover;
mod forge;
mod goodput;
mod host;
mod life;
pub(crate) mod link;
mod oracle;
mod scenario;
mod sweep;
mod trace;

use std::collections::{BTreeMap, VecDeque};

use self::{
    link::{flip, is_sealed, seal, Passage},
    trace::Remark,
};
use super::{
    support::{payload::Bytes, world::SplitMix},
    wire::flatten,
};
use crate::engine::{
    addr::{Address, Addresses, IpAddr},
    assoc::{Association, Message, Policy, SendError},
    cc::Algorithm,
    config::LossDetection,
    cx::Rng,
    event::{Closed, Event},
    icmp::{Quote, Report},
    ootb::{self, Listener, Verdict},
    path::Way,
    stats::{Counter, Reason},
    time::{Duration, Time},
    wire::{
        chunk::{Chunk, ChunkType},
        data::Data,
        packet::Packet,
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

/// The network that an address is in.
fn network(address: Address) -> u8 {
    match address.ip {
        IpAddr::V4(ip) => ip.octets()[1],
        IpAddr::V6(_) => 0,
    }
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

    /// TSNs of the DATA in it.
    pub(crate) fn tsns(&self) -> Vec<u32> {
        let list = self.with(|pkt| {
            let data = pkt.chunks().flatten().filter(|c| c.kind == ChunkType::Data);
            data.map(|c| Data::parse(&c).unwrap().header.tsn.0)
                .collect()
        });
        list.unwrap_or_default()
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

pub(crate) use self::{
    host::{Got, Host, Seen},
    link::Link,
};

type Filter = Box<dyn FnMut(&Flying) -> Fate>;

pub(crate) struct Net {
    pub(crate) hosts: [Host; 2],
    pub(crate) now: Time,
    /// For both directions of all networks, but for those that have one of their own: by the
    /// number of the network and the host that packets go to.
    pub(crate) link: Link,
    pub(crate) links: BTreeMap<(u8, usize), Link>,
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
    /// Whether `sent` and the log are kept.
    pub(crate) record: bool,
    /// Packets that did not arrive, or much too late.
    pub(crate) faults: u64,
    /// Whether routers say what was too big.
    pub(crate) icmp: bool,
    /// When, whom, about which packet and what: in order of time.
    errors: VecDeque<(Time, usize, Flying, Report)>,
    /// Whether the invariants are looked at after each input, which costs time.
    pub(crate) check: bool,
}

impl Net {
    /// Two hosts whose TSNs wrap soon in their first association.
    pub(crate) fn new(seed: u64) -> Self {
        let hosts = [Host::new(A, seed ^ 0xa), Host::new(Z, seed ^ 0x7a)];
        let now = hosts[A].world.now;
        let mut net = Self {
            hosts,
            now,
            link: Link::default(),
            links: BTreeMap::new(),
            rng: SplitMix(seed),
            flying: BTreeMap::new(),
            number: 0,
            filter: None,
            log: Vec::new(),
            sent: Vec::new(),
            keep: false,
            kept: Vec::new(),
            record: true,
            faults: 0,
            icmp: false,
            errors: VecDeque::new(),
            check: true,
        };
        net.set_tsns_before_wrap(seed as u32, [8, 21]);
        net
    }

    /// So many chunks of DATA of either side come before TSN 0, in its first association.
    pub(crate) fn set_tsns_before_wrap(&mut self, seed: u32, before: [u32; 2]) {
        for (host, before) in self.hosts.iter_mut().zip(before) {
            // Both connect() and the answer to an INIT draw a tag first and then the TSN.
            host.world.rng = SplitMix::with_second(0_u32.wrapping_sub(before), seed);
        }
    }

    /// A network in which Z listens and A is connected to it.
    pub(crate) fn connected(seed: u64) -> Self {
        let mut net = Self::new(seed);
        net.open();
        net
    }

    /// `n` networks between A and Z, of which Z listens.
    pub(crate) fn multihomed(seed: u64, n: u8) -> Self {
        let mut net = Self::new(seed);
        net.set_networks(n);
        net.hosts[Z].listens = true;
        net
    }

    /// Gives each host an address in each of `n` networks.
    pub(crate) fn set_networks(&mut self, n: u8) {
        for (who, host) in self.hosts.iter_mut().enumerate() {
            host.addresses = (0..n).map(|i| address(who, i)).collect();
        }
    }

    /// Hosts that follow RFC 9260 to the letter where there are better ways by now.
    pub(crate) fn strict(&mut self) {
        for host in &mut self.hosts {
            host.config.congestion_control = Algorithm::Reno;
            host.config.loss_detection = LossDetection::MissingReports;
        }
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
        self.try_connect_to(from, &[0])
    }

    /// Connects a host to these addresses of the other one.
    pub(crate) fn try_connect_to(&mut self, from: usize, to: &[u8]) -> bool {
        self.sync();
        let mut peers = Addresses::new(address(1 - from, to[0]));
        for &n in to {
            peers.insert(address(1 - from, n));
        }
        let host = &mut self.hosts[from];
        let first = host.route(from, &peers.first());
        let locals = host.locals(first, &peers.first());
        let config = host.config.clone();
        let assoc = Assoc::connect(
            &mut host.world.cx(),
            &config,
            PORT[from],
            PORT[1 - from],
            &peers,
            &locals,
            host.mtu,
        );
        let Ok(assoc) = assoc else {
            return false;
        };
        host.assoc = Some(assoc);
        host.highest = None;
        self.drain(from);
        true
    }

    /// Calls an association and drains it.
    pub(crate) fn with<R>(
        &mut self,
        who: usize,
        f: impl FnOnce(&mut Assoc, &mut crate::engine::cx::Cx<'_>) -> R,
    ) -> R {
        let result = self.call(who, f);
        self.drain(who);
        result
    }

    /// The same, for what may not be a reason to poll.
    fn call<R>(
        &mut self,
        who: usize,
        f: impl FnOnce(&mut Assoc, &mut crate::engine::cx::Cx<'_>) -> R,
    ) -> R {
        self.sync();
        let host = &mut self.hosts[who];
        let assoc = host.assoc.as_mut().expect("no association");
        f(assoc, &mut host.world.cx())
    }

    pub(crate) fn try_send(
        &mut self,
        who: usize,
        stream: u16,
        unordered: bool,
        bytes: &[u8],
    ) -> Result<(), SendError<Bytes>> {
        let message = message(stream, unordered, bytes);
        if self.call(who, |assoc, cx| assoc.send(cx, message))? {
            self.drain(who);
        }
        Ok(())
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
            self.hosts[who].commands += 1;
            if self.call(who, |assoc, cx| assoc.consumed(cx, bytes, truesize)) {
                self.drain(who);
            }
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
                let next = assoc.poll_transmit(&mut cx, &mut host.out);
                host.lacks_memory = next.is_err();
                match next {
                    Ok(Some(way)) => self.transmit(who, way),
                    Ok(None) | Err(_) => break,
                }
            }
            let host = &mut self.hosts[who];
            while let Some(event) = host.assoc.as_mut().and_then(|a| a.poll_event()) {
                let is_message = matches!(event, Event::Message(_));
                if !is_message {
                    self.log.push(trace::Entry::Said {
                        at: self.now,
                        who,
                        what: format!("{event:?}"),
                    });
                }
                host.note(event);
                let assoc = host.assoc.as_mut().filter(|_| is_message);
                let more = assoc.map(|a| std::iter::from_fn(|| a.next_message()).collect());
                let more: Vec<_> = more.unwrap_or_default();
                more.into_iter().for_each(|m| host.note(Event::Message(m)));
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
            host.commands += 1;
            let mut cx = host.world.cx();
            let mut is_due = false;
            for (bytes, truesize) in host.unread.drain(..) {
                is_due |= assoc.consumed(&mut cx, bytes, truesize);
            }
            if !is_due {
                return;
            }
        }
    }

    /// Puts the packet that a host has built into the network.
    fn transmit(&mut self, who: usize, way: Way) {
        let host = &mut self.hosts[who];
        let bytes = flatten(&host.out);
        let paths = host.assoc.as_ref().unwrap().paths();
        let (src, dst, mtu) = match way {
            Way::Path(path) => {
                let path = &paths[path.index()];
                let routed = host.route(who, &path.addr);
                (path.local.unwrap_or(routed), path.addr, path.mtu())
            }
            Way::Back { from, to } => (from, to, host.mtu),
        };
        // Whether a probe arrives in one piece is what it is to find out.
        let cut = (bytes.len() > mtu && host.out.zeroes() == 0).then_some(mtu);
        if let Way::Path(path) = way {
            if host.out.has_data() {
                host.judge(path, &bytes);
            }
        }
        // No need to look if none is outstanding.
        if host.assoc().forward_tsn_at().is_some() {
            let buf = Bytes::new(&bytes);
            let pkt = Packet::new(&bytes, &buf, src, dst).unwrap();
            let mut chunks = pkt.chunks().flatten();
            host.forwards += u64::from(chunks.any(|c| c.kind == ChunkType::ForwardTsn));
        }
        self.fly(who, src, dst, bytes, cut);
    }

    fn fly(&mut self, from: usize, src: Address, dst: Address, bytes: Vec<u8>, cut: Option<usize>) {
        let host = &mut self.hosts[from];
        host.packets += 1;
        host.bytes += bytes.len() as u64;
        let mut packet = Flying {
            at: self.now,
            to: 1 - from,
            src,
            dst,
            bytes,
            cut,
        };
        seal(&mut packet.bytes);
        if self.record {
            self.sent.push(packet.clone());
        }
        let fate = match &mut self.filter {
            Some(filter) => filter(&packet),
            None => Fate::Pass,
        };
        if self.hosts[1 - from].claims.contains(&dst) {
            let may_go = |kind| kind == ChunkType::Heartbeat;
            assert!(
                packet.kinds().into_iter().all(may_go),
                "not for an address that is not confirmed: {:?}",
                packet.kinds()
            );
            if self.record {
                let remark = Remark::Lost;
                self.log.push(trace::Entry::Packet { packet, remark });
            }
            return;
        }
        let network = network(dst);
        let link = self.links.get_mut(&(network, 1 - from));
        let link = link.unwrap_or(&mut self.link);
        let passage = match fate {
            Fate::Lose => Passage::Lost,
            Fate::Pass | Fate::Delay(_) => {
                let mtu = link.mtu.min(self.hosts[from].carries);
                if cut.unwrap_or(packet.bytes.len()) > mtu {
                    Passage::TooBig(mtu)
                } else {
                    link.carry(self.now, packet.bytes.len(), &mut self.rng)
                }
            }
        };
        let remark = match passage {
            Passage::Lost => Remark::Lost,
            Passage::TooBig(_) => Remark::TooBig,
            Passage::Arrives { corrupt: true, .. } => Remark::Corrupt,
            Passage::Arrives { corrupt: false, .. } => Remark::None,
        };
        if remark != Remark::None {
            self.faults += 1;
        }
        if self.record {
            self.log.push(trace::Entry::Packet {
                packet: packet.clone(),
                remark,
            });
        }
        let (after, again, corrupt) = match passage {
            Passage::Lost => return,
            Passage::TooBig(mtu) => {
                if self.icmp {
                    let at = self.now.plus(link.delay);
                    let error = (at, from, packet, Report::TooBig(mtu as u32 + 20));
                    let place = self.errors.partition_point(|(other, ..)| *other <= at);
                    self.errors.insert(place, error);
                }
                return;
            }
            Passage::Arrives {
                after,
                again,
                corrupt,
            } => (after, again, corrupt),
        };
        for delay in std::iter::once(after).chain(again) {
            let more = match fate {
                Fate::Delay(more) => more,
                Fate::Pass | Fate::Lose => Duration::ZERO,
            };
            packet.at = self.now.plus(delay).plus(more);
            self.number += 1;
            let mut packet = packet.clone();
            if corrupt {
                flip(&mut packet.bytes, &mut self.rng);
            }
            self.flying.insert((packet.at, self.number), packet);
        }
    }

    /// The link that a host's packets take in a network.
    pub(crate) fn link_of(&self, network: u8, to: usize) -> &Link {
        self.links.get(&(network, to)).unwrap_or(&self.link)
    }

    /// Whether no packet is under way.
    pub(crate) fn is_silent(&self) -> bool {
        self.flying.is_empty()
    }

    /// Hands a packet to a host, now. One that takes trains is to be drained after the last one.
    pub(crate) fn deliver(&mut self, packet: Flying) {
        if self.keep {
            self.kept.push(packet.clone());
        }
        self.sync();
        let who = packet.to;
        let host = &mut self.hosts[who];
        host.received += 1;
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
            if !self.hosts[who].takes_trains() {
                self.drain(who);
            }
            return;
        }
        let config = host.config.clone();
        let locals = host.locals(packet.dst, &packet.src);
        let listener = host.listens.then_some(Listener {
            config: &config,
            locals: &locals,
        });
        let mtu = host.mtu;
        match ootb::handle(&mut host.world.cx(), listener, &pkt, mtu, &mut host.out) {
            Verdict::Drop(reason) => host.refused.push(reason),
            Verdict::Reply => {
                let bytes = flatten(&host.out);
                self.fly(who, packet.dst, packet.src, bytes, None);
            }
            Verdict::Accept(assoc) => {
                host.assoc = Some(assoc);
                host.highest = None;
                self.drain(who);
            }
        }
    }

    /// Hands packets to hosts, now.
    pub(crate) fn deliver_all(&mut self, packets: Vec<Flying>) {
        for packet in packets {
            self.deliver(packet);
        }
        for who in [A, Z] {
            self.end_train(who);
        }
    }

    /// Drains a host that was not drained after each packet.
    fn end_train(&mut self, who: usize) {
        if self.hosts[who].takes_trains() {
            self.drain(who);
        }
    }

    /// The next packet that is there for a host that takes them in one go.
    fn next_of_train(&self, who: usize) -> Option<(Time, u64)> {
        if !self.hosts[who].takes_trains() {
            return None;
        }
        let mut there = self.flying.range(..=(self.now, u64::MAX));
        let is_next = |(_, packet): &(_, &Flying)| packet.to == who;
        there.find(is_next).map(|(key, _)| *key)
    }

    /// A packet reaches its host, which may not look yet.
    fn arrive(&mut self, packet: Flying) {
        let who = packet.to;
        let looks = self.hosts[who].looks_at(self.now);
        if looks > self.now {
            // Behind all that is there already.
            self.number += 1;
            self.flying.insert((looks, self.number), packet);
        } else if is_sealed(&packet.bytes) {
            self.deliver(packet);
        } else {
            let cx = self.hosts[who].world.cx();
            cx.stats.count(Counter::ChecksumErrors);
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
        let next = self.flying.first_key_value();
        let next = next.map(|(key, packet)| (*key, packet.to));
        if let Some((key, who)) = next.filter(|((at, _), _)| *at <= self.now) {
            let mut next = Some(key);
            while let Some(key) = next {
                let packet = self.flying.remove(&key).unwrap();
                self.arrive(packet);
                next = self.next_of_train(who);
            }
            self.end_train(who);
            return true;
        }
        for who in [A, Z] {
            let host = &mut self.hosts[who];
            let Some(assoc) = host.assoc.as_mut() else {
                continue;
            };
            if assoc.poll_timeout().is_some_and(|at| at <= self.now) {
                assoc.handle_timeout(&mut host.world.cx());
                host.timeouts += 1;
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

    /// Lets time pass in which nothing happens.
    pub(crate) fn advance(&mut self, to: Time) {
        self.now = self.now.max(to);
        self.sync();
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
        if self.record {
            self.log.push(trace::Entry::Said { at, who, what });
        }
    }

    /// All that is in the log, for text2pcap.
    pub(crate) fn trace(&self, head: &str) -> String {
        trace::for_text2pcap(&self.log, head)
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

    /// Hands a packet of `from` to the other host, whose answers get lost. What it costs in
    /// instructions, answers included; `None` where these cannot be counted.
    #[cfg(test)]
    pub(crate) fn cost(&mut self, from: usize, bytes: &[u8]) -> Option<u64> {
        self.sync();
        let who = 1 - from;
        let host = &mut self.hosts[who];
        host.refused.clear();
        let buf = Bytes::new(bytes);
        let pkt = Packet::new(bytes, &buf, address(from, 0), address(who, 0)).unwrap();
        let assoc = host.assoc.as_mut().expect("no association");
        let cost = steps::count(|| {
            let mut cx = host.world.cx();
            if let Err(reason) = assoc.handle_packet(&mut cx, &pkt) {
                host.refused.push(reason);
            }
            while let Ok(Some(_)) = assoc.poll_transmit(&mut cx, &mut host.out) {}
        });
        self.drain(who);
        cost
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

/// A message without any specialities.
pub(crate) fn message(stream: u16, unordered: bool, bytes: &[u8]) -> Message<Bytes> {
    Message {
        stream,
        ppid: (stream as u32 ^ 0x1234_0000).to_be_bytes(),
        unordered,
        end: true,
        sack_immediately: false,
        policy: Policy::Reliable,
        to: None,
        context: 0x5678_0000 | u32::from(stream),
        payload: Bytes::new(bytes),
    }
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
