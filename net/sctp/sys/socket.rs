// SPDX-License-Identifier: GPL-2.0

//! `struct socket` and its file, for sockets that neither `socket()` nor `accept()` makes.
//!
//! C header: [`include/linux/net.h`](srctree/include/linux/net.h)

use super::{bindings, sock::Sk};
use core::{mem::ManuallyDrop, ptr::NonNull};
use kernel::{
    error::{from_err_ptr, to_result},
    fs::File,
    prelude::*,
    sync::aref::ARef, //
};

/// A socket that has no file yet. Dropping it closes it.
///
/// # Invariants
///
/// The pointer is a valid socket that nobody else has.
pub(crate) struct Socket(NonNull<bindings::socket>);

impl Drop for Socket {
    fn drop(&mut self) {
        // SAFETY: By the type invariant.
        unsafe { bindings::sock_release(self.0.as_ptr()) };
    }
}

/// Makes `socket` that of `child`, which gets the memory cgroup of the caller: nothing may be
/// charged to it before, nor at the same time.
///
/// # Safety
///
/// Both sockets are valid, and nobody else has the new one.
pub(super) unsafe fn graft(
    like: *mut bindings::socket,
    socket: *mut bindings::socket,
    child: ARef<Sk>,
) {
    let guard = child.lock();
    // SAFETY: By this function's requirements; the child is locked.
    unsafe { bindings::__inet_accept(like, socket, child.as_ptr()) };
    drop(guard);
    // SAFETY: By this function's requirements.
    unsafe { bindings::sctp_helper_socket_set_custom_sockopt(socket) };
    // The socket has the reference.
    let _ = ARef::into_raw(child);
}

impl Socket {
    /// Makes a socket of the family and type of `sk`, which is nobody's yet.
    pub(crate) fn new(sk: &Sk) -> Result<Self> {
        let family = if sk.is_ipv6() {
            bindings::AF_INET6
        } else {
            bindings::AF_INET
        };
        let mut socket = core::ptr::null_mut();
        // SAFETY: `socket` is writable.
        to_result(unsafe {
            bindings::sock_create_lite(
                family as c_int,
                sk.kind() as c_int,
                bindings::IPPROTO_SCTP as c_int,
                &mut socket,
            )
        })?;
        // INVARIANT: It was just made.
        NonNull::new(socket).map(Self).ok_or(ENOMEM)
    }

    /// Makes it the socket of `child`, which `accept_child()` of `parent` has made, and which
    /// `close()` of the socket then is for.
    pub(crate) fn attach(self, parent: &Sk, child: ARef<Sk>) -> Self {
        // SAFETY: A call is being executed for the parent, so that it has a socket.
        let like = unsafe { bindings::sctp_helper_sk_socket(parent.as_ptr()) };
        // SAFETY: Both are valid, and nobody else has `self`.
        unsafe { graft(like, self.0.as_ptr(), child) };
        // SAFETY: Both are valid, and nobody else has `self`.
        unsafe { (*self.0.as_ptr()).ops = (*like).ops };
        // SAFETY: The parent's own reference keeps the module.
        unsafe { bindings::sctp_helper_socket_get_module(self.0.as_ptr()) };
        self
    }

    /// Gives it a file, which it belongs to from then on.
    pub(crate) fn into_file(self, flags: u32) -> Result<ARef<File>> {
        let socket = ManuallyDrop::new(self);
        // SAFETY: The function takes the socket, and closes it if it fails.
        let file = from_err_ptr(unsafe {
            bindings::sock_alloc_file(socket.0.as_ptr(), flags as c_int, core::ptr::null())
        })?;
        let file = NonNull::new(file.cast::<File>()).ok_or(ENOMEM)?;
        // SAFETY: A new file, nobody's position of which is in use, and its reference is ours.
        Ok(unsafe { ARef::from_raw(file) })
    }
}
