use logpipeline_model::Document;
use logpipeline_model::query::{Clause, Expr, Field, Matcher, Query, Test, TimeRange};

use super::Bitmap;
use crate::block::TimeSpan;
use crate::entry::Place;
use crate::error::Result;
use crate::read::Reader;

/// What a search knows of the rows of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Rows that match.
    pub sure: Bitmap,
    /// Candidates: rows of which only the entry itself tells. None of them is in `sure`.
    pub maybe: Bitmap,
}

impl Found {
    pub(super) fn sure(sure: Bitmap, rows: usize) -> Self {
        Self { sure, maybe: Bitmap::none(rows) }
    }

    fn and(&mut self, other: &Self) {
        let mut possible = self.possible();
        possible.intersect(&other.possible());
        self.sure.intersect(&other.sure);
        possible.subtract(&self.sure);
        self.maybe = possible;
    }

    pub(super) fn or(&mut self, other: &Self) {
        self.sure.unite(&other.sure);
        self.maybe.unite(&other.maybe);
        self.maybe.subtract(&self.sure);
    }

    fn not(&mut self) {
        self.sure = self.possible();
        self.sure.invert();
    }

    fn possible(&self) -> Bitmap {
        let mut possible = self.sure.clone();
        possible.unite(&self.maybe);
        possible
    }
}

