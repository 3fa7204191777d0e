// SPDX-License-Identifier: GPL-2.0

//! The table of associations by verification tag: a `rhashtable` read under RCU.
//!
//! C header: [`include/linux/rhashtable.h`](srctree/include/linux/rhashtable.h)

use super::bindings;
use core::marker::PhantomData;
use kernel::{
    error::to_result,
    prelude::*,
    sync::{
        rcu,
        Arc, //
    },
    types::Opaque, //
};

/// What the peer puts into each packet of an association, and so what finds it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct TagKey {
    pub(crate) tag: u32,
    pub(crate) local_port: u16,
    pub(crate) peer_port: u16,
}

impl TagKey {
    fn to_c(self) -> bindings::sctp_tag_key {
        bindings::sctp_tag_key {
            tag: self.tag,
            local_port: self.local_port,
            peer_port: self.peer_port,
        }
    }
}

/// A table of `T` by [`TagKey`]. Looking up takes no lock.
///
/// # Invariants
///
/// Each node in the table is a `KBox` given up to it and owns one reference to the `T` it points
/// to. Both are released a grace period after the node was taken out.
#[pin_data(PinnedDrop)]
pub(crate) struct TagTable<T: Send + Sync + 'static> {
    #[pin]
    table: Opaque<bindings::rhashtable>,
    _owners: PhantomData<Arc<T>>,
}

/// The proof that something is in a [`TagTable`], needed to take it out.
pub(crate) struct Entry<T> {
    node: *mut bindings::sctp_tag_node,
    key: TagKey,
    _owner: PhantomData<fn(T)>,
}

// SAFETY: An entry is a token; what it points to is only used through the table.
unsafe impl<T> Send for Entry<T> {}

impl<T> Entry<T> {
    pub(crate) fn key(&self) -> TagKey {
        self.key
    }
}

// SAFETY: A rhashtable may be used from any context; it hands out `Arc<T>` of a `T` that may be
// shared and sent.
unsafe impl<T: Send + Sync + 'static> Send for TagTable<T> {}
// SAFETY: As above.
unsafe impl<T: Send + Sync + 'static> Sync for TagTable<T> {}

impl<T: Send + Sync + 'static> TagTable<T> {
    /// Returns an initialiser for an empty table.
    pub(crate) fn new() -> impl PinInit<Self, Error> {
        try_pin_init!(Self {
            table <- Opaque::try_ffi_init(|slot: *mut bindings::rhashtable| {
                // SAFETY: `slot` is memory for a table, pinned from now on.
                to_result(unsafe { bindings::sctp_helper_tags_init(slot) })
            }),
            _owners: PhantomData,
        })
    }

    /// Enters `value`. `EEXIST` if the key is taken.
    pub(crate) fn insert(&self, key: TagKey, value: &Arc<T>) -> Result<Entry<T>> {
        let node = KBox::new(
            bindings::sctp_tag_node {
                key: key.to_c(),
                owner: Arc::as_ptr(value).cast_mut().cast(),
                ..Default::default()
            },
            GFP_ATOMIC,
        )?;
        let node = KBox::into_raw(node);
        let _ = Arc::into_raw(value.clone());
        // SAFETY: The table was initialised; the node is complete and nobody else knows it.
        let result =
            to_result(unsafe { bindings::sctp_helper_tags_insert(self.table.get(), node) });
        if let Err(e) = result {
            // SAFETY: The table did not take the node, so it is still this function's alone.
            unsafe { Self::free(node) };
            return Err(e);
        }
        // INVARIANT: The table owns the node, and the node the reference.
        Ok(Entry {
            node,
            key,
            _owner: PhantomData,
        })
    }

    /// Takes an entry out. The table's reference is dropped after a grace period.
    pub(crate) fn remove(&self, entry: Entry<T>) {
        // SAFETY: An entry exists once for each node in the table and is consumed here, so the
        // node is in the table and alive.
        unsafe { bindings::sctp_helper_tags_remove(self.table.get(), entry.node) };
        // SAFETY: The node is alive.
        let rcu = unsafe { &raw mut (*entry.node).rcu };
        // SAFETY: The node is out of the table, and nothing else uses its `rcu` field.
        unsafe { bindings::sctp_helper_call_rcu(rcu, Some(Self::free_rcu)) };
    }

    /// Finds what `key` was entered for.
    pub(crate) fn lookup(&self, key: TagKey) -> Option<Arc<T>> {
        let guard = rcu::read_lock();
        let key = key.to_c();
        // SAFETY: The table was initialised, and the RCU read side is held.
        let node = unsafe { bindings::sctp_helper_tags_lookup(self.table.get(), &key) };
        if node.is_null() {
            return None;
        }
        // SAFETY: Nodes live at least until a grace period after they left the table.
        let owner: *const T = unsafe { (*node).owner }.cast_const().cast();
        // SAFETY: By the type invariant the node owns a reference that came from `Arc::into_raw()`
        // and is not dropped while the RCU read side is held.
        let borrow = unsafe { kernel::sync::ArcBorrow::from_raw(owner) };
        let found = borrow.into();
        drop(guard);
        Some(found)
    }

    /// Frees a node and its reference.
    ///
    /// # Safety
    ///
    /// The caller has the node for itself.
    unsafe fn free(node: *mut bindings::sctp_tag_node) {
        // SAFETY: The node came from `KBox::into_raw()` and is the caller's.
        let node = unsafe { KBox::from_raw(node) };
        let owner: *const T = node.owner.cast_const().cast();
        // SAFETY: By the type invariant the node owned this reference.
        drop(unsafe { Arc::from_raw(owner) });
    }

    /// Frees a node a grace period after it was taken out.
    ///
    /// # Safety
    ///
    /// `head` is the `rcu` field of a node that left the table, and nobody else has that node.
    unsafe extern "C" fn free_rcu(head: *mut bindings::callback_head) {
        let offset = core::mem::offset_of!(bindings::sctp_tag_node, rcu);
        // SAFETY: `head` is the `rcu` field of a node.
        let node = unsafe { head.byte_sub(offset) }.cast();
        // SAFETY: The node left the table a grace period ago, so nobody else has it.
        unsafe { Self::free(node) };
    }
}

#[pinned_drop]
impl<T: Send + Sync + 'static> PinnedDrop for TagTable<T> {
    fn drop(self: Pin<&mut Self>) {
        // SAFETY: The table was initialised. It is empty: each node keeps a `T` alive, and a `T`
        // keeps the owner of this table alive.
        unsafe { bindings::sctp_helper_tags_destroy(self.table.get()) };
    }
}
