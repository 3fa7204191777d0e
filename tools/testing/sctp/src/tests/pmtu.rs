// SPDX-License-Identifier: GPL-2.0

//! The search for a path's MTU as a table of transitions: RFC 8899, 4 and 5.

use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use crate::{
    engine::{
        addr::IpAddr,
        config::{Config, PathConfig},
        path::{Probe, MIN_MTU},
        pmtu::{Phase, Pmtu, TooBig, BASE_PLPMTU},
        serial::Tsn,
        time::{Duration, Time},
    },
    tests::support::cases,
};

const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

/// Ethernet less an IPv4 header.
const ETHERNET: usize = 1480;

/// A machine with its clock, and a network that carries packets of so many bytes.
struct Bench {
    pmtu: Pmtu,
    now: Time,
    carries: usize,
    /// Sizes of the probes that were sent.
    probes: Vec<usize>,
}

impl Bench {
    fn with(config: &Config, ip: IpAddr, route: usize, carries: usize) -> Self {
        Self {
            pmtu: Pmtu::new(config, ip, route),
            now: Time::from_nanos(1_000_000),
            carries,
            probes: Vec::new(),
        }
    }

    fn new(route: usize, carries: usize) -> Self {
        Self::with(&Config::default(), V4, route, carries)
    }

    fn strict(route: usize, carries: usize) -> Self {
        let config = Config {
            probe_from_base: true,
            ..Config::default()
        };
        Self::with(&config, V4, route, carries)
    }

    /// Sends what is to be sent, once.
    fn send_probe(&mut self) -> Option<usize> {
        self.pmtu.check_invariants();
        let size = self.pmtu.probe_due()?;
        let probe = Probe {
            nonce: 7,
            sent: self.now,
        };
        self.pmtu.probe_sent(probe, Duration::from_secs(1));
        self.pmtu.check_invariants();
        self.probes.push(size);
        Some(size)
    }

    /// Lets time pass until the next timeout.
    fn wait(&mut self) -> Duration {
        let at = self.pmtu.timer().expect("nothing to wait for");
        let waited = at.since(self.now);
        self.now = at;
        self.pmtu.handle_timeout(at);
        self.pmtu.check_invariants();
        waited
    }

    /// Runs until there is nothing to probe; `false` if that takes more than `limit` probes.
    fn search(&mut self, limit: usize) -> bool {
        for _ in 0..limit {
            match self.send_probe() {
                Some(size) if size <= self.carries => self.pmtu.on_answer(self.now),
                Some(_) => {
                    self.wait();
                }
                None => return true,
            }
            self.pmtu.check_invariants();
        }
        self.pmtu.probe_due().is_none()
    }

    fn lose_data(&mut self, len: usize) {
        self.pmtu.on_sent(len, Some(Tsn(1)));
        self.pmtu.on_t3();
        self.pmtu.check_invariants();
    }

    fn ack_data(&mut self, len: usize) {
        self.pmtu.on_sent(len, Some(Tsn(1)));
        self.pmtu.on_sack(true, |_| true, |_| false);
        self.pmtu.check_invariants();
    }

    fn at(&self) -> (Phase, usize) {
        (self.pmtu.phase(), self.pmtu.get())
    }
}

#[test]
fn the_mtu_of_the_route_is_believed_and_nothing_is_probed() {
    for route in [MIN_MTU, 556, 1260, ETHERNET, 8980, 65_512] {
        let bench = Bench::new(route, route);
        assert_eq!(bench.at(), (Phase::Complete, route));
        assert_eq!(bench.pmtu.probe_due(), None);
        assert_eq!(bench.pmtu.timer(), None, "nothing while idle");
    }
}

#[test]
fn what_is_too_small_to_be_true_or_odd_is_not_believed() {
    for (route, believed) in [(0, MIN_MTU), (511, MIN_MTU), (1483, 1480), (1480, 1480)] {
        assert_eq!(Bench::new(route, route).pmtu.get(), believed);
    }
}