impl Reader<'_> {
    /// The rows that a query finds, and the candidates that [`Reader::settle`] decides. What is no entry at all is never
    /// found.
    pub fn find(&self, query: &Query) -> Result<Found> {
        let mut found = self.expression(&query.expr)?;
        self.each_whole(&mut |row, stored| {
            if Document::parse(stored).is_err() {
                found.sure.remove(row);
            }
        })?;
        Ok(found)
    }

    /// Rebuilds the candidates and tests them with the plain matcher: what is left is sure.
    pub fn settle(&self, query: &Query, found: &mut Found) -> Result<()> {
        let matcher = Matcher::new(query);
        let mut stored = Vec::new();
        for row in found.maybe.iter() {
            stored.clear();
            self.write(row as u32, &mut stored)?;
            if Document::parse(&stored).is_ok_and(|document| matcher.matches(&document)) {
                found.sure.add(row);
            }
        }
        found.maybe = Bitmap::none(self.rows());
        Ok(())
    }

    pub(super) fn rows(&self) -> usize {
        self.block.directory.rows
    }

    fn expression(&self, expression: &Expr) -> Result<Found> {
        Ok(match expression {
            Expr::All => Found::sure(Bitmap::all(self.rows()), self.rows()),
            Expr::And(parts) => {
                let mut found = Found::sure(Bitmap::all(self.rows()), self.rows());
                for part in parts {
                    found.and(&self.expression(part)?);
                    if found.sure.is_empty() && found.maybe.is_empty() {
                        break;
                    }
                }
                found
            }
            Expr::Or(parts) => {
                let mut found = Found::sure(Bitmap::none(self.rows()), self.rows());
                for part in parts {
                    found.or(&self.expression(part)?);
                }
                found
            }
            Expr::Not(part) => {
                let mut found = self.expression(part)?;
                found.not();
                found
            }
            Expr::Clause(clause) => self.clause(clause)?,
        })
    }

    /// The rows that one clause finds.
    pub fn clause(&self, clause: &Clause) -> Result<Found> {
        let mut found = match (&clause.field, &clause.test) {
            (_, Test::Exists) => Found::sure(self.existing(&clause.field), self.rows()),
            (Field::Timestamp | Field::ReceivedAt, Test::Time(range)) => {
                Found::sure(self.times(&clause.field, *range)?, self.rows())
            }
            (Field::Message, _) => self.message(clause)?,
            (Field::Id, _) => Found::sure(self.by_id(clause)?, self.rows()),
            _ => Found::sure(self.values(clause)?, self.rows()),
        };
        self.whole(clause, &mut found)?;
        Ok(found)
    }

    /// Corrects what is known of entries that were kept as they are: they are read.
    fn whole(&self, clause: &Clause, found: &mut Found) -> Result<()> {
        let matcher = Matcher::new(&Query { expr: Expr::Clause(clause.clone()) });
        self.each_whole(&mut |row, stored| {
            found.maybe.remove(row);
            if Document::parse(stored).is_ok_and(|document| matcher.matches(&document)) {
                found.sure.add(row);
            } else {
                found.sure.remove(row);
            }
        })
    }

    /// Gives each entry that was kept as it is to `each`.
    fn each_whole(&self, each: &mut dyn FnMut(usize, &[u8])) -> Result<()> {
        let keys = &self.block.directory.keys;
        let Some(number) = keys.iter().position(|key| key.place == Place::Whole) else { return Ok(()) };
        if self.block.directory.columns.get(number).is_none_or(|(_, rows)| *rows == 0) {
            return Ok(());
        }
        let values = self.column(number as u32)?;
        let mut scratch = Vec::new();
        for (row, index) in self.rows_of(number as u32).flatten() {
            each(row, values.get(index, &mut scratch));
        }
        Ok(())
    }

    /// For each group that has a column: its rows, each with the position of its value in the column.
    pub(super) fn rows_of(
        &self,
        column: u32,
    ) -> impl Iterator<Item = std::iter::Zip<std::ops::Range<usize>, std::ops::RangeFrom<usize>>> {
        let mut there = 0usize;
        self.block.directory.groups.iter().filter_map(move |group| {
            if !self.has(group, column) {
                return None;
            }
            let first = there;
            there += group.rows as usize;
            Some((group.start as usize..(group.start + group.rows) as usize).zip(first..))
        })
    }

    fn existing(&self, field: &Field) -> Bitmap {
        let directory = &self.block.directory;
        if let Field::Id | Field::Message | Field::Timestamp | Field::ReceivedAt = field {
            return Bitmap::all(self.rows());
        }
        let has = |place: &Place| match (place, field) {
            (Place::Field(Field::Metadata(path)), Field::Metadata(wanted)) => {
                wanted.is_empty()
                    || path
                        .strip_prefix(wanted.as_str())
                        .is_some_and(|below| below.is_empty() || below.starts_with('.'))
            }
            (Place::Field(place), field) => place == field,
            _ => false,
        };
        let wanted: Vec<bool> = directory.keys.iter().map(|key| has(&key.place)).collect();
        let mut rows = Bitmap::none(self.rows());
        for group in &directory.groups {
            let skeleton = directory.skeletons.get(group.skeleton as usize);
            let mut columns = skeleton.into_iter().flat_map(|skeleton| skeleton.columns());
            if columns.any(|column| wanted.get(column as usize) == Some(&true)) {
                rows.add_range(group.start as usize, (group.start + group.rows) as usize);
            }
        }
        rows
    }

    fn times(&self, field: &Field, range: TimeRange) -> Result<Bitmap> {
        let receipts = *field == Field::ReceivedAt;
        let TimeSpan { first, last } = if receipts { self.block.receipts() } else { self.block.timestamps() };
        if range.contains(first) && range.contains(last) {
            return Ok(Bitmap::all(self.rows()));
        }
        let mut rows = Bitmap::none(self.rows());
        if range.last < first || range.first > last {
            return Ok(rows);
        }
        let directory = &self.block.directory;
        let (base, offsets) = if receipts {
            (directory.receipts.base, self.receipt_offsets()?)
        } else {
            (directory.timestamps.base, self.timestamp_offsets()?)
        };
        let (first, last) = (range.first.unix_nanos() - base, range.last.unix_nanos() - base);
        let bound = |nanos: i128| nanos.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64;
        let (first, last) = (bound(first), bound(last));
        for (row, arrival) in self.arrivals()?.iter().enumerate() {
            if offsets.get(*arrival as usize).is_some_and(|offset| (first..=last).contains(offset)) {
                rows.add(row);
            }
        }
        Ok(rows)
    }

    fn by_id(&self, clause: &Clause) -> Result<Bitmap> {
        let mut rows = Bitmap::none(self.rows());
        if let Test::Equals { text, .. } = &clause.test
            && let Ok(id) = text.parse()
            && !self.block.may_have_id(id)?
        {
            return Ok(rows);
        }
        let ids = self.ids()?;
        let matcher = Matcher::new(&Query { expr: Expr::Clause(clause.clone()) });
        let mut document = super::values::empty_document();
        for (row, arrival) in self.arrivals()?.iter().enumerate() {
            if let Some(id) = ids.get(*arrival as usize) {
                document.id = *id;
                if matcher.matches(&document) {
                    rows.add(row);
                }
            }
        }
        Ok(rows)
    }
}
