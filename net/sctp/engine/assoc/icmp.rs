// SPDX-License-Identifier: GPL-2.0

//! What an ICMP error does to an association: RFC 9260, 10, and RFC 8899, 4.6.

use super::{paths::path_ids, state::State, Association};
use crate::engine::{
    addr::{Address, IpAddr},
    cx::{Cx, Payload},
    event::Closed,
    icmp::{Quote, Quoted, Report},
    path::{PathId, Recovery},
    pmtu::TooBig,
    stats::{Counter, Reason},
};

impl<B: Payload> Association<B> {
    /// Takes in an ICMP error about a packet that was sent to `peer`. `Err` says why it is not
    /// believed or of no use.
    pub(crate) fn handle_icmp(
        &mut self,
        cx: &mut Cx<'_>,
        peer: &Address,
        quote: &Quote,
        report: Report,
    ) -> Result<(), Reason> {
        if self.state == State::Closed {
            return Err(Reason::Unexpected);
        }
        let id = self.find_path(peer).ok_or(Reason::BadAddress)?;
        let quoted = quote.check(self.local_tag, self.peer_tag);
        if quoted == Quoted::Other {
            return Err(Reason::BadTag);
        }
        self.begin_input();
        match report {
            Report::TooBig(mtu) => self.on_too_big(cx, id, mtu),
            Report::ProtocolUnreachable => self.on_protocol_unreachable(cx, id, quoted),
            // It may pass. If it does not, timeouts find out, as they would if a router had not
            // said anything.
            Report::Unreachable => Ok(()),
        }
    }

    /// ICMP7.
    fn on_too_big(&mut self, cx: &mut Cx<'_>, id: PathId, mtu: u32) -> Result<(), Reason> {
        let path = self.path_mut(id).ok_or(Reason::BadAddress)?;
        let header = match path.addr.ip {
            IpAddr::V4(_) => 20,
            IpAddr::V6(_) => 40,
        };
        let room = usize::try_from(mtu)
            .unwrap_or(usize::MAX)
            .saturating_sub(header);
        match path.with_pmtu(|pmtu| pmtu.on_too_big(cx.now, room)) {
            TooBig::Ignored => Err(Reason::Unexpected),
            TooBig::Probe | TooBig::Routed => Ok(()),
            TooBig::Lowered => {
                self.resend(cx, id);
                Ok(())
            }
        }
    }

    /// All that is in flight on a path was too big, or might have been: it is sent again at once.
    /// That is no sign of congestion, and the path works. What of it turns out to be missing once
    /// more belongs to the same event, as in Fast Recovery.
    fn resend(&mut self, cx: &Cx<'_>, id: PathId) {
        let bytes = self.lose_in_flight(id);
        let exit = self.outstanding.next_tsn().minus(1);
        if let Some(path) = self.path_mut(id) {
            path.forget_data();
            path.recovery = (bytes > 0).then_some(Recovery {
                exit,
                since: cx.now,
            });
        }
    }

    /// ICMP8: as an ABORT with the T bit. But if the peer can be reached elsewhere, this is about
    /// an address that it should not have listed; perhaps of somebody whom it wants us to flood
    /// (RFC 5062, 2).
    fn on_protocol_unreachable(
        &mut self,
        cx: &mut Cx<'_>,
        id: PathId,
        quoted: Quoted,
    ) -> Result<(), Reason> {
        if quoted == Quoted::Init && self.state != State::CookieWait {
            // It was answered all the same.
            return Err(Reason::Unexpected);
        }
        let mut others = path_ids(self.paths.len()).zip(&self.paths);
        if others.any(|(other, path)| other != id && path.is_active()) {
            if let Some(path) = self.path_mut(id) {
                path.errors = path.errors.max(path.config.path_max_retrans);
            }
            self.strike(cx, id);
            return Ok(());
        }
        cx.stats.count(Counter::Aborteds);
        let setup = self.state.is_setup();
        self.close(Closed::PeerAborted { cause: 0, setup });
        Ok(())
    }
}
