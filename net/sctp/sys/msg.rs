// SPDX-License-Identifier: GPL-2.0

//! `struct msghdr`: the arguments of `sendmsg()` and `recvmsg()`.
//!
//! C headers: [`include/linux/socket.h`](srctree/include/linux/socket.h),
//! [`include/linux/uio.h`](srctree/include/linux/uio.h)

use super::{bindings, skb::Skb, sock::Sk, zerocopy::Lent};
use core::marker::PhantomData;
use kernel::{
    error::to_result,
    prelude::*, //
};

/// The message header of the call that is being executed.
///
/// # Invariants
///
/// The pointer is the valid `msghdr` of a call that is being executed.
pub(crate) struct Message<'a> {
    msg: *mut bindings::msghdr,
    _call: PhantomData<&'a mut bindings::msghdr>,
}

/// One piece of ancillary data.
pub(crate) struct ControlMessage<'a> {
    pub(crate) level: c_int,
    pub(crate) kind: c_int,
    pub(crate) data: &'a [u8],
}

impl<'a> Message<'a> {
    /// Wraps the header of the call.
    ///
    /// # Safety
    ///
    /// The caller makes the type invariant true for `'a`.
    pub(crate) unsafe fn from_raw(msg: *mut bindings::msghdr) -> Self {
        // INVARIANT: By this function's requirements.
        Self {
            msg,
            _call: PhantomData,
        }
    }

    /// The flags of the call.
    pub(crate) fn flags(&self) -> u32 {
        // SAFETY: By the type invariant.
        unsafe { (*self.msg).msg_flags }
    }

    /// Tells the caller more about what it received.
    pub(crate) fn add_flags(&mut self, flags: u32) {
        // SAFETY: By the type invariant.
        unsafe { (*self.msg).msg_flags |= flags };
    }

    /// The address to send to, as bytes.
    pub(crate) fn name(&self) -> Option<&[u8]> {
        // SAFETY: By the type invariant.
        let (name, len) = unsafe { ((*self.msg).msg_name, (*self.msg).msg_namelen) };
        if name.is_null() || len <= 0 {
            return None;
        }
        // SAFETY: The socket layer has copied that many bytes there.
        Some(unsafe { core::slice::from_raw_parts(name.cast_const().cast(), len as usize) })
    }

    /// Whether the caller asked where the message came from.
    pub(crate) fn wants_name(&self) -> bool {
        // SAFETY: By the type invariant.
        unsafe { !(*self.msg).msg_name.is_null() }
    }

    /// Tells the caller where the message came from, if it asked.
    pub(crate) fn set_name(&mut self, name: &[u8]) {
        // SAFETY: By the type invariant.
        let to = unsafe { (*self.msg).msg_name };
        let len = name
            .len()
            .min(core::mem::size_of::<bindings::__kernel_sockaddr_storage>());
        if to.is_null() {
            return;
        }
        // SAFETY: The socket layer provides a `sockaddr_storage` for receiving.
        unsafe { core::ptr::copy_nonoverlapping(name.as_ptr(), to.cast(), len) };
        // SAFETY: By the type invariant.
        unsafe { (*self.msg).msg_namelen = len as c_int };
    }

