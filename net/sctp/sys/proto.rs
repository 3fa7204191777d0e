// SPDX-License-Identifier: GPL-2.0

//! The tables by which the inet layers know the protocol, their callbacks, and the registrations.
//!
//! A callback recovers the typed references, calls one safe function and maps the error.
//!
//! C headers: [`include/net/protocol.h`](srctree/include/net/protocol.h),
//! [`include/linux/net.h`](srctree/include/linux/net.h)

use super::{
    bindings,
    gso::{self, Received},
    icmp::IcmpError,
    msg::Message,
    sock::{Sctp6Sock, SctpSock, Sk, INET6_OFFSET},
    socket::graft,
    user::{OptionIn, OptionOut},
};
use crate::{icmp, input, sock};
use core::{cell::UnsafeCell, mem::size_of};
use kernel::{
    error::to_result,
    prelude::*, //
};

/// A table that the C side links into its lists and writes to.
pub(super) struct Table<T>(UnsafeCell<T>);

// SAFETY: The Rust side does not touch a table between registration and unregistration.
unsafe impl<T> Sync for Table<T> {}

impl<T> Table<T> {
    pub(super) const fn new(table: T) -> Self {
        Self(UnsafeCell::new(table))
    }

    pub(super) const fn as_ptr(&self) -> *mut T {
        self.0.get()
    }
}

/// A table of zeroes, to be filled in.
pub(super) const fn zeroed<T>() -> T {
    // SAFETY: Used for C structures of pointers, integers and optional functions only.
    unsafe { core::mem::zeroed() }
}

pub(super) fn this_module() -> *mut bindings::module {
    // SAFETY: Returns the address of a static.
    unsafe { bindings::sctp_helper_this_module() }
}

fn code(result: Result) -> c_int {
    match result {
        Ok(()) => 0,
        Err(e) => e.to_errno(),
    }
}

fn count(result: Result<usize>) -> c_int {
    match result {
        Ok(n) => c_int::try_from(n).unwrap_or(c_int::MAX),
        Err(e) => e.to_errno(),
    }
}

// The callbacks of `struct proto`. The C side calls them with a valid socket of this module, in
// process context.

/// # Safety
///
/// Only the C side calls this, through the table it stands in, with what belongs there.
unsafe extern "C" fn init(sk: *mut bindings::sock) -> c_int {
    // SAFETY: A new socket, allocated by this module's `obj_size`.
    let sk = unsafe { Sk::from_raw(sk) };
    let endpoint = sock::create::create(sk);
    // SAFETY: This is `proto.init`.
    code(unsafe { sk.init(endpoint) })
}

/// # Safety
///
/// Only the C side calls this, through the table it stands in, with what belongs there.
unsafe extern "C" fn close(sk: *mut bindings::sock, timeout: c_long) {
    // SAFETY: See above.
    sock::close::close(unsafe { Sk::from_raw(sk) }, timeout);
}

/// # Safety
///
/// Only the C side calls this, through the table it stands in, with what belongs there.
unsafe extern "C" fn destroy(sk: *mut bindings::sock) {
    // SAFETY: See above.
    sock::close::destroy(unsafe { Sk::from_raw(sk) });
}

/// # Safety
///
/// Only the C side calls this, through the table it stands in, with what belongs there.
unsafe extern "C" fn disconnect(sk: *mut bindings::sock, _flags: c_int) -> c_int {
    // SAFETY: See above.
    code(sock::shutdown::disconnect(unsafe { Sk::from_raw(sk) }))
}

/// # Safety
///
/// Only the C side calls this, through the table it stands in, with what belongs there.
unsafe extern "C" fn ioctl(sk: *mut bindings::sock, cmd: c_int, karg: *mut c_int) -> c_int {
    // SAFETY: See above.
    match sock::ioctl::ioctl(unsafe { Sk::from_raw(sk) }, cmd as u32) {
        Ok(value) => {
            // SAFETY: The C side gives room for the result.
            unsafe { *karg = value };
            0
        }
        Err(e) => e.to_errno(),
    }
}

