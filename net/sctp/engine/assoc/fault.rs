// SPDX-License-Identifier: GPL-2.0

//! Faults, and how they are looked for: RFC 9260, 8, and the reports of 3.2 and 3.3.10.

use super::{
    dispatch::{Incoming, Next},
    paths::path_ids,
    state::State,
    Association, Reply,
};
use crate::engine::{
    cx::{Cx, Payload},
    env::{AllocError, Flags, KBox, KVec},
    event::RemoteError,
    path::{Heartbeat, Path, PathId, PathState, Probe, Way},
    stats::{Counter, Reason},
    time::Time,
    wire::{
        builder::{BuildError, PacketBuilder},
        cause::NewCause,
        chunk::Chunk,
        control,
        read::{self, Reader},
    },
};

/// What a HEARTBEAT carries: the path and its nonce.
const INFO_LEN: usize = 12;

/// Reported errors that may wait for the user. They are fetched after each packet, and who sends
/// more than that in one has something else in mind.
const MAX_REMOTE_ERRORS: usize = 8;

/// The least that an answer may take, so that one fits however small the question was.
const MIN_REPLY: usize = 64;

impl<B: Payload> Association<B> {
    /// The association is up: from now on each path is looked after (8.3), and those that are not
    /// confirmed are tried at once (5.4).
    pub(super) fn start_heartbeats(&mut self, cx: &mut Cx<'_>) {
        for id in path_ids(self.paths.len()) {
            if let Some(path) = self.path_mut(id) {
                path.last_use = Some(cx.now);
            }
            self.plan_heartbeat(cx, id);
        }
    }

    pub(super) fn stop_heartbeats(&mut self) {
        for path in &mut self.paths {
            path.heartbeat = None;
            path.heartbeat_due = false;
            path.probe = None;
            path.pmtu.stop();
        }
    }

    /// Handles the heartbeat timers that have expired.
    pub(super) fn check_heartbeats(&mut self, cx: &mut Cx<'_>) {
        for id in path_ids(self.paths.len()) {
            let is_due = |at: Time| at <= cx.now;
            if self.path(id).and_then(|p| p.heartbeat).is_some_and(is_due) {
                self.on_heartbeat_timer(cx, id);
            }
            if self.state == State::Closed {
                return;
            }
        }
    }

    fn on_heartbeat_timer(&mut self, cx: &mut Cx<'_>, id: PathId) {
        let Some(path) = self.path_mut(id) else {
            return;
        };
        // No answer came. If DATA is in flight here, T3-rtx finds out the same.
        if path.probe.take().is_some() && path.flight == 0 {
            path.rto.back_off();
            self.strike_heartbeat(cx, id);
            if self.state == State::Closed {
                return;
            }
        }
        self.plan_heartbeat(cx, id);
        self.shrink();
    }

    /// Something has been idle for a heartbeat's interval. What is kept in order not to allocate
    /// for each message is kilobytes, and there may be thousands of associations that rest.
    fn shrink(&mut self) {
        self.queue.shrink();
        self.outstanding.shrink();
        self.rx.shrink();
        if self.has_sent_all() {
            self.failures.shrink();
        }
    }

    /// Sends a HEARTBEAT on a path, or sets the time at which to think about it again.
    pub(super) fn plan_heartbeat(&mut self, cx: &mut Cx<'_>, id: PathId) {
        let is_awaited = !self.outstanding.is_empty() && id == self.active_path();
        let may_confirm = self.next_confirmation.filter(|at| *at > cx.now);
        let is_first = self.is_next_to_confirm(id);
        let Some(path) = self.paths.get_mut(id.index()) else {
            return;
        };
        if path.probe.is_some() {
            return;
        }
        let is_driven = path.flight > 0 || is_awaited;
        match path.next_heartbeat(cx.now, is_driven, cx.rng.next_u32()) {
            Heartbeat::Now if path.state == PathState::Unconfirmed => {
                // One per RTO, over all paths (HB.Max.Burst).
                if may_confirm.is_some() {
                    path.heartbeat = may_confirm;
                    return;
                }
                if !is_first {
                    path.heartbeat = Some(cx.now.plus(path.rto.get()));
                    return;
                }
                self.next_confirmation = Some(cx.now.plus(path.rto.get()));
            }
            Heartbeat::Now => {}
            Heartbeat::At(at) => {
                path.heartbeat = Some(at);
                return;
            }
            Heartbeat::Never => {
                path.heartbeat = None;
                return;
            }
        }
        path.heartbeat_due = true;
        // For the case that it cannot be built; set anew when it is sent.
        path.heartbeat = Some(cx.now.plus(path.rto.get()));
    }

