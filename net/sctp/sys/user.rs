// SPDX-License-Identifier: GPL-2.0

//! The arguments of `setsockopt()` and `getsockopt()`, and structures of the user ABI as bytes.
//!
//! C headers: [`include/linux/sockptr.h`](srctree/include/linux/sockptr.h),
//! [`include/linux/uaccess.h`](srctree/include/linux/uaccess.h)

use super::bindings;
use core::mem::{size_of, MaybeUninit};
use kernel::{
    error::to_result,
    prelude::*, //
};

/// A structure of the user ABI.
///
/// # Safety
///
/// Any bytes are a valid value, and so are zeroes; the type has no references and no interior
/// mutability. Padding is allowed: values are made by [`Abi::zeroed`], which zeroes it.
pub(crate) unsafe trait Abi: Sized {
    /// A value of zeroes, padding included.
    fn zeroed() -> Self {
        // SAFETY: By the trait's requirements.
        unsafe { MaybeUninit::zeroed().assume_init() }
    }

    /// The bytes of a value that was made by [`Abi::zeroed`] and filled in field by field.
    fn bytes(&self) -> &[u8] {
        // SAFETY: A value is that many readable bytes. Padding was initialised with zeroes.
        unsafe { core::slice::from_raw_parts((&raw const *self).cast(), size_of::<Self>()) }
    }

    /// A value from the first bytes of `bytes`; what they do not reach is zero.
    fn from_prefix(bytes: &[u8]) -> Self {
        let mut value = MaybeUninit::<Self>::zeroed();
        let len = bytes.len().min(size_of::<Self>());
        // SAFETY: Both are valid for `len` bytes and do not overlap.
        unsafe {
            core::ptr::copy_nonoverlapping(bytes.as_ptr(), value.as_mut_ptr().cast::<u8>(), len)
        };
        // SAFETY: By the trait's requirements any bytes are a value.
        unsafe { value.assume_init() }
    }
}

macro_rules! abi {
    ($($name:ty),* $(,)?) => {
        $(
            // SAFETY: A structure of integers, arrays of them and user pointers, as `include/uapi` has it.
            unsafe impl Abi for $name {}
        )*
    };
}

abi!(
    i32,
    u32,
    [u32; 3],
    bindings::__kernel_sockaddr_storage,
    bindings::in_pktinfo,
    bindings::in6_pktinfo,
    bindings::sockaddr_in,
    bindings::sockaddr_in6,
    bindings::sctp_adaptation_event,
    bindings::sctp_add_streams,
    bindings::sctp_assoc_change,
    bindings::sctp_assoc_stats,
    bindings::sctp_assoc_value,
    bindings::sctp_assocparams,
    bindings::sctp_authchunks,
    bindings::sctp_authinfo,
    bindings::sctp_authkey,
    bindings::sctp_authkey_event,
    bindings::sctp_authkeyid,
    bindings::sctp_default_prinfo,
    bindings::sctp_event,
    bindings::sctp_event_subscribe,
    bindings::sctp_getaddrs,
    bindings::sctp_getaddrs_old,
    bindings::sctp_info,
    bindings::sctp_initmsg,
    bindings::sctp_nxtinfo,
    bindings::sctp_paddr_change,
    bindings::sctp_paddrinfo,
    bindings::sctp_paddrparams_bytes,
    bindings::sctp_paddrthlds,
    bindings::sctp_paddrthlds_v2,
    bindings::sctp_pdapi_event,
    bindings::sctp_peeloff_arg_t,
    bindings::sctp_peeloff_flags_arg_t,
    bindings::sctp_prim,
    bindings::sctp_prinfo,
    bindings::sctp_probeinterval,
    bindings::sctp_prstatus,
    bindings::sctp_rcvinfo,
    bindings::sctp_remote_error,
    bindings::sctp_reset_streams,
    bindings::sctp_rtoinfo,
    bindings::sctp_sack_info,
    bindings::sctp_setadaptation,
    bindings::sctp_send_failed,
    bindings::sctp_send_failed_event,
    bindings::sctp_sender_dry_event,
    bindings::sctp_shutdown_event,
    bindings::sctp_sndinfo,
    bindings::sctp_sndrcvinfo,
    bindings::sctp_status,
    bindings::sctp_stream_value,
    bindings::sctp_udpencaps,
);

/// The value that a `setsockopt()` brings.
pub(crate) struct OptionIn {
    value: bindings::sockptr_t,
    len: usize,
}

impl OptionIn {
    /// Wraps the arguments of the call.
    ///
    /// # Safety
    ///
    /// They are those of a `setsockopt()` that is being executed.
    pub(crate) unsafe fn new(value: bindings::sockptr_t, len: u32) -> Self {
        Self {
            value,
            len: len as usize,
        }
    }

    /// Length that the caller gave, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Reads a structure; the caller's length must be at least its size.
    pub(crate) fn read<T: Abi>(&self) -> Result<T> {
        if self.len < size_of::<T>() {
            return Err(EINVAL);
        }
        self.read_prefix()
    }

    /// Reads a structure, or a later and longer version of it in which what is new is not used.
    pub(crate) fn read_version<T: Abi>(&self) -> Result<T> {
        let size = size_of::<T>();
        let more = self.len.checked_sub(size).ok_or(EINVAL)?;
        if more > bindings::RUST_CONST_HELPER_PAGE_SIZE {
            return Err(EINVAL);
        }
        // SAFETY: The source is the caller's.
        match unsafe { bindings::sctp_helper_sockptr_is_zero(self.value, size, more) } {
            0 => Err(EINVAL),
            1 => self.read_prefix(),
            error => Err(Error::from_errno(error)),
        }
    }