/// # Safety
///
/// Only the C side calls this, through the table it stands in, with what belongs there.
unsafe extern "C" fn shutdown(sk: *mut bindings::sock, how: c_int) {
    // SAFETY: See above.
    sock::shutdown::shutdown(unsafe { Sk::from_raw(sk) }, how as u32);
}

/// # Safety
///
/// Only the C side calls this, through the table it stands in, with what belongs there.
unsafe extern "C" fn setsockopt(
    sk: *mut bindings::sock,
    level: c_int,
    name: c_int,
    value: bindings::sockptr_t,
    len: c_uint,
) -> c_int {
    match (level as u32, name as u32) {
        (bindings::SOL_SCTP, name) => {
            // SAFETY: See above; the arguments are those of this call.
            let (sk, value) = unsafe { (Sk::from_raw(sk), OptionIn::new(value, len)) };
            count(sock::opt::set(sk, name, &value))
        }
        (bindings::SOL_SOCKET, bindings::SO_ZEROCOPY) => {
            // SAFETY: See above; the arguments are those of this call.
            let (sk, value) = unsafe { (Sk::from_raw(sk), OptionIn::new(value, len)) };
            code(sock::opt::set_zerocopy(sk, &value))
        }
        (bindings::SOL_SOCKET, _) => {
            // SAFETY: See above; a call is being executed for the socket.
            let socket = unsafe { bindings::sctp_helper_sk_socket(sk) };
            // SAFETY: The arguments are those of this call.
            unsafe { bindings::sock_setsockopt(socket, level, name, value, len) }
        }
        // SAFETY: The arguments are those of this call.
        _ => unsafe {
            if Sk::from_raw(sk).is_ipv6() {
                bindings::ipv6_setsockopt(sk, level, name, value, len)
            } else {
                bindings::ip_setsockopt(sk, level, name, value, len)
            }
        },
    }
}

/// # Safety
///
/// Only the C side calls this, through the table it stands in, with what belongs there.
unsafe extern "C" fn getsockopt(
    sk: *mut bindings::sock,
    level: c_int,
    name: c_int,
    value: *mut c_char,
    len: *mut c_int,
) -> c_int {
    if level != bindings::SOL_SCTP as c_int {
        // SAFETY: The arguments are those of this call.
        return unsafe {
            if Sk::from_raw(sk).is_ipv6() {
                bindings::ipv6_getsockopt(sk, level, name, value, len)
            } else {
                bindings::ip_getsockopt(sk, level, name, value, len)
            }
        };
    }
    // SAFETY: See above; the arguments are those of this call.
    let (sk, value) = unsafe { (Sk::from_raw(sk), OptionOut::new(value, len)) };
    count(value.and_then(|value| sock::opt::get(sk, name as u32, &value)))
}

/// # Safety
///
/// Only the C side calls this, through the table it stands in, with what belongs there.
unsafe extern "C" fn sendmsg(
    sk: *mut bindings::sock,
    msg: *mut bindings::msghdr,
    len: usize,
) -> c_int {
    // SAFETY: See above; the message header is that of this call.
    let (sk, mut msg) = unsafe { (Sk::from_raw(sk), Message::from_raw(msg)) };
    count(sock::sendmsg::sendmsg(sk, &mut msg, len))
}

/// # Safety
///
/// Only the C side calls this, through the table it stands in, with what belongs there.
unsafe extern "C" fn recvmsg(
    sk: *mut bindings::sock,
    msg: *mut bindings::msghdr,
    len: usize,
    flags: c_int,
) -> c_int {
    // SAFETY: See above; the message header is that of this call.
    let (sk, mut msg) = unsafe { (Sk::from_raw(sk), Message::from_raw(msg)) };
    count(sock::recvmsg::recvmsg(sk, &mut msg, len, flags as u32))
}

/// An address that the user passed in and the socket layer has copied.
///
/// # Safety
///
/// `addr` is valid for `len` bytes during the call.
unsafe fn address<'a>(addr: *mut bindings::sockaddr_unsized, len: c_int) -> &'a [u8] {
    // SAFETY: By this function's requirements.
    unsafe { core::slice::from_raw_parts(addr.cast_const().cast(), len.max(0) as usize) }
}

