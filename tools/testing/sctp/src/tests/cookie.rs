// SPDX-License-Identifier: GPL-2.0

//! State cookies: what went out comes back, and nothing else is taken for it.

use std::cell::Cell;

use proptest::prelude::*;

use kernel::alloc::flags::GFP_ATOMIC;

use super::support::{cases, payload::Bytes, world::World};
use crate::{
    engine::{
        addr::{Address, Addresses, IpAddr, MAX_ADDRESSES},
        config::Config,
        cookie::{resolve, Cookie, CookieResolution, Opened, TieTags, MAX_LEN},
        secrets::{Secrets, IN_USE},
        serial::Tsn,
        stats::Reason,
        time::{Duration, Time},
        wire::{builder::PacketBuilder, packet::Packet},
    },
    tests::wire::flatten,
};

fn v4(last: u8) -> Address {
    Address::new(IpAddr::from([192, 0, 2, last]))
}

fn v6(last: u8, scope_id: u32) -> Address {
    let prefix = if scope_id == 0 {
        [0x20, 0x01]
    } else {
        [0xfe, 0x80]
    };
    let mut ip = [0; 16];
    ip[..2].copy_from_slice(&prefix);
    ip[15] = last;
    Address {
        ip: IpAddr::from(ip),
        scope_id,
    }
}

fn sample(now: Time) -> Cookie {
    Cookie {
        made: now,
        lifetime: Duration::from_secs(60),
        local_tag: 0x0102_0304,
        peer_tag: 0x0506_0708,
        local_initial_tsn: Tsn(0x090a_0b0c),
        peer_initial_tsn: Tsn(0x0d0e_0f10),
        peer_rwnd: 0x1112_1314,
        out_streams: 0x1516,
        in_streams: 0x1718,
        tie_tags: TieTags::NONE,
        local_port: 7,
        peer_port: 5000,
        is_ecn_capable: false,
        is_forward_tsn_supported: true,
        adaptation_code_point: Some(0),
        local: v4(1),
        peers: Addresses::new(v4(2)),
    }
}

/// The packet that brings a cookie.
#[derive(Clone, Copy, Debug)]
struct Carrier {
    src: Address,
    dst: Address,
    source_port: u16,
    destination_port: u16,
    tag: u32,
    /// The addresses of the host that it comes to.
    locals: Addresses,
}

impl Carrier {
    fn of(cookie: &Cookie) -> Self {
        Self {
            src: cookie.peers.first(),
            dst: cookie.local,
            source_port: cookie.peer_port,
            destination_port: cookie.local_port,
            tag: cookie.local_tag,
            locals: Addresses::new(cookie.local),
        }
    }

    fn open(&self, world: &mut World, cookie: &[u8]) -> Result<Opened, Reason> {
        let mut out = PacketBuilder::<Bytes>::new();
        out.start(
            self.source_port,
            self.destination_port,
            self.tag,
            65_000,
            GFP_ATOMIC,
        )
        .unwrap();
        out.cookie_echo(GFP_ATOMIC, cookie).unwrap();
        let bytes = flatten(&out);
        let buf = Bytes::new(&bytes);
        let pkt = Packet::new(&bytes, &buf, self.src, self.dst).unwrap();
        let chunk = pkt.chunks().next().unwrap().unwrap();
        Cookie::open(&world.cx(), chunk.value, &pkt, &self.locals)
    }
}

fn sealed(world: &mut World, cookie: &Cookie) -> Vec<u8> {
    cookie.seal(&world.cx()).unwrap().as_bytes().to_vec()
}

/// All fields, in a form that can be compared.
fn fields(cookie: &Cookie) -> String {
    format!("{cookie:?}")
}

#[test]
fn a_cookie_comes_back_as_it_was() {
    let mut world = World::new(1);
    let cookie = sample(world.now);
    let bytes = sealed(&mut world, &cookie);
    let opened = Carrier::of(&cookie).open(&mut world, &bytes).unwrap();
    assert_eq!(fields(opened.whatever_age()), fields(&cookie));
    assert_eq!(fields(&opened.fresh(world.now).unwrap()), fields(&cookie));
}

#[test]
fn a_cookie_for_one_ipv4_address_is_small() {
    let mut world = World::new(1);
    let cookie = sample(world.now);
    assert_eq!(sealed(&mut world, &cookie).len(), 100);
}

