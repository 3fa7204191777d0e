// SPDX-License-Identifier: GPL-2.0

//! Receiving: which TSNs came ([`tsn_map`]), what they make up ([`reassembly`]), in which order it
//! goes to the user ([`streams`]), and what the peer is told about it (RFC 9260, 6.2, 6.5 to 6.7).
//!
//! Memory: every accepted byte is *held* until the user has consumed it, wherever it is in the
//! meantime. Half of the receive buffer is the window that is advertised, in bytes of payload; all
//! of it is the limit for the memory that the payload keeps alive. The window is what a
//! well-behaved peer keeps to, the limit is what holds against any other.
//!
//! A peer that may give messages up makes some of this void: see [`forward`].
//!
//! Invariants: `held` is the sum over reassembly, streams and what was delivered and not consumed;
//! while a partial delivery lasts nothing else is delivered.

pub(crate) mod buffer;
pub(crate) mod forward;
pub(crate) mod reassembly;
pub(crate) mod sack;
pub(crate) mod sorted;
pub(crate) mod streams;
pub(crate) mod tsn_map;

use crate::engine::{
    addr::Address,
    cx::Payload,
    env::{AllocError, Flags},
    event::{Abandoned, Received},
    serial::{Ssn, Tsn},
    time::Time,
    wire::data::DataHeader,
};

use self::{
    buffer::Buffer,
    reassembly::{Place, Reassembly, Run},
    sack::SackState,
    streams::{Streams, Turn},
    tsn_map::{Arrival, TsnMap},
};

/// What became of a DATA chunk.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    Accepted,
    Duplicate,
    /// There is no room for it, or no memory: as if it had been lost.
    Dropped,
    /// Received, and thrown away: there is no such stream (6.5).
    InvalidStream,
    /// It contradicts what came before.
    Violation,
}

/// A message that is being delivered in parts because it cannot be held as a whole (6.9).
#[derive(Clone, Copy, Debug)]
struct Partial {
    /// TSN of the fragment that has to come next.
    next: Tsn,
    stream: u16,
    ssn: Ssn,
    ppid: [u8; 4],
    unordered: bool,
    /// Whether the user has got some of it.
    begun: bool,
}

pub(crate) struct Receiver<B> {
    map: TsnMap,
    reassembly: Reassembly<B>,
    streams: Streams<B>,
    partial: Option<Partial>,
    /// How much of a message makes it be delivered in parts, if not 0.
    partial_delivery_point: u32,
    /// A partial delivery that was broken off, for the user to be told.
    abandoned: Option<Abandoned>,
    /// The peer may give messages up (RFC 3758).
    may_forward: bool,
    /// Number of streams the peer may use.
    in_streams: u16,
    pub(crate) buffer: Buffer,
    /// The part of what the buffer holds that the user was not yet given, and the number of its
    /// chunks.
    undelivered: usize,
    undelivered_truesize: usize,
    undelivered_chunks: u32,
    pub(crate) sack: SackState,
}

#[allow(dead_code)]
impl<B: Payload> Receiver<B> {
    pub(crate) fn new(initial: Tsn, in_streams: u16, rcvbuf: u32) -> Self {
        Self {
            map: TsnMap::new(initial),
            reassembly: Reassembly::new(),
            streams: Streams::new(),
            partial: None,
            partial_delivery_point: 0,
            abandoned: None,
            may_forward: false,
            in_streams,
            buffer: Buffer::new(rcvbuf),
            undelivered: 0,
            undelivered_truesize: 0,
            undelivered_chunks: 0,
            sack: SackState::new(),
        }
    }

    /// The peer restarted: what was not delivered is gone, what was delivered still counts.
    pub(crate) fn restart(&mut self, initial: Tsn, in_streams: u16) {
        self.map = TsnMap::new(initial);
        self.reassembly.clear();
        self.streams.restart();
        self.break_off();
        self.in_streams = in_streams;
        self.buffer
            .remove(self.undelivered, self.undelivered_truesize);
        self.undelivered = 0;
        self.undelivered_truesize = 0;
        self.undelivered_chunks = 0;
        self.sack = SackState::new();
    }