    /// Reads all that the caller gives. It is for the caller of this to limit its length.
    pub(crate) fn read_bytes(&self) -> Result<KVec<u8>> {
        let mut bytes: KVec<u8> = KVec::zeroed(self.len, GFP_KERNEL)?;
        let to = bytes.as_mut_ptr().cast();
        // SAFETY: `bytes` is that many writable bytes, the source is the caller's.
        to_result(unsafe { bindings::sctp_helper_sockptr_copy_from(to, self.value, self.len) })?;
        Ok(bytes)
    }

    /// Reads a structure of which the caller may know the beginning only.
    pub(crate) fn read_prefix<T: Abi>(&self) -> Result<T> {
        let mut value = MaybeUninit::<T>::zeroed();
        let len = self.len.min(size_of::<T>());
        // SAFETY: `value` is at least `len` writable bytes, the source is the caller's.
        to_result(unsafe {
            bindings::sctp_helper_sockptr_copy_from(value.as_mut_ptr().cast(), self.value, len)
        })?;
        // SAFETY: Any bytes are a value of `T`.
        Ok(unsafe { value.assume_init() })
    }
}

/// An address in the memory of the process that makes the call. Nothing is known about it.
#[derive(Clone, Copy)]
pub(crate) struct UserAddress(*const c_void);

/// Copies `len` bytes from the caller's memory.
pub(crate) fn read_bytes(from: UserAddress, len: usize) -> Result<KVec<u8>> {
    let mut bytes: KVec<u8> = KVec::zeroed(len, GFP_KERNEL)?;
    // SAFETY: `bytes` is `len` writable bytes; the other side is checked by the function.
    to_result(unsafe {
        bindings::sctp_helper_copy_from_user(bytes.as_mut_ptr().cast(), from.0, len)
    })?;
    Ok(bytes)
}

/// Where a `getsockopt()` wants its answer.
pub(crate) struct OptionOut {
    value: *mut c_void,
    len_ptr: *mut c_void,
    len: usize,
}

impl OptionOut {
    /// Wraps the arguments of the call and reads the length.
    ///
    /// # Safety
    ///
    /// They are those of a `getsockopt()` that is being executed.
    pub(crate) unsafe fn new(value: *mut c_char, len: *mut c_int) -> Result<Self> {
        let mut given: c_int = 0;
        // SAFETY: `given` is writable; the other side is checked by the function.
        to_result(unsafe {
            bindings::sctp_helper_copy_from_user(
                (&raw mut given).cast(),
                len.cast(),
                size_of::<c_int>(),
            )
        })?;
        Ok(Self {
            value: value.cast(),
            len_ptr: len.cast(),
            len: usize::try_from(given).map_err(|_| EINVAL)?,
        })
    }

    /// Length that the caller has room for, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Reads the structure that the caller passes in; it must have room for one.
    pub(crate) fn read<T: Abi>(&self) -> Result<T> {
        if self.len < size_of::<T>() {
            return Err(EINVAL);
        }
        self.read_prefix()
    }

    /// Reads the structure that the caller passes in, of which it may know the beginning only.
    pub(crate) fn read_prefix<T: Abi>(&self) -> Result<T> {
        let mut value = MaybeUninit::<T>::zeroed();
        let len = self.len.min(size_of::<T>());
        // SAFETY: `value` is at least `len` writable bytes; the other side is checked.
        to_result(unsafe {
            bindings::sctp_helper_copy_from_user(value.as_mut_ptr().cast(), self.value, len)
        })?;
        // SAFETY: Any bytes are a value of `T`.
        Ok(unsafe { value.assume_init() })
    }

    /// Reads a `struct sctp_getaddrs_old`: where a list of addresses is, and its length in bytes.
    pub(crate) fn read_address_list(&self) -> Result<(UserAddress, usize)> {
        // SAFETY: Asks about the current task.
        if unsafe { bindings::sctp_helper_in_compat_syscall() } {
            // An id, the length, and a pointer, each of four bytes.
            let [_, len, at]: [u32; 3] = self.read()?;
            return Ok((UserAddress(at as usize as *const c_void), len as usize));
        }
        let list: bindings::sctp_getaddrs_old = self.read()?;
        let len = usize::try_from(list.addr_num).map_err(|_| EINVAL)?;
        Ok((UserAddress(list.addrs.cast_const().cast()), len))
    }

    /// Writes as much of `bytes` as the caller has room for, and that length.
    pub(crate) fn write(&self, bytes: &[u8]) -> Result {
        self.write_as(bytes, bytes.len().min(self.len))
    }

    /// The same, but says that so many bytes were written.
    pub(crate) fn write_as(&self, bytes: &[u8], said: usize) -> Result {
        let len = bytes.len().min(self.len);
        let written = said as c_int;
        // SAFETY: `written` is readable; the other side is checked.
        to_result(unsafe {
            bindings::sctp_helper_copy_to_user(
                self.len_ptr,
                (&raw const written).cast(),
                size_of::<c_int>(),
            )
        })?;
        // SAFETY: `bytes` is at least `len` readable bytes; the other side is checked.
        to_result(unsafe {
            bindings::sctp_helper_copy_to_user(self.value, bytes.as_ptr().cast(), len)
        })
    }

    /// Writes a whole structure; the caller must have room for it.
    pub(crate) fn write_whole<T: Abi>(&self, value: &T) -> Result {
        if self.len < size_of::<T>() {
            return Err(EINVAL);
        }
        self.write(value.bytes())
    }
}
