// SPDX-License-Identifier: GPL-2.0

//! Network namespaces, and a value for each of them.
//!
//! C header: [`include/net/net_namespace.h`](srctree/include/net/net_namespace.h)

use super::{bindings, skb::RxSkb};
use crate::pernet::{Namespace, Pernet};
use core::cell::UnsafeCell;
use kernel::{
    error::to_result,
    prelude::*,
    sync::Arc, //
};

/// A network namespace.
///
/// # Invariants
///
/// The namespace lives for as long as this value: whoever keeps one also keeps a socket of the
/// namespace, or is part of the namespace's own value, or runs in a call made for it.
#[derive(Clone)]
pub(crate) struct Net(*mut bindings::net);

// SAFETY: A namespace may be used from any context.
unsafe impl Send for Net {}
// SAFETY: As above.
unsafe impl Sync for Net {}

impl Net {
    /// Wraps a namespace.
    ///
    /// # Safety
    ///
    /// The caller makes the type invariant true.
    pub(crate) unsafe fn from_raw(net: *mut bindings::net) -> Self {
        // INVARIANT: By this function's requirements.
        Self(net)
    }

    /// The namespace that a packet came in to.
    pub(crate) fn of_packet(packet: &RxSkb) -> Self {
        // SAFETY: The inet layer has the packet handled under RCU, its device is still set and the
        // device's namespace alive.
        Self(unsafe { bindings::sctp_helper_skb_net(packet.as_ptr()) })
    }

    pub(crate) fn as_ptr(&self) -> *mut bindings::net {
        self.0
    }

    /// This module's value for the namespace. `None` while the namespace is being set up or torn
    /// down.
    pub(crate) fn state(&self) -> Option<&Arc<Pernet>> {
        // SAFETY: The registration has set the id before anything can have a `Net`, and does not
        // change it.
        let id = unsafe { *PERNET.id.get() };
        // SAFETY: By the type invariant the namespace lives.
        let slot =
            unsafe { bindings::sctp_helper_net_generic(self.0, id) }.cast::<*const Namespace>();
        // SAFETY: The slot is the module's, `init` has written it.
        let value = unsafe { *slot };
        // SAFETY: It is null or valid: what the slot owns is given up only when no packet and no
        // socket of the namespace is left.
        let namespace = unsafe { value.as_ref() }?;
        Some(&namespace.pernet)
    }

    /// Whether it is that of the process that makes a call.
    pub(crate) fn is_current(&self) -> bool {
        // SAFETY: By the type invariant the namespace lives.
        unsafe { bindings::sctp_helper_net_is_current(self.0) }
    }

    /// Whether a port is for those only who ask for it (the sysctl `ip_local_reserved_ports`).
    pub(crate) fn reserves(&self, port: u16) -> bool {
        // SAFETY: By the type invariant the namespace lives.
        unsafe { bindings::sctp_helper_is_reserved_port(self.0, port) }
    }

    /// Whether the process may bind to `port` here.
    pub(crate) fn may_bind(&self, port: u16) -> bool {
        // SAFETY: By the type invariant the namespace lives.
        unsafe { bindings::sctp_helper_capable_bind(self.0, port) }
    }
}

struct Ops {
    ops: UnsafeCell<bindings::pernet_operations>,
    id: UnsafeCell<u32>,
}

// SAFETY: Written by the registration only, of which there is one; after that the C side has it.
unsafe impl Sync for Ops {}

static PERNET: Ops = Ops {
    ops: UnsafeCell::new(pernet_ops()),
    id: UnsafeCell::new(0),
};

const fn pernet_ops() -> bindings::pernet_operations {
    // SAFETY: Null pointers and zeroes are valid for all fields.
    let mut ops: bindings::pernet_operations = unsafe { core::mem::zeroed() };
    ops.init = Some(init);
    ops.exit = Some(exit);
    ops.size = core::mem::size_of::<*const Namespace>();
    ops
}

/// # Safety
///
/// Only the C side calls this, through the table it stands in, with what belongs there.
unsafe extern "C" fn init(net: *mut bindings::net) -> c_int {
    // SAFETY: The namespace lives until `exit` has been called for it, and the value with it.
    let net = unsafe { Net::from_raw(net) };
    // SAFETY: The C side has set the id before it calls this.
    let id = unsafe { *PERNET.id.get() };
    // SAFETY: The namespace is valid.
    let slot = unsafe { bindings::sctp_helper_net_generic(net.0, id) }.cast::<*const Namespace>();
    match Namespace::new(net) {
        Ok(value) => {
            // SAFETY: The slot is the module's, and nobody reads it yet.
            unsafe { *slot = KBox::into_raw(value) };
            0
        }
        Err(e) => e.to_errno(),
    }
}

/// # Safety
///
/// Only the C side calls this, through the table it stands in, with what belongs there.
unsafe extern "C" fn exit(net: *mut bindings::net) {
    // SAFETY: The C side has set the id.
    let id = unsafe { *PERNET.id.get() };
    // SAFETY: The namespace is valid during the call.
    let slot = unsafe { bindings::sctp_helper_net_generic(net, id) }.cast::<*mut Namespace>();
    // SAFETY: The slot is the module's; no packet and no socket of the namespace is left.
    let value = unsafe { core::ptr::replace(slot, core::ptr::null_mut()) };
    if !value.is_null() {
        // SAFETY: The slot owned it.
        drop(unsafe { KBox::from_raw(value) });
    }
}

/// The registration of the per-namespace value, undone on drop.
pub(crate) struct PernetRegistration(());

impl PernetRegistration {
    /// Registers the value with all namespaces, present and future. Called once.
    pub(crate) fn new() -> Result<Self> {
        let ops = PERNET.ops.get();
        // SAFETY: Nobody else knows the operations yet.
        unsafe { (*ops).id = PERNET.id.get() };
        // SAFETY: The operations live for ever and are complete.
        to_result(unsafe { bindings::register_pernet_subsys(ops) })?;
        Ok(Self(()))
    }
}

impl Drop for PernetRegistration {
    fn drop(&mut self) {
        // SAFETY: This value proves that they are registered.
        unsafe { bindings::unregister_pernet_subsys(PERNET.ops.get()) };
    }
}
