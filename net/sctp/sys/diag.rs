// SPDX-License-Identifier: GPL-2.0

//! Answers to `sock_diag(7)`, by which `ss` shows sockets.
//!
//! C headers: [`include/linux/inet_diag.h`](srctree/include/linux/inet_diag.h),
//! [`include/net/netlink.h`](srctree/include/net/netlink.h)

use super::{
    bindings,
    net::Net,
    proto::{registration, this_module, zeroed, Table},
    sock::Sk,
};
use crate::diag::{self, Position};
use core::{ffi::c_void, mem::size_of};
use kernel::{
    error::to_result,
    prelude::*, //
};

/// What is asked for.
#[derive(Clone, Copy)]
pub(crate) struct Request(bindings::inet_diag_req_v2);

impl Request {
    /// The address family; `AF_UNSPEC` is any.
    pub(crate) fn family(&self) -> u32 {
        u32::from(self.0.sdiag_family)
    }

    /// Whether one of these states of sockets, a bit each, is asked for.
    pub(crate) fn has_state(&self, states: u32) -> bool {
        self.0.idiag_states & states != 0
    }

    /// Whether an attribute is to be told that is not told by itself.
    pub(crate) fn wants(&self, attribute: u32) -> bool {
        let bit = 1_u32.checked_shl(attribute.wrapping_sub(1));
        bit.is_some_and(|bit| u32::from(self.0.idiag_ext) & bit != 0)
    }

    /// Ports, interface, and addresses in the form of the family.
    pub(crate) fn id(&self) -> &bindings::inet_diag_sockid {
        &self.0.id
    }
}

/// An answer under construction: an skb with a message for each socket.
///
/// # Invariants
///
/// `skb` is valid for as long as this value lives, and nobody else has it. `asked` and `header` are
/// the skb of the question and the netlink header in it.
pub(crate) struct Answer {
    skb: *mut bindings::sk_buff,
    asked: *mut bindings::sk_buff,
    header: *const bindings::nlmsghdr,
    request: Request,
    is_admin: bool,
    flags: c_int,
}

impl Answer {
    /// An answer in `skb` to what `cb` has been called for.
    ///
    /// # Safety
    ///
    /// Both are valid for as long as the value lives, and `skb` is the caller's alone.
    unsafe fn new(
        skb: *mut bindings::sk_buff,
        cb: *const bindings::netlink_callback,
        request: Request,
        flags: u32,
    ) -> Self {
        // SAFETY: By this function's requirements.
        let (asked, header) = unsafe { ((*cb).skb, (*cb).nlh) };
        let admin = bindings::CAP_NET_ADMIN as c_int;
        // SAFETY: The question is valid.
        let is_admin = unsafe { bindings::netlink_net_capable(asked, admin) };
        // INVARIANT: By this function's requirements.
        Self {
            skb,
            asked,
            header,
            request,
            is_admin,
            flags: flags as c_int,
        }
    }

    /// Begins a message with what there is to say of any socket. `EMSGSIZE` if there is no room for
    /// it; that is an answer to be sent, if other messages are in it.
    ///
    /// `tell` fills in what it knows better.
    pub(crate) fn begin(
        &mut self,
        sk: &Sk,
        tell: impl FnOnce(&mut bindings::inet_diag_msg),
    ) -> Result<Entry<'_>> {
        // SAFETY: By the type invariant.
        let nlh = unsafe {
            bindings::sctp_helper_diag_put(self.skb, self.asked, self.header, self.flags)
        };
        if nlh.is_null() {
            return Err(EMSGSIZE);
        }
        let entry = Entry { answer: self, nlh };
        // SAFETY: The message was begun with room for that.
        let msg = unsafe { bindings::sctp_helper_diag_msg(nlh) };
        // SAFETY: As above.
        unsafe { msg.write(bindings::inet_diag_msg::default()) };
        // SAFETY: As above; the socket is valid.
        unsafe { bindings::inet_diag_msg_common_fill(msg, sk.as_ptr()) };
        // SAFETY: As above. Nobody else refers to it.
        tell(unsafe { &mut *msg });
        let Answer {
            skb,
            asked,
            is_admin,
            ..
        } = *entry.answer;
        let ext = c_int::from(entry.answer.request.0.idiag_ext);
        // SAFETY: All are valid.
        let full = unsafe {
            bindings::sctp_helper_diag_attrs(sk.as_ptr(), skb, msg, ext, asked, is_admin)
        };
        if full != 0 {
            return Err(EMSGSIZE);
        }
        let memory = bindings::INET_DIAG_SKMEMINFO;
        if entry.answer.request.wants(memory) {
            // SAFETY: Both are valid.
            to_result(unsafe {
                bindings::sock_diag_put_meminfo(sk.as_ptr(), skb, memory as c_int)
            })?;
        }
        Ok(entry)
    }
}

/// A message under construction, which is taken back unless it is ended.
///
/// # Invariants
///
/// `nlh` is the last message in the skb of `answer`.
pub(crate) struct Entry<'a> {
    answer: &'a mut Answer,
    nlh: *mut bindings::nlmsghdr,
}

