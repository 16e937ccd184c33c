//! The date, as far as the text gives it, and the instant that is meant by it.

use super::clock::Clock;
use crate::Timestamp;
use crate::line::Context;
use crate::timestamp::Date;

const DAY_NANOS: i128 = 86_400 * 1_000_000_000;

/// What a date may mean, the most usual first.
#[derive(Debug, Clone, Copy)]
pub(super) enum Day {
    Full(Date),
    /// Month and day in this order or the other.
    Yearless {
        month: u32,
        day: u32,
        either: bool,
    },
    /// Day and month in an order that only use tells.
    Unordered {
        first: u32,
        second: u32,
        year: i32,
        month_first: bool,
    },
    /// Three numbers of two digits; the year is the first or the last.
    Short {
        first: u32,
        second: u32,
        third: u32,
        month_first: bool,
    },
    /// The day on which it is nearest to now.
    Nearest,
}

impl Day {
    pub(super) fn has_year(self) -> bool {
        !matches!(self, Self::Yearless { .. } | Self::Nearest)
    }

    /// The instant that is meant.
    ///
    /// An order of day, month and year that puts it within a day of now is taken for right; otherwise the
    /// usual order, unless that puts it in the future.
    pub(super) fn at(self, clock: &Clock, context: &Context) -> Option<Timestamp> {
        let full = |year, month, day| instant(Date { year, month, day }, clock, context);
        match self {
            Self::Full(date) => instant(date, clock, context),
            Self::Yearless { month, day, either } => {
                let other = either.then(|| yearless(day, month, clock, context)).flatten();
                likeliest([yearless(month, day, clock, context), other, None], false, context)
            }
            Self::Unordered { first, second, year, month_first } => {
                let (month, day) = if month_first { (first, second) } else { (second, first) };
                likeliest([full(year, month, day), full(year, day, month), None], false, context)
            }
            Self::Short { first, second, third, month_first } => {
                let (month, day) = if month_first { (first, second) } else { (second, first) };
                let (early, late) = (year_of(first, context), year_of(third, context));
                likeliest(
                    [full(early, second, third), full(late, month, day), full(late, day, month)],
                    true,
                    context,
                )
            }
            Self::Nearest => {
                let (today, _) = local(context.now, clock, context).to_civil();
                let today = today.unix_days();
                (today - 1..=today + 1)
                    .filter_map(|days| instant(Date::from_unix_days(days), clock, context))
                    .min_by_key(|time| time.unix_nanos().abs_diff(context.now.unix_nanos()))
            }
        }
    }
}

/// A year of two digits: the one of this century, unless that is to come.
pub(super) fn year_of(two_digits: u32, context: &Context) -> i32 {
    let this = context.now.to_civil().0.year;
    let year = this - this.rem_euclid(100) + two_digits as i32;
    if year > this + 1 { year - 100 } else { year }
}

fn offset(clock: &Clock, context: &Context) -> i128 {
    i128::from(clock.offset.unwrap_or(context.offset_seconds)) * 1_000_000_000
}

fn local(time: Timestamp, clock: &Clock, context: &Context) -> Timestamp {
    Timestamp::from_unix_nanos(time.unix_nanos() + offset(clock, context))
}

fn instant(date: Date, clock: &Clock, context: &Context) -> Option<Timestamp> {
    let local = Timestamp::from_civil(date, clock.hour, clock.minute, clock.second, clock.nanos)?;
    Some(Timestamp::from_unix_nanos(local.unix_nanos() - offset(clock, context)))
}

fn is_to_come(time: Timestamp, context: &Context) -> bool {
    time.unix_nanos() > context.now.unix_nanos() + DAY_NANOS
}

/// The latest year that doesn't put it more than a day after now; 29 February needs one that has it.
fn yearless(month: u32, day: u32, clock: &Clock, context: &Context) -> Option<Timestamp> {
    let next = local(context.now, clock, context).to_civil().0.year + 1;
    let years = if (month, day) == (2, 29) { 9 } else { 3 };
    (next - years + 1..=next)
        .rev()
        .filter_map(|year| instant(Date { year, month, day }, clock, context))
        .find(|time| !is_to_come(*time, context))
}

fn likeliest(candidates: [Option<Timestamp>; 3], latest_year: bool, context: &Context) -> Option<Timestamp> {
    let now = context.now.unix_nanos();
    let near = |time: &Timestamp| time.unix_nanos().abs_diff(now) <= DAY_NANOS as u128;
    let mut all = candidates.into_iter().flatten();
    if let Some(near) = all.clone().find(near) {
        return Some(near);
    }
    let mut past = all.clone().filter(|time| !is_to_come(*time, context));
    let usual = past.next();
    if !latest_year {
        return usual.or_else(|| all.next());
    }
    let later = past.fold(usual, |best, time| match best {
        Some(best) if best.to_civil().0.year >= time.to_civil().0.year => Some(best),
        _ => Some(time),
    });
    later.or_else(|| all.next())
}
