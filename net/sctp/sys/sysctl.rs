// SPDX-License-Identifier: GPL-2.0

//! Sysctls of a namespace, one number each: files in `/proc/sys/net`.
//!
//! C headers: [`include/linux/sysctl.h`](srctree/include/linux/sysctl.h),
//! [`include/net/net_namespace.h`](srctree/include/net/net_namespace.h)

use super::{bindings, net::Net};
use core::{
    ffi::{c_void, CStr},
    mem::size_of,
};
use kernel::{prelude::*, sync::Arc};

/// Numbers that are read and written by their index.
pub(crate) trait Numbers: Send + Sync + 'static {
    /// The name of a number; `None` behind the last one.
    fn name(index: usize) -> Option<&'static CStr>;

    fn read(&self, index: usize) -> u32;

    /// Takes what a user has written, or refuses it. This is process context.
    fn write(&self, index: usize, value: u32) -> Result;
}

/// The files of all numbers of a `T`, as long as this value lives.
///
/// # Invariants
///
/// `header` is null, for want of sysctls in this kernel, or the registration of `table`. The `data`
/// of each entry points to what `numbers` keeps alive, its `extra1` is an index.
pub(crate) struct SysctlTable<T: Numbers> {
    header: *mut bindings::ctl_table_header,
    _table: KVec<bindings::ctl_table>,
    _numbers: Arc<T>,
}

impl<T: Numbers> SysctlTable<T> {
    /// Makes the files. They are those of the namespace, so it must outlive them.
    pub(crate) fn new(net: &Net, path: &'static CStr, numbers: Arc<T>) -> Result<Self> {
        let mut table = KVec::new();
        while let Some(name) = T::name(table.len()) {
            let entry = bindings::ctl_table {
                procname: name.as_char_ptr(),
                data: Arc::as_ptr(&numbers).cast_mut().cast(),
                maxlen: size_of::<c_uint>() as c_int,
                mode: 0o644,
                proc_handler: Some(handle::<T>),
                extra1: core::ptr::without_provenance_mut(table.len()),
                ..Default::default()
            };
            table.push(entry, GFP_KERNEL)?;
        }
        // SAFETY: The namespace lives, the path is a C string that is copied, and the table stays
        // until it is unregistered.
        let header = unsafe {
            bindings::sctp_helper_register_sysctls(
                net.as_ptr(),
                path.as_char_ptr(),
                table.as_ptr(),
                table.len(),
            )
        };
        if header.is_null() && cfg!(CONFIG_SYSCTL) {
            return Err(ENOMEM);
        }
        // INVARIANT: It was registered just now, with entries as they must be.
        Ok(Self {
            header,
            _table: table,
            _numbers: numbers,
        })
    }
}

impl<T: Numbers> Drop for SysctlTable<T> {
    fn drop(&mut self) {
        // SAFETY: By the type invariant this is null or a registration, which ends here. The
        // function waits for calls of the handler.
        unsafe { bindings::sctp_helper_unregister_sysctls(self.header) };
    }
}

/// The number as the C side shows and parses it, in a table of its own: what is read by others is
/// never half written.
///
/// # Safety
///
/// Only the C side calls this, through the table it stands in, with what belongs there.
unsafe extern "C" fn handle<T: Numbers>(
    entry: *const bindings::ctl_table,
    write: c_int,
    buffer: *mut c_void,
    len: *mut usize,
    pos: *mut bindings::loff_t,
) -> c_int {
    // SAFETY: The entry is one of a `SysctlTable<T>`, which stays during the call.
    let (numbers, index) = unsafe { ((*entry).data.cast::<T>(), (*entry).extra1.addr()) };
    // SAFETY: By the invariant of the table, which keeps it alive.
    let numbers = unsafe { &*numbers };
    let mut value: c_uint = numbers.read(index);
    let own = bindings::ctl_table {
        data: (&raw mut value).cast(),
        maxlen: size_of::<c_uint>() as c_int,
        ..Default::default()
    };
    // SAFETY: The table describes `value`, the other arguments are those of this call.
    let result = unsafe { bindings::proc_douintvec(&own, write, buffer, len, pos) };
    if result != 0 || write == 0 {
        return result;
    }
    match numbers.write(index, value) {
        Ok(()) => 0,
        Err(e) => e.to_errno(),
    }
}
