use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::entry::Draft;
use crate::wire::Sink;
use crate::wire::testing::Collector;

fn tokens(bytes: &[u8]) -> Vec<Token<'_>> {
    let mut reader = Reader::new(bytes);
    std::iter::from_fn(|| reader.token().ok()).collect()
}

#[test]
fn every_format_of_the_specification_is_read() {
    let long = [&[0xd9, 3][..], b"abc", &[0xda, 0, 1], b"x", &[0xdb, 0, 0, 0, 1], b"y"].concat();
    assert_eq!(tokens(&long), [Token::Text(b"abc"), Token::Text(b"x"), Token::Text(b"y")]);
    assert_eq!(
        tokens(b"\x00\x7f\x80\x8f\x90\x9f\xa0\xa1a\xc0\xc2\xc3\xc4\x01b\xc5\0\x01c\xc6\0\0\0\x01d"),
        [
            Token::Unsigned(0),
            Token::Unsigned(127),
            Token::Map(0),
            Token::Map(15),
            Token::Array(0),
            Token::Array(15),
            Token::Text(b""),
            Token::Text(b"a"),
            Token::Nil,
            Token::Boolean(false),
            Token::Boolean(true),
            Token::Binary(b"b"),
            Token::Binary(b"c"),
            Token::Binary(b"d"),
        ]
    );
    assert_eq!(
        tokens(b"\xc7\x01\x05e\xc8\0\x01\xfff\xc9\0\0\0\x01\0g\xd4\x01h\xd5\x01hi\xd6\x01hijk\xca\x3f\xc0\0\0\xcb\x3f\xf8\0\0\0\0\0\0"),
        [
            Token::Extension(5, b"e"),
            Token::Extension(-1, b"f"),
            Token::Extension(0, b"g"),
            Token::Extension(1, b"h"),
            Token::Extension(1, b"hi"),
            Token::Extension(1, b"hijk"),
            Token::Single(1.5),
            Token::Double(1.5),
        ]
    );
    assert_eq!(
        tokens(b"\xcc\xff\xcd\xff\xff\xce\xff\xff\xff\xff\xcf\xff\xff\xff\xff\xff\xff\xff\xff\xd0\xff\xd1\xff\xfe\xd2\xff\xff\xff\xfd\xd3\xff\xff\xff\xff\xff\xff\xff\xfc\xff\xe0\xdc\0\x02\xdd\0\0\0\x03\xde\0\x04\xdf\0\0\0\x05"),
        [
            Token::Unsigned(0xff),
            Token::Unsigned(0xffff),
            Token::Unsigned(0xffff_ffff),
            Token::Unsigned(u64::MAX),
            Token::Signed(-1),
            Token::Signed(-2),
            Token::Signed(-3),
            Token::Signed(-4),
            Token::Signed(-1),
            Token::Signed(-32),
            Token::Array(2),
            Token::Array(3),
            Token::Map(4),
            Token::Map(5),
        ]
    );
    assert_eq!(Reader::new(b"\xc1").token(), Err(Fault::Reserved));
}

#[test]
fn a_cut_value_says_how_much_is_missing_and_lengths_that_lie_hold_nothing() {
    assert_eq!(Reader::new(b"").token(), Err(Fault::Cut(1)));
    assert_eq!(Reader::new(b"\xa5ab").token(), Err(Fault::Cut(3)));
    assert_eq!(Reader::new(b"\xc6\xff\xff\xff\xffab").token(), Err(Fault::Cut(0xffff_ffff - 2)));
    assert_eq!(Extent::default().read(b"\xdd\xff\xff\xff\xff\x01\x02"), Err(Fault::Cut(1)));
    assert_eq!(Extent::default().read(b"\xdf\xff\xff\xff\xff"), Err(Fault::Cut(1)));
}

#[test]
fn the_end_of_a_value_is_found_however_its_bytes_come() {
    let bytes = b"\x93\xa1t\xce\0\0\0\x01\x82\xa1a\x92\x01\x02\xa1b\x81\xa1c\xc0trailing";
    let end = bytes.len() - 8;
    for at in 0..end {
        let mut extent = Extent::default();
        assert!(matches!(extent.read(&bytes[..at]), Err(Fault::Cut(_))));
        assert_eq!(extent.read(bytes), Ok(end));
    }
}

#[test]
fn values_become_json() {
    let bytes = b"\x85\xa1a\x93\xc0\xc3\xca\x3f\xc0\0\0\xa1b\x81\x01\xff\xa1c\xc4\x02\xff\0\xa1d\xd4\x05x\xa1e\xcb\x7f\xf0\0\0\0\0\0\0";
    let mut draft = Draft::default();
    let mut reader = Reader::new(bytes);
    draft.metadata().key("v");
    let token = reader.token().unwrap();
    copy(token, &mut reader, 8, draft.metadata()).unwrap();
    let mut sink = Collector::default();
    sink.take(1, None, &mut draft).unwrap().unwrap();
    assert_eq!(
        sink.entries[0].json()["metadata"]["v"],
        json!({"a": [null, true, 1.5], "b": {"1": -1}, "c": "/wA=", "d": "eA==", "e": "Infinity"})
    );
}

proptest! {
    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        let mut reader = Reader::new(&bytes);
        while let Ok(token) = reader.token() {
            let _ = copy(token, &mut reader, 8, Draft::default().metadata());
        }
        let _ = Extent::default().read(&bytes);
        let _ = Reader::new(&bytes).skip();
    }
}
