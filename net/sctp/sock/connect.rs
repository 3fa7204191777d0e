// SPDX-License-Identifier: GPL-2.0

//! `connect()`, and the association that `sendmsg()` creates (RFC 6458, 3.1.4 and 4.1.5).

use super::{addr, bind};
use crate::{
    association::{self, Assoc, AssocId, Engine, Parts},
    endpoint::{Endpoint, Style, TransportAddr},
    engine::{
        addr::Addresses,
        assoc::{Message, SendError, State as Phase},
        config::Config,
        event::Closed,
        time::Duration,
    },
    route,
    sys::{
        bindings,
        crypto::KernelRng,
        skb::SkbRange,
        sock::{Sk, State, Timeout},
    },
};
use kernel::{
    prelude::*,
    sync::{aref::ARef, Arc},
};

/// Connects a socket, and waits until the association is up unless it is not to block.
pub(crate) fn connect(sk: &Sk, name: &[u8], flags: u32) -> Result {
    if addr::is_unspecified_family(name) {
        // Dissolving an association this way is TCP's and UDP's.
        return Err(EOPNOTSUPP);
    }
    let to = addr::parse_peer(sk, name)?;
    let id = begin(sk, &[to])?;
    finish(sk, id, flags & bindings::RUST_CONST_HELPER_O_NONBLOCK != 0)
}

/// Begins an association with a peer that has these addresses, for a call that does nothing else.
pub(crate) fn begin(sk: &Sk, to: &[TransportAddr]) -> Result<AssocId> {
    let endpoint = sk.endpoint()?;
    let _guard = sk.lock();
    if endpoint.style == Style::OneToOne
        && matches!(
            sk.state(),
            State::Listening | State::Established | State::Closing
        )
    {
        return Err(EISCONN);
    }
    check_peers(endpoint, to)?;
    if endpoint.style == Style::OneToOne && endpoint.only_assoc().is_some() {
        return Err(EALREADY);
    }
    Ok(associate(sk, endpoint, to, None, None)?.id)
}

/// Whether these may be the addresses of a new peer: there is no association with any of them, and
/// they have one port.
pub(crate) fn check_peers(endpoint: &Endpoint, peers: &[TransportAddr]) -> Result {
    for peer in peers {
        if peers.first().is_some_and(|first| first.port != peer.port) {
            return Err(EINVAL);
        }
        if let Some(assoc) = endpoint.assoc_with(peer) {
            return Err(match assoc.lock().inner.engine.state() {
                Phase::CookieWait | Phase::CookieEchoed => EALREADY,
                _ => EISCONN,
            });
        }
    }
    Ok(())
}

/// Waits until the association that was begun is up.
pub(crate) fn finish(sk: &Sk, id: AssocId, nonblock: bool) -> Result {
    let endpoint = sk.endpoint()?;
    let mut timeout = sk.send_timeout(nonblock);
    if timeout.is_over() {
        return Err(EINPROGRESS);
    }
    match wait_until_up(sk, endpoint, id, &mut timeout) {
        Err(e) if e == EAGAIN => Err(EINPROGRESS),
        other => other,
    }
}

/// What the engine's refusal of a message means to its sender.
pub(crate) fn send_error(e: SendError<SkbRange>) -> Error {
    match e {
        SendError::NoMemory(_) => ENOMEM,
        SendError::BadStream(_) | SendError::Empty(_) => EINVAL,
        SendError::ShuttingDown(_) => ESHUTDOWN,
        SendError::TooLong(_) => EMSGSIZE,
    }
}

/// Waits until an association is up: `EAGAIN` when the time is over before it is.
pub(crate) fn wait_until_up(
    sk: &Sk,
    endpoint: &Endpoint,
    id: AssocId,
    timeout: &mut Timeout,
) -> Result {
    sk.wait(timeout, || {
        let Some(assoc) = endpoint.assoc(id) else {
            let ended = endpoint.inner.lock().ended;
            return Some(match refusal(ended) {
                None => Ok(()),
                // A one-to-one socket has it as its error, too, which is told herewith.
                Some(error) => Err(sk.take_error().err().unwrap_or(error)),
            });
        };
        let phase = assoc.lock().inner.engine.state();
        match phase {
            Phase::CookieWait | Phase::CookieEchoed | Phase::Closed => None,
            _ => Some(Ok(())),
        }
    })?
}

