// SPDX-License-Identifier: GPL-2.0

//! Attacks on the protocol: RFC 5062, and others. Which tags let in what is tested in
//! `assoc/vtag.rs`, bounds of memory in `rx/receiver.rs`.

use kernel::fault;

use crate::engine::{assoc::State, event::Closed, path::PathState, time::Duration, wire::cause};
use crate::tests::{
    script::*,
    sim::{address, pattern, Flying, Seen, A, Z},
    wire::samples,
};

// RFC 5062, 2: address camping

#[test]
fn address_camping_a_victims_address_gets_no_data_and_few_heartbeats() {
    listening(|x| {
        x.sends([init().address(address(Z, 1))]);
        x.expects([init_ack()]);
        x.sends([cookie_echo()]);
        let mut to_victim = 0;
        for n in 0..60 {
            x.user_hands_in(&pattern(n, 1000));
            for packet in x.let_pass(1000) {
                let is_victim = packet.dst == address(Z, 1);
                to_victim += u32::from(is_victim);
                assert!(!is_victim || packet.kinds()[0].to_u8() == 4, "no DATA");
                assert!(!is_victim || packet.bytes.len() < 64);
            }
        }
        assert!(to_victim <= 10, "{to_victim} in a minute");
    });
}

// RFC 5062, 3: hijacking by what a cookie says

#[test]
fn hijacking_a_cookie_does_not_tell_the_tags_of_an_association() {
    with(|_| ()).accepted(|x| {
        let (own, peer) = (x.tag, x.peer_tag);
        // Somebody else, from the same address.
        x.restarts();
        x.sends([init()]);
        x.expects([init_ack()]);
        for tag in [own, peer] {
            let bytes = tag.to_be_bytes();
            assert!(!x.cookie.windows(4).any(|w| w == bytes), "{tag:x}");
        }
    });
}

// RFC 5062, 4: hijacking by a restart

#[test]
fn hijacking_a_restart_that_brings_an_address_is_refused() {
    with(|_| ()).accepted(|x| {
        let (tag, peer_tag) = (x.tag, x.peer_tag);
        x.restarts();
        x.sends([init().address(address(Z, 7))]);
        x.expects([abort().cause(cause::RESTART_WITH_NEW_ADDRESSES)]);
        x.is_in(State::Established);
        assert_eq!(x.assoc().local_tag(), tag);
        assert_eq!(x.assoc().peer_tag(), peer_tag);
        x.told(&[]);
    });
}

#[test]
fn hijacking_a_restart_is_always_told_to_the_user() {
    with(|_| ()).accepted(|x| {
        x.restarts();
        x.sends([init()]);
        x.expects([init_ack()]);
        x.sends([cookie_echo()]);
        x.expects([cookie_ack()]);
        x.told(&[Seen::Restarted]);
    });
}

// RFC 5062, 5: bombing with data

#[test]
fn bombing_who_acknowledges_what_was_not_sent_gets_nothing_more() {
    with(|c| c.nodelay = true).up(|x| {
        for n in 0..4 {
            x.user_sends(0, &pattern(0, 1000));
            x.expects([data(n)]);
        }
        x.user_hands_in(&pattern(0, 100_000));
        x.ignores_the_rest();
        x.sends([sack(200)]);
        x.expects([abort().cause(cause::PROTOCOL_VIOLATION)]);
        x.after(60_000);
    });
}

/// Many SACKs that acknowledge little each open the window no faster than few (RFC 3465).
#[test]
fn bombing_split_sacks_do_not_open_the_window() {
    let sent_after = |acks: &[i64]| {
        let sent = std::cell::Cell::new(0);
        with(|c| {
            c.nodelay = true;
            c.max_burst = 0;
        })
        .up(|x| {
            x.user_hands_in(&pattern(0, 200_000));
            x.ignores_the_rest();
            let mut n = 0;
            for ack in acks {
                x.sends([sack(*ack)]);
                n += x.ignores_the_rest().len();
            }
            sent.set(n);
        });
        sent.get()
    };
    let at_once = sent_after(&[1]);
    // Chunks cannot be acknowledged in parts; repeating does not help either.
    assert_eq!(sent_after(&[0, 1]), at_once);
    assert_eq!(sent_after(&[0, 0, 0, 1, 1, 1]), at_once);
}

// RFC 5062, 6: bombing with replayed cookies

#[test]
fn bombing_a_cookie_replayed_a_thousand_times() {
    listening(|x| {
        x.sends([init().address(address(Z, 1)).address(address(Z, 2))]);
        x.expects([init_ack()]);
        x.sends([cookie_echo()]);
        x.ignores_the_rest();
        let live = fault::live_bytes();
        for _ in 0..1000 {
            x.sends([cookie_echo()]);
            x.expects([cookie_ack()]);
        }
        x.told(&[Seen::Up]);
        assert!(fault::live_bytes() <= live + 1024);
        // All in no time at all, so that not one HEARTBEAT more was due.
        x.after(999);
    });
}

