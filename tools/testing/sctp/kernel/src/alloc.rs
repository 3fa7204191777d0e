// SPDX-License-Identifier: GPL-2.0

//! Stand-in for `kernel::alloc`: fallible allocation, [`KBox`] and [`KVec`].

pub mod kbox;
pub mod kvec;

pub use self::kbox::KBox;
pub use self::kvec::KVec;

/// An allocation failed.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct AllocError;

/// How an allocation may be made. Here all flags behave alike.
#[derive(Clone, Copy, PartialEq)]
pub struct Flags(u32);

impl Flags {
    /// Whether all of `flags` are set.
    pub fn contains(self, flags: Flags) -> bool {
        (self & flags) == flags
    }
}

impl core::ops::BitOr for Flags {
    type Output = Self;

    fn bitor(self, rhs: Self) -> Self::Output {
        Self(self.0 | rhs.0)
    }
}

impl core::ops::BitAnd for Flags {
    type Output = Self;

    fn bitand(self, rhs: Self) -> Self::Output {
        Self(self.0 & rhs.0)
    }
}

impl core::ops::Not for Flags {
    type Output = Self;

    fn not(self) -> Self::Output {
        Self(!self.0)
    }
}

/// The flags. The values are not the kernel's: nothing may depend on them.
pub mod flags {
    use super::Flags;

    pub const GFP_ATOMIC: Flags = Flags(1);
    pub const GFP_KERNEL: Flags = Flags(2);
    pub const GFP_NOWAIT: Flags = Flags(4);
    pub const __GFP_ZERO: Flags = Flags(8);
    pub const __GFP_NOWARN: Flags = Flags(16);
}