/// # Safety
///
/// Only the C side calls this, through the table it stands in, with what belongs there.
unsafe extern "C" fn bind(
    sk: *mut bindings::sock,
    addr: *mut bindings::sockaddr_unsized,
    len: c_int,
) -> c_int {
    // SAFETY: See above; the address is that of this call.
    let (sk, addr) = unsafe { (Sk::from_raw(sk), address(addr, len)) };
    code(sock::bind::bind(sk, addr))
}

// The C side calls this one for each socket that goes, unconditionally. What it is meant for has
// happened in `close`.
/// # Safety
///
/// Only the C side calls this, through the table it stands in, with what belongs there.
unsafe extern "C" fn unhash(_sk: *mut bindings::sock) {}

// The callbacks of `struct proto_ops` that the inet layer has no ready-made function for.

/// # Safety
///
/// Only the C side calls this, through the table it stands in, with what belongs there.
unsafe extern "C" fn connect(
    socket: *mut bindings::socket,
    addr: *mut bindings::sockaddr_unsized,
    len: c_int,
    flags: c_int,
) -> c_int {
    // SAFETY: The C side calls this with a valid socket of this module and the call's address.
    let (sk, addr) = unsafe { (Sk::from_raw((*socket).sk), address(addr, len)) };
    code(sock::connect::connect(sk, addr, flags as u32))
}

/// # Safety
///
/// Only the C side calls this, through the table it stands in, with what belongs there.
unsafe extern "C" fn getname_v6(
    socket: *mut bindings::socket,
    addr: *mut bindings::sockaddr,
    peer: c_int,
) -> c_int {
    // SAFETY: The arguments are those of this call.
    let len = unsafe { bindings::inet6_getname(socket, addr, peer) };
    if len < 0 {
        return len;
    }
    // SAFETY: The C side calls this with a valid socket of this module, and room for any address,
    // of which `len` bytes are filled in now.
    let (sk, name) = unsafe {
        let room = core::slice::from_raw_parts_mut(addr.cast::<u8>(), len as usize);
        (Sk::from_raw((*socket).sk), room)
    };
    sock::addr::show_name(sk, name) as c_int
}

/// # Safety
///
/// Only the C side calls this, through the table it stands in, with what belongs there.
unsafe extern "C" fn listen(socket: *mut bindings::socket, backlog: c_int) -> c_int {
    // SAFETY: As above.
    let sk = unsafe { Sk::from_raw((*socket).sk) };
    // SAFETY: As above.
    let fresh = unsafe { bindings::sctp_helper_socket_is_unconnected(socket) };
    code(sock::listen::listen(sk, backlog, fresh))
}

/// In place of `inet_accept()`, which has an association charged to its socket too early.
///
/// # Safety
///
/// Only the C side calls this, through the table it stands in, with what belongs there.
unsafe extern "C" fn accept(
    socket: *mut bindings::socket,
    new: *mut bindings::socket,
    arg: *mut bindings::proto_accept_arg,
) -> c_int {
    // SAFETY: As above.
    let sk = unsafe { Sk::from_raw((*socket).sk) };
    // SAFETY: The argument is valid during the call.
    let flags = unsafe { (*arg).flags };
    let accepted = match sock::accept::accept(sk, flags) {
        Ok(accepted) => accepted,
        Err(e) => return e.to_errno(),
    };
    // SAFETY: Both are valid, and the new one has no file yet.
    unsafe { graft(socket, new, accepted.child.clone()) };
    accepted.finish();
    0
}

/// # Safety
///
/// Only the C side calls this, through the table it stands in, with what belongs there.
unsafe extern "C" fn splice_eof(socket: *mut bindings::socket) {
    // SAFETY: The C side calls this with a valid socket of this module.
    sock::sendmsg::splice_eof(unsafe { Sk::from_raw((*socket).sk) });
}