#[test]
fn strictly_all_begins_with_the_base_and_the_route_comes_next() {
    let mut bench = Bench::strict(ETHERNET, ETHERNET);
    assert_eq!(bench.at(), (Phase::Base, BASE_PLPMTU));
    assert!(bench.search(10));
    assert_eq!(bench.at(), (Phase::Complete, ETHERNET));
    assert_eq!(bench.probes, [BASE_PLPMTU, ETHERNET], "one round trip each");
    assert_eq!(bench.pmtu.timer(), None);
}

#[test]
fn the_first_data_that_is_lost_by_its_size_leads_to_the_base() {
    let mut bench = Bench::new(ETHERNET, 1400);
    bench.lose_data(ETHERNET);
    assert_eq!(bench.at(), (Phase::Base, BASE_PLPMTU));
    assert_eq!(bench.send_probe(), Some(BASE_PLPMTU));
    bench.pmtu.on_answer(bench.now);
    assert_eq!(bench.at(), (Phase::Searching, BASE_PLPMTU));
}

#[test]
fn losses_of_packets_that_are_small_say_nothing() {
    let mut bench = Bench::new(ETHERNET, ETHERNET);
    for _ in 0..10 {
        bench.lose_data(BASE_PLPMTU);
    }
    assert_eq!(bench.at(), (Phase::Complete, ETHERNET));
}

#[test]
fn a_size_that_was_confirmed_is_given_up_after_two_timeouts_in_a_row() {
    let mut bench = Bench::new(ETHERNET, ETHERNET);
    bench.ack_data(ETHERNET);
    bench.lose_data(ETHERNET);
    assert_eq!(bench.at(), (Phase::Complete, ETHERNET));
    bench.ack_data(100);
    bench.lose_data(ETHERNET);
    assert_eq!(bench.at(), (Phase::Complete, ETHERNET), "not in a row");
    bench.lose_data(ETHERNET);
    assert_eq!(bench.at(), (Phase::Base, BASE_PLPMTU));
}

#[test]
fn data_that_was_lost_confirms_nothing_when_it_is_sent_again() {
    let mut bench = Bench::new(ETHERNET, ETHERNET);
    bench.pmtu.on_sent(ETHERNET, Some(Tsn(1)));
    // Found lost by missing reports, then acknowledged, perhaps in fragments.
    bench.pmtu.on_sack(true, |_| false, |_| true);
    bench.pmtu.on_sack(true, |_| true, |_| false);
    bench.lose_data(ETHERNET);
    assert_eq!(bench.at(), (Phase::Base, BASE_PLPMTU));
}

#[test]
fn what_ip_had_to_cut_counts_for_its_fragments() {
    let mut bench = Bench::new(1400, 1400);
    bench.ack_data(ETHERNET);
    bench.pmtu.on_route(bench.now, 9000);
    bench.send_probe();
    bench.lose_data(1400);
    assert_eq!(bench.at(), (Phase::Searching, 1400), "1400 was confirmed");
    bench.lose_data(ETHERNET);
    assert_eq!(bench.at(), (Phase::Base, BASE_PLPMTU));
    bench.lose_data(ETHERNET);
    bench.lose_data(ETHERNET);
    assert_eq!(bench.at(), (Phase::Error, MIN_MTU));
}

#[test]
fn a_probe_is_sent_three_times_with_the_timer_between() {
    let mut bench = Bench::new(ETHERNET, BASE_PLPMTU);
    bench.lose_data(ETHERNET);
    bench.send_probe();
    bench.pmtu.on_answer(bench.now);
    for _ in 0..3 {
        assert_eq!(bench.send_probe(), Some(ETHERNET));
        assert_eq!(bench.send_probe(), None, "one at a time");
        assert_eq!(bench.wait(), Config::default().probe_interval);
    }
    assert_eq!(bench.send_probe(), Some(1472), "the next common size");
}

