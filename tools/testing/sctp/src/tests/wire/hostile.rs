// SPDX-License-Identifier: GPL-2.0

//! Whatever the bytes are, reading them neither panics nor reads outside them, and all readers
//! agree on where things are (CVE-2019-20503 and the class of `security.md` 5.1).

use proptest::prelude::*;

use super::{
    examine::{examine, DST, SRC},
    samples::{self, packet, packet_tag_0},
};
use crate::{
    engine::{
        stats::Reason,
        wire::{
            chunk::ChunkType,
            packet::{visible_len, Packet},
        },
    },
    tests::support::{cases, payload::Bytes},
};

#[test]
fn samples_are_well_formed() {
    for bytes in samples::all() {
        assert!(!examine(&bytes).unwrap().is_empty());
    }
    let kinds = examine(&packet(&[samples::SACK, samples::DATA, samples::DATA])).unwrap();
    assert_eq!(kinds, [ChunkType::Sack, ChunkType::Data, ChunkType::Data]);
}

#[test]
fn a_packet_cut_anywhere_has_only_the_chunks_that_are_whole() {
    for bytes in samples::all() {
        let whole = examine(&bytes).unwrap();
        for len in 0..bytes.len() {
            // Memory of exactly that size.
            let cut: Box<[u8]> = bytes[..len].into();
            match examine(&cut) {
                Ok(kinds) => assert!(whole.starts_with(&kinds)),
                Err(reason) => {
                    assert_eq!(reason, Reason::Malformed);
                    assert!(len < 16);
                }
            }
        }
    }
}

#[test]
fn a_length_field_of_any_value_is_survived() {
    for bytes in samples::all() {
        // Every pair of bytes could be a length: of the chunk, of a parameter, of a cause.
        for at in (14..bytes.len() - 1).step_by(2) {
            for n in (0..=bytes.len() as u16 + 4).chain([0x7fff, 0x8000, 0xfffc, 0xffff]) {
                let mut bytes = bytes.clone();
                bytes[at..at + 2].copy_from_slice(&n.to_be_bytes());
                examine(&bytes).unwrap();
            }
        }
    }
}

#[test]
fn a_flipped_bit_is_survived() {
    for bytes in samples::all() {
        for bit in 0..bytes.len() * 8 {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let _ = examine(&bytes);
        }
    }
}

fn seen(bytes: &[u8]) -> usize {
    visible_len(bytes.len(), |at| bytes.get(at..at + 4)?.try_into().ok())
}

#[test]
fn only_user_data_at_the_end_need_not_be_at_hand() {
    let (data, sack, init) = (samples::DATA, samples::SACK, samples::INIT);
    assert_eq!(seen(&packet(&[data])), 12 + 16);
    assert_eq!(seen(&packet(&[sack, data])), 12 + 28 + 16);
    assert_eq!(seen(&packet(&[data, data])), 12 + 20 + 16);
    for whole in [
        packet(&[data, sack]),
        packet(&[sack]),
        packet_tag_0(&[init]),
        // Too short for a DATA chunk, and longer than the packet.
        packet(&["00 03 000c 00000001 00010002"]),
        packet(&["00 03 0015 00000001 00010002 00000003 61626364"]),
        packet(&["00 03 0003 00000001 00010002 00000003 61626364"]),
        packet(&["00 03 0013"]),
    ] {
        assert_eq!(seen(&whole), whole.len());
    }
}

#[test]
fn of_many_small_chunks_everything_is_asked_for() {
    let many = packet(&[samples::DATA; 20]);
    assert_eq!(seen(&many), many.len());
}

#[test]
fn a_cut_chunk_other_than_data_is_malformed() {
    let bytes = packet(&[samples::SACK]);
    let buf = Bytes::new(&bytes);
    let pkt = Packet::new(&bytes[..bytes.len() - 4], &buf, SRC, DST).unwrap();
    assert!(pkt.chunks().next().unwrap().is_err());
}

#[test]
fn a_parameter_split_by_the_end_of_its_chunk_is_not_seen_by_anyone() {
    // CVE-2019-20503: the address is there in the packet, but only half of it in the chunk.
    let bytes = packet_tag_0(&["
        01 00 001a  a1a2a3a4 00010000 0001 0001 00000000
        0005 0008 c6336401
    "]);
    assert_eq!(examine(&bytes).unwrap(), [ChunkType::Init]);
}

#[test]
fn a_packet_full_of_empty_chunks_is_walked_once() {
    let mut bytes = packet(&["ff 00 0004"; 1]);
    while bytes.len() < 65_532 {
        bytes.extend([0xff, 0, 0, 4]);
    }
    assert_eq!(examine(&bytes).unwrap().len(), (65_532 - 12) / 4);
}

/// Lists of elements that are right in most of their lengths: random bytes alone rarely get past
/// the first.
fn elements(depth: u32) -> BoxedStrategy<Vec<u8>> {
    let leaf = prop::collection::vec(any::<u8>(), 0..24);
    let value = if depth == 0 {
        leaf.boxed()
    } else {
        prop_oneof![leaf, elements(depth - 1)].boxed()
    };
    let kind = prop_oneof![
        Just([0_u8, 1]),
        Just([0, 5]),
        Just([0, 6]),
        Just([0, 7]),
        Just([0, 9]),
        Just([0, 11]),
        Just([1, 0]),
        Just([2, 0]),
        Just([3, 0]),
        Just([9, 0]),
        any::<[u8; 2]>(),
    ];
    let off_by = prop_oneof![
        20 => Just(0_i32),
        1 => -5..=5_i32,
        1 => any::<i16>().prop_map(i32::from),
    ];
    prop::collection::vec((kind, value, off_by), 0..6)
        .prop_map(|list| {
            let mut bytes = Vec::new();
            for (kind, value, off_by) in list {
                let length = (value.len() as i32 + 4 + off_by) as u16;
                bytes.extend(kind);
                bytes.extend(length.to_be_bytes());
                bytes.extend(value);
                while bytes.len() % 4 != 0 {
                    bytes.push(0);
                }
            }
            bytes
        })
        .boxed()
}

proptest! {
    #![proptest_config(cases(4096))]

    #[test]
    fn random_bytes_are_survived(tail in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut bytes = packet(&[]);
        bytes.extend(tail);
        let _ = examine(&bytes);
    }

    #[test]
    fn random_lists_are_survived(list in elements(2), cut in 0..8_usize) {
        let mut bytes = packet(&[]);
        bytes.extend(list);
        bytes.truncate(bytes.len().saturating_sub(cut));
        let _ = examine(&bytes);
    }

    #[test]
    fn random_parameters_of_an_init_are_survived(list in elements(1)) {
        let mut bytes = packet_tag_0(&["01 00 0000 a1a2a3a4 00010000 0001 0001 00000000"]);
        bytes.extend(&list);
        let length = 20 + list.len() as u16;
        bytes[14..16].copy_from_slice(&length.to_be_bytes());
        examine(&bytes).unwrap();
    }
}
