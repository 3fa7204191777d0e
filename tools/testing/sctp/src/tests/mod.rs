// SPDX-License-Identifier: GPL-2.0

//! Tests of the engine, in folders that mirror its own.

pub(crate) mod support;

mod cookie;
mod ootb;
mod wire;
