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

/// A key for HMAC-SHA256 of which the part of the work is done that is the same for all data.
#[derive(Clone, Copy)]
pub(crate) struct MacKey(bindings::hmac_sha256_key);

impl MacKey {
    /// One of random bytes.
    pub(crate) fn random() -> Self {
        let mut raw = [0_u8; MAC_LEN];
        // SAFETY: `raw` is that many writable bytes.
        unsafe { bindings::get_random_bytes(raw.as_mut_ptr().cast(), raw.len()) };
        let mut key = bindings::hmac_sha256_key::default();
        // SAFETY: `raw` is that many readable bytes, and `key` may be written.
        unsafe { bindings::hmac_sha256_preparekey(&mut key, raw.as_ptr(), raw.len()) };
        Self(key)
    }

    pub(crate) fn hmac_sha256(&self, data: &[u8]) -> [u8; MAC_LEN] {
        let mut mac = [0; MAC_LEN];
        // SAFETY: The key was prepared, `data` is that many readable bytes, and `mac` is as long
        // as the function writes.
        unsafe {
            bindings::hmac_sha256(&self.0, data.as_ptr(), data.len(), mac.as_mut_ptr());
        }
        mac
    }
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
