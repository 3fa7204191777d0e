// SPDX-License-Identifier: GPL-2.0

//! Scripts of packets: the test plays the peer, Z, against a real engine, A.
//!
//! A script reads like the exchanges that the RFC draws:
//!
//! ```text
//! up(|x| {
//!     x.user_sends(0, b"abc");
//!     x.expects([data(0).payload(b"abc")]);
//!     x.after(999);
//!     x.after(1);
//!     x.expects([data(0)]);
//!     x.sends([sack(0)]);
//! });
//! ```
//!
//! It is strict: each packet of the engine has to be expected before the peer says something, the
//! user does something or time passes, and a packet has to have the chunks that are expected, no
//! others. TSNs count from the first one of their side, so that each script can run with ordinary
//! numbers and with numbers that are about to wrap. A script that fails prints what was
//! exchanged.

mod item;

use crate::engine::{
    assoc::State,
    cc::Algorithm,
    config::{Config, LossDetection},
    event::Closed,
    serial::Tsn,
    time::Duration,
    wire::{
        cause,
        chunk::{Chunk, ChunkType},
        control,
        init::Init,
    },
};

use super::{
    sim::{Assoc, Fate, Flying, Host, Net, Seen, A, Z},
    support::world::SplitMix,
};

pub(crate) use item::*;

/// What tags and TSNs a script runs with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Numbers {
    Ordinary,
    /// TSNs pass 0, and the peer's tag is the largest there is.
    NearWrap,
    /// TSNs pass from one half of their circle into the other, and the peer's tag is the smallest.
    NearHalf,
}

impl Numbers {
    const ALL: [Self; 3] = [Self::Ordinary, Self::NearWrap, Self::NearHalf];

    /// The first TSN of the engine, if it is not any, the first one of the peer, its tag.
    fn choose(self) -> (Option<u32>, u32, u32) {
        match self {
            Self::Ordinary => (None, 1000, 0x0a0b_0c0d),
            Self::NearWrap => (Some(u32::MAX - 1), u32::MAX - 1, u32::MAX),
            Self::NearHalf => (Some(0x7fff_fffe), 0x7fff_fffe, 1),
        }
    }
}

/// How scripts begin.
pub(crate) struct Setup<C> {
    configure: C,
}

/// Scripts whose engine is configured in some way.
pub(crate) fn with<C: Fn(&mut Config)>(configure: C) -> Setup<C> {
    Setup { configure }
}

/// The engine was asked to connect, and has sent its INIT.
pub(crate) fn connecting(script: impl Fn(&mut Script)) {
    with(|_| ()).connecting(script);
}

/// The engine accepts associations.
pub(crate) fn listening(script: impl Fn(&mut Script)) {
    with(|_| ()).listening(script);
}

/// There is an association, which the engine asked for.
pub(crate) fn up(script: impl Fn(&mut Script)) {
    with(|_| ()).up(script);
}

impl<C: Fn(&mut Config)> Setup<C> {
    pub(crate) fn connecting(&self, script: impl Fn(&mut Script)) {
        self.each(|x| {
            x.connect();
            script(x);
        });
    }

    pub(crate) fn listening(&self, script: impl Fn(&mut Script)) {
        self.each(|x| {
            x.net.hosts[A].listens = true;
            script(x);
        });
    }

    /// As [`connecting`](Self::connecting), where the path has an MTU.
    pub(crate) fn connecting_with_mtu(&self, mtu: usize, script: impl Fn(&mut Script)) {
        self.each(|x| {
            x.net.hosts[A].mtu = mtu;
            x.connect();
            script(x);
        });
    }

    pub(crate) fn up(&self, script: impl Fn(&mut Script)) {
        self.connecting(|x| {
            x.complete();
            script(x);
        });
    }

    /// As [`connecting`](Self::connecting), with ordinary numbers only, for what takes long. Gives
    /// what comes out of it.
    pub(crate) fn connecting_once<R>(&self, script: impl FnOnce(&mut Script) -> R) -> R {
        let mut x = Script::new(Numbers::Ordinary);
        (self.configure)(&mut x.net.hosts[A].config);
        x.connect();
        script(&mut x)
    }