#[test]
fn the_timer_is_not_shorter_than_the_rto() {
    let mut bench = Bench::strict(ETHERNET, ETHERNET);
    let probe = Probe {
        nonce: 1,
        sent: bench.now,
    };
    bench.pmtu.probe_sent(probe, Duration::from_secs(60));
    assert_eq!(bench.wait(), Duration::from_secs(60));
}

/// What the search finds, and how many probes it takes, those included that are lost.
#[test]
fn what_is_found_is_close_to_what_the_network_carries() {
    for (ip, route, carries, found, most) in [
        (V4, ETHERNET, 1480, 1480, 2),
        (V4, ETHERNET, 1472, 1472, 5),
        (V4, ETHERNET, 1400, 1400, 20),
        (V4, ETHERNET, 1260, 1260, 20),
        (V4, ETHERNET, 1300, 1260, 20),
        (V4, 8980, 1480, 1480, 30),
        (V4, 65_512, 8980, 8980, 40),
        (V4, 65_512, 65_512, 65_512, 2),
        (V6, 1460, 1452, 1452, 5),
        (V6, 1460, 1240, 1240, 20),
        (V4, ETHERNET, 600, 512, 30),
    ] {
        let mut bench = Bench::with(&Config::default(), ip, route, carries);
        bench.lose_data(route);
        assert!(bench.search(most), "{route} {carries}: {:?}", bench.probes);
        let (phase, size) = bench.at();
        assert_eq!(phase, Phase::Complete);
        assert!(size >= found && size <= carries, "{route} {carries} {size}");
        assert!(size + size / 32 + 4 >= carries, "{route} {carries} {size}");
    }
}

#[test]
fn after_the_search_only_the_raise_timer_runs() {
    let mut bench = Bench::new(ETHERNET, 1400);
    bench.lose_data(ETHERNET);
    assert!(bench.search(30));
    bench.probes.clear();
    assert_eq!(bench.wait(), Duration::from_secs(600));
    assert_eq!(bench.at(), (Phase::Searching, 1400));
    assert!(bench.search(30));
    assert_eq!(bench.at(), (Phase::Complete, 1400));
    assert_eq!(bench.probes[0], ETHERNET);

    bench.carries = ETHERNET;
    bench.wait();
    assert!(bench.search(1));
    assert_eq!(bench.at(), (Phase::Complete, ETHERNET));
    assert_eq!(bench.pmtu.timer(), None);
}

#[test]
fn not_even_the_base_works() {
    let mut bench = Bench::strict(ETHERNET, 600);
    for _ in 0..3 {
        assert_eq!(bench.at(), (Phase::Base, BASE_PLPMTU));
        assert_eq!(bench.send_probe(), Some(BASE_PLPMTU));
        bench.wait();
    }
    assert_eq!(bench.at(), (Phase::Error, MIN_MTU));
    bench.carries = 0;
    for _ in 0..20 {
        assert_eq!(bench.send_probe(), Some(MIN_MTU));
        bench.wait();
        assert_eq!(bench.at(), (Phase::Error, MIN_MTU));
    }
    bench.carries = 600;
    assert!(bench.search(30));
    let (phase, size) = bench.at();
    assert_eq!(phase, Phase::Complete);
    assert!((570..=600).contains(&size), "{size}");
}

#[test]
fn data_that_is_lost_at_the_base_leads_to_the_least() {
    let mut bench = Bench::new(ETHERNET, 600);
    bench.lose_data(ETHERNET);
    bench.lose_data(BASE_PLPMTU);
    assert_eq!(bench.at(), (Phase::Base, BASE_PLPMTU));
    bench.lose_data(BASE_PLPMTU);
    assert_eq!(bench.at(), (Phase::Error, MIN_MTU));
    for _ in 0..10 {
        bench.lose_data(MIN_MTU);
    }
    assert_eq!(bench.at(), (Phase::Error, MIN_MTU));
}

