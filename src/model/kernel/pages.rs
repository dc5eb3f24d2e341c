//! Memory for what is read from end to end, again and again.

use std::io;
use std::ops::Range;

use memmap2::MmapMut;

/// What the system's large pages begin at multiples of, on the processors that there are kernels for.
const LARGE: usize = 2 << 20;

/// Bytes of its own pages, of which there are to be few: to find a page takes time, and the processor reads
/// ahead no farther than to the end of one.
pub(super) struct Pages {
    map: MmapMut,
    used: Range<usize>,
}

impl Pages {
    /// Zeros. Errs when the system has no room for them.
    pub(super) fn new(len: usize) -> io::Result<Self> {
        // Nobody touches what lies before, so it takes no memory.
        let map = MmapMut::map_anon(len + LARGE)?;
        let from = map.as_ptr().align_offset(LARGE).min(LARGE);
        #[cfg(target_os = "linux")]
        {
            // A wish: where the system has no large pages, small ones do, as they do for the rest of the last,
            // which would take a whole one otherwise.
            let whole = len / LARGE * LARGE;
            let _ = map.advise_range(memmap2::Advice::HugePage, from, whole);
        }
        Ok(Self {
            map,
            used: from..from + len,
        })
    }

    pub(super) fn get(&self) -> &[u8] {
        &self.map[self.used.clone()]
    }

    pub(super) fn get_mut(&mut self) -> &mut [u8] {
        &mut self.map[self.used.clone()]
    }
}
