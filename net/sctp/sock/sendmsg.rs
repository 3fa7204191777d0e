// SPDX-License-Identifier: GPL-2.0

//! `sendmsg()` and its relatives (RFC 6458, 3.1.5 and 4.1.6).
//!
//! The user's data is copied once, without any lock, into memory that packets refer to. Then the
//! association is asked again, since it may have ended while the call waited for room.
//!
//! A call is a message, unless the user ends messages itself (8.1.26): then it is a part of one, or
//! several, none longer than the send buffer.

use super::{
    addr,
    cmsg::{self, SendInfo},
    connect,
    lend::Data,
    peeloff,
};
use crate::{
    association::Assoc,
    endpoint::{Endpoint, Style, TransportAddr},
    engine::{
        addr::Address,
        assoc::{Message as UserMessage, State as Phase},
        cx::Payload,
        wire::cause,
    },
    sys::{
        bindings, clock,
        msg::Message,
        skb::SkbRange,
        sock::{send_sigpipe, Sk, State},
    },
};
use kernel::{prelude::*, sync::Arc};

const EOF: u32 = bindings::sctp_sinfo_flags_SCTP_EOF;
const ABORT: u32 = bindings::sctp_sinfo_flags_SCTP_ABORT;
const UNORDERED: u32 = bindings::sctp_sinfo_flags_SCTP_UNORDERED;
const ADDR_OVER: u32 = bindings::sctp_sinfo_flags_SCTP_ADDR_OVER;
const EOR: u32 = bindings::SCTP_EOR;
const SENDALL: u32 = bindings::sctp_sinfo_flags_SCTP_SENDALL;
const SACK_IMMEDIATELY: u32 = bindings::sctp_sinfo_flags_SCTP_SACK_IMMEDIATELY;

/// Longest reason that an ABORT carries for the user; the rest of a longer one is left out.
const MAX_REASON: usize = 1024;

/// Sends a message. Returns how many bytes were taken.
pub(crate) fn sendmsg(sk: &Sk, msg: &mut Message<'_>, len: usize) -> Result<usize> {
    let nosignal = msg.flags() & bindings::MSG_NOSIGNAL != 0;
    send(sk, msg, len).map_err(|e| {
        if e != EPIPE {
            return e;
        }
        match sk.take_error() {
            Err(pending) => pending,
            Ok(()) => {
                if !nosignal {
                    send_sigpipe();
                }
                EPIPE
            }
        }
    })
}

fn send(sk: &Sk, msg: &mut Message<'_>, len: usize) -> Result<usize> {
    let endpoint = sk.endpoint()?;
    let one_to_one = endpoint.style == Style::OneToOne;
    if one_to_one && sk.state() == State::Listening {
        return Err(EPIPE);
    }
    let (ends_itself, only) = {
        let inner = endpoint.inner.lock();
        let only = if one_to_one { inner.only_assoc() } else { None };
        (inner.settings.explicit_eor, only.cloned())
    };
    let longest = (sk.sndbuf() as usize).max(1);
    if len > longest && !ends_itself {
        return Err(EMSGSIZE);
    }
    let info = SendInfo::parse(msg)?;
    let end = !ends_itself || info.has(EOR) || msg.flags() & bindings::MSG_EOR != 0;
    let is_peeled_off = peeloff::is_peeled_off(sk, endpoint);
    check(&info, one_to_one && !is_peeled_off, len)?;
    let to = match msg.name() {
        Some(name) if !is_peeled_off => Some(addr::parse_peer(sk, name)?),
        None if info.has(ADDR_OVER) => return Err(EINVAL),
        Some(_) | None => None,
    };
    let nonblock = msg.flags() & bindings::MSG_DONTWAIT != 0;
    if info.has(SENDALL) && !one_to_one {
        if len > longest {
            return Err(EMSGSIZE);
        }
        let mut data = Data::new(sk, endpoint, msg, len, nonblock).for_all();
        return send_to_all(sk, endpoint, &info, msg, len, end, &mut data);
    }

    let mut assoc = match to.as_ref() {
        Some(to) => find(sk, endpoint, &info, to)?,
        None if one_to_one => Some(only.ok_or(EPIPE)?),
        None => Some(endpoint.assoc(info.assoc).ok_or(EPIPE)?),
    };
    let defaults = match &assoc {
        Some(assoc) if info.has(EOF | ABORT) => {
            end_assoc(assoc, &info, &reason(&info, msg, len)?);
            return Ok(0);
        }
        Some(assoc) => assoc.settings.lock().send,
        None => endpoint.inner.lock().settings.assoc.send,
    };
    let info = info.with_defaults(&defaults);
    if let Some(assoc) = &assoc {
        may_send(assoc, &info)?;
    }
    let peers = match (&assoc, to) {
        (None, Some(to)) => Some(cmsg::destinations(sk, msg, to)?),
        _ => None,
    };
    // A one-to-one socket has but one peer: there the address can mean nothing else.
    let chosen = to.filter(|_| one_to_one || info.has(ADDR_OVER));
    let call = Call {
        sk,
        endpoint,
        info: &info,
        peers: peers.as_deref().unwrap_or_default(),
        chosen: chosen.map(|to| to.addr),
        nonblock,
    };
    let mut data = Data::new(sk, endpoint, msg, len, nonblock);
    let mut done = 0;
    while done < len {
        let part = (len - done).min(longest);
        match call.send(assoc, msg, part, end && done + part == len, &mut data) {
            Ok(to) => assoc = Some(to),
            Err(error) if done == 0 => return Err(error),
            Err(_) => return Ok(done),
        }
        done += part;
    }
    Ok(done)
}

