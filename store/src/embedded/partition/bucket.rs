//! Which partition an entry belongs to.

use std::fmt;
use std::str::FromStr;

use logpipeline_model::Timestamp;
use logpipeline_model::timestamp::Date;

/// Nanoseconds that an `i64` tells apart.
const ERA: i128 = 1 << 64;
const HALF_ERA: i128 = ERA / 2;
const DAY: i128 = 86_400_000_000_000;

/// How an entry's time relates to its receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::embedded) enum Kind {
    /// Within a day: kept by the day of the event.
    Live,
    /// Older: kept by the day of receipt, so that any mix of old times touches one partition.
    Late,
    /// Newer: kept by the day of receipt.
    Future,
}

impl Kind {
    const NAMES: [(Self, &str); 3] = [(Self::Live, "live"), (Self::Late, "late"), (Self::Future, "future")];
}

/// What the partitions of one series have in common; they differ by generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::embedded) struct Bucket {
    day: i64,
    kind: Kind,
    base: Base,
}

/// What a partition's columns count from: the nanoseconds in them fit an `i64` for times of one era of
/// 584 years, the one around 1970 being era 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::embedded) struct Base {
    event_era: i8,
    receipt_era: i8,
}

impl Bucket {
    pub(in crate::embedded) fn of(timestamp: Timestamp, received_at: Timestamp) -> Self {
        let ahead = timestamp.unix_nanos() - received_at.unix_nanos();
        let (kind, day) = if ahead > DAY {
            (Kind::Future, received_at.unix_days())
        } else if ahead < -DAY {
            (Kind::Late, received_at.unix_days())
        } else {
            (Kind::Live, timestamp.unix_days())
        };
        Self { day, kind, base: Base { event_era: era(timestamp), receipt_era: era(received_at) } }
    }

    pub(in crate::embedded) fn base(&self) -> Base {
        self.base
    }

    pub(in crate::embedded) fn kind(&self) -> Kind {
        self.kind
    }
}

fn era(instant: Timestamp) -> i8 {
    // The years 0000 to 9999 lie in the eras -4 to 14.
    (instant.unix_nanos() + HALF_ERA).div_euclid(ERA) as i8
}

fn to_column(instant: Timestamp, era: i8) -> i64 {
    (instant.unix_nanos() - i128::from(era) * ERA).clamp(i64::MIN.into(), i64::MAX.into()) as i64
}

fn from_column(nanos: i64, era: i8) -> Timestamp {
    Timestamp::from_unix_nanos(i128::from(era) * ERA + i128::from(nanos))
}

/// The part of a range of instants that a column of an era can hold; `None` where it holds none.
fn range_in_column(first: Timestamp, last: Timestamp, era: i8) -> Option<(i64, i64)> {
    let start = i128::from(era) * ERA - HALF_ERA;
    let misses = last < first || last.unix_nanos() < start || first.unix_nanos() >= start + ERA;
    (!misses).then(|| (to_column(first, era), to_column(last, era)))
}

impl Base {
    pub(in crate::embedded) fn timestamp(self, instant: Timestamp) -> i64 {
        to_column(instant, self.event_era)
    }

    pub(in crate::embedded) fn received_at(self, instant: Timestamp) -> i64 {
        to_column(instant, self.receipt_era)
    }

    pub(in crate::embedded) fn to_timestamp(self, column: i64) -> Timestamp {
        from_column(column, self.event_era)
    }

    pub(in crate::embedded) fn to_received_at(self, column: i64) -> Timestamp {
        from_column(column, self.receipt_era)
    }

    /// Both ends included.
    pub(in crate::embedded) fn timestamps(self, first: Timestamp, last: Timestamp) -> Option<(i64, i64)> {
        range_in_column(first, last, self.event_era)
    }

    /// Both ends included.
    pub(in crate::embedded) fn receipts(self, first: Timestamp, last: Timestamp) -> Option<(i64, i64)> {
        range_in_column(first, last, self.receipt_era)
    }
}

/// A partition's name, the same as its folder's: `live-2023-09-15.0`, `late-2026-01-02.3`,
/// `late-2026-01-02_era-4.0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::embedded) struct Name {
    pub(in crate::embedded) bucket: Bucket,
    pub(in crate::embedded) generation: u32,
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Bucket { day, kind, base } = self.bucket;
        let kind = Kind::NAMES.iter().find(|(known, _)| *known == kind).map_or("", |(_, name)| name);
        let date = Date::from_unix_days(day);
        write!(f, "{kind}-{:04}-{:02}-{:02}", date.year, date.month, date.day)?;
        if base.event_era != 0 {
            write!(f, "_era{}", base.event_era)?;
        }
        if base.receipt_era != 0 {
            write!(f, "_receipt{}", base.receipt_era)?;
        }
        write!(f, ".{}", self.generation)
    }
}

/// The folder is no partition.
#[derive(Debug)]
pub(in crate::embedded) struct NotAPartition;

