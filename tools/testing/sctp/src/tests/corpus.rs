// SPDX-License-Identifier: GPL-2.0

//! The fuzzers' corpora as tests: what was found once stays found.

use std::{fs, path::Path};

use crate::fuzz;

#[test]
fn every_input_of_the_corpora_is_survived() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    for (name, target) in fuzz::TARGETS {
        let mut files: Vec<_> = fs::read_dir(corpus.join(name))
            .expect("a corpus for each target")
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        assert!(!files.is_empty(), "{name} has no corpus");
        for file in files {
            eprintln!("{}", file.display());
            target(&fs::read(&file).unwrap());
        }
    }
}
