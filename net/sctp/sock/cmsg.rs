// SPDX-License-Identifier: GPL-2.0

//! Ancillary data of `sendmsg()` and `recvmsg()` (RFC 6458, 5.3).

use super::addr::{self, Shown};
use crate::{
    association::AssocId,
    endpoint::{Item, TransportAddr},
    engine::{
        addr::{Address, IpAddr},
        event::Received,
    },
    settings::{SendDefaults, Settings, Subscription},
    sys::{
        bindings,
        msg::{ControlMessage, Message},
        skb::SkbRange,
        sock::Sk,
        user::Abi,
    },
};
use core::mem::size_of;
use kernel::prelude::*;

/// How a message is to be sent.
#[derive(Clone, Copy, Default)]
pub(crate) struct SendInfo {
    pub(crate) stream: u16,
    /// SCTP_UNORDERED and its like.
    pub(crate) flags: u32,
    /// As the user gave it: it goes out like that.
    pub(crate) ppid: u32,
    pub(crate) assoc: AssocId,
    /// Whether the above is what the user said, in SCTP_SNDINFO or SCTP_SNDRCV.
    is_given: bool,
    /// What an association that this call creates is to ask for.
    pub(crate) init: Option<bindings::sctp_initmsg>,
}

impl SendInfo {
    /// Reads all ancillary data. Of several of a kind the last one counts, and SCTP_SNDINFO more
    /// than SCTP_SNDRCV, as with the C module.
    pub(crate) fn parse(msg: &Message<'_>) -> Result<Self> {
        let mut info = Self::default();
        let mut sndrcv = None;
        let mut sndinfo = None;
        msg.for_each_control(|c| {
            if c.level != bindings::IPPROTO_SCTP as c_int {
                return Ok(());
            }
            match c.kind as u32 {
                bindings::sctp_cmsg_type_SCTP_INIT => {
                    info.init = Some(exact::<bindings::sctp_initmsg>(&c)?);
                }
                bindings::sctp_cmsg_type_SCTP_SNDRCV => {
                    sndrcv = Some(exact::<bindings::sctp_sndrcvinfo>(&c)?);
                }
                bindings::sctp_cmsg_type_SCTP_SNDINFO => {
                    sndinfo = Some(exact::<bindings::sctp_sndinfo>(&c)?);
                }
                // For destinations().
                bindings::sctp_cmsg_type_SCTP_DSTADDRV4
                | bindings::sctp_cmsg_type_SCTP_DSTADDRV6 => {}
                bindings::sctp_cmsg_type_SCTP_PRINFO | bindings::sctp_cmsg_type_SCTP_AUTHINFO => {
                    return Err(EOPNOTSUPP)
                }
                _ => return Err(EINVAL),
            }
            Ok(())
        })?;
        info.is_given = sndrcv.is_some() || sndinfo.is_some();
        if let Some(c) = sndrcv {
            if c.sinfo_timetolive != 0 {
                return Err(EOPNOTSUPP);
            }
            info.stream = c.sinfo_stream;
            info.flags = u32::from(c.sinfo_flags);
            info.ppid = c.sinfo_ppid;
            info.assoc = c.sinfo_assoc_id;
        }
        if let Some(c) = sndinfo {
            info.stream = c.snd_sid;
            info.flags = u32::from(c.snd_flags);
            info.ppid = c.snd_ppid;
            info.assoc = c.snd_assoc_id;
        }
        Ok(info)
    }

    /// Fills in what the user has not said. Of the flags only those about the message itself
    /// have a default; none ends an association.
    pub(crate) fn with_defaults(mut self, defaults: &SendDefaults) -> Self {
        if !self.is_given {
            self.stream = defaults.stream;
            self.flags = u32::from(defaults.flags) & bindings::sctp_sinfo_flags_SCTP_UNORDERED;
            self.ppid = defaults.ppid;
        }
        self
    }

    pub(crate) fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }
}

/// The addresses of the peer of an association that this call creates: the one that the message
/// goes to, and those in SCTP_DSTADDRV4 and SCTP_DSTADDRV6.
pub(crate) fn destinations(
    sk: &Sk,
    msg: &Message<'_>,
    to: TransportAddr,
) -> Result<KVec<TransportAddr>> {
    let mut peers = KVec::new();
    peers.push(to, GFP_KERNEL)?;
    msg.for_each_control(|c| {
        let is_ours = c.level == LEVEL;
        let ip = match c.kind as u32 {
            bindings::sctp_cmsg_type_SCTP_DSTADDRV4 if is_ours => {
                let octets = c.data.first_chunk::<4>().ok_or(EINVAL)?;
                IpAddr::from(*octets)
            }
            bindings::sctp_cmsg_type_SCTP_DSTADDRV6 if is_ours => {
                let octets = c.data.first_chunk::<16>().ok_or(EINVAL)?;
                IpAddr::from(*octets)
            }
            _ => return Ok(()),
        };
        let shown = Shown::new(sk, &Address::new(ip), to.port);
        peers.push(addr::parse_peer(sk, shown.bytes())?, GFP_KERNEL)?;
        Ok(())
    })?;
    Ok(peers)
}