#[test]
fn when_the_path_is_back_the_base_is_tried_at_once() {
    let mut bench = Bench::new(ETHERNET, 0);
    bench.lose_data(ETHERNET);
    bench.send_probe();
    bench.wait();
    bench.send_probe();
    bench.pmtu.on_recovered();
    bench.carries = ETHERNET;
    assert!(bench.search(2));
    assert_eq!(bench.at(), (Phase::Complete, ETHERNET));

    // What had been found is kept.
    bench.pmtu.on_recovered();
    assert_eq!(bench.at(), (Phase::Complete, ETHERNET));
}

/// RFC 8899, 4.6.2: what a packet too big does, by its size and by what is in use and probed.
#[test]
fn packets_too_big() {
    // In use: 1200. In flight: a probe of 1480.
    let searching = || {
        let mut bench = Bench::new(ETHERNET, ETHERNET);
        bench.lose_data(ETHERNET);
        bench.send_probe();
        bench.pmtu.on_answer(bench.now);
        assert_eq!(bench.send_probe(), Some(ETHERNET));
        bench
    };
    for (mtu, verdict, at, next) in [
        (0, TooBig::Ignored, (Phase::Searching, 1200), None),
        (68, TooBig::Ignored, (Phase::Searching, 1200), None),
        (511, TooBig::Ignored, (Phase::Searching, 1200), None),
        (512, TooBig::Lowered, (Phase::Complete, 512), None),
        (1199, TooBig::Lowered, (Phase::Complete, 1196), None),
        (1200, TooBig::Probe, (Phase::Complete, 1200), None),
        (1400, TooBig::Probe, (Phase::Searching, 1200), Some(1400)),
        (1403, TooBig::Probe, (Phase::Searching, 1200), Some(1400)),
        (1480, TooBig::Ignored, (Phase::Searching, 1200), None),
        (usize::MAX, TooBig::Ignored, (Phase::Searching, 1200), None),
    ] {
        let mut bench = searching();
        assert_eq!(bench.pmtu.on_too_big(bench.now, mtu), verdict, "{mtu}");
        assert_eq!(bench.at(), at, "{mtu}");
        assert_eq!(bench.send_probe(), next, "{mtu}");
    }
    // Nothing is probed.
    for (mtu, verdict, size) in [
        (511, TooBig::Ignored, ETHERNET),
        (1000, TooBig::Lowered, 1000),
        (1380, TooBig::Lowered, 1380),
        (1480, TooBig::Ignored, ETHERNET),
        (9000, TooBig::Ignored, ETHERNET),
    ] {
        let mut bench = Bench::new(ETHERNET, ETHERNET);
        assert_eq!(bench.pmtu.on_too_big(bench.now, mtu), verdict, "{mtu}");
        assert_eq!(bench.at(), (Phase::Complete, size));
        assert_eq!(bench.send_probe(), None);
        assert_eq!(bench.pmtu.timer().is_some(), size < ETHERNET);
    }
}

#[test]
fn strictly_a_packet_too_big_is_only_a_hint() {
    let mut bench = Bench::strict(ETHERNET, ETHERNET);
    assert!(bench.search(5));
    bench.probes.clear();
    let verdict = bench.pmtu.on_too_big(bench.now, 1380);
    assert_eq!(verdict, TooBig::Lowered);
    assert_eq!(bench.at(), (Phase::Base, BASE_PLPMTU));
    assert!(bench.search(5));
    assert_eq!(bench.at(), (Phase::Complete, 1380));
    assert_eq!(bench.probes, [BASE_PLPMTU, 1380]);
}

#[test]
fn a_router_that_still_says_the_same_costs_one_probe_in_ten_minutes() {
    let mut bench = Bench::new(ETHERNET, 1380);
    bench.pmtu.on_too_big(bench.now, 1380);
    for _ in 0..5 {
        assert_eq!(bench.wait(), Duration::from_secs(600));
        assert_eq!(bench.send_probe(), Some(ETHERNET));
        let verdict = bench.pmtu.on_too_big(bench.now, 1380);
        assert_eq!(verdict, TooBig::Probe);
        assert_eq!(bench.at(), (Phase::Complete, 1380));
        assert_eq!(bench.send_probe(), None);
    }
}

