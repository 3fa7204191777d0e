// SPDX-License-Identifier: GPL-2.0

//! The socket layer: one file for each operation (RFC 6458).
//!
//! Called by `sys::proto` with the socket of the call. `lock_sock()` is taken for what belongs to
//! the socket alone: binding, listening, connecting. Sending and receiving do not take it.

pub(crate) mod accept;
pub(crate) mod addr;
pub(crate) mod bind;
pub(crate) mod close;
pub(crate) mod cmsg;
pub(crate) mod connect;
pub(crate) mod create;
pub(crate) mod ioctl;
mod lend;
pub(crate) mod listen;
pub(crate) mod notify;
pub(crate) mod opt;
pub(crate) mod peeloff;
pub(crate) mod poll;
pub(crate) mod recvmsg;
pub(crate) mod sendmsg;
pub(crate) mod shutdown;
