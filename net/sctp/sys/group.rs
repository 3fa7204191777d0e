// SPDX-License-Identifier: GPL-2.0

//! Listeners that share a port, as the kernel's own groups of sockets (`SO_REUSEPORT`): a program
//! of the user may choose among them (`SO_ATTACH_REUSEPORT_CBPF`).
//!
//! A socket that has not joined a group has one of its own as soon as it has a program. What is
//! left of a group when a socket is destructed the C side takes apart.
//!
//! C header: [`include/net/sock_reuseport.h`](srctree/include/net/sock_reuseport.h)

use super::{
    bindings,
    skb::{Skb, HEADER_LEN},
    sock::Sk,
};
use kernel::{error::to_result, prelude::*};

/// Lets a socket join the group of another one, or, if that is the same, have its own. If both have
/// a program, that of the group counts.
pub(crate) fn join(sk: &Sk, other: &Sk, is_wildcard: bool) -> Result {
    let (sk, other) = (sk.as_ptr(), other.as_ptr());
    to_result(if core::ptr::eq(sk, other) {
        // SAFETY: The socket is valid.
        unsafe { bindings::reuseport_alloc(sk, is_wildcard) }
    } else {
        // SAFETY: Both are valid.
        unsafe { bindings::reuseport_add_sock(sk, other, is_wildcard) }
    })
}

/// Lets it leave its group, if it has one.
pub(crate) fn leave(sk: &Sk) {
    // SAFETY: The socket is valid.
    if unsafe { bindings::sctp_helper_sk_in_group(sk.as_ptr()) } {
        // SAFETY: As above.
        unsafe { bindings::reuseport_detach_sock(sk.as_ptr()) };
    }
}

/// Who is meant, of a group. It may be there no more: this is not to be followed, only compared.
pub(crate) struct Chosen(*const bindings::sock);

impl Chosen {
    pub(crate) fn is(&self, sk: &Sk) -> bool {
        core::ptr::eq(self.0, sk.as_ptr())
    }
}

/// Asks the program of the socket's group whom a packet is for, which begins with the common
/// header; without one `hash` decides. Programs see the chunks, as with the C module.
///
/// Nobody may leave the group meanwhile.
pub(super) fn choose(sk: &Sk, hash: u32, packet: &Skb) -> Chosen {
    let (sk, skb) = (sk.as_ptr(), packet.as_ptr());
    // SAFETY: Both are valid. The program gets the packet without its header, which is put back;
    // since it is linear, nothing is moved by that. Sockets in the group are valid.
    Chosen(unsafe { bindings::reuseport_select_sock(sk, hash, skb, HEADER_LEN as c_int) })
}
