// SPDX-License-Identifier: GPL-2.0

//! A spinlock that also keeps bottom halves off, which the kernel crate lacks: what it protects
//! is shared between system calls and packet input.
//!
//! C header: [`include/linux/spinlock.h`](srctree/include/linux/spinlock.h)

use super::bindings;
use kernel::{
    ffi::c_char,
    sync::lock::{
        Backend,
        Lock, //
    },
};

/// The `spin_lock_bh()` lock backend.
pub(crate) struct SpinLockBhBackend;

/// A spinlock taken with bottom halves disabled.
pub(crate) type SpinLockBh<T> = Lock<T, SpinLockBhBackend>;

/// Creates a [`SpinLockBh`] initialiser with a lock class of its own.
macro_rules! new_spinlock_bh {
    ($inner:expr, $name:literal) => {
        $crate::sys::lock::SpinLockBh::new(
            $inner,
            kernel::optional_name!($name),
            kernel::static_lock_class!(),
        )
    };
}
pub(crate) use new_spinlock_bh;

// SAFETY: `spin_lock_bh()` ensures mutual exclusion between all contexts but hard interrupts, in
// which the module has no code. `relock` is the default.
unsafe impl Backend for SpinLockBhBackend {
    type State = kernel::bindings::spinlock_t;
    type GuardState = ();

    unsafe fn init(
        ptr: *mut Self::State,
        name: *const c_char,
        key: *mut kernel::bindings::lock_class_key,
    ) {
        // SAFETY: By this function's requirements `ptr` may be written, `name` and `key` live on.
        unsafe { kernel::bindings::__spin_lock_init(ptr, name, key) }
    }

    unsafe fn lock(ptr: *mut Self::State) -> Self::GuardState {
        // SAFETY: By this function's requirements `ptr` is an initialised spinlock.
        unsafe { bindings::sctp_helper_spin_lock_bh(ptr.cast()) }
    }

    unsafe fn try_lock(ptr: *mut Self::State) -> Option<Self::GuardState> {
        // SAFETY: By this function's requirements `ptr` is an initialised spinlock.
        (unsafe { bindings::sctp_helper_spin_trylock_bh(ptr.cast()) } != 0).then_some(())
    }

    unsafe fn unlock(ptr: *mut Self::State, _guard_state: &Self::GuardState) {
        // SAFETY: By this function's requirements the caller holds the lock at `ptr`.
        unsafe { bindings::sctp_helper_spin_unlock_bh(ptr.cast()) }
    }

    unsafe fn assert_is_held(ptr: *mut Self::State) {
        // SAFETY: By this function's requirements `ptr` is an initialised spinlock.
        unsafe { kernel::bindings::spin_assert_is_held(ptr) }
    }
}
