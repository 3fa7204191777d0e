// SPDX-License-Identifier: GPL-2.0

//! Which path to use: the decisions of RFC 9260, 6.4, 6.4.1 and 8.2, and of RFC 7829, 4.2, 5 and
//! 6.1.
//!
//! These are functions of a small view of the paths and change nothing; who asks them is
//! `assoc/paths.rs`.

use core::cmp::Reverse;

use super::{
    config::PathConfig,
    path::{PathId, PathState},
    time::Time,
};

/// What a choice depends on, of one path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    pub(crate) id: PathId,
    pub(crate) state: PathState,
    /// Consecutive failures.
    pub(crate) errors: u32,
    /// When something that was sent here was last answered.
    pub(crate) proven: Option<Time>,
}

impl Candidate {
    fn is_active(&self) -> bool {
        self.state == PathState::Active
    }

    fn is_confirmed(&self) -> bool {
        self.state != PathState::Unconfirmed
    }
}

/// The paths to choose from, and the two that are preferred.
#[derive(Clone)]
pub(crate) struct Choice<I> {
    pub(crate) paths: I,
    pub(crate) primary: PathId,
    /// The path that new DATA was last sent on.
    pub(crate) current: PathId,
}

impl<I: Iterator<Item = Candidate> + Clone> Choice<I> {
    fn get(&self, id: PathId) -> Option<Candidate> {
        self.paths.clone().find(|c| c.id == id)
    }

    /// Where new DATA goes: to the primary path while that is active; else to another one that is,
    /// and on with that as long as it is active, too. If none is, to the one that failed least,
    /// of those that are potentially failed before those that are inactive (RFC 7829, 4.2, 6.1).
    ///
    /// `None` if no path is confirmed.
    pub(crate) fn for_data(&self) -> Option<PathId> {
        self.best(None)
    }

    fn best(&self, avoided: Option<PathId>) -> Option<PathId> {
        let rank = |c: &Candidate| {
            let is_avoided = avoided == Some(c.id);
            let (class, other) = match c.state {
                PathState::Active if c.id == self.primary => (0, false),
                PathState::Active => (1, c.id != self.current),
                PathState::PotentiallyFailed => (2, false),
                PathState::Inactive | PathState::Unconfirmed => (3, false),
            };
            (class, other, c.errors, is_avoided, Reverse(c.proven))
        };
        let confirmed = self.paths.clone().filter(Candidate::is_confirmed);
        confirmed.min_by_key(rank).map(|c| c.id)
    }

    /// Where to send again what was last sent on `last`. After a timeout that is another active
    /// path, if there is one (6.4); what was found missing otherwise stays where it was.
    pub(crate) fn for_retransmission(&self, last: PathId) -> Option<PathId> {
        let is_fine = |c: Candidate| c.is_active() && c.errors == 0;
        if self.get(last).is_some_and(is_fine) {
            return Some(last);
        }
        self.alternate(last)
    }

    /// Another path than `last`, which did not answer: the active one that has failed least. If
    /// there is none, `last` again if that is active, or else the best of those that are not.
    pub(crate) fn alternate(&self, last: PathId) -> Option<PathId> {
        let other = self.other_active(last);
        if other.is_some() {
            return other;
        }
        self.get(last)
            .filter(Candidate::is_active)
            .map(|c| c.id)
            .or_else(|| self.best(Some(last)))
    }

    fn other_active(&self, last: PathId) -> Option<PathId> {
        let rank = |c: &Candidate| {
            let preferred = (c.id != self.primary, c.id != self.current);
            (c.errors, preferred, Reverse(c.proven))
        };
        let others = self.paths.clone().filter(|c| c.id != last);
        others
            .filter(Candidate::is_active)
            .min_by_key(rank)
            .map(|c| c.id)
    }

    /// Where to send a SACK for DATA that came from `from`: back (6.4). `is_doubted` is whether
    /// the last SACK went there and the peer repeated its DATA nevertheless; then another way may
    /// be better.
    pub(crate) fn for_sack(&self, from: PathId, is_doubted: bool) -> Option<PathId> {
        let other = if is_doubted {
            self.other_active(from)
        } else {
            None
        };
        other
            .or_else(|| self.for_answer(from))
            .or_else(|| self.for_data())
    }

    /// Where to send an answer to what came from `from`; `None` if that is not confirmed (5.4).
    pub(crate) fn for_answer(&self, from: PathId) -> Option<PathId> {
        self.get(from).filter(Candidate::is_confirmed).map(|c| c.id)
    }

    /// The new primary path, once `failed` has failed so often (RFC 7829, 5): the one that DATA
    /// goes to instead.
    pub(crate) fn switchover(&self, failed: PathId, config: &PathConfig) -> Option<PathId> {
        let errors = self.get(failed)?.errors;
        if failed != self.primary || errors <= config.ps_retrans {
            return None;
        }
        self.for_data().filter(|id| *id != failed)
    }
}

/// The state of a path that has failed `errors` times in a row (RFC 9260, 8.2; RFC 7829, 4.2).
pub(crate) fn state_after_error(state: PathState, errors: u32, config: &PathConfig) -> PathState {
    match state {
        // That nobody answers at an address says nothing as long as it was only claimed.
        PathState::Unconfirmed => PathState::Unconfirmed,
        PathState::Active | PathState::PotentiallyFailed | PathState::Inactive
            if errors > config.path_max_retrans =>
        {
            PathState::Inactive
        }
        PathState::Active if config.pf_enabled && errors > config.pf_retrans => {
            PathState::PotentiallyFailed
        }
        PathState::Active | PathState::PotentiallyFailed | PathState::Inactive => state,
    }
}
