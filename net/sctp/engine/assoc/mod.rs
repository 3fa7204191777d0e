// SPDX-License-Identifier: GPL-2.0

//! The association: all that is shared with one peer (RFC 9260, 4 to 9).
//!
//! This file has the structure and what can be asked of it. The one table that says what each
//! chunk means in each state is in [`dispatch`], the procedures are in the files named after them:
//! [`setup`] and [`collision`] (5), [`data`], [`sack`] and [`send`] (6, 7), [`fault`] and [`paths`]
//! (8), [`teardown`] (9), [`timers`], [`transmit`]; [`abandon`] (RFC 3758).
//!
//! Invariants, checked by `check_invariants` after each input of every test:
//! - a path's flight is what the outstanding queue has in flight on it;
//! - while DATA is in flight on a path, its T3-rtx runs;
//! - something drives every state: a timer runs, or it is the peer's or the user's turn;
//! - `Closed` has no timers (but to retry a last packet) and no data to send.

pub(crate) mod abandon;
#[cfg(not(MODULE))]
mod check;
mod collision;
mod data;
mod dispatch;
mod fault;
mod icmp;
mod paths;
mod recovery;
mod sack;
mod send;
mod setup;
pub(crate) mod state;
mod teardown;
mod timers;
mod transmit;
mod tune;
pub(crate) mod vtag;

use super::{
    addr::{Address, AddressList, Addresses},
    config::Config,
    cookie::TieTags,
    cx::{Cx, Payload},
    env::{AllocError, KBox, KVec},
    event::{Event, Received, RemoteError},
    path::{Path, PathId, PathState, Way, MAX_PATHS},
    rx::Receiver,
    serial::Tsn,
    time::{Duration, Time},
    tx::{
        abandoned::AbandonedCounts, failed::Failures, outstanding::Outstanding,
        send_queue::SendQueue,
    },
    wire::builder::PacketBuilder,
};

use self::abandon::Forward;
use self::state::{AbortCause, Notices, Pending, Timers};

#[allow(unused_imports)]
pub(crate) use self::{data::SendError, paths::PathError, state::State};
#[allow(unused_imports)]
pub(crate) use super::tx::{Message, Policy};

/// An association without user data for so long is idle.
const IDLE: Duration = Duration::from_secs(1);

/// A packet that answers one that came, and which way.
struct Reply<B> {
    packet: PacketBuilder<B>,
    way: Way,
}

/// An ABORT that ends the association.
enum Abort {
    None,
    ToSend(AbortCause),
    /// The error causes in the peer's.
    Received(KVec<u8>),
}

/// What there is to know until the association is up, where it was this side that began.
struct Setup {
    /// The peer's cookie, from its INIT ACK until its COOKIE ACK.
    cookie: KVec<u8>,
    /// Parameters of its INIT ACK that are to be reported as not known.
    unrecognized: KVec<u8>,
    /// Expiries of T1 since the last progress, and cookies that were too old.
    attempts: u32,
    stale_cookies: u32,
    /// When the INIT or COOKIE ECHO was sent, unless it was sent again: what the answer to it says
    /// about the round-trip time is good then (Karn).
    sent: Option<Time>,
    /// How much longer the next cookie should live.
    preservative: Option<Duration>,
}

pub(crate) struct Association<B: Payload> {
    config: KBox<Config>,
    state: State,

    // Who is who.
    local_port: u16,
    peer_port: u16,
    local_tag: u32,
    /// 0 as long as it is not known.
    peer_tag: u32,
    tie_tags: TieTags,
    /// The first TSN that was given out or will be.
    local_initial_tsn: Tsn,
    /// Partial reliability was negotiated (RFC 3758).
    is_forward_tsn_supported: bool,
    /// What the peer's user is, if it says so (RFC 5061, 4.2.6).
    peer_adaptation_code_point: Option<u32>,

    setup: Option<KBox<Setup>>,
    /// The user wants to shut down as soon as the association is up and its messages are out.
    shutdown_when_up: bool,

    // Paths.
    /// Ours, as far as the peer may know of them: no packet leaves from another one, and none is
    /// taken that came to another one.
    locals: AddressList,
    /// At least one, at most `MAX_PATHS`.
    paths: KVec<Path>,
    primary: PathId,
    /// Where new DATA, a control chunk and a SACK last went.
    data_to: PathId,
    control_to: PathId,
    sack_to: Option<PathId>,
    /// Consecutive timeouts without a sign of life on any path (8.1).
    errors: u32,
    /// The highest RTO that a user has not asked for yet, and whose it was.
    highest_rto: Duration,
    highest_rto_of: PathId,
    /// When an unconfirmed path may be probed next (HB.Max.Burst of 1, 5.4).
    next_confirmation: Option<Time>,

