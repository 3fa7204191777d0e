// SPDX-License-Identifier: GPL-2.0

//! RFC 9260, 4: what each chunk does in each state, as one table. What is in a cell has to happen
//! and nothing else: the packets that are sent, one after another with `+` and their chunks with
//! `,`; the new state after `>`, if it is another one; what the user is told after `!`. A dash
//! says that nothing happens, so that not even a timer moves.
//!
//! In `ShutdownPending` and `ShutdownReceived` one DATA chunk is unacknowledged. `none` is a host
//! that accepts associations and has none with this peer.

use crate::engine::{assoc::State, wire::cause};
use crate::tests::{
    script::*,
    sim::{Flying, Seen, A},
};

const TABLE: &str = "
chunk             | none             | CookieWait       | CookieEchoed     | Established      | ShutdownPending  | ShutdownSent     | ShutdownReceived | ShutdownAckSent
DATA              | ABORT            | -                | -                | SACK             | SACK             | SACK,SHUTDOWN    | -                | -
INIT              | INIT-ACK         | INIT-ACK         | INIT-ACK         | INIT-ACK         | INIT-ACK         | INIT-ACK         | INIT-ACK         | SHUTDOWN-ACK
INIT-ACK          | ABORT            | ECHO >CE         | -                | -                | -                | -                | -                | -
SACK nothing      | ABORT            | -                | -                | -                | -                | -                | -                | -
SACK all          | ABORT            | -                | -                | ABORT >C !closed | SHUTDOWN >SS     | -                | SHUTDOWN-ACK >SA | -
HEARTBEAT         | ABORT            | -                | HB-ACK           | HB-ACK           | HB-ACK           | HB-ACK           | HB-ACK           | HB-ACK
HEARTBEAT-ACK     | ABORT            | -                | -                | -                | -                | -                | -                | -
ABORT             | -                | >C !closed       | >C !closed       | >C !closed       | >C !closed       | >C !closed       | >C !closed       | >C !closed
SHUTDOWN          | ABORT            | -                | -                | SHUTDOWN-ACK >SA !shutdown | >SR !shutdown | SHUTDOWN-ACK >SA | -            | SHUTDOWN-ACK
SHUTDOWN all      | ABORT            | -                | -                | ABORT >C !closed | SHUTDOWN-ACK >SA !shutdown | SHUTDOWN-ACK >SA | SHUTDOWN-ACK >SA | SHUTDOWN-ACK
SHUTDOWN-ACK      | COMPLETE         | COMPLETE         | COMPLETE         | -                | -                | COMPLETE >C !closed | -             | COMPLETE >C !closed
SHUTDOWN-COMPLETE | -                | -                | -                | -                | -                | -                | -                | >C !closed
ERROR             | ABORT            | -                | -                | !error           | !error           | -                | !error           | -
ERROR stale       | -                | -                | INIT >CW         | !error           | !error           | -                | !error           | -
COOKIE-ECHO bad   | -                | -                | -                | -                | -                | -                | -                | -
COOKIE-ECHO own   | COOKIE-ACK >E !up | COOKIE-ACK >E !up | COOKIE-ACK >E !up | COOKIE-ACK    | COOKIE-ACK       | COOKIE-ACK       | COOKIE-ACK       | SHUTDOWN-ACK
COOKIE-ECHO new   | COOKIE-ACK >E !up | COOKIE-ACK >E !up | COOKIE-ACK >E !up | COOKIE-ACK !restarted | COOKIE-ACK >E !restarted | COOKIE-ACK >E !restarted | COOKIE-ACK >E !restarted | ERROR+SHUTDOWN-ACK
COOKIE-ACK        | -                | -                | >E !up           | -                | -                | -                | -                | -
ECNE              | ABORT            | -                | -                | -                | -                | -                | -                | -
CWR               | ABORT            | -                | -                | -                | -                | -                | -                | -
unknown 00        | ABORT            | -                | -                | -                | -                | -                | -                | -
unknown 01        | ABORT            | -                | ERROR            | ERROR            | ERROR            | ERROR            | ERROR            | ERROR
unknown 10        | ABORT            | -                | -                | -                | -                | -                | -                | -
unknown 11        | ABORT            | -                | ERROR            | ERROR            | ERROR            | ERROR            | ERROR            | ERROR
AUTH              | ABORT            | -                | -                | -                | -                | -                | -                | -
I-DATA            | ABORT            | -                | ERROR            | ERROR            | ERROR            | ERROR            | ERROR            | ERROR
ASCONF-ACK        | ABORT            | -                | -                | -                | -                | -                | -                | -
RE-CONFIG         | ABORT            | -                | -                | -                | -                | -                | -                | -
PAD               | ABORT            | -                | -                | -                | -                | -                | -                | -
FORWARD-TSN       | ABORT            | -                | ERROR            | ERROR            | ERROR            | ERROR            | ERROR            | ERROR
ASCONF            | ABORT            | -                | ERROR            | ERROR            | ERROR            | ERROR            | ERROR            | ERROR
I-FORWARD-TSN     | ABORT            | -                | ERROR            | ERROR            | ERROR            | ERROR            | ERROR            | ERROR
";

