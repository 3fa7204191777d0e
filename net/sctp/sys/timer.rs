// SPDX-License-Identifier: GPL-2.0

//! A `timer_list` that keeps its owner alive while it is armed.
//!
//! C header: [`include/linux/timer.h`](srctree/include/linux/timer.h)

use super::{
    bindings,
    object::{self, Kind},
};
use crate::engine::time::Duration;
use core::cell::UnsafeCell;
use core::marker::PhantomData;
use kernel::{
    prelude::*,
    sync::Arc,
    types::Opaque, //
};

/// Something that has one timer.
pub(crate) trait HasTimer: Send + Sync + Sized + 'static {
    /// The timer inside `self`.
    fn timer(&self) -> &Timer<Self>;

    /// Called in softirq context when the timer has expired.
    fn expired(this: Arc<Self>);
}

/// A timer embedded in a `T`.
///
/// # Invariants
///
/// While the timer is pending, or its callback has not yet taken over, it owns one reference to
/// the `T` at `owner`. So a `T` that is being dropped has no pending timer and no callback to
/// come.
#[pin_data]
#[repr(C)]
pub(crate) struct Timer<T> {
    #[pin]
    timer: Opaque<bindings::timer_list>,
    owner: UnsafeCell<*const T>,
    _owner: PhantomData<fn(Arc<T>)>,
}

// SAFETY: The C timer may be used from any context, `owner` is written only before the timer is
// first armed, always with the same value.
unsafe impl<T: HasTimer> Send for Timer<T> {}
// SAFETY: As above.
unsafe impl<T: HasTimer> Sync for Timer<T> {}

impl<T: HasTimer> Timer<T> {
    /// Returns an initialiser for a timer that is not armed.
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            timer <- Opaque::ffi_init(|slot: *mut bindings::timer_list| {
                // SAFETY: `slot` is a timer that nobody knows yet, pinned from now on.
                unsafe { bindings::sctp_helper_timer_setup(slot, Some(Self::callback)) }
            }),
            owner: UnsafeCell::new(core::ptr::null()),
            _owner: PhantomData,
        })
    }

    /// Lets the timer expire `after` from now, whether it is armed or not.
    ///
    /// The caller serialises calls of this and [`Self::cancel`] for one timer.
    pub(crate) fn arm(this: &Arc<T>, after: Duration) {
        let timer = this.timer();
        let owner = this.clone();
        // SAFETY: Calls are serialised, and the callback reads `owner` only after `mod_timer()`
        // below has published it; the value never changes.
        unsafe { *timer.owner.get() = Arc::as_ptr(this) };
        // SAFETY: A conversion without requirements.
        let expires = unsafe { bindings::sctp_helper_jiffies_after_ns(after.0) };
        // SAFETY: The timer was initialised and its memory lives as long as `this`.
        if unsafe { bindings::mod_timer(timer.timer.get(), expires) } == 0 {
            // INVARIANT: The timer was idle and is pending now: the reference is its.
            let _ = Arc::into_raw(owner);
            object::add(Kind::Timer, 1);
        }
    }

    /// Disarms the timer. A callback that already runs is not waited for: it owns a reference.
    ///
    /// The caller serialises calls of this and [`Self::arm`] for one timer.
    pub(crate) fn cancel(this: &Arc<T>) {
        // SAFETY: The timer was initialised and its memory lives as long as `this`.
        if unsafe { bindings::timer_delete(this.timer().timer.get()) } != 0 {
            object::add(Kind::Timer, -1);
            // SAFETY: The timer was pending, so by the type invariant it owned a reference, which
            // nobody else will take now.
            drop(unsafe { Arc::from_raw(Arc::as_ptr(this)) });
        }
    }

    /// # Safety
    ///
    /// Only the C side calls this, for a timer that was armed and has expired.
    unsafe extern "C" fn callback(timer: *mut bindings::timer_list) {
        // CAST: `timer` is the first field of this `repr(C)` struct.
        let this: *const Self = timer.cast_const().cast();
        // SAFETY: The timer was armed, so `owner` was set, and the memory lives by the type
        // invariant.
        let owner = unsafe { *(*this).owner.get() };
        object::add(Kind::Timer, -1);
        // SAFETY: By the type invariant the timer that has just expired owned this reference.
        T::expired(unsafe { Arc::from_raw(owner) });
    }
}
