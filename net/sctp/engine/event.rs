// SPDX-License-Identifier: GPL-2.0

//! What an association tells its user (RFC 9260, 11.2; RFC 6458, 6.1; RFC 7829, 7.1).

use super::{
    addr::Address,
    cx::Payload,
    env::KVec,
    serial::{Ssn, Tsn},
    vec::Rare,
    wire::cause,
};

/// A fact for the upper layer, in the order in which it came about.
#[derive(Debug)]
pub(crate) enum Event<B> {
    /// The association is established: COMMUNICATION UP.
    Up,
    /// The peer restarted: all state was reset, the association lives on.
    Restarted,
    /// A message, or the next part of one.
    Message(Received<B>),
    /// Something about an address of the peer has changed.
    Path { addr: Address, change: PathChange },
    /// The peer reports an error in what it got, and goes on.
    RemoteError(RemoteError),
    /// The rest of the message of which parts were delivered will not come.
    PartialDeliveryAborted(Abandoned),
    /// The peer started a shutdown and will take no more data.
    PeerShutdown,
    /// A fragment of a message of the user's will not be sent, or not again.
    SendFailed(SendFailed<B>),
    /// All messages have been acknowledged or given up, after there were some.
    SenderDry,
    /// The association ended. Only what it could not send comes after this.
    Closed(Closed),
}

/// What has changed about an address of the peer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum PathChange {
    /// It answers again, after it was unreachable.
    Available(PathReason),
    /// It did not answer more than Path.Max.Retrans times.
    Unreachable,
    /// It is the primary one now.
    MadePrimary,
    /// It was claimed by the peer, and answers.
    Confirmed,
    /// It did not answer lately.
    PotentiallyFailed,
    /// It answers again, after it was potentially failed.
    Recovered(PathReason),
}

/// How it was seen that an address answers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum PathReason {
    /// DATA was acknowledged.
    Sack,
    HeartbeatAck,
}

/// Why an association ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Closed {
    /// By the graceful sequence, from either side.
    Shutdown,
    /// By an ABORT from the peer. `cause` is its first error cause, 0 if it gave none. `setup` is
    /// whether that was before the association was established.
    PeerAborted { cause: u16, setup: bool },
    /// By this side: the user asked for it, or the peer broke the protocol (`cause` is the error
    /// cause sent).
    Aborted { cause: u16, setup: bool },
    /// The peer did not answer any more, `setup` as above.
    TimedOut { setup: bool },
}

impl Closed {
    /// The error cause for which it ended, or 0.
    pub(crate) fn cause(self) -> u16 {
        match self {
            Self::Shutdown | Self::TimedOut { .. } => 0,
            Self::PeerAborted { cause, .. } | Self::Aborted { cause, .. } => cause,
        }
    }
}

/// An error cause in an ERROR of the peer.
#[derive(Debug)]
pub(crate) struct RemoteError {
    pub(crate) code: u16,
    /// What comes with it; empty for lack of memory, too.
    pub(crate) info: KVec<u8>,
}

/// Which message the peer has given up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Abandoned {
    pub(crate) stream: u16,
    pub(crate) ssn: Ssn,
    pub(crate) unordered: bool,
}

/// Why user data will not be sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Failure {
    /// It was not worth it any more (RFC 3758).
    Abandoned,
    /// There is no such stream: the peer has agreed to fewer than were asked for.
    BadStream,
    /// The peer restarted.
    Restarted,
    /// The association ended, for that error cause, or 0.
    Ended { cause: u16 },
}

impl Failure {
    /// The same as an error cause, or 0.
    pub(crate) fn cause(self) -> u16 {
        match self {
            Self::Abandoned | Self::Restarted => 0,
            Self::BadStream => cause::INVALID_STREAM_IDENTIFIER,
            Self::Ended { cause } => cause,
        }
    }
}

/// User data that will not be sent, or not again. It may have arrived for all that.
#[derive(Debug)]
pub(crate) struct SendFailed<B> {
    pub(crate) stream: u16,
    pub(crate) ppid: [u8; 4],
    pub(crate) unordered: bool,
    /// What the user gave with the message, to know it by.
    pub(crate) context: u32,
    /// Whether this is the first piece of its message, and the last one.
    pub(crate) begin: bool,
    pub(crate) end: bool,
    /// Whether it was sent at least once.
    pub(crate) was_sent: bool,
    pub(crate) why: Failure,
    pub(crate) payload: B,
}

impl<B: Payload> SendFailed<B> {
    /// Keeps a fragment of `size` bytes and returns the rest, if it was not cut up for sending and
    /// is longer than that.
    pub(crate) fn split_off(&mut self, size: usize) -> Option<Self> {
        let len = self.payload.len();
        if self.was_sent || size == 0 || len <= size {
            return None;
        }
        let (first, rest) = (self.payload.slice(0..size)?, self.payload.slice(size..len)?);
        let rest = Self {
            begin: false,
            payload: rest,
            ..*self
        };
        self.end = false;
        self.payload = first;
        Some(rest)
    }
}

/// User data on its way to the user.
#[derive(Debug)]
pub(crate) struct Received<B> {
    pub(crate) stream: u16,
    pub(crate) ssn: Ssn,
    /// Payload protocol identifier, as it was on the wire.
    pub(crate) ppid: [u8; 4],
    /// TSN of the first fragment of this part.
    pub(crate) tsn: Tsn,
    /// The cumulative TSN when this part was delivered.
    pub(crate) cumulative_tsn: Tsn,
    pub(crate) unordered: bool,
    /// Whether this part begins its message. False only after a partial delivery began.
    pub(crate) begin: bool,
    /// Whether this part ends its message.
    pub(crate) end: bool,
    /// Where the first fragment came from.
    pub(crate) from: Address,
    /// The first fragment.
    pub(crate) first: B,
    /// The fragments after it, in order.
    pub(crate) rest: Rare<B>,
}

impl<B: Payload> Received<B> {
    /// Bytes of this part.
    pub(crate) fn len(&self) -> usize {
        self.sum(B::len)
    }

    /// What this part takes of the receive buffer.
    pub(crate) fn truesize(&self) -> usize {
        self.sum(B::truesize)
    }

    fn sum(&self, of: impl Fn(&B) -> usize) -> usize {
        self.rest.iter().fold(of(&self.first), |sum, fragment| {
            sum.saturating_add(of(fragment))
        })
    }
}
