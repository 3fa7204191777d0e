// SPDX-License-Identifier: GPL-2.0

//! DATA into packets: RFC 9260, 6.1, 6.3.3, 6.9, 7.2.4.
//!
//! New DATA may be held back although the windows would take it:
//!
//! - Nagle's algorithm as Minshall has it: a packet that could be filled better waits only as long
//!   as another such packet is unacknowledged, and about a round trip at most. Many small messages
//!   are sent one packet's worth at a time, and no message waits because of a large one.
//! - If the user says that more follows, all but full packets wait until it has come.
//! - Max.Burst: after each input or command, so many packets. A burst ends with something in flight,
//!   so that it is a SACK that starts the next one. Where RFC 9260 need not be followed to the
//!   letter, that one may be as long as what the SACK acknowledges, and Max.Burst packets more: so
//!   the flight never shrinks because SACKs get lost or are few, and doubles until cwnd is used.
//!
//! The I bit asks for a SACK at once where this side will have to wait for it: when a window or a
//! burst is used up and so little is in flight that the peer would delay its SACK; in a packet that
//! is not filled, if such packets have made others wait for too long lately; with the last DATA
//! before a SHUTDOWN.

use super::{
    data::FULL_PACKET,
    state::{State, Timer},
    transmit::MAX_PACKET,
    Association,
};
use crate::engine::{
    cx::{Cx, Payload},
    env::AllocError,
    path::{Path, PathId, RttProbe},
    serial::Tsn,
    stats::Counter,
    time::Duration,
    tx::{send_queue::Fragment, Message, Policy},
    wire::{
        builder::{BuildError, PacketBuilder},
        data::DataHeader,
        packet::Header,
        tlv::padded,
    },
};

/// So many packets ask for a SACK at once after one has made others wait for too long.
const NAGLE_MEMORY: u8 = 16;

/// What Nagle's algorithm holds back waits for a round trip, which is when a SACK that is not
/// delayed comes, within these limits. Who goes on writing fills packets in less.
const SHORTEST_HOLD: Duration = Duration::from_millis(1);
const LONGEST_HOLD: Duration = Duration::from_millis(40);

/// No more TSNs than a SACK can report on. What is given up makes room for more before the peer has
/// heard of it.
const MAX_OUTSTANDING: usize = 0xffff;

/// Largest payload of a DATA chunk that has a packet of `mtu` bytes for itself. A multiple of 4,
/// so that only last fragments need padding.
pub(super) fn max_payload(mtu: usize) -> usize {
    mtu.min(MAX_PACKET)
        .saturating_sub(Header::LEN + DataHeader::LEN)
        & !3
}

/// Whether new DATA may be added to a packet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Decision {
    Send {
        len: usize,
    },
    /// Not into this packet, or not now.
    Stop,
    /// Not before a SACK comes or some time has passed, though it would fit: Nagle.
    Hold,
    /// Not before the user has sent more, though it would fit.
    Collect,
}

/// DATA that is to be sent now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Due {
    pub(super) path: PathId,
    /// If it is new, so many bytes are the first piece of it.
    pub(super) new: Option<usize>,
}

impl<B: Payload> Association<B> {
    /// What DATA is to be sent now; `None` if none may be.
    pub(super) fn data_due(&mut self, cx: &mut Cx<'_>) -> Option<Due> {
        if !self.state.may_send_data() {
            return None;
        }
        let first = self.outstanding.cumulative_tsn_ack().next();
        if let Some(tsn) = self.outstanding.next_lost(first) {
            if let Some(path) = self.place_of_lost(tsn) {
                if self.may_retransmit(path, tsn) {
                    return Some(Due { path, new: None });
                }
            }
        }
        if self.queue.is_empty() {
            return None;
        }
        let path = self.next_path();
        if let Some(path) = self.path_mut(path) {
            path.before_data(cx.now);
        }
        let room = max_payload(self.mtu(path));
        match self.decide_new(path, room, 0, false) {
            Decision::Send { len } => Some(Due {
                path,
                new: Some(len),
            }),
            Decision::Hold => {
                self.await_more(cx, path);
                None
            }
            Decision::Collect => None,
            Decision::Stop => {
                self.await_window(cx);
                None
            }
        }
    }

