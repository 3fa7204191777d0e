// SPDX-License-Identifier: GPL-2.0

//! Making packets: RFC 9260, 6.1, 6.3.3, 6.9, 6.10, 7.2.4.
//!
//! A packet is made of what there is to say at the moment it is asked for: control chunks first,
//! then lost DATA, then new DATA. Each chunk is accounted for as soon as it is in the packet; if
//! memory runs out in the middle of one, the packet leaves as it is.
//!
//! How DATA gets into a packet is in [`send`](super::send).

use super::{
    send::Due,
    state::{State, Timer},
    Abort, Association,
};
use crate::engine::{
    addr::Addresses,
    cx::{Cx, Payload},
    env::AllocError,
    path::{Path, PathId, Way},
    rx::sack::Owed,
    scope,
    stats::Counter,
    time::Duration,
    wire::{
        builder::PacketBuilder, cause::NewCause, emit::InitParams, init::InitFixed, packet::Header,
        sack::GapBlock,
    },
};

/// When to try again after memory ran out.
const RETRY_AFTER: Duration = Duration::from_millis(10);

/// The largest SCTP packet there can be: control chunks that exceed the path MTU are left to IP
/// to fragment.
pub(super) const MAX_PACKET: usize = 65_515;

impl<B: Payload> Association<B> {
    /// The next packet to be sent, in `out`, and which way. To be called until it gives `None`.
    /// After `Err`, no memory, it may be called again when `poll_timeout` says so.
    ///
    /// A packet longer than the path's MTU has to be left to IP to fragment.
    pub(crate) fn poll_transmit(
        &mut self,
        cx: &mut Cx<'_>,
        out: &mut PacketBuilder<B>,
    ) -> Result<Option<Way>, AllocError> {
        if let Some(reply) = &mut self.reply {
            core::mem::swap(out, &mut reply.packet);
            let way = reply.way;
            self.reply = None;
            return Ok(Some(way));
        }
        if self.is_quiet() {
            debug_assert!(matches!(self.next_packet(cx, out), Ok(None)));
            out.clear();
            return Ok(None);
        }
        let result = self.next_packet(cx, out);
        match &result {
            Ok(Some(_)) => {}
            Ok(None) => out.clear(),
            Err(AllocError) => {
                out.clear();
                self.timers.set(Timer::Retry, cx.now.plus(RETRY_AFTER));
            }
        }
        Ok(result?.map(Way::Path))
    }

    /// Whether it is plain to see that nothing is to be sent, as it mostly is when this is asked.
    pub(super) fn is_quiet(&self) -> bool {
        let has_probe = |path: &Path| path.heartbeat_due || path.pmtu.probe_due().is_some();
        self.state == State::Established
            && (self.queue.is_empty() || self.is_held())
            && self.outstanding.lost_count() == 0
            && self.rx.sack.owed() != Owed::Now
            && !self.pending.any()
            && !self.forward.due
            && !self.paths.iter().any(has_probe)
    }

    fn next_packet(
        &mut self,
        cx: &mut Cx<'_>,
        out: &mut PacketBuilder<B>,
    ) -> Result<Option<PathId>, AllocError> {
        match self.state {
            State::Closed => self.last_packet(cx, out),
            State::CookieWait => self.init_packet(cx, out),
            State::CookieEchoed
            | State::Established
            | State::ShutdownPending
            | State::ShutdownSent
            | State::ShutdownReceived
            | State::ShutdownAckSent => {
                // Before the COOKIE ACK the peer has no use for them.
                if !self.pending.cookie_ack {
                    if let Some(path) = self.heartbeat_packet(cx, out)? {
                        return Ok(Some(path));
                    }
                }
                if let Some(path) = self.ordinary_packet(cx, out)? {
                    return Ok(Some(path));
                }
                self.probe_packet(cx, out)
            }
        }
    }

    pub(super) fn start(
        &self,
        cx: &Cx<'_>,
        out: &mut PacketBuilder<B>,
        tag: u32,
        mtu: usize,
    ) -> Result<(), AllocError> {
        out.start(self.local_port, self.peer_port, tag, mtu, cx.gfp)
    }

    pub(super) fn mtu(&self, path: PathId) -> usize {
        self.path(path).map_or(0, |p| p.mtu())
    }

    /// The smoothed round-trip time, once there is one.
    pub(super) fn measured_rtt(&self, path: PathId) -> Option<Duration> {
        let srtt = self.path(path)?.rto.srtt();
        (srtt != Duration::ZERO).then_some(srtt)
    }