/// What all parts of a call have in common.
struct Call<'a> {
    sk: &'a Sk,
    endpoint: &'a Arc<Endpoint>,
    info: &'a SendInfo,
    /// The addresses of the peer of a new association.
    peers: &'a [TransportAddr],
    /// The address that the user has chosen.
    chosen: Option<Address>,
    nonblock: bool,
}

impl Call<'_> {
    /// Sends a message or a part of one; `None` as the association makes one. Says which it is.
    fn send(
        &self,
        assoc: Option<Arc<Assoc>>,
        msg: &mut Message<'_>,
        len: usize,
        end: bool,
        data: &mut Data<'_>,
    ) -> Result<Arc<Assoc>> {
        let Self {
            sk, endpoint, info, ..
        } = *self;
        if let Some(assoc) = &assoc {
            make_room(sk, assoc, info);
        }
        let payload = data.take(msg, len)?;
        let message = message(info, self.chosen, end, payload);
        let more = more_follows(sk, msg);
        match (assoc, self.peers) {
            (Some(assoc), _) => {
                let assoc = hand_over(endpoint, assoc, message, more)?;
                data.sent();
                Ok(assoc)
            }
            (None, []) => Err(EPIPE),
            (None, peers) => {
                let assoc = open(sk, endpoint, peers, info, message, more)?;
                data.sent();
                // As the C module: whether it comes up is told later.
                let mut timeout = sk.send_timeout(self.nonblock);
                let _ = connect::wait_until_up(sk, endpoint, assoc.id, &mut timeout);
                Ok(assoc)
            }
        }
    }
}

/// Refuses what makes no sense.
fn check(info: &SendInfo, one_to_one: bool, len: usize) -> Result {
    if one_to_one && info.has(EOF | ABORT) {
        return Err(EINVAL);
    }
    if info.has(EOF) && len != 0 || !info.has(EOF | ABORT) && len == 0 {
        return Err(EINVAL);
    }
    Ok(())
}

/// Finds the association with the peer that a message is for; `None` if it is to be created.
fn find(
    sk: &Sk,
    endpoint: &Endpoint,
    info: &SendInfo,
    to: &TransportAddr,
) -> Result<Option<Arc<Assoc>>> {
    if let Some(assoc) = endpoint.assoc_with(to) {
        return Ok(Some(assoc));
    }
    if info.has(EOF | ABORT) {
        return Err(EINVAL);
    }
    may_open(sk, endpoint).map(|()| None)
}

/// Whether the socket may have one more association.
fn may_open(sk: &Sk, endpoint: &Endpoint) -> Result {
    if endpoint.style == Style::OneToOne {
        if matches!(sk.state(), State::Established | State::Closing) {
            return Err(EADDRNOTAVAIL);
        }
        if endpoint.only_assoc().is_some() {
            return Err(EALREADY);
        }
    }
    Ok(())
}

/// Creates an association with its first message.
#[cold]
fn open(
    sk: &Sk,
    endpoint: &Arc<Endpoint>,
    peers: &[TransportAddr],
    info: &SendInfo,
    message: UserMessage<SkbRange>,
    more: bool,
) -> Result<Arc<Assoc>> {
    let _guard = sk.lock();
    // Another call may have been faster.
    if let Some(assoc) = endpoint.assoc_with(peers.first().ok_or(EINVAL)?) {
        return hand_over(endpoint, assoc, message, more);
    }
    may_open(sk, endpoint)?;
    connect::check_peers(endpoint, peers)?;
    let assoc = connect::associate(sk, endpoint, peers, info.init.as_ref(), Some(message))?;
    let _ = assoc.lock().with(|engine, _| engine.set_more_follows(more));
    Ok(assoc)
}

/// Whether an association would take the message now.
fn may_send(assoc: &Arc<Assoc>, info: &SendInfo) -> Result {
    let locked = assoc.lock();
    if locked.is_gone() {
        return Err(EPIPE);
    }
    let engine = &locked.inner.engine;
    match engine.state() {
        Phase::Closed => Err(EPIPE),
        Phase::CookieWait | Phase::CookieEchoed | Phase::Established => {
            let ppid = info.ppid.to_ne_bytes();
            if engine.takes(info.stream, ppid, info.has(UNORDERED)) {
                Ok(())
            } else {
                Err(EINVAL)
            }
        }
        Phase::ShutdownPending
        | Phase::ShutdownSent
        | Phase::ShutdownReceived
        | Phase::ShutdownAckSent => Err(ESHUTDOWN),
    }
}

