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
    endpoint::{Endpoint, Style, Unreported},
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
    let endpoint = sk.endpoint()?;
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
            let mut reader = endpoint.reader.lock();
            let taken = Taken::take(endpoint);
            let from = taken.as_ref().map(|taken| taken.item.assoc());
            reader.report_but_of(endpoint, from);
            if let Some(taken) = taken {
                let result = read(sk, endpoint, &mut reader, msg, len, taken, peek);
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
    /// Whether another message of the same association comes next.
    goes_on: bool,
}

impl Taken {
    fn take(endpoint: &Endpoint) -> Option<Self> {
        let mut inner = endpoint.inner.lock();
        let item = inner.pop()?;
        let wanted = Wanted::by(&inner.settings);
        let next = inner.queue.first();
        let goes_on = next.is_some_and(|n| !n.is_notification() && n.assoc() == item.assoc());
        Some(Self {
            goes_on,
            wanted,
            next: wanted.next(&mut inner.queue),
            owner: inner.assocs.get(&item.assoc()).cloned(),
            item,
        })
    }

    /// Copies as much as there is room for. Gives how many bytes that was.
    fn show(&self, sk: &Sk, msg: &mut Message<'_>, len: usize) -> Result<usize> {
        let unread = self.item.unread();
        let copied = unread.min(len);
        let complete = copied == unread;
        match &self.item {
            Item::Notification {
                bytes, read, about, ..
            } => {
                let rest = bytes.get(*read..).unwrap_or_default();
                msg.copy_to_user(rest.get(..copied).unwrap_or_default())?;
                if let Some(next) = &self.next {
                    cmsg::put_next(msg, next);
                }
                set_name(sk, msg, &about.addr, about.port);
                msg.add_flags(bindings::sctp_msg_flags_MSG_NOTIFICATION);
                if complete {
                    msg.add_flags(bindings::MSG_EOR);
                }
                cmsg::put_lost(sk, msg);
            }
            Item::Data {
                assoc,
                context,
                peer_port,
                received,
                read,
                ..
            } => {
                copy(msg, &received.first, &received.rest, *read, copied)?;
                set_name(sk, msg, &received.from, *peer_port);
                cmsg::put_packet(sk, msg, &received.first);
                cmsg::put_lost(sk, msg);
                if let Some(next) = &self.next {
                    cmsg::put_next(msg, next);
                }
                cmsg::put(msg, self.wanted, *assoc, received, || {
                    // What it is now, as long as there is an association that could have another.
                    let owner = self.owner.as_ref();
                    owner.map_or(*context, |owner| owner.settings.lock().context)
                });
                if complete && received.end {
                    msg.add_flags(bindings::MSG_EOR);
                }
            }
        }
        Ok(copied)
    }
}

/// Copies an item to the user, and puts back what is left.
fn read(
    sk: &Sk,
    endpoint: &Endpoint,
    reader: &mut Unreported,
    msg: &mut Message<'_>,
    len: usize,
    mut taken: Taken,
    peek: bool,
) -> Result<usize> {
    let result = taken.show(sk, msg, len);
    let copied = match &result {
        Ok(copied) if !peek => *copied,
        Ok(_) | Err(_) => {
            endpoint.inner.lock().queue.put_back(taken.item);
            return result;
        }
    };
    let is_notification = taken.item.is_notification();
    let truesize = taken.item.truesize();
    let complete = taken.item.advance(copied);
    if !complete {
        endpoint.inner.lock().queue.put_back(taken.item);
    }
    if let Some(owner) = taken.owner {
        // The memory goes with the last byte, the window opens with each.
        let released = if complete { truesize } else { 0 };
        if !is_notification {
            let more = complete && taken.goes_on;
            reader.add(&owner, (copied, released), sk.rcvbuf(), more);
        } else if complete {
            owner.lock().notification_read(released);
        }
    }
    result
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