    // Receiving.
    rx: Receiver<B>,
    /// Where DATA last came from.
    data_from: PathId,

    // Sending.
    out_streams: u16,
    queue: SendQueue<B>,
    outstanding: Outstanding<B>,
    /// The window in the peer's last SACK.
    peer_a_rwnd: u32,
    /// A chunk that was sent although it did not fit that window (6.1, A), alone in flight.
    window_probe: Option<Tsn>,
    /// The window has been closed for an RTO: a chunk may be sent into it.
    window_probe_due: bool,
    /// Bytes of new DATA that were sent since the last input or command, and how many more than
    /// Max.Burst packets it allows, because it has acknowledged so many.
    burst: u32,
    burst_credit: u32,
    /// The last TSN of the last packet that was not filled, and how many such packets more are to
    /// ask for a SACK at once (see `transmit.rs`).
    last_short: Option<Tsn>,
    nagle_waits: u8,
    /// Messages that had to wait have filled a packet, and none has waited for too long since.
    fills_packets: bool,
    /// The user will send more at once, so that packets are to be filled.
    more_follows: bool,
    /// What was given up, and what the peer and the user are to be told of it.
    forward: Forward,
    abandoned: AbandonedCounts,
    failures: Failures<B>,
    /// The user knows that nothing is left to be sent or acknowledged, or has given nothing yet.
    is_dry: bool,
    /// The user wants to know.
    tells_dry: bool,

    /// When user data was last sent or received.
    last_user_data: Time,

    // Outputs.
    pending: Pending,
    abort: Abort,
    reply: Option<KBox<Reply<B>>>,
    notices: Notices,
    /// Errors that the peer reported, for the user. At most `MAX_REMOTE_ERRORS`, see `fault.rs`.
    remote_errors: Option<KBox<KVec<RemoteError>>>,
    timers: Timers,
}

#[allow(dead_code)]
impl<B: Payload> Association<B> {
    // Getters.

    pub(crate) fn state(&self) -> State {
        self.state
    }

    pub(crate) fn local_tag(&self) -> u32 {
        self.local_tag
    }

    pub(crate) fn peer_tag(&self) -> u32 {
        self.peer_tag
    }

    pub(crate) fn local_port(&self) -> u16 {
        self.local_port
    }

    pub(crate) fn peer_port(&self) -> u16 {
        self.peer_port
    }

    pub(crate) fn out_streams(&self) -> u16 {
        self.out_streams
    }

    pub(crate) fn in_streams(&self) -> u16 {
        self.rx.in_streams()
    }

    /// Whether both sides want partial reliability.
    pub(crate) fn is_forward_tsn_supported(&self) -> bool {
        self.is_forward_tsn_supported
    }

    /// What the peer says that its user is (Adaptation Layer Indication).
    pub(crate) fn peer_adaptation_code_point(&self) -> Option<u32> {
        self.peer_adaptation_code_point
    }

    pub(crate) fn paths(&self) -> &[Path] {
        &self.paths
    }

    pub(crate) fn primary(&self) -> PathId {
        self.primary
    }

    pub(crate) fn locals(&self) -> &AddressList {
        &self.locals
    }

    pub(crate) fn has_address(&self, address: &Address) -> bool {
        self.find_path(address).is_some()
    }

    /// The error causes of the ABORT by which the peer ended the association, as they were in the
    /// packet.
    pub(crate) fn peer_abort(&self) -> &[u8] {
        match &self.abort {
            Abort::Received(causes) => causes,
            Abort::None | Abort::ToSend(_) => &[],
        }
    }

    /// What the peer's window is believed to be (6.2.1).
    pub(crate) fn peer_rwnd(&self) -> u32 {
        let in_flight = u32::try_from(self.outstanding.flight_payload()).unwrap_or(u32::MAX);
        self.peer_a_rwnd.saturating_sub(in_flight)
    }

    /// DATA chunks that were sent and not acknowledged.
    pub(crate) fn unacked_chunks(&self) -> usize {
        self.outstanding.len()
    }

    /// DATA chunks that were not sent yet, as far as it is known what messages are cut into.
    /// O(send queue): for who watches the system.
    pub(crate) fn unsent_chunks(&self) -> usize {
        self.queue.chunks(self.frag_point())
    }

    /// Consecutive timeouts without a sign of life: what counts against Association.Max.Retrans.
    pub(crate) fn errors(&self) -> u32 {
        self.errors
    }