/// Why an association that has ended did not come up; `None` if it did, however short its life.
fn refusal(ended: Option<Closed>) -> Option<Error> {
    match ended? {
        Closed::Shutdown => None,
        Closed::PeerAborted { setup, .. } => setup.then_some(ECONNREFUSED),
        Closed::Aborted { setup, .. } => setup.then_some(ECONNABORTED),
        Closed::TimedOut { setup } => setup.then_some(ETIMEDOUT),
    }
}

/// What an association of this socket begins with.
pub(crate) fn config(
    sk: &Sk,
    endpoint: &Endpoint,
    init: Option<&bindings::sctp_initmsg>,
) -> Config {
    let mut config = endpoint.settings().config;
    (config.rcvbuf, config.rcvbuf_max) = (sk.rcvbuf(), sk.rcvbuf_max());
    if let Some(init) = init {
        apply(&mut config, init);
    }
    config
}

/// Takes over what SCTP_INITMSG or SCTP_INIT says; zeroes change nothing.
pub(crate) fn apply(config: &mut Config, init: &bindings::sctp_initmsg) {
    if init.sinit_num_ostreams != 0 {
        config.out_streams = init.sinit_num_ostreams;
    }
    if init.sinit_max_instreams != 0 {
        config.max_in_streams = init.sinit_max_instreams;
    }
    if init.sinit_max_attempts != 0 {
        config.max_init_retransmits = u32::from(init.sinit_max_attempts);
    }
    if init.sinit_max_init_timeo != 0 {
        config.max_init_timeo = Duration::from_millis(u32::from(init.sinit_max_init_timeo));
    }
}

/// Starts an association, with a first message if there is one. The first of the peer's addresses
/// is tried first, the others when that does not answer. Called with the socket locked.
pub(crate) fn associate(
    sk: &Sk,
    endpoint: &Arc<Endpoint>,
    peers: &[TransportAddr],
    init: Option<&bindings::sctp_initmsg>,
    first: Option<Message<SkbRange>>,
) -> Result<Arc<Assoc>> {
    bind::autobind(sk)?;
    let binding = endpoint.binding().ok_or(EINVAL)?;
    let to = peers.first().ok_or(EINVAL)?;
    let config = config(sk, endpoint, init);
    let marks = config.path.of(to.addr.ip).marks;
    let route = route::find(sk, binding.named(), &to.addr, to.port, binding.port, marks)?;
    let mut rng = KernelRng;
    let mut cx = association::cx(&endpoint.pernet, &mut rng);
    let mut addresses = Addresses::new(to.addr);
    peers.iter().for_each(|peer| addresses.insert(peer.addr));
    let source = route.source_address();
    let locals = endpoint.locals(sk, source, &to.addr);
    let mut engine = Engine::connect(
        &mut cx,
        &config,
        binding.port,
        to.port,
        &addresses,
        &locals,
        route.mtu(),
    )?;
    if let Some(message) = first {
        engine.send(&mut cx, message).map_err(send_error)?;
    }
    if endpoint.style == Style::OneToOne {
        endpoint.inner.lock().ended = None;
        sk.set_peer(to.addr.ip, to.port);
        sk.set_source(source.ip);
    }
    let assoc = Assoc::publish(Parts {
        engine,
        endpoint: endpoint.clone(),
        sk: ARef::from(sk),
        listener: None,
    })
    // Another socket on the same port has this peer already.
    .map_err(|e| if e == EEXIST { EADDRNOTAVAIL } else { e })?;
    if endpoint.style == Style::OneToOne {
        sk.set_state(State::Establishing);
    }
    // Lets INIT out.
    assoc.lock().flush();
    Ok(assoc)
}
