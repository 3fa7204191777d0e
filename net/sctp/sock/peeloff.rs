// SPDX-License-Identifier: GPL-2.0

//! `sctp_peeloff()` (RFC 6458, 9.2): an association of a one-to-many socket gets a socket of its
//! own, with all that is to be read of it.
//!
//! The new socket is a one-to-one one in all but its type: one association, `shutdown()`, SO_LINGER.
//! As with the C module, SCTP_EOF and SCTP_ABORT may be used on it, and an address to send to means
//! nothing.

use super::accept;
use crate::{
    association::{Assoc, AssocId},
    endpoint::{Endpoint, Names, Style},
    sys::{
        bindings,
        sock::{Sk, State},
        socket::Socket,
    },
};
use kernel::{
    fs::file::{
        flags::{O_CLOEXEC, O_NONBLOCK},
        File, FileDescriptorReservation,
    },
    prelude::*,
    sync::{aref::ARef, Arc},
};

/// A new socket for an association that is not there yet. It is closed if it is not used.
pub(crate) struct Peeloff<'a> {
    sk: &'a Sk,
    endpoint: Arc<Endpoint>,
    assoc: Arc<Assoc>,
    own: Arc<Endpoint>,
    child: ARef<Sk>,
    fd: FileDescriptorReservation,
    file: ARef<File>,
}

impl<'a> Peeloff<'a> {
    /// Makes a socket for an association. `flags` are those of a file.
    pub(crate) fn new(sk: &'a Sk, id: AssocId, flags: u32) -> Result<Self> {
        let endpoint = sk.endpoint()?.clone();
        // A namespace does not get sockets of another one, as with the C module.
        if endpoint.style != Style::OneToMany || !sk.net().is_current() {
            return Err(EINVAL);
        }
        let assoc = endpoint.assoc(id).ok_or(EINVAL)?;
        let fd = FileDescriptorReservation::get_unused_fd_flags(flags & O_CLOEXEC)?;
        let socket = Socket::new(sk)?;
        let own = Endpoint::new_child(&endpoint)?;
        let guard = sk.lock();
        let child = sk
            .accept_child(own.clone())
            .inspect_err(|_| own.abandon())?;
        drop(guard);
        child.set_state(State::Established);
        let file = socket
            .attach(sk, child.clone())
            .into_file(flags & O_NONBLOCK)?;
        Ok(Self {
            sk,
            endpoint,
            assoc,
            own,
            child,
            fd,
            file,
        })
    }

    /// The descriptor that it is going to have.
    pub(crate) fn fd(&self) -> u32 {
        self.fd.reserved_fd()
    }

    /// Moves the association, and hands the socket to the process. Nothing has happened if that
    /// fails.
    pub(crate) fn finish(self) -> Result {
        let (sk, own, child) = (self.sk, self.own, self.child);
        // Nobody may be amid reading what is to move.
        let mut reader = self.endpoint.reader.lock();
        reader.report_but_of(&self.endpoint, None);
        let mut locked = self.assoc.lock();
        let moved = locked.move_to(&self.endpoint, &own);
        if moved.is_ok() {
            Names::of(&locked.inner.engine).give_to(&child);
            accept::seat(&child, &own, &mut locked);
        }
        drop(locked);
        drop(reader);
        moved?;
        // Whoever waits for something of this association finds it gone.
        sk.wake_all();
        self.fd.fd_install(self.file);
        Ok(())
    }
}

/// Whether a socket was made by `sctp_peeloff()`.
pub(crate) fn is_peeled_off(sk: &Sk, endpoint: &Endpoint) -> bool {
    endpoint.style == Style::OneToOne && sk.kind() == bindings::sock_type_SOCK_SEQPACKET
}
