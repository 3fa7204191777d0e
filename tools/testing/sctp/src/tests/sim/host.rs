// SPDX-License-Identifier: GPL-2.0

//! A host: an association, its user, and what of the shell they need.

use std::collections::VecDeque;

use kernel::alloc::KBox;

use super::{address, Assoc};
use crate::{
    engine::{
        addr::{Address, Addresses},
        assoc::State,
        config::Config,
        cx::Payload,
        event::{Closed, Event, PathChange, SendFailed},
        serial::Tsn,
        stats::{Counter, Reason},
        time::{Duration, Time},
        wire::builder::PacketBuilder,
    },
    tests::support::{payload::Bytes, world::World},
};

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
    /// Its addresses. `n` of a host is in one network with `n` of the other one.
    pub(crate) addresses: Vec<Address>,
    /// What it tells its peer to be its addresses, too. Nobody is there.
    pub(crate) claims: Vec<Address>,
    pub(crate) listens: bool,
    pub(crate) assoc: Option<KBox<Assoc>>,
    pub(super) out: PacketBuilder<Bytes>,
    /// How often it looks for packets, and takes all there are before anything else is done, as with
    /// a backlog. Zero: at once, one by one.
    pub(crate) looks_every: Duration,
    /// Whether messages are consumed as soon as they are delivered.
    pub(crate) reads: bool,
    pub(super) unread: VecDeque<(usize, usize)>,
    pub(crate) got: Vec<Got>,
    partial: Option<Got>,
    /// What the user was told it will not be sent.
    pub(crate) failed: Vec<SendFailed<Bytes>>,
    /// How often it was told that all was sent.
    pub(crate) dry: u32,
    /// What was there of messages whose delivery in parts was broken off.
    pub(crate) cut: Vec<Got>,
    pub(crate) seen: Vec<Seen>,
    /// What it was told about the peer's addresses.
    pub(crate) paths: Vec<(Address, PathChange)>,
    pub(crate) refused: Vec<Reason>,
    /// Packets and bytes sent, and of the packets those with DATA.
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    pub(crate) data_packets: u64,
    /// FORWARD TSNs that were sent.
    pub(crate) forwards: u64,
    /// Packets that came, timeouts that were handled, and commands that may be the reason for a
    /// packet without DATA: the user has read something, or messages are given up.
    pub(crate) received: u64,
    pub(crate) timeouts: u64,
    pub(crate) commands: u64,
    /// A packet could not be built, the last time that one was asked for.
    pub(crate) lacks_memory: bool,
    /// The highest TSN that was sent, of the association there is.
    pub(super) highest: Option<Tsn>,
    /// MTU for SCTP packets, per path.
    pub(crate) mtu: usize,
    /// The largest packet of this host that the network carries.
    pub(crate) carries: usize,
}

impl Host {
    pub(super) fn new(who: usize, seed: u64) -> Self {
        Self {
            world: World::new(seed),
            config: Config::default(),
            addresses: vec![address(who, 0)],
            claims: Vec::new(),
            listens: false,
            assoc: None,
            out: PacketBuilder::new(),
            looks_every: Duration::ZERO,
            reads: true,
            unread: VecDeque::new(),
            got: Vec::new(),
            partial: None,
            failed: Vec::new(),
            dry: 0,
            cut: Vec::new(),
            seen: Vec::new(),
            paths: Vec::new(),
            refused: Vec::new(),
            packets: 0,
            bytes: 0,
            data_packets: 0,
            forwards: 0,
            received: 0,
            timeouts: 0,
            commands: 0,
            lacks_memory: false,
            highest: None,
            mtu: 1480,
            carries: usize::MAX,
        }
    }

    /// Those of its addresses that a peer may know of, `first` before the others.
    pub(super) fn locals(&self, first: Address, peer: &Address) -> Addresses {
        let mut locals = Addresses::new(first);
        for address in self.addresses.iter().chain(&self.claims) {
            if self.config.scope_policy.allows(address, peer) {
                locals.insert(*address);
            }
        }
        locals
    }

    /// The address from which packets to `to` leave if nothing else is known: the one of the same
    /// network, if there is one.
    pub(super) fn route(&self, who: usize, to: &Address) -> Address {
        (0..8)
            .find(|&n| address(1 - who, n) == *to)
            .map(|n| address(who, n))
            .filter(|own| self.addresses.contains(own))
            .unwrap_or(self.addresses[0])
    }

    pub(super) fn takes_trains(&self) -> bool {
        self.looks_every > Duration::ZERO
    }

    /// When it looks at what arrives now.
    pub(super) fn looks_at(&self, now: Time) -> Time {
        match self.looks_every.0 {
            0 => now,
            every => Time::from_nanos(now.nanos().next_multiple_of(every)),
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

    /// Whether the user has got parts of a message, and not the last one.
    pub(crate) fn waits_for_rest(&self) -> bool {
        self.partial.is_some()
    }

    /// The user that there was has read nothing and is gone.
    pub(crate) fn forget_user(&mut self) {
        self.unread.clear();
        self.partial = None;
        self.highest = None;
    }

    pub(super) fn note(&mut self, event: Event<Bytes>) {
        match event {
            Event::Up => self.seen.push(Seen::Up),
            Event::Restarted => {
                assert!(self.partial.is_none(), "half a message, and a restart");
                self.highest = None;
                self.seen.push(Seen::Restarted);
            }
            Event::Path { addr, change } => self.paths.push((addr, change)),
            Event::PeerShutdown => self.seen.push(Seen::PeerShutdown),
            Event::RemoteError(error) => self.seen.push(Seen::RemoteError(error.code)),
            Event::Closed(closed) => {
                assert!(self.partial.is_none(), "half a message, and the end");
                self.seen.push(Seen::Closed(closed));
            }
            Event::SendFailed(failed) => self.failed.push(failed),
            Event::SenderDry => self.dry += 1,
            Event::PartialDeliveryAborted(abandoned) => {
                let got = self.partial.take().expect("no delivery in parts");
                assert_eq!(
                    (got.stream, got.unordered),
                    (abandoned.stream, abandoned.unordered)
                );
                self.cut.push(got);
            }
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
