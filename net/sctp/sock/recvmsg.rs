// SPDX-License-Identifier: GPL-2.0

//! `recvmsg()` and its relatives (RFC 6458, 3.1.5 and 4.1.6).
//!
//! A message, or a notification, is taken off the queue, copied without any spinlock, and put back
//! if the user had no room for all of it.

use super::{
    addr::Shown,
    cmsg::{self, Wanted},
};
use crate::{
    association::Assoc,
    endpoint::{Endpoint, Style},
    engine::{addr::Address, cx::Payload},
    queue::Item,
    sys::{
        bindings,
        busy_poll::busy_poll,
        msg::Message,
        skb::SkbRange,
        sock::{Sk, State},
    },
};
use kernel::{prelude::*, sync::Arc};

/// Receives a message, or as much of it as there is room for.
pub(crate) fn recvmsg(sk: &Sk, msg: &mut Message<'_>, len: usize, flags: u32) -> Result<usize> {
    if flags & bindings::MSG_ERRQUEUE != 0 {
        return msg.put_queued_error(sk, len);
    }
    let endpoint: Arc<Endpoint> = sk.endpoint()?.into();
    if endpoint.style == Style::OneToOne
        && matches!(sk.state(), State::Listening | State::Establishing)
    {
        return Err(ENOTCONN);
    }
    let peek = flags & bindings::MSG_PEEK != 0;
    let mut timeout = sk.receive_timeout(flags & bindings::MSG_DONTWAIT != 0);
    let may_wait = !timeout.is_over();
    let lowat = sk.rcvlowat().min(len);
    if may_wait && lowat > 1 {
        // After an error, a signal, or when the time is over, what there is has to do.
        let _ = sk.wait(&mut timeout, || {
            let ends = sk.has_error() || sk.shutdown() & bindings::RCV_SHUTDOWN != 0;
            let mut inner = endpoint.inner.lock();
            let suffices = ends || inner.is_readable(lowat) || inner.assocs.is_empty();
            suffices.then_some(())
        });
    }
    let mut has_polled = false;
    loop {
        {
            let reader = endpoint.reader.lock();
            let taken = Taken::take(&endpoint);
            if let Some(taken) = taken {
                let result = show(sk, &endpoint, msg, len, taken, peek);
                drop(reader);
                return result;
            }
        }
        if !has_polled {
            has_polled = true;
            let is_there = || endpoint.inner.lock().queue.has_something_to_read();
            busy_poll(sk, !may_wait, is_there);
        }
        let ready = sk.wait(&mut timeout, || {
            if endpoint.inner.lock().queue.has_something_to_read() {
                return Some(Ok(true));
            }
            if let Err(e) = sk.take_error() {
                return Some(Err(e));
            }
            if sk.shutdown() & bindings::RCV_SHUTDOWN != 0 {
                return Some(Ok(false));
            }
            // Nothing can ever come.
            let hopeless =
                endpoint.inner.lock().assocs.is_empty() && sk.state() != State::Listening;
            (may_wait && hopeless).then_some(Err(ENOTCONN))
        })??;
        if !ready {
            return Ok(0);
        }
    }
}

/// The first thing to read, and what else has to be known to show it.
struct Taken {
    item: Item,
    wanted: Wanted,
    next: Option<bindings::sctp_nxtinfo>,
    /// Whose it is, if that is still there.
    owner: Option<Arc<Assoc>>,
}

impl Taken {
    fn take(endpoint: &Endpoint) -> Option<Self> {
        let mut inner = endpoint.inner.lock();
        let item = inner.pop()?;
        let wanted = Wanted::by(&inner.settings);
        Some(Self {
            wanted,
            next: wanted.next(&mut inner.queue),
            owner: inner.assocs.get(&item.assoc()).cloned(),
            item,
        })
    }
}

/// Copies an item to the user, and puts back what is left.
fn show(
    sk: &Sk,
    endpoint: &Endpoint,
    msg: &mut Message<'_>,
    len: usize,
    taken: Taken,
    peek: bool,
) -> Result<usize> {
    let Taken {
        item,
        wanted,
        next,
        owner,
    } = taken;
    match item {
        Item::Notification {
            assoc,
            bytes,
            read,
            about,
            charge,
        } => {
            let rest = bytes.get(read..).unwrap_or_default();
            let copied = rest.len().min(len);
            let result = msg.copy_to_user(rest.get(..copied).unwrap_or_default());
            let complete = copied == rest.len();
            let truesize = Item::notification_truesize(&bytes);
            if result.is_err() || peek || !complete {
                let read = if result.is_err() || peek {
                    read
                } else {
                    read + copied
                };
                endpoint.inner.lock().queue.put_back(Item::Notification {
                    assoc,
                    bytes,
                    read,
                    about,
                    charge,
                });
            } else if let Some(owner) = owner {
                owner.lock().notification_read(truesize);
            }
            result?;
            if let Some(next) = &next {
                cmsg::put_next(msg, next);
            }
            set_name(sk, msg, &about.addr, about.port);
            msg.add_flags(bindings::sctp_msg_flags_MSG_NOTIFICATION);
            if complete {
                msg.add_flags(bindings::MSG_EOR);
            }
            cmsg::put_lost(sk, msg);
            Ok(copied)
        }
        Item::Data {
            assoc,
            context,
            peer_port,
            received,
            read,
            charge,
        } => {
            let total = received.len();
            let copied = total.saturating_sub(read).min(len);
            let result = copy(msg, &received.first, &received.rest, read, copied);
            let now_read = read.saturating_add(copied);
            let complete = now_read == total;
            if result.is_ok() {
                set_name(sk, msg, &received.from, peer_port);
                cmsg::put_packet(sk, msg, &received.first);
                cmsg::put_lost(sk, msg);
                if let Some(next) = &next {
                    cmsg::put_next(msg, next);
                }
                cmsg::put(msg, wanted, assoc, &received, || {
                    // What it is now, as long as there is an association that could have another.
                    let owner = owner.as_ref();
                    owner.map_or(context, |owner| owner.settings.lock().context)
                });
                if complete && received.end {
                    msg.add_flags(bindings::MSG_EOR);
                }
            }
            let stays = result.is_err() || peek;
            let released = received.truesize();
            if stays || !complete {
                endpoint.inner.lock().queue.put_back(Item::Data {
                    assoc,
                    context,
                    peer_port,
                    received,
                    read: if stays { read } else { now_read },
                    charge,
                });
            }
            if !stays {
                // The memory goes with the last byte, the window opens with each.
                let truesize = if complete { released } else { 0 };
                if let Some(owner) = owner {
                    owner.lock().consumed(copied, truesize);
                }
            }
            result.map(|()| copied)
        }
    }
}

/// Tells the user where something came from.
fn set_name(sk: &Sk, msg: &mut Message<'_>, addr: &Address, port: u16) {
    if msg.wants_name() {
        msg.set_name(Shown::new(sk, addr, port).bytes());
    }
}

/// Copies `len` bytes from byte `at` on of a message in fragments.
fn copy(
    msg: &mut Message<'_>,
    first: &SkbRange,
    rest: &[SkbRange],
    mut at: usize,
    mut len: usize,
) -> Result {
    for fragment in Iterator::chain(core::iter::once(first), rest) {
        let size = fragment.len();
        if at >= size {
            at -= size;
            continue;
        }
        let n = len.min(size - at);
        if n == 0 {
            break;
        }
        fragment.copy_to_user(msg, at..at + n)?;
        at = 0;
        len -= n;
    }
    Ok(())
}
