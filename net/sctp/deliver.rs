// SPDX-License-Identifier: GPL-2.0

//! From an event of the engine to what its socket shows: data and notifications to read, the
//! socket's state and error, and waking whoever waits.
//!
//! Called under the association's lock.

use crate::{
    account,
    association::{Assoc, Engine},
    endpoint::{self, Endpoint, Names, Style, Waiting},
    engine::{
        addr::Address,
        assoc::State as Phase,
        cx::Cx,
        event::{Abandoned, Closed, Event, PathChange, PathReason, Received, SendFailed},
        wire::cause,
    },
    queue::Item,
    settings::{PfExposure, Subscription, Subscriptions},
    sock::{addr::Shown, notify},
    sys::{
        bindings,
        lock::SpinLockBhBackend,
        skb::SkbRange,
        sock::{Sk, State},
    },
};
use kernel::{
    prelude::*,
    sync::{
        aref::ARef,
        atomic::Relaxed,
        lock::Guard,
        Arc, //
    },
};

/// As many items as an event adds at most, to a user who wants notifications, and to others: then
/// it is some data, or that there will be no more.
const MAX_ITEMS: u8 = 3;
const MAX_DATA_ITEMS: u8 = 1;

pub(crate) fn max_items(subscriptions: Subscriptions) -> u8 {
    match subscriptions.has_notifications() {
        true => MAX_ITEMS,
        false => MAX_DATA_ITEMS,
    }
}

/// Room for the items of one event in a socket's receive queue, as long as the endpoint's lock is
/// held.
pub(crate) struct Room<'a> {
    endpoint: &'a Endpoint,
    items: usize,
    inner: Guard<'a, endpoint::Inner, SpinLockBhBackend>,
}

impl<'a> Room<'a> {
    /// Makes sure that the next event has room: what was acknowledged must not get lost here.
    pub(crate) fn reserve(endpoint: &'a Endpoint, items: u8) -> Result<Self> {
        let items = usize::from(items);
        let mut inner = endpoint.inner.lock();
        inner.queue.reserve(items)?;
        Ok(Self {
            endpoint,
            items,
            inner,
        })
    }

    /// Lets go of the lock, but not of the room.
    pub(crate) fn promise(mut self) -> Result<Promise<'a>> {
        self.inner.queue.promise(self.items)?;
        Ok(Promise {
            endpoint: self.endpoint,
            items: self.items,
        })
    }
}

/// Such room, which no other association can take.
pub(crate) struct Promise<'a> {
    endpoint: &'a Endpoint,
    items: usize,
}

impl Drop for Promise<'_> {
    fn drop(&mut self) {
        self.endpoint.inner.lock().queue.unpromise(self.items);
    }
}

/// Whom an event is for.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) assoc: &'a Assoc,
    pub(crate) endpoint: &'a Arc<Endpoint>,
    pub(crate) sk: &'a Sk,
}

/// Delivers an event for which there is room. Gives whether the engine was told something, and
/// so may have more to send: nobody is there to take what came.
pub(crate) fn deliver(
    to: Target<'_>,
    room: Room<'_>,
    engine: &mut Engine,
    cx: &mut Cx<'_>,
    listener: &mut Option<Arc<Endpoint>>,
    event: Event<SkbRange>,
) -> bool {
    if let Event::Message(received) = event {
        return message(to, room, engine, cx, received);
    }
    // There is room, so this does not fail.
    let _promise = room.promise();
    match event {
        Event::Up => return up(to, engine, cx, listener),
        Event::Restarted => {
            let streams = (engine.out_streams(), engine.in_streams());
            let state = bindings::sctp_sac_state_SCTP_RESTART;
            notify_change(to, engine, state, 0, streams);
        }
        // See above.
        Event::Message(_) => {}
        Event::Path { addr, change } => path_change(to, engine, &addr, change),
        Event::RemoteError(error) => {
            push_notification(to, engine, Subscription::PeerError, || {
                notify::remote_error(to.assoc.id, error.code, &error.info)
            });
        }
        Event::PeerShutdown => peer_shutdown(to, engine),
        Event::Closed(why) => closed(to, engine, why),
        Event::PartialDeliveryAborted(message) => broken_off(to, engine, &message),
        Event::SendFailed(failed) => send_failed(to, engine, &failed),
        Event::SenderDry => sender_dry(to, engine),
    }
    false
}

