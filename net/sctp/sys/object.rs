// SPDX-License-Identifier: GPL-2.0

//! Counts of what there is, in `/sys/kernel/debug/rust_sctp`, for tests and for whoever wonders
//! what keeps the module in use. What is counted has a value for that inside, or is one, and the
//! count is undone when that is dropped, so none can drift.
//!
//! C header: [`include/linux/debugfs.h`](srctree/include/linux/debugfs.h)

use super::bindings;
use core::{ffi::CStr, ptr::NonNull};
use kernel::{
    prelude::*,
    sync::atomic::{Atomic, Relaxed},
};

/// What is counted.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Association,
    /// Addresses of peers.
    Path,
    /// Sockets, and those of associations that were not accepted yet. A socket whose messages are
    /// not all acknowledged counts, so nothing that is to be sent has a count of its own.
    Endpoint,
    /// Timers that are pending.
    Timer,
    /// Bytes of received data that sockets were charged with.
    Received,
}

const NAMES: [&CStr; 5] = [
    c"associations",
    c"paths",
    c"endpoints",
    c"timers",
    c"received_bytes",
];

static COUNTS: [Atomic<isize>; NAMES.len()] = [const { Atomic::new(0) }; NAMES.len()];

/// Counts `n` more of something that has no value of its own to count it.
pub(super) fn add(kind: Kind, n: isize) {
    add_to(kind as usize, n);
}

fn add_to(kind: usize, n: isize) {
    if let Some(count) = COUNTS.get(kind) {
        count.fetch_add(n, Relaxed);
    }
}

/// Something that counts, as long as it is there. It takes no memory.
///
/// # Invariants
///
/// The count of the [`Kind`] with that number has one for this value.
pub(crate) struct Counted<const KIND: usize>(());

pub(crate) type CountedAssociation = Counted<{ Kind::Association as usize }>;
pub(crate) type CountedPath = Counted<{ Kind::Path as usize }>;
pub(crate) type CountedEndpoint = Counted<{ Kind::Endpoint as usize }>;

impl<const KIND: usize> Counted<KIND> {
    /// Counts one.
    pub(crate) fn one() -> Self {
        add_to(KIND, 1);
        // INVARIANT: It was counted just now.
        Self(())
    }
}

impl<const KIND: usize> Drop for Counted<KIND> {
    fn drop(&mut self) {
        add_to(KIND, -1);
    }
}

/// The folder in debugfs.
pub(crate) struct Folder(Option<NonNull<bindings::dentry>>);

// SAFETY: The dentry is only handed to debugfs, which any thread may do.
unsafe impl Send for Folder {}
// SAFETY: As above.
unsafe impl Sync for Folder {}

impl Folder {
    /// As everywhere in the kernel, it is no error if there is no debugfs.
    pub(crate) fn new() -> Self {
        // SAFETY: The name is a C string; debugfs takes an error for a parent, too.
        let folder = unsafe {
            bindings::sctp_helper_debugfs_dir(c"rust_sctp".as_char_ptr()) //
        };
        for (name, count) in NAMES.iter().zip(&COUNTS) {
            // SAFETY: The name is copied; the count is a static of this module, which takes the
            // files away before it goes.
            unsafe {
                bindings::sctp_helper_debugfs_long(name.as_char_ptr(), folder, count.as_ptr())
            };
        }
        Self(NonNull::new(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Some(folder) = self.0 {
            // SAFETY: What `new` has made, an error included, and nobody else removes.
            unsafe { bindings::sctp_helper_debugfs_remove(folder.as_ptr()) };
        }
    }
}

/// Dropped when nothing can be left any more: says what is.
pub(crate) struct Census;

impl Drop for Census {
    fn drop(&mut self) {
        for (name, count) in NAMES.iter().zip(&COUNTS) {
            let left = count.load(Relaxed);
            if left != 0 {
                pr_err!("BUG: {left} {name:?} left\n");
            }
        }
    }
}
