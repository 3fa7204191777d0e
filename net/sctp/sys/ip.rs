// SPDX-License-Identifier: GPL-2.0

//! Routes and the way out, for IPv4 and IPv6.
//!
//! C headers: [`include/net/route.h`](srctree/include/net/route.h),
//! [`include/net/ip6_route.h`](srctree/include/net/ip6_route.h)

use super::{bindings, net::Net, sock::Sk};
use crate::engine::{
    addr::{Address, IpAddr, Ipv4Addr, Ipv6Addr},
    config::Marks,
};
use kernel::{
    error::{from_err_ptr, to_result},
    prelude::*, //
};

pub(crate) fn in6(a: &Ipv6Addr) -> bindings::in6_addr {
    let mut c = bindings::in6_addr::default();
    c.in6_u.u6_addr8 = a.octets();
    c
}

pub(crate) fn from_in6(c: &bindings::in6_addr) -> Ipv6Addr {
    // SAFETY: All variants of the union are plain bytes.
    Ipv6Addr::from(unsafe { c.in6_u.u6_addr8 })
}

/// The address in words, as `sock_diag(7)` has it.
pub(crate) fn to_words(a: &Ipv6Addr) -> [u32; 4] {
    // SAFETY: All variants of the union are plain words.
    unsafe { in6(a).in6_u.u6_addr32 }
}

/// The other way round.
pub(crate) fn from_words(words: &[u32; 4]) -> Ipv6Addr {
    let mut c = bindings::in6_addr::default();
    c.in6_u.u6_addr32 = *words;
    from_in6(&c)
}

/// The address as IPv6, IPv4 ones mapped.
pub(crate) fn to_mapped(ip: IpAddr) -> Ipv6Addr {
    match ip {
        IpAddr::V4(a) => a.to_ipv6_mapped(),
        IpAddr::V6(a) => a,
    }
}

/// Length of an IP header without options, of the family of `ip`.
pub(crate) fn header_len(ip: IpAddr) -> usize {
    match ip {
        IpAddr::V4(_) => 20,
        IpAddr::V6(_) => 40,
    }
}

fn be32(a: Ipv4Addr) -> u32 {
    u32::from_ne_bytes(a.octets())
}

/// The traffic class as the helpers take it: that of the socket if there is none.
fn tclass(marks: &Marks) -> i32 {
    marks.dscp.map_or(-1, i32::from)
}

/// The flags of IPv4 routes to more than one host.
const NOT_UNICAST: u32 = bindings::RTCF_BROADCAST | bindings::RTCF_MULTICAST;

enum Flow {
    V4(bindings::flowi4),
    V6(bindings::flowi6),
}

/// Where a packet is to go, and how it gets there.
///
/// # Invariants
///
/// `dst` is a valid route of the family of `flow`, and `self` owns one of its references.
pub(crate) struct Route {
    dst: *mut bindings::dst_entry,
    cookie: u32,
    flow: Flow,
    marks: Marks,
    /// Of the socket's IP options, as they were when the route was looked up.
    options_len: u16,
}

// There is one for each path that packets leave on.
const _: () = assert!(size_of::<Option<Route>>() <= 128);

// SAFETY: References to a route may be used and dropped from any context.
unsafe impl Send for Route {}
// SAFETY: Through a shared reference this type only reads.
unsafe impl Sync for Route {}

impl Drop for Route {
    fn drop(&mut self) {
        // SAFETY: By the type invariant this reference is ours to drop.
        unsafe { bindings::sctp_helper_dst_release(self.dst) };
    }
}

/// The ends of a flow.
pub(crate) struct Ends {
    pub(crate) to: Address,
    /// The source address; `None` lets routing choose.
    pub(crate) from: Option<IpAddr>,
    pub(crate) to_port: u16,
    pub(crate) from_port: u16,
    /// The interface that the user bound to, 0 for any.
    pub(crate) ifindex: u32,
    pub(crate) marks: Marks,
}