impl FromStr for Name {
    type Err = NotAPartition;

    fn from_str(name: &str) -> Result<Self, NotAPartition> {
        parse(name).filter(|parsed| parsed.to_string() == name).ok_or(NotAPartition)
    }
}

fn parse(name: &str) -> Option<Name> {
    let (series, generation) = name.rsplit_once('.')?;
    let (kind, rest) = series.split_once('-')?;
    let (kind, _) = Kind::NAMES.iter().find(|(_, known)| *known == kind)?;
    let mut rest = rest.as_bytes();
    let day = Date::take(&mut rest)?.unix_days();
    let mut base = Base { event_era: 0, receipt_era: 0 };
    for part in str::from_utf8(rest).ok()?.split('_').skip(1) {
        if let Some(era) = part.strip_prefix("era") {
            base.event_era = era.parse().ok()?;
        } else {
            base.receipt_era = part.strip_prefix("receipt")?.parse().ok()?;
        }
    }
    Some(Name { bucket: Bucket { day, kind: *kind, base }, generation: generation.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn name(timestamp: &str, received_at: &str) -> String {
        Name { bucket: Bucket::of(at(timestamp), at(received_at)), generation: 0 }.to_string()
    }

    #[test]
    fn events_within_a_day_of_receipt_go_by_their_own_day() {
        assert_eq!(name("2023-09-15T23:59:59Z", "2023-09-16T08:00:00Z"), "live-2023-09-15.0");
        assert_eq!(name("2023-09-17T08:00:00Z", "2023-09-16T08:00:00Z"), "live-2023-09-17.0");
    }

    #[test]
    fn older_and_newer_ones_go_by_the_day_of_receipt() {
        assert_eq!(name("2023-09-15T07:59:59.999999999Z", "2023-09-16T08:00:00Z"), "late-2023-09-16.0");
        assert_eq!(name("1999-01-01T00:00:00Z", "2023-09-16T08:00:00Z"), "late-2023-09-16.0");
        assert_eq!(name("2023-09-17T08:00:00.000000001Z", "2023-09-16T08:00:00Z"), "future-2023-09-16.0");
    }

    #[test]
    fn times_beyond_i64_nanoseconds_have_partitions_of_their_own() {
        assert_eq!(name("0000-01-01T00:00:00Z", "2023-09-16T08:00:00Z"), "late-2023-09-16_era-3.0");
        assert_eq!(name("9999-12-31T23:59:59Z", "2023-09-16T08:00:00Z"), "future-2023-09-16_era14.0");
        assert_eq!(name("2262-04-12T00:00:00Z", "2262-04-11T23:00:00Z"), "live-2262-04-12_era1.0");
        assert_eq!(name("2262-04-12T00:00:00Z", "2262-04-12T00:00:00Z"), "live-2262-04-12_era1_receipt1.0");
    }

    #[test]
    fn columns_keep_every_nanosecond_of_every_era() {
        for text in [
            "0000-01-01T00:00:00Z",
            "1677-09-21T00:12:43.145224191Z",
            "1677-09-21T00:12:43.145224192Z",
            "1970-01-01T00:00:00.000000001Z",
            "2262-04-11T23:47:16.854775807Z",
            "2262-04-11T23:47:16.854775808Z",
            "9999-12-31T23:59:59.999999999Z",
        ] {
            let base = Bucket::of(at(text), at("2023-09-16T08:00:00Z")).base();
            assert_eq!(base.to_timestamp(base.timestamp(at(text))), at(text));
        }
    }

    #[test]
    fn a_range_is_cut_to_the_era() {
        let base = Bucket::of(at("2023-09-16T08:00:00Z"), at("2023-09-16T08:00:00Z")).base();
        assert_eq!(base.timestamps(Timestamp::MIN, Timestamp::MAX), Some((i64::MIN, i64::MAX)));
        assert_eq!(base.timestamps(at("1970-01-01T00:00:00Z"), Timestamp::MAX), Some((0, i64::MAX)));
        assert_eq!(base.timestamps(at("2262-04-11T23:47:16.854775808Z"), Timestamp::MAX), None);
        assert_eq!(base.timestamps(Timestamp::MIN, at("1677-09-21T00:12:43.145224191Z")), None);
        assert_eq!(base.timestamps(at("1970-01-02T00:00:00Z"), at("1970-01-01T00:00:00Z")), None);
    }

    #[test]
    fn names_round_trip_and_other_folders_are_ignored() {
        for text in ["live-2023-09-15.0", "late-2026-01-02.3", "future-2026-01-02_era14_receipt-1.12"] {
            assert_eq!(text.parse::<Name>().unwrap().to_string(), text);
        }
        for text in
            ["", "live-2023-09-15", "live-2023-9-15.0", "lost+found", ".new-live-2023-09-15.0", "a-b.c"]
        {
            assert!(text.parse::<Name>().is_err(), "{text}");
        }
    }
}
