// SPDX-License-Identifier: GPL-2.0

//! Tests of the engine, in folders that mirror its own.

pub(crate) mod support;

mod assoc;
mod cc;
mod cookie;
#[cfg(test)]
mod corpus;
mod icmp;
mod ootb;
mod pmtu;
mod rfc9260;
mod ring;
mod rto;
mod rx;
mod scope;
pub(crate) mod script;
mod security;
mod select;
pub(crate) mod sim;
mod tx;
pub(crate) mod wire;
