// SPDX-License-Identifier: GPL-2.0

//! The paths of an association: which one is used, their failures, and what the user may ask for:
//! RFC 9260, 6.4, 8.1, 8.2; RFC 7829. The choices themselves are in
//! [`select`](crate::engine::select).

use super::{state::State, Association};
use crate::engine::{
    addr::Address,
    config::PathConfig,
    cx::{Cx, Payload},
    event::{Closed, PathChange, PathReason},
    path::{Path, PathId},
    select::{Candidate, Choice},
    time::{Duration, Time},
};

/// Why a command about a path was not carried out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum PathError {
    /// The peer has no such address.
    Unknown,
    /// The settings contradict each other.
    Invalid,
    /// Not before the association is up, nor once it is being shut down.
    BadState,
}

/// The ids of so many paths.
pub(super) fn path_ids(paths: usize) -> impl Iterator<Item = PathId> + Clone {
    (0..u8::try_from(paths).unwrap_or(u8::MAX)).map(PathId)
}

#[allow(dead_code)]
impl<B: Payload> Association<B> {
    // Commands.

    /// Makes an address the one that DATA goes to as long as it works. One that is not confirmed
    /// gets none before it is. The user hears of it even if nothing changes: who asks waits for
    /// that.
    pub(crate) fn set_primary(&mut self, address: &Address) -> Result<(), PathError> {
        let id = self.find_path(address).ok_or(PathError::Unknown)?;
        self.make_primary(id);
        Ok(())
    }

    /// Sends a HEARTBEAT now, be they switched on or not (8.3, D).
    pub(crate) fn request_heartbeat(&mut self, id: PathId) -> Result<(), PathError> {
        if !self.state.has_heartbeats() {
            return Err(PathError::BadState);
        }
        let path = self.path_mut(id).ok_or(PathError::Unknown)?;
        path.heartbeat_due = true;
        Ok(())
    }

    /// Changes the settings of one path.
    pub(crate) fn configure_path(
        &mut self,
        cx: &mut Cx<'_>,
        id: PathId,
        config: PathConfig,
    ) -> Result<(), PathError> {
        if !config.is_valid() {
            return Err(PathError::Invalid);
        }
        if self.state == State::Closed {
            return Err(PathError::BadState);
        }
        let path = self.path_mut(id).ok_or(PathError::Unknown)?;
        let old = core::mem::replace(&mut path.config, config.of(path.addr.ip));
        path.with_pmtu(|pmtu| pmtu.configure(cx.now, &config));
        if old.marks.dscp != config.marks.dscp {
            // Other queues, other losses.
            self.handle_route_change(id);
        }
        if self.state.has_heartbeats() {
            self.plan_heartbeat(cx, id);
        }
        Ok(())
    }

    /// Changes the settings of all paths, and of those that will be added.
    pub(crate) fn configure_paths(
        &mut self,
        cx: &mut Cx<'_>,
        config: PathConfig,
    ) -> Result<(), PathError> {
        for id in path_ids(self.paths.len()) {
            self.configure_path(cx, id, config)?;
        }
        self.config.path = config;
        Ok(())
    }

    // Choices.

