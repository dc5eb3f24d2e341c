//! Quantised matrices that stay in their file: mapped into memory, read where they lie.
//!
//! What the system needs the memory for more urgently it can drop and read again, and two programs that
//! run one model share it.
#![expect(
    unsafe_code,
    reason = "mapping a file, and reading blocks of numbers from its bytes"
)]

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::marker::PhantomData;
use std::path::Path;
use std::sync::Arc;

use candle_core::quantized::k_quants::{
    self, BlockQ2K, BlockQ3K, BlockQ4_0, BlockQ4_1, BlockQ4K, BlockQ5_0, BlockQ5_1, BlockQ5K,
    BlockQ6K, BlockQ8_0,
};
use candle_core::quantized::{GgmlDType, GgmlType, QStorage, QTensor, QuantizedType};
use candle_core::{CpuStorage, Device, Result};
use memmap2::Mmap;
#[cfg(unix)]
use memmap2::UncheckedAdvice;

/// Maps a file that this program does not change.
pub(super) fn map(path: &Path) -> io::Result<Mmap> {
    let file = File::open(path)?;
    // SAFETY: the file must not be changed while it is mapped. Weights are replaced by renaming, never
    // written in place, by this program and by the tools that fetch them.
    unsafe { Mmap::map(&file) }
}

/// The matrix `[rows, columns]` of `kind` whose blocks begin at byte `start` of `map`. On a GPU it is
/// copied there. Errs when the file ends before it does.
pub(super) fn matrix(
    map: &Arc<Mmap>,
    start: usize,
    kind: GgmlDType,
    (rows, columns): (usize, usize),
    device: &Device,
) -> Result<QTensor> {
    if !columns.is_multiple_of(kind.block_size()) {
        candle_core::bail!("its rows are no whole number of blocks");
    }
    let length = rows * (columns / kind.block_size()) * kind.type_size();
    let end = start.checked_add(length).filter(|end| *end <= map.len());
    let Some(end) = end else {
        candle_core::bail!("the file ends before it does");
    };
    let storage = match (device.is_cpu(), kind) {
        (true, GgmlDType::Q4_0) => Blocks::<BlockQ4_0>::boxed(map, start, length),
        (true, GgmlDType::Q4_1) => Blocks::<BlockQ4_1>::boxed(map, start, length),
        (true, GgmlDType::Q5_0) => Blocks::<BlockQ5_0>::boxed(map, start, length),
        (true, GgmlDType::Q5_1) => Blocks::<BlockQ5_1>::boxed(map, start, length),
        (true, GgmlDType::Q8_0) => Blocks::<BlockQ8_0>::boxed(map, start, length),
        (true, GgmlDType::Q2K) => Blocks::<BlockQ2K>::boxed(map, start, length),
        (true, GgmlDType::Q3K) => Blocks::<BlockQ3K>::boxed(map, start, length),
        (true, GgmlDType::Q4K) => Blocks::<BlockQ4K>::boxed(map, start, length),
        (true, GgmlDType::Q5K) => Blocks::<BlockQ5K>::boxed(map, start, length),
        (true, GgmlDType::Q6K) => Blocks::<BlockQ6K>::boxed(map, start, length),
        (_, other) => QStorage::from_data(Cow::Borrowed(&map[start..end]), device, other)?,
    };
    QTensor::new(storage, (rows, columns))
}

/// Blocks of one kind inside a mapped file.
struct Blocks<B> {
    map: Arc<Mmap>,
    /// Bytes. Invariant: `start + count * size_of::<B>() <= map.len()`, and `start` suits `B`.
    start: usize,
    count: usize,
    kind: PhantomData<fn() -> B>,
}

impl<B: GgmlType + 'static> Blocks<B> {
    /// `length` bytes from `start`, which lie inside `map`.
    fn boxed(map: &Arc<Mmap>, start: usize, length: usize) -> QStorage {
        let address = map[start..].as_ptr().addr();
        // A map begins on a page and tensors on multiples of 32; a file may still say otherwise.
        if !address.is_multiple_of(align_of::<B>()) {
            return QStorage::Cpu(B::DTYPE.from_data(Cow::Borrowed(&map[start..start + length])));
        }
        QStorage::Cpu(Box::new(Self {
            map: Arc::clone(map),
            start,
            count: length / size_of::<B>(),
            kind: PhantomData,
        }))
    }

    fn blocks(&self) -> &[B] {
        // SAFETY: inside the map and aligned, as the invariant says. Blocks are integers and f16, for
        // which any bytes are values.
        unsafe {
            let first = self.map.as_ptr().add(self.start).cast::<B>();
            std::slice::from_raw_parts(first, self.count)
        }
    }
}

impl<B> Drop for Blocks<B> {
    /// What nobody reads any more need not fill this process's memory; other processes keep theirs.
    #[cfg(unix)]
    fn drop(&mut self) {
        let length = self.count * size_of::<B>();
        // SAFETY: a file that is mapped for reading alone is read again should one touch it.
        let told = unsafe {
            self.map
                .unchecked_advise_range(UncheckedAdvice::DontNeed, self.start, length)
        };
        // It was advice.
        drop(told);
    }

    #[cfg(not(unix))]
    fn drop(&mut self) {}
}

impl<B: GgmlType + 'static> QuantizedType for Blocks<B> {
    fn dtype(&self) -> GgmlDType {
        B::DTYPE
    }

    fn matmul_t(&self, mkn: (usize, usize, usize), lhs: &[f32], dst: &mut [f32]) -> Result<()> {
        k_quants::matmul(mkn, lhs, self.blocks(), dst)
    }

    fn matmul_t_f16(
        &self,
        mkn: (usize, usize, usize),
        lhs: &[half::f16],
        dst: &mut [half::f16],
    ) -> Result<()> {
        k_quants::matmul_f16(mkn, lhs, self.blocks(), dst)
    }

    fn embedding(&self, ids: &[u32], rows: usize, hidden: usize) -> Result<CpuStorage> {
        let a_row = hidden / B::BLCK_SIZE;
        let mut found = vec![0_f32; ids.len() * hidden];
        for (id, values) in ids.iter().zip(found.chunks_exact_mut(hidden)) {
            let at = *id as usize;
            if rows <= at || self.count < rows * a_row {
                candle_core::bail!("row {at} is beyond the {rows} that there are");
            }
            B::to_float(&self.blocks()[at * a_row..(at + 1) * a_row], values);
        }
        Ok(CpuStorage::F32(found))
    }

    fn dequantize(&self, elements: usize) -> Result<CpuStorage> {
        let mut values = vec![0_f32; elements];
        B::to_float(self.blocks(), &mut values);
        Ok(CpuStorage::F32(values))
    }

    fn storage_size_in_bytes(&self) -> usize {
        self.count * size_of::<B>()
    }

    fn as_ptr(&self) -> *const u8 {
        self.blocks().as_ptr().cast()
    }

    fn block_size(&self) -> usize {
        B::BLCK_SIZE
    }

    fn from_float(&mut self, _: &[f32]) {
        unreachable!("candle quantises into matrices that it made, never into ours")
    }

    fn from_float_imatrix(&mut self, _: &[f32], _: &[f32], _: usize) {
        unreachable!("candle quantises into matrices that it made, never into ours")
    }

    fn size(&self) -> usize {
        self.storage_size_in_bytes()
    }
}
