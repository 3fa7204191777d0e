// SPDX-License-Identifier: GPL-2.0

//! `socket()`.

use crate::{
    endpoint::{Endpoint, Style},
    sys::{bindings, sock::Sk},
};
use kernel::{prelude::*, sync::Arc};

/// Makes the state of a new socket.
pub(crate) fn create(sk: &Sk) -> Result<Arc<Endpoint>> {
    // DLM would write into what it takes for the C module's `struct sctp_sock`.
    if sk.is_kernel() {
        return Err(EOPNOTSUPP);
    }
    let style = match sk.kind() {
        bindings::sock_type_SOCK_STREAM => Style::OneToOne,
        bindings::sock_type_SOCK_SEQPACKET => Style::OneToMany,
        _ => return Err(ESOCKTNOSUPPORT),
    };
    let net = sk.net();
    let pernet = net.state().ok_or(ENONET)?.clone();
    let settings = pernet.sysctls.settings();
    let endpoint = Endpoint::new(style, pernet, settings, GFP_KERNEL)?;
    endpoint.inner.lock().sk = Some(sk.into());
    Ok(endpoint)
}