/// # Safety
///
/// Only the C side calls this, through the table it stands in, with what belongs there.
unsafe extern "C" fn poll(
    file: *mut bindings::file,
    socket: *mut bindings::socket,
    wait: *mut bindings::poll_table_struct,
) -> bindings::__poll_t {
    // SAFETY: The arguments are those of this call.
    unsafe { bindings::sctp_helper_poll_wait(file, socket, wait) };
    // SAFETY: As above.
    sock::poll::poll(unsafe { Sk::from_raw((*socket).sk) })
}

// The callbacks of `struct net_protocol` and `struct inet6_protocol`: softirq context, under RCU.

/// # Safety
///
/// Only the C side calls this, through the table it stands in, with what belongs there.
unsafe extern "C" fn receive_v4(skb: *mut bindings::sk_buff) -> c_int {
    // SAFETY: As for `receive`.
    unsafe { receive(skb, false) }
}

/// # Safety
///
/// Only the C side calls this, through the table it stands in, with what belongs there.
unsafe extern "C" fn receive_v6(skb: *mut bindings::sk_buff) -> c_int {
    // SAFETY: As for `receive`.
    unsafe { receive(skb, true) }
}

/// Takes a packet in.
///
/// # Safety
///
/// To be called by the inet layer, which gives up `skb`.
unsafe fn receive(skb: *mut bindings::sk_buff, ipv6: bool) -> c_int {
    // SAFETY: By this function's requirements.
    input::receive(unsafe { Received::new(skb) }, ipv6);
    0
}

/// # Safety
///
/// Only the C side calls this, through the table it stands in, with what belongs there.
unsafe extern "C" fn error_v4(skb: *mut bindings::sk_buff, info: u32) -> c_int {
    // SAFETY: The C side gives a valid skb, borrowed, whose data is the quoted IP packet.
    if let Some(error) = unsafe { IcmpError::from_v4(skb, info) } {
        icmp::error(&error);
    }
    0
}

/// # Safety
///
/// Only the C side calls this, through the table it stands in, with what belongs there.
unsafe extern "C" fn error_v6(
    skb: *mut bindings::sk_buff,
    _opt: *mut bindings::inet6_skb_parm,
    kind: u8,
    code: u8,
    offset: c_int,
    info: bindings::__be32,
) -> c_int {
    // SAFETY: As above; the quoted SCTP packet begins at `offset`.
    if let Some(error) = unsafe { IcmpError::from_v6(skb, kind, code, offset, info) } {
        icmp::error(&error);
    }
    0
}

static PROTO_V4: Table<bindings::proto> = Table::new(proto(b"SCTP", size_of::<SctpSock>(), 0));
static PROTO_V6: Table<bindings::proto> =
    Table::new(proto(b"SCTPv6", size_of::<Sctp6Sock>(), INET6_OFFSET));

const fn proto(name: &[u8], obj_size: usize, inet6: usize) -> bindings::proto {
    let mut p: bindings::proto = zeroed();
    let mut i = 0;
    while i < name.len() {
        p.name[i] = name[i] as c_char;
        i += 1;
    }
    p.init = Some(init);
    p.close = Some(close);
    p.destroy = Some(destroy);
    p.disconnect = Some(disconnect);
    p.ioctl = Some(ioctl);
    p.shutdown = Some(shutdown);
    p.setsockopt = Some(setsockopt);
    p.getsockopt = Some(getsockopt);
    p.sendmsg = Some(sendmsg);
    p.recvmsg = Some(recvmsg);
    p.bind = Some(bind);
    p.unhash = Some(unhash);
    p.no_autobind = true;
    p.obj_size = obj_size as u32;
    p.ipv6_pinfo_offset = inet6 as u32;
    p
}

static OPS_V4: Table<bindings::proto_ops> = Table::new(ops(false));
static OPS_V6: Table<bindings::proto_ops> = Table::new(ops(true));

