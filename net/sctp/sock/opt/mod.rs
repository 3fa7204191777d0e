// SPDX-License-Identifier: GPL-2.0

//! Socket options of level SOL_SCTP (RFC 6458, 8): which function knows which.
//!
//! Options that are not there yet say what the C module says of one that it does not know.

mod assoc;
mod event;

use crate::sys::{
    bindings,
    sock::Sk,
    user::{OptionIn, OptionOut},
};
use kernel::prelude::*;

/// `setsockopt()`.
pub(crate) fn set(sk: &Sk, name: u32, value: &OptionIn) -> Result {
    match name {
        bindings::SCTP_INITMSG => assoc::set_initmsg(sk, value),
        bindings::SCTP_NODELAY => assoc::set_nodelay(sk, value),
        bindings::SCTP_EVENTS => event::set_events(sk, value),
        bindings::SCTP_RECVRCVINFO => event::set_recvrcvinfo(sk, value),
        _ => Err(ENOPROTOOPT),
    }
}

/// `getsockopt()`.
pub(crate) fn get(sk: &Sk, name: u32, value: &OptionOut) -> Result {
    match name {
        bindings::SCTP_INITMSG => assoc::get_initmsg(sk, value),
        bindings::SCTP_NODELAY => assoc::get_nodelay(sk, value),
        bindings::SCTP_STATUS => assoc::get_status(sk, value),
        bindings::SCTP_EVENTS => event::get_events(sk, value),
        bindings::SCTP_RECVRCVINFO => event::get_recvrcvinfo(sk, value),
        _ => Err(ENOPROTOOPT),
    }
}
