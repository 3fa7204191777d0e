// SPDX-License-Identifier: GPL-2.0

//! Sending: what waits for a TSN ([`send_queue`]) and what waits for its acknowledgement
//! ([`outstanding`]). RFC 9260, 6.1 to 6.3, 6.9 and 7.2.4.

pub(crate) mod outstanding;
pub(crate) mod send_queue;
pub(crate) mod ssn_table;

/// What a user sends in one call.
#[derive(Debug)]
pub(crate) struct Message<B> {
    pub(crate) stream: u16,
    /// Payload protocol identifier, as it goes to the wire.
    pub(crate) ppid: [u8; 4],
    pub(crate) unordered: bool,
    /// Ask for a SACK as soon as all of it arrived (RFC 7053).
    pub(crate) sack_immediately: bool,
    pub(crate) payload: B,
}
