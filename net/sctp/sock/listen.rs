// SPDX-License-Identifier: GPL-2.0

//! `listen()` (RFC 6458, 3.1.3 and 4.1.3).

use super::bind;
use crate::sys::sock::{Sk, State};
use kernel::prelude::*;

/// Lets a socket take associations, or, with a backlog of 0, no more of them.
///
/// `fresh` is whether the socket has not been connected or accepted.
pub(crate) fn listen(sk: &Sk, backlog: c_int, fresh: bool) -> Result {
    let _guard = sk.lock();
    if !fresh || !matches!(sk.state(), State::Closed | State::Listening) {
        return Err(EINVAL);
    }
    let endpoint = sk.endpoint()?;
    if backlog == 0 {
        if sk.state() == State::Closed {
            return Err(EINVAL);
        }
        endpoint.stop_listening(sk);
        sk.set_state(State::Closed);
        return Ok(());
    }
    sk.set_backlog(backlog);
    if sk.state() == State::Listening {
        return Ok(());
    }
    bind::autobind(sk)?;
    let port = endpoint.binding().map_or(0, |b| b.port);
    // Two sockets may share a port with SO_REUSEADDR, but only one of them may listen. Whether
    // one does is decided under the lock of the ports.
    endpoint.pernet.ports.lock().listen(port, endpoint)?;
    sk.set_state(State::Listening);
    Ok(())
}
