// SPDX-License-Identifier: GPL-2.0

//! SCTP for Linux, in Rust (RFC 9260).
//!
//! - [`engine`]: the protocol, as a library without input or output. Read this first.
//! - [`sys`]: the boundary to the kernel's C side, and the only place of `unsafe`.
//! - [`sock`]: the socket layer, a file for each operation.
//! - [`association`], [`endpoint`], [`pernet`]: what is locked, what refers to what, and in which
//!   order. [`queue`]: what is to be read. [`ports`]: who has which port. [`account`]: the memory
//!   that is held. [`settings`]: what options have set. [`sysctl`]: what they begin with.
//! - [`input`], [`output`], [`route`], [`deliver`], [`icmp`]: the ways in and out.
//! - `diag`, `view`: what `ss` shows. `proc`: what is in `/proc/net/sctp`.
//!
//! Everything that the module registers is a value which undoes that when it is dropped. Nothing
//! of the module keeps it from being removed but sockets, and associations that are still closing.

use kernel::prelude::*;

mod account;
mod association;
mod counters;
mod deliver;
#[cfg(CONFIG_INET_DIAG)]
mod diag;
mod endpoint;
// A library: its tests use more of it than the module does.
#[allow(dead_code)]
#[forbid(unsafe_code)]
mod engine;
mod icmp;
mod input;
mod output;
mod pernet;
mod ports;
#[cfg(CONFIG_PROC_FS)]
mod proc;
mod queue;
mod route;
mod settings;
mod sock;
mod sys;
mod sysctl;
#[cfg(CONFIG_INET_DIAG)]
mod view;

#[cfg(CONFIG_INET_DIAG)]
use sys::diag::SockDiag;
use sys::{
    layout,
    memory::MemoryAccount,
    net::PernetRegistration,
    object::{Census, Folder},
    proto::{self, InputV4, InputV6, OffloadV4, OffloadV6, ProtoV4, ProtoV6, SocketsV4, SocketsV6},
};

module! {
    type: Sctp,
    name: "rust_sctp",
    authors: ["The rust_sctp authors"],
    description: "Stream Control Transmission Protocol (RFC 9260)",
    license: "GPL",
    alias: ["net-pf-2-proto-132", "net-pf-10-proto-132", "net-pf-16-proto-4-type-2-132"],
}

/// The registrations. Fields are dropped in this order: the way in for users first, then the one
/// for packets, then what both need.
struct Sctp {
    #[cfg(CONFIG_INET_DIAG)]
    _diag: SockDiag,
    _folder: Folder,
    _sockets_v6: SocketsV6,
    _sockets_v4: SocketsV4,
    _offload_v6: OffloadV6,
    _offload_v4: OffloadV4,
    _input_v6: InputV6,
    _input_v4: InputV4,
    _pernet: PernetRegistration,
    _proto_v6: ProtoV6,
    _proto_v4: ProtoV4,
    _memory: MemoryAccount,
    _synchronize: Synchronize,
    _census: Census,
}

/// Waits until no code of the module can run any more.
struct Synchronize;

impl Drop for Synchronize {
    fn drop(&mut self) {
        proto::synchronize();
    }
}

/// Another module that has the protocol is the one thing a user can do something about.
fn explain(e: Error) -> Error {
    if e == EAGAIN {
        pr_err!("IPPROTO_SCTP is taken, probably by the module sctp, which cannot be removed:\n");
        pr_err!("keep it from being loaded (see modprobe.d/rust_sctp.conf) and boot again\n");
        return EBUSY;
    }
    e
}

impl kernel::Module for Sctp {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        // Dropped after everything below, in the opposite order.
        let census = Census;
        let synchronize = Synchronize;
        layout::check()?;
        // Before anything is set up for nothing, and slabs of the same names are made.
        if proto::is_taken() {
            return Err(explain(EAGAIN));
        }
        let memory = MemoryAccount::new()?;
        let proto_v4 = ProtoV4::new()?;
        let proto_v6 = ProtoV6::new()?;
        let pernet = PernetRegistration::new()?;
        // From here on packets come in, and need the namespaces' state.
        let input_v4 = InputV4::new().map_err(explain)?;
        let input_v6 = InputV6::new().map_err(explain)?;
        let offload_v4 = OffloadV4::new()?;
        let offload_v6 = OffloadV6::new()?;
        let sockets_v4 = SocketsV4::new()?;
        let sockets_v6 = SocketsV6::new()?;
        Ok(Self {
            #[cfg(CONFIG_INET_DIAG)]
            _diag: SockDiag::new()?,
            _folder: Folder::new(),
            _sockets_v6: sockets_v6,
            _sockets_v4: sockets_v4,
            _offload_v6: offload_v6,
            _offload_v4: offload_v4,
            _input_v6: input_v6,
            _input_v4: input_v4,
            _pernet: pernet,
            _proto_v6: proto_v6,
            _proto_v4: proto_v4,
            _memory: memory,
            _synchronize: synchronize,
            _census: census,
        })
    }
}
