// SPDX-License-Identifier: GPL-2.0

//! Counters of a namespace (RFC 3873) and of an association (SCTP_GET_ASSOC_STATS), which several
//! processors may increment at the same time.

use crate::{
    engine::{cx::Stats, stats::Counter},
    pernet::Pernet,
};
use kernel::sync::{
    atomic::{Atomic, Relaxed},
    Arc,
};

/// The first counters, in the order of [`Counter`]; the others are not counted.
pub(crate) struct Counters<const N: usize>([Atomic<u64>; N]);

/// Those of an association.
pub(crate) type AssocCounters = Counters<{ Counter::OF_ASSOCIATION }>;

/// Those of a namespace: all.
pub(crate) type NetCounters = Counters<{ Counter::COUNT }>;

impl<const N: usize> Counters<N> {
    pub(crate) const fn new() -> Self {
        Self([const { Atomic::new(0) }; N])
    }

    pub(crate) fn read(&self, counter: Counter) -> u64 {
        let cell = self.0.get(counter as usize);
        cell.map_or(0, |cell| cell.load(Relaxed))
    }
}

impl<const N: usize> Stats for Counters<N> {
    fn add(&self, counter: Counter, n: u64) {
        if let Some(cell) = self.0.get(counter as usize) {
            cell.fetch_add(n, Relaxed);
        }
    }
}

/// What counts for an association counts for its namespace, too.
pub(crate) struct Both<'a> {
    pub(crate) assoc: &'a AssocCounters,
    pub(crate) pernet: &'a NetCounters,
}

impl Stats for Both<'_> {
    fn add(&self, counter: Counter, n: u64) {
        self.assoc.add(counter, n);
        self.pernet.add(counter, n);
    }
}

/// An association that is up: one of SctpCurrEstab, as long as this value lives.
pub(crate) struct Established(Arc<Pernet>);

impl Established {
    pub(crate) fn new(pernet: Arc<Pernet>) -> Self {
        pernet.established.fetch_add(1, Relaxed);
        Self(pernet)
    }
}

impl Drop for Established {
    fn drop(&mut self) {
        self.0.established.fetch_sub(1, Relaxed);
    }
}