    /// There is an association, which the peer asked for.
    pub(crate) fn accepted(&self, script: impl Fn(&mut Script)) {
        self.listening(|x| {
            x.accept();
            script(x);
        });
    }

    fn each(&self, script: impl Fn(&mut Script)) {
        for numbers in Numbers::ALL {
            let mut x = Script::new(numbers);
            (self.configure)(&mut x.net.hosts[A].config);
            script(&mut x);
            x.quiet();
        }
    }
}

/// An exchange with a real engine.
pub(crate) struct Script {
    pub(crate) net: Net,
    numbers: Numbers,
    /// What the peer is known by.
    pub(crate) peer_tag: u32,
    pub(crate) peer_tsn: Tsn,
    /// What the engine is known by, as it said last.
    pub(crate) tag: u32,
    pub(crate) tsn: Tsn,
    /// The engine's cookie.
    pub(crate) cookie: Vec<u8>,
    /// How many packets were expected, and how many events.
    seen: usize,
    told: usize,
}

impl Script {
    fn new(numbers: Numbers) -> Self {
        let (tsn, peer_tsn, peer_tag) = numbers.choose();
        let mut net = Net::new(u64::from(peer_tsn));
        if let Some(tsn) = tsn {
            // The engine draws its tag first and then the TSN.
            net.hosts[A].world.rng = SplitMix::with_second(tsn, 7);
        }
        // What RFC 9260 has, not what others have added.
        let config = &mut net.hosts[A].config;
        config.congestion_control = Algorithm::Reno;
        config.loss_detection = LossDetection::MissingReports;
        config.path.pmtud = false;
        net.filter(|_| Fate::Lose);
        net.say(A, format!("numbers: {numbers:?}"));
        Self {
            net,
            numbers,
            peer_tag,
            peer_tsn: Tsn(peer_tsn),
            tag: 0,
            tsn: Tsn(0),
            cookie: Vec::new(),
            seen: 0,
            told: 0,
        }
    }

    pub(crate) fn host(&self) -> &Host {
        &self.net.hosts[A]
    }

    pub(crate) fn assoc(&self) -> &Assoc {
        self.host().assoc()
    }

    // What the peer does.

    /// The peer sends one packet.
    #[track_caller]
    pub(crate) fn sends(&mut self, items: impl IntoIterator<Item = Item>) {
        self.sends_on(0, items);
    }

    /// The same from its address `n` to the engine's.
    #[track_caller]
    pub(crate) fn sends_on(&mut self, n: u8, items: impl IntoIterator<Item = Item>) {
        let items: Vec<Item> = items.into_iter().collect();
        let is_init = items.first().is_some_and(Item::is_init);
        let tag = if is_init { 0 } else { self.tag };
        let bytes = self.packet(tag, &items);
        self.injects_on(n, bytes);
    }

    /// One packet under some tag, whether that is right or not.
    #[track_caller]
    pub(crate) fn sends_under(&mut self, tag: u32, items: impl IntoIterator<Item = Item>) {
        let items: Vec<Item> = items.into_iter().collect();
        let bytes = self.packet(tag, &items);
        self.injects_on(0, bytes);
    }

    /// A packet of any bytes.
    #[track_caller]
    pub(crate) fn injects_on(&mut self, n: u8, bytes: Vec<u8>) {
        self.quiet();
        self.net.hosts[A].refused.clear();
        self.net.forge_on(Z, n, bytes);
        self.learn();
    }

    pub(crate) fn packet(&self, tag: u32, items: &[Item]) -> Vec<u8> {
        let mut bytes = self.net.header_with_tag(Z, tag);
        for item in items {
            item.put(&mut bytes, self);
        }
        bytes
    }

    /// Another start of the peer: new tag and TSN.
    pub(crate) fn restarts(&mut self) {
        self.peer_tag ^= 0x0050_0000;
        self.peer_tsn = self.peer_tsn.plus(0x1000_0000);
    }

    // What the engine does.

