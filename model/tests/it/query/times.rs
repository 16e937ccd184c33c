//! Time literals, in queries and in the parameters of requests.

use logpipeline_model::query::time::{Edge, parse_bound, parse_literal};
use logpipeline_model::timestamp::Date;
use logpipeline_model::{Timestamp, query::Query};
use proptest::prelude::*;

use super::support::at;

/// A Friday.
const NOW: &str = "2023-09-15T08:10:20.123456789Z";

#[track_caller]
fn check(literal: &str, first: &str, last: &str) {
    let range = parse_literal(literal, at(NOW)).unwrap_or_else(|error| panic!("{literal}: {error:?}"));
    assert_eq!((range.first, range.last), (at(first), at(last)), "{literal}");
    assert_eq!(parse_bound(literal, at(NOW), Edge::First), Ok(at(first)));
    assert_eq!(parse_bound(literal, at(NOW), Edge::Last), Ok(at(last)));
}

#[test]
fn what_a_literal_leaves_out_is_its_range() {
    check("2023", "2023-01-01T00:00:00Z", "2023-12-31T23:59:59.999999999Z");
    check("2024-02", "2024-02-01T00:00:00Z", "2024-02-29T23:59:59.999999999Z");
    check("2023-12", "2023-12-01T00:00:00Z", "2023-12-31T23:59:59.999999999Z");
    check("2023-09-15", "2023-09-15T00:00:00Z", "2023-09-15T23:59:59.999999999Z");
    check("2023-09-15T08", "2023-09-15T08:00:00Z", "2023-09-15T08:59:59.999999999Z");
    check("2023-09-15T08:01", "2023-09-15T08:01:00Z", "2023-09-15T08:01:59.999999999Z");
    check("2023-09-15T08:01:02", "2023-09-15T08:01:02Z", "2023-09-15T08:01:02.999999999Z");
    check("2023-09-15T08:01:02Z", "2023-09-15T08:01:02Z", "2023-09-15T08:01:02.999999999Z");
    check("2023-09-15T08:01:02.5Z", "2023-09-15T08:01:02.5Z", "2023-09-15T08:01:02.599999999Z");
    check("2023-09-15T08:01:02.123Z", "2023-09-15T08:01:02.123Z", "2023-09-15T08:01:02.123999999Z");
    check(
        "2023-09-15T08:01:02.123456789Z",
        "2023-09-15T08:01:02.123456789Z",
        "2023-09-15T08:01:02.123456789Z",
    );
    check(
        "2023-09-15T08:01:02.1234567891Z",
        "2023-09-15T08:01:02.123456789Z",
        "2023-09-15T08:01:02.123456789Z",
    );
    check("0000-01-01", "0000-01-01T00:00:00Z", "0000-01-01T23:59:59.999999999Z");
    check("9999", "9999-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z");
    check("9999-12-31", "9999-12-31T00:00:00Z", "9999-12-31T23:59:59.999999999Z");
}

#[test]
fn offsets_move_a_time_and_utc_is_meant_without_one() {
    check("2023-09-15T10:00+02:00", "2023-09-15T08:00:00Z", "2023-09-15T08:00:59.999999999Z");
    check("2023-09-15T10-05:30", "2023-09-15T15:30:00Z", "2023-09-15T16:29:59.999999999Z");
    check("2023-09-15 08:00:00z", "2023-09-15T08:00:00Z", "2023-09-15T08:00:00.999999999Z");
    check("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z", "2017-01-01T00:00:00.999999999Z");
}

#[test]
fn now_moves_by_units() {
    check("now", NOW, NOW);
    check("now-250ms", "2023-09-15T08:10:19.873456789Z", "2023-09-15T08:10:19.873456789Z");
    check("now-20s", "2023-09-15T08:10:00.123456789Z", "2023-09-15T08:10:00.123456789Z");
    check("now+5m", "2023-09-15T08:15:20.123456789Z", "2023-09-15T08:15:20.123456789Z");
    check("now-9h", "2023-09-14T23:10:20.123456789Z", "2023-09-14T23:10:20.123456789Z");
    check("now-30d", "2023-08-16T08:10:20.123456789Z", "2023-08-16T08:10:20.123456789Z");
    check("now-2w", "2023-09-01T08:10:20.123456789Z", "2023-09-01T08:10:20.123456789Z");
    check("now-1M", "2023-08-15T08:10:20.123456789Z", "2023-08-15T08:10:20.123456789Z");
    check("now+4M", "2024-01-15T08:10:20.123456789Z", "2024-01-15T08:10:20.123456789Z");
    check("now-24y", "1999-09-15T08:10:20.123456789Z", "1999-09-15T08:10:20.123456789Z");
    check("now-1d-2h+5m", "2023-09-14T06:15:20.123456789Z", "2023-09-14T06:15:20.123456789Z");
}