impl Entry<'_> {
    /// Adds an attribute. `EMSGSIZE` if there is no room for it.
    pub(crate) fn put(&mut self, attribute: u32, data: &[u8]) -> Result {
        let len = c_int::try_from(data.len()).map_err(|_| EMSGSIZE)?;
        // SAFETY: The skb is valid, and so are so many bytes of data.
        to_result(unsafe {
            bindings::nla_put(
                self.answer.skb,
                attribute as c_int,
                len,
                data.as_ptr().cast::<c_void>(),
            )
        })
    }

    /// The same, aligned for numbers of 64 bits.
    pub(crate) fn put_64bit(&mut self, attribute: u32, data: &[u8]) -> Result {
        let len = c_int::try_from(data.len()).map_err(|_| EMSGSIZE)?;
        // SAFETY: As above.
        to_result(unsafe {
            bindings::nla_put_64bit(
                self.answer.skb,
                attribute as c_int,
                len,
                data.as_ptr().cast::<c_void>(),
                bindings::INET_DIAG_PAD as c_int,
            )
        })
    }

    pub(crate) fn end(self) {
        // SAFETY: By the type invariants.
        unsafe { bindings::sctp_helper_nlmsg_end(self.answer.skb, self.nlh) };
        core::mem::forget(self);
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        // SAFETY: By the type invariants.
        unsafe { bindings::sctp_helper_nlmsg_cancel(self.answer.skb, self.nlh) };
    }
}

/// Whether a socket is the one that a cookie stands for: `ESTALE` if it is another one.
pub(crate) fn check_cookie(sk: &Sk, request: &Request) -> Result {
    let cookie = request.0.id.idiag_cookie.as_ptr();
    // SAFETY: The socket is valid, and the cookie has the two numbers that are read.
    to_result(unsafe { bindings::sock_diag_check_cookie(sk.as_ptr(), cookie) })
}

/// The namespace that is asked about.
///
/// # Safety
///
/// `asked` is the skb of a question that is being answered, during which the value is used.
unsafe fn net_of(asked: *const bindings::sk_buff) -> Net {
    // SAFETY: By this function's requirements. Who asks keeps the namespace.
    unsafe { Net::from_raw(bindings::sctp_helper_diag_net(asked)) }
}

/// # Safety
///
/// Only the C side calls this, through the table it stands in, with what belongs there.
unsafe extern "C" fn dump(
    skb: *mut bindings::sk_buff,
    cb: *mut bindings::netlink_callback,
    request: *const bindings::inet_diag_req_v2,
) {
    const { assert!(size_of::<Position>() <= 48) };
    // SAFETY: All are valid during the call.
    let request = Request(unsafe { *request });
    // SAFETY: As above.
    let net = unsafe { net_of((*cb).skb) };
    // SAFETY: As above, and the skb is there to be filled.
    let mut answer = unsafe { Answer::new(skb, cb, request, bindings::NLM_F_MULTI) };
    // SAFETY: As above.
    let position: *mut Position = unsafe { &raw mut (*cb).__bindgen_anon_1 }.cast();
    // SAFETY: It is memory for this one dump, large enough, of zeroes at first, which are a
    // position; after that nobody else writes to it.
    let mut at = unsafe { position.read_unaligned() };
    diag::dump(&net, &request, &mut answer, &mut at);
    // SAFETY: As above.
    unsafe { position.write_unaligned(at) };
}

/// More than a message about an association ever takes.
const ONE: usize = 4096;

/// # Safety
///
/// Only the C side calls this, through the table it stands in, with what belongs there.
unsafe extern "C" fn dump_one(
    cb: *mut bindings::netlink_callback,
    request: *const bindings::inet_diag_req_v2,
) -> c_int {
    // SAFETY: All are valid during the call.
    let request = Request(unsafe { *request });
    // SAFETY: As above.
    let asked = unsafe { (*cb).skb };
    // SAFETY: As above.
    let net = unsafe { net_of(asked) };
    let found = match diag::find(&net, &request) {
        Ok(found) => found,
        Err(e) => return e.to_errno(),
    };
    // SAFETY: Allocates.
    let skb = unsafe { bindings::sctp_helper_nlmsg_new(ONE) };
    if skb.is_null() {
        return ENOMEM.to_errno();
    }
    // SAFETY: As above, and the skb was made just now.
    let mut answer = unsafe { Answer::new(skb, cb, request, 0) };
    if let Err(e) = diag::show_assoc(&found, &request, &mut answer) {
        // SAFETY: The skb is this function's.
        unsafe { bindings::sctp_helper_consume_skb(skb) };
        return e.to_errno();
    }
    // SAFETY: Both are valid; the first is given up.
    unsafe { bindings::sctp_helper_diag_unicast(skb, asked) }
}

static HANDLER: Table<bindings::inet_diag_handler> = Table::new(handler());

const fn handler() -> bindings::inet_diag_handler {
    let mut h: bindings::inet_diag_handler = zeroed();
    // `idiag_get_info` is asked by helpers for TCP and UDP only.
    h.dump = Some(dump);
    h.dump_one = Some(dump_one);
    h.idiag_type = bindings::IPPROTO_SCTP as u16;
    h.idiag_info_size = size_of::<bindings::sctp_info>() as u16;
    h
}

registration!(
    /// Whom `sock_diag(7)` asks about the protocol. Calls hold the module.
    SockDiag,
    {
        (*HANDLER.as_ptr()).owner = this_module();
        bindings::inet_diag_register(HANDLER.as_ptr())
    },
    bindings::inet_diag_unregister(HANDLER.as_ptr())
);
