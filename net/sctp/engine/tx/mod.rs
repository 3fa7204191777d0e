// SPDX-License-Identifier: GPL-2.0

//! Sending: what waits for a TSN ([`send_queue`]) and what waits for its acknowledgement
//! ([`outstanding`]). RFC 9260, 6.1 to 6.3, 6.9 and 7.2.4; RFC 3758, 3.5.

pub(crate) mod abandoned;
pub(crate) mod outstanding;
pub(crate) mod send_queue;
pub(crate) mod ssn_table;

use super::time::Time;

/// How long a message is worth it (RFC 3758, 4; RFC 7496, 4).
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
            Self::Timed(until) => now > until,
            Self::Retransmissions(limit) => retransmissions >= limit,
        }
    }

    /// Whether it may have to make room for a message of that priority.
    pub(crate) fn is_below(self, priority: u32) -> bool {
        match self {
            Self::Priority(own) => own > priority,
            Self::Reliable | Self::Timed(_) | Self::Retransmissions(_) => false,
        }
    }
}

/// What a user sends in one call.
#[derive(Debug)]
pub(crate) struct Message<B> {
    pub(crate) stream: u16,
    /// Payload protocol identifier, as it goes to the wire.
    pub(crate) ppid: [u8; 4],
    pub(crate) unordered: bool,
    /// Ask for a SACK as soon as all of it arrived (RFC 7053).
    pub(crate) sack_immediately: bool,
    pub(crate) policy: Policy,
    pub(crate) payload: B,
}