    pub(crate) fn map(&self) -> &TsnMap {
        &self.map
    }

    pub(crate) fn in_streams(&self) -> u16 {
        self.in_streams
    }

    /// Whether the peer may use FORWARD TSN.
    pub(crate) fn set_may_forward(&mut self, may: bool) {
        self.may_forward = may;
    }

    pub(crate) fn set_partial_delivery_point(&mut self, bytes: u32) {
        self.partial_delivery_point = bytes;
    }

    /// TSNs held for reassembly or for their turn.
    pub(crate) fn pending_chunks(&self) -> usize {
        self.undelivered_chunks as usize
    }

    /// Takes in a DATA chunk with at least one byte of user data.
    pub(crate) fn data(
        &mut self,
        gfp: Flags,
        header: &DataHeader,
        payload: B,
        from: Address,
    ) -> Outcome {
        let arrival = self.map.classify(header.tsn);
        match arrival {
            Arrival::Duplicate => {
                self.map.duplicate(header.tsn, gfp);
                return Outcome::Duplicate;
            }
            Arrival::OutOfWindow => return Outcome::Dropped,
            Arrival::Next | Arrival::Ahead => {}
        }
        if self.map.reserve(arrival, gfp).is_err() {
            return Outcome::Dropped;
        }
        if header.stream >= self.in_streams {
            self.map.record(header.tsn);
            return self.settle(Outcome::InvalidStream, gfp);
        }
        let fills_gap = header.tsn.is_before(self.map.highest());
        if !self.buffer.has_room(payload.truesize(), fills_gap) {
            return Outcome::Dropped;
        }
        let (Ok(mut place), true) = (
            self.reassembly.place(header, self.may_forward),
            self.fits_partial_delivery(header),
        ) else {
            return Outcome::Violation;
        };
        let turn = match self.plan_turn(header, &place) {
            Ok(turn) => turn,
            Err(reassembly::Violation) => return Outcome::Violation,
        };
        let Ok(turn) = self.reserve(header, arrival, &mut place, turn, gfp) else {
            return Outcome::Dropped;
        };

        // Everything that can fail has succeeded.
        let (len, truesize) = (payload.len(), payload.truesize());
        let complete = if header.begin && header.end {
            Some(Run::new(header, payload, from))
        } else {
            self.reassembly.add(place, header, payload, from)
        };
        if let (Some(run), Some(turn)) = (complete, turn) {
            // What was to be delivered in parts is whole before the first one was taken.
            self.partial
                .take_if(|p| !p.begun && p.next == run.first_tsn);
            self.streams.put(run, turn);
        }
        self.map.record(header.tsn);
        self.buffer.add(len, truesize);
        self.undelivered = self.undelivered.saturating_add(len);
        self.undelivered_truesize = self.undelivered_truesize.saturating_add(truesize);
        self.undelivered_chunks = self.undelivered_chunks.saturating_add(1);
        self.sack.accepted(len);
        self.settle(Outcome::Accepted, gfp)
    }

    /// When it is the turn of the message that the chunk completes; `None` if it completes none,
    /// or the one that is being delivered in parts.
    fn plan_turn(
        &self,
        header: &DataHeader,
        place: &Place,
    ) -> Result<Option<Turn>, reassembly::Violation> {
        if !place.completes {
            Ok(None)
        } else if header.unordered {
            Ok(Some(Turn::Now))
        } else {
            self.streams.turn(header.stream, header.ssn).map(Some)
        }
    }

