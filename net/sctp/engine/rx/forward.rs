// SPDX-License-Identifier: GPL-2.0

//! What the peer has given up: FORWARD TSN, RFC 3758, 3.6.
//!
//! All TSNs up to the new cumulative one count as received. Messages of which some fragment is
//! among them are dropped, ordered messages that waited for them become ready.
//!
//! A peer may give a message up after it has sent some of its fragments. The next message then
//! comes while the fragments wait, or while the message is being delivered in parts, so where
//! this was negotiated an unfinished message is no violation. What can be seen to be such a
//! message is dropped at once, and its stream does not wait for it: a FORWARD TSN may stop short
//! of its last fragments if they have arrived, and none comes if all that was sent has (the C
//! module does both).
//!
//! Invariant: where FORWARD TSN was negotiated, the first run can still be completed.

use super::{reassembly::Run, Partial, Receiver};
use crate::engine::{
    cx::Payload,
    env::{AllocError, Flags},
    wire::forward_tsn::{ForwardTsn, Skipped},
};

/// What became of a FORWARD TSN.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Forwarded {
    Advanced,
    /// The cumulative TSN was there already: the peer has not got the SACK that says so.
    Old,
    /// Further than anything that a SACK could have reported. No peer can have sent that much.
    OutOfWindow,
}

impl<B: Payload> Receiver<B> {
    /// Takes in a FORWARD TSN. If there is no memory, it is as if it had been lost.
    ///
    /// Streams that there are not are passed over: what is sent to one is not kept, but may be
    /// given up all the same.
    pub(crate) fn forward(
        &mut self,
        gfp: Flags,
        chunk: &ForwardTsn<'_>,
    ) -> Result<Forwarded, AllocError> {
        let tsn = chunk.new_cumulative_tsn;
        if !tsn.is_after(self.map.cumulative()) {
            return Ok(Forwarded::Old);
        }
        if !self.map.reaches(tsn) {
            return Ok(Forwarded::OutOfWindow);
        }
        let streams = self.in_streams;
        let skipped = chunk.skipped().filter(|s| s.stream < streams);
        self.streams.reserve_forward(skipped.clone(), gfp)?;

        self.map.forward(tsn);
        while let Some(run) = self.reassembly.take_up_to(tsn) {
            self.drop_run(&run);
        }
        for skipped in skipped {
            self.streams.forward(skipped);
        }
        self.drop_stuck(gfp);
        Ok(Forwarded::Advanced)
    }

    /// Drops messages that can never be completed, because a TSN next to what there is of them is
    /// not missing any more.
    pub(super) fn drop_stuck(&mut self, gfp: Flags) {
        while self.is_first_stuck() {
            let Some(run) = self.reassembly.take_first() else {
                break;
            };
            self.drop_run(&run);
            let skipped = Skipped {
                stream: run.stream,
                ssn: run.ssn,
            };
            // Without memory the stream waits for the FORWARD TSN.
            let once = core::iter::once(skipped);
            if !run.unordered && self.streams.reserve_forward(once, gfp).is_ok() {
                self.streams.forward(skipped);
            }
        }
        let Some(partial) = self.partial else {
            return;
        };
        let goes_on = self.reassembly.first().is_some_and(|run| partial.fits(run));
        if !goes_on && !partial.next.is_after(self.map.cumulative()) {
            self.break_off();
            let is_due = self.streams.next_ssn(partial.stream) == partial.ssn;
            if !partial.unordered && is_due {
                self.streams.finished(partial.stream, partial.ssn);
            }
        }
    }

    /// Forgets a run that was taken out and goes to nobody.
    fn drop_run(&mut self, run: &Run<B>) {
        let truesize = self.leaves(run);
        self.buffer.remove(run.bytes, truesize);
    }
}

impl Partial {
    /// Whether a run is what has to come next.
    pub(super) fn fits<B>(&self, run: &Run<B>) -> bool {
        run.first_tsn == self.next && run.begin != self.begun
    }
}
