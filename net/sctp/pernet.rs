// SPDX-License-Identifier: GPL-2.0

//! What there is once for each network namespace: the tables that find associations and sockets,
//! the cookie secrets, the counters.
//!
//! # Lock order
//!
//! An association's lock, then an endpoint's, then one of the locks here. No two locks of one
//! kind are held at once.

use crate::{
    association::Assoc,
    counters::NetCounters,
    endpoint::Endpoints,
    engine::{
        addr::Address,
        cx::{CookieKeys, Rng, MAC_LEN},
        secrets::{self, Secrets},
        time::Time,
    },
    ports::{may_meet, Ports},
    sys::{
        clock,
        crypto::{self, KernelRng, MacKey},
        hash::TagTable,
        ip::to_mapped,
        lock::{new_spinlock_bh, SpinLockBh},
        net::Net,
        sysctl::SysctlTable,
    },
    sysctl::Sysctls,
};
#[cfg(CONFIG_PROC_FS)]
use crate::{proc, sys::proc_fs::ProcFolder};
use kernel::{
    prelude::*,
    rbtree::RBTree,
    sync::{atomic::Atomic, Arc},
};

/// What the module has in a namespace: first goes what users reach the rest by.
pub(crate) struct Namespace {
    #[cfg(CONFIG_PROC_FS)]
    _proc: ProcFolder,
    _sysctls: SysctlTable<Pernet>,
    pub(crate) pernet: Arc<Pernet>,
}

impl Namespace {
    pub(crate) fn new(net: Net) -> Result<KBox<Self>> {
        let pernet = Pernet::new(net)?;
        let sysctls = SysctlTable::new(&pernet.net, c"net/sctp", pernet.clone())?;
        let this = Self {
            #[cfg(CONFIG_PROC_FS)]
            _proc: proc::folder(&pernet.net)?,
            _sysctls: sysctls,
            pernet,
        };
        Ok(KBox::new(this, GFP_KERNEL)?)
    }
}

/// The state of a namespace.
#[pin_data]
pub(crate) struct Pernet {
    pub(crate) net: Net,
    /// Associations by our verification tag: packets of established ones.
    #[pin]
    pub(crate) tags: TagTable<Assoc>,
    /// Associations by the addresses of their peers: INIT, COOKIE ECHO, out of the blue, ICMP.
    #[pin]
    pub(crate) peers: SpinLockBh<Peers>,
    /// Who has which port.
    #[pin]
    pub(crate) ports: SpinLockBh<Ports>,
    /// Sockets and what is to become one.
    #[pin]
    pub(crate) endpoints: SpinLockBh<Endpoints>,
    #[pin]
    secrets: SpinLockBh<Secrets<MacKey>>,
    /// Of the hash that spreads peers over listeners.
    seed: u32,
    pub(crate) mib: NetCounters,
    /// How many associations are up.
    pub(crate) established: Atomic<u64>,
    #[pin]
    pub(crate) sysctls: Sysctls,
}

impl Pernet {
    fn new(net: Net) -> Result<Arc<Self>> {
        let secrets = Secrets::new(clock::now(), MacKey::random);
        Arc::pin_init(
            try_pin_init!(Self {
                net,
                tags <- TagTable::new(),
                peers <- new_spinlock_bh!(Peers { buckets: RBTree::new() }, "sctp_peers"),
                ports <- new_spinlock_bh!(Ports::new(), "sctp_ports"),
                endpoints <- new_spinlock_bh!(Endpoints::new(), "sctp_endpoints"),
                secrets <- new_spinlock_bh!(secrets, "sctp_secrets"),
                seed: KernelRng.next_u32(),
                mib: NetCounters::new(),
                established: Atomic::new(0),
                sysctls <- Sysctls::new(),
            }),
            GFP_KERNEL,
        )
    }
}

impl Pernet {
    /// A number that spreads peers over listeners. It is not for them to choose.
    pub(crate) fn spread(&self, peer: &Address, port: u16) -> u32 {
        let seed = self.seed ^ u32::from(port);
        crypto::jhash(&to_mapped(peer.ip).octets(), seed)
    }
}

impl CookieKeys for Pernet {
    fn epoch(&self, now: Time) -> u32 {
        secrets::epoch_at(now)
    }

    fn mac(&self, now: Time, epoch: u32, data: &[u8]) -> Option<[u8; MAC_LEN]> {
        let key = self.secrets.lock().get(now, epoch, MacKey::random)?;
        Some(key.hmac_sha256(data))
    }

    fn mac_eq(&self, a: &[u8; MAC_LEN], b: &[u8]) -> bool {
        crypto::equal_in_constant_time(a, b)
    }
}

/// An address of a peer, and the ports.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct PeerKey {
    local_port: u16,
    peer_port: u16,
    peer: u128,
    peer_scope: u32,
}

impl PeerKey {
    pub(crate) fn new(local_port: u16, peer: &Address, peer_port: u16) -> Self {
        Self {
            local_port,
            peer_port,
            peer: to_mapped(peer.ip).to_bits(),
            peer_scope: peer.scope_id,
        }
    }
}

/// Associations by the addresses of their peers.
///
/// Which of our addresses a packet came to is not part of the key, or there would be an entry for
/// each pair; it is compared with those of the association. More than one association has a key
/// only if sockets share a port but no address, or are bound to different interfaces.
pub(crate) struct Peers {
    /// None of them is empty.
    buckets: RBTree<PeerKey, KVec<Arc<Assoc>>>,
}

impl Peers {
    /// The association with that address of a peer and that one of ours that `f` wants.
    pub(crate) fn find(
        &self,
        key: &PeerKey,
        local: &Address,
        f: impl Fn(&Assoc) -> bool,
    ) -> Option<Arc<Assoc>> {
        let mut bucket = self.buckets.get(key)?.iter();
        bucket
            .find(|a| a.locals.contains(local) && f(a.as_ref()))
            .cloned()
    }

    /// Enters an association; `EEXIST` if there is one already that packets could be for.
    pub(crate) fn insert(&mut self, key: PeerKey, assoc: &Arc<Assoc>) -> Result {
        let mut locals = assoc.locals.as_slice().iter();
        let meets = |other: &Assoc| may_meet(assoc.ifindex, other.ifindex);
        if locals.any(|local| self.find(&key, local, meets).is_some()) {
            return Err(EEXIST);
        }
        if let Some(bucket) = self.buckets.get_mut(&key) {
            return Ok(bucket.push(assoc.clone(), GFP_ATOMIC)?);
        }
        let mut bucket = KVec::with_capacity(1, GFP_ATOMIC)?;
        bucket.push(assoc.clone(), GFP_ATOMIC)?;
        self.buckets
            .try_create_and_insert(key, bucket, GFP_ATOMIC)?;
        Ok(())
    }

    /// Takes an association out, if it is there. The caller has a reference of its own, so that
    /// nothing is dropped here for the last time.
    pub(crate) fn remove(&mut self, key: &PeerKey, assoc: &Arc<Assoc>) {
        let Some(bucket) = self.buckets.get_mut(key) else {
            return;
        };
        if let Some(at) = bucket.iter().position(|a| Arc::ptr_eq(a, assoc)) {
            let _ = bucket.remove(at);
        }
        if bucket.is_empty() {
            self.buckets.remove(key);
        }
    }
}