    /// The engine has sent exactly this packet next.
    #[track_caller]
    pub(crate) fn expects(&mut self, items: impl IntoIterator<Item = Item>) -> Flying {
        let items: Vec<Item> = items.into_iter().collect();
        let Some(packet) = self.next_packet() else {
            panic!("nothing was sent; expected: {items:?}");
        };
        let wrong = packet
            .with(|pkt| {
                let chunks: Vec<_> = pkt.chunks().map(|c| c.expect("malformed")).collect();
                let fits = chunks.len() == items.len()
                    && items.iter().zip(&chunks).all(|(i, c)| i.matches(c, self));
                let got: Vec<_> = chunks.iter().map(|c| (c.kind, c.flags, c.raw)).collect();
                (!fits).then(|| format!("{got:x?}"))
            })
            .expect("malformed");
        if let Some(got) = wrong {
            panic!("expected: {items:?}\n     got: {got}");
        }
        packet
    }

    /// The same, and it was sent to the peer's address `n`.
    #[track_caller]
    pub(crate) fn expects_on(&mut self, n: u8, items: impl IntoIterator<Item = Item>) -> Flying {
        let packet = self.expects(items);
        assert_eq!(packet.dst, super::sim::address(Z, n));
        packet
    }

    /// The next packet begins with this; what follows does not matter.
    #[track_caller]
    pub(crate) fn expects_first(&mut self, item: Item) -> Flying {
        let Some(packet) = self.next_packet() else {
            panic!("nothing was sent; expected: {item:?}");
        };
        let fits = packet.with(|pkt| {
            let first = pkt.chunks().flatten().next();
            first.is_some_and(|c| item.matches(&c, self))
        });
        assert_eq!(fits, Some(true), "expected: {item:?}");
        packet
    }

    /// Whatever the engine has sent is as good as expected.
    pub(crate) fn ignores_the_rest(&mut self) -> Vec<Flying> {
        let rest = self.net.sent[self.seen..].to_vec();
        self.seen = self.net.sent.len();
        rest
    }

    /// As the last one, and none of it is kept: for very long scripts.
    pub(crate) fn forget_sent(&mut self) {
        self.net.forget();
        self.seen = 0;
    }

    /// The engine has nothing more to say.
    #[track_caller]
    pub(crate) fn quiet(&self) {
        let rest: Vec<_> = self.net.sent[self.seen..]
            .iter()
            .map(Flying::kinds)
            .collect();
        assert!(rest.is_empty(), "not expected: {rest:?}");
    }

    fn next_packet(&mut self) -> Option<Flying> {
        let packet = self.net.sent.get(self.seen)?.clone();
        self.seen += 1;
        Some(packet)
    }

    /// Keeps what the engine says about itself.
    fn learn(&mut self) {
        for packet in &self.net.sent[self.seen..] {
            packet.with(|pkt| {
                for chunk in pkt.chunks().flatten() {
                    if !matches!(chunk.kind, ChunkType::Init | ChunkType::InitAck) {
                        continue;
                    }
                    let init = Init::parse(&chunk).unwrap();
                    self.tag = init.fixed.tag;
                    self.tsn = init.fixed.initial_tsn;
                    if let Some(cookie) = init.cookie {
                        self.cookie = cookie.to_vec();
                    }
                }
            });
        }
    }

    /// What a HEARTBEAT carries.
    pub(crate) fn info_of(&self, packet: &Flying) -> Vec<u8> {
        let info = |c: Chunk<'_>| control::heartbeat_info(&c).map(<[u8]>::to_vec);
        packet
            .with(|pkt| info(pkt.chunks().next().unwrap().unwrap()))
            .unwrap()
            .unwrap()
    }

    // Time.

    /// So many milliseconds pass, in which the engine says nothing. What it says when they are
    /// over has to be expected.
    #[track_caller]
    pub(crate) fn after(&mut self, ms: u32) {
        self.quiet();
        let span = Duration::from_millis(ms);
        self.net.run_for(Duration(span.0 - 1));
        self.quiet();
        self.net.run_for(Duration(1));
        self.learn();
    }

    /// Time passes in which the engine may say anything.
    pub(crate) fn let_pass(&mut self, ms: u32) -> Vec<Flying> {
        self.net.run_for(Duration::from_millis(ms));
        self.learn();
        self.ignores_the_rest()
    }

    // What the user does and is told.

    #[track_caller]
    pub(crate) fn user_sends(&mut self, stream: u16, bytes: &[u8]) {
        self.quiet();
        self.net.send(A, stream, bytes);
    }

