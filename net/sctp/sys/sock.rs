// SPDX-License-Identifier: GPL-2.0

//! `struct sock`: the C side of a socket, and the layout that the module gives to its own.
//!
//! C header: [`include/net/sock.h`](srctree/include/net/sock.h)

use super::{bindings, ip, net::Net};
use crate::{
    endpoint::Endpoint,
    engine::addr::IpAddr, //
};
use core::{mem::MaybeUninit, ptr::NonNull};
use kernel::{
    error::to_result,
    prelude::*,
    sync::{
        aref::{
            ARef,
            AlwaysRefCounted, //
        },
        Arc, //
    },
    types::Opaque, //
};

/// What `proto.obj_size` makes the C side allocate for an IPv4 socket.
#[repr(C)]
pub(super) struct SctpSock {
    inet: bindings::inet_sock,
    /// `None` until `init` and after `destruct`.
    endpoint: Option<Arc<Endpoint>>,
}

/// The same for an IPv6 socket.
#[repr(C)]
pub(super) struct Sctp6Sock {
    sctp: SctpSock,
    inet6: bindings::ipv6_pinfo,
}

/// Where the C side finds the IPv6 part.
pub(super) const INET6_OFFSET: usize = core::mem::offset_of!(Sctp6Sock, inet6);

/// A socket of this module.
///
/// # Invariants
///
/// It was allocated as a [`SctpSock`] or, if its family is `AF_INET6`, as a [`Sctp6Sock`].
#[repr(transparent)]
pub(crate) struct Sk(Opaque<bindings::sock>);

// SAFETY: Sockets are counted, may be used from any context, and the methods below do only what is
// allowed without the socket lock.
unsafe impl Send for Sk {}
// SAFETY: As above.
unsafe impl Sync for Sk {}

// SAFETY: `sock_hold()` and `sock_put()` count references.
unsafe impl AlwaysRefCounted for Sk {
    fn inc_ref(&self) {
        // SAFETY: A reference to it exists, so it is alive.
        unsafe { bindings::sctp_helper_sock_hold(self.as_ptr()) };
    }

    unsafe fn dec_ref(obj: NonNull<Self>) {
        // SAFETY: By this function's requirements the reference is the caller's.
        unsafe { bindings::sctp_helper_sock_put(obj.as_ptr().cast()) };
    }
}

/// A socket's state, in the terms that `ss` and the inet layer know (`SCTP_SS_*`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum State {
    Closed,
    Closing,
    Established,
    Establishing,
    Listening,
}

/// Ancillary data of levels IPPROTO_IP and IPPROTO_IPV6 that a user has asked for.
#[derive(Clone, Copy, Default, Eq, PartialEq)]
pub(crate) struct IpControl {
    /// IP_PKTINFO.
    pub(crate) v4_pktinfo: bool,
    /// IP_RECVTTL.
    pub(crate) v4_ttl: bool,
    /// IP_RECVTOS.
    pub(crate) v4_tos: bool,
    /// IPV6_RECVPKTINFO.
    pub(crate) v6_pktinfo: bool,
    /// IPV6_RECVHOPLIMIT.
    pub(crate) v6_hoplimit: bool,
    /// IPV6_RECVTCLASS.
    pub(crate) v6_tclass: bool,
}

/// The lock that serialises system calls on a socket (`lock_sock()`).
pub(crate) struct SkGuard<'a>(&'a Sk);

impl Drop for SkGuard<'_> {
    fn drop(&mut self) {
        // SAFETY: The guard proves that this context holds the lock.
        unsafe { bindings::release_sock(self.0.as_ptr()) };
    }
}

/// How long a call may still wait, in jiffies.
pub(crate) struct Timeout(c_long);

impl Timeout {
    /// Whether the call is not to wait at all.
    pub(crate) fn is_over(&self) -> bool {
        self.0 == 0
    }

    /// The given number of jiffies.
    pub(crate) fn from_jiffies(jiffies: c_long) -> Self {
        Self(jiffies.max(0))
    }
}

impl Sk {
    /// Borrows a socket that the C side hands in.
    ///
    /// # Safety
    ///
    /// `sk` is a valid socket of this module for `'a`.
    pub(super) unsafe fn from_raw<'a>(sk: *mut bindings::sock) -> &'a Self {
        // SAFETY: By this function's requirements; the type is transparent.
        unsafe { &*sk.cast() }
    }