fn notify_change(to: Target<'_>, engine: &Engine, state: u32, error: u16, streams: (u16, u16)) {
    let info = match engine.state() {
        Phase::Closed => engine.peer_abort(),
        _ => &[],
    };
    push_notification(to, engine, Subscription::AssocChange, || {
        notify::assoc_change(to.assoc.id, state as u16, error, streams, info)
    });
}

/// Queues a notification for whoever has subscribed to it. It is lost, and that is counted, if
/// there is no memory, or too much is unread.
#[cold]
fn push_notification(
    to: Target<'_>,
    engine: &Engine,
    subscription: Subscription,
    make: impl FnOnce() -> Result<KVec<u8>>,
) {
    if !to.assoc.settings.lock().subscriptions.has(subscription) {
        return;
    }
    let Ok(bytes) = make() else {
        to.sk.count_drop();
        return;
    };
    let notified = to.assoc.notified.load(Relaxed);
    let notified = notified.saturating_add(Item::notification_truesize(&bytes));
    let mut inner = to.endpoint.inner.lock();
    if inner.closed {
        return;
    }
    let mut limit = account::notification_limit(to.sk.rcvbuf());
    if matches!(
        subscription,
        Subscription::SendFailure | Subscription::SendFailureEvent
    ) {
        // What was in the send buffer has room when it comes back.
        limit = limit.saturating_add(to.sk.sndbuf() as usize);
    }
    if notified > limit {
        to.sk.count_drop();
        return;
    }
    to.assoc.notified.store(notified, Relaxed);
    inner.queue.push(Item::Notification {
        assoc: to.assoc.id,
        bytes,
        read: 0,
        about: Names::of(engine).peer,
        charge: None,
    });
    let has_socket = inner.sk.is_some();
    drop(inner);
    if has_socket {
        to.sk.wake_readers();
    }
}

/// There are two forms of this: the old one has SCTP_SNDRCV in it, the new one SCTP_SNDINFO.
fn send_failed(to: Target<'_>, engine: &Engine, failed: &SendFailed<SkbRange>) {
    push_notification(to, engine, Subscription::SendFailure, || {
        notify::send_failed(to.assoc.id, failed)
    });
    push_notification(to, engine, Subscription::SendFailureEvent, || {
        notify::send_failed_event(to.assoc.id, failed)
    });
}

/// Nothing is left to be sent or acknowledged.
pub(crate) fn sender_dry(to: Target<'_>, engine: &Engine) {
    push_notification(to, engine, Subscription::SenderDry, || {
        notify::sender_dry(to.assoc.id)
    });
}