    /// The user sends, and it does not matter what the engine does about it.
    pub(crate) fn user_hands_in(&mut self, bytes: &[u8]) {
        self.net.send(A, 0, bytes);
    }

    #[track_caller]
    pub(crate) fn user_sends_unordered(&mut self, stream: u16, bytes: &[u8]) {
        self.quiet();
        self.net.try_send(A, stream, true, bytes).expect("send");
    }

    #[track_caller]
    pub(crate) fn user_shuts_down(&mut self) {
        self.quiet();
        self.net.shutdown(A);
    }

    #[track_caller]
    pub(crate) fn user_aborts(&mut self, reason: &[u8]) {
        self.aborts(cause::USER_INITIATED_ABORT, reason);
    }

    /// The shell ends the association.
    #[track_caller]
    pub(crate) fn aborts(&mut self, cause: u16, reason: &[u8]) {
        self.quiet();
        self.net.with(A, |assoc, cx| assoc.abort(cx, cause, reason));
    }

    /// The payloads of the messages that were delivered since this was last asked.
    pub(crate) fn got(&mut self) -> Vec<Vec<u8>> {
        self.net.hosts[A].got.drain(..).map(|m| m.bytes).collect()
    }

    /// The user was told exactly this since it was last asked.
    #[track_caller]
    pub(crate) fn told(&mut self, events: &[Seen]) {
        let seen = &self.net.hosts[A].seen[self.told..];
        assert_eq!(seen, events);
        self.told = self.net.hosts[A].seen.len();
    }

    /// How many things the user was told that do not matter any more.
    pub(crate) fn told_so_far(&self) -> usize {
        self.told
    }

    /// What the user was told so far does not matter.
    pub(crate) fn forget_told(&mut self) {
        self.told = self.host().seen.len();
    }

    #[track_caller]
    pub(crate) fn is_in(&self, state: State) {
        assert_eq!(self.host().state(), state);
    }

    /// The association is over, and its user was told this and nothing else.
    #[track_caller]
    pub(crate) fn ended(&mut self, how: Closed) {
        self.told(&[Seen::Closed(how)]);
        self.quiet();
        assert!(self.host().assoc.is_none());
    }

    // Beginnings.

    /// The engine connects: its INIT is expected.
    #[track_caller]
    pub(crate) fn connect(&mut self) {
        self.quiet();
        self.net.connect(A);
        self.learn();
        self.expects([init()]);
        if let (Some(tsn), true) = (self.numbers.choose().0, self.seen == 1) {
            assert_eq!(
                self.tsn.0, tsn,
                "numbers are not drawn in the order assumed"
            );
        }
    }

    /// From the INIT on, the peer agrees.
    #[track_caller]
    pub(crate) fn complete(&mut self) {
        self.sends([init_ack()]);
        self.expects([cookie_echo()]);
        self.sends([cookie_ack()]);
        self.is_in(State::Established);
        self.told(&[Seen::Up]);
    }

    /// The peer sets up an association.
    #[track_caller]
    pub(crate) fn accept(&mut self) {
        self.sends([init()]);
        self.expects([init_ack()]);
        self.sends([cookie_echo()]);
        self.expects([cookie_ack()]);
        self.is_in(State::Established);
        self.told(&[Seen::Up]);
    }

    /// Brings an association that is up, and has nothing under way, into a state.
    #[track_caller]
    pub(crate) fn goes_to(&mut self, state: State) {
        match state {
            State::Established => {}
            State::ShutdownPending => {
                self.user_sends(0, b"unacknowledged");
                self.expects([data(0)]);
                self.user_shuts_down();
            }
            State::ShutdownSent => {
                self.user_shuts_down();
                self.expects([shutdown(-1)]);
            }
            State::ShutdownReceived => {
                self.user_sends(0, b"unacknowledged");
                self.expects([data(0)]);
                self.sends([shutdown(-1)]);
                self.told(&[Seen::PeerShutdown]);
            }
            State::ShutdownAckSent => {
                self.sends([shutdown(-1)]);
                self.expects([shutdown_ack()]);
                self.told(&[Seen::PeerShutdown]);
            }
            State::CookieWait | State::CookieEchoed | State::Closed => {
                panic!("an association that is up cannot come to {state:?}")
            }
        }
        self.is_in(state);
    }
}