#[test]
fn the_largest_cookie_fits_and_no_address_is_kept_beyond() {
    let mut world = World::new(1);
    let mut cookie = sample(world.now);
    cookie.local = v6(1, 3);
    cookie.peers = Addresses::new(v6(2, 3));
    for last in 3..100 {
        cookie.peers.insert(v6(last, 3));
        cookie.peers.insert(v6(last, 3));
    }
    assert_eq!(cookie.peers.as_slice().len(), MAX_ADDRESSES);
    let bytes = sealed(&mut world, &cookie);
    assert_eq!(bytes.len(), MAX_LEN);
    let opened = Carrier::of(&cookie).open(&mut world, &bytes).unwrap();
    assert_eq!(fields(opened.whatever_age()), fields(&cookie));
}

#[test]
fn an_address_that_is_named_twice_is_one_address() {
    let mut peers = Addresses::new(v4(1));
    for last in [1, 2, 1, 3, 2, 3] {
        peers.insert(v4(last));
    }
    assert_eq!(peers.as_slice(), [v4(1), v4(2), v4(3)]);
}

#[test]
fn every_flipped_bit_is_rejected() {
    let mut world = World::new(1);
    let one = sample(world.now);
    let mut two = sample(world.now);
    two.peers.insert(v6(1, 0));
    for cookie in [one, two] {
        let bytes = sealed(&mut world, &cookie);
        for bit in 0..bytes.len() * 8 {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let result = Carrier::of(&cookie).open(&mut world, &bytes);
            assert_eq!(result.err(), Some(Reason::BadCookie), "bit {bit}");
        }
    }
}

#[test]
fn a_cookie_of_another_length_is_rejected() {
    let mut world = World::new(1);
    let cookie = sample(world.now);
    let bytes = sealed(&mut world, &cookie);
    for len in 0..bytes.len() {
        let result = Carrier::of(&cookie).open(&mut world, &bytes[..len]);
        assert_eq!(result.err(), Some(Reason::BadCookie), "length {len}");
    }
    for extra in 1..300 {
        let mut bytes = bytes.clone();
        bytes.resize(bytes.len() + extra, 0);
        let result = Carrier::of(&cookie).open(&mut world, &bytes);
        assert_eq!(result.err(), Some(Reason::BadCookie), "{extra} more");
    }
}

#[test]
fn what_cannot_be_a_cookie_is_not_hashed() {
    let mut world = World::new(1);
    let cookie = sample(world.now);
    for len in [0, 1, 31, 32, 40, MAX_LEN + 1, 60_000] {
        let result = Carrier::of(&cookie).open(&mut world, &vec![0; len]);
        assert_eq!(result.err(), Some(Reason::BadCookie));
    }
    assert_eq!(world.keys.macs.get(), 0);
}

#[test]
fn a_cookie_of_another_host_is_rejected() {
    let mut world = World::new(1);
    let mut other = World::new(2);
    let cookie = sample(world.now);
    let bytes = sealed(&mut other, &cookie);
    let result = Carrier::of(&cookie).open(&mut world, &bytes);
    assert_eq!(result.err(), Some(Reason::BadCookie));
}

#[test]
fn a_cookie_is_bound_to_the_packet_that_brings_it() {
    let mut world = World::new(1);
    let cookie = sample(world.now);
    let bytes = sealed(&mut world, &cookie);
    let good = Carrier::of(&cookie);
    let mut rejected = |carrier: Carrier| carrier.open(&mut world, &bytes).err();
    let bad = Some(Reason::BadCookie);
    let source_port = 5001;
    assert_eq!(rejected(good), None);
    assert_eq!(
        rejected(Carrier {
            source_port,
            ..good
        }),
        bad
    );
    let destination_port = 8;
    assert_eq!(
        rejected(Carrier {
            destination_port,
            ..good
        }),
        bad
    );
    assert_eq!(rejected(Carrier { src: v4(3), ..good }), bad);
    assert_eq!(rejected(Carrier { dst: v4(3), ..good }), bad);
    let swapped = Carrier {
        src: good.dst,
        dst: good.src,
        ..good
    };
    assert_eq!(rejected(swapped), bad);
    for tag in [0, cookie.local_tag + 1, cookie.peer_tag] {
        assert_eq!(rejected(Carrier { tag, ..good }), Some(Reason::BadTag));
    }
}

#[test]
fn a_link_local_cookie_is_bound_to_the_interface() {
    let mut world = World::new(1);
    let mut cookie = sample(world.now);
    cookie.local = v6(1, 3);
    cookie.peers = Addresses::new(v6(2, 3));
    let bytes = sealed(&mut world, &cookie);
    let good = Carrier::of(&cookie);
    assert!(good.open(&mut world, &bytes).is_ok());
    let src = v6(2, 4);
    let dst = v6(1, 4);
    let result = Carrier { src, dst, ..good }.open(&mut world, &bytes);
    assert_eq!(result.err(), Some(Reason::BadCookie));
}