const fn ops(ipv6: bool) -> bindings::proto_ops {
    let mut o: bindings::proto_ops = zeroed();
    if ipv6 {
        o.family = bindings::PF_INET6 as c_int;
        o.release = Some(bindings::inet6_release);
        o.bind = Some(bindings::inet6_bind);
        o.getname = Some(getname_v6);
        o.ioctl = Some(bindings::inet6_ioctl);
    } else {
        o.family = bindings::PF_INET as c_int;
        o.release = Some(bindings::inet_release);
        o.bind = Some(bindings::inet_bind);
        o.getname = Some(bindings::inet_getname);
        o.ioctl = Some(bindings::inet_ioctl);
    }
    o.connect = Some(connect);
    o.socketpair = Some(bindings::sock_no_socketpair);
    o.accept = Some(accept);
    o.poll = Some(poll);
    o.gettstamp = Some(bindings::sock_gettstamp);
    o.listen = Some(listen);
    o.shutdown = Some(bindings::inet_shutdown);
    o.setsockopt = Some(bindings::sock_common_setsockopt);
    o.getsockopt = Some(bindings::sock_common_getsockopt);
    o.sendmsg = Some(bindings::inet_sendmsg);
    o.recvmsg = Some(bindings::inet_recvmsg);
    o.mmap = Some(bindings::sock_no_mmap);
    o.splice_eof = Some(splice_eof);
    o
}

const fn protosw(
    kind: u32,
    proto: &'static Table<bindings::proto>,
    ops: &'static Table<bindings::proto_ops>,
) -> bindings::inet_protosw {
    let mut sw: bindings::inet_protosw = zeroed();
    sw.type_ = kind as u16;
    sw.protocol = bindings::IPPROTO_SCTP as u16;
    sw.prot = proto.as_ptr();
    sw.ops = ops.as_ptr();
    sw
}

static SEQPACKET_V4: Table<bindings::inet_protosw> = Table::new(protosw(
    bindings::sock_type_SOCK_SEQPACKET,
    &PROTO_V4,
    &OPS_V4,
));
static STREAM_V4: Table<bindings::inet_protosw> =
    Table::new(protosw(bindings::sock_type_SOCK_STREAM, &PROTO_V4, &OPS_V4));
static SEQPACKET_V6: Table<bindings::inet_protosw> = Table::new(protosw(
    bindings::sock_type_SOCK_SEQPACKET,
    &PROTO_V6,
    &OPS_V6,
));
static STREAM_V6: Table<bindings::inet_protosw> =
    Table::new(protosw(bindings::sock_type_SOCK_STREAM, &PROTO_V6, &OPS_V6));

static INPUT_V4: Table<bindings::net_protocol> = Table::new(input_v4());
static INPUT_V6: Table<bindings::inet6_protocol> = Table::new(input_v6());

const fn input_v4() -> bindings::net_protocol {
    let mut p: bindings::net_protocol = zeroed();
    p.handler = Some(receive_v4);
    p.err_handler = Some(error_v4);
    // The first bit is `no_policy` (IPsec policy is checked by `input`), the second
    // `icmp_strict_tag_validation`.
    p._bitfield_1 = bindings::__BindgenBitfieldUnit::new([3]);
    p
}

const fn input_v6() -> bindings::inet6_protocol {
    let mut p: bindings::inet6_protocol = zeroed();
    p.handler = Some(receive_v6);
    p.err_handler = Some(error_v6);
    p.flags = bindings::INET6_PROTO_NOPOLICY | bindings::INET6_PROTO_FINAL;
    p
}

// A device does not ask for what it can do itself.
static OFFLOAD: Table<bindings::net_offload> = Table::new(offload());

const fn offload() -> bindings::net_offload {
    let mut o: bindings::net_offload = zeroed();
    o.callbacks.gso_segment = Some(gso::gso_segment);
    o
}

