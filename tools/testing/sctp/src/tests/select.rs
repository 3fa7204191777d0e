// SPDX-License-Identifier: GPL-2.0

//! The choice of a path as a table: RFC 9260, 6.4 and 6.4.1; RFC 7829.

use crate::engine::{
    config::PathConfig,
    path::{PathId, PathState},
    select::{self, Candidate, Choice},
    time::Time,
};

/// A path as the tables write it: `U`, `A`, `P` or `I` for its state, the number of its errors,
/// then perhaps `@` and the time at which it was last proven.
fn candidate(id: usize, text: &str) -> Candidate {
    let (head, proven) = match text.split_once('@') {
        Some((head, at)) => (head, Some(Time::from_nanos(at.parse().unwrap()))),
        None => (text, None),
    };
    let (state, errors) = head.split_at(1);
    Candidate {
        id: PathId(id as u8),
        state: match state {
            "U" => PathState::Unconfirmed,
            "A" => PathState::Active,
            "P" => PathState::PotentiallyFailed,
            "I" => PathState::Inactive,
            _ => panic!("{text}"),
        },
        errors: errors.parse().unwrap(),
        proven,
    }
}

/// The choice between the paths of `text`, the first of which is the primary one. New DATA last
/// went to `current`.
fn choice(text: &str, current: u8) -> Choice<std::vec::IntoIter<Candidate>> {
    let paths: Vec<_> = text
        .split_whitespace()
        .enumerate()
        .map(|(id, text)| candidate(id, text))
        .collect();
    Choice {
        paths: paths.into_iter(),
        primary: PathId(0),
        current: PathId(current),
    }
}

fn id(path: Option<PathId>) -> Option<u8> {
    path.map(|id| id.0)
}

#[test]
fn new_data_goes_to_the_primary_path_if_that_is_active() {
    for paths in ["A0", "A0 A0", "A0@1 A0@9", "A3 A0", "A0 P1", "A0 U0"] {
        for current in [0, 1] {
            assert_eq!(id(choice(paths, current).for_data()), Some(0), "{paths}");
        }
    }
}

#[test]
fn new_data_goes_to_an_active_path_if_there_is_one() {
    for (paths, current, wanted) in [
        ("P1 A0", 0, 1),
        ("I6 A0", 0, 1),
        ("U0 A0", 0, 1),
        ("P1 I6 A0", 0, 2),
        // With nothing in use yet: the one that failed least, then the one that answered last.
        ("P1 A1 A0", 0, 2),
        ("P1 A0@3 A0@4", 0, 2),
        ("P1 A0 A0@4", 0, 2),
        ("P1 A0@4 A0", 0, 1),
        ("P1 A0 A0", 0, 1),
        // What is in use stays so, that DATA does not hop about.
        ("P1 A0@3 A0@4", 1, 1),
        ("P1 A1 A0", 1, 1),
        ("P1 A0 A0 A0", 3, 3),
        // Unless it fails.
        ("P1 P1 A0", 1, 2),
    ] {
        let chosen = id(choice(paths, current).for_data());
        assert_eq!(chosen, Some(wanted), "{paths}, {current}");
    }
}

/// RFC 7829, 4.2 and 6.1: the fewest errors, then the one that was active most recently.
#[test]
fn without_an_active_path_the_one_that_failed_least_is_used() {
    for (paths, wanted) in [
        ("P2 P1", 1),
        ("P1 P2", 0),
        ("P1@5 P1@6", 1),
        ("P1@6 P1@5", 0),
        ("P1 P1@1", 1),
        ("P1 P1", 0),
        // What is potentially failed before what has failed.
        ("I6 P5", 1),
        ("P5 I6", 0),
        ("I6@9 P5@1", 1),
        // The dormant state.
        ("I8 I7", 1),
        ("I7 I8", 0),
        ("I7@1 I7@2", 1),
        ("I7", 0),
        // Never to where nobody has answered.
        ("I7 U0", 0),
        ("U0 I9", 1),
    ] {
        for current in [0, 1] {
            let chosen = id(choice(paths, current).for_data());
            assert_eq!(chosen, Some(wanted), "{paths}");
        }
    }
    assert_eq!(choice("U0 U0", 0).for_data(), None);
}

#[test]
fn retransmissions_go_elsewhere_if_their_path_is_in_doubt() {
    for (paths, last, wanted) in [
        // Fast retransmissions stay.
        ("A0 A0", 0, 0),
        ("A0 A0", 1, 1),
        ("A0 P1", 0, 0),
        // After a timeout.
        ("P1 A0", 0, 1),
        ("A1 A0", 0, 1),
        ("A1 A1", 0, 1),
        ("A1 A1", 1, 0),
        ("I6 A0", 0, 1),
        ("A0 P1", 1, 0),
        // Of several the best.
        ("P1 A1 A0", 0, 2),
        ("P1 A0@1 A0@2", 0, 2),
        ("A0 P1 A0@9", 1, 0),
        // There is no other one.
        ("A1", 0, 0),
        ("A1 P1", 0, 0),
        ("A1 U0", 0, 0),
        // There is none at all: another one if that is no worse.
        ("P1 P1", 0, 1),
        ("P1 P1", 1, 0),
        ("P1@9 P1@1", 0, 1),
        ("P1 P2", 0, 0),
        ("P2 P1", 1, 1),
        ("I6 I6", 0, 1),
        ("I6 I7", 0, 0),
        ("P2 I6", 0, 0),
        ("I6 U0", 0, 0),
    ] {
        let chosen = id(choice(paths, 0).for_retransmission(PathId(last)));
        assert_eq!(chosen, Some(wanted), "{paths}, {last}");
    }
}