/// A cookie that comes back after its association was aborted makes another one, as long as it
/// lives. Its peer, who does not know of it, ends that with the first packet it gets.
#[test]
fn bombing_a_cookie_of_an_association_that_is_over() {
    with(|c| c.valid_cookie_life = Duration::from_secs(5)).accepted(|x| {
        x.sends([abort()]);
        let (cause, setup) = (0, false);
        x.ended(Closed::PeerAborted { cause, setup });
        x.sends([cookie_echo()]);
        x.expects([cookie_ack()]);
        x.told(&[Seen::Up]);
        x.sends_under(x.peer_tag, [abort().reflected()]);
        x.ended(Closed::PeerAborted { cause, setup });
        x.after(5_001);
        x.sends([cookie_echo()]);
        x.expects([error(cause::STALE_COOKIE)]);
        assert!(x.host().assoc.is_none());
    });
}

#[test]
fn bombing_no_peer_can_make_a_cookie_live_long() {
    listening(|x| {
        x.sends([init().param(9, &u32::MAX.to_be_bytes())]);
        x.expects([init_ack()]);
        x.after(120_001);
        x.sends([cookie_echo()]);
        x.expects([error(cause::STALE_COOKIE)]);
    });
}

// RFC 5062, 7: redirection

#[test]
fn redirection_a_cookie_is_good_between_its_ports_and_addresses_only() {
    listening(|x| {
        x.sends([init()]);
        x.expects([init_ack()]);
        for at in 0..4 {
            let mut bytes = x.packet(x.tag, &[cookie_echo()]);
            bytes[at] ^= 1;
            x.injects_on(0, bytes);
            assert!(x.host().assoc.is_none());
        }
        for n in 1..4 {
            x.sends_on(n, [cookie_echo()]);
            assert!(x.host().assoc.is_none());
        }
        x.sends([cookie_echo()]);
        x.expects([cookie_ack()]);
    });
}

// RFC 5062, 8 to 10: amplification

/// Whatever comes from somebody who has shown nothing is answered with one packet at most, and
/// with no more than it took, but for the INIT ACK.
#[test]
fn amplification_of_one_packet_is_one_packet() {
    let mut packets = samples::all();
    let unknown = |n: usize| samples::packet(&vec!["ff 00 0004"; n]);
    packets.push(unknown(360));
    packets.push(samples::packet(&[samples::HEARTBEAT; 90]));
    packets.push(samples::packet(&[samples::DATA; 60]));
    packets.push(samples::packet(&[samples::COOKIE_ECHO; 100]));
    packets.push(samples::packet(&[samples::SHUTDOWN_ACK; 300]));
    for packet in &packets {
        let ask = |x: &mut Script| {
            let mut bytes = packet.clone();
            let header = x.packet(7, &[]);
            bytes[..4].copy_from_slice(&header[..4]);
            let is_init = bytes[12] == 1;
            let len = bytes.len();
            x.injects_on(0, bytes);
            let answers = x.ignores_the_rest();
            assert!(answers.len() <= 1);
            for answer in answers {
                let more = if is_init { 400 } else { 0 };
                assert!(answer.bytes.len() <= len + more);
                assert_eq!(answer.dst, address(Z, 0));
            }
        };
        listening(ask);
        connecting(ask);
        up(ask);
        up(|x| {
            x.goes_to(State::ShutdownAckSent);
            ask(x);
        });
    }
}

/// Nor may the peer itself make one packet of it many.
#[test]
fn amplification_of_reports_and_heartbeats() {
    for (what, n) in [
        (chunk(0xfe, 0, &[]), 350),
        (chunk(0x7e, 0, &[]), 350),
        (heartbeat().info(b"x"), 120),
        (data(0).on_stream(99), 70),
        (chunk(0xfe, 0, &[7; 1000]), 1),
        (error(cause::STALE_COOKIE), 100),
        (cookie_echo(), 300),
        (shutdown_ack(), 300),
    ] {
        up(|x| {
            let bytes = x.packet(x.tag, &vec![what.clone(); n]);
            let len = bytes.len();
            x.injects_on(0, bytes);
            let answers = x.ignores_the_rest();
            // A SACK is no answer of this kind.
            let of_reports = |p: &&Flying| !p.any(|c| c.kind.to_u8() == 3);
            assert!(answers.iter().filter(of_reports).count() <= 1);
            let sum: usize = answers.iter().map(|p| p.bytes.len()).sum();
            assert!(sum <= len + 100, "{sum} for {len}");
        });
    }
}