    pub(crate) fn as_ptr(&self) -> *mut bindings::sock {
        self.0.get()
    }

    fn layout(&self) -> *mut SctpSock {
        self.as_ptr().cast()
    }

    /// The socket's state on the Rust side.
    pub(crate) fn endpoint(&self) -> Result<&Arc<Endpoint>> {
        // SAFETY: By the type invariant the layout is ours. The field is written before anybody
        // else can have the socket, and when nobody else has it any more.
        let endpoint = unsafe { &(*self.layout()).endpoint };
        endpoint.as_ref().ok_or(EINVAL)
    }

    /// Gives a new socket its state, or none.
    ///
    /// # Safety
    ///
    /// Nobody else has the socket yet. What the field holds is not dropped.
    unsafe fn set_endpoint(&self, endpoint: Option<Arc<Endpoint>>) {
        // SAFETY: By the type invariant the layout is ours.
        let field = unsafe { &raw mut (*self.layout()).endpoint };
        // SAFETY: By this function's requirements.
        unsafe { field.write(endpoint) };
    }

    /// Sets up a socket that `socket()` has just allocated.
    ///
    /// # Safety
    ///
    /// To be called from `proto.init` only.
    pub(super) unsafe fn init(&self, endpoint: Result<Arc<Endpoint>>) -> Result {
        // SAFETY: The socket is new, and the field is not initialised.
        unsafe { self.set_endpoint(None) };
        // SAFETY: The socket is new.
        unsafe { self.set_endpoint(Some(endpoint?)) };
        // SAFETY: The socket is new; its lock is not needed.
        unsafe { bindings::sctp_helper_sk_set_destruct(self.as_ptr(), Some(destruct)) };
        // SAFETY: The socket is valid.
        unsafe { bindings::sctp_helper_sock_prot_inuse_add(self.as_ptr(), 1) };
        // SAFETY: As above.
        let socket = unsafe { bindings::sctp_helper_sk_socket(self.as_ptr()) };
        // SAFETY: It is being made by `socket()`.
        unsafe { bindings::sctp_helper_socket_set_custom_sockopt(socket) };
        // SAFETY: As above. `sk_clone()` does that for children.
        unsafe { bindings::sctp_helper_sk_init_memory(self.as_ptr()) };
        Ok(())
    }

    /// Undoes the accounting of `init`.
    pub(crate) fn uncount(&self) {
        // SAFETY: The socket is valid.
        unsafe { bindings::sctp_helper_sock_prot_inuse_add(self.as_ptr(), -1) };
        // SAFETY: As above.
        unsafe { bindings::sctp_helper_sk_exit_memory(self.as_ptr()) };
    }

    /// Makes a socket like this one for an association that was accepted. Its reference is for
    /// the file that is to be.
    pub(crate) fn accept_child(&self, endpoint: Arc<Endpoint>) -> Result<ARef<Sk>> {
        // SAFETY: The socket is valid and locked by the caller of `accept()`, in process context.
        let child = unsafe {
            bindings::sk_clone(self.as_ptr(), bindings::RUST_CONST_HELPER_GFP_KERNEL, false)
        };
        let child = NonNull::new(child.cast::<Sk>()).ok_or(ENOMEM)?;
        // SAFETY: `sk_clone()` returns two references; the other one becomes the `ARef` below.
        unsafe { bindings::sctp_helper_sock_put(child.as_ptr().cast()) };
        // SAFETY: A valid socket, and the reference is ours.
        let child = unsafe { ARef::from_raw(child) };
        // INVARIANT: `sk_clone()` allocates by the same `proto`, so the layout is the same.
        // SAFETY: The child is new; what it holds is a copy of the parent's, not a reference.
        unsafe { child.set_endpoint(Some(endpoint)) };
        // SAFETY: The child is new and valid.
        unsafe { bindings::sctp_helper_clone_v4(child.as_ptr()) };
        if self.is_ipv6() {
            let np = child.as_ptr().wrapping_byte_add(INET6_OFFSET).cast();
            // SAFETY: Both are IPv6 sockets, and `np` is the child's IPv6 part.
            unsafe { bindings::sctp_helper_clone_v6(child.as_ptr(), self.as_ptr(), np) };
        }
        // SAFETY: The child is valid.
        unsafe { bindings::sctp_helper_sock_prot_inuse_add(child.as_ptr(), 1) };
        // SAFETY: Both are valid, and nobody else has the child.
        if !unsafe { bindings::sctp_helper_clone_options(child.as_ptr(), self.as_ptr()) } {
            // As a socket that was closed.
            child.set_state(State::Closed);
            child.uncount();
            // SAFETY: The child is valid, and has no file.
            unsafe { bindings::sctp_helper_sock_orphan(child.as_ptr()) };
            return Err(ENOMEM);
        }
        Ok(child)
    }