    /// Whether no other path waits to be confirmed that has been tried less often: else those that
    /// do not answer would be in the way of those that might.
    fn is_next_to_confirm(&self, id: PathId) -> bool {
        let tried = self.path(id).map_or(0, |path| path.errors);
        self.paths
            .iter()
            .filter(|path| path.state == PathState::Unconfirmed && path.probe.is_none())
            .all(|path| path.errors >= tried)
    }

    /// A HEARTBEAT is about to be sent on a path: what it has to carry.
    pub(super) fn new_probe(&mut self, cx: &mut Cx<'_>, id: PathId) -> Option<[u8; INFO_LEN]> {
        let probe = Probe::new(cx);
        let path = self.path_mut(id)?;
        if path.probe.is_none() {
            // One more that the user asks for does not give the first one more time.
            path.heartbeat = Some(cx.now.plus(path.rto.get()));
        }
        path.probe = Some(probe);
        path.heartbeat_due = false;
        path.last_use = Some(cx.now);
        heartbeat_info(id, &probe)
    }

    /// Where the MTU is to be probed now, and with how large a packet.
    pub(super) fn mtu_probe_due(&self) -> Option<(PathId, usize)> {
        if self.state != State::Established {
            return None;
        }
        let mut paths = path_ids(self.paths.len()).zip(&self.paths);
        paths.find_map(|(id, path)| {
            let size = path.pmtu.probe_due()?;
            match path.state {
                PathState::Active | PathState::PotentiallyFailed => Some((id, size)),
                PathState::Unconfirmed | PathState::Inactive => None,
            }
        })
    }

    /// As `new_probe()`, for a HEARTBEAT that is about the MTU.
    pub(super) fn new_mtu_probe(&mut self, cx: &mut Cx<'_>, id: PathId) -> Option<[u8; INFO_LEN]> {
        let probe = Probe::new(cx);
        let path = self.path_mut(id)?;
        path.pmtu.probe_sent(probe, path.rto.get());
        heartbeat_info(id, &probe)
    }

    #[cold]
    pub(super) fn on_heartbeat(
        &mut self,
        cx: &mut Cx<'_>,
        chunk: &Chunk<'_>,
        incoming: &Incoming,
    ) -> Result<Next, Reason> {
        let info = control::heartbeat_info(chunk)?;
        self.add_to_reply(cx, incoming, |packet, gfp| packet.heartbeat_ack(gfp, info));
        Ok(Next::Continue)
    }

    #[cold]
    pub(super) fn on_heartbeat_ack(
        &mut self,
        cx: &mut Cx<'_>,
        chunk: &Chunk<'_>,
    ) -> Result<Next, Reason> {
        let info = control::heartbeat_info(chunk)?;
        if info.len() != INFO_LEN {
            return Ok(Next::Continue);
        }
        let mut r = Reader::new(info);
        let (Some(index), Some(nonce)) = (r.u32(), r.u64()) else {
            return Ok(Next::Continue);
        };
        let id = u8::try_from(index).map(PathId);
        let Some((id, path)) = id.ok().and_then(|id| Some((id, self.path_mut(id)?))) else {
            return Ok(Next::Continue);
        };
        // Only the answer to the last one counts: a number that nobody else can know.
        let probe = if let Some(probe) = path.probe.filter(|probe| probe.nonce == nonce) {
            path.probe = None;
            probe
        } else if let Some(probe) = path.pmtu.probe().filter(|probe| probe.nonce == nonce) {
            path.with_pmtu(|pmtu| pmtu.on_answer(cx.now));
            probe
        } else {
            return Ok(Next::Continue);
        };
        path.rto.measured(cx.now.since(probe.sent));
        if path.state == PathState::Unconfirmed {
            self.next_confirmation = None;
        }
        self.prove_by_heartbeat(cx.now, id);
        self.plan_heartbeat(cx, id);
        Ok(Next::Continue)
    }

