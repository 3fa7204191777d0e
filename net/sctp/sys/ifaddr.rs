// SPDX-License-Identifier: GPL-2.0

//! The addresses of this host.
//!
//! C headers: [`include/linux/inetdevice.h`](srctree/include/linux/inetdevice.h),
//! [`include/net/if_inet6.h`](srctree/include/net/if_inet6.h)

use super::{bindings, ip::from_in6, net::Net};
use crate::engine::addr::{Address, IpAddr, Ipv4Addr};
use kernel::sync::rcu;

/// IPv6 addresses that are not to be used, or not any more.
const UNUSABLE: u32 = bindings::IFA_F_TENTATIVE
    | bindings::IFA_F_OPTIMISTIC
    | bindings::IFA_F_DADFAILED
    | bindings::IFA_F_DEPRECATED;

/// Calls `f` with each address of the interfaces that are up. With an `ifindex` only that
/// interface counts, or, if it is a VRF, those that belong to it.
///
/// The kernel's lists are read under RCU, in whatever context, so `f` must not sleep. The cost is
/// that of a walk over all interfaces.
pub(crate) fn for_each(net: &Net, ifindex: u32, mut f: impl FnMut(Address)) {
    let _guard = rcu::read_lock();
    let mut dev = core::ptr::null_mut();
    loop {
        // SAFETY: The namespace lives. Under RCU, `dev` is null or a device of it.
        dev = unsafe { bindings::sctp_helper_next_dev_rcu(net.as_ptr(), dev) };
        if dev.is_null() {
            return;
        }
        // SAFETY: Under RCU the device lives.
        let index = unsafe { bindings::sctp_helper_dev_ifindex(dev) } as u32;
        // SAFETY: As above.
        let master = unsafe { bindings::sctp_helper_dev_master_ifindex_rcu(dev) } as u32;
        // SAFETY: As above.
        let is_up = unsafe { bindings::sctp_helper_dev_is_up(dev) };
        if is_up && [0, index, master].contains(&ifindex) {
            of_device(dev, index, &mut f);
        }
    }
}

/// Whether an interface has an address.
pub(crate) fn is_on(net: &Net, ifindex: u32, address: &Address) -> bool {
    let mut found = false;
    for_each(net, ifindex, |own| found |= own == *address);
    found
}

/// Calls `f` with each address of a device, which lives by the RCU read lock that the caller holds.
fn of_device(dev: *mut bindings::net_device, index: u32, f: &mut impl FnMut(Address)) {
    let mut ifa = core::ptr::null_mut();
    loop {
        // SAFETY: Under RCU the device lives, and `ifa` is null or an address that was on its list.
        ifa = unsafe { bindings::sctp_helper_next_ifa_rcu(dev, ifa) };
        if ifa.is_null() {
            break;
        }
        // SAFETY: Under RCU the entry lives.
        let local = unsafe { bindings::sctp_helper_ifa_local(ifa) };
        f(Address::new(IpAddr::V4(Ipv4Addr::from(
            local.to_ne_bytes(),
        ))));
    }
    let mut ifa = core::ptr::null_mut();
    loop {
        // SAFETY: As for IPv4.
        ifa = unsafe { bindings::sctp_helper_next_ifa6_rcu(dev, ifa) };
        if ifa.is_null() {
            return;
        }
        // SAFETY: Under RCU the entry lives.
        if unsafe { bindings::sctp_helper_ifa6_flags(ifa) } & UNUSABLE != 0 {
            continue;
        }
        // SAFETY: As above; the address of an entry does not change.
        let ip = from_in6(unsafe { &*bindings::sctp_helper_ifa6_addr(ifa) });
        let scope_id = if ip.is_unicast_link_local() { index } else { 0 };
        let ip = IpAddr::V6(ip);
        f(Address { ip, scope_id });
    }
}
