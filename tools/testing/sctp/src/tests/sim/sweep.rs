// SPDX-License-Identifier: GPL-2.0

//! Every allocation of whole scenarios fails, one at a time and several in a row. The oracle holds
//! nevertheless: what cannot be done for lack of memory is as good as a lost packet, or comes a
//! little later, and nothing is left half done.

use kernel::fault;

use super::{
    campaign::{attempt, setting},
    life::Life,
    scenario::Scenario,
};

/// Scenarios when nobody says how many.
const SHORT: u64 = 30;

/// How many allocations fail in a row.
const ROWS: [u64; 3] = [1, 3, 20];

fn sweep(seed: u64) {
    let mut scenario = Scenario::draw(seed);
    scenario.limit_messages(6);
    scenario.wrap_at_once();
    let before = fault::live();
    for row in ROWS {
        for n in 1.. {
            let mut life = Life::new(&scenario, false);
            let plan = fault::fail_some(n, row);
            let result = attempt(&mut life);
            let failed = plan.has_failed();
            drop(plan);
            drop(life);
            if let Err(what) = result {
                // Once more, with a record of what went over the wire.
                let mut life = Life::new(&scenario, true);
                let _plan = fault::fail_some(n, row);
                let _ = attempt(&mut life);
                eprintln!("{}", life.net.trace(&format!("{scenario:#?}")));
                panic!(
                    "seed {seed}, allocation {n} and {} after it: {what}",
                    row - 1
                );
            }
            assert_eq!(fault::live(), before, "seed {seed}, allocation {n}: a leak");
            if !failed {
                break;
            }
        }
    }
}

#[test]
fn each_allocation_of_a_scenario_fails() {
    let first = setting("SIM_SEED").unwrap_or(1);
    for seed in first..first + setting("SIM_N").unwrap_or(SHORT) {
        sweep(seed);
    }
}