    fn choice(&self) -> Choice<impl Iterator<Item = Candidate> + Clone + '_> {
        let candidate = |(id, path): (PathId, &Path)| Candidate {
            id,
            state: path.state,
            errors: path.errors,
            proven: path.proven,
        };
        Choice {
            paths: path_ids(self.paths.len()).zip(&self.paths).map(candidate),
            primary: self.primary,
            current: self.data_to,
        }
    }

    /// The path for new DATA.
    pub(super) fn active_path(&self) -> PathId {
        if self.path(self.primary).is_some_and(Path::is_active) {
            return self.primary;
        }
        self.choice().for_data().unwrap_or(self.primary)
    }

    /// The path to retransmit on what was last sent on `path`.
    pub(super) fn retransmit_path(&self, path: PathId) -> PathId {
        self.choice().for_retransmission(path).unwrap_or(path)
    }

    /// The path for a SACK.
    pub(super) fn sack_path(&self) -> PathId {
        let from = self.data_from;
        let is_doubted = self.sack_to == Some(from) && !self.rx.map().duplicates().is_empty();
        self.choice()
            .for_sack(from, is_doubted)
            .unwrap_or(self.primary)
    }

    /// The control chunks that are to be sent answer what came from there (6.4).
    pub(super) fn answer_to(&mut self, from: PathId) {
        let answer = self.choice().for_answer(from);
        self.control_to = answer.unwrap_or_else(|| self.active_path());
    }

    /// A control chunk was not answered: it goes another way the next time (6.4).
    pub(super) fn divert_control(&mut self) {
        let last = self.control_to;
        let other = self.choice().alternate(last);
        self.control_to = other.unwrap_or(last);
    }

    /// The RTO of the path that control chunks go to.
    pub(super) fn control_rto(&self) -> Duration {
        self.path(self.control_to)
            .map_or(self.config.rto_initial, |p| p.rto.get())
    }

    // Failures.

    /// A timeout of something that was sent on a path (8.1, 8.2).
    pub(super) fn strike(&mut self, cx: &mut Cx<'_>, id: PathId) {
        self.strike_path(cx, id);
        self.strike_association();
    }

    /// A HEARTBEAT was not answered. That counts against the association only where DATA goes:
    /// that another path is dead says nothing about the peer (8.1).
    pub(super) fn strike_heartbeat(&mut self, cx: &mut Cx<'_>, id: PathId) {
        let is_used = id == self.active_path();
        self.strike_path(cx, id);
        if is_used {
            self.strike_association();
        }
    }

    fn strike_path(&mut self, cx: &mut Cx<'_>, id: PathId) {
        let Some(path) = self.path_mut(id) else {
            return;
        };
        let change = path.strike();
        if path.heartbeat.is_some() {
            if change == Some(PathChange::PotentiallyFailed) {
                // To be probed at once, and what was under way is no failure of its own.
                path.probe = None;
                path.heartbeat = Some(cx.now);
            } else if path.probe.is_some() {
                // One outage, one strike per RTO.
                path.heartbeat = Some(cx.now.plus(path.rto.get()));
            }
        }
        if let Some(change) = change {
            self.note_path(id, change);
        }
        let config = self.path(id).map(|p| p.config);
        let new = config.and_then(|config| self.choice().switchover(id, &config));
        if let Some(new) = new {
            self.make_primary(new);
        }
    }

    /// Counts against the association alone, and gives it up if it is too much.
    pub(super) fn strike_association(&mut self) {
        self.errors = self.errors.saturating_add(1);
        if self.errors > self.config.association_max_retrans {
            let setup = self.state.is_setup();
            self.close(Closed::TimedOut { setup });
        }
    }

    /// A HEARTBEAT was answered (8.1, 8.3).
    pub(super) fn prove_by_heartbeat(&mut self, now: Time, id: PathId) {
        let change = self
            .path_mut(id)
            .and_then(|p| p.proven(now, PathReason::HeartbeatAck));
        if let Some(change) = change {
            self.note_path(id, change);
            self.rescue();
        }
        // What DATA is outstanding decides whether the peer is reached: HEARTBEATs may be small
        // enough for a path that DATA is too large for.
        if self.outstanding.is_empty() {
            self.errors = 0;
        }
    }

    /// A path works again. DATA that is on its way where nobody answers need not wait for T3-rtx,
    /// which takes RTO.Max by now if all paths were dead. It was sent after a timeout, so that it
    /// is not much.
    fn rescue(&mut self) {
        for id in path_ids(self.paths.len()) {
            if self.path(id).is_none_or(|p| p.is_active() || p.flight == 0) {
                continue;
            }
            self.lose_in_flight(id);
            if let Some(path) = self.path_mut(id) {
                path.loss_timer = None;
                path.timeout_spent = false;
            }
        }
    }

    fn make_primary(&mut self, id: PathId) {
        self.primary = id;
        self.note_path(id, PathChange::MadePrimary);
    }

    fn note_path(&mut self, id: PathId, change: PathChange) {
        if !self.state.is_setup() {
            self.notices.paths.push(id, change);
        }
    }
}
