// SPDX-License-Identifier: GPL-2.0

//! Counts of what there is, in `/sys/kernel/debug/rust_sctp`, for tests and for whoever wonders
//! what keeps the module in use. A count is a value inside of what it counts, and is undone when
//! that is dropped, so none can drift.
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

fn add(kind: Kind, n: isize) {
    if let Some(count) = COUNTS.get(kind as usize) {
        count.fetch_add(n, Relaxed);
    }
}

/// Something that counts, as long as it is there.
///
/// # Invariants
///
/// The count of `kind` has `n` for this value.
pub(crate) struct Counted {
    kind: Kind,
    n: isize,
}

impl Counted {
    /// Counts one.
    pub(crate) fn one(kind: Kind) -> Self {
        let mut this = Self::none(kind);
        this.set(1);
        this
    }

    pub(crate) const fn none(kind: Kind) -> Self {
        // INVARIANT: That is what the count has for it.
        Self { kind, n: 0 }
    }

    /// Goes on counting without this value, until [`Self::retake`].
    pub(super) fn leave(self) {
        core::mem::forget(self);
    }

    /// For one that [`Self::leave`] left.
    pub(super) fn retake(kind: Kind) -> Self {
        // INVARIANT: The count has had that one all the while.
        Self { kind, n: 1 }
    }

    /// Counts `n` from now on.
    pub(crate) fn set(&mut self, n: isize) {
        add(self.kind, n.wrapping_sub(self.n));
        // INVARIANT: The difference was added just now.
        self.n = n;
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.set(0);
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
