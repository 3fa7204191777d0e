// SPDX-License-Identifier: GPL-2.0

//! Tests of the engine, in folders that mirror its own.

pub(crate) mod support;

mod assoc;
mod cookie;
mod ootb;
pub(crate) mod sim;
mod wire;
