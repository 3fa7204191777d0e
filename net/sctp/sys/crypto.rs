// SPDX-License-Identifier: GPL-2.0

//! Randomness and message authentication.
//!
//! C headers: [`include/crypto/sha2.h`](srctree/include/crypto/sha2.h),
//! [`include/linux/random.h`](srctree/include/linux/random.h)

use super::bindings;
use crate::engine::cx::{Rng, MAC_LEN};

/// The kernel's random number generator.
pub(crate) struct KernelRng;

impl Rng for KernelRng {
    fn next_u32(&mut self) -> u32 {
        // SAFETY: May be called from any context.
        unsafe { bindings::get_random_u32() }
    }
}

/// Fills `bytes` with random ones.
pub(crate) fn random_bytes(bytes: &mut [u8]) {
    // SAFETY: `bytes` is that many writable bytes.
    unsafe { bindings::get_random_bytes(bytes.as_mut_ptr().cast(), bytes.len()) };
}

/// HMAC-SHA256.
pub(crate) fn hmac_sha256(key: &[u8], data: &[u8]) -> [u8; MAC_LEN] {
    let mut mac = [0; MAC_LEN];
    // SAFETY: The slices are that many readable bytes, `mac` is as long as the function writes.
    unsafe {
        bindings::hmac_sha256_usingrawkey(
            key.as_ptr(),
            key.len(),
            data.as_ptr(),
            data.len(),
            mac.as_mut_ptr(),
        )
    };
    mac
}

/// Whether two byte strings are equal, in a time that depends on their length only.
pub(crate) fn equal_in_constant_time(a: &[u8], b: &[u8]) -> bool {
    // SAFETY: Both are readable for that length, as the first condition says.
    a.len() == b.len()
        && !unsafe { bindings::sctp_helper_memneq(a.as_ptr().cast(), b.as_ptr().cast(), a.len()) }
}

/// A hash for spreading things; who knows the seed can choose what it is.
pub(crate) fn jhash(bytes: &[u8], seed: u32) -> u32 {
    // SAFETY: `bytes` is that many readable bytes.
    unsafe { bindings::sctp_helper_jhash(bytes.as_ptr().cast(), bytes.len() as u32, seed) }
}