    /// Where the first message of the queue is to go: to the address that the user has chosen for it,
    /// as long as that works.
    fn next_path(&self) -> PathId {
        let chosen = self.queue.front().and_then(|message| message.to);
        let chosen = chosen.and_then(|to| self.find_path(&to));
        chosen
            .filter(|id| self.path(*id).is_some_and(Path::is_active))
            .unwrap_or_else(|| self.active_path())
    }

    /// Nagle's algorithm holds back what is left, but not until the peer's delayed SACK.
    fn await_more(&mut self, cx: &Cx<'_>, id: PathId) {
        if self.timers.get(Timer::Nagle).is_none() {
            let rtt = self.measured_rtt(id).unwrap_or(LONGEST_HOLD);
            let hold = rtt.clamp(SHORTEST_HOLD, LONGEST_HOLD);
            self.timers.set(Timer::Nagle, cx.now.plus(hold));
        }
    }

    /// Whether Nagle's algorithm has held back what waits, and plainly does so still.
    pub(super) fn is_held(&self) -> bool {
        self.timers.get(Timer::Nagle).is_some()
            && !self.more_follows
            && self.queue.front().is_some_and(|front| self.is_plain(front))
            && self.nagle_holds(self.mtu(self.active_path()), 0)
    }

    /// Whether a message goes where others go, whenever that is.
    fn is_plain(&self, message: &Message<B>) -> bool {
        message.to.is_none()
            && message.policy == Policy::Reliable
            && message.stream < self.out_streams
    }

    /// Nothing came for too long that would have let it go: it leaves as it is, and those that
    /// follow are not to wait like that. Unless the user goes on writing, and just was not given
    /// the processor: to ask for a SACK with each message would cost more than it helps.
    pub(super) fn on_held_for_long(&mut self) {
        self.last_short = None;
        if !core::mem::take(&mut self.fills_packets) {
            self.nagle_waits = NAGLE_MEMORY;
        }
    }

    /// The peer says how much it takes.
    pub(super) fn set_peer_a_rwnd(&mut self, a_rwnd: u32) {
        self.peer_a_rwnd = a_rwnd;
        if a_rwnd > 0 {
            self.window_probe_due = false;
            self.timers.stop(Timer::WindowProbe);
        }
    }

    /// Whether the peer takes nothing at all, and nothing that is outstanding will make it say
    /// something else.
    fn is_window_closed(&self) -> bool {
        self.peer_a_rwnd == 0 && self.outstanding.is_empty()
    }

    /// There is DATA to be sent: sees to it that a window that stays closed is probed, for the
    /// SACK that opens it may get lost (6.1, A).
    fn await_window(&mut self, cx: &Cx<'_>) {
        let waits = self.window_probe_due || self.timers.get(Timer::WindowProbe).is_some();
        if self.is_window_closed() && !waits {
            let at = cx.now.plus(self.control_rto());
            self.timers.set(Timer::WindowProbe, at);
        }
    }

    /// The window was closed for an RTO. T3-rtx will repeat the probe after twice that.
    pub(super) fn on_window_closed(&mut self) {
        // What waited was given up.
        if self.queue.is_empty() {
            return;
        }
        self.window_probe_due = true;
        let path = self.active_path();
        if let Some(path) = self.path_mut(path) {
            path.rto.back_off();
        }
    }

    fn place_of_lost(&self, tsn: Tsn) -> Option<PathId> {
        let chunk = self.outstanding.get(tsn)?;
        Some(self.retransmit_path(chunk.path))
    }

    /// Whether a lost chunk may be sent on `path` now.
    fn may_retransmit(&self, id: PathId, tsn: Tsn) -> bool {
        let (Some(path), Some(chunk)) = (self.path(id), self.outstanding.get(tsn)) else {
            return false;
        };
        // After a timeout one packet, until it is acknowledged (6.3.3, E3). The first one of a
        // fast retransmission regardless of cwnd (7.2.4, step 3).
        let is_due = self.path(chunk.path).is_some_and(|p| p.fast_retransmit);
        let has_window = !path.awaits_retransmission() && (path.has_window() || is_due);
        // The peer has room for what holds up the rest, whatever it says: nothing can be
        // delivered before it.
        let is_first = tsn == self.outstanding.cumulative_tsn_ack().next();
        has_window && (is_first || self.fits_peer(chunk.len()))
    }