#[test]
fn any_address_of_a_multihomed_peer_may_bring_its_cookie() {
    let mut world = World::new(1);
    let mut cookie = sample(world.now);
    cookie.peers.insert(v4(9));
    let bytes = sealed(&mut world, &cookie);
    let good = Carrier::of(&cookie);
    assert!(Carrier { src: v4(9), ..good }
        .open(&mut world, &bytes)
        .is_ok());
    assert!(Carrier { src: v4(8), ..good }
        .open(&mut world, &bytes)
        .is_err());
}

#[test]
fn a_cookie_is_fresh_up_to_its_lifetime_and_stale_by_what_is_more() {
    let mut world = World::new(1);
    let cookie = sample(world.now);
    let bytes = sealed(&mut world, &cookie);
    let expiry = cookie.made.plus(cookie.lifetime);
    let opened = Carrier::of(&cookie).open(&mut world, &bytes).unwrap();
    assert!(opened.clone().fresh(expiry).is_ok());
    for (late, microseconds) in [
        (Duration(1), 0),
        (Duration(1_000), 1),
        (Duration::from_secs(3), 3_000_000),
        (Duration::from_secs(4_294), 4_294_000_000),
        (Duration::from_secs(4_295), u32::MAX),
        (Duration(u64::MAX), u32::MAX),
    ] {
        let stale = opened.clone().fresh(expiry.plus(late)).unwrap_err();
        assert_eq!(stale.microseconds, microseconds);
        assert_eq!(stale.peer_tag, cookie.peer_tag);
    }
}

#[test]
fn a_peer_can_ask_for_a_longer_life_but_not_for_any() {
    let config = Config::default();
    let life = |ms: Option<u32>| Cookie::lifetime(&config, ms.map(Duration::from_millis));
    assert_eq!(life(None), Duration::from_secs(60));
    assert_eq!(life(Some(0)), Duration::from_secs(60));
    assert_eq!(life(Some(5_000)), Duration::from_secs(65));
    assert_eq!(life(Some(60_000)), Duration::from_secs(120));
    assert_eq!(life(Some(60_001)), Duration::from_secs(120));
    assert_eq!(life(Some(u32::MAX)), Duration::from_secs(120));
    let config = Config {
        valid_cookie_life: Duration(u64::MAX),
        ..config
    };
    assert_eq!(
        Cookie::lifetime(&config, Some(Duration(1))),
        Duration(u64::MAX)
    );
}

#[test]
fn a_cookie_outlives_one_change_of_the_secret_and_no_more() {
    let mut world = World::new(1);
    let cookie = sample(world.now);
    let bytes = sealed(&mut world, &cookie);
    world.advance(IN_USE);
    assert!(Carrier::of(&cookie).open(&mut world, &bytes).is_ok());
    world.advance(IN_USE);
    let result = Carrier::of(&cookie).open(&mut world, &bytes);
    assert_eq!(result.err(), Some(Reason::BadCookie));
}

#[test]
fn secrets_are_drawn_anew_and_forgotten() {
    let drawn = Cell::new(0);
    let draw = || {
        drawn.set(drawn.get() + 1);
        drawn.get()
    };
    let at = |epoch: u64, ns: u64| Time::from_nanos(epoch * IN_USE.0 + ns);
    let mut secrets = Secrets::new(at(7, 5), draw);
    let mut get = |now, epoch| secrets.get(now, epoch, draw);
    assert_eq!(get(at(7, IN_USE.0 - 1), 7), Some(1));
    assert_eq!((get(at(7, 9), 8), get(at(7, 9), 5)), (None, None));
    assert_eq!((get(at(8, 0), 8), get(at(8, 0), 7)), (Some(3), Some(1)));
    // A processor whose clock is behind.
    assert_eq!((get(at(7, 9), 7), get(at(7, 9), 8)), (Some(1), Some(3)));
    assert_eq!((get(at(9, 0), 7), get(at(9, 0), 8)), (None, Some(3)));
    // Nobody asked for a while.
    let late = at(20, 0);
    assert_eq!((get(late, 9), get(late, 18)), (None, None));
    let (last, before) = (get(late, 20), get(late, 19));
    assert!(last > Some(4) && before > Some(4) && last != before);
}

