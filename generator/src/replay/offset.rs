use std::str::FromStr;

use logpipeline_model::line::time::read_offset;

/// What a time that names no offset from UTC is taken to be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Offset(i32);

impl Offset {
    /// East of Greenwich.
    pub fn seconds(self) -> i32 {
        self.0
    }
}

/// The text is not an offset.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an offset is UTC or hours and minutes from it, such as +02:00")]
pub struct InvalidOffset;

impl FromStr for Offset {
    type Err = InvalidOffset;

    fn from_str(text: &str) -> Result<Self, InvalidOffset> {
        read_offset(&text.trim().to_ascii_uppercase()).map(Self).ok_or(InvalidOffset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_read() {
        for (text, seconds) in [("UTC", 0), (" utc ", 0), ("z", 0), ("+02:00", 7_200), ("-0730", -27_000)] {
            assert_eq!(text.parse(), Ok(Offset(seconds)), "{text}");
        }
        for text in ["", "2", "+2", "+99:00", "Europe/Berlin", "+02:00x"] {
            assert_eq!(text.parse::<Offset>(), Err(InvalidOffset), "{text}");
        }
    }
}