#[test]
fn rounding_gives_the_whole_unit() {
    check("now/s", "2023-09-15T08:10:20Z", "2023-09-15T08:10:20.999999999Z");
    check("now/ms", "2023-09-15T08:10:20.123Z", "2023-09-15T08:10:20.123999999Z");
    check("now/m", "2023-09-15T08:10:00Z", "2023-09-15T08:10:59.999999999Z");
    check("now/h", "2023-09-15T08:00:00Z", "2023-09-15T08:59:59.999999999Z");
    check("now-1d/d", "2023-09-14T00:00:00Z", "2023-09-14T23:59:59.999999999Z");
    check("now/w", "2023-09-11T00:00:00Z", "2023-09-17T23:59:59.999999999Z");
    check("now/M", "2023-09-01T00:00:00Z", "2023-09-30T23:59:59.999999999Z");
    check("now+3M/M", "2023-12-01T00:00:00Z", "2023-12-31T23:59:59.999999999Z");
    check("now/y", "2023-01-01T00:00:00Z", "2023-12-31T23:59:59.999999999Z");
    check("now/d+9h", "2023-09-15T09:00:00Z", "2023-09-16T08:59:59.999999999Z");
}

#[test]
fn a_day_that_a_month_does_not_have_becomes_its_last() {
    let at_end = |literal, now| parse_bound(literal, at(now), Edge::First).map(|time| time.to_string());
    assert_eq!(at_end("now-1M", "2023-03-31T01:02:03Z"), Ok("2023-02-28T01:02:03Z".to_owned()));
    assert_eq!(at_end("now-1y", "2024-02-29T01:02:03Z"), Ok("2023-02-28T01:02:03Z".to_owned()));
    assert_eq!(at_end("now+1M", "2024-01-31T01:02:03Z"), Ok("2024-02-29T01:02:03Z".to_owned()));
}

#[test]
fn distances_beyond_the_calendar_end_at_its_ends() {
    for past in ["now-9999999999999999999999y", "now-3000y", "now-99999999999M", "now-999999999999999999w"] {
        assert_eq!(parse_bound(past, at(NOW), Edge::First), Ok(Timestamp::MIN), "{past}");
    }
    for future in ["now+9999999999999999999999d", "now+8000y", "now+99999999999999M", "now+8000y/w"] {
        assert_eq!(parse_bound(future, at(NOW), Edge::Last), Ok(Timestamp::MAX), "{future}");
    }
}

#[test]
fn what_is_no_time_is_refused() {
    for text in [
        "",
        " ",
        "now-",
        "now-15",
        "now15m",
        "now-m",
        "now-1.5h",
        "now/",
        "now/2d",
        "now-15m ",
        "nowhere",
        "23",
        "2023-",
        "2023-9-1",
        "2023-00",
        "2023-02-29",
        "2023-09-15T",
        "2023-09-15T24",
        "2023-09-15T08:60",
        "2023-09-15T08:00:61Z",
        "2023-09-15T08:00:00.Z",
        "2023-09-15T08:00+2:00",
        "2023-09-15T08:00+24:00",
        "2023-09-15Z",
        "0000-01-01T00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "+2023",
        "２０２３",
        "now-1h/d/",
        "-15m",
    ] {
        let error = parse_literal(text, at(NOW)).expect_err(text);
        assert!(text.get(error.span.start..error.span.end).is_some(), "{text}: {error:?}");
        if let Some(suggestion) = error.suggestion {
            assert!(parse_literal(&suggestion, at(NOW)).is_ok(), "{text} -> {suggestion}");
        }
    }
}

#[test]
fn parameters_get_the_advice_of_the_language() {
    let error = parse_bound("15 m", at(NOW), Edge::First).unwrap_err();
    assert_eq!(error.suggestion.as_deref(), Some("now-15m"));
    assert_eq!((error.span.start, error.span.end), (0, 4));
    let error = parse_bound("now-2hours", at(NOW), Edge::First).unwrap_err();
    assert_eq!(error.suggestion.as_deref(), Some("now-2h"));
    assert_eq!((error.span.start, error.span.end), (5, 10));
}

fn instants() -> impl Strategy<Value = Timestamp> {
    let (first, last) = (Timestamp::MIN.unix_nanos(), Timestamp::MAX.unix_nanos());
    prop_oneof![
        first..=last,
        Just(first),
        Just(last),
        1_600_000_000_000_000_000i128..1_800_000_000_000_000_000,
    ]
    .prop_map(Timestamp::from_unix_nanos)
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in any::<String>(), now in instants()) {
        let _ = parse_literal(&text, now);
        let _ = parse_literal(&format!("now{text}"), now);
        let _ = Query::parse(&format!("timestamp>{text}"), now);
    }

    #[test]
    fn a_written_time_reads_as_itself(instant in instants()) {
        let range = parse_literal(&instant.to_string(), instant).unwrap();
        prop_assert_eq!(range.first, instant);
        prop_assert!(range.last >= instant);
    }

    #[test]
    fn a_rounded_time_is_inside_its_unit(now in instants(), unit in prop::sample::select(vec!["ms", "s", "m", "h", "d", "w", "M", "y"])) {
        let range = parse_literal(&format!("now/{unit}"), now).unwrap();
        prop_assert!(range.contains(now));
        // The unit before ends where this one begins.
        if range.first > Timestamp::MIN {
            let before = Timestamp::from_unix_nanos(range.first.unix_nanos() - 1);
            prop_assert_eq!(parse_literal(&format!("now/{unit}"), before).unwrap().last, before);
        }
    }

    #[test]
    fn weeks_begin_on_mondays(now in instants()) {
        let first = parse_literal("now/w", now).unwrap().first;
        // 2024-01-01 was a Monday.
        let monday = Date { year: 2024, month: 1, day: 1 }.unix_days();
        prop_assert!(first == Timestamp::MIN || (first.unix_days() - monday) % 7 == 0);
    }
}