    fn reserve(
        &mut self,
        header: &DataHeader,
        arrival: Arrival,
        place: &mut Place,
        turn: Option<Turn>,
        gfp: Flags,
    ) -> Result<Option<Turn>, AllocError> {
        if !header.unordered {
            self.streams.reserve_stream(header.stream, gfp)?;
        }
        if !(header.begin && header.end) {
            self.reassembly
                .reserve(place, arrival == Arrival::Next, gfp)?;
        }
        match turn {
            Some(turn) => self.streams.reserve(turn, gfp).map(Some),
            None => Ok(None),
        }
    }

    /// Whether a chunk is what a partial delivery waits for, if it claims that TSN.
    fn fits_partial_delivery(&self, header: &DataHeader) -> bool {
        match &self.partial {
            Some(partial) if partial.next == header.tsn => {
                if header.begin {
                    return self.may_forward;
                }
                partial.stream == header.stream
                    && partial.unordered == header.unordered
                    && (partial.unordered || partial.ssn == header.ssn)
            }
            Some(_) | None => true,
        }
    }

    /// What a chunk that arrived makes of the messages next to it: if one cannot be completed any
    /// more, the peer has given it up or does not know what it does.
    fn settle(&mut self, otherwise: Outcome, gfp: Flags) -> Outcome {
        if self.may_forward {
            self.drop_stuck(gfp);
            otherwise
        } else if self.is_first_stuck() {
            Outcome::Violation
        } else {
            otherwise
        }
    }

    /// Whether the first run can never be completed, because a TSN next to it arrived and did not
    /// belong to it. Only the first run can be such a one.
    fn is_first_stuck(&self) -> bool {
        let Some(run) = self.reassembly.first() else {
            return false;
        };
        let cumulative = self.map.cumulative();
        let continues = self
            .partial
            .as_ref()
            .is_some_and(|partial| partial.next == run.first_tsn);
        let no_begin = !run.begin && !continues && !run.first_tsn.minus(1).is_after(cumulative);
        let no_end = !run.end && run.last_tsn.is_before(cumulative);
        no_begin || no_end
    }

    /// Begins to deliver the first message in parts if it could never be held as a whole, or if
    /// the user wants that of one so large. To be called when a packet was taken in, and when the
    /// user consumed something.
    pub(crate) fn relieve(&mut self) {
        if self.partial.is_some() || self.streams.has_ready() {
            return;
        }
        let Some(run) = self.reassembly.first() else {
            return;
        };
        let point = self.partial_delivery_point as usize;
        let is_wanted = point != 0 && run.bytes >= point;
        // What the user has to read may make enough room when it is read.
        let may_get_room = self.buffer.held > self.undelivered;
        // Three quarters, so that the peer does not have to stop while the user reads.
        let is_large = run.bytes >= self.buffer.limit() / 4 * 3;
        let is_due = is_wanted || !may_get_room && (is_large || self.buffer.is_full());
        let is_contiguous = run.begin && !run.last_tsn.is_after(self.map.cumulative());
        let is_its_turn = run.unordered || run.ssn == self.streams.next_ssn(run.stream);
        if is_due && is_contiguous && is_its_turn {
            self.partial = Some(Partial {
                next: run.first_tsn,
                stream: run.stream,
                ssn: run.ssn,
                ppid: run.ppid,
                unordered: run.unordered,
                begun: false,
            });
        }
    }

    /// The rest of the message that is being delivered in parts will not come. Nothing has to be
    /// told about one of which the user has got nothing.
    fn break_off(&mut self) {
        if let Some(partial) = self.partial.take().filter(|partial| partial.begun) {
            self.abandoned = Some(Abandoned {
                stream: partial.stream,
                ssn: partial.ssn,
                unordered: partial.unordered,
            });
        }
    }

    /// The association has ended: nothing will come any more. To be called when there is nothing
    /// left to [`take`](Self::take).
    pub(crate) fn end(&mut self) {
        self.break_off();
    }

    /// Gives memory back that is not needed now.
    pub(crate) fn shrink(&mut self) {
        self.map.shrink();
        self.streams.shrink();
    }