#[cold]
fn path_change(to: Target<'_>, engine: &Engine, addr: &Address, change: PathChange) {
    use bindings::{
        sctp_sn_error_SCTP_FAILED_THRESHOLD as FAILED_THRESHOLD,
        sctp_sn_error_SCTP_HEARTBEAT_SUCCESS as HEARTBEAT_SUCCESS,
        sctp_sn_error_SCTP_RECEIVED_SACK as RECEIVED_SACK,
    };
    let exposes_pf = to.assoc.settings.lock().pf_exposure == PfExposure::Enabled;
    let answered = |how| match how {
        PathReason::Sack => RECEIVED_SACK,
        PathReason::HeartbeatAck => HEARTBEAT_SUCCESS,
    };
    let (state, error) = match change {
        PathChange::PotentiallyFailed | PathChange::Recovered(_) if !exposes_pf => return,
        PathChange::Available(how) | PathChange::Recovered(how) => {
            (bindings::sctp_spc_state_SCTP_ADDR_AVAILABLE, answered(how))
        }
        PathChange::Unreachable => (
            bindings::sctp_spc_state_SCTP_ADDR_UNREACHABLE,
            FAILED_THRESHOLD,
        ),
        PathChange::MadePrimary => (bindings::sctp_spc_state_SCTP_ADDR_MADE_PRIM, 0),
        PathChange::Confirmed => (
            bindings::sctp_spc_state_SCTP_ADDR_CONFIRMED,
            HEARTBEAT_SUCCESS,
        ),
        PathChange::PotentiallyFailed => (
            bindings::sctp_spc_state_SCTP_ADDR_POTENTIALLY_FAILED,
            FAILED_THRESHOLD,
        ),
    };
    push_notification(to, engine, Subscription::Address, || {
        let shown = Shown::new(to.sk, addr, engine.peer_port());
        notify::peer_addr_change(to.assoc.id, &shown, state, error)
    });
}

#[cold]
fn up(
    to: Target<'_>,
    engine: &mut Engine,
    cx: &mut Cx<'_>,
    listener: &mut Option<Arc<Endpoint>>,
) -> bool {
    let streams = (engine.out_streams(), engine.in_streams());
    let state = bindings::sctp_sac_state_SCTP_COMM_UP;
    notify_change(to, engine, state, 0, streams);
    if let Some(code_point) = engine.peer_adaptation_code_point() {
        push_notification(to, engine, Subscription::Adaptation, || {
            notify::adaptation(to.assoc.id, code_point)
        });
    }
    // Whatever the peer supports, this side does not support it (RFC 4895).
    push_notification(to, engine, Subscription::Authentication, || {
        notify::no_auth(to.assoc.id)
    });
    // The peer has told its other addresses by now. Without memory they are not known.
    let _ = to.endpoint.inner.lock().enter_peer(to.assoc.id, engine);
    if let Some(listener) = listener.take() {
        let is_lost = offer(to, engine, &listener).is_err();
        if is_lost {
            // Nobody will ever accept it.
            to.endpoint.inner.lock().closed = true;
            engine.abort(cx, cause::OUT_OF_RESOURCE, &[]);
        }
        return is_lost;
    }
    set_own_state(to, to.sk, State::Established);
    to.sk.wake_all();
    false
}

/// Sets the state of a one-to-one association's socket, unless `close()` was there before: what it
/// leaves is final, and IP takes a socket apart only in that state.
fn set_own_state(to: Target<'_>, sk: &Sk, state: State) {
    if to.endpoint.style == Style::OneToOne {
        let inner = to.endpoint.inner.lock();
        if !inner.closed {
            sk.set_state(state);
        }
    }
}

/// Puts a new association where `accept()` finds it.
fn offer(to: Target<'_>, engine: &Engine, listener: &Endpoint) -> Result {
    let mut inner = listener.inner.lock();
    if inner.closed {
        return Err(ECONNABORTED);
    }
    let waiting = Waiting {
        endpoint: to.endpoint.clone(),
        names: Names::of(engine),
    };
    inner.accept_queue.push(waiting, GFP_ATOMIC)?;
    to.sk.accept_queue_added();
    drop(inner);
    to.sk.wake_readers();
    Ok(())
}

fn message(
    to: Target<'_>,
    room: Room<'_>,
    engine: &mut Engine,
    cx: &mut Cx<'_>,
    received: Received<SkbRange>,
) -> bool {
    let mut inner = room.inner;
    let is_deaf = |sk: &ARef<Sk>| sk.shutdown() & bindings::RCV_SHUTDOWN != 0;
    if inner.closed || inner.sk.as_ref().is_some_and(is_deaf) {
        drop(inner);
        // Nobody will read it, but the peer must be able to go on.
        return engine.consumed(cx, received.len(), received.truesize());
    }
    let context = to.assoc.settings.lock().context;
    let mut next = Some(received);
    while let Some(received) = next {
        inner.queue.push(Item::Data {
            assoc: to.assoc.id,
            context,
            peer_port: engine.peer_port(),
            received,
            read: 0,
            charge: None,
        });
        // Those that came with it, as long as there is memory.
        next = if engine.may_have_message() && inner.queue.reserve(room.items).is_ok() {
            engine.next_message()
        } else {
            None
        };
    }
    let has_socket = inner.sk.is_some();
    drop(inner);
    if has_socket {
        to.sk.wake_readers();
    }
    false
}

