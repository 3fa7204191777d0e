// SPDX-License-Identifier: GPL-2.0

//! What `sctp_bindx()` of libsctp is made of (RFC 6458, 9.1).

use super::connectx::MAX_LEN;
use crate::{
    endpoint::TransportAddr,
    sock::{addr, bind},
    sys::{sock::Sk, user::OptionIn},
};
use kernel::prelude::*;

/// Reads the addresses.
fn read(sk: &Sk, value: &OptionIn) -> Result<KVec<TransportAddr>> {
    if value.len() > MAX_LEN {
        return Err(EINVAL);
    }
    let bytes = value.read_bytes()?;
    addr::parse_list(&bytes, |bytes| addr::parse(sk, bytes))
}

/// SCTP_BINDX_ADD_ADDR.
pub(super) fn add(sk: &Sk, value: &OptionIn) -> Result {
    let addrs = read(sk, value)?;
    let _guard = sk.lock();
    bind::add(sk, sk.endpoint()?, &addrs)
}

/// SCTP_BINDX_REM_ADDR.
pub(super) fn remove(sk: &Sk, value: &OptionIn) -> Result {
    let addrs = read(sk, value)?;
    let _guard = sk.lock();
    bind::remove(sk.endpoint()?, &addrs)
}