impl Route {
    /// Looks up a route to one host. With a socket, by its marks and its policy too.
    pub(crate) fn lookup(net: &Net, sk: Option<&Sk>, ends: &Ends) -> Result<Self> {
        let options_len = sk.map_or(0, |sk| sk.options_len(ends.to.ip.is_ipv6()));
        let options_len = u16::try_from(options_len).map_err(|_| EINVAL)?;
        let sk = sk.map_or(core::ptr::null_mut(), Sk::as_ptr);
        let (dport, sport) = (ends.to_port.to_be(), ends.from_port.to_be());
        let oif = if ends.to.scope_id != 0 {
            ends.to.scope_id
        } else {
            ends.ifindex
        } as i32;
        let marks = ends.marks;
        let (dst, flow, is_unicast) = match ends.to.ip {
            IpAddr::V4(to) => {
                let from = match ends.from {
                    Some(IpAddr::V4(a)) => be32(a),
                    None => 0,
                    Some(IpAddr::V6(_)) => return Err(EINVAL),
                };
                let mut fl4 = bindings::flowi4::default();
                // SAFETY: `fl4` is to be written, the socket is null or valid, as is the
                // namespace.
                let dst = from_err_ptr(unsafe {
                    bindings::sctp_helper_route_v4(
                        net.as_ptr(),
                        &mut fl4,
                        sk,
                        be32(to),
                        from,
                        dport,
                        sport,
                        oif,
                        tclass(&marks),
                    )
                })?;
                // SAFETY: The lookup has returned a valid IPv4 route.
                let flags = unsafe { bindings::sctp_helper_rt_flags(dst) };
                (dst, Flow::V4(fl4), flags & NOT_UNICAST == 0)
            }
            IpAddr::V6(to) => {
                let from = match ends.from {
                    Some(IpAddr::V6(a)) => a,
                    None => Ipv6Addr::UNSPECIFIED,
                    Some(IpAddr::V4(_)) => return Err(EINVAL),
                };
                let mut fl6 = bindings::flowi6::default();
                // SAFETY: As above.
                let dst = from_err_ptr(unsafe {
                    bindings::sctp_helper_route_v6(
                        net.as_ptr(),
                        &mut fl6,
                        sk,
                        &in6(&to),
                        &in6(&from),
                        dport,
                        sport,
                        oif,
                        marks.flow_label.unwrap_or(0),
                    )
                })?;
                // A multicast address is none of a peer.
                (dst, Flow::V6(fl6), true)
            }
        };
        // SAFETY: The lookup has returned a valid route of that family.
        let cookie = unsafe { bindings::sctp_helper_dst_cookie(dst, matches!(flow, Flow::V6(_))) };
        // INVARIANT: The lookup has given us a reference.
        let route = Self {
            dst,
            cookie,
            flow,
            marks,
            options_len,
        };
        // Only routing knows the broadcast address of a network.
        is_unicast.then_some(route).ok_or(ENETUNREACH)
    }

    /// The source address, as chosen by the user or by routing.
    pub(crate) fn source(&self) -> IpAddr {
        match &self.flow {
            Flow::V4(fl4) => IpAddr::V4(Ipv4Addr::from(fl4.saddr.to_ne_bytes())),
            Flow::V6(fl6) => IpAddr::V6(from_in6(&fl6.saddr)),
        }
    }

    /// The same as an address: a link-local one is on the interface that the route was asked for.
    pub(crate) fn source_address(&self) -> Address {
        let ip = self.source();
        let scope_id = match (&self.flow, ip) {
            (Flow::V6(fl6), IpAddr::V6(a)) if a.is_unicast_link_local() => {
                fl6.__fl_common.flowic_oif as u32
            }
            _ => 0,
        };
        Address { ip, scope_id }
    }

    /// Whether packets leave by the same interface and from the same address as with another route.
    pub(crate) fn leaves_as(&self, other: &Self) -> bool {
        self.ifindex() == other.ifindex() && self.source() == other.source()
    }

    /// What packets are marked with.
    pub(crate) fn marks(&self) -> Marks {
        self.marks
    }

    /// The interface that packets leave by.
    pub(crate) fn ifindex(&self) -> u32 {
        // SAFETY: By the type invariant the route is valid.
        unsafe { bindings::sctp_helper_dst_ifindex(self.dst) as u32 }
    }

    /// Whether the route may still be used.
    pub(crate) fn is_valid(&self) -> bool {
        // SAFETY: By the type invariant the route is valid.
        unsafe { bindings::sctp_helper_dst_valid(self.dst, self.cookie) }
    }

    /// Length of an IP header, with the socket's options.
    pub(crate) fn header_len(&self) -> usize {
        header_len(self.source()).saturating_add(usize::from(self.options_len))
    }