    /// Whether there may be something to take.
    pub(crate) fn may_have_event(&self) -> bool {
        self.abandoned.is_some() || self.undelivered_chunks > 0
    }

    /// The message of which the user has got a part and will not get the rest. Comes before
    /// anything else that is to be delivered.
    pub(crate) fn take_abandoned(&mut self) -> Option<Abandoned> {
        self.abandoned.take()
    }

    /// The next message for the user, or the next part of one.
    pub(crate) fn take(&mut self) -> Option<Received<B>> {
        let (run, begin, end) = match self.partial {
            Some(partial) => {
                if !partial.fits(self.reassembly.first()?) {
                    return None;
                }
                let mut run = self.reassembly.take_first()?;
                let begin = run.begin;
                run.ppid = partial.ppid;
                if run.end {
                    self.partial = None;
                    if !partial.unordered {
                        self.streams.finished(partial.stream, partial.ssn);
                    }
                } else {
                    self.partial = Some(Partial {
                        next: run.last_tsn.next(),
                        begun: true,
                        ..partial
                    });
                }
                let end = run.end;
                (run, begin, end)
            }
            None => (self.streams.take()?, true, true),
        };
        self.leaves(&run);
        Some(Received {
            stream: run.stream,
            ssn: run.ssn,
            ppid: run.ppid,
            tsn: run.first_tsn,
            cumulative_tsn: self.map.cumulative(),
            unordered: run.unordered,
            begin,
            end,
            from: run.from,
            first: run.first,
            rest: run.rest,
        })
    }

    /// A run was taken out of what was not delivered. Says what memory it keeps.
    fn leaves(&mut self, run: &Run<B>) -> usize {
        let chunks = u32::try_from(run.rest.len()).unwrap_or(u32::MAX);
        let chunks = chunks.saturating_add(1);
        let truesize = run.rest.iter().fold(run.first.truesize(), |sum, b| {
            sum.saturating_add(b.truesize())
        });
        self.undelivered = self.undelivered.saturating_sub(run.bytes);
        self.undelivered_truesize = self.undelivered_truesize.saturating_sub(truesize);
        self.undelivered_chunks = self.undelivered_chunks.saturating_sub(chunks);
        truesize
    }

    /// The user has read that much of what it was given.
    pub(crate) fn consumed(&mut self, bytes: usize, truesize: usize) {
        let delivered = self.buffer.held.saturating_sub(self.undelivered);
        let memory = self
            .buffer
            .held_truesize
            .saturating_sub(self.undelivered_truesize);
        self.buffer
            .remove(bytes.min(delivered), truesize.min(memory));
        self.relieve();
    }

    /// Whether the user has read everything there was.
    pub(crate) fn is_drained(&self) -> bool {
        self.buffer.held == 0
    }

    /// Whether the user has read all there is to be read: what is held waits for the peer.
    pub(crate) fn is_all_read(&self) -> bool {
        self.buffer.held <= self.undelivered
    }

    /// A SACK was sent.
    pub(crate) fn sacked(&mut self, now: Time) {
        let window = self.buffer.window();
        self.map.clear_duplicates();
        self.sack.sent(now, window);
    }

    #[cfg(not(MODULE))]
    pub(crate) fn check_invariants(&self) {
        self.map.check_invariants();
        let mut held = 0;
        self.reassembly.check_invariants(&mut held);
        self.streams.check_invariants(&mut held);
        assert_eq!(held, self.undelivered, "undelivered bytes");
        assert!(!self.may_forward || !self.is_first_stuck());
        assert!(self.buffer.held >= self.undelivered);
        assert!(self.buffer.held_truesize >= self.undelivered_truesize);
    }

    /// The memory that is held, and the most that may be: one chunk more than `has_room()` asks for.
    #[cfg(not(MODULE))]
    pub(crate) fn held(&self) -> (usize, usize) {
        (
            self.buffer.held_truesize,
            self.buffer.bound() + usize::from(u16::MAX),
        )
    }
}
