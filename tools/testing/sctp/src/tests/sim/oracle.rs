// SPDX-License-Identifier: GPL-2.0

//! What has to hold in every scenario, whatever the network does.
//!
//! - A message that was accepted is delivered exactly once, intact, and in its stream's order
//!   unless it is unordered; or its sender was told that it is given up, which its policy allows;
//!   or the association, or one side of it, ended with an error or was begun anew before. What is
//!   given up has not come in part, unless the receiver was told that the rest will not come.
//!   Messages that are handed in by parts are no exception, but for one that is not finished when
//!   the association is shut down.
//! - Whoever's association ends knows of each message that was not delivered, be memory short or
//!   not: it was told of all that the peer has not acknowledged, with the context of its message.
//! - An error has a reason in the scenario: a user aborted, a host forgot everything, or the
//!   network kept so many packets back that the retransmission limits were reached.
//! - While something waits to be sent or acknowledged, DATA leaves or is acknowledged, or a
//!   T3-rtx expires, within the RTO of a path on which DATA is in flight, as backed off as it is
//!   at the time; if none is in flight, then the peer's window is closed, and is probed within an
//!   RTO, or a FORWARD TSN leaves within one.
//! - Packets keep within cwnd, the peer's window and the confirmed addresses. An address that is
//!   not the peer's is never confirmed, and gets nothing but HEARTBEATs (which the network sees to);
//!   the others are confirmed after a while.
//! - What is held for the user keeps within the receive buffer.
//! - Control packets are in proportion to what came in.
//!
//! The engine's own invariants are checked by the network after each input.

use std::{collections::BTreeMap, fmt::Write};

use super::{life::USER_ABORT, name, pattern, scenario::Scenario, Assoc, Host, Net, Seen, A, Z};
use crate::{
    engine::{
        assoc::{Policy, State},
        config::LossDetection,
        event::{Closed, Failure},
        path::{Path, PathId},
        stats::Counter,
        time::{Duration, Time},
        wire::{cause, chunk::ChunkType, data::Data, packet::Packet, tlv::padded},
    },
    tests::support::payload::Bytes,
};

/// How late a deadline may be kept: nothing here takes time.
const SLACK: Duration = Duration::from_millis(1);

/// By then all addresses of a peer are confirmed, if nothing gets lost: one is tried per RTO, and
/// those that are only claimed have their turns in between.
const CONFIRMED: Duration = Duration::from_secs(20);

/// A message that was accepted. Its number is its payload protocol identifier.
#[derive(Clone, Copy, Debug)]
struct Sent {
    stream: u16,
    unordered: bool,
    size: usize,
    /// How much of it was handed in.
    handed: usize,
    policy: Policy,
    /// The life of the sender, and of the receiver that has got it.
    life: u32,
    delivered: Option<u32>,
    /// It need not arrive.
    excused: bool,
    /// The sender was told that it is given up, or that it, or the end of it, was left when the
    /// association ended or the peer restarted.
    given_up: bool,
    left: bool,
    /// How much was handed in when it was told.
    told: usize,
    /// The receiver was told that the rest of it will not come, or has seen the end.
    cut: bool,
}

impl Sent {
    /// It has come, or will not.
    fn is_settled(&self) -> bool {
        self.delivered.is_some() || self.excused || self.given_up || !self.is_finished()
    }

    fn is_finished(&self) -> bool {
        self.handed == self.size
    }
}

/// What changes when an association gets on: the number of T3-rtx that run, packets with DATA,
/// FORWARD TSNs and expiries of T3-rtx, bytes to send, chunks outstanding and those in flight, and
/// when the window is probed.
type Known = (usize, u64, u64, usize, usize, usize, Option<Time>);

