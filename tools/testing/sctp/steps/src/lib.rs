// SPDX-License-Identifier: GPL-2.0

//! What something costs, in instructions: a number that does not depend on how busy the machine
//! is. The processor's trap flag makes each instruction a signal, and the signals are counted.
//!
//! That takes about ten microseconds for each, so what is counted should be small. It is there on
//! x86-64 only; elsewhere [`count`] says so.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod x86_64 {
    use std::{arch::asm, cell::Cell, ffi::c_int};

    const SIGTRAP: c_int = 5;

    thread_local! {
        static STEPS: Cell<u64> = const { Cell::new(0) };
    }

    // SAFETY: as in signal(3), for a handler that is given the number alone.
    unsafe extern "C" {
        fn signal(number: c_int, handler: extern "C" fn(c_int)) -> usize;
    }

    extern "C" fn on_step(_: c_int) {
        // The signal is the thread's own, and what it does here is nothing that it may have been
        // in the middle of: a `const` thread-local without `Drop` is a place in memory.
        STEPS.set(STEPS.get().wrapping_add(1));
    }

    pub(super) fn count(f: impl FnOnce()) -> u64 {
        // SAFETY: the handler may run at any time.
        unsafe { signal(SIGTRAP, on_step) };
        let before = STEPS.get();
        // SAFETY: the trap flag changes nothing but that SIGTRAP comes after each instruction, for
        // which there is a handler. The stack is as it was.
        unsafe { asm!("pushfq", "or qword ptr [rsp], 0x100", "popfq") };
        f();
        // SAFETY: as above.
        unsafe { asm!("pushfq", "and qword ptr [rsp], -0x101", "popfq") };
        STEPS.get().wrapping_sub(before)
    }
}

/// The number of instructions that `f` takes, `None` where they cannot be counted. `f` is not to
/// panic.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub fn count(f: impl FnOnce()) -> Option<u64> {
    Some(x86_64::count(f))
}

/// As there is no way to count here, `f` is only run.
#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
pub fn count(f: impl FnOnce()) -> Option<u64> {
    f();
    None
}