#[test]
fn the_table_of_5_2_4_is_complete() {
    use CookieResolution::*;

    let mut world = World::new(1);
    let tie = TieTags::random(&mut world.rng);
    let other = TieTags::random(&mut world.rng);
    assert_ne!(tie, other);
    let mut cookie = sample(world.now);
    let (local, peer) = (cookie.local_tag, cookie.peer_tag);
    // Local tag, peer tag, tie tags of the association; tie tags of the cookie.
    for (local_tag, peer_tag, in_cookie, expected) in [
        (local + 1, peer + 1, tie, Restart),           // A: X X M M
        (local + 1, peer + 1, other, Discard),         // not of this association
        (local + 1, peer + 1, TieTags::NONE, Discard), // made when there was none
        (local, peer + 1, TieTags::NONE, Collision),   // B: M X A A
        (local, peer + 1, tie, Collision),
        (local, 0, TieTags::NONE, Collision), // the peer's tag is not known yet
        (local + 1, peer, TieTags::NONE, Discard), // C: X M 0 0
        (local + 1, peer, tie, Discard),
        (local, peer, TieTags::NONE, Duplicate), // D: M M A A
        (local, peer, tie, Duplicate),
        (local, peer, other, Duplicate),
    ] {
        cookie.tie_tags = in_cookie;
        let found = resolve(&cookie, local_tag, peer_tag, tie);
        assert_eq!(found, expected, "{local_tag:x} {peer_tag:x} {in_cookie:?}");
    }
}

#[test]
fn no_tie_tags_tie_nothing() {
    let mut cookie = sample(Time::START);
    cookie.tie_tags = TieTags::NONE;
    let found = resolve(&cookie, 1, 2, TieTags::NONE);
    assert_eq!(found, CookieResolution::Discard);
}

#[test]
fn tie_tags_are_never_none() {
    /// Every number is the one that stands for nothing.
    struct Zero;
    impl crate::engine::cx::Rng for Zero {
        fn next_u32(&mut self) -> u32 {
            0
        }
    }
    assert_ne!(TieTags::random(&mut Zero), TieTags::NONE);
}

fn address() -> impl Strategy<Value = Address> {
    prop_oneof![
        any::<[u8; 4]>().prop_map(|ip| Address::new(IpAddr::from(ip))),
        (any::<[u8; 16]>(), any::<u32>()).prop_map(|(ip, scope_id)| Address {
            ip: IpAddr::from(ip),
            scope_id,
        }),
    ]
}

prop_compose! {
    fn cookie()(
        times in any::<(u64, u32)>(),
        numbers in any::<[u32; 5]>(),
        small in (any::<[u16; 2]>(), 1..=u16::MAX, 1..=u16::MAX),
        seed in any::<Option<u64>>(),
        flags in any::<[bool; 2]>(),
        adaptation_code_point in any::<Option<u32>>(),
        local in address(),
        peers in prop::collection::vec(address(), 1..12),
    ) -> Cookie {
        let mut list = Addresses::new(peers[0]);
        for peer in &peers[1..] {
            list.insert(*peer);
        }
        Cookie {
            made: Time::from_nanos(times.0),
            lifetime: Duration::from_millis(times.1),
            local_tag: numbers[0],
            peer_tag: numbers[1],
            local_initial_tsn: Tsn(numbers[2]),
            peer_initial_tsn: Tsn(numbers[3]),
            peer_rwnd: numbers[4],
            out_streams: small.0[0],
            in_streams: small.0[1],
            tie_tags: match seed {
                Some(seed) => TieTags::random(&mut World::new(seed).rng),
                None => TieTags::NONE,
            },
            local_port: small.1,
            peer_port: small.2,
            is_ecn_capable: flags[0],
            is_forward_tsn_supported: flags[1],
            adaptation_code_point,
            local,
            peers: list,
        }
    }
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn any_cookie_comes_back_as_it_was(cookie in cookie(), seed in any::<u64>()) {
        let mut world = World::new(seed);
        let bytes = sealed(&mut world, &cookie);
        let opened = Carrier::of(&cookie).open(&mut world, &bytes).unwrap();
        assert_eq!(fields(opened.whatever_age()), fields(&cookie));
        let _ = opened.fresh(world.now);
    }

    #[test]
    fn random_bytes_are_no_cookie(bytes in prop::collection::vec(any::<u8>(), 0..MAX_LEN + 8)) {
        let mut world = World::new(1);
        let carrier = Carrier::of(&sample(world.now));
        let result = carrier.open(&mut world, &bytes);
        assert_eq!(result.err(), Some(Reason::BadCookie));
    }

    #[test]
    fn two_cookies_cannot_be_spliced(cut in 4..64_usize) {
        let mut world = World::new(1);
        let one = sample(world.now);
        let mut two = sample(world.now);
        two.peer_rwnd = 1;
        two.out_streams = 1;
        two.local_initial_tsn = Tsn(1);
        let mut bytes = sealed(&mut world, &one);
        let other = sealed(&mut world, &two);
        let whole = bytes.clone();
        bytes.truncate(cut);
        bytes.extend(&other[cut..]);
        let result = Carrier::of(&one).open(&mut world, &bytes);
        let is_one_of_them = bytes == whole || bytes == other;
        assert_eq!(result.is_ok(), is_one_of_them);
    }
}