macro_rules! registration {
    ($(#[$doc:meta])* $name:ident, $register:expr, $unregister:expr) => {
        $(#[$doc])*
        pub(crate) struct $name(());

        impl $name {
            /// Registers; undone on drop. Called once.
            pub(crate) fn new() -> Result<Self> {
                // SAFETY: The tables are complete and live for ever.
                to_result(unsafe { $register })?;
                Ok(Self(()))
            }
        }

        impl Drop for $name {
            fn drop(&mut self) {
                // SAFETY: This value proves that they are registered.
                unsafe { $unregister };
            }
        }
    };
}
pub(super) use registration;

registration!(
    /// The socket type and its slab for IPv4.
    ProtoV4,
    {
        (*PROTO_V4.as_ptr()).owner = this_module();
        (*OPS_V4.as_ptr()).owner = this_module();
        bindings::sctp_helper_proto_memory(PROTO_V4.as_ptr());
        bindings::proto_register(PROTO_V4.as_ptr(), 1)
    },
    bindings::proto_unregister(PROTO_V4.as_ptr())
);
registration!(
    /// The socket type and its slab for IPv6.
    ProtoV6,
    {
        (*PROTO_V6.as_ptr()).owner = this_module();
        (*OPS_V6.as_ptr()).owner = this_module();
        bindings::sctp_helper_proto_memory(PROTO_V6.as_ptr());
        bindings::proto_register(PROTO_V6.as_ptr(), 1)
    },
    bindings::proto_unregister(PROTO_V6.as_ptr())
);
registration!(
    /// Packet input for IPv4. Fails with `EAGAIN` if another module has the protocol.
    InputV4,
    bindings::inet_add_protocol(INPUT_V4.as_ptr(), bindings::IPPROTO_SCTP as u8),
    bindings::inet_del_protocol(INPUT_V4.as_ptr(), bindings::IPPROTO_SCTP as u8)
);
registration!(
    /// Packet input for IPv6. Fails with `EAGAIN` if another module has the protocol.
    InputV6,
    bindings::inet6_add_protocol(INPUT_V6.as_ptr(), bindings::IPPROTO_SCTP as u8),
    bindings::inet6_del_protocol(INPUT_V6.as_ptr(), bindings::IPPROTO_SCTP as u8)
);
registration!(
    /// Segmentation for devices that cannot do it, for IPv4.
    OffloadV4,
    bindings::inet_add_offload(OFFLOAD.as_ptr(), bindings::IPPROTO_SCTP as u8),
    bindings::inet_del_offload(OFFLOAD.as_ptr(), bindings::IPPROTO_SCTP as u8)
);
registration!(
    /// Segmentation for devices that cannot do it, for IPv6.
    OffloadV6,
    bindings::inet6_add_offload(OFFLOAD.as_ptr(), bindings::IPPROTO_SCTP as u8),
    bindings::inet6_del_offload(OFFLOAD.as_ptr(), bindings::IPPROTO_SCTP as u8)
);
registration!(
    /// `socket(AF_INET, …, IPPROTO_SCTP)`.
    SocketsV4,
    {
        bindings::inet_register_protosw(SEQPACKET_V4.as_ptr());
        bindings::inet_register_protosw(STREAM_V4.as_ptr());
        0
    },
    {
        bindings::inet_unregister_protosw(STREAM_V4.as_ptr());
        bindings::inet_unregister_protosw(SEQPACKET_V4.as_ptr());
    }
);
registration!(
    /// `socket(AF_INET6, …, IPPROTO_SCTP)`.
    SocketsV6,
    {
        match bindings::inet6_register_protosw(SEQPACKET_V6.as_ptr()) {
            0 => match bindings::inet6_register_protosw(STREAM_V6.as_ptr()) {
                0 => 0,
                err => {
                    bindings::inet6_unregister_protosw(SEQPACKET_V6.as_ptr());
                    err
                }
            },
            err => err,
        }
    },
    {
        bindings::inet6_unregister_protosw(STREAM_V6.as_ptr());
        bindings::inet6_unregister_protosw(SEQPACKET_V6.as_ptr());
    }
);

/// Whether another module has the protocol.
pub(crate) fn is_taken() -> bool {
    // SAFETY: Reads a pointer of a static table.
    unsafe { bindings::sctp_helper_protocol_taken() }
}

/// Waits until no packet handler and no RCU callback of this module runs any more.
///
/// To be called last, after everything was unregistered.
pub(crate) fn synchronize() {
    // SAFETY: This is process context.
    unsafe { bindings::synchronize_net() };
    // SAFETY: As above.
    unsafe { bindings::rcu_barrier() };
}
