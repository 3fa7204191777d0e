// SPDX-License-Identifier: GPL-2.0

//! `accept()` (RFC 6458, 4.1.4).

use super::peeloff;
use crate::{
    association::Locked,
    deliver::show_end,
    endpoint::{Endpoint, Style, Waiting},
    engine::assoc::State as Phase,
    sys::{
        bindings,
        sock::{Sk, State},
    },
};
use kernel::{
    prelude::*,
    sync::{aref::ARef, Arc},
};

/// An association that is about to be had by the socket that was made for it.
pub(crate) struct Accepted {
    pub(crate) child: ARef<Sk>,
    endpoint: Arc<Endpoint>,
}

/// Waits for an association to come in and makes a socket for it.
pub(crate) fn accept(sk: &Sk, flags: c_int) -> Result<Accepted> {
    let endpoint = sk.endpoint()?;
    if endpoint.style != Style::OneToOne || peeloff::is_peeled_off(sk, endpoint) {
        return Err(EOPNOTSUPP);
    }
    let nonblock = flags as u32 & bindings::RUST_CONST_HELPER_O_NONBLOCK != 0;
    let mut timeout = sk.receive_timeout(nonblock);
    let (child, Waiting { endpoint, names }) = sk.wait(&mut timeout, || {
        let stopped = sk.shutdown() & bindings::RCV_SHUTDOWN != 0;
        if stopped || sk.state() != State::Listening {
            return Some(Err(EINVAL));
        }
        // Whoever takes one away holds the lock, so it is the same one below.
        let _guard = sk.lock();
        let next = endpoint.inner.lock().accept_queue.front()?.endpoint.clone();
        // Without memory for its socket it waits for the next call.
        let child = match sk.accept_child(next) {
            Ok(child) => child,
            Err(e) => return Some(Err(e)),
        };
        let waiting = endpoint.inner.lock().accept_queue.pop_front()?;
        sk.accept_queue_removed();
        Some(Ok((child, waiting)))
    })??;
    child.set_state(State::Established);
    names.give_to(&child);
    Ok(Accepted { child, endpoint })
}

impl Accepted {
    /// Gives the association its socket, which is somebody's by now: what the association holds is
    /// charged to whom it belongs to.
    pub(crate) fn finish(self) {
        let Self { child, endpoint } = self;
        let assoc = endpoint.only_assoc();
        if let Some(assoc) = &assoc {
            seat(&child, &endpoint, &mut assoc.lock());
        } else {
            endpoint.inner.lock().sk = Some(child.clone());
        }
        // It may have ended before anybody accepted it.
        let ended = endpoint.inner.lock().ended;
        if let Some(why) = ended {
            // If there was a shutdown, the peer began it.
            child.add_shutdown(bindings::RCV_SHUTDOWN);
            show_end(&child, why);
        }
    }
}

/// Gives an association a socket of its own. Events go there from then on.
pub(super) fn seat(child: &ARef<Sk>, endpoint: &Endpoint, locked: &mut Locked<'_>) {
    locked.adopt(child.clone());
    endpoint.inner.lock().sk = Some(child.clone());
    if locked.inner.engine.state() == Phase::ShutdownReceived {
        child.set_state(State::Closing);
        child.add_shutdown(bindings::RCV_SHUTDOWN);
    }
}