/// What the rows send. Every type of chunk has one, and those that are not negotiated.
fn item_of(row: &str) -> Item {
    match row {
        "DATA" => data(0),
        "INIT" => init(),
        "INIT-ACK" => init_ack(),
        "SACK nothing" => sack(-1),
        "SACK all" => sack(0),
        "HEARTBEAT" => heartbeat(),
        "HEARTBEAT-ACK" => heartbeat_ack(b"not a nonce"),
        "ABORT" => abort(),
        "SHUTDOWN" => shutdown(-1),
        "SHUTDOWN all" => shutdown(0),
        "SHUTDOWN-ACK" => shutdown_ack(),
        "SHUTDOWN-COMPLETE" => shutdown_complete(),
        "ERROR" => error(cause::PROTOCOL_VIOLATION),
        "ERROR stale" => error(cause::STALE_COOKIE).info(&[0, 0, 0, 9]),
        "COOKIE-ECHO bad" => chunk(10, 0, &[0x55; 120]),
        "COOKIE-ECHO own" | "COOKIE-ECHO new" => cookie_echo(),
        "COOKIE-ACK" => cookie_ack(),
        "ECNE" => chunk(12, 0, &[0; 4]),
        "CWR" => chunk(13, 0, &[0; 4]),
        "unknown 00" => chunk(0x2a, 0, &[0; 4]),
        "unknown 01" => chunk(0x6a, 0, &[0; 4]),
        "unknown 10" => chunk(0xaa, 0, &[0; 4]),
        "unknown 11" => chunk(0xea, 0, &[0; 4]),
        // Key 0, HMAC-SHA1.
        "AUTH" => chunk(0x0f, 0, &[0, 0, 0, 1, 0xab, 0xab, 0xab, 0xab]),
        "I-DATA" => chunk(0x40, 3, &[0; 20]),
        "ASCONF-ACK" => chunk(0x80, 0, &[0; 4]),
        // An outgoing SSN reset request.
        "RE-CONFIG" => chunk(0x82, 0, &[0, 13, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        "PAD" => chunk(0x84, 0, &[0; 8]),
        "FORWARD-TSN" => chunk(0xc0, 0, &[0x70, 0, 0, 0]),
        // Serial number, an address, DELETE IP.
        "ASCONF" => chunk(
            0xc1,
            0,
            &[
                0, 0, 0, 1, 0, 5, 0, 8, 10, 0, 0, 2, 0xc0, 2, 0, 16, 0, 0, 0, 1, 0, 5, 0, 8, 0, 0,
                0, 0,
            ],
        ),
        "I-FORWARD-TSN" => chunk(0xc2, 0, &[0x70, 0, 0, 0]),
        other => panic!("no chunk: {other}"),
    }
}

/// All types that the RFC numbers, and those of extensions.
const TYPES: [u8; 23] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0x0f, 0x40, 0x80, 0x82, 0x84, 0xc0, 0xc1,
    0xc2,
];

const COLUMNS: [Option<State>; 8] = [
    None,
    Some(State::CookieWait),
    Some(State::CookieEchoed),
    Some(State::Established),
    Some(State::ShutdownPending),
    Some(State::ShutdownSent),
    Some(State::ShutdownReceived),
    Some(State::ShutdownAckSent),
];

fn rows() -> impl Iterator<Item = Vec<&'static str>> {
    TABLE
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| line.split('|').map(str::trim).collect())
}

fn name_of(state: Option<State>) -> String {
    state.map_or("none".into(), |s| format!("{s:?}"))
}

