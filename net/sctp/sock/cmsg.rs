// SPDX-License-Identifier: GPL-2.0

//! Ancillary data of `sendmsg()` and `recvmsg()` (RFC 6458, 5.3).

use super::addr::{self, Shown};
use crate::{
    association::AssocId,
    endpoint::TransportAddr,
    engine::{
        addr::{Address, IpAddr},
        assoc::Policy,
        event::Received,
        time::{Duration, Time},
    },
    queue::{Item, Queue},
    settings::{SendDefaults, SendLimit, Settings, Subscription},
    sys::{
        bindings, ip,
        msg::{ControlMessage, Message},
        skb::SkbRange,
        sock::{IpControl, Sk},
        user::Abi,
    },
};
use core::mem::size_of;
use kernel::prelude::*;

/// How a message is to be sent.
#[derive(Clone, Copy, Default)]
pub(crate) struct SendInfo {
    pub(crate) stream: u16,
    /// SCTP_UNORDERED and its like, those of the policy excepted.
    pub(crate) flags: u32,
    /// As the user gave it: it goes out like that.
    pub(crate) ppid: u32,
    /// What the message is known by if it cannot be sent.
    pub(crate) context: u32,
    pub(crate) assoc: AssocId,
    limit: SendLimit,
    /// Whether the user said the above, in SCTP_SNDINFO or SCTP_SNDRCV, and whether it said that
    /// of the limit, too, in SCTP_PRINFO or SCTP_SNDRCV.
    is_given: bool,
    is_limit_given: bool,
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
        let mut prinfo = None;
        msg.for_each_control(|c| {
            if c.level != bindings::IPPROTO_SCTP as c_int {
                return Ok(());
            }
            match c.kind as u32 {
                bindings::sctp_cmsg_type_SCTP_INIT => {
                    info.init = Some(exact::<bindings::sctp_initmsg>(&c)?);
                }
                bindings::sctp_cmsg_type_SCTP_SNDRCV => {
                    let c = exact::<bindings::sctp_sndrcvinfo>(&c)?;
                    check_flags(c.sinfo_flags)?;
                    sndrcv = Some(c);
                }
                bindings::sctp_cmsg_type_SCTP_SNDINFO => {
                    let c = exact::<bindings::sctp_sndinfo>(&c)?;
                    check_flags(c.snd_flags)?;
                    sndinfo = Some(c);
                }
                bindings::sctp_cmsg_type_SCTP_PRINFO => {
                    let c = exact::<bindings::sctp_prinfo>(&c)?;
                    prinfo = Some(SendLimit::new(c.pr_policy, c.pr_value)?);
                }
                // For destinations().
                bindings::sctp_cmsg_type_SCTP_DSTADDRV4
                | bindings::sctp_cmsg_type_SCTP_DSTADDRV6 => {}
                // The number of a key, which means nothing without authentication.
                bindings::sctp_cmsg_type_SCTP_AUTHINFO => {
                    exact::<bindings::sctp_authinfo>(&c)?;
                }
                _ => return Err(EINVAL),
            }
            Ok(())
        })?;
        info.is_given = sndrcv.is_some() || sndinfo.is_some();
        info.is_limit_given = sndrcv.is_some() || prinfo.is_some();
        if let Some(c) = sndrcv {
            info.stream = c.sinfo_stream;
            info.set_flags(c.sinfo_flags);
            info.limit.value = c.sinfo_timetolive;
            info.ppid = c.sinfo_ppid;
            info.context = c.sinfo_context;
            info.assoc = c.sinfo_assoc_id;
        }
        if let Some(c) = sndinfo {
            info.stream = c.snd_sid;
            info.set_flags(c.snd_flags);
            info.ppid = c.snd_ppid;
            info.context = c.snd_context;
            info.assoc = c.snd_assoc_id;
        }
        info.limit = prinfo.unwrap_or(info.limit);
        Ok(info)
    }

    fn set_flags(&mut self, flags: u16) {
        self.flags = u32::from(flags) & !bindings::SCTP_PR_SCTP_MASK;
        self.limit.policy = flags & bindings::SCTP_PR_SCTP_MASK as u16;
    }

    /// Fills in what the user has not said. Of the flags only those about the message itself
    /// have a default; none ends an association.
    pub(crate) fn with_defaults(mut self, defaults: &SendDefaults) -> Self {
        if !self.is_given {
            self.stream = defaults.stream;
            self.flags = u32::from(defaults.flags) & bindings::sctp_sinfo_flags_SCTP_UNORDERED;
            self.ppid = defaults.ppid;
            self.context = defaults.context;
        }
        if !self.is_limit_given {
            if self.limit.policy == 0 {
                self.limit.policy = defaults.limit.policy;
            }
            self.limit.value = defaults.limit.value;
        }
        self
    }

    /// How long a message that is sent `now` is worth it.
    pub(crate) fn policy(&self, now: impl FnOnce() -> Time) -> Policy {
        let SendLimit { policy, value } = self.limit;
        match u32::from(policy) {
            bindings::SCTP_PR_SCTP_RTX => Policy::Retransmissions(value),
            bindings::SCTP_PR_SCTP_PRIO => Policy::Priority(value),
            bindings::SCTP_PR_SCTP_NONE if value == 0 => Policy::Reliable,
            // A lifetime was there before policies were.
            _ => Policy::Timed(now().plus(Duration::from_millis(value))),
        }
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

/// Refuses flags that mean nothing when sending.
fn check_flags(flags: u16) -> Result {
    const KNOWN: u32 = bindings::sctp_sinfo_flags_SCTP_UNORDERED
        | bindings::sctp_sinfo_flags_SCTP_ADDR_OVER
        | bindings::sctp_sinfo_flags_SCTP_ABORT
        | bindings::sctp_sinfo_flags_SCTP_SACK_IMMEDIATELY
        | bindings::SCTP_PR_SCTP_MASK
        | bindings::sctp_sinfo_flags_SCTP_SENDALL
        | bindings::sctp_sinfo_flags_SCTP_EOF
        | bindings::SCTP_EOR;
    if u32::from(flags) & !KNOWN != 0 {
        return Err(EINVAL);
    }
    Ok(())
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

    /// What SCTP_NXTINFO says, if it is wanted and there is something after what was taken out.
    pub(crate) fn next(self, queue: &mut Queue) -> Option<bindings::sctp_nxtinfo> {
        if !self.nxtinfo {
            return None;
        }
        let mut c = bindings::sctp_nxtinfo::zeroed();
        match queue.first()? {
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

/// Tells the user how many notifications were lost so far, if any, and if it wants to know: as
/// other sockets tell of packets (SO_RXQ_OVFL).
pub(crate) fn put_lost(sk: &Sk, msg: &mut Message<'_>) {
    if let Some(lost) = sk.wanted_drops() {
        let (level, kind) = (bindings::SOL_SOCKET, bindings::SO_RXQ_OVFL);
        msg.put_control(level as c_int, kind as c_int, lost.bytes());
    }
}

/// Tells the user about the packet that has brought a message, or its beginning: what the socket
/// layer and IP know of it, as far as it was asked for.
pub(crate) fn put_packet(sk: &Sk, msg: &mut Message<'_>, payload: &SkbRange) {
    const IP: c_int = bindings::IPPROTO_IP as c_int;
    const IPV6: c_int = bindings::IPPROTO_IPV6 as c_int;

    payload.put_socket_control(sk, msg);
    let wanted = sk.ip_control();
    if wanted == IpControl::default() {
        return;
    }
    let Some(arrival) = payload.arrival() else {
        return;
    };
    let class = arrival.traffic_class();
    if let IpAddr::V4(to) = arrival.to() {
        if wanted.v4_pktinfo {
            let mut c = bindings::in_pktinfo::zeroed();
            c.ipi_ifindex = arrival.ifindex();
            c.ipi_addr.s_addr = u32::from_ne_bytes(to.octets());
            c.ipi_spec_dst = c.ipi_addr;
            msg.put_control(IP, bindings::IP_PKTINFO as c_int, c.bytes());
        }
        if wanted.v4_ttl {
            let ttl = c_int::from(arrival.hop_limit());
            msg.put_control(IP, bindings::IP_TTL as c_int, ttl.bytes());
        }
        if wanted.v4_tos {
            msg.put_control(IP, bindings::IP_TOS as c_int, &[class]);
        }
    }
    if wanted.v6_pktinfo {
        let mut c = bindings::in6_pktinfo::zeroed();
        c.ipi6_addr = ip::in6(&ip::to_mapped(arrival.to()));
        c.ipi6_ifindex = arrival.ifindex();
        msg.put_control(IPV6, bindings::IPV6_PKTINFO as c_int, c.bytes());
    }
    if arrival.to().is_ipv6() {
        if wanted.v6_hoplimit {
            let hops = c_int::from(arrival.hop_limit());
            msg.put_control(IPV6, bindings::IPV6_HOPLIMIT as c_int, hops.bytes());
        }
        if wanted.v6_tclass {
            let class = c_int::from(class);
            msg.put_control(IPV6, bindings::IPV6_TCLASS as c_int, class.bytes());
        }
    }
}

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
    received: &Received<SkbRange>,
    context: impl Fn() -> u32,
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
        c.rcv_context = context();
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
        c.sinfo_context = context();
        c.sinfo_tsn = received.tsn.0;
        c.sinfo_cumtsn = received.cumulative_tsn.0;
        c.sinfo_assoc_id = assoc;
        let kind = bindings::sctp_cmsg_type_SCTP_SNDRCV as c_int;
        msg.put_control(LEVEL, kind, c.bytes());
    }
}