/// Makes a full send buffer give up messages of the association that are less important than the
/// one that is to be sent (RFC 7496, 3.2).
fn make_room(sk: &Sk, assoc: &Arc<Assoc>, info: &SendInfo) {
    let Some(excess) = sk.sndbuf_excess() else {
        return;
    };
    let wanted = (excess as usize).saturating_add(1);
    let policy = info.policy(clock::now);
    let _ = assoc
        .lock()
        .with(|engine, cx| engine.make_room(cx, wanted, policy));
}

/// Whether a message that has its place in the send buffer is to wait for more (MSG_MORE). Nothing
/// may wait there that others wait for.
fn more_follows(sk: &Sk, msg: &Message<'_>) -> bool {
    msg.flags() & bindings::MSG_MORE != 0 && sk.is_writeable()
}

/// `sendfile()` has come to the end of its file before it has sent what it was to send: nothing more
/// follows. Only a one-to-one socket can be sent to in this way.
pub(crate) fn splice_eof(sk: &Sk) {
    let Ok(endpoint) = sk.endpoint() else {
        return;
    };
    if endpoint.style != Style::OneToOne {
        return;
    }
    if let Some(assoc) = endpoint.only_assoc() {
        let _ = assoc
            .lock()
            .with(|engine, _| engine.set_more_follows(false));
    }
}

/// Gives a message to its association, if that is still there and still the socket's, and gives
/// that back.
fn hand_over(
    endpoint: &Arc<Endpoint>,
    assoc: Arc<Assoc>,
    message: UserMessage<SkbRange>,
    more: bool,
) -> Result<Arc<Assoc>> {
    let mut locked = assoc.lock();
    if !locked.is_of(endpoint) {
        return Err(EPIPE);
    }
    let result = locked.call(|engine, cx| {
        engine.set_more_follows(more);
        let result = engine.send(cx, message);
        let polls = !matches!(result, Ok(false));
        (result, polls)
    });
    drop(locked);
    result.ok_or(EPIPE)?.map_err(connect::send_error)?;
    Ok(assoc)
}

/// What SCTP_ABORT tells the peer: the data.
#[cold]
fn reason(info: &SendInfo, msg: &mut Message<'_>, len: usize) -> Result<KVec<u8>> {
    let len = if info.has(ABORT) { len } else { 0 };
    let mut reason = KVec::zeroed(len.min(MAX_REASON), GFP_KERNEL)?;
    msg.copy_bytes_from_user(&mut reason)?;
    Ok(reason)
}

/// SCTP_EOF or, if both are given, SCTP_ABORT: ends the association.
#[cold]
fn end_assoc(assoc: &Arc<Assoc>, info: &SendInfo, reason: &[u8]) {
    let _ = assoc.lock().with(|engine, cx| {
        if info.has(ABORT) {
            engine.abort(cx, cause::USER_INITIATED_ABORT, reason);
        } else {
            engine.shutdown(cx);
        }
    });
}

fn message(
    info: &SendInfo,
    to: Option<Address>,
    end: bool,
    payload: SkbRange,
) -> UserMessage<SkbRange> {
    UserMessage {
        stream: info.stream,
        ppid: info.ppid.to_ne_bytes(),
        unordered: info.has(UNORDERED),
        end,
        sack_immediately: info.has(SACK_IMMEDIATELY),
        policy: info.policy(clock::now),
        to,
        context: info.context,
        payload,
    }
}

/// SCTP_SENDALL: to each association that is up; all of them refer to the same data. The first one
/// that refuses it ends this, as in the C module.
#[cold]
fn send_to_all(
    sk: &Sk,
    endpoint: &Arc<Endpoint>,
    info: &SendInfo,
    msg: &mut Message<'_>,
    len: usize,
    end: bool,
    data: &mut Data<'_>,
) -> Result<usize> {
    let reason = reason(info, msg, len)?;
    let payload = if info.has(EOF | ABORT) {
        None
    } else {
        Some(data.take(msg, len)?)
    };
    let mut sent = 0;
    for assoc in endpoint.all_assocs()? {
        if assoc.lock().inner.engine.state() != Phase::Established {
            continue;
        }
        let Some(payload) = &payload else {
            end_assoc(&assoc, info, &reason);
            continue;
        };
        let info = info.with_defaults(&assoc.settings.lock().send);
        may_send(&assoc, &info)?;
        let payload = payload.slice(0..len).ok_or(ENOMEM)?;
        let more = more_follows(sk, msg);
        hand_over(endpoint, assoc, message(&info, None, end, payload), more)?;
        sent = len;
    }
    if sent != 0 {
        data.sent();
    }
    Ok(sent)
}