    pub(crate) fn net(&self) -> Net {
        // SAFETY: The socket is valid and keeps its namespace alive; whoever has the result also
        // has the socket.
        unsafe { Net::from_raw(bindings::sctp_helper_sock_net(self.as_ptr())) }
    }

    /// Whether the kernel made this socket for itself.
    pub(crate) fn is_kernel(&self) -> bool {
        // SAFETY: The socket is valid.
        unsafe { bindings::sctp_helper_sk_is_kernel(self.as_ptr()) }
    }

    pub(crate) fn is_ipv6(&self) -> bool {
        // SAFETY: The socket is valid.
        unsafe { bindings::sctp_helper_sk_family(self.as_ptr()) == bindings::AF_INET6 as c_int }
    }

    pub(crate) fn is_ipv6_only(&self) -> bool {
        // SAFETY: The socket is valid.
        unsafe { bindings::sctp_helper_sk_ipv6only(self.as_ptr()) }
    }

    /// Whether the socket's file is not to block.
    pub(crate) fn is_nonblocking(&self) -> bool {
        // SAFETY: The socket is valid, and a call is being executed for it.
        unsafe { bindings::sctp_helper_sk_is_nonblocking(self.as_ptr()) }
    }

    /// `SOCK_STREAM` or `SOCK_SEQPACKET`.
    pub(crate) fn kind(&self) -> u32 {
        // SAFETY: The socket is valid, the field is not changed after creation.
        unsafe { bindings::sctp_helper_sk_type(self.as_ptr()) as u32 }
    }