#[test]
fn a_black_hole_after_a_packet_too_big_is_found() {
    let mut bench = Bench::new(ETHERNET, 1300);
    bench.ack_data(ETHERNET);
    bench.pmtu.on_too_big(bench.now, 1380);
    bench.lose_data(1380);
    assert_eq!(bench.at(), (Phase::Base, BASE_PLPMTU), "1380 was untested");
}

#[test]
fn a_route_that_carries_less_is_believed_and_one_that_carries_more_is_probed() {
    let mut bench = Bench::new(ETHERNET, 9000);
    bench.pmtu.on_route(bench.now, 1400);
    assert_eq!(bench.at(), (Phase::Complete, 1400));
    assert_eq!(bench.send_probe(), None);
    bench.pmtu.on_route(bench.now, 8980);
    assert_eq!(bench.at(), (Phase::Searching, 1400));
    assert_eq!(bench.send_probe(), Some(8980));
    // While that is on its way, the route is a third one.
    bench.pmtu.on_route(bench.now, ETHERNET);
    assert_eq!(bench.send_probe(), Some(ETHERNET));
    bench.pmtu.on_answer(bench.now);
    assert_eq!(bench.at(), (Phase::Complete, ETHERNET));
    bench.pmtu.on_route(bench.now, 1000);
    assert_eq!(bench.at(), (Phase::Complete, 1000));
}

#[test]
fn in_the_base_and_in_error_a_new_route_begins_anew() {
    for to in [556, 1000, ETHERNET, 8980] {
        for losses in [1, 3] {
            let mut bench = Bench::new(2000, 0);
            bench.lose_data(2000);
            for _ in 1..losses {
                bench.lose_data(BASE_PLPMTU);
            }
            bench.carries = to;
            bench.pmtu.on_route(bench.now, to);
            bench.pmtu.check_invariants();
            assert!(bench.search(5));
            assert!(bench.pmtu.get() >= MIN_MTU && bench.pmtu.get() <= to);
        }
    }
}

#[test]
fn without_probing_what_ip_says_is_all_there_is() {
    let config = Config {
        probe_interval: Duration::ZERO,
        probe_from_base: true,
        ..Config::default()
    };
    let mut bench = Bench::with(&config, V4, ETHERNET, 1000);
    for _ in 0..9 {
        bench.lose_data(ETHERNET);
    }
    assert_eq!(bench.at(), (Phase::Complete, ETHERNET));
    bench.pmtu.on_too_big(bench.now, 1000);
    assert_eq!(bench.at(), (Phase::Complete, 1000));
    assert_eq!(bench.pmtu.timer(), None);
    bench.pmtu.on_route(bench.now, 1400);
    bench.pmtu.on_route(bench.now, ETHERNET);
    assert_eq!(bench.at(), (Phase::Complete, ETHERNET));
    assert_eq!(bench.pmtu.probe_due(), None);
}

/// Whatever was found before, IP is believed from then on.
#[test]
fn probing_can_be_switched_off_and_on() {
    let mut bench = Bench::strict(ETHERNET, 600);
    bench.search(50);
    assert!(bench.pmtu.get() <= 600);
    bench.pmtu.set_interval(bench.now, Duration::ZERO);
    assert_eq!(bench.at(), (Phase::Complete, ETHERNET));
    assert_eq!((bench.pmtu.probe_due(), bench.pmtu.timer()), (None, None));
    bench.pmtu.on_too_big(bench.now, 1000);
    assert_eq!(bench.pmtu.timer(), None);
    // It is tried after a while whether the route carries what it says by now.
    bench.pmtu.set_interval(bench.now, Duration::from_secs(5));
    assert_eq!(bench.pmtu.interval(), Duration::from_secs(5));
    assert_eq!(bench.at(), (Phase::Complete, 1000));
    bench.carries = ETHERNET;
    assert_eq!(bench.wait(), Duration::from_secs(150));
    assert!(bench.search(5));
    assert_eq!(bench.at(), (Phase::Complete, ETHERNET));
}