    /// ABORT and SHUTDOWN COMPLETE, after which there is nothing.
    #[cold]
    fn last_packet(
        &mut self,
        cx: &mut Cx<'_>,
        out: &mut PacketBuilder<B>,
    ) -> Result<Option<PathId>, AllocError> {
        self.timers.stop(Timer::Retry);
        if let Abort::ToSend(cause) = &self.abort {
            let path = self.active_path();
            self.start(cx, out, self.peer_tag, self.mtu(path))?;
            match cause.as_cause() {
                Some(cause) => out.abort(cx.gfp, false, &[cause])?,
                None => out.abort(cx.gfp, false, &[])?,
            }
            self.abort = Abort::None;
            cx.stats.count(Counter::OutCtrlChunks);
            return Ok(Some(path));
        }
        if self.pending.shutdown_complete {
            let path = self.control_to;
            self.start(cx, out, self.peer_tag, self.mtu(path))?;
            out.shutdown_complete(cx.gfp, false)?;
            self.pending.shutdown_complete = false;
            cx.stats.count(Counter::OutCtrlChunks);
            return Ok(Some(path));
        }
        Ok(None)
    }

    #[cold]
    fn init_packet(
        &mut self,
        cx: &mut Cx<'_>,
        out: &mut PacketBuilder<B>,
    ) -> Result<Option<PathId>, AllocError> {
        if !self.pending.init {
            return Ok(None);
        }
        let fixed: InitFixed = self.init_fixed();
        let id = self.control_to;
        let Some(path) = self.path(id) else {
            return Ok(None);
        };
        let from = path.local.unwrap_or(self.locals.first());
        let policy = self.config.scope_policy;
        let locals = self.locals.get();
        let told = policy.told(&locals, &from, &path.addr, None);
        let params = InitParams {
            addresses: told.as_ref().map_or(&[], Addresses::as_slice),
            address_types: Some(scope::types(&locals)),
            preservative: self.init_preservative(),
            forward_tsn_supported: self.config.prsctp_enabled,
            adaptation_code_point: self.config.adaptation_code_point,
        };
        self.start(cx, out, 0, path.mtu())?;
        out.init(cx.gfp, &fixed, &params)?;
        self.pending.init = false;
        self.note_setup_sent(cx);
        cx.stats.count(Counter::OutCtrlChunks);
        Ok(Some(id))
    }

    /// A HEARTBEAT travels alone: it is about its path.
    fn heartbeat_packet(
        &mut self,
        cx: &mut Cx<'_>,
        out: &mut PacketBuilder<B>,
    ) -> Result<Option<PathId>, AllocError> {
        let due = self.paths.iter().position(|p| p.heartbeat_due);
        let Some(path) = due.and_then(|i| u8::try_from(i).ok()).map(PathId) else {
            return Ok(None);
        };
        self.start(cx, out, self.peer_tag, self.mtu(path))?;
        // Room for the builder's bytes was just reserved, so the probe will not be for nothing.
        let Some(info) = self.new_probe(cx, path) else {
            return Ok(None);
        };
        out.heartbeat(cx.gfp, &info)?;
        cx.stats.count(Counter::OutCtrlChunks);
        Ok(Some(path))
    }

    /// A probe of the path MTU (RFC 8899, 6.2.1): a HEARTBEAT with padding, after all that has to
    /// leave now.
    #[cold]
    fn probe_packet(
        &mut self,
        cx: &mut Cx<'_>,
        out: &mut PacketBuilder<B>,
    ) -> Result<Option<PathId>, AllocError> {
        let Some((path, size)) = self.mtu_probe_due() else {
            return Ok(None);
        };
        self.start(cx, out, self.peer_tag, size)?;
        // Room for the builder's bytes was just reserved, so the probe will not be for nothing.
        let Some(info) = self.new_mtu_probe(cx, path) else {
            return Ok(None);
        };
        out.heartbeat(cx.gfp, &info)?;
        out.pad_to(cx.gfp, size)?;
        cx.stats.count(Counter::OutCtrlChunks);
        Ok(Some(path))
    }

