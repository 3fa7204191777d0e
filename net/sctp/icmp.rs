// SPDX-License-Identifier: GPL-2.0

//! ICMP errors about packets that associations have sent (RFC 9260, 10).
//!
//! An error counts only if it quotes the verification tag that the association really uses, so
//! that somebody who cannot see its packets cannot make it believe anything.

use crate::{
    association::Assoc,
    pernet::PeerKey,
    sys::icmp::Quoted, //
};

/// Takes up an ICMP error.
pub(crate) fn error(quoted: &Quoted) {
    let (Some(mtu), Some(pernet)) = (quoted.too_big, quoted.net.state()) else {
        // Destinations that are unreachable are found out about by time-outs.
        return;
    };
    let key = PeerKey::new(
        quoted.local.ip,
        quoted.local_port,
        &quoted.peer,
        quoted.peer_port,
    );
    let Some(assoc) = Assoc::find(&pernet, &key) else {
        return;
    };
    let mut locked = assoc.lock();
    if locked.inner.engine.peer_tag() == quoted.tag {
        locked.path_mtu(&quoted.peer, mtu);
    }
}
