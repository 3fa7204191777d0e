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
use kernel::{prelude::*, sync::aref::ARef};

/// Waits for an association to come in and makes a socket for it.
pub(crate) fn accept(sk: &Sk, flags: c_int) -> Result<ARef<Sk>> {
    let endpoint = sk.endpoint()?;
    if endpoint.style != Style::OneToOne || peeloff::is_peeled_off(sk, &endpoint) {
        return Err(EOPNOTSUPP);
    }
    let nonblock = flags as u32 & bindings::RUST_CONST_HELPER_O_NONBLOCK != 0;
    let mut timeout = sk.receive_timeout(nonblock);
    let waiting = sk.wait(&mut timeout, || {
        let stopped = sk.shutdown() & bindings::RCV_SHUTDOWN != 0;
        if stopped || sk.state() != State::Listening {
            return Some(Err(EINVAL));
        }
        let mut inner = endpoint.inner.lock();
        let waiting = inner.accept_queue.pop_front()?;
        sk.accept_queue_removed();
        Some(Ok(waiting))
    })??;
    attach(sk, waiting)
}

/// Makes a socket for an endpoint that waited for one.
fn attach(sk: &Sk, waiting: Waiting) -> Result<ARef<Sk>> {
    let Waiting { endpoint, names } = waiting;
    let guard = sk.lock();
    let child = match sk.accept_child(endpoint.clone()) {
        Ok(child) => child,
        Err(e) => {
            drop(guard);
            super::close::abort_all(&endpoint);
            endpoint.abandon();
            return Err(e);
        }
    };
    drop(guard);
    child.set_state(State::Established);
    names.give_to(&child);
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
    Ok(child)
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