    /// Whether the peer's window takes so many bytes; one chunk in flight it always takes, to find
    /// out whether it has opened, but not as soon as it is closed (6.1, A).
    fn fits_peer(&self, len: usize) -> bool {
        let may_probe = self.outstanding.flight_count() == 0
            && (!self.is_window_closed() || self.window_probe_due);
        len <= self.peer_rwnd() as usize || may_probe
    }

    #[cold]
    pub(super) fn put_lost(
        &mut self,
        cx: &mut Cx<'_>,
        out: &mut PacketBuilder<B>,
        path: PathId,
    ) -> Result<(), AllocError> {
        let mut from = self.outstanding.cumulative_tsn_ack().next();
        let mut lost_on = None;
        let mut result = Ok(());
        while let Some(tsn) = self.outstanding.next_lost(from) {
            match self.abandon_lost(cx, tsn) {
                Ok(true) => continue,
                Ok(false) => {}
                Err(AllocError) => {
                    result = Err(AllocError);
                    break;
                }
            }
            let was_on = self.outstanding.get(tsn).map(|chunk| chunk.path);
            if self.place_of_lost(tsn) != Some(path) || !self.may_retransmit(path, tsn) {
                break;
            }
            match self.put_lost_chunk(cx, out, path, tsn) {
                Ok(()) => lost_on = was_on,
                Err(BuildError::NoRoom) => break,
                Err(BuildError::NoMemory) => {
                    result = Err(AllocError);
                    break;
                }
            }
            from = tsn.next();
        }
        if let Some(lost_on) = lost_on {
            if let Some(path) = self.path_mut(lost_on) {
                path.fast_retransmit = false;
            }
            if let Some(path) = self.path_mut(path) {
                path.timeout_spent = path.after_timeout;
                path.pmtu.on_sent(out.len(), None);
            }
            self.set_tail_probe(cx, path);
        }
        result
    }

    fn put_lost_chunk(
        &mut self,
        cx: &mut Cx<'_>,
        out: &mut PacketBuilder<B>,
        id: PathId,
        tsn: Tsn,
    ) -> Result<(), BuildError> {
        let Some(chunk) = self.outstanding.get(tsn) else {
            return Err(BuildError::NoRoom);
        };
        let size = chunk.wire_size();
        let len = chunk.len();
        if size > out.room() && out.is_empty() {
            // The path MTU has become less since it was cut: IP has to fragment it.
            let mtu = size.saturating_add(Header::LEN);
            self.start(cx, out, self.peer_tag, mtu)?;
        }
        let mut header = chunk.header;
        let is_probe = |p: &Path| p.tail_probe == Some(tsn);
        header.immediate |= self.will_wait(id, size) || self.paths.iter().any(is_probe);
        let payload = chunk.payload.as_ref().and_then(|p| p.slice(0..len));
        let payload = payload.ok_or(BuildError::NoMemory)?;
        out.data(cx.gfp, &header, payload)?;
        self.window_probe = (len > self.peer_rwnd() as usize).then_some(tsn);
        self.outstanding.retransmitted(tsn, id, cx.now);
        self.sent_data(cx, id, size);
        cx.stats.count(Counter::T3Retransmits);
        Ok(())
    }

    /// Whether the next piece of new DATA may go into a packet that has `room` bytes of payload
    /// left and `used` bytes in it. `has_data` is whether there is DATA in it already.
    fn decide_new(&self, id: PathId, room: usize, used: usize, has_data: bool) -> Decision {
        let (Some(path), Some(remaining)) = (self.path(id), self.queue.front_remaining()) else {
            return Decision::Stop;
        };
        let is_open = path.has_window() && !path.awaits_retransmission();
        if !is_open || !path.is_active() && !self.is_last_resort(id) {
            return Decision::Stop;
        }
        if self.outstanding.len() >= MAX_OUTSTANDING {
            return Decision::Stop;
        }
        if !has_data && self.ends_burst(path, 0) {
            return Decision::Stop;
        }
        // If no path is active, this one may be narrower than those that the usual size is for.
        let full = self.frag_point().min(self.max_fragment(path.mtu()));
        let len = if remaining <= full {
            remaining
        } else {
            // It has to be cut in any case: fill up what is worth it.
            let cut = room.min(full) & !3;
            if cut < full / 4 {
                return Decision::Stop;
            }
            cut
        };
        if len > room || !self.fits_peer(len) {
            return Decision::Stop;
        }
        if !has_data {
            if self.more_follows && self.is_short(path.mtu(), used) {
                return Decision::Collect;
            }
            if self.nagle_holds(path.mtu(), used) {
                return Decision::Hold;
            }
        }
        Decision::Send { len }
    }