/// A control chunk that was not answered takes another way although its path has no errors.
#[test]
fn an_alternate_is_another_path_if_there_is_one() {
    for (paths, last, wanted) in [
        ("A0 A0", 0, 1),
        ("A0 A0", 1, 0),
        ("A0 A1 A0", 0, 2),
        ("A0 P1", 0, 0),
        ("A0", 0, 0),
        ("P1 P1", 0, 1),
        ("A0 U0", 0, 0),
    ] {
        let chosen = id(choice(paths, 0).alternate(PathId(last)));
        assert_eq!(chosen, Some(wanted), "{paths}, {last}");
    }
}

#[test]
fn sacks_go_back_to_where_data_came_from() {
    for (paths, from, is_doubted, wanted) in [
        ("A0 A0", 0, false, 0),
        ("A0 A0", 1, false, 1),
        ("A0 P1", 1, false, 1),
        ("A0 I6", 1, false, 1),
        ("A0 U0", 1, false, 0),
        ("P1 U0 A0", 1, false, 2),
        // The peer did not get the last one.
        ("A0 A0", 0, true, 1),
        ("A0 A0", 1, true, 0),
        ("A0", 0, true, 0),
        ("A0 P1", 0, true, 0),
        ("A0 U0", 0, true, 0),
        ("A0 I6", 1, true, 0),
    ] {
        let chosen = id(choice(paths, 0).for_sack(PathId(from), is_doubted));
        assert_eq!(chosen, Some(wanted), "{paths}, {from}, {is_doubted}");
    }
}

#[test]
fn answers_go_only_to_confirmed_addresses() {
    let choice = choice("A0 U0 P1 I6", 0);
    let answers: Vec<_> = (0..5).map(|n| id(choice.for_answer(PathId(n)))).collect();
    assert_eq!(answers, [Some(0), None, Some(2), Some(3), None]);
}

/// RFC 7829, 4.2: beyond PFMR a path is potentially failed, beyond PMR inactive.
#[test]
fn states_follow_the_thresholds() {
    use PathState::{Active, Inactive, PotentiallyFailed, Unconfirmed};
    // The number of errors at which the path is potentially failed, if it ever is.
    for (pf_retrans, since) in [(0, 1), (1, 2), (2, 3), (3, 4), (9, 4)] {
        let config = PathConfig {
            path_max_retrans: 3,
            pf_retrans,
            ..PathConfig::default()
        };
        let mut state = Active;
        for errors in 0..6 {
            let wanted = match errors {
                _ if errors > 3 => Inactive,
                _ if errors >= since => PotentiallyFailed,
                _ => Active,
            };
            state = select::state_after_error(state, errors, &config);
            assert_eq!(state, wanted, "PFMR {pf_retrans}, {errors} errors");
            let claimed = select::state_after_error(Unconfirmed, errors, &config);
            assert_eq!(claimed, Unconfirmed);
        }
    }
}

#[test]
fn no_path_is_potentially_failed_where_that_is_not_wanted() {
    let config = PathConfig {
        path_max_retrans: 3,
        pf_enabled: false,
        ..PathConfig::default()
    };
    let state = |errors| select::state_after_error(PathState::Active, errors, &config);
    assert_eq!(state(3), PathState::Active);
    assert_eq!(state(4), PathState::Inactive);
}

/// RFC 7829, 5.
#[test]
fn the_primary_path_changes_beyond_its_threshold() {
    let with = |ps_retrans| PathConfig {
        ps_retrans,
        ..PathConfig::default()
    };
    for (paths, failed, ps_retrans, wanted) in [
        ("P1 A0", 0, 0, Some(1)),
        ("P2 A0", 0, 1, Some(1)),
        ("P1 A0", 0, 1, None),
        ("I6 A0", 0, PathConfig::NEVER, None),
        // Only for the primary path, and only to another one.
        ("A0 P1", 1, 0, None),
        ("A1", 0, 0, None),
        ("P1 P2", 0, 0, None),
        ("P1 U0", 0, 0, None),
        // The one that DATA goes to.
        ("P2 P1", 0, 0, Some(1)),
        ("P1 A0@1 A0@2", 0, 0, Some(2)),
    ] {
        let chosen = choice(paths, 0).switchover(PathId(failed), &with(ps_retrans));
        assert_eq!(id(chosen), wanted, "{paths}, {failed}, {ps_retrans}");
    }
}
