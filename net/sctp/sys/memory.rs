// SPDX-License-Identifier: GPL-2.0

//! The memory of received data that sockets hold, charged as all sockets of Linux have it: to the
//! protocol, whose total is limited, and to the memory cgroup of whoever made the socket.
//!
//! C header: [`include/net/sock.h`](srctree/include/net/sock.h)

use super::{
    bindings,
    object::{self, Kind},
    sock::Sk,
};
use kernel::{
    error::to_result,
    prelude::*,
    sync::aref::ARef, //
};

/// The protocol's account.
pub(crate) struct MemoryAccount(());

impl MemoryAccount {
    /// Opens the account, before there are sockets. Called once.
    pub(crate) fn new() -> Result<Self> {
        // SAFETY: Nobody uses the account yet.
        to_result(unsafe { bindings::sctp_helper_memory_init() })?;
        Ok(Self(()))
    }
}

impl Drop for MemoryAccount {
    fn drop(&mut self) {
        // SAFETY: This value proves that the account is open, and no socket is left.
        unsafe { bindings::sctp_helper_memory_exit() };
    }
}

/// Memory that a socket was charged with for what is received.
///
/// # Invariants
///
/// `sk` was charged with `bytes` for this value, and they fit a `c_int`.
pub(crate) struct Allowance {
    sk: ARef<Sk>,
    bytes: usize,
}

impl Allowance {
    /// None yet.
    pub(crate) fn new(sk: ARef<Sk>) -> Self {
        // INVARIANT: Nothing is charged.
        Self { sk, bytes: 0 }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Makes it at least `bytes`. `ENOBUFS`, and nothing has changed, if a limit is in the way.
    pub(crate) fn raise_to(&mut self, bytes: usize) -> Result {
        if bytes <= self.bytes {
            return Ok(());
        }
        c_int::try_from(bytes).map_err(|_| ENOBUFS)?;
        let more = (bytes - self.bytes) as c_int;
        // SAFETY: The socket is valid.
        if !unsafe { bindings::sctp_helper_charge_received(self.sk.as_ptr(), more) } {
            return Err(ENOBUFS);
        }
        object::add(Kind::Received, more as isize);
        // INVARIANT: The difference was charged just now.
        self.bytes = bytes;
        Ok(())
    }

    /// Makes it at most `bytes`.
    pub(crate) fn lower_to(&mut self, bytes: usize) {
        if bytes >= self.bytes {
            return;
        }
        let less = (self.bytes - bytes) as c_int;
        // SAFETY: The socket is valid, and by the type invariant it was charged with so much.
        unsafe { bindings::sctp_helper_uncharge_received(self.sk.as_ptr(), less) };
        object::add(Kind::Received, (less as isize).wrapping_neg());
        // INVARIANT: The difference is charged no more.
        self.bytes = bytes;
    }
}

impl Drop for Allowance {
    fn drop(&mut self) {
        self.lower_to(0);
    }
}