    /// Whether after `size` bytes more no further packet may leave, for Max.Burst (6.1, D).
    fn ends_burst(&self, path: &Path, size: usize) -> bool {
        let most = (self.config.max_burst as usize)
            .saturating_mul(path.chunk_room())
            .saturating_add(self.burst_credit as usize);
        self.config.max_burst > 0 && (self.burst as usize).saturating_add(size) >= most
    }

    /// Whether nothing better than a path that does not work is left.
    fn is_last_resort(&self, id: PathId) -> bool {
        id == self.active_path() && self.path(id).is_some_and(|p| p.is_confirmed())
    }

    /// Whether what waits might not fill a packet, and may wait for what will.
    fn is_short(&self, full: usize, used: usize) -> bool {
        let waiting = Header::LEN
            .saturating_add(used)
            .saturating_add(self.queue.wire_bytes());
        self.state == State::Established && !self.queue.has_end_of_begun() && waiting < full
    }

    fn nagle_holds(&self, mtu: usize, used: usize) -> bool {
        let is_awaited = |tsn: Tsn| tsn.is_after(self.outstanding.cumulative_tsn_ack());
        !self.config.nodelay
            && self.last_short.is_some_and(is_awaited)
            && self.is_short(mtu.min(FULL_PACKET), used)
    }

    /// Puts new DATA into a packet. `due` is what was found to be due.
    pub(super) fn put_new(
        &mut self,
        cx: &mut Cx<'_>,
        out: &mut PacketBuilder<B>,
        path: PathId,
        due: Option<Due>,
    ) -> Result<(), AllocError> {
        // What is lost goes first; if it had to stay out, so has everything else.
        let first = self.outstanding.cumulative_tsn_ack().next();
        if self.outstanding.next_lost(first).is_some() {
            return Ok(());
        }
        let mut last = None;
        // It need not be found again, unless something was lost, which changes windows.
        let active = self.active_path();
        let mut decided = due.and_then(|due| due.new).filter(|_| !out.has_data());
        let result = loop {
            let room = out.room().saturating_sub(DataHeader::LEN);
            let len = match decided.take().filter(|len| *len <= room) {
                Some(len) => len,
                None => {
                    let Some(front) = self.queue.front() else {
                        // Nothing waits, or only a message whose next part is still to come.
                        break Ok(());
                    };
                    let next_path = if self.is_plain(front) {
                        active
                    } else {
                        if self.abandon_queued(cx).is_err() {
                            break Err(AllocError);
                        }
                        self.next_path()
                    };
                    if path != next_path {
                        break Ok(());
                    }
                    let used = out.len().saturating_sub(Header::LEN);
                    match self.decide_new(path, room, used, out.has_data()) {
                        Decision::Send { len } => len,
                        Decision::Stop | Decision::Hold | Decision::Collect => break Ok(()),
                    }
                }
            };
            match self.put_new_chunk(cx, out, path, len) {
                Ok(tsn) => last = Some(tsn),
                Err(BuildError::NoRoom) => break Ok(()),
                Err(BuildError::NoMemory) => break Err(AllocError),
            }
        };
        if let Some(tsn) = last {
            let had_to_wait = self.timers.get(Timer::Nagle).is_some();
            self.timers.stop(Timer::Nagle);
            if path == active {
                self.data_to = path;
            }
            self.rx.sack.data_sent(cx.now, self.config.sack_delay);
            if let Some(path) = self.path_mut(path) {
                path.pmtu.on_sent(out.len(), Some(tsn));
            }
            self.set_tail_probe(cx, path);
            let full = self.mtu(path).min(FULL_PACKET);
            if out.len() < full && self.queue.is_empty() {
                self.last_short = Some(tsn);
                self.nagle_waits = self.nagle_waits.saturating_sub(1);
            } else if had_to_wait {
                self.fills_packets = true;
            }
        }
        result
    }

