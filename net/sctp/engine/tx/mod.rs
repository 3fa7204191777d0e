// SPDX-License-Identifier: GPL-2.0

//! Sending: what waits for a TSN ([`send_queue`]), what waits for its acknowledgement
//! ([`outstanding`]), and what goes back to the user ([`failed`]). RFC 9260, 6.1 to 6.3, 6.9 and
//! 7.2.4; RFC 3758, 3.5.

pub(crate) mod abandoned;
pub(crate) mod backlog;
pub(crate) mod failed;
pub(crate) mod outstanding;
pub(crate) mod schedule;
pub(crate) mod send_queue;
pub(crate) mod ssn_table;
pub(crate) mod stream_table;

use super::{addr::Address, time::Time};

/// How long a message is worth it (RFC 3758, 4; RFC 7496, 3).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Policy {
    #[default]
    Reliable,
    /// It is not sent, or sent again, after this time.
    Timed(Time),
    /// Each of its chunks is sent again so many times.
    Retransmissions(u32),
    /// As long as no message with a lower number wants its place in the send buffer.
    Priority(u32),
}

impl Policy {
    /// Whether what was lost, and sent again so many times, is not to be sent once more.
    pub(crate) fn gives_up(self, now: Time, retransmissions: u32) -> bool {
        match self {
            Self::Reliable | Self::Priority(_) => false,
            Self::Timed(_) => self.is_over(now),
            Self::Retransmissions(limit) => retransmissions >= limit,
        }
    }

    /// Whether what was not sent yet is not to be sent any more.
    pub(crate) fn is_over(self, now: Time) -> bool {
        match self {
            Self::Timed(until) => now > until,
            Self::Reliable | Self::Retransmissions(_) | Self::Priority(_) => false,
        }
    }

    /// Whether it may have to make room for a message with that policy: those without a priority
    /// come before all others (RFC 7496, 3.2).
    pub(crate) fn is_below(self, other: Self) -> bool {
        match (self, other) {
            (Self::Priority(own), Self::Priority(other)) => own > other,
            (Self::Priority(_), Self::Reliable | Self::Timed(_) | Self::Retransmissions(_)) => true,
            (Self::Reliable | Self::Timed(_) | Self::Retransmissions(_), _) => false,
        }
    }
}

/// What a user sends in one call: a message, or a part of one.
#[derive(Debug)]
pub(crate) struct Message<B> {
    pub(crate) stream: u16,
    /// Payload protocol identifier, as it goes to the wire.
    pub(crate) ppid: [u8; 4],
    pub(crate) unordered: bool,
    /// Whether the message ends with it.
    pub(crate) end: bool,
    /// Ask for a SACK as soon as all of it arrived (RFC 7053).
    pub(crate) sack_immediately: bool,
    /// That of a message counts for all of its parts.
    pub(crate) policy: Policy,
    /// The address of the peer that it goes to while that works, if the user has chosen one.
    pub(crate) to: Option<Address>,
    /// The user's, to know the message by if it cannot be sent.
    pub(crate) context: u32,
    pub(crate) payload: B,
}
