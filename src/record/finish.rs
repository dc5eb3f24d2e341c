//! The last words of a trace, written when its writer is gone.

use recorder::{
    reader,
    wire::{COMMITTED_AT, HEADER, Record},
};
use std::{
    fs::OpenOptions,
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
};

/// Appends how the run ended. `Ok(false)` if the file holds no record: nothing was recorded then.
pub(super) fn finish(trace: &Path, status: i32) -> io::Result<bool> {
    let mut file = OpenOptions::new().read(true).write(true).open(trace)?;
    let mut header = Vec::new();
    Read::by_ref(&mut file)
        .take(HEADER as u64)
        .read_to_end(&mut header)?;
    let known = reader::committed(&header).is_ok() && header.len() == HEADER;
    let promised = header.get(COMMITTED_AT..COMMITTED_AT + 8);
    let promised = promised
        .and_then(|it| it.try_into().ok())
        .map_or(0, u64::from_le_bytes);
    if !known || promised == 0 {
        return Ok(false);
    }
    let there = file.metadata()?.len().saturating_sub(HEADER as u64);
    let committed = promised.min(there);
    let mut last = Vec::new();
    Record::End(i64::from(status)).write(&mut last);
    // Behind the committed length first, so that a reader of the file never sees half a record.
    file.seek(SeekFrom::Start(HEADER as u64 + committed))?;
    match file.write_all(&last) {
        // What was recorded is there all the same; that it ended, and how, is not.
        Err(error) if is_full(&error) => return Ok(true),
        done => done?,
    }
    let committed = committed + last.len() as u64;
    file.set_len(HEADER as u64 + committed)?;
    file.seek(SeekFrom::Start(COMMITTED_AT as u64))?;
    file.write_all(&committed.to_le_bytes())?;
    Ok(true)
}

/// Whether there is no room for more on the disk, or for this file.
fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | FileTooLarge | QuotaExceeded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use recorder::wire::{MAGIC, VERSION};
    use std::fs;

    /// A trace whose header promises `promised` bytes and which holds `rest`.
    fn file(promised: u64, rest: &[u8]) -> tempfile::NamedTempFile {
        let mut res = vec![0; HEADER];
        res[..8].copy_from_slice(&MAGIC);
        res[8..10].copy_from_slice(&VERSION.to_le_bytes());
        res[COMMITTED_AT..COMMITTED_AT + 8].copy_from_slice(&promised.to_le_bytes());
        res.extend_from_slice(rest);
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&res).unwrap();
        file
    }

    fn records(path: &Path) -> Vec<Record> {
        let bytes = fs::read(path).unwrap();
        let records = reader::committed(&bytes).unwrap();
        let mut reader = reader::Reader::default();
        std::iter::from_fn(|| reader.next(records)).collect()
    }

    #[test]
    fn the_end_follows_the_last_whole_record() {
        let mut bytes = Vec::new();
        Record::Note("kept".into()).write(&mut bytes);
        let whole = bytes.len() as u64;
        bytes.extend_from_slice(b"torn record");
        let file = file(whole, &bytes);
        assert!(finish(file.path(), 137).unwrap());
        let expected = [Record::Note("kept".into()), Record::End(137)];
        assert_eq!(records(file.path()), expected);
    }

    #[test]
    fn an_empty_trace_is_no_recording() {
        assert!(!finish(file(0, b"").path(), 0).unwrap());
        assert!(!finish(tempfile::NamedTempFile::new().unwrap().path(), 0).unwrap());
    }
}
