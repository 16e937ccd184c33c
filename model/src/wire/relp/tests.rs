use proptest::prelude::*;

use super::*;
use crate::wire::testing::Collector;

const SETTINGS: Settings = Settings { zone: 0, peer: None };
const OPEN: &[u8] =
    b"1 open 86 relp_version=0\nrelp_software=librelp,1.11.0,http://librelp.adiscon.com\ncommands=syslog\n";
/// What rsyslog 8.2302 sends.
const SESSION: &[&[u8]] = &[
    OPEN,
    b"2 syslog 69 <158>1 2026-11-30T11:47:06.716120+00:00 vm shop - - - plain line one\n\n",
    b"3 syslog 92 <158>1 2026-11-30T11:47:06.716132+00:00 vm shop - - - line two with \"quotes\" and unicode \xc3\xa9\n\n",
    b"4 close 0 \n",
];

fn run(bytes: &[u8], cuts: &[usize]) -> (Collector, Vec<u8>, Result<bool, Broken>) {
    let (mut session, mut sink, mut answers, mut begin) =
        (Server::new(SETTINGS), Collector::default(), Vec::new(), 0);
    for end in cuts.iter().copied().chain([bytes.len()]) {
        loop {
            match session.read(&bytes[begin..end], &mut sink) {
                Ok(step) => {
                    answers.extend(step.acknowledge);
                    begin += step.consumed;
                    if step.close {
                        return (sink, answers, Ok(true));
                    }
                    if step.consumed == 0 {
                        break;
                    }
                }
                Err(error) => return (sink, answers, Err(error)),
            }
        }
    }
    (sink, answers, Ok(false))
}

#[test]
fn a_session_of_rsyslog_is_answered_frame_by_frame_and_closed() {
    let (sink, answers, end) = run(&SESSION.concat(), &[]);
    assert_eq!(end, Ok(true));
    assert_eq!(
        String::from_utf8(answers).unwrap(),
        "1 rsp 63 200 OK\nrelp_version=0\nrelp_software=logpipeline\ncommands=syslog\n\
         2 rsp 6 200 OK\n3 rsp 6 200 OK\n4 rsp 6 200 OK\n"
    );
    let messages: Vec<_> =
        sink.entries.iter().map(|entry| entry.json()["message"].as_str().unwrap().to_owned()).collect();
    assert_eq!(messages, ["plain line one", "line two with \"quotes\" and unicode é"]);
    assert_eq!(sink.entries[0].json()["timestamp"], "2026-11-30T11:47:06.716120Z");
}

#[test]
fn only_a_message_with_a_time_to_the_microsecond_is_known_again() {
    let frame = |text: &str| format!("2 syslog {} {text}\n", text.len()).into_bytes();
    for (text, known) in [
        ("<13>1 2026-11-30T11:47:06.716120Z h a - - - m", true),
        ("<13>1 2026-11-30T11:47:06.716Z h a - - - m", false),
        ("<13>1 2026-11-30T11:47:06Z h a - - - m", false),
        ("<13>1 - h a - - - m", false),
        ("<13>2026-11-30T11:47:06.716120Z h a: m", false),
    ] {
        let (sink, _, _) = run(&[OPEN, &frame(text)].concat(), &[]);
        let expected = known.then(|| text.as_bytes().to_vec());
        assert_eq!(sink.entries[0].key, expected, "{text}");
    }
}

#[test]
fn what_is_not_in_order_is_answered_or_ends_the_connection() {
    let answer = |bytes: &[u8]| {
        let (_, answers, end) = run(bytes, &[]);
        (String::from_utf8(answers).unwrap(), end)
    };
    let (text, end) = answer(b"1 syslog 1 m\n");
    assert!(text.starts_with("1 rsp ") && text.contains(" 500 ") && end == Ok(true), "{text}");
    let (text, end) = answer(b"1 open 15 commands=eventl\n");
    assert!(text.contains(" 500 ") && end == Ok(true), "{text}");
    let (text, end) = answer(&[OPEN, b"2 starttls 0\n3 syslog 1 m\n"].concat());
    assert!(
        text.contains("\n2 rsp 32 500 the command is not supported\n3 rsp 6 200 OK\n") && end == Ok(false),
        "{text}"
    );
    for bytes in [
        &b"x"[..],
        b"GET / HTTP/1.1\r\n",
        b"1234567890 open 0\n",
        b"1 op-en 0\n",
        b"1 open x\n",
        b"1 open 1234567890 \n",
        b"1 open 1 ab",
        b"1 open 5\nabcde\n",
    ] {
        let (text, end) = answer(bytes);
        assert!(
            text.is_empty() && matches!(end, Err(Broken::Protocol(_))),
            "{}",
            String::from_utf8_lossy(bytes)
        );
    }
}

