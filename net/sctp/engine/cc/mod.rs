// SPDX-License-Identifier: GPL-2.0

//! Congestion control of a path (RFC 9260, 7.2).
//!
//! A controller is told what happened and keeps cwnd; whether something may be sent is decided by
//! who owns the flight size. All sizes are bytes of DATA chunks as they are on the wire, header
//! and padding included, so that many small messages count for what they cost the network.
//!
//! Recovery is a state of the association, because one exit point serves all paths (7.2.4): this
//! module is only told whether it lasts.

mod reno;

pub(crate) use reno::Reno;

/// What a SACK did to one path, as congestion control sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Acked {
    /// Bytes newly acknowledged on this path, by the cumulative TSN or by gap blocks.
    pub(crate) bytes: usize,
    /// Bytes in flight on this path before the SACK.
    pub(crate) flight_before: usize,
    /// Whether the cumulative TSN ack point moved.
    pub(crate) cumulative_advanced: bool,
    /// Whether nothing is left in flight on this path.
    pub(crate) all_acked: bool,
    /// Whether the association is in Fast Recovery.
    pub(crate) in_recovery: bool,
}
