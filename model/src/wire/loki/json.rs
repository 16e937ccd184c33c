//! `{"streams": [{"stream": {…}, "values": [["<nanoseconds>", "<line>", {…}], …]}]}`

use std::borrow::Cow;

use super::lines::{Line, Lines};
use crate::entry::Rejection;
use crate::json::Kind;
use crate::vocabulary::time;
use crate::wire::Unreadable;
use crate::wire::cursor::Cursor;

pub(super) fn read<'a>(text: &'a str, lines: &mut Lines<'a, '_>) -> Result<(), Unreadable> {
    if text.trim_ascii().is_empty() {
        return Ok(());
    }
    let mut request = Cursor::new(text);
    if !request.enter(Kind::Object)? {
        return Err(Unreadable::Malformed("the body is no JSON object with \"streams\"".to_owned()));
    }
    while let Some(key) = request.key()? {
        if key != "streams" {
            request.skip()?;
        } else if request.enter(Kind::Array)? {
            while request.element()? {
                stream(&mut request, lines)?;
            }
        }
    }
    Ok(request.finish()?)
}

fn stream<'a>(cursor: &mut Cursor<'a>, lines: &mut Lines<'a, '_>) -> Result<(), Unreadable> {
    lines.labels.clear();
    if !cursor.enter(Kind::Object)? {
        return Ok(());
    }
    let (mut labelled, mut early) = (false, None);
    while let Some(key) = cursor.key()? {
        match &*key {
            "stream" if !labelled => {
                labelled = true;
                pairs(cursor, |name, text| lines.labels.add(name, text))?;
                lines.labels.settle();
            }
            // Lines are read as they come where their labels are known.
            "values" if labelled => values(cursor, lines)?,
            "values" => early = Some(cursor.skip()?),
            _ => drop(cursor.skip()?),
        }
    }
    match early {
        Some(text) => values(&mut Cursor::new(text), lines),
        None => Ok(()),
    }
}

/// Hands on the members of an object as text.
fn pairs<'a>(
    cursor: &mut Cursor<'a>,
    mut take: impl FnMut(Cow<'a, str>, Cow<'a, str>),
) -> Result<(), crate::json::Fault> {
    if cursor.enter(Kind::Object)? {
        while let Some(name) = cursor.key()? {
            take(name, cursor.text_or_json()?);
        }
    }
    Ok(())
}

fn values<'a>(cursor: &mut Cursor<'a>, lines: &mut Lines<'a, '_>) -> Result<(), Unreadable> {
    if !cursor.enter(Kind::Array)? {
        return Ok(());
    }
    while cursor.element()? {
        let (mut moment, mut text, mut metadata) = (Cow::Borrowed(""), None, "");
        if cursor.enter(Kind::Array)? {
            for place in 0.. {
                if !cursor.element()? {
                    break;
                }
                match place {
                    0 => moment = cursor.text_or_json()?,
                    1 => text = Some(cursor.text_or_json()?),
                    2 => metadata = cursor.skip()?,
                    _ => drop(cursor.skip()?),
                }
            }
        }
        let line = line(&moment, text, metadata.len());
        lines.take(line, |extra| {
            if metadata.is_empty() {
                return Ok(());
            }
            Ok(pairs(&mut Cursor::new(metadata), |name, text| extra.add(name, text))?)
        })?;
    }
    Ok(())
}

fn line<'a>(moment: &str, text: Option<Cow<'a, str>>, metadata_bytes: usize) -> Result<Line<'a>, Rejection> {
    let text = text.ok_or_else(|| {
        Rejection::whole(
            "a value must be an array of a time, a line, and structured metadata where there is any",
        )
    })?;
    let time = time::read(moment);
    if time.is_none() && !matches!(moment, "" | "0") {
        let found = crate::json::string::cut(moment, 64);
        let reason = format!(
            "a time is a count of nanoseconds since 1970 such as \"1700000000000000000\", found {found:?}"
        );
        return Err(Rejection::field("timestamp", reason));
    }
    Ok(Line { time, text, metadata_bytes })
}
