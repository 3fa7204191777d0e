// SPDX-License-Identifier: GPL-2.0

//! ICMP errors about packets that associations have sent (RFC 9260, 10).
//!
//! Whether an error is believed, and what follows from it, is for the engine to say.

use crate::{
    pernet::PeerKey,
    sys::icmp::IcmpError, //
};

/// Takes up an ICMP error.
pub(crate) fn error(error: &IcmpError) {
    let Some(pernet) = error.net.state() else {
        return;
    };
    let (ours, peers) = (error.quote.source_port, error.quote.destination_port);
    let key = PeerKey::new(ours, &error.peer, peers);
    let found = pernet.peers.lock().find(&key, &error.local, |_| true);
    if let Some(assoc) = found {
        assoc.lock().icmp(error);
    }
}