#[test]
fn the_table_is_complete() {
    let mut rows = rows();
    let header = rows.next().unwrap();
    let states: Vec<String> = COLUMNS.into_iter().map(name_of).collect();
    assert_eq!(header[1..], states);
    let mut types = Vec::new();
    for row in rows {
        assert_eq!(row.len(), 1 + COLUMNS.len(), "{}", row[0]);
        types.push(item_of(row[0]).kind());
    }
    for kind in TYPES {
        assert!(types.contains(&kind), "no row for type {kind:#x}");
    }
    for class in 0..4 {
        let is_unknown = |k: &u8| k >> 6 == class && !TYPES.contains(k);
        assert!(types.iter().any(is_unknown), "no unknown type {class:02b}");
    }
}

#[test]
fn each_chunk_does_in_each_state_what_the_table_says() {
    for row in rows().skip(1) {
        for (state, cell) in COLUMNS.into_iter().zip(&row[1..]) {
            run(row[0], state, cell);
        }
    }
}

fn run(row: &str, state: Option<State>, cell: &str) {
    listening(|x| {
        let place = name_of(state);
        x.net.say(A, format!("{row} in {place}: {cell}"));
        bring(x, row, state);
        let before = (x.host().state(), timeout(x));
        x.forget_told();
        x.sends([item_of(row)]);

        let sent: Vec<String> = x.ignores_the_rest().iter().map(names).collect();
        let mut got = sent.join("+");
        let after = x.host().state();
        if after != before.0 {
            got += &format!(" >{}", short(after));
        }
        for event in &x.host().seen[x.told_so_far()..] {
            got += match event {
                Seen::Up => " !up",
                Seen::Restarted => " !restarted",
                Seen::PeerShutdown => " !shutdown",
                Seen::RemoteError(_) => " !error",
                Seen::Closed(_) => " !closed",
            };
        }
        let got = got.trim();
        let wanted = if cell == "-" { "" } else { cell };
        assert_eq!(got, wanted, "{row} in {place}");
        if cell == "-" {
            assert_eq!(timeout(x), before.1, "{row} in {place}");
        }
        x.ignores_the_rest();
    });
}

fn timeout(x: &Script) -> Option<crate::engine::time::Time> {
    x.host().assoc.as_ref().and_then(|a| a.poll_timeout())
}

/// Brings the engine into a state in which the row's chunk can come.
fn bring(x: &mut Script, row: &str, state: Option<State>) {
    let Some(state) = state else {
        // An INIT that was answered leaves nothing but the cookie.
        x.sends([init()]);
        x.expects([init_ack()]);
        return;
    };
    if state.is_setup() {
        x.connect();
        if state == State::CookieEchoed {
            x.sends([init_ack()]);
            x.expects([cookie_echo()]);
        }
        match row {
            "COOKIE-ECHO own" => {
                x.sends([init()]);
                x.expects([init_ack()]);
            }
            "COOKIE-ECHO new" => {
                x.restarts();
                x.sends([init()]);
                x.expects([init_ack()]);
            }
            _ => {}
        }
        x.is_in(state);
        return;
    }
    x.accept();
    let (own, peer) = ((x.tag, x.tsn), (x.peer_tag, x.peer_tsn));
    let mut new = None;
    if row == "COOKIE-ECHO new" {
        x.restarts();
        x.sends([init()]);
        x.expects([init_ack()]);
        new = Some((x.tag, x.tsn));
        (x.tag, x.tsn) = own;
        (x.peer_tag, x.peer_tsn) = peer;
    }
    x.goes_to(state);
    if let Some(new) = new {
        (x.tag, x.tsn) = new;
    }
}

fn names(packet: &Flying) -> String {
    let names: Vec<&str> = packet
        .kinds()
        .iter()
        .map(|kind| match kind.to_u8() {
            0 => "DATA",
            1 => "INIT",
            2 => "INIT-ACK",
            3 => "SACK",
            4 => "HB",
            5 => "HB-ACK",
            6 => "ABORT",
            7 => "SHUTDOWN",
            8 => "SHUTDOWN-ACK",
            9 => "ERROR",
            10 => "ECHO",
            11 => "COOKIE-ACK",
            14 => "COMPLETE",
            other => panic!("chunk type {other} is sent"),
        })
        .collect();
    names.join(",")
}

fn short(state: State) -> &'static str {
    match state {
        State::CookieWait => "CW",
        State::CookieEchoed => "CE",
        State::Established => "E",
        State::ShutdownPending => "SP",
        State::ShutdownSent => "SS",
        State::ShutdownReceived => "SR",
        State::ShutdownAckSent => "SA",
        State::Closed => "C",
    }
}
