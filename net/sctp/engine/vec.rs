// SPDX-License-Identifier: GPL-2.0

//! What the kernel's vectors do not have in the way that it is needed here.

use super::env::KVec;

/// Keeps what `keep` wants, in its order. As far as the compiler can tell, `KVec::retain()` may
/// panic. Each one that goes moves all behind it: for short vectors.
pub(crate) fn retain<T>(vec: &mut KVec<T>, mut keep: impl FnMut(&T) -> bool) {
    let mut kept = 0;
    while let Some(item) = vec.get(kept) {
        if keep(item) {
            kept = kept.saturating_add(1);
        } else {
            let _ = vec.remove(kept);
        }
    }
}
