// SPDX-License-Identifier: GPL-2.0

//! Two associations and what they say to each other.

mod abandon;
mod changeover;
mod failed;
mod fault;
mod forward_tsn;
mod hostile;
mod icmp;
mod loss;
mod memory;
mod more;
mod multihome;
mod parts;
mod paths;
mod pmtu;
mod recovery;
mod setup;
mod stall;
mod stuck;
mod teardown;
mod transfer;
mod tune;
mod vtag;