    fn put_new_chunk(
        &mut self,
        cx: &mut Cx<'_>,
        out: &mut PacketBuilder<B>,
        id: PathId,
        len: usize,
    ) -> Result<Tsn, BuildError> {
        let tsn = self.outstanding.next_tsn();
        self.outstanding.reserve(self.paths.len(), cx.gfp)?;
        let Some(fragment) = self.queue.peek(len) else {
            return Err(BuildError::NoRoom);
        };
        let size = padded(DataHeader::LEN.saturating_add(len));
        let header = DataHeader {
            tsn,
            stream: fragment.stream,
            ssn: fragment.ssn,
            ppid: fragment.ppid,
            unordered: fragment.unordered,
            begin: fragment.begin,
            end: fragment.end,
            immediate: fragment.immediate || self.wants_sack(&fragment, id, size, out.len()),
        };
        let kept = self.queue.payload(&fragment);
        let sent = kept.as_ref().and_then(|kept| kept.slice(0..len));
        let (Some(sent), Some(kept)) = (sent, kept) else {
            return Err(BuildError::NoMemory);
        };
        out.data(cx.gfp, &header, sent)?;
        self.window_probe = (len > self.peer_rwnd() as usize).then_some(tsn);
        self.window_probe_due = false;
        let message = self.queue.front();
        let (policy, context) = message.map_or_else(Default::default, |m| (m.policy, m.context));
        self.queue.take(&fragment);
        self.outstanding.sent(header, kept, id, cx.now);
        self.outstanding.mark(tsn, policy, context);
        self.sent_data(cx, id, size);
        self.burst = self.burst.saturating_add(size as u32);
        if let Some(path) = self.path_mut(id) {
            if path.rtt_probe.is_none() {
                path.rtt_probe = Some(RttProbe { tsn, sent: cx.now });
            }
            path.last_use = Some(cx.now);
        }
        cx.stats.count(if fragment.unordered {
            Counter::OutUnorderChunks
        } else {
            Counter::OutOrderChunks
        });
        if fragment.begin && !fragment.end {
            cx.stats.count(Counter::FragUsrMsgs);
        }
        Ok(tsn)
    }

    /// DATA of that size was put into a packet for a path.
    fn sent_data(&mut self, cx: &Cx<'_>, id: PathId, size: usize) {
        self.last_user_data = cx.now;
        if let Some(path) = self.path_mut(id) {
            path.flight = path.flight.saturating_add(size);
            path.last_data = Some(cx.now);
            if path.t3_rtx.is_none() {
                path.start_t3(cx.now);
            }
        }
    }

    /// Whether a new chunk should ask for a SACK at once. `used` is how long the packet is.
    fn wants_sack(&self, fragment: &Fragment, id: PathId, size: usize, used: usize) -> bool {
        let is_rest = self.queue.front_remaining() == Some(fragment.range.len());
        let is_last = is_rest && self.queue.len() == 1;
        if is_last {
            let is_short = used.saturating_add(size) < self.mtu(id).min(FULL_PACKET);
            let nagle = !self.config.nodelay && self.nagle_waits > 0;
            return self.state.is_ending() || (is_short && nagle);
        }
        self.will_wait(id, size)
    }

    /// Whether, after `size` bytes more, a window is used up, and so little is in flight that the
    /// peer may wait for more before it acknowledges anything.
    fn will_wait(&self, id: PathId, size: usize) -> bool {
        let Some(path) = self.path(id) else {
            return false;
        };
        let flight = path.flight.saturating_add(size);
        if flight > path.mtu().saturating_mul(2) {
            return false;
        }
        let left = (self.peer_rwnd() as usize).saturating_sub(size);
        let next = self.queue.front_remaining().unwrap_or(0);
        flight >= path.cc.cwnd()
            || left < next.min(self.max_fragment(path.mtu()))
            || self.ends_burst(path, size)
    }
}