/// What is known of one host.
#[derive(Default)]
struct Side {
    sent: Vec<Sent>,
    /// How often the host has forgotten everything.
    life: u32,
    /// In which of its lives it last had an association that was established, and since when.
    up: Option<u32>,
    since: Time,
    /// Messages of an earlier life of the peer must not come any more: a restart was announced.
    peer_life: u32,
    aborts: bool,
    /// It did not listen in the beginning, so that it answered an INIT with an ABORT.
    refuses: bool,
    shuts_down: bool,
    /// An association of it ended otherwise than by a shutdown, or was forgotten.
    is_gone: bool,
    /// How much of what the host has seen and got was looked at.
    seen: usize,
    got: usize,
    failed: usize,
    cut: usize,
    /// The most important message that others have had to make room for.
    priority: Option<u32>,
    /// Faults of the network when the peer last gave a sign of life.
    faults: u64,
    /// Since then the peer was being set up: it takes no DATA before the COOKIE ACK, however late
    /// that comes.
    ignored: bool,
    /// By when DATA has to leave or to be acknowledged, and what was known then.
    deadline: Option<(Time, Known)>,
}

impl Side {
    /// A message was begun and not finished: if that cannot be any more, there may be an ABORT.
    fn is_amid_message(&self) -> bool {
        self.sent.last().is_some_and(|sent| !sent.is_finished())
    }
}

pub(super) struct Oracle {
    sides: [Side; 2],
    /// Nothing happens to any packet, nor did a host lack the memory for one so far.
    is_pristine: bool,
}

