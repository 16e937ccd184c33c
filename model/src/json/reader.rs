use super::nesting::Nesting;
use super::{Escapes, Fault, number, string};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Object,
    ObjectEnd,
    Array,
    ArrayEnd,
    Key,
    String,
    Number,
    True,
    False,
    Null,
}

impl Kind {
    /// How an error names a value of this kind.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Object | Self::ObjectEnd => "an object",
            Self::Array | Self::ArrayEnd => "an array",
            Self::Key | Self::String => "a string",
            Self::Number => "a number",
            Self::True | Self::False => "a boolean",
            Self::Null => "null",
        }
    }
}

/// Bytes `start..end` of the text; a key or string with its quotes.
#[derive(Debug, Clone, Copy)]
pub struct Token {
    pub kind: Kind,
    pub escapes: Escapes,
    pub start: usize,
    pub end: usize,
}

impl Token {
    /// What is between the quotes of a key or string.
    #[inline]
    pub fn inner<'a>(&self, text: &'a str) -> &'a str {
        text.get(self.start + 1..self.end - 1).unwrap_or_default()
    }
}

/// Reads one JSON value token by token and accepts what RFC 8259 does, within a depth. Whether strings
/// are UTF-8 is for the caller to check.
#[derive(Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    nesting: Nesting,
    limit: usize,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Value,
    FirstKey,
    FirstElement,
    Behind,
    Done,
}

impl<'a> Reader<'a> {
    /// Reads the value at the front of `bytes`, which may hold `limit` levels of containers.
    pub fn new(bytes: &'a [u8], limit: usize) -> Self {
        Self { bytes, at: 0, nesting: Nesting::default(), limit, state: State::Value }
    }

    /// How many containers are open.
    #[inline]
    pub fn depth(&self) -> usize {
        self.nesting.depth()
    }

    /// Behind the last token.
    #[inline]
    pub fn position(&self) -> usize {
        self.at
    }

    /// The next token; `None` once the value is complete.
    // Inlined with all it calls: returned through memory, a token is written in bytes and read in words,
    // which stalls and halves the speed.
    #[inline(always)]
    pub fn token(&mut self) -> Result<Option<Token>, Fault> {
        let byte = match self.state {
            State::Done => return Ok(None),
            _ => self.peek(),
        };
        let token = match (self.state, byte) {
            (State::FirstKey, Some(b'}')) => self.close(Kind::ObjectEnd),
            (State::FirstElement, Some(b']')) => self.close(Kind::ArrayEnd),
            (State::FirstKey, byte) => self.key(byte)?,
            (State::Behind, byte) => match (self.nesting.in_object(), byte) {
                (true, Some(b',')) => {
                    self.at += 1;
                    let byte = self.peek();
                    self.key(byte)?
                }
                (false, Some(b',')) => {
                    self.at += 1;
                    let byte = self.peek();
                    self.value(byte)?
                }
                (true, Some(b'}')) => self.close(Kind::ObjectEnd),
                (false, Some(b']')) => self.close(Kind::ArrayEnd),
                (true, _) => return Err(self.fault("',' or '}'")),
                (false, _) => return Err(self.fault("',' or ']'")),
            },
            (_, byte) => self.value(byte)?,
        };
        Ok(Some(token))
    }

    /// Checks that nothing but white space follows the value.
    pub fn finish(&mut self) -> Result<(), Fault> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.fault("the end")),
        }
    }

    /// The next byte that is not white space.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.bytes.get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                other => return other.copied(),
            }
        }
    }

    #[inline(always)]
    fn key(&mut self, byte: Option<u8>) -> Result<Token, Fault> {
        if byte != Some(b'"') {
            return Err(self.fault("a key in double quotes"));
        }
        let start = self.at;
        let (end, escapes) = string::scan(self.bytes, start + 1)?;
        self.at = end;
        if self.peek() != Some(b':') {
            return Err(self.fault("':'"));
        }
        self.at += 1;
        self.state = State::Value;
        Ok(Token { kind: Kind::Key, escapes, start, end })
    }

    #[inline(always)]
    fn value(&mut self, byte: Option<u8>) -> Result<Token, Fault> {
        let start = self.at;
        let (kind, end, escapes) = match byte {
            Some(b'"') => {
                let (end, escapes) = string::scan(self.bytes, start + 1)?;
                (Kind::String, end, escapes)
            }
            Some(b'{') => return self.open(Kind::Object),
            Some(b'[') => return self.open(Kind::Array),
            Some(b'-' | b'0'..=b'9') => (Kind::Number, number::scan(self.bytes, start)?, Escapes::None),
            Some(b't') => (Kind::True, self.word("true")?, Escapes::None),
            Some(b'f') => (Kind::False, self.word("false")?, Escapes::None),
            Some(b'n') => (Kind::Null, self.word("null")?, Escapes::None),
            _ => return Err(self.fault("a value")),
        };
        self.at = end;
        self.state = if self.depth() == 0 { State::Done } else { State::Behind };
        Ok(Token { kind, escapes, start, end })
    }

    fn word(&self, word: &'static str) -> Result<usize, Fault> {
        if self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Ok(self.at + word.len());
        }
        let wrong =
            self.bytes[self.at..].iter().zip(word.bytes()).take_while(|(byte, right)| **byte == *right);
        Err(Fault::at(self.bytes, self.at + wrong.count(), word))
    }

    #[inline(always)]
    fn open(&mut self, kind: Kind) -> Result<Token, Fault> {
        if self.depth() >= self.limit {
            return Err(Fault::Depth { offset: self.at, limit: self.limit });
        }
        let object = kind == Kind::Object;
        self.nesting.push(object);
        self.state = if object { State::FirstKey } else { State::FirstElement };
        self.at += 1;
        Ok(Token { kind, escapes: Escapes::None, start: self.at - 1, end: self.at })
    }

    #[inline(always)]
    fn close(&mut self, kind: Kind) -> Token {
        self.nesting.pop();
        self.state = if self.depth() == 0 { State::Done } else { State::Behind };
        self.at += 1;
        Token { kind, escapes: Escapes::None, start: self.at - 1, end: self.at }
    }

    #[cold]
    fn fault(&self, expected: &'static str) -> Fault {
        Fault::at(self.bytes, self.at, expected)
    }
}
