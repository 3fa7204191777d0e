// SPDX-License-Identifier: GPL-2.0

//! What `sctp_connectx()` of libsctp is made of (RFC 6458, 9.9): SCTP_SOCKOPT_CONNECTX, its
//! predecessor and its successor, which tell the id of the new association in different ways.

use crate::{
    association::AssocId,
    sock::{addr, connect},
    sys::{
        sock::Sk,
        user::{self, Abi, OptionIn, OptionOut},
    },
};
use kernel::prelude::*;

/// Most bytes of addresses: many more than a peer may have.
pub(super) const MAX_LEN: usize = 4096;

fn begin(sk: &Sk, addresses: &[u8]) -> Result<AssocId> {
    let peers = addr::parse_list(addresses, |bytes| addr::parse_peer(sk, bytes))?;
    connect::begin(sk, &peers)
}

/// Says only whether it is connected.
pub(super) fn old(sk: &Sk, value: &OptionIn) -> Result {
    connectx(sk, value).map(|_| ())
}

/// Returns the id, which is why a call that does not wait can but say so.
pub(super) fn connectx(sk: &Sk, value: &OptionIn) -> Result<usize> {
    if value.len() > MAX_LEN {
        return Err(EINVAL);
    }
    let id = begin(sk, &value.read_bytes()?)?;
    connect::finish(sk, id, sk.is_nonblocking())?;
    usize::try_from(id).map_err(|_| EINVAL)
}

/// Writes the id also when it does not wait.
pub(super) fn connectx3(sk: &Sk, value: &OptionOut) -> Result {
    let (at, len) = value.read_address_list()?;
    if len > MAX_LEN {
        return Err(EINVAL);
    }
    let id = begin(sk, &user::read_bytes(at, len)?)?;
    match connect::finish(sk, id, sk.is_nonblocking()) {
        Err(e) if e != EINPROGRESS => Err(e),
        result => value.write(id.bytes()).and(result),
    }
}
