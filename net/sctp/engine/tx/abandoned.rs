// SPDX-License-Identifier: GPL-2.0

//! How many messages were given up, as RFC 7496, 4.3 and 4.4 has it: for the association, and for
//! each stream in which that came about.
//!
//! Bound: the streams, 65536. Invariant: the streams ascend.

use super::Policy;
use crate::engine::env::{Flags, KBox, KVec};

/// Messages that were given up for one policy.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Count {
    /// Of these nothing was sent.
    pub(crate) unsent: u64,
    pub(crate) sent: u64,
}

/// For each policy.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct PerPolicy {
    pub(crate) timed: Count,
    pub(crate) retransmissions: Count,
    pub(crate) priority: Count,
}

impl PerPolicy {
    /// All together.
    pub(crate) fn sum(&self) -> Count {
        let all = [self.timed, self.retransmissions, self.priority];
        all.iter().fold(Count::default(), |sum, of| Count {
            unsent: sum.unsent.wrapping_add(of.unsent),
            sent: sum.sent.wrapping_add(of.sent),
        })
    }

    fn count(&mut self, policy: Policy, was_sent: bool) {
        let of = match policy {
            Policy::Reliable => return,
            Policy::Timed(_) => &mut self.timed,
            Policy::Retransmissions(_) => &mut self.retransmissions,
            Policy::Priority(_) => &mut self.priority,
        };
        let number = if was_sent {
            &mut of.sent
        } else {
            &mut of.unsent
        };
        *number = number.wrapping_add(1);
    }
}

/// Most associations never give anything up.
pub(crate) struct AbandonedCounts(Option<KBox<Counts>>);

struct Counts {
    total: PerPolicy,
    streams: KVec<(u16, PerPolicy)>,
}

impl AbandonedCounts {
    pub(crate) const fn new() -> Self {
        Self(None)
    }

    pub(crate) fn total(&self) -> PerPolicy {
        let counts = self.0.as_ref();
        counts.map_or(PerPolicy::default(), |counts| counts.total)
    }

    pub(crate) fn stream(&self, stream: u16) -> PerPolicy {
        let counts = self.0.as_ref();
        counts.map_or(PerPolicy::default(), |counts| counts.stream(stream))
    }

    /// A message was given up. If there is no memory for that, or for its stream, it is not
    /// counted, or not there.
    pub(crate) fn count(&mut self, stream: u16, policy: Policy, was_sent: bool, gfp: Flags) {
        if self.0.is_none() {
            let counts = Counts {
                total: PerPolicy::default(),
                streams: KVec::new(),
            };
            self.0 = KBox::new(counts, gfp).ok();
        }
        if let Some(counts) = &mut self.0 {
            counts.count(stream, policy, was_sent, gfp);
        }
    }
}

impl Counts {
    fn stream(&self, stream: u16) -> PerPolicy {
        self.find(stream)
            .ok()
            .and_then(|i| self.streams.get(i))
            .map_or(PerPolicy::default(), |(_, counts)| *counts)
    }

    fn find(&self, stream: u16) -> Result<usize, usize> {
        self.streams.binary_search_by_key(&stream, |(s, _)| *s)
    }

    fn count(&mut self, stream: u16, policy: Policy, was_sent: bool, gfp: Flags) {
        self.total.count(policy, was_sent);
        let i = match self.find(stream) {
            Ok(i) => i,
            Err(i) => {
                let new = (stream, PerPolicy::default());
                if self.streams.reserve(1, gfp).is_err()
                    || self.streams.insert_within_capacity(i, new).is_err()
                {
                    return;
                }
                i
            }
        };
        if let Some((_, counts)) = self.streams.get_mut(i) {
            counts.count(policy, was_sent);
        }
    }
}
