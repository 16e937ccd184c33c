//! Numbers and times whose text is told by their value.

use logpipeline_model::Timestamp;

use super::Packed;
use crate::error::{Error, Result};
use crate::span::Values;
use crate::wire::Input;

/// How a number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Without leading zeros.
    Whole,
    /// With zeros in front, so many digits.
    Padded(u8),
    /// With so many digits behind the point.
    Decimal(u8),
    /// The same without zeros at the end, and without a point where nothing is behind it.
    Trimmed(u8),
    /// RFC 3339 in UTC, as few digits as it needs; the number is nanoseconds since 1970.
    Time,
}

const MOST_DIGITS: u8 = 18;
const POWERS: [u64; 19] = {
    let mut powers = [1; 19];
    let mut at = 1;
    while at < 19 {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

/// Values as numbers, where all of them can be written in one form.
pub(super) fn numbers(values: Values<'_>) -> Option<(Form, Vec<i64>)> {
    let first = values.iter().next()?;
    if !first.first()?.is_ascii_digit() && first.first() != Some(&b'-') {
        return None;
    }
    if first.len() >= 20 && first.get(10) == Some(&b'T') {
        return all(values, Form::Time);
    }
    if !first.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.')) {
        return None;
    }
    if let Some(whole) = all(values, Form::Whole) {
        return Some(whole);
    }
    if let Ok(length) = u8::try_from(first.len())
        && (2..=MOST_DIGITS).contains(&length)
        && let Some(padded) = all(values, Form::Padded(length))
    {
        return Some(padded);
    }
    let mut most = 0;
    let mut same = true;
    let mut digits = None;
    for value in values.iter() {
        let behind = memchr::memchr(b'.', value).map_or(0, |at| value.len() - at - 1);
        if value.len() > 20 || value.is_empty() {
            return None;
        }
        same &= *digits.get_or_insert(behind) == behind;
        most = most.max(behind);
    }
    let most = u8::try_from(most).ok().filter(|most| (1..=MOST_DIGITS).contains(most))?;
    all(values, if same { Form::Decimal(most) } else { Form::Trimmed(most) })
}

fn all(values: Values<'_>, form: Form) -> Option<(Form, Vec<i64>)> {
    let numbers: Option<Vec<i64>> = values.iter().map(|value| form.parse(value)).collect();
    numbers.map(|numbers| (form, numbers))
}

impl Form {
    /// The number that is written as `text` in this form, and in no other way.
    #[inline]
    pub(crate) fn parse(self, text: &[u8]) -> Option<i64> {
        match self {
            Self::Whole => whole(text),
            Self::Padded(length) => {
                if text.len() != usize::from(length) {
                    return None;
                }
                digits(text)
            }
            Self::Decimal(scale) => {
                let (negative, text) = sign(text);
                let point = text.len().checked_sub(usize::from(scale) + 1)?;
                if text.get(point) != Some(&b'.') {
                    return None;
                }
                scaled(negative, &text[..point], &text[point + 1..], scale)
            }
            Self::Trimmed(scale) => {
                let (negative, text) = sign(text);
                match memchr::memchr(b'.', text) {
                    None => scaled(negative, text, &[], scale),
                    Some(point) => {
                        let behind = &text[point + 1..];
                        if behind.len() > usize::from(scale) || matches!(behind.last(), None | Some(b'0')) {
                            return None;
                        }
                        scaled(negative, &text[..point], behind, scale)
                    }
                }
            }
            Self::Time => {
                let time = Timestamp::parse_rfc3339(text)?;
                let mut written = Vec::with_capacity(30);
                time.write_rfc3339(&mut written);
                if written != text {
                    return None;
                }
                i64::try_from(time.unix_nanos()).ok()
            }
        }
    }

    /// Writes a number in this form.
    pub(crate) fn write(self, value: i64, out: &mut Vec<u8>) {
        match self {
            Self::Whole => write_whole(value < 0, value.unsigned_abs(), 1, out),
            Self::Padded(length) => write_whole(value < 0, value.unsigned_abs(), usize::from(length), out),
            Self::Decimal(scale) | Self::Trimmed(scale) => {
                let one = POWERS[usize::from(scale.min(MOST_DIGITS))];
                let value_digits = value.unsigned_abs();
                write_whole(value < 0, value_digits / one, 1, out);
                let (mut behind, mut length) = (value_digits % one, usize::from(scale));
                if let Self::Trimmed(_) = self {
                    if behind == 0 {
                        return;
                    }
                    while behind.is_multiple_of(10) {
                        behind /= 10;
                        length -= 1;
                    }
                }
                out.push(b'.');
                write_whole(false, behind, length, out);
            }
            Self::Time => Timestamp::from_unix_nanos(i128::from(value)).write_rfc3339(out),
        }
    }

    /// The value of the number 1 of this form, as a decimal exponent; `None` for times.
    pub(crate) fn scale(self) -> Option<u8> {
        match self {
            Self::Whole | Self::Padded(_) => Some(0),
            Self::Decimal(scale) | Self::Trimmed(scale) => Some(scale),
            Self::Time => None,
        }
    }

    pub(super) fn put(self, out: &mut Vec<u8>) {
        let (code, digits) = match self {
            Self::Whole => (0, 0),
            Self::Padded(digits) => (1, digits),
            Self::Decimal(digits) => (2, digits),
            Self::Trimmed(digits) => (3, digits),
            Self::Time => (4, 0),
        };
        out.push(code << 5 | digits);
    }

    pub(super) fn take(input: &mut Input<'_>) -> Result<Self> {
        let code = input.byte()?;
        let digits = code & 0x1f;
        if digits > MOST_DIGITS {
            return Err(Error::Damaged("a number has too many digits"));
        }
        Ok(match code >> 5 {
            0 => Self::Whole,
            1 => Self::Padded(digits),
            2 => Self::Decimal(digits),
            3 => Self::Trimmed(digits),
            4 => Self::Time,
            _ => return Err(Error::Damaged("a column of numbers has no form")),
        })
    }
}

#[inline]
fn sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    }
}

