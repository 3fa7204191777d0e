// SPDX-License-Identifier: GPL-2.0

//! What options have set (RFC 6458, 8): of a socket, and of each of its associations.
//!
//! An association begins with what its socket has then. Accepted sockets begin with what their
//! listener has.

use crate::{engine::config::Config, sys::bindings};
use kernel::prelude::*;

/// A kind of notification that a user may subscribe to: the position of its byte in
/// `struct sctp_event_subscribe`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Subscription {
    DataIo = 0,
    AssocChange = 1,
    Address = 2,
    SendFailure = 3,
    PeerError = 4,
    Shutdown = 5,
    PartialDelivery = 6,
    Adaptation = 7,
    Authentication = 8,
    SenderDry = 9,
    SendFailureEvent = 13,
}

/// Options of a socket.
#[derive(Clone)]
pub(crate) struct Settings {
    /// What an association is to begin with.
    pub(crate) config: Config,
    pub(crate) assoc: AssocSettings,
    /// SCTP_RECVRCVINFO.
    pub(crate) rcvinfo: bool,
    /// SCTP_RECVNXTINFO.
    pub(crate) nxtinfo: bool,
    /// SCTP_I_WANT_MAPPED_V4_ADDR.
    pub(crate) v4_mapped: bool,
    /// SCTP_REUSE_PORT.
    pub(crate) reuse_port: bool,
    /// SCTP_AUTO_ASCONF: whether peers that know ASCONF are told how the host's addresses change.
    pub(crate) auto_asconf: bool,
    /// SCTP_EXPLICIT_EOR: whether a message ends only where the user says so.
    pub(crate) explicit_eor: bool,
    /// SCTP_FRAGMENT_INTERLEAVE: whether others' messages may come between parts of one.
    pub(crate) interleaves_fragments: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            config: Config::default(),
            assoc: AssocSettings::default(),
            rcvinfo: false,
            nxtinfo: false,
            v4_mapped: true,
            reuse_port: false,
            auto_asconf: false,
            explicit_eor: false,
            interleaves_fragments: false,
        }
    }
}

/// Options of an association that its engine need not know.
#[derive(Clone, Copy, Default)]
pub(crate) struct AssocSettings {
    pub(crate) subscriptions: Subscriptions,
    pub(crate) send: SendDefaults,
    /// SCTP_CONTEXT: what received messages are marked with.
    pub(crate) context: u32,
    pub(crate) pf_exposure: PfExposure,
}

/// What the user sees of paths that are potentially failed (SCTP_EXPOSE_POTENTIALLY_FAILED_STATE):
/// the values of the option.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum PfExposure {
    /// The state, for who asks for it.
    #[default]
    Unset = 0,
    /// Nothing: there is no such path to be asked about.
    Disabled = 1,
    /// The state, and notifications when it begins and ends.
    Enabled = 2,
}

/// Kinds of notifications, a bit for each byte of `struct sctp_event_subscribe`.
#[derive(Clone, Copy, Default)]
pub(crate) struct Subscriptions(u16);

impl Subscriptions {
    pub(crate) fn has(self, kind: Subscription) -> bool {
        self.is_set(kind as usize)
    }

    pub(crate) fn is_set(self, bit: usize) -> bool {
        u16::try_from(bit).is_ok_and(|bit| self.0 & mask(bit) != 0)
    }

    /// Whether there are notifications that the user is to get.
    pub(crate) fn has_notifications(self) -> bool {
        self.0 & !mask(Subscription::DataIo as u16) != 0
    }

    pub(crate) fn set(&mut self, bit: usize, on: bool) {
        let mask = u16::try_from(bit).map_or(0, mask);
        if on {
            self.0 |= mask;
        } else {
            self.0 &= !mask;
        }
    }
}

fn mask(bit: u16) -> u16 {
    1_u16.checked_shl(u32::from(bit)).unwrap_or(0)
}

/// How messages are sent whose sender does not say (SCTP_DEFAULT_SNDINFO).
#[derive(Clone, Copy, Default)]
pub(crate) struct SendDefaults {
    pub(crate) stream: u16,
    /// Those of the policy excepted.
    pub(crate) flags: u16,
    /// As the user gave it.
    pub(crate) ppid: u32,
    pub(crate) context: u32,
    pub(crate) limit: SendLimit,
}

/// How long a message is worth sending, as the user says it (SCTP_PRINFO).
#[derive(Clone, Copy, Default)]
pub(crate) struct SendLimit {
    /// One of SCTP_PR_SCTP_NONE and its like.
    pub(crate) policy: u16,
    /// What that policy makes of it; without a policy a lifetime, or 0.
    pub(crate) value: u32,
}

impl SendLimit {
    /// Checks what a user gives as a policy and its value. None has no value.
    pub(crate) fn new(policy: u16, value: u32) -> Result<Self> {
        match u32::from(policy) {
            bindings::SCTP_PR_SCTP_NONE => Ok(Self::default()),
            bindings::SCTP_PR_SCTP_TTL
            | bindings::SCTP_PR_SCTP_RTX
            | bindings::SCTP_PR_SCTP_PRIO => Ok(Self { policy, value }),
            _ => Err(EINVAL),
        }
    }
}