#[test]
fn a_frame_says_how_much_of_it_is_missing() {
    let mut sink = Collector::default();
    let step = Server::new(SETTINGS).read(b"1 open 100 abc", &mut sink).unwrap();
    assert_eq!((step.consumed, step.missing), (0, 98));
    assert_eq!(Server::new(SETTINGS).read(b"1 op", &mut sink).unwrap(), Step::default());
}

#[test]
fn line_feeds_between_frames_are_not_looked_at_twice() {
    let (mut session, mut sink) = (Server::new(SETTINGS), Collector::default());
    let step = session.read(b"\n\r\n\n", &mut sink).unwrap();
    assert_eq!((step.consumed, step.missing), (4, 0));
    let step = session.read(b"\n\n1 open 0\n\n2 sys", &mut sink).unwrap();
    assert_eq!((step.consumed, step.close), (12, false));
    // What is wrong behind them is said by the next read.
    assert_eq!(session.read(b"\nGET /", &mut sink).unwrap().consumed, 1);
    assert!(session.read(b"GET /", &mut sink).is_err());
}

proptest! {
    #[test]
    fn a_session_cut_anywhere_is_answered_alike(cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
        let bytes = SESSION.concat();
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.sort_unstable();
        let (whole, answers, end) = run(&bytes, &[]);
        let (cut, cut_answers, cut_end) = run(&bytes, &cuts);
        prop_assert_eq!((answers, end), (cut_answers, cut_end));
        let messages = |sink: &Collector| sink.entries.iter().map(|entry| entry.json()).collect::<Vec<_>>();
        prop_assert_eq!(messages(&whole), messages(&cut));
    }

    #[test]
    fn a_session_that_is_garbled_anywhere_ends_in_order(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = SESSION.concat();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let (sink, _, _) = run(&bytes, &[]);
        prop_assert!(sink.entries.len() <= 3);
    }

    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = run(&bytes, &[]);
        let _ = run(&[OPEN, &bytes[..]].concat(), &[]);
    }
}

#[test]
fn equal_messages_of_a_session_are_entries_of_their_own_and_known_again() {
    let message = "69 <158>1 2026-11-30T11:47:06.716120+00:00 vm shop - - - plain line one\n\n";
    let session = [OPEN, format!("2 syslog {message}3 syslog {message}").as_bytes()].concat();
    let keys =
        || run(&session, &[]).0.entries.into_iter().map(|entry| entry.key.unwrap()).collect::<Vec<_>>();
    assert_eq!(keys().len(), 2);
    assert_ne!(keys()[0], keys()[1]);
    assert_eq!(keys(), keys());
}

#[test]
fn the_answer_to_a_message_has_the_receipt_and_no_other_has_it() {
    let receipt: crate::EntryId = "019ad5b1-7c00-7a51-9f3c-2d1f6a7b8c90".parse().unwrap();
    let mut sink = Collector { receipt: Some(receipt), ..Collector::default() };
    let session = [OPEN, b"2 syslog 1 m\n3 syslog 1 \n\n4 close 0 \n"].concat();
    let step = Server::new(SETTINGS).read(&session, &mut sink).unwrap();
    let answers = String::from_utf8(step.acknowledge).unwrap();
    assert!(
        answers.ends_with(
            "\n2 rsp 43 200 OK 019ad5b1-7c00-7a51-9f3c-2d1f6a7b8c90\n3 rsp 6 200 OK\n4 rsp 6 200 OK\n"
        ),
        "{answers}"
    );
}