    /// A chunk of a type that is not known (3.2).
    #[cold]
    pub(super) fn on_unrecognized(
        &mut self,
        cx: &mut Cx<'_>,
        chunk: &Chunk<'_>,
        incoming: &Incoming,
    ) -> Next {
        let what = chunk.kind.on_unrecognized();
        if what.is_report() {
            let cause = NewCause::UnrecognizedChunkType(chunk.raw);
            self.report(cx, incoming, &cause);
        }
        if what.is_stop() {
            Next::Stop
        } else {
            Next::Continue
        }
    }

    /// The peer reports errors. The user is told of them, nothing else follows.
    #[cold]
    pub(super) fn on_error(&mut self, cx: &Cx<'_>, chunk: &Chunk<'_>) -> Next {
        let before = self.remote_errors.take();
        let Ok(mut errors) = before.map_or_else(|| KBox::new(KVec::new(), cx.gfp), Ok) else {
            return Next::Continue;
        };
        for cause in control::causes(chunk).flatten() {
            if errors.len() >= MAX_REMOTE_ERRORS {
                break;
            }
            let mut info = KVec::new();
            if info.extend_from_slice(cause.value, cx.gfp).is_err() {
                info.clear();
            }
            let code = cause.code;
            // Without memory the user is not told.
            let _ = errors.push(RemoteError { code, info }, cx.gfp);
        }
        self.remote_errors = Some(errors).filter(|errors| !errors.is_empty());
        Next::Continue
    }

    /// Tells the peer what is wrong with its packet, in the one packet that answers it, unless that
    /// came from an address that is not confirmed (5.4).
    #[cold]
    pub(super) fn report(&mut self, cx: &mut Cx<'_>, incoming: &Incoming, cause: &NewCause<'_>) {
        if !self.path(incoming.path).is_some_and(Path::is_confirmed) {
            return;
        }
        self.add_to_reply(cx, incoming, |packet, gfp| packet.error(gfp, cause));
    }

    /// Puts a chunk into the packet that answers the one being handled, if there is room and memory.
    /// It goes back where that came from and is hardly longer, so that nobody can be hit with more
    /// than what was spent on it (RFC 5062, 8).
    fn add_to_reply(
        &mut self,
        cx: &mut Cx<'_>,
        incoming: &Incoming,
        put: impl FnOnce(&mut PacketBuilder<B>, Flags) -> Result<(), BuildError>,
    ) {
        if self.reply.is_none() && self.begin_reply(cx, incoming).is_none() {
            return;
        }
        let Some(reply) = &mut self.reply else {
            return;
        };
        match put(&mut reply.packet, cx.gfp) {
            Ok(()) => cx.stats.count(Counter::OutCtrlChunks),
            // A packet without chunks is none.
            Err(BuildError::NoRoom | BuildError::NoMemory) => {
                if reply.packet.is_empty() {
                    self.reply = None;
                }
            }
        }
    }

    /// Begins that packet.
    fn begin_reply(&mut self, cx: &Cx<'_>, incoming: &Incoming) -> Option<()> {
        let mtu = self.path(incoming.path)?.mtu();
        if self.peer_tag == 0 {
            return None;
        }
        let mtu = mtu.min(incoming.len.max(MIN_REPLY));
        let mut packet = PacketBuilder::new();
        self.start(cx, &mut packet, self.peer_tag, mtu)
            .and_then(|()| self.reply(cx, packet, Way::Path(incoming.path)))
            .ok()
    }

    /// A packet that answers the one being handled is to leave before all others.
    pub(super) fn reply(
        &mut self,
        cx: &Cx<'_>,
        packet: PacketBuilder<B>,
        way: Way,
    ) -> Result<(), AllocError> {
        self.reply = Some(KBox::new(Reply { packet, way }, cx.gfp)?);
        Ok(())
    }
}

/// What a HEARTBEAT carries.
fn heartbeat_info(id: PathId, probe: &Probe) -> Option<[u8; INFO_LEN]> {
    let mut info = [0; INFO_LEN];
    let (index, rest) = info.split_first_chunk_mut::<4>()?;
    *index = u32::from(id.0).to_be_bytes();
    read::copy(rest, &probe.nonce.to_be_bytes());
    Some(info)
}