    /// Control chunks and DATA.
    fn ordinary_packet(
        &mut self,
        cx: &mut Cx<'_>,
        out: &mut PacketBuilder<B>,
    ) -> Result<Option<PathId>, AllocError> {
        self.abandon_due(cx)?;
        self.advance_shutdown(cx);
        let due = self.data_due(cx);
        let sack = match self.rx.sack.owed() {
            Owed::Now => true,
            Owed::Soon => due.is_some(),
            Owed::Nothing => false,
        };
        let has_control = self.pending.cookie_echo
            || self.pending.cookie_ack
            || self.pending.shutdown
            || self.pending.shutdown_ack;
        let forward = self.forward.due && self.state.may_send_data();
        if due.is_none() && !sack && !has_control && !forward {
            return Ok(None);
        }
        let path = match due {
            Some(due) => due.path,
            None if has_control => self.control_to,
            // It stands for DATA.
            None if forward => self.forward_path(),
            None => self.sack_path(),
        };
        let mtu = self.mtu(path);
        let mtu = if self.pending.cookie_echo {
            let cookie = self.setup.as_ref().map_or(0, |setup| setup.cookie.len());
            mtu.max(cookie.saturating_add(Header::LEN + 8))
        } else {
            mtu
        };
        self.start(cx, out, self.peer_tag, mtu)?;
        let done = self.put_chunks(cx, out, path, sack, due);
        if out.is_empty() {
            // Nothing is lost: what could not be built is still pending.
            done.map(|()| None)
        } else {
            Ok(Some(path))
        }
    }

    /// Fills a packet until there is nothing more, no room or no memory.
    fn put_chunks(
        &mut self,
        cx: &mut Cx<'_>,
        out: &mut PacketBuilder<B>,
        path: PathId,
        sack: bool,
        due: Option<Due>,
    ) -> Result<(), AllocError> {
        // DATA may follow a COOKIE ECHO in its packet (5.1, C), and saves a round trip there.
        let is_echo = self.pending.cookie_echo;
        self.put_control(cx, out, path, sack)?;
        if self.forward.due {
            self.put_forward_tsn(cx, out, path)?;
        }
        if !self.state.may_send_data() && !is_echo {
            return Ok(());
        }
        if self.outstanding.lost_count() > 0 {
            self.put_lost(cx, out, path)?;
        }
        self.put_new(cx, out, path, due)
    }

    fn put_control(
        &mut self,
        cx: &mut Cx<'_>,
        out: &mut PacketBuilder<B>,
        path: PathId,
        sack: bool,
    ) -> Result<(), AllocError> {
        if self.pending.cookie_echo || self.pending.cookie_ack {
            self.put_setup(cx, out)?;
        }
        if sack {
            self.put_sack(cx, out)?;
            self.sack_to = Some(path);
        }
        if self.pending.shutdown || self.pending.shutdown_ack {
            self.put_teardown(cx, out)?;
        }
        Ok(())
    }

    #[cold]
    fn put_setup(&mut self, cx: &mut Cx<'_>, out: &mut PacketBuilder<B>) -> Result<(), AllocError> {
        if let (true, Some(setup)) = (self.pending.cookie_echo, &self.setup) {
            out.cookie_echo(cx.gfp, &setup.cookie)?;
            self.pending.cookie_echo = false;
            cx.stats.count(Counter::OutCtrlChunks);
            if !setup.unrecognized.is_empty() {
                // For the peer's information; what does not fit is not worth a packet.
                let cause = NewCause::UnrecognizedParameters(&setup.unrecognized);
                if out.error(cx.gfp, &cause).is_ok() {
                    cx.stats.count(Counter::OutCtrlChunks);
                }
            }
            self.note_setup_sent(cx);
        }
        if self.pending.cookie_ack {
            out.cookie_ack(cx.gfp)?;
            self.pending.cookie_ack = false;
            cx.stats.count(Counter::OutCtrlChunks);
        }
        Ok(())
    }

    #[cold]
    fn put_teardown(
        &mut self,
        cx: &mut Cx<'_>,
        out: &mut PacketBuilder<B>,
    ) -> Result<(), AllocError> {
        if self.pending.shutdown {
            out.shutdown(cx.gfp, self.rx.map().cumulative())?;
            self.pending.shutdown = false;
            cx.stats.count(Counter::OutCtrlChunks);
        }
        if self.pending.shutdown_ack {
            out.shutdown_ack(cx.gfp)?;
            self.pending.shutdown_ack = false;
            cx.stats.count(Counter::OutCtrlChunks);
        }
        Ok(())
    }

    fn put_sack(&mut self, cx: &mut Cx<'_>, out: &mut PacketBuilder<B>) -> Result<(), AllocError> {
        let map = self.rx.map();
        let cumulative = map.cumulative();
        let gaps = map.ranges().iter().map_while(|range| {
            Some(GapBlock {
                start: u16::try_from(range.first.since(cumulative)).ok()?,
                end: u16::try_from(range.last.since(cumulative)).ok()?,
            })
        });
        let duplicates = map.duplicates().iter().copied();
        out.sack(
            cx.gfp,
            cumulative,
            self.rx.buffer.window(),
            gaps,
            duplicates,
        )?;
        self.rx.sacked(cx.now);
        self.timers.stop(Timer::Sack);
        cx.stats.count(Counter::OutCtrlChunks);
        cx.stats.count(Counter::OutSacks);
        Ok(())
    }
}