/// RFC 5062, 9
#[test]
fn amplification_by_the_init_ack_is_bounded() {
    listening(|x| {
        for bad in [
            init(),
            init().param(0xc0ff, &[0; 1000]),
            (0..300).fold(init(), |i, n| i.param(0xc100 + n, &[])),
        ] {
            let bytes = x.packet(0, &[bad]);
            let len = bytes.len();
            x.injects_on(0, bytes);
            let answer = x.expects([init_ack()]);
            // The cookie is what is more, and a second copy of what was not understood.
            assert!(answer.bytes.len() <= 2 * len + 200);
            assert!(answer.bytes.len() <= 1480);
        }
    });
}

/// What is quoted of a chunk never makes an answer longer than a packet may be.
#[test]
fn amplification_nothing_is_echoed_beyond_the_mtu() {
    up(|x| {
        x.sends([chunk(0xfe, 0, &vec![7; 60_000])]);
        let report = x.expects([error(cause::UNRECOGNIZED_CHUNK_TYPE)]);
        assert!(report.bytes.len() <= 1480);
        // Cut, an echo is of no use.
        x.sends([heartbeat().info(&vec![7; 60_000])]);
    });
}

// Floods

#[test]
fn init_flood_leaves_nothing() {
    listening(|x| {
        x.sends([init()]);
        x.expects([init_ack()]);
        let (live, bytes) = (fault::live(), fault::live_bytes());
        let attempts = fault::attempts();
        for n in 0..5000 {
            x.sends([init().tag(n + 1).address(address(Z, (n % 200) as u8))]);
            x.expects([init_ack()]);
            x.forget_sent();
        }
        assert_eq!(fault::live(), live);
        assert!(fault::live_bytes() <= bytes + 2048);
        assert!(
            fault::attempts() - attempts <= 5000 * 6,
            "allocations per INIT"
        );
        assert!(x.host().assoc.is_none());
    });
}

#[test]
fn cookie_flood_costs_one_mac_each_and_leaves_nothing() {
    listening(|x| {
        x.sends([init()]);
        x.expects([init_ack()]);
        let live = fault::live();
        let macs = x.host().world.keys.macs.get();
        x.cookie[40] ^= 1;
        for _ in 0..1000 {
            x.sends([cookie_echo()]);
        }
        assert_eq!(fault::live(), live);
        assert_eq!(x.host().world.keys.macs.get() - macs, 1000);
        // What cannot be a cookie is not even hashed.
        x.cookie = vec![0; 5000];
        x.sends([cookie_echo()]);
        assert_eq!(x.host().world.keys.macs.get() - macs, 1000);
    });
}

// Cookies

#[test]
fn a_cookie_with_any_bit_flipped_is_as_good_as_none() {
    for has_association in [false, true] {
        listening(|x| {
            if has_association {
                x.accept();
                // One that would restart it.
                x.restarts();
            }
            x.sends([init()]);
            x.expects([init_ack()]);
            x.forget_told();
            let before = x.host().state();
            let good = x.cookie.clone();
            for bit in 0..8 * good.len() {
                x.cookie[bit / 8] ^= 1 << (bit % 8);
                x.sends([cookie_echo()]);
                x.cookie.copy_from_slice(&good);
            }
            assert_eq!(x.host().state(), before);
            x.told(&[]);
            x.sends([cookie_echo()]);
            x.expects([cookie_ack()]);
        });
    }
}

#[test]
fn a_cookie_of_another_secret_is_none() {
    listening(|x| {
        x.sends([init()]);
        x.expects([init_ack()]);
        // The secret of the next epoch is another one, and an old one is forgotten.
        x.net.run_for(Duration::from_secs(3 * 3600));
        x.sends([cookie_echo()]);
        assert!(x.host().assoc.is_none());
    });
}

// Blind attacks on an association, by who does not know the tags

#[test]
fn blind_packets_move_no_timer_and_give_no_sign() {
    for (item, tag) in [
        (abort(), 0x1234),
        (abort().reflected(), 0x1234),
        (shutdown_complete(), 0x1234),
        (shutdown(-1), 0x1234),
        (shutdown_ack(), 0x1234),
        (sack(1000), 0x1234),
        (data(0), 0x1234),
        (heartbeat(), 0x1234),
        (error(cause::STALE_COOKIE), 0x1234),
        (cookie_ack(), 0x1234),
        (abort(), 0),
        (shutdown_complete(), 0),
    ] {
        for state in [
            State::Established,
            State::ShutdownSent,
            State::ShutdownAckSent,
        ] {
            up(|x| {
                x.goes_to(state);
                let timeout = x.assoc().poll_timeout();
                x.sends_under(tag, [item.clone()]);
                x.is_in(state);
                assert_eq!(x.assoc().poll_timeout(), timeout);
            });
        }
    }
}

// HEARTBEAT ACK: a path that does not work must not seem to (also dcSCTP, 2026-07)

