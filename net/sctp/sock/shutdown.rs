// SPDX-License-Identifier: GPL-2.0

//! `shutdown()` (RFC 6458, 4.1.7).

use crate::{
    endpoint::Style,
    sys::{
        bindings,
        sock::{Sk, State},
    },
};
use kernel::prelude::*;

/// Ends the association of a one-to-one socket gracefully if sending was shut down. SCTP knows no
/// half-closed state: the peer is told to stop sending, too. A one-to-many socket is unaffected.
///
/// The caller has noted `how` in the socket and holds its lock.
pub(crate) fn shutdown(sk: &Sk, how: u32) {
    let Ok(endpoint) = sk.endpoint() else { return };
    if endpoint.style != Style::OneToOne || how & bindings::SEND_SHUTDOWN == 0 {
        return;
    }
    if let Some(assoc) = endpoint.only_assoc() {
        if sk.state() == State::Established {
            sk.set_state(State::Closing);
        }
        let _ = assoc.lock().with(|engine, cx| engine.shutdown(cx));
    }
}

/// What `shutdown(SHUT_RD)` does to a socket that listens or connects.
pub(crate) fn disconnect(sk: &Sk) -> Result {
    if sk.endpoint()?.style != Style::OneToOne {
        return Err(EOPNOTSUPP);
    }
    sk.add_shutdown(bindings::RCV_SHUTDOWN);
    Ok(())
}