    /// Largest SCTP packet that fits the route's MTU.
    pub(crate) fn mtu(&self) -> usize {
        // SAFETY: By the type invariant the route is valid.
        let mtu = unsafe { bindings::sctp_helper_dst_mtu(self.dst) } as usize;
        // An IP packet has at most 65535 bytes, on whatever device, and chunks end at multiples
        // of four.
        mtu.min(65532).saturating_sub(self.header_len()) & !3
    }

    /// Whether the device will compute SCTP checksums.
    pub(crate) fn checksums(&self) -> bool {
        // SAFETY: By the type invariant the route is valid.
        unsafe { bindings::sctp_helper_dst_csum_offload(self.dst) }
    }

    /// How many bytes in how many packets may be given to the device at once.
    pub(super) fn gso_limits(&self) -> (usize, u64) {
        // SAFETY: By the type invariant the route is valid.
        let size = unsafe { bindings::sctp_helper_dst_gso_max_size(self.dst) };
        // SAFETY: As above.
        let segs = unsafe { bindings::sctp_helper_dst_gso_max_segs(self.dst) };
        (size as usize, segs.into())
    }

    /// Takes up what a router has said about the path MTU (the whole IP packet, in bytes).
    pub(crate) fn update_pmtu(&self, sk: &Sk, mtu: u32) {
        // SAFETY: By the type invariant the route is valid, and so is the socket.
        unsafe { bindings::sctp_helper_dst_update_pmtu(self.dst, sk.as_ptr(), mtu) };
    }

    fn attach(&self, skb: *mut bindings::sk_buff) {
        // SAFETY: By the type invariant the route is valid.
        unsafe { bindings::sctp_helper_dst_hold(self.dst) };
        // SAFETY: The callers' skb is valid; it takes over the reference just taken.
        unsafe { bindings::sctp_helper_skb_dst_set(skb, self.dst) };
    }

    /// Sends a packet for a socket.
    ///
    /// # Safety
    ///
    /// `skb` is a complete SCTP packet that the caller has for itself and gives up.
    pub(crate) unsafe fn xmit(&mut self, sk: &Sk, skb: *mut bindings::sk_buff) -> Result {
        self.attach(skb);
        let (sk, tclass) = (sk.as_ptr(), tclass(&self.marks));
        let err = match &mut self.flow {
            // SAFETY: The socket, the skb and the flow are valid, and the skb has a route.
            Flow::V4(fl4) => unsafe { bindings::sctp_helper_xmit_v4(sk, skb, fl4, tclass) },
            // SAFETY: As above. Only an IPv6 socket has IPv6 paths.
            Flow::V6(fl6) => unsafe { bindings::sctp_helper_xmit_v6(sk, skb, fl6, tclass) },
        };
        to_result(err.min(0))
    }

    /// Sends a packet for no socket of that namespace, for which the route was looked up.
    ///
    /// # Safety
    ///
    /// `skb` is a complete SCTP packet that the caller has for itself and gives up.
    pub(crate) unsafe fn local_out(&self, net: &Net, skb: *mut bindings::sk_buff) -> Result {
        // SAFETY: By the type invariant the route is valid.
        unsafe { bindings::sctp_helper_dst_hold(self.dst) };
        let (net, dst) = (net.as_ptr(), self.dst);
        let tclass = self.marks.dscp.unwrap_or(0);
        let err = match &self.flow {
            // SAFETY: Namespace, skb, route and flow are valid; the reference just taken goes to
            // the skb.
            Flow::V4(fl4) => unsafe {
                bindings::sctp_helper_local_out_v4(net, skb, dst, fl4, tclass)
            },
            // SAFETY: As above.
            Flow::V6(fl6) => unsafe {
                bindings::sctp_helper_local_out_v6(net, skb, dst, fl6, tclass)
            },
        };
        to_result(err.min(0))
    }
}

/// Whether `addr` is an address of this host: with an `ifindex`, one of that interface or of its
/// VRF.
pub(crate) fn is_local(net: &Net, addr: &Address, ifindex: u32) -> bool {
    let ifindex = if addr.scope_id != 0 {
        addr.scope_id
    } else {
        ifindex
    } as i32;
    match addr.ip {
        // SAFETY: The namespace is valid.
        IpAddr::V4(a) => unsafe {
            bindings::sctp_helper_addr_is_local_v4(net.as_ptr(), be32(a), ifindex)
        },
        // SAFETY: As above, and the address is readable.
        IpAddr::V6(a) => unsafe {
            bindings::sctp_helper_addr_is_local_v6(net.as_ptr(), &in6(&a), ifindex)
        },
    }
}
