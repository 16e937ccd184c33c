//! Protocols that are not spoken by requests: over a connection, frame by frame, or by datagrams.

use core::net::IpAddr;

use super::{Full, Sink};

/// What one connection has agreed on so far, and how its bytes are read. It is cloned before each read, so that a read whose
/// entries found no room in the log can be repeated with the same bytes.
pub trait Session: Clone + Send + 'static {
    /// Reads as many whole frames as `bytes` begin with, at least one where there is one, and hands their entries to the sink. It
    /// ends behind the frame at which [`Sink::enough`] holds.
    ///
    /// Numbers of entries begin at 1 in each call. Bytes that are not consumed come again, with more behind them. Of an error
    /// nothing is kept: where frames were read before it, the step ends with them, and the next call returns the error.
    fn read(&mut self, bytes: &[u8], sink: &mut dyn Sink) -> Result<Step, Broken>;

    /// The client has closed its side: what is left of a frame, which is handed over where the protocol allows to. It is called
    /// until it consumes all, or nothing.
    fn end(&mut self, rest: &[u8], sink: &mut dyn Sink) -> Result<Step, Broken>;

    /// A frame was begun and did not go on for as long as frames may pause, or will not go on because the server ends. A
    /// protocol whose frames need no end hands over what there is.
    fn stalled(&mut self, rest: &[u8], sink: &mut dyn Sink) -> Result<Step, Broken> {
        let _ = sink;
        Err(Broken::Protocol(format!(
            "a frame was begun and not completed in time, after {} bytes",
            rest.len()
        )))
    }

    /// Whether the client has said who it is, where it has to.
    fn is_admitted(&self) -> bool {
        true
    }

    /// What the server says first.
    fn greeting(&mut self) -> Vec<u8> {
        Vec::new()
    }
}

/// A protocol of which each datagram is read alone, or with those that came before it.
pub trait Datagrams: Send + 'static {
    /// Hands the entries of a datagram over, if it completes any; their numbers begin at `first`. Returns the number behind the
    /// last.
    fn read(&mut self, datagram: &[u8], peer: IpAddr, first: u64, sink: &mut dyn Sink) -> Result<u64, Full>;
}

/// What a read came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Step {
    /// How many bytes were read; 0 where the first frame is not whole.
    pub consumed: usize,
    /// How many bytes the first frame that is not whole still needs, at least; 0 where that is not known. No earlier
    /// is `read` called again.
    pub missing: usize,
    /// What to answer now.
    pub reply: Vec<u8>,
    /// What to answer once the entries handed over are on disk.
    pub acknowledge: Vec<u8>,
    /// Whether the connection ends behind the answers.
    pub close: bool,
}

/// Why a connection cannot go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// The bytes are not of this protocol, or claim more than is allowed: what is wrong.
    #[error("{0}")]
    Protocol(String),
    /// Memory for what is under way is taken by others.
    #[error("requests under way take all the memory there is for them")]
    Full,
}

impl From<Full> for Broken {
    fn from(_: Full) -> Self {
        Self::Full
    }
}