/// The rest of a message will not come. Whoever reads it need not wait for that any more.
#[cold]
fn broken_off(to: Target<'_>, engine: &Engine, message: &Abandoned) {
    push_notification(to, engine, Subscription::PartialDelivery, || {
        notify::partial_delivery_aborted(to.assoc.id, message)
    });
    let mut inner = to.endpoint.inner.lock();
    if inner.closed {
        return;
    }
    inner.queue.break_off(to.assoc.id);
    let has_socket = inner.sk.is_some();
    drop(inner);
    if has_socket {
        to.sk.wake_readers();
    }
}

#[cold]
fn peer_shutdown(to: Target<'_>, engine: &Engine) {
    push_notification(to, engine, Subscription::Shutdown, || {
        notify::shutdown(to.assoc.id)
    });
    with_own_socket(to, |sk| {
        set_own_state(to, sk, State::Closing);
        sk.add_shutdown(bindings::RCV_SHUTDOWN);
        sk.wake_all();
    });
}

/// Calls `f` with the socket of a one-to-one association, if it has one by now.
fn with_own_socket(to: Target<'_>, f: impl FnOnce(&Sk)) {
    if to.endpoint.style == Style::OneToOne {
        let sk = to.endpoint.inner.lock().sk.clone();
        if let Some(sk) = sk {
            f(&sk);
        }
    }
}

#[cold]
fn closed(to: Target<'_>, engine: &Engine, why: Closed) {
    let (state, cause) = match why {
        Closed::Shutdown => (bindings::sctp_sac_state_SCTP_SHUTDOWN_COMP, 0),
        Closed::PeerAborted { cause, setup } | Closed::Aborted { cause, setup } => {
            (lost_or_never_up(setup), cause)
        }
        Closed::TimedOut { setup } => (lost_or_never_up(setup), 0),
    };
    notify_change(to, engine, state, cause, (0, 0));
    to.endpoint.inner.lock().ended = Some(why);
    with_own_socket(to, |sk| show_end(sk, why));
    // Somebody may wait for the end itself, or for what will never come now.
    to.sk.wake_all();
}

fn if_up(setup: bool) -> u32 {
    if setup {
        0
    } else {
        bindings::SHUTDOWN_MASK
    }
}

fn lost_or_never_up(setup: bool) -> u32 {
    if setup {
        bindings::sctp_sac_state_SCTP_CANT_STR_ASSOC
    } else {
        bindings::sctp_sac_state_SCTP_COMM_LOST
    }
}

/// What the end of its association means to a one-to-one socket. If it was the peer that began the
/// shutdown, there was nothing more to receive from then on; else there is no end of file now.
pub(crate) fn show_end(sk: &Sk, why: Closed) {
    let (error, shutdown) = match why {
        Closed::Shutdown => (None, bindings::SEND_SHUTDOWN),
        Closed::PeerAborted { setup: true, .. } => (Some(ECONNREFUSED), 0),
        Closed::PeerAborted { setup: false, .. } => (Some(ECONNRESET), bindings::SHUTDOWN_MASK),
        Closed::Aborted { setup, .. } => (Some(ECONNABORTED), if_up(setup)),
        Closed::TimedOut { setup } => (Some(ETIMEDOUT), if_up(setup)),
    };
    sk.set_state(State::Closed);
    sk.add_shutdown(shutdown);
    match error {
        Some(error) => sk.report_error(error),
        None => sk.wake_all(),
    }
}
