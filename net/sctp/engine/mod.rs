// SPDX-License-Identifier: GPL-2.0

//! SCTP as a library that does no input or output: RFC 9260.
//!
//! The engine is handed packets, commands and the time, and is asked for packets, events and the
//! time at which it wants to be called again. It owns no lock, clock, socket, buffer or source of
//! randomness: they come in through [`cx::Cx`] and [`cx::Payload`]. The same source is built into
//! the kernel module and into the user-space tests of `tools/testing/sctp`.
//!
//! # Reading guide
//!
//! | RFC 9260 | here |
//! |---|---|
//! | 1.6 serial numbers | [`serial`] |
//! | 3 packet format | [`wire`] |
//! | 5.1 stateless INIT, 8.4 out of the blue | [`ootb`], [`cookie`], [`secrets`] |
//! | 5.1.2 addresses in the setup | [`scope`] |
//! | 4 states, 5 setup, 8 faults, 9 teardown | [`assoc`] |
//! | 6.1 to 6.4, 6.9 sending | [`tx`], [`rto`] |
//! | 6.2, 6.5 to 6.7 receiving | [`rx`] |
//! | 6.4, 8.2, RFC 7829 several paths | [`path`], [`select`] |
//! | 7 congestion control | [`cc`] |
//! | 7.3 path MTU, RFC 8899 | [`pmtu`] |
//! | 10 ICMP | [`icmp`] |
//! | 16 parameters | [`config`] |
//!
//! # Glossary
//!
//! *Association*: the state shared with one peer (the RFC's TCB). *Path*: one address of the peer
//! with what is known about reaching it. *Tag*: verification tag; "local" is the one the peer has
//! to put into its packets. *TSN*: number of a DATA chunk. *a_rwnd*: the receive window a SACK
//! advertises. *Message*: what the user sent in one call; *fragment*: what of it fits a chunk.
//!
//! # Contract
//!
//! An [`assoc::Association`] has four families of methods:
//!
//! - **getters** take `&self`;
//! - **inputs**: `handle_packet`, `handle_timeout` (a spurious call does nothing), `handle_icmp`,
//!   `handle_mtu`;
//! - **commands** of the user: `send`, `shutdown`, `abort`, `consumed`, …;
//! - **outputs**: `poll_transmit`, `poll_event`, `poll_timeout`.
//!
//! After any input or command, poll the outputs in that order until each has nothing more; then
//! arm the timer for what `poll_timeout` said. Nothing else makes an output appear. Time never
//! goes backwards between calls. An allocation that fails makes an input behave as if its packet
//! (or the rest of it) had been lost; it never leaves state half changed.

pub(crate) mod addr;
pub(crate) mod config;
pub(crate) mod cx;
pub(crate) mod env;
pub(crate) mod event;
pub(crate) mod scope;
pub(crate) mod secrets;
pub(crate) mod serial;
pub(crate) mod stats;
pub(crate) mod time;

pub(crate) mod wire;

pub(crate) mod cookie;
pub(crate) mod ootb;

pub(crate) mod assoc;
pub(crate) mod cc;
pub(crate) mod icmp;
pub(crate) mod path;
pub(crate) mod pmtu;
pub(crate) mod ring;
pub(crate) mod rto;
pub(crate) mod rx;
pub(crate) mod select;
pub(crate) mod tx;
pub(crate) mod vec;