fn off(fixed_mtu: u32) -> PathConfig {
    PathConfig {
        pmtud: false,
        fixed_mtu,
        ..PathConfig::default()
    }
}

/// Whatever happens, and then the route changes.
#[track_caller]
fn expect_unmoved(bench: &mut Bench, mtu: usize) {
    for _ in 0..9 {
        bench.lose_data(mtu);
    }
    let verdict = bench.pmtu.on_too_big(bench.now, 1000);
    assert_eq!(verdict, TooBig::Routed);
    assert_eq!(bench.at(), (Phase::Complete, mtu));
    bench.pmtu.on_route(bench.now, 1400);
    bench.pmtu.check_invariants();
    assert_eq!(bench.pmtu.route(), 1400);
    assert_eq!((bench.pmtu.probe_due(), bench.pmtu.timer()), (None, None));
}

#[test]
fn without_path_mtu_discovery_the_mtu_is_the_users_or_the_routes() {
    for (wanted, ip, mtu) in [
        (0, V4, ETHERNET),
        (1000, V4, 980),
        (1003, V4, 980),
        (1000, V6, 960),
        (512, V4, 492),
        (512, V6, 472),
        (1, V6, 472),
        (9000, V4, 8980),
        (u32::MAX, V4, 65_512),
    ] {
        let config = Config {
            path: off(wanted),
            probe_from_base: true,
            ..Config::default()
        };
        let mut bench = Bench::with(&config, ip, ETHERNET, 1000);
        assert_eq!(bench.at(), (Phase::Complete, mtu));
        expect_unmoved(&mut bench, mtu);
        let after = if wanted == 0 { 1400 } else { mtu };
        assert_eq!(bench.at(), (Phase::Complete, after));
        // What is set again, or not said again, changes nothing.
        for wanted in [wanted, 0] {
            bench.pmtu.configure(bench.now, &off(wanted));
            bench.pmtu.check_invariants();
            assert_eq!(bench.at(), (Phase::Complete, after));
        }
    }
}

#[test]
fn path_mtu_discovery_is_switched_off_and_on_again() {
    let mut bench = Bench::new(ETHERNET, 1300);
    bench.lose_data(ETHERNET);
    assert!(bench.search(40));
    let found = bench.pmtu.get();
    assert!(found < ETHERNET);
    // What was found is kept.
    bench.pmtu.configure(bench.now, &off(0));
    expect_unmoved(&mut bench, found);
    assert_eq!(bench.at(), (Phase::Complete, found));
    bench.pmtu.configure(bench.now, &off(700));
    bench.pmtu.check_invariants();
    assert_eq!(bench.at(), (Phase::Complete, 680));
    // And then it begins as with a new path.
    bench.pmtu.configure(bench.now, &PathConfig::default());
    assert_eq!(bench.at(), (Phase::Complete, 1400));
    bench.lose_data(1400);
    assert_eq!(bench.at().0, Phase::Base);
    // In the middle of a search.
    bench.send_probe();
    bench.pmtu.configure(bench.now, &off(0));
    expect_unmoved(&mut bench, BASE_PLPMTU);

    let mut bench = Bench::strict(ETHERNET, 1300);
    bench.pmtu.configure(bench.now, &off(0));
    bench.pmtu.configure(bench.now, &PathConfig::default());
    assert_eq!(bench.at(), (Phase::Base, BASE_PLPMTU));
}

#[test]
fn after_the_end_nothing_is_left_to_do() {
    let mut bench = Bench::strict(ETHERNET, ETHERNET);
    bench.send_probe();
    bench.pmtu.stop();
    bench.pmtu.check_invariants();
    assert_eq!((bench.pmtu.probe_due(), bench.pmtu.timer()), (None, None));
    bench.pmtu.on_answer(bench.now);
    assert_eq!((bench.pmtu.probe_due(), bench.pmtu.timer()), (None, None));
}