#[test]
fn a_heartbeat_ack_with_a_wrong_nonce_does_not_keep_a_path_alive() {
    up(|x| {
        let mut beats = 0;
        while x.host().assoc.is_some() {
            for packet in x.let_pass(1000) {
                if packet.kinds()[0].to_u8() != 4 {
                    continue;
                }
                beats += 1;
                let mut info = x.info_of(&packet);
                *info.last_mut().unwrap() ^= 1;
                if x.host().assoc.is_some() {
                    x.sends([heartbeat_ack(&info)]);
                }
            }
        }
        assert_eq!(beats, 11);
        x.ended(Closed::TimedOut { setup: false });
    });
}

#[test]
fn a_heartbeat_ack_counts_once_and_for_its_path_only() {
    connecting(|x| {
        x.sends([init_ack().address(address(Z, 1)).address(address(Z, 2))]);
        x.expects([cookie_echo()]);
        x.sends([cookie_ack()]);
        let beat = x.expects_on(1, [heartbeat()]);
        let info = x.info_of(&beat);
        // Another path's index with the nonce of this one.
        let mut other = info.clone();
        other[3] = 2;
        x.sends_on(2, [heartbeat_ack(&other)]);
        let state = |x: &Script, n: usize| x.assoc().paths()[n].state;
        assert_eq!(state(x, 2), PathState::Unconfirmed);
        x.sends_on(1, [heartbeat_ack(&info)]);
        assert_eq!(state(x, 1), PathState::Active);
        assert_eq!(state(x, 2), PathState::Unconfirmed);
        x.ignores_the_rest();
    });
}

// Memory

/// Fragments of messages that never end, one byte each, far apart; then a violation, after which
/// all is given back (usrsctp, 2020-07).
#[test]
fn fragments_that_never_come_to_an_end_are_bounded_and_given_back() {
    let before = fault::live_bytes();
    with(|c| c.rcvbuf = 100_000).up(|x| {
        let up = fault::live_bytes();
        for n in 0..5000 {
            x.sends([data(2 * n + 2).first().len(1)]);
            x.ignores_the_rest();
            x.forget_sent();
        }
        let held = fault::live_bytes() - up;
        assert!(held < 400_000, "{held}");
        x.sends([data(0), data(1).middle()]);
        x.expects_first(abort().cause(cause::PROTOCOL_VIOLATION));
        x.ignores_the_rest();
        assert!(x.host().assoc.is_none());
    });
    assert_eq!(fault::live_bytes(), before);
}

/// 65536 streams cost memory only where they are used, and little there.
#[test]
fn streams_cost_what_is_used_of_them() {
    with(|c| c.out_streams = u16::MAX).connecting(|x| {
        x.sends([init_ack().streams(u16::MAX, u16::MAX)]);
        x.expects([cookie_echo()]);
        x.sends([cookie_ack()]);
        x.ignores_the_rest();
        let up = fault::live_bytes();
        x.net.hosts[A].reads = true;
        for n in 0..16 {
            x.sends([data(n).on_stream(4000 * n as u16)]);
            x.ignores_the_rest();
        }
        assert!(fault::live_bytes() - up < 50_000);
    });
}

// Time

/// A SACK with as many gap blocks as fit, for as many chunks as can be outstanding: what it costs
/// grows as they do, not as their product.
#[test]
fn sacks_with_thousands_of_gaps_are_bounded() {
    with(|c| {
        c.nodelay = true;
        c.max_burst = 0;
    })
    .up(|x| {
        x.net.check = false;
        let mut next = 0;
        // Opens cwnd.
        for _ in 0..40 {
            x.user_hands_in(&pattern(0, 60_000));
            next += x
                .ignores_the_rest()
                .iter()
                .map(|p| p.kinds().len() as i64)
                .sum::<i64>();
            x.sends([sack(next - 1).rwnd(10_000_000)]);
            next += x
                .ignores_the_rest()
                .iter()
                .map(|p| p.kinds().len() as i64)
                .sum::<i64>();
        }
        // Blocks that lie beyond what was sent, that overlap, and that are upside down.
        let gaps = (0..8000_u16).fold(sack(next - 1), |s, n| s.gap(2 * n + 2, 2 * n + 2));
        x.sends([gaps]);
        x.ignores_the_rest();
    });
}

/// Each can make all that is outstanding be looked at, and is hardly longer than 20 bytes.
#[test]
fn of_several_sacks_in_a_packet_the_first_one_counts() {
    with(|c| c.nodelay = true).up(|x| {
        x.user_sends(0, b"abc");
        x.expects([data(0)]);
        x.user_sends(0, b"def");
        x.expects([data(1)]);
        x.sends([sack(0), sack(1)]);
        x.after(1000);
        x.expects([data(1)]);
    });
}
