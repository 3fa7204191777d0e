// SPDX-License-Identifier: GPL-2.0

//! Packets written by hand.

/// The bytes that `text` spells in hexadecimal digits; white space is ignored, and so is all from
/// a `#` to the end of its line.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .lines()
        .flat_map(|line| line.split('#').next().unwrap().chars())
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_digit(16).unwrap() as u8)
        .collect();
    assert_eq!(digits.len() % 2, 0, "half a byte: {text}");
    digits.chunks(2).map(|d| d[0] << 4 | d[1]).collect()
}
