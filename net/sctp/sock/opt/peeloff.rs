// SPDX-License-Identifier: GPL-2.0

//! What `sctp_peeloff()` of libsctp is made of (RFC 6458, 9.2): SCTP_SOCKOPT_PEELOFF and
//! SCTP_SOCKOPT_PEELOFF_FLAGS. Both also return the descriptor.
//!
//! The user is told it before the association moves: if it cannot be written, the call can be
//! repeated.

use crate::{
    sock::peeloff::Peeloff,
    sys::{
        bindings,
        sock::Sk,
        user::OptionOut, //
    },
};
use kernel::prelude::*;

pub(super) fn peeloff(sk: &Sk, value: &OptionOut) -> Result<usize> {
    let mut arg: bindings::sctp_peeloff_arg_t = value.read()?;
    let peeloff = Peeloff::new(sk, arg.associd, 0)?;
    let fd = peeloff.fd();
    arg.sd = fd as c_int;
    value.write_whole(&arg)?;
    peeloff.finish()?;
    Ok(fd as usize)
}

pub(super) fn peeloff_flags(sk: &Sk, value: &OptionOut) -> Result<usize> {
    let mut arg: bindings::sctp_peeloff_flags_arg_t = value.read()?;
    let peeloff = Peeloff::new(sk, arg.p_arg.associd, arg.flags)?;
    let fd = peeloff.fd();
    arg.p_arg.sd = fd as c_int;
    value.write_whole(&arg)?;
    peeloff.finish()?;
    Ok(fd as usize)
}