    pub(crate) fn lock(&self) -> SkGuard<'_> {
        // SAFETY: The socket is valid and this is process context.
        unsafe { bindings::lock_sock_nested(self.as_ptr(), 0) };
        SkGuard(self)
    }

    pub(crate) fn state(&self) -> State {
        // SAFETY: The socket is valid.
        match unsafe { bindings::sctp_helper_sk_state(self.as_ptr()) } as u32 {
            bindings::TCP_ESTABLISHED => State::Established,
            bindings::TCP_SYN_SENT => State::Establishing,
            bindings::TCP_LISTEN => State::Listening,
            bindings::TCP_CLOSE_WAIT => State::Closing,
            _ => State::Closed,
        }
    }

    /// The state in the numbers of the C side.
    pub(crate) fn raw_state(&self) -> u8 {
        // SAFETY: The socket is valid.
        unsafe { bindings::sctp_helper_sk_state(self.as_ptr()) as u8 }
    }

    pub(crate) fn set_state(&self, state: State) {
        let state = match state {
            State::Closed => bindings::TCP_CLOSE,
            State::Closing => bindings::TCP_CLOSE_WAIT,
            State::Established => bindings::TCP_ESTABLISHED,
            State::Establishing => bindings::TCP_SYN_SENT,
            State::Listening => bindings::TCP_LISTEN,
        };
        // SAFETY: The socket is valid.
        unsafe { bindings::sctp_helper_inet_sk_set_state(self.as_ptr(), state as c_int) };
    }

    /// The error that is waiting to be told, and clears it: `SO_ERROR`'s.
    pub(crate) fn take_error(&self) -> Result {
        // SAFETY: The socket is valid.
        to_result(unsafe { bindings::sctp_helper_sock_error(self.as_ptr()) })
    }

    /// Whether an error is waiting to be told.
    pub(crate) fn has_error(&self) -> bool {
        // SAFETY: The socket is valid.
        unsafe { bindings::sctp_helper_sk_err(self.as_ptr()) != 0 }
    }

    /// Whether something is on the error queue.
    pub(crate) fn has_queued_error(&self) -> bool {
        // SAFETY: The socket is valid.
        unsafe { bindings::sctp_helper_sk_has_queued_error(self.as_ptr()) }
    }

    /// Whether the user may lend memory to it (SO_ZEROCOPY).
    pub(crate) fn may_lend(&self) -> bool {
        let flag = bindings::sock_flags_SOCK_ZEROCOPY as c_int;
        // SAFETY: The socket is valid.
        unsafe { bindings::sctp_helper_sock_flag(self.as_ptr(), flag) }
    }

    /// Sets SO_ZEROCOPY.
    pub(crate) fn set_may_lend(&self, on: bool) {
        let _guard = self.lock();
        // SAFETY: The socket is valid and locked.
        unsafe { bindings::sctp_helper_sk_set_zerocopy(self.as_ptr(), on) };
    }

    /// Leaves an error for the user and wakes whoever waits.
    pub(crate) fn report_error(&self, error: Error) {
        // SAFETY: The socket is valid.
        unsafe { bindings::sctp_helper_sk_error_report(self.as_ptr(), -error.to_errno()) };
    }

    /// Leaves an ICMP error for the user: who wants to know (IP_RECVERR, IPV6_RECVERR) is woken.
    pub(crate) fn icmp_error(&self, errno: c_int, ipv6: bool) {
        if errno == 0 {
            return;
        }
        // SAFETY: The socket is valid.
        unsafe { bindings::sctp_helper_sk_icmp_error(self.as_ptr(), errno, ipv6) };
    }

    /// `RCV_SHUTDOWN` and `SEND_SHUTDOWN`.
    pub(crate) fn shutdown(&self) -> u32 {
        // SAFETY: The socket is valid.
        unsafe { bindings::sctp_helper_sk_shutdown(self.as_ptr()) as u32 }
    }

    pub(crate) fn add_shutdown(&self, how: u32) {
        // SAFETY: The socket is valid.
        unsafe { bindings::sctp_helper_sk_add_shutdown(self.as_ptr(), how as c_int) };
    }

    pub(crate) fn rcvbuf(&self) -> u32 {
        // SAFETY: The socket is valid.
        unsafe { bindings::sctp_helper_sk_rcvbuf(self.as_ptr()) }.max(0) as u32
    }

    /// Counts something that the user was to get and will not.
    pub(crate) fn count_drop(&self) {
        // SAFETY: The socket is valid.
        unsafe { bindings::sctp_helper_sk_drops_inc(self.as_ptr()) };
    }

    /// How often that was, if ever, and if the user wants to be told (SO_RXQ_OVFL).
    pub(crate) fn wanted_drops(&self) -> Option<u32> {
        // SAFETY: The socket is valid.
        let is_wanted = unsafe { bindings::sctp_helper_sk_wants_drops(self.as_ptr()) };
        // SAFETY: The socket is valid.
        let drops = unsafe { bindings::sctp_helper_sk_drops(self.as_ptr()) };
        (is_wanted && drops != 0).then_some(drops)
    }

    /// Whether ancillary data of level SOL_SOCKET is wanted with what is received.
    pub(crate) fn wants_socket_control(&self) -> bool {
        // SAFETY: The socket is valid.
        unsafe { bindings::sctp_helper_sk_wants_cmsgs(self.as_ptr()) }
    }

    /// Which ancillary data of IP is wanted with what is received.
    pub(crate) fn ip_control(&self) -> IpControl {
        // SAFETY: The socket is valid.
        let v4 = unsafe { bindings::sctp_helper_inet_cmsg_flags(self.as_ptr()) };
        let has = |flag: c_ulong| v4 & flag != 0;
        // SAFETY: As above.
        let is_v6 = unsafe { bindings::sctp_helper_inet6_wants_cmsgs(self.as_ptr()) };
        IpControl {
            v4_pktinfo: has(bindings::RUST_CONST_HELPER_IP_CMSG_PKTINFO),
            v4_ttl: has(bindings::RUST_CONST_HELPER_IP_CMSG_TTL),
            v4_tos: has(bindings::RUST_CONST_HELPER_IP_CMSG_TOS),
            // SAFETY: It is an IPv6 socket.
            v6_pktinfo: is_v6 && unsafe { bindings::sctp_helper_sk_recvpktinfo6(self.as_ptr()) },
            // SAFETY: As above.
            v6_hoplimit: is_v6 && unsafe { bindings::sctp_helper_sk_recvhoplimit(self.as_ptr()) },
            // SAFETY: As above.
            v6_tclass: is_v6 && unsafe { bindings::sctp_helper_sk_recvtclass(self.as_ptr()) },
        }
    }

    /// SO_RCVLOWAT, but not more than the peer is allowed to send before it is read.
    pub(crate) fn rcvlowat(&self) -> usize {
        // SAFETY: The socket is valid.
        let lowat = unsafe { bindings::sctp_helper_sk_rcvlowat(self.as_ptr()) }.max(1) as usize;
        lowat.min(self.rcvbuf() as usize / 2)
    }

    pub(crate) fn sndbuf(&self) -> u32 {
        // SAFETY: The socket is valid.
        unsafe { bindings::sctp_helper_sk_sndbuf(self.as_ptr()) }.max(0) as u32
    }

    /// By how many bytes the send buffer is more than full; `None` if there is room.
    pub(crate) fn sndbuf_excess(&self) -> Option<u32> {
        self.wmem_alloc().checked_sub(self.sndbuf())
    }

    /// Memory of what is on its way to the network or the peer.
    pub(crate) fn wmem_alloc(&self) -> u32 {
        // SAFETY: The socket is valid.
        unsafe { bindings::sctp_helper_sk_wmem_alloc_get(self.as_ptr()) }.max(0) as u32
    }

    /// The same without packets.
    #[cfg(CONFIG_PROC_FS)]
    pub(crate) fn wmem_queued(&self) -> u32 {
        // SAFETY: The socket is valid.
        unsafe { bindings::sctp_helper_sk_wmem_queued(self.as_ptr()) }.max(0) as u32
    }

    /// The inode number of its file, or 0.
    #[cfg(CONFIG_PROC_FS)]
    pub(crate) fn ino(&self) -> u64 {
        // SAFETY: The socket is valid.
        unsafe { bindings::sctp_helper_sk_ino(self.as_ptr()) }
    }

    /// The interface that the user bound the socket to, or 0.
    pub(crate) fn bound_ifindex(&self) -> u32 {
        // SAFETY: The socket is valid.
        unsafe { bindings::sctp_helper_sk_bound_dev_if(self.as_ptr()) }.max(0) as u32
    }

    /// Whose socket it is, if it is to share its port with others of that user (`SO_REUSEPORT`).
    pub(crate) fn reuseport_uid(&self) -> Option<u32> {
        // SAFETY: The socket is valid.
        let is_on = unsafe { bindings::sctp_helper_sk_reuseport(self.as_ptr()) };
        // SAFETY: As above.
        is_on.then(|| unsafe { bindings::sctp_helper_sk_uid(self.as_ptr()) })
    }

    /// Whether the memory cgroup has more than its limit already.
    pub(crate) fn is_over_limit(&self) -> bool {
        // SAFETY: The socket is valid.
        unsafe { bindings::sctp_helper_sk_is_over_limit(self.as_ptr()) }
    }

    /// How many bytes of IP options a packet has (IP_OPTIONS, IPV6_DSTOPTS and others).
    pub(crate) fn options_len(&self, ipv6: bool) -> usize {
        // SAFETY: The socket is valid.
        unsafe { bindings::sctp_helper_sk_options_len(self.as_ptr(), ipv6) as usize }
    }

    /// `SO_REUSEADDR`.
    pub(crate) fn may_reuse(&self) -> bool {
        // SAFETY: The socket is valid.
        unsafe { bindings::sctp_helper_sk_reuse(self.as_ptr()) }
    }

    /// Whether addresses that this host does not have may be bound.
    pub(crate) fn may_bind_nonlocal(&self) -> bool {
        // SAFETY: The socket and its namespace are valid.
        unsafe { bindings::sctp_helper_can_nonlocal_bind(self.net().as_ptr(), self.as_ptr()) }
    }

    /// The range of ports to choose from.
    pub(crate) fn port_range(&self) -> (u16, u16) {
        let (mut low, mut high) = (0, 0);
        // SAFETY: The socket is valid and the results are writable.
        unsafe { bindings::inet_sk_get_local_port_range(self.as_ptr(), &mut low, &mut high) };
        (low as u16, high as u16)
    }

    pub(crate) fn is_accept_queue_full(&self) -> bool {
        // SAFETY: The socket is valid.
        unsafe { bindings::sctp_helper_sk_acceptq_is_full(self.as_ptr()) }
    }

    /// How many associations wait for `accept()`, and how many may.
    pub(crate) fn accept_queue(&self) -> (u32, u32) {
        // SAFETY: The socket is valid.
        let waiting = unsafe { bindings::sctp_helper_sk_ack_backlog(self.as_ptr()) };
        // SAFETY: As above.
        let backlog = unsafe { bindings::sctp_helper_sk_max_ack_backlog(self.as_ptr()) };
        (waiting, backlog)
    }

    pub(crate) fn set_backlog(&self, backlog: c_int) {
        // SAFETY: The socket is valid.
        unsafe { bindings::sctp_helper_sk_set_backlog(self.as_ptr(), backlog) };
    }

    /// Counts an association that waits for `accept()`. The caller serialises this and
    /// [`Self::accept_queue_removed`].
    pub(crate) fn accept_queue_added(&self) {
        // SAFETY: The socket is valid.
        unsafe { bindings::sctp_helper_sk_acceptq_added(self.as_ptr()) };
    }

    /// Undoes [`Self::accept_queue_added`].
    pub(crate) fn accept_queue_removed(&self) {
        // SAFETY: The socket is valid.
        unsafe { bindings::sctp_helper_sk_acceptq_removed(self.as_ptr()) };
    }

    /// `SO_LINGER` with a time of zero: close means abort.
    pub(crate) fn lingers_not(&self) -> bool {
        // SAFETY: The socket is valid.
        let linger = unsafe {
            bindings::sctp_helper_sock_flag(
                self.as_ptr(),
                bindings::sock_flags_SOCK_LINGER as c_int,
            )
        };
        // SAFETY: As above.
        linger && unsafe { bindings::sctp_helper_sk_lingertime(self.as_ptr()) } == 0
    }

    /// How far the receive buffer may grow by itself; 0 if the user has set it.
    pub(crate) fn rcvbuf_max(&self) -> u32 {
        // SAFETY: The socket is valid.
        unsafe { bindings::sctp_helper_sk_rcvbuf_max(self.as_ptr()) }.max(0) as u32
    }

    /// Doubles the send buffer, as far as the limits allow and unless the user has set it.
    pub(crate) fn grow_sndbuf(&self) {
        // SAFETY: The socket is valid.
        unsafe { bindings::sctp_helper_sk_grow_sndbuf(self.as_ptr()) };
    }

    /// Whether there is room in the send buffer for `poll()` to say so.
    pub(crate) fn is_writeable(&self) -> bool {
        // SAFETY: The socket is valid.
        unsafe { bindings::sctp_helper_sk_is_writeable(self.as_ptr()) }
    }

    /// Asks to be woken when there is room in the send buffer.
    pub(crate) fn want_write_space(&self) {
        // SAFETY: The socket is valid and has a file, since a call is being executed for it.
        unsafe { bindings::sctp_helper_sk_set_bit_nospace(self.as_ptr()) };
    }

    /// Tells whoever waits that there is something to read or to accept.
    pub(crate) fn wake_readers(&self) {
        // SAFETY: The socket is valid.
        unsafe { bindings::sctp_helper_sk_data_ready(self.as_ptr()) };
    }

    /// Tells whoever waits that the state has changed.
    pub(crate) fn wake_all(&self) {
        // SAFETY: The socket is valid.
        unsafe { bindings::sctp_helper_sk_state_change(self.as_ptr()) };
    }

    /// Tells whoever waits that there is room to write.
    pub(crate) fn wake_writers(&self) {
        // SAFETY: The socket is valid.
        unsafe { bindings::sctp_helper_sk_write_space(self.as_ptr()) };
    }

    /// What `getsockname()` is to say. IPv4 addresses may come as such.
    pub(crate) fn set_local(&self, ip: IpAddr, port: u16) {
        let addr = self.user_form(ip);
        // SAFETY: The socket is valid.
        unsafe { bindings::sctp_helper_inet_set_local(self.as_ptr(), &addr, port) };
    }

    /// What `getsockname()` is to say if the socket was bound to all addresses.
    pub(crate) fn set_source(&self, ip: IpAddr) {
        let addr = self.user_form(ip);
        // SAFETY: The socket is valid.
        unsafe { bindings::sctp_helper_inet_set_source(self.as_ptr(), &addr) };
    }

    /// What `getpeername()` is to say.
    pub(crate) fn set_peer(&self, ip: IpAddr, port: u16) {
        let addr = self.user_form(ip);
        // SAFETY: The socket is valid.
        unsafe { bindings::sctp_helper_inet_set_peer(self.as_ptr(), &addr, port) };
    }

    fn user_form(&self, ip: IpAddr) -> bindings::in6_addr {
        match ip {
            // The wildcard of an IPv6 socket is the IPv6 one.
            IpAddr::V4(a) if self.is_ipv6() && a.is_unspecified() => Default::default(),
            ip => ip::in6(&ip::to_mapped(ip)),
        }
    }

    pub(crate) fn receive_timeout(&self, nonblock: bool) -> Timeout {
        // SAFETY: The socket is valid.
        Timeout(unsafe { bindings::sctp_helper_sock_rcvtimeo(self.as_ptr(), nonblock) })
    }

    pub(crate) fn send_timeout(&self, nonblock: bool) -> Timeout {
        // SAFETY: The socket is valid.
        Timeout(unsafe { bindings::sctp_helper_sock_sndtimeo(self.as_ptr(), nonblock) })
    }

    /// Sleeps until `done` returns something, and returns that: `EAGAIN` when the time is over,
    /// `EINTR` or `ERESTARTSYS` when a signal comes. Called without any lock; `done` is called
    /// after each wake-up of the socket and holds nothing between two calls.
    pub(crate) fn wait<R>(
        &self,
        timeout: &mut Timeout,
        mut done: impl FnMut() -> Option<R>,
    ) -> Result<R> {
        if timeout.is_over() {
            return done().ok_or(EAGAIN);
        }
        let mut entry = MaybeUninit::<bindings::wait_queue_entry>::zeroed();
        let entry = entry.as_mut_ptr();
        // SAFETY: `entry` is memory for one, and is not moved until it is taken off below.
        unsafe { bindings::sctp_helper_init_wait(entry) };
        // SAFETY: The socket is valid and has a wait queue, since a call is being executed for it.
        let queue = unsafe { bindings::sctp_helper_sk_sleep(self.as_ptr()) };
        // SAFETY: Both are initialised.
        unsafe { bindings::add_wait_queue(queue, entry) };
        let result = loop {
            if let Some(result) = done() {
                break Ok(result);
            }
            if timeout.is_over() {
                break Err(EAGAIN);
            }
            // SAFETY: Asks about the current task.
            if unsafe { bindings::sctp_helper_signal_pending() } {
                // SAFETY: A computation.
                let err = unsafe { bindings::sctp_helper_sock_intr_errno(timeout.0) };
                break Err(Error::from_errno(err));
            }
            // SAFETY: The entry is on the queue, with `woken_wake_function()`.
            timeout.0 =
                unsafe { bindings::wait_woken(entry, bindings::TASK_INTERRUPTIBLE, timeout.0) };
        };
        // SAFETY: The entry is on the queue.
        unsafe { bindings::remove_wait_queue(queue, entry) };
        result
    }

    /// The last step of `close()`: the C side lets go of the socket.
    pub(crate) fn release(&self) {
        // SAFETY: `close()` is called once, with the file's reference, which this consumes.
        unsafe { bindings::sk_common_release(self.as_ptr()) };
    }
}

/// Lets `SIGPIPE` happen to the current process.
pub(crate) fn send_sigpipe() {
    // SAFETY: Signals the current task.
    unsafe { bindings::sctp_helper_send_sigpipe() };
}

/// # Safety
///
/// Only the C side calls this, as `sk_destruct`, once nobody else has the socket.
unsafe extern "C" fn destruct(sk: *mut bindings::sock) {
    // SAFETY: Called once for each socket that `init` or `accept_child` has set up.
    let this = unsafe { Sk::from_raw(sk) };
    // SAFETY: By the type invariant the layout is ours.
    let endpoint = unsafe { &raw mut (*this.layout()).endpoint };
    // SAFETY: Nobody else has the socket any more.
    drop(unsafe { endpoint.replace(None) });
    if this.is_ipv6() {
        // SAFETY: As this function's requirements.
        unsafe { bindings::inet6_sock_destruct(sk) };
    } else {
        // SAFETY: As above.
        unsafe { bindings::inet_sock_destruct(sk) };
    }
}