/// Anything that can happen.
#[derive(Clone, Debug)]
enum Step {
    Send,
    Answer,
    Wait,
    TooBig(usize),
    Route(usize),
    Lose(usize),
    Ack(usize),
    Recover,
    OffAndOn,
    Fix(u32),
    Follow,
}

fn step() -> impl Strategy<Value = Step> {
    let size = || prop_oneof![0..1600_usize, 0..70_000_usize];
    prop_oneof![
        4 => Just(Step::Send),
        4 => Just(Step::Answer),
        4 => Just(Step::Wait),
        1 => size().prop_map(Step::TooBig),
        1 => size().prop_map(Step::Route),
        1 => size().prop_map(Step::Lose),
        1 => size().prop_map(Step::Ack),
        1 => Just(Step::Recover),
        1 => Just(Step::OffAndOn),
        1 => prop_oneof![Just(0), 0..2000_u32, any::<u32>()].prop_map(Step::Fix),
        2 => Just(Step::Follow),
    ]
}

proptest! {
    #![proptest_config(cases(512))]

    /// Whatever happens, the invariants hold; and once the network carries what the route says,
    /// that is found.
    #[test]
    fn whatever_happens_the_search_comes_to_its_end(
        is_strict in any::<bool>(),
        route in 0..70_000_usize,
        steps in prop::collection::vec(step(), 0..40),
    ) {
        let mut bench = if is_strict {
            Bench::strict(route, 0)
        } else {
            Bench::new(route, 0)
        };
        for step in steps {
            match step {
                Step::Send => {
                    bench.send_probe();
                }
                Step::Answer => bench.pmtu.on_answer(bench.now),
                Step::Wait => {
                    if bench.pmtu.timer().is_some() {
                        bench.wait();
                    }
                }
                Step::TooBig(mtu) => {
                    bench.pmtu.on_too_big(bench.now, mtu);
                }
                Step::Route(mtu) => bench.pmtu.on_route(bench.now, mtu),
                Step::Lose(len) => bench.lose_data(len),
                Step::Ack(len) => bench.ack_data(len),
                Step::Recover => bench.pmtu.on_recovered(),
                Step::OffAndOn => {
                    bench.pmtu.set_interval(bench.now, Duration::ZERO);
                    bench.pmtu.check_invariants();
                    prop_assert_eq!(bench.pmtu.timer(), None);
                    bench.pmtu.set_interval(bench.now, Duration::from_secs(20));
                }
                Step::Fix(mtu) => bench.pmtu.configure(bench.now, &off(mtu)),
                Step::Follow => bench.pmtu.configure(bench.now, &PathConfig::default()),
            }
            bench.pmtu.check_invariants();
        }
        bench.pmtu.configure(bench.now, &PathConfig::default());
        bench.carries = usize::MAX;
        prop_assert!(bench.search(50), "{:?}", bench.probes);
        while bench.pmtu.timer().is_some() {
            bench.wait();
            prop_assert!(bench.search(50));
        }
        prop_assert_eq!(bench.pmtu.get(), bench.pmtu.route());
    }
}

/// Who answers an INIT has no route yet. Once it has one, that is believed, as if it had been known
/// from the start.
#[test]
fn a_guess_is_good_until_there_is_a_route() {
    for route in [9000, ETHERNET, 1000] {
        let mut b = Bench::new(1240, 9000);
        b.pmtu.set_guess();
        assert_eq!(b.pmtu.get(), 1240);
        b.pmtu.on_route(b.now, route);
        assert_eq!((b.pmtu.get(), b.send_probe()), (route, None));
        assert_eq!(b.pmtu.timer(), None);
        // From then on it is as ever.
        b.pmtu.on_route(b.now, 16_000);
        assert_eq!((b.pmtu.get(), b.send_probe()), (route, Some(16_000)));
    }
    let mut b = Bench::strict(1300, 9000);
    b.pmtu.set_guess();
    b.pmtu.on_route(b.now, ETHERNET);
    assert_eq!(b.pmtu.get(), BASE_PLPMTU);
}