impl Oracle {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let sides = scenario.hosts.each_ref().map(|host| Side {
            refuses: !host.listens,
            ..Side::default()
        });
        Self {
            sides,
            is_pristine: scenario.is_pristine(),
        }
    }

    /// Without memory a packet is as good as lost.
    pub(super) fn lacked_memory(&mut self) {
        self.is_pristine = false;
    }

    // What the users do.

    /// The number of the next message, or of the last one.
    pub(super) fn id(&self, who: usize, last: bool) -> u32 {
        let next = self.sides[who].sent.len() as u32;
        (next - u32::from(last)) << 1 | who as u32
    }

    /// The last message was handed in up to there.
    pub(super) fn handed_in(&mut self, who: usize, to: usize) {
        self.sides[who].sent.last_mut().unwrap().handed = to;
    }

    pub(super) fn accepted(
        &mut self,
        who: usize,
        stream: u16,
        unordered: bool,
        size: usize,
        policy: Policy,
    ) {
        let side = &mut self.sides[who];
        side.sent.push(Sent {
            stream,
            unordered,
            size,
            handed: 0,
            policy,
            life: side.life,
            delivered: None,
            excused: false,
            given_up: false,
            left: false,
            told: 0,
            cut: false,
        });
    }

    /// Less important messages may have to go.
    pub(super) fn makes_room(&mut self, who: usize, priority: u32) {
        let most = &mut self.sides[who].priority;
        *most = Some(most.map_or(priority, |p| p.min(priority)));
    }

    pub(super) fn connects(&mut self, net: &Net, who: usize) {
        self.sides[who].faults = net.faults;
    }

    pub(super) fn shuts_down(&mut self, who: usize) {
        self.sides[who].shuts_down = true;
    }

    pub(super) fn aborts(&mut self, who: usize) {
        self.sides[who].aborts = true;
    }

    /// A host has forgotten everything.
    pub(super) fn restarts(&mut self, net: &Net, who: usize) {
        self.excuse(who);
        let side = &mut self.sides[who];
        side.life += 1;
        side.is_gone = true;
        side.faults = net.faults;
        side.deadline = None;
        // The cookie that it gets has no tie tags, and its old one may make an association
        // meanwhile: then it is no answer to anything (RFC 9260, 5.2.4).
        side.ignored = net.hosts[1 - who].assoc.is_none();
    }

    /// What was not delivered need not be any more.
    fn excuse(&mut self, who: usize) {
        for message in &mut self.sides[who].sent {
            message.excused |= message.delivered.is_none();
        }
    }

    // What the hosts do.

    /// To be called after everything that happens.
    pub(super) fn look(&mut self, net: &mut Net) {
        for who in [A, Z] {
            self.look_at_events(net, who);
            self.look_at_failures(net, who);
        }
        for who in [A, Z] {
            self.look_at_messages(net, who);
        }
        for who in [A, Z] {
            self.look_at_ends(net, who);
            self.look_at_state(net, who);
        }
    }

    fn look_at_events(&mut self, net: &Net, who: usize) {
        let host = &net.hosts[who];
        for event in &host.seen[self.sides[who].seen..] {
            match event {
                Seen::Up => {
                    // Streams that were not granted: messages accepted before are dropped.
                    let streams = host.assoc.as_ref().map_or(u16::MAX, |a| a.out_streams());
                    for message in &mut self.sides[who].sent {
                        message.excused |= message.stream >= streams;
                    }
                    self.sides[who].up = Some(self.sides[who].life);
                    self.sides[who].since = net.now;
                }
                Seen::Restarted => {
                    self.excuse(who);
                    assert!(
                        self.sides[1 - who].is_gone,
                        "a restart of a peer that did not"
                    );
                    self.sides[who].peer_life = self.sides[1 - who].life;
                }
                Seen::PeerShutdown | Seen::RemoteError(_) | Seen::Closed(_) => {}
            }
        }
    }

    fn look_at_messages(&mut self, net: &Net, who: usize) {
        let (life, peer_life) = (self.sides[who].life, self.sides[who].peer_life);
        let first = self.sides[who].got;
        let got = &net.hosts[who].got;
        self.sides[who].got = got.len();
        for message in &got[first..] {
            let id = u32::from_be_bytes(message.ppid);
            let peer = &mut self.sides[1 - who].sent;
            let index = (id >> 1) as usize;
            let sent = peer.get_mut(index).expect("nobody sent this message");
            assert_eq!(
                (message.stream, message.unordered, message.bytes.len()),
                (sent.stream, sent.unordered, sent.size),
                "message {id} is another one"
            );
            assert!(
                message.bytes == pattern(u64::from(id), sent.size),
                "message {id} has changed"
            );
            assert_ne!(sent.delivered, Some(life), "message {id} came twice");
            assert!(!sent.cut, "message {id} was not to come any more");
            assert!(
                sent.life >= peer_life,
                "message {id} is from before a restart"
            );
            sent.delivered = Some(life);
            if sent.unordered {
                continue;
            }
            let sent = *sent;
            for (i, other) in peer.iter().enumerate() {
                if other.unordered || other.stream != sent.stream || other.life != sent.life {
                    continue;
                }
                if i < index {
                    assert!(
                        other.is_settled(),
                        "message {id} came before one that was sent before"
                    );
                } else if i > index {
                    assert_ne!(
                        other.delivered,
                        Some(life),
                        "message {id} came after one that was sent after"
                    );
                }
            }
        }
    }

    /// What users were told that it will not be sent, or not come in whole.
    fn look_at_failures(&mut self, net: &Net, who: usize) {
        let host = &net.hosts[who];
        let side = &mut self.sides[who];
        // All that there is of a message is given up at the same time.
        let mut pieces: BTreeMap<u32, (Failure, Vec<u8>)> = BTreeMap::new();
        for failed in &host.failed[side.failed..] {
            let id = u32::from_be_bytes(failed.ppid);
            assert_eq!(failed.context, !id, "the context of another message");
            let new = || (failed.why, Vec::new());
            let (why, piece) = pieces.entry(id).or_insert_with(new);
            assert_eq!(*why, failed.why, "message {id} failed for two reasons");
            piece.extend_from_slice(failed.payload.as_slice());
        }
        side.failed = host.failed.len();
        for (id, (why, pieces)) in pieces {
            let sent = side.sent.get_mut((id >> 1) as usize);
            let sent = sent.filter(|_| id & 1 == who as u32);
            let sent = sent.expect("nobody sent what has failed");
            let is_more = sent.handed > sent.told;
            let is_first = !sent.given_up && !sent.left;
            assert!(is_first || is_more, "message {id} failed twice");
            sent.told = sent.handed;
            match why {
                Failure::Abandoned => sent.given_up = true,
                Failure::BadStream | Failure::Restarted | Failure::Ended { .. } => sent.left = true,
            }
            let is_right = match sent.policy {
                _ if sent.left || !sent.is_finished() => true,
                Policy::Reliable => false,
                Policy::Timed(until) => net.now > until,
                Policy::Retransmissions(_) => !self.is_pristine,
                Policy::Priority(own) => side.priority.is_some_and(|p| p < own),
            };
            assert!(is_right, "message {id} was given up: {sent:?}");
            assert!(
                pattern(u64::from(id), sent.size)[..sent.handed].ends_with(&pieces),
                "message {id}: {} bytes failed that are not its end",
                pieces.len()
            );
        }
        let first = self.sides[who].cut;
        self.sides[who].cut = host.cut.len();
        for message in &host.cut[first..] {
            let id = u32::from_be_bytes(message.ppid);
            let sent = &mut self.sides[1 - who].sent[(id >> 1) as usize];
            assert!(
                sent.given_up
                    || sent.excused
                    || !sent.is_finished()
                    || host.end().is_some_and(|e| e != Closed::Shutdown),
                "message {id} was cut and not given up"
            );
            assert!(
                pattern(u64::from(id), sent.size).starts_with(&message.bytes),
                "message {id} has changed"
            );
            sent.cut = true;
        }
    }

    fn look_at_ends(&mut self, net: &Net, who: usize) {
        let host = &net.hosts[who];
        let first = self.sides[who].seen;
        self.sides[who].seen = host.seen.len();
        for event in &host.seen[first..] {
            let Seen::Closed(end) = event else { continue };
            self.expect_told(who);
            self.judge_end(net, who, *end);
            self.sides[who].deadline = None;
            if *end == Closed::Shutdown {
                self.expect_all(who);
                // Without an association the other side's messages have nobody to go to.
                let side = &mut self.sides[who];
                if side.up == Some(side.life) {
                    if !self.sides[1 - who].is_gone {
                        self.expect_all(1 - who);
                    }
                } else {
                    // Not even an association: the peer was told of nothing.
                    side.is_gone = true;
                }
            } else {
                self.sides[who].is_gone = true;
            }
            self.excuse(who);
            self.excuse(1 - who);
        }
    }

    fn expect_all(&self, who: usize) {
        for (i, message) in self.sides[who].sent.iter().enumerate() {
            assert!(
                message.is_settled(),
                "{}'s message {i} got lost: {message:?}",
                name(who)
            );
        }
    }

    /// What the peer does not have, the user was told of.
    fn expect_told(&self, who: usize) {
        let side = &self.sides[who];
        let of_this_life = side.sent.iter().filter(|message| message.life == side.life);
        for message in of_this_life {
            assert!(
                message.delivered.is_some()
                    || message.given_up
                    || message.left
                    || !message.is_finished(),
                "{} does not know what became of {message:?}",
                name(who)
            );
        }
    }

    /// Whether the end of an association has a reason.
    fn judge_end(&self, net: &Net, who: usize, end: Closed) {
        let (side, peer) = (&self.sides[who], &self.sides[1 - who]);
        let config = &net.hosts[who].config;
        let faults = net.faults - side.faults;
        let limit = match end {
            Closed::Shutdown => {
                assert!(side.shuts_down || peer.shuts_down, "nobody shut down");
                return;
            }
            Closed::Aborted { cause: code, setup } => {
                let stale = setup && code == cause::STALE_COOKIE;
                assert!(
                    (side.aborts || side.is_amid_message()) && code == USER_ABORT || stale,
                    "aborted: cause {code}"
                );
                return;
            }
            Closed::PeerAborted { setup, .. } => {
                let is_refused = setup && !net.hosts[1 - who].listens;
                assert!(
                    peer.is_gone
                        || peer.aborts
                        || peer.is_amid_message()
                        || peer.refuses
                        || is_refused,
                    "aborted by the peer"
                );
                return;
            }
            Closed::TimedOut { setup: true } => config.max_init_retransmits,
            Closed::TimedOut { setup: false } => config.association_max_retrans,
        };
        // A packet may come and have no effect, because the one before it got lost; and a SHUTDOWN
        // has no answer until the peer's DATA is through, for which it may take its time.
        let counter = |counter| net.hosts[who].counter(counter) > 0;
        let slow = counter(Counter::T2ShutdownExpireds) && !self.is_pristine;
        let guard = counter(Counter::T5ShutdownGuardExpireds);
        assert!(
            faults >= u64::from(limit) / 2 || peer.is_gone || slow || guard || side.ignored,
            "{end:?}: the peer was given up after {faults} faults"
        );
    }

    fn look_at_state(&mut self, net: &Net, who: usize) {
        let host = &net.hosts[who];
        let side = &mut self.sides[who];
        let Some(assoc) = &host.assoc else {
            return;
        };
        if host.lacks_memory {
            side.deadline = None;
        }
        if assoc.errors() == 0 && !assoc.state().is_setup() {
            side.faults = net.faults;
            side.ignored = false;
        }
        side.ignored |= net.hosts[1 - who].state().is_setup();
        let (held, limit) = assoc.held();
        assert!(held <= limit, "{held} bytes are held, of {limit}");

        let is_old = net.now.since(side.since) > CONFIRMED;
        if self.is_pristine && is_old && assoc.state() == State::Established {
            let is_theirs = |path: &&Path| net.hosts[1 - who].addresses.contains(&path.addr);
            let mut theirs = assoc.paths().iter().filter(is_theirs);
            assert!(theirs.all(Path::is_confirmed), "who is there is not found");
        }

        let may_send = assoc.state().may_send_data();
        let waits = assoc.unsent_bytes() + assoc.unacked_chunks() > 0;
        if !may_send || !waits {
            side.deadline = None;
            return;
        }
        let timers = assoc.paths().iter().filter_map(|path| path.t3_rtx);
        let known = (
            timers.clone().count(),
            host.data_packets,
            host.forwards + host.counter(Counter::T3RtxExpireds),
            assoc.unsent_bytes(),
            assoc.unacked_chunks(),
            assoc.in_flight().1,
            // SACKs that are late may open the window and close it, which nobody sees in a train.
            assoc.window_probe_at().filter(|_| host.takes_trains()),
        );
        if let Some((deadline, before)) = side.deadline {
            if known == before {
                assert!(
                    net.now <= deadline,
                    "{} does nothing although DATA waits: {known:?} {}",
                    name(who),
                    describe(assoc)
                );
                return;
            }
        }
        if host.lacks_memory {
            return;
        }
        let running = timers.min();
        let is_unsent = |_: &Time| assoc.unsent_bytes() > 0;
        let (probe, forward) = (
            assoc.window_probe_at().filter(is_unsent),
            assoc.forward_tsn_at(),
        );
        let at = running.or(probe).or(forward).unwrap_or_else(|| {
            panic!(
                "{}: DATA waits, and no T3-rtx runs: {}",
                name(who),
                describe(assoc)
            )
        });
        let wait = at.since(net.now);
        assert!(wait <= host.config.rto_max, "nothing happens for {wait:?}");
        side.deadline = Some((net.now.plus(wait).plus(SLACK), known));
    }

    /// After both associations have ended.
    pub(super) fn finish(&self, net: &Net) {
        for who in [A, Z] {
            let host = &net.hosts[who];
            assert_eq!(host.state(), State::Closed);
            self.expect_all(who);
            let control = host.packets - host.data_packets;
            let timers = host.timeouts;
            assert!(
                control <= 2 * (host.received + timers + host.commands) + 10,
                "{control} packets without DATA for {} that came and {timers} timeouts",
                host.received
            );
            // Who sends so slowly that the guard expires is cut off.
            let guard = host.counter(Counter::T5ShutdownGuardExpireds);
            if self.is_pristine && guard == 0 && !self.sides[1 - who].is_gone {
                self.judge_pristine(host, &net.hosts[1 - who]);
            }
        }
    }

    /// Nothing happened to any packet: nothing was sent twice, unless the peer delays its SACKs for
    /// longer than a tail loss probe waits.
    fn judge_pristine(&self, host: &Host, peer: &Host) {
        let patience = host.config.sack_delay.max(Duration::from_millis(200));
        let probes = host.config.loss_detection == LossDetection::Rack;
        assert_eq!(host.counter(Counter::T3RtxExpireds), 0, "a timeout");
        if !probes || peer.config.sack_delay <= patience {
            assert_eq!(host.counter(Counter::T3Retransmits), 0, "retransmissions");
        }
        assert_eq!(host.end().unwrap_or(Closed::Shutdown), Closed::Shutdown);
        assert_eq!(host.counter(Counter::InDataChunkDiscards), 0, "no room");
    }
}