/// Up to 18 digits.
#[inline]
fn digits(text: &[u8]) -> Option<i64> {
    if text.is_empty() || text.len() > usize::from(MOST_DIGITS) {
        return None;
    }
    let mut value = 0i64;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + i64::from(digit);
    }
    Some(value)
}

#[inline]
fn whole(text: &[u8]) -> Option<i64> {
    let (negative, unsigned) = sign(text);
    match unsigned {
        [b'0'] if !negative => return Some(0),
        [b'1'..=b'9', ..] => {}
        _ => return None,
    }
    match digits(unsigned) {
        Some(value) => Some(if negative { -value } else { value }),
        None if unsigned.len() == 19 && unsigned.iter().all(u8::is_ascii_digit) => {
            str::from_utf8(text).ok()?.parse().ok()
        }
        None => None,
    }
}

fn scaled(negative: bool, before: &[u8], behind: &[u8], scale: u8) -> Option<i64> {
    if before.len() + usize::from(scale) > usize::from(MOST_DIGITS) || before.len() > 1 && before[0] == b'0' {
        return None;
    }
    let behind_value = if behind.is_empty() { 0 } else { digits(behind)? };
    let missing = POWERS[usize::from(scale) - behind.len()] as i64;
    let value = digits(before)? * POWERS[usize::from(scale)] as i64 + behind_value * missing;
    match (negative, value) {
        (true, 0) => None,
        (true, value) => Some(-value),
        (false, value) => Some(value),
    }
}

#[inline]
fn write_whole(negative: bool, mut value: u64, length: usize, out: &mut Vec<u8>) {
    let mut text = [b'0'; 32];
    let mut at = text.len();
    while value > 0 {
        at -= 1;
        text[at] = b'0' + (value % 10) as u8;
        value /= 10;
    }
    at = at.min(text.len() - length.min(text.len()));
    if negative {
        out.push(b'-');
    }
    out.extend_from_slice(&text[at..]);
}

/// Numbers, read.
#[derive(Debug)]
pub(crate) struct Numbers {
    pub(crate) form: Form,
    pub(crate) values: Vec<i64>,
}

/// Numbers as the directory describes them.
#[derive(Debug)]
pub(crate) struct NumbersPlan {
    pub(crate) form: Form,
    pub(crate) packed: Packed,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn forms() -> impl Strategy<Value = Form> {
        prop_oneof![
            Just(Form::Whole),
            (1..=18u8).prop_map(Form::Padded),
            (1..=18u8).prop_map(Form::Decimal),
            (1..=18u8).prop_map(Form::Trimmed),
            Just(Form::Time),
        ]
    }

    proptest! {
        #[test]
        fn what_a_form_parses_it_writes_again(form in forms(), text in "-?[0-9]{0,20}(\\.[0-9]{0,18})?|-?0\\.0{0,5}[1-9]?|[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?Z") {
            if let Some(value) = form.parse(text.as_bytes()) {
                let mut out = Vec::new();
                form.write(value, &mut out);
                prop_assert_eq!(String::from_utf8(out).unwrap(), text);
            }
        }

        #[test]
        fn no_number_makes_a_form_panic(form in forms(), value: i64) {
            form.write(value, &mut Vec::new());
        }
    }

    #[test]
    fn usual_numbers_have_a_form() {
        for (form, text, value) in [
            (Form::Whole, "0", 0),
            (Form::Whole, "-9223372036854775808", i64::MIN),
            (Form::Whole, "1764547200000000000", 1_764_547_200_000_000_000),
            (Form::Padded(4), "0042", 42),
            (Form::Decimal(3), "-0.250", -250),
            (Form::Trimmed(3), "0.25", 250),
            (Form::Trimmed(3), "7", 7_000),
            (Form::Time, "1970-01-01T00:00:00.001Z", 1_000_000),
        ] {
            assert_eq!(form.parse(text.as_bytes()), Some(value), "{text}");
        }
        for (form, text) in [
            (Form::Whole, "-0"),
            (Form::Whole, "007"),
            (Form::Whole, "9223372036854775808"),
            (Form::Decimal(1), "-0.0"),
            (Form::Decimal(1), "00.5"),
            (Form::Decimal(1), ".5"),
            (Form::Trimmed(2), "1.50"),
            (Form::Trimmed(2), "1."),
            (Form::Time, "1970-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(form.parse(text.as_bytes()), None, "{text}");
        }
    }
}
