//! What passes between us and the supervisor: one order, one report, each a length, a JSON head and the
//! bytes that the head counts.

use std::io::{self, Read, Write};
use std::path::PathBuf;

use super::{Limits, Tier, Verdict};

/// The longest head that is believed, in bytes.
const HEAD_MAX: u32 = 16 << 20;

/// What the supervisor is to run.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub(super) struct Order {
    /// `None` probes: the layers engage and the forbidden things are tried in place of a program.
    pub(super) program: Option<PathBuf>,
    pub(super) argv: Vec<String>,
    pub(super) tier: Tier,
    pub(super) limits: Limits,
    pub(super) given: Given,
    /// Where it lies, symbolic links resolved, and where the program is to find it.
    pub(super) read_only: Vec<(PathBuf, PathBuf)>,
    /// Paths in the box. After the head come their bytes, then those of the standard input, then the compiled
    /// system call filters, eight bytes an instruction.
    pub(super) files: Vec<PathBuf>,
}

/// What descriptors 1 and 2 of the supervisor hold at its start.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) enum Given {
    /// Nothing; the program's standard input is what comes after the files.
    #[default]
    Nothing,
    /// Descriptor 1 is to be copied to the program's standard input.
    Stdin,
    /// The program's descriptors 3 and 4; its standard input as for `Nothing`.
    Channel,
}

/// How it went.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct Report {
    pub(super) verdict: Verdict,
    pub(super) seconds: f64,
    pub(super) confinement: Vec<String>,
}

/// Writes a head and the byte strings that belong to it.
pub(super) fn send<T: serde::Serialize>(
    mut to: impl Write,
    head: &T,
    bodies: &[&[u8]],
) -> io::Result<()> {
    let head = serde_json::to_vec(&(head, bodies.iter().map(|b| b.len()).collect::<Vec<_>>()))?;
    let mut message = Vec::with_capacity(4 + head.len());
    message.extend_from_slice(&u32::try_from(head.len()).unwrap_or(u32::MAX).to_le_bytes());
    message.extend_from_slice(&head);
    to.write_all(&message)?;
    bodies.iter().try_for_each(|body| to.write_all(body))
}

/// Reads what [`send`] wrote.
pub(super) fn receive<T: serde::de::DeserializeOwned>(
    mut from: impl Read,
) -> io::Result<(T, Vec<Vec<u8>>)> {
    let mut length = [0u8; 4];
    from.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length);
    if HEAD_MAX < length {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "head too long"));
    }
    let mut head = vec![0u8; length as usize];
    from.read_exact(&mut head)?;
    let (head, lengths): (T, Vec<usize>) = serde_json::from_slice(&head)?;
    let mut bodies = Vec::with_capacity(lengths.len());
    for length in lengths {
        let mut body = Vec::new();
        if (&mut from).take(length as u64).read_to_end(&mut body)? != length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bodies.push(body);
    }
    Ok((head, bodies))
}