    /// Whether nothing is left to be sent or acknowledged.
    pub(crate) fn has_sent_all(&self) -> bool {
        self.queue.is_empty() && self.outstanding.is_empty()
    }

    /// Payload bytes that wait to be sent for the first time.
    pub(crate) fn unsent_bytes(&self) -> usize {
        self.queue.bytes()
    }

    /// Payload bytes that the peer has not acknowledged, sent or not.
    pub(crate) fn unacked_bytes(&self) -> usize {
        let sent = self.outstanding.unacked_payload();
        self.queue.bytes().saturating_add(sent)
    }

    /// TSNs that were received and not delivered.
    pub(crate) fn pending_chunks(&self) -> usize {
        self.rx.pending_chunks()
    }

    /// Largest payload of a DATA chunk that a message is cut into. The smallest path decides, so
    /// that a chunk fits whatever path it is sent again on (6.9).
    pub(crate) fn frag_point(&self) -> usize {
        let usable = self.paths.iter().filter(|p| p.is_active());
        let mtu = usable.map(Path::mtu).min();
        self.max_fragment(mtu.unwrap_or_else(|| self.mtu(self.primary)))
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// For options that take effect with the next thing they are about.
    pub(crate) fn config_mut(&mut self) -> &mut Config {
        &mut self.config
    }

    pub(crate) fn set_nodelay(&mut self, nodelay: bool) {
        self.config.nodelay = nodelay;
    }

    /// SO_RCVBUF, and how far the buffer may grow from there by itself.
    pub(crate) fn set_rcvbuf(&mut self, rcvbuf: u32, max: u32) {
        self.config.rcvbuf = rcvbuf;
        self.config.rcvbuf_max = max;
        self.rx.buffer.resize(rcvbuf, max);
    }

    /// Memory that is held of what was received.
    pub(crate) fn held_memory(&self) -> usize {
        self.rx.buffer.held_truesize()
    }

    /// Whether less memory was granted than the receive buffer's size.
    pub(crate) fn is_short_of_memory(&self) -> bool {
        self.rx.buffer.is_short()
    }

    /// How much memory there is for what is held, whatever the receive buffer's size.
    pub(crate) fn grant_memory(&mut self, bytes: usize) {
        self.rx.buffer.grant(bytes);
    }

    /// Whether less waits to be sent than a few times what is under way. In slow start SACKs for a
    /// window let two of them go, often before the user gets the processor to give more: a send
    /// buffer that is full and does not hold that much is too small.
    pub(crate) fn has_little_to_send(&self) -> bool {
        self.state == State::Established
            && self.queue.bytes() / 4 <= self.outstanding.flight_payload()
            && self.peer_rwnd() > 0
    }

    /// Whether there has been no user data for a while. What packets there are then are few.
    pub(crate) fn is_idle(&self, now: Time) -> bool {
        now.since(self.last_user_data) > IDLE
    }

    /// Whether it is over: nothing more will be sent, no timer runs. Events may be left.
    pub(crate) fn is_closed(&self) -> bool {
        self.state == State::Closed
            && !matches!(self.abort, Abort::ToSend(_))
            && !self.pending.shutdown_complete
            && self.reply.is_none()
    }

    // Outputs; `poll_transmit` is in `transmit.rs`.

    /// Whether there may be something to tell the user. To be asked before making room for it.
    pub(crate) fn may_have_event(&self) -> bool {
        self.rx.may_have_event()
            || self.notices.any()
            || self.remote_errors.is_some()
            || !self.failures.is_empty()
            || self.is_newly_dry()
    }

    /// Whether nothing is left to send, and the user was not told.
    fn is_newly_dry(&self) -> bool {
        self.tells_dry && self.state == State::Established && !self.is_dry && self.has_sent_all()
    }

    /// Whether the user is to be told when nothing is left to send. What is so already it is told by
    /// somebody else.
    pub(crate) fn set_tells_dry(&mut self, tells: bool) {
        self.tells_dry = tells;
        self.is_dry |= self.has_sent_all();
    }

    /// The next thing to tell the user.
    pub(crate) fn poll_event(&mut self) -> Option<Event<B>> {
        // So that a source of events that is missing there is not told here either, and tests fail.
        if cfg!(not(MODULE)) && !self.may_have_event() {
            return None;
        }
        // Before a restart: it belongs to what was.
        if let Some(abandoned) = self.rx.take_abandoned() {
            return Some(Event::PartialDeliveryAborted(abandoned));
        }
        if !self.failures.is_empty() {
            let size = self.frag_point();
            if let Some(failed) = self.failures.take(size) {
                return Some(Event::SendFailed(failed));
            }
        }
        if core::mem::take(&mut self.notices.restarted) {
            return Some(Event::Restarted);
        }
        if core::mem::take(&mut self.notices.up) {
            return Some(Event::Up);
        }
        while let Some((id, change)) = self.notices.paths.pop() {
            if let Some(addr) = self.path(id).map(|p| p.addr) {
                return Some(Event::Path { addr, change });
            }
        }
        if let Some(received) = self.rx.take() {
            return Some(Event::Message(received));
        }
        if let Some(errors) = &mut self.remote_errors {
            let error = errors.remove(0);
            if errors.is_empty() {
                self.remote_errors = None;
            }
            if let Ok(error) = error {
                return Some(Event::RemoteError(error));
            }
        }
        if self.is_newly_dry() {
            self.is_dry = true;
            return Some(Event::SenderDry);
        }
        if core::mem::take(&mut self.notices.peer_shutdown) {
            return Some(Event::PeerShutdown);
        }
        if self.notices.closed.is_some() {
            // What has come of the message was delivered just now; others may wait behind it.
            self.rx.end();
            if let Some(abandoned) = self.rx.take_abandoned() {
                return Some(Event::PartialDeliveryAborted(abandoned));
            }
        }
        if let Some(why) = self.notices.closed.take() {
            return Some(Event::Closed(why));
        }
        let size = self.frag_point();
        self.failures.take_ended(size).map(Event::SendFailed)
    }

    /// Whether there may be a message for the user.
    pub(crate) fn may_have_message(&self) -> bool {
        self.rx.may_have_event()
    }

    /// The next message, right after one: all that comes before messages was told before that.
    pub(crate) fn next_message(&mut self) -> Option<Received<B>> {
        self.rx.take()
    }

    /// When to call `handle_timeout`.
    pub(crate) fn poll_timeout(&self) -> Option<Time> {
        let paths = self.paths.iter().map(Path::next_timeout);
        let first = paths.fold(self.timers.next(), Time::min);
        (first != Time::NEVER).then_some(first)
    }

    // Inputs; `handle_timeout` is in `timers.rs`.

    /// What IP has as the MTU of the route to a path has changed, IP header excluded.
    pub(crate) fn handle_mtu(&mut self, cx: &mut Cx<'_>, path: PathId, mtu: usize) {
        if self.state == State::Closed {
            return;
        }
        let algorithm = self.config.congestion_control;
        if let Some(path) = self.path_mut(path) {
            path.on_route(cx.now, mtu, algorithm);
        }
    }

    /// Packets to a path take another route from now on, or are treated in another way, as after a
    /// change of their DSCP or of the address they leave from (7.2.5).
    pub(crate) fn handle_route_change(&mut self, id: PathId) {
        if let Some(path) = self.paths.get_mut(id.index()) {
            path.forget_network(&self.config);
        }
    }

    /// Each input and each command may be followed by a burst of packets (6.1, D).
    fn begin_input(&mut self) {
        self.burst = 0;
        self.burst_credit = 0;
    }

    // Paths.

    fn find_path(&self, address: &Address) -> Option<PathId> {
        let index = self.paths.iter().position(|p| p.addr == *address)?;
        u8::try_from(index).ok().map(PathId)
    }

    fn path(&self, id: PathId) -> Option<&Path> {
        self.paths.get(id.index())
    }

    fn path_mut(&mut self, id: PathId) -> Option<&mut Path> {
        self.paths.get_mut(id.index())
    }

    /// Makes room for those addresses of the peer that are not known yet: most have one, and eight
    /// paths are several kilobytes.
    fn reserve_paths(&mut self, cx: &Cx<'_>, peers: &Addresses) -> Result<(), AllocError> {
        let new = peers.as_slice().iter().filter(|a| !self.has_address(a));
        let more = MAX_PATHS.saturating_sub(self.paths.len());
        let more = new.count().min(more);
        self.paths.reserve(more, cx.gfp)?;
        let all = self.paths.len().saturating_add(more);
        self.outstanding.reserve_paths(all, cx.gfp)
    }

    /// Adds those addresses of the peer that are not known yet. There has to be room.
    fn add_paths(&mut self, cx: &Cx<'_>, peers: &Addresses, state: PathState) {
        let mtu = self.mtu(self.primary);
        for address in peers.as_slice() {
            if self.has_address(address) || self.paths.len() >= MAX_PATHS {
                continue;
            }
            let mut path = Path::new(&self.config, *address, None, state, mtu);
            path.pmtu.set_guess();
            // Does not fail: there is room.
            let _ = self.paths.push(path, cx.gfp);
        }
    }
}
