//! `PushRequest`, inflated. Fields come in any order, so a stream is gone through twice: for its labels, then for its lines.

use std::borrow::Cow;

use super::labels;
use super::lines::{Line, Lines};
use crate::Timestamp;
use crate::entry::Rejection;
use crate::wire::Unreadable;
use crate::wire::protobuf::{Garbled, Reader};

pub(super) fn read<'a>(message: &'a [u8], lines: &mut Lines<'a, '_>) -> Result<(), Unreadable> {
    let mut request = Reader::new(message);
    while let Some(field) = request.field()? {
        if field.number == 1 {
            stream(field.bytes()?, lines)?;
        }
    }
    Ok(())
}

fn stream<'a>(bytes: &'a [u8], lines: &mut Lines<'a, '_>) -> Result<(), Unreadable> {
    lines.labels.clear();
    let mut message = Reader::new(bytes);
    while let Some(field) = message.field()? {
        if field.number == 1 {
            let Ok(text) = str::from_utf8(field.bytes()?) else {
                lines.labels.add(Cow::Borrowed("labels"), field.text()?);
                continue;
            };
            if labels::read(text, |name, value| lines.labels.add(Cow::Borrowed(name), value)).is_none() {
                lines.labels.clear();
                lines.labels.add(Cow::Borrowed("labels"), Cow::Borrowed(text));
            }
        }
    }
    lines.labels.settle();
    let mut message = Reader::new(bytes);
    while let Some(field) = message.field()? {
        if field.number == 2 {
            let bytes = field.bytes()?;
            lines.take(line(bytes).map_err(Rejection::from), |extra| {
                let mut message = Reader::new(bytes);
                while let Some(field) = message.field()? {
                    if field.number == 3 {
                        let (name, text) = pair(field.bytes()?)?;
                        extra.add(name, text);
                    }
                }
                Ok(())
            })?;
        }
    }
    Ok(())
}

fn line(bytes: &[u8]) -> Result<Line<'_>, Garbled> {
    let mut line = Line { time: None, text: Cow::Borrowed(""), metadata_bytes: 0 };
    let mut message = Reader::new(bytes);
    while let Some(field) = message.field()? {
        match field.number {
            1 => line.time = time(field.bytes()?)?,
            2 => line.text = field.text()?,
            3 => line.metadata_bytes += field.bytes()?.len(),
            _ => {}
        }
    }
    Ok(line)
}

/// A `google.protobuf.Timestamp`; the epoch itself is what clients send that know no time.
fn time(bytes: &[u8]) -> Result<Option<Timestamp>, Garbled> {
    let (mut seconds, mut nanos) = (0, 0);
    let mut message = Reader::new(bytes);
    while let Some(field) = message.field()? {
        match field.number {
            1 => seconds = field.varint()? as i64,
            2 => nanos = field.varint()? as i64,
            _ => {}
        }
    }
    let time = i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
    Ok((time != 0).then(|| Timestamp::from_unix_nanos(time)))
}

fn pair(bytes: &[u8]) -> Result<(Cow<'_, str>, Cow<'_, str>), Garbled> {
    let (mut name, mut text) = (Cow::Borrowed(""), Cow::Borrowed(""));
    let mut message = Reader::new(bytes);
    while let Some(field) = message.field()? {
        match field.number {
            1 => name = field.text()?,
            2 => text = field.text()?,
            _ => {}
        }
    }
    Ok((name, text))
}