/// Reads a structure that must have just its size.
fn exact<T: Abi>(c: &ControlMessage<'_>) -> Result<T> {
    if c.data.len() != size_of::<T>() {
        return Err(EINVAL);
    }
    Ok(T::from_prefix(c.data))
}

/// Which ancillary data comes with what is read.
#[derive(Clone, Copy)]
pub(crate) struct Wanted {
    nxtinfo: bool,
    rcvinfo: bool,
    sndrcv: bool,
}

impl Wanted {
    pub(crate) fn by(settings: &Settings) -> Self {
        Self {
            nxtinfo: settings.nxtinfo,
            rcvinfo: settings.rcvinfo,
            sndrcv: settings.assoc.subscriptions.has(Subscription::DataIo),
        }
    }

    /// What SCTP_NXTINFO says, if it is wanted and there is something after what is being read.
    pub(crate) fn next(self, next: Option<&Item>) -> Option<bindings::sctp_nxtinfo> {
        if !self.nxtinfo {
            return None;
        }
        let mut c = bindings::sctp_nxtinfo::zeroed();
        match next? {
            Item::Data {
                assoc, received, ..
            } => {
                c.nxt_sid = received.stream;
                c.nxt_flags = unordered(received);
                c.nxt_ppid = u32::from_ne_bytes(received.ppid);
                c.nxt_length = length(received.len());
                c.nxt_assoc_id = *assoc;
            }
            Item::Notification { assoc, bytes, .. } => {
                c.nxt_flags = bindings::sctp_sinfo_flags_SCTP_NOTIFICATION as u16;
                c.nxt_length = length(bytes.len());
                c.nxt_assoc_id = *assoc;
            }
        }
        Some(c)
    }
}

fn length(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

fn unordered(received: &Received<SkbRange>) -> u16 {
    if received.unordered {
        bindings::sctp_sinfo_flags_SCTP_UNORDERED as u16
    } else {
        0
    }
}

const LEVEL: c_int = bindings::IPPROTO_SCTP as c_int;

/// SCTP_NXTINFO. The C module puts it before all others.
pub(crate) fn put_next(msg: &mut Message<'_>, next: &bindings::sctp_nxtinfo) {
    let kind = bindings::sctp_cmsg_type_SCTP_NXTINFO as c_int;
    msg.put_control(LEVEL, kind, next.bytes());
}

/// Tells the user about a message, in the order of the C module: SCTP_RCVINFO, SCTP_SNDRCV.
pub(crate) fn put(
    msg: &mut Message<'_>,
    wanted: Wanted,
    assoc: AssocId,
    context: u32,
    received: &Received<SkbRange>,
) {
    let ppid = u32::from_ne_bytes(received.ppid);
    if wanted.rcvinfo {
        let mut c = bindings::sctp_rcvinfo::zeroed();
        c.rcv_sid = received.stream;
        c.rcv_ssn = received.ssn.0;
        c.rcv_flags = unordered(received);
        c.rcv_ppid = ppid;
        c.rcv_tsn = received.tsn.0;
        c.rcv_cumtsn = received.cumulative_tsn.0;
        c.rcv_context = context;
        c.rcv_assoc_id = assoc;
        let kind = bindings::sctp_cmsg_type_SCTP_RCVINFO as c_int;
        msg.put_control(LEVEL, kind, c.bytes());
    }
    if wanted.sndrcv {
        let mut c = bindings::sctp_sndrcvinfo::zeroed();
        c.sinfo_stream = received.stream;
        c.sinfo_ssn = received.ssn.0;
        c.sinfo_flags = unordered(received);
        c.sinfo_ppid = ppid;
        c.sinfo_context = context;
        c.sinfo_tsn = received.tsn.0;
        c.sinfo_cumtsn = received.cumulative_tsn.0;
        c.sinfo_assoc_id = assoc;
        let kind = bindings::sctp_cmsg_type_SCTP_SNDRCV as c_int;
        msg.put_control(LEVEL, kind, c.bytes());
    }
}
