// SPDX-License-Identifier: GPL-2.0

//! `close()` (RFC 6458, 3.1.6 and 4.1.8).
//!
//! Associations end gracefully and on their own after the file is gone, unless data is left
//! unread or SO_LINGER is on with a time of 0: then they are aborted, as the peer must learn that
//! its data was not taken.

use crate::{
    endpoint::{Endpoint, Style},
    engine::{ring::Ring, wire::cause},
    sys::{
        bindings,
        sock::{Sk, State, Timeout},
    },
};
use kernel::prelude::*;

/// Closes a socket. `timeout` is how many jiffies SO_LINGER lets it wait for the end.
pub(crate) fn close(sk: &Sk, timeout: c_long) {
    let Ok(endpoint) = sk.endpoint() else {
        sk.release();
        return;
    };
    let endpoint = endpoint.clone();
    let guard = sk.lock();
    sk.add_shutdown(bindings::RCV_SHUTDOWN | bindings::SEND_SHUTDOWN);
    endpoint.stop_listening(sk);

    let (unread, waiting) = {
        let mut inner = endpoint.inner.lock();
        inner.closed = true;
        let unread = inner.queue.take_all();
        let waiting = core::mem::replace(&mut inner.accept_queue, Ring::new());
        for _ in waiting.iter() {
            sk.accept_queue_removed();
        }
        (unread, waiting)
    };
    let data_unread = unread.has_data();
    drop(unread);
    for child in waiting.iter() {
        abort_all(&child.endpoint);
        child.endpoint.abandon();
    }
    drop(waiting);

    if data_unread || sk.lingers_not() {
        abort_all(&endpoint);
    } else {
        shutdown_all(&endpoint);
    }
    drop(guard);
    if endpoint.style == Style::OneToOne && timeout != 0 {
        let mut timeout = Timeout::from_jiffies(timeout);
        // Over, interrupted or done: the socket is closed in any case.
        let _ = sk.wait(&mut timeout, || {
            endpoint.inner.lock().assocs.is_empty().then_some(())
        });
    }
    sk.set_state(State::Closed);
    sk.release();
}

/// Undoes what creating a socket has done, also when `socket()` fails after that.
pub(crate) fn destroy(sk: &Sk) {
    let Ok(endpoint) = sk.endpoint() else { return };
    let endpoint = endpoint.clone();
    // The endpoint lets go of the socket; associations that are still closing do not.
    let own = {
        let mut inner = endpoint.inner.lock();
        inner.closed = true;
        inner.sk.take()
    };
    drop(own);
    Endpoint::leave_if_done(&endpoint);
    sk.uncount();
}

fn for_each(
    endpoint: &Endpoint,
    mut f: impl FnMut(&mut crate::association::Engine, &mut crate::engine::cx::Cx<'_>),
) {
    // One by one, each time the first one behind the last: no memory is needed to close a socket.
    let mut last = i32::MIN;
    loop {
        let next = {
            let inner = endpoint.inner.lock();
            let cursor = inner.assocs.cursor_lower_bound(&last.saturating_add(1));
            cursor.map(|c| c.current().1.clone())
        };
        let Some(assoc) = next else { return };
        last = assoc.id;
        let _ = assoc.lock().with(&mut f);
    }
}

/// Ends all associations of an endpoint at once.
pub(crate) fn abort_all(endpoint: &Endpoint) {
    for_each(endpoint, |engine, cx| {
        engine.abort(cx, cause::USER_INITIATED_ABORT, &[])
    });
}

/// Ends all associations of an endpoint gracefully.
fn shutdown_all(endpoint: &Endpoint) {
    for_each(endpoint, |engine, cx| engine.shutdown(cx));
}
