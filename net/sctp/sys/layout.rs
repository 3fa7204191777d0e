// SPDX-License-Identifier: GPL-2.0

//! Whether the bindings and the kernel agree about the structures that both sides touch.
//!
//! The bindings are made by libclang with the flags of a kernel that another compiler may have
//! built. Everything in this folder relies on their layouts, so they are compared before anything
//! is registered.

use super::bindings;
use core::mem::{offset_of, size_of};
use kernel::prelude::*;

/// `EINVAL` and a line in the log for each layout that differs.
pub(crate) fn check() -> Result {
    // SAFETY: A constant of the module's C part.
    let c = unsafe { &bindings::sctp_layout };
    let mut result = Ok(());
    macro_rules! compare {
        ($($field:ident = $ours:expr),* $(,)?) => {
            $(
                if c.$field != $ours {
                    pr_err!("layout of {}: C {}, bindings {}\n", stringify!($field), c.$field, $ours);
                    result = Err(EINVAL);
                }
            )*
        };
    }
    compare!(
        sock = size_of::<bindings::sock>(),
        inet_sock = size_of::<bindings::inet_sock>(),
        ipv6_pinfo = size_of::<bindings::ipv6_pinfo>(),
        sk_buff = size_of::<bindings::sk_buff>(),
        msghdr = size_of::<bindings::msghdr>(),
        proto = size_of::<bindings::proto>(),
        proto_ops = size_of::<bindings::proto_ops>(),
        inet_protosw = size_of::<bindings::inet_protosw>(),
        net_protocol = size_of::<bindings::net_protocol>(),
        inet6_protocol = size_of::<bindings::inet6_protocol>(),
        pernet_operations = size_of::<bindings::pernet_operations>(),
        skb_len = offset_of!(bindings::sk_buff, len),
        skb_data_len = offset_of!(bindings::sk_buff, data_len),
        skb_truesize = offset_of!(bindings::sk_buff, truesize),
        skb_data = offset_of!(bindings::sk_buff, data),
        msg_flags = offset_of!(bindings::msghdr, msg_flags),
        msg_iter = offset_of!(bindings::msghdr, msg_iter),
        paddr_change = size_of::<bindings::sctp_paddr_change>(),
        spc_aaddr = offset_of!(bindings::sctp_paddr_change, spc_aaddr),
        spc_state = offset_of!(bindings::sctp_paddr_change, spc_state),
        ctl_table = size_of::<bindings::ctl_table>(),
        netlink_callback = size_of::<bindings::netlink_callback>(),
        inet_diag_handler = size_of::<bindings::inet_diag_handler>(),
        inet_diag_msg = size_of::<bindings::inet_diag_msg>(),
        info = size_of::<bindings::sctp_info>(),
        seq_operations = size_of::<bindings::seq_operations>(),
        seq_net_private = size_of::<bindings::seq_net_private>(),
    );
    result
}
