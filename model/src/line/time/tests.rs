use super::*;

fn context() -> Context {
    Context { now: "2026-11-23T23:00:00Z".parse().unwrap(), offset_seconds: 0 }
}

fn read_in(text: &str, context: &Context) -> Option<String> {
    read(text, context).map(|time| time.to_string())
}

#[test]
fn times_are_read_as_logs_write_them() {
    for (text, expected) in [
        ("2026-11-23 22:55:01,123", "2026-11-23T22:55:01.123Z"),
        ("2026-09-22 04:55:01", "2026-09-22T04:55:01Z"),
        ("2025-06-24  14:36:25", "2025-06-24T14:36:25Z"),
        ("2026/11/23 22:55:01", "2026-11-23T22:55:01Z"),
        ("2026-11-23T22:55:01.123456+02:00", "2026-11-23T20:55:01.123456Z"),
        ("2026-05-20 10:00:00.123 UTC", "2026-05-20T10:00:00.123Z"),
        ("2026-05-20 10:00:00 -0730", "2026-05-20T17:30:00Z"),
        ("2026-05-20 10:00:00 UTC+2", "2026-05-20T08:00:00Z"),
        ("2026-05-20-10.00.00.123456+060", "2026-05-20T09:00:00.123456Z"),
        ("Nov  3 22:55:01", "2026-11-03T22:55:01Z"),
        ("Dec 31 23:59:59.5", "2025-12-31T23:59:59.500Z"),
        ("Nov 23 2024 01:02:03", "2024-11-23T01:02:03Z"),
        ("23/Nov/2026:22:55:01 +0100", "2026-11-23T21:55:01Z"),
        ("1694764800", "2023-09-15T08:00:00Z"),
        ("1694764800.25", "2023-09-15T08:00:00.250Z"),
        ("1694764800123", "2023-09-15T08:00:00.123Z"),
        ("1694764800123456", "2023-09-15T08:00:00.123456Z"),
        ("1694764800123456789", "2023-09-15T08:00:00.123456789Z"),
        ("2026-05-20T10:00:00+02:00[Europe/Berlin]", "2026-05-20T08:00:00Z"),
        ("2026-05-20, 1:02:03\u{202f}PM", "2026-05-20T13:02:03Z"),
        ("2026-025T10:22:40,672", "2026-01-25T10:22:40.672Z"),
        ("Apr-07-13 07:08:36", "2013-04-07T07:08:36Z"),
        ("2014:07:02-00:17:45", "2014-07-02T00:17:45Z"),
        ("02/sept./2015:00:11:31 +0200", "2015-09-01T22:11:31Z"),
        ("PDT Apr 16 21:05:29", "2026-04-17T04:05:29Z"),
        ("400000004c91b044077a9e94", "2010-09-16T05:50:50.125476500Z"),
        ("12/31/2025 12:00:00 AM", "2025-12-31T00:00:00Z"),
    ] {
        assert_eq!(read_in(text, &context()).as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn what_is_no_time_is_none() {
    for text in [
        "",
        "12",
        "2026-13-01 00:00:00",
        "2026-11-23",
        "yesterday",
        "Feb 30 00:00:00",
        "1.2.3",
        "99999999999999999999",
        "2026-366 10:00:00",
        "2026-11-23 25:00:00",
        "2026-11-23 10:60:00",
        "10:00:00",
        "32/Nov/2026:10:00:00",
        "2026-11-23 10:00:00 and more",
        "Nov 23 10:00",
        "1.2 10:00:00",
        "192.168.10.12:30:00",
    ] {
        assert_eq!(read_in(text, &context()), None, "{text}");
    }
}

#[test]
fn a_time_without_an_offset_is_taken_in_the_one_given() {
    let context = Context { offset_seconds: 7_200, ..context() };
    for (text, expected) in [
        ("2026-11-23 22:55:01", "2026-11-23T20:55:01Z"),
        ("2026-11-23 22:55:01Z", "2026-11-23T22:55:01Z"),
        ("2026-11-23 22:55:01 PST", "2026-11-24T06:55:01Z"),
    ] {
        assert_eq!(read_in(text, &context).as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn a_time_without_a_year_is_the_latest_that_is_at_most_a_day_ahead() {
    for (now, text, expected) in [
        ("2027-01-01T00:10:00Z", "Dec 31 23:59:59", "2026-12-31T23:59:59Z"),
        ("2026-12-31T23:50:00Z", "Jan  1 00:05:00", "2027-01-01T00:05:00Z"),
        ("2026-12-30T23:50:00Z", "Jan  1 00:05:00", "2026-01-01T00:05:00Z"),
        ("2026-06-01T00:00:00Z", "Jun  2 00:00:00", "2026-06-02T00:00:00Z"),
        ("2026-06-01T00:00:00Z", "Jun  2 00:00:01", "2025-06-02T00:00:01Z"),
        ("2026-06-01T00:00:00Z", "Feb 29 12:00:00", "2024-02-29T12:00:00Z"),
        ("2027-01-01T00:10:00Z", "12-31 23:59:59.5", "2026-12-31T23:59:59.500Z"),
    ] {
        let context = Context { now: now.parse().unwrap(), offset_seconds: 0 };
        assert_eq!(read_in(text, &context).as_deref(), Some(expected), "{text} at {now}");
    }
    // The sender's clock is ahead of UTC: there it is next year already.
    let context = Context { now: "2026-12-31T23:00:00Z".parse().unwrap(), offset_seconds: 7_200 };
    assert_eq!(read_in("Jan 1 00:59:00", &context).as_deref(), Some("2026-12-31T22:59:00Z"));
}

#[test]
fn the_order_of_day_month_and_year_is_the_one_that_makes_sense() {
    for (now, text, expected) in [
        ("2026-11-23T23:00:00Z", "17/06/09 20:10:40", "2017-06-09T20:10:40Z"),
        ("2026-11-23T23:00:00Z", "11/10/26 10:00:00", "2026-11-10T10:00:00Z"),
        ("2026-11-23T23:00:00Z", "23.11.26 10:00:00", "2026-11-23T10:00:00Z"),
        ("2026-11-23T23:00:00Z", "03/04/2026 10:00:00", "2026-03-04T10:00:00Z"),
        ("2026-11-23T23:00:00Z", "03.04.2026 10:00:00", "2026-04-03T10:00:00Z"),
        // Today, though the other order is the usual one.
        ("2026-04-03T23:00:00Z", "03/04/2026 10:00:00", "2026-04-03T10:00:00Z"),
        // The usual order would be in the future.
        ("2026-11-23T23:00:00Z", "12/11/2026 10:00:00", "2026-11-12T10:00:00Z"),
        ("2026-11-23T23:00:00Z", "99/12/31 10:00:00", "1999-12-31T10:00:00Z"),
    ] {
        let context = Context { now: now.parse().unwrap(), offset_seconds: 0 };
        assert_eq!(read_in(text, &context).as_deref(), Some(expected), "{text} at {now}");
    }
}

#[test]
fn a_time_of_day_alone_is_on_the_nearest_day() {
    for (now, text, expected) in [
        ("2026-11-23T23:30:00Z", "23:29:00", "2026-11-23T23:29:00Z"),
        ("2026-11-23T23:30:00Z", "00:05:00.5", "2026-11-24T00:05:00.500Z"),
        ("2026-11-23T00:05:00Z", "23:59:00", "2026-11-22T23:59:00Z"),
    ] {
        let context = Context { now: now.parse().unwrap(), offset_seconds: 0 };
        let taken = take(text.as_bytes(), &context).unwrap();
        assert_eq!((taken.time.to_string().as_str(), taken.style), (expected, Style::Clock), "{text}");
    }
}

#[test]
fn offsets_are_read() {
    for (text, seconds) in
        [("UTC", 0), ("Z", 0), ("+02:00", 7_200), ("-0730", -27_000), ("+05", 18_000), ("CEST", 7_200)]
    {
        assert_eq!(read_offset(text), Some(seconds), "{text}");
    }
    for text in ["", "2", "+2", "+99:00", "Europe/Berlin", "+02:00x"] {
        assert_eq!(read_offset(text), None, "{text}");
    }
}