/// What may be the matter with an association that does not get on.
fn describe(assoc: &Assoc) -> String {
    let mut text = format!(
        "{:?}, {} bytes to send, {} chunks outstanding, {} of them in flight",
        assoc.state(),
        assoc.unsent_bytes(),
        assoc.unacked_chunks(),
        assoc.in_flight().1
    );
    for path in assoc.paths() {
        let _ = write!(
            text,
            "; {:?} flight {} cwnd {} rto {:?} t3 {:?} errors {} after timeout {} {}",
            path.state,
            path.flight,
            path.cc.cwnd(),
            path.rto.get(),
            path.t3_rtx,
            path.errors,
            path.after_timeout,
            path.timeout_spent
        );
    }
    text
}

impl Host {
    /// What has to hold when an association has put DATA into a packet.
    pub(super) fn judge(&mut self, id: PathId, bytes: &[u8]) {
        self.data_packets += 1;
        let assoc = self.assoc.as_ref().unwrap();
        let path = &assoc.paths()[id.index()];
        let is_setup = assoc.state() == State::CookieEchoed;
        assert!(
            path.is_confirmed() || is_setup,
            "DATA to an unconfirmed address"
        );
        let buf = Bytes::new(bytes);
        let packet = Packet::new(bytes, &buf, path.addr, path.addr).unwrap();
        let mut last_new = None;
        for chunk in packet.chunks().map(Result::unwrap) {
            if chunk.kind != ChunkType::Data {
                continue;
            }
            let tsn = Data::parse(&chunk).unwrap().header.tsn;
            if self.highest.is_none_or(|highest| tsn.is_after(highest)) {
                self.highest = Some(tsn);
                last_new = Some(padded(chunk.raw.len()));
            }
        }
        // Retransmissions may exceed the windows: what was found missing is sent at once, and a
        // window that has become smaller does not call anything back.
        let Some(last) = last_new else { return };
        let cwnd = path.cc.cwnd();
        assert!(
            path.flight < cwnd + last,
            "{} bytes in flight, the last {last} of them beyond a cwnd of {cwnd}",
            path.flight
        );
        let (in_flight, chunks) = assoc.in_flight();
        let window = assoc.peer_a_rwnd();
        assert!(
            in_flight <= window || chunks == 1,
            "{in_flight} bytes in {chunks} chunks in flight for a window of {window}"
        );
    }
}