    /// Calls `each` for each piece of ancillary data to be sent.
    pub(crate) fn for_each_control(
        &self,
        mut each: impl FnMut(ControlMessage<'_>) -> Result,
    ) -> Result {
        // SAFETY: By the type invariant.
        if unsafe { (*self.msg).msg_controllen } == 0 {
            return Ok(());
        }
        // SAFETY: By the type invariant; the socket layer has copied the control data.
        let mut at = unsafe { bindings::sctp_helper_cmsg_firsthdr(self.msg) };
        while !at.is_null() {
            // SAFETY: The macros behind these return headers within the control data only.
            if !unsafe { bindings::sctp_helper_cmsg_ok(self.msg, at) } {
                return Err(EINVAL);
            }
            // SAFETY: `CMSG_OK` has checked that the header and its length are within.
            let (level, kind, len) = unsafe { ((*at).cmsg_level, (*at).cmsg_type, (*at).cmsg_len) };
            // SAFETY: As above.
            let data = unsafe { bindings::sctp_helper_cmsg_data(at) };
            let len = len.saturating_sub(core::mem::size_of::<bindings::cmsghdr>());
            // SAFETY: As above: the data follows the header, which is aligned already.
            let data = unsafe { core::slice::from_raw_parts(data.cast_const().cast(), len) };
            each(ControlMessage { level, kind, data })?;
            // SAFETY: As for the first.
            at = unsafe { bindings::sctp_helper_cmsg_nxthdr(self.msg, at) };
        }
        Ok(())
    }

    /// Gives the caller a piece of ancillary data; what has no room is marked with `MSG_CTRUNC`.
    pub(crate) fn put_control(&mut self, level: c_int, kind: c_int, data: &[u8]) {
        // SAFETY: By the type invariant, and `data` is that many readable bytes.
        unsafe {
            bindings::put_cmsg(
                self.msg,
                level,
                kind,
                data.len() as c_int,
                data.as_ptr().cast_mut().cast(),
            )
        };
    }

    /// Gives the caller the ancillary data of level SOL_SOCKET that the socket is to give, about
    /// the packet in `skb`.
    pub(crate) fn put_socket_control(&mut self, sk: &Sk, skb: &Skb) {
        // SAFETY: By the type invariant, and the socket and the skb are valid.
        unsafe {
            bindings::sctp_helper_sock_recv_cmsgs(self.msg, sk.as_ptr(), skb.as_ptr());
        }
    }

    fn iter(&mut self) -> *mut bindings::iov_iter {
        // SAFETY: By the type invariant.
        unsafe { &raw mut (*self.msg).msg_iter }
    }

    /// Whether the caller gives pages to be referred to (MSG_SPLICE_PAGES) that have at least so
    /// many bytes each on average.
    pub(super) fn splices_pages_of(&mut self, bytes: usize) -> bool {
        if self.flags() & bindings::MSG_SPLICE_PAGES == 0 {
            return false;
        }
        let iter = self.iter();
        // SAFETY: The iterator is valid.
        let pages = unsafe { bindings::sctp_helper_iter_bvecs(iter) };
        // SAFETY: As above.
        let count = unsafe { bindings::sctp_helper_iter_count(iter) };
        pages != 0 && count / pages >= bytes
    }

    /// Lets `skb`, which has no bytes yet, refer to the first pages that the caller gives, of at
    /// most `len` bytes.
    pub(super) fn splice_to(&mut self, skb: &Skb, len: usize) -> Result {
        let shared = self.flags() & bindings::MSG_NO_SHARED_FRAGS == 0;
        // SAFETY: Both are valid; the skb belongs to a send buffer and is nobody else's yet.
        let spliced =
            unsafe { bindings::sctp_helper_skb_splice(skb.as_ptr(), self.iter(), len, shared) };
        to_result(spliced.min(0) as c_int)
    }

    /// Lets `skb`, which has no bytes yet, refer to the first pages of the memory that the caller
    /// lends, of at most `len` bytes.
    pub(super) fn lend_to(&mut self, skb: &Skb, len: usize, lent: &Lent<'_>) -> Result {
        // SAFETY: Both are valid; the skb belongs to a send buffer and is nobody else's yet.
        let err = unsafe {
            bindings::__zerocopy_sg_from_iter(
                core::ptr::null_mut(),
                core::ptr::null_mut(),
                skb.as_ptr(),
                self.iter(),
                len,
                core::ptr::null_mut(),
            )
        };
        match to_result(err) {
            // There are more pages than it has room for.
            Err(EMSGSIZE) if skb.len() != 0 => {}
            result => result?,
        }
        // SAFETY: The skb is valid and nobody else's, and `lent` has a reference.
        unsafe { bindings::sctp_helper_skb_zcopy_set(skb.as_ptr(), lent.as_ptr()) };
        Ok(())
    }

    /// Fills the whole of `skb` from the caller's memory.
    pub(crate) fn copy_from_user(&mut self, skb: &Skb, len: usize) -> Result {
        // SAFETY: The skb is valid, has `len` bytes and is nobody else's yet.
        to_result(unsafe {
            bindings::skb_copy_datagram_from_iter(skb.as_ptr(), 0, self.iter(), len as c_int)
        })
    }

    /// Fills the whole of `bytes` from the caller's memory.
    pub(crate) fn copy_bytes_from_user(&mut self, bytes: &mut [u8]) -> Result {
        // SAFETY: `bytes` is that many writable bytes.
        let copied = unsafe {
            bindings::sctp_helper_copy_from_iter(
                bytes.as_mut_ptr().cast(),
                bytes.len(),
                self.iter(),
            )
        };
        if copied == bytes.len() {
            Ok(())
        } else {
            Err(EFAULT)
        }
    }

    /// Gives the caller what is first on the error queue of a socket, of which nothing but a
    /// notification is ever there.
    pub(crate) fn put_queued_error(&mut self, sk: &Sk, len: usize) -> Result<usize> {
        let len = c_int::try_from(len).unwrap_or(c_int::MAX);
        // SAFETY: By the type invariant, and the socket is valid.
        let copied = unsafe { bindings::inet_recv_error(sk.as_ptr(), self.msg, len) };
        usize::try_from(copied).map_err(|_| Error::from_errno(copied))
    }

    /// Copies bytes of an skb to the caller's memory.
    pub(crate) fn copy_skb_to_user(&mut self, skb: &Skb, offset: usize, len: usize) -> Result {
        // SAFETY: The skb is valid; the function checks the range.
        to_result(unsafe {
            bindings::skb_copy_datagram_iter(
                skb.as_ptr(),
                offset as c_int,
                self.iter(),
                len as c_int,
            )
        })
    }

    /// Copies bytes to the caller's memory.
    pub(crate) fn copy_to_user(&mut self, bytes: &[u8]) -> Result {
        // SAFETY: `bytes` is that many readable bytes.
        let copied = unsafe {
            bindings::sctp_helper_copy_to_iter(bytes.as_ptr().cast(), bytes.len(), self.iter())
        };
        if copied == bytes.len() {
            Ok(())
        } else {
            Err(EFAULT)
        }
    }
}
