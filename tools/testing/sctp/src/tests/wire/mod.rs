// SPDX-License-Identifier: GPL-2.0

//! Tests of `engine/wire`.

mod builder;
pub(crate) mod examine;
mod hostile;
mod roundtrip;
pub(crate) mod samples;
mod vectors;

pub(crate) use examine::flatten;
