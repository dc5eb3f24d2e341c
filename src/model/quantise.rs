//! 16- and 32-bit matrices → Q8_0: blocks of 32 bytes with one f16 scale each.
//!
//! On a CPU 16-bit products are many times slower than 8-bit ones, which in turn change answers hardly at
//! all. All cores work on one matrix, some rows at a time, so that the widened numbers stay small.

use candle_core::quantized::GgmlType;
use candle_core::quantized::k_quants::{BlockQ8_0, QK8_0};
use candle_core::{DType, Device, Result, Tensor};

use super::adapter::Delta;
use super::safetensors::View;

/// What is wrong with a tensor that holds such.
pub(super) const NO_NUMBERS: &str =
    "holds values that are no numbers (infinite or NaN): it is damaged; fetch it again";

/// Rows widened at a time.
const ROWS: usize = 64;

/// The matrix in `view`, whose rows are a whole number of blocks, with `delta` added. Errs with what is
/// wrong with it.
pub(super) fn rows(
    view: &View<'_>,
    delta: Option<&Delta<'_>>,
) -> std::result::Result<Vec<BlockQ8_0>, String> {
    let [rows, columns] = view.shape[..] else {
        return Err("is no matrix".to_owned());
    };
    let a_row = columns / QK8_0;
    let mut blocks = vec![BlockQ8_0::zeros(); rows * a_row];
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = rows.div_ceil(threads).max(1);
    let quantise = |first: usize, blocks: &mut [BlockQ8_0]| -> Result<bool> {
        for (number, blocks) in blocks.chunks_mut(ROWS * a_row).enumerate() {
            let (first, count) = (first + number * ROWS, blocks.len() / a_row);
            let numbers = numbers(view, columns, first, count, delta)?;
            if !numbers.iter().all(|number| number.is_finite()) {
                return Ok(false);
            }
            BlockQ8_0::from_float(&numbers, blocks);
        }
        Ok(true)
    };
    let quantise = &quantise;
    let results: Vec<Result<bool>> = std::thread::scope(|scope| {
        let parts = blocks.chunks_mut((share * a_row).max(1)).enumerate();
        let running: Vec<_> = parts
            .map(|(number, part)| scope.spawn(move || quantise(number * share, part)))
            .collect();
        let failed = || Ok(false);
        running
            .into_iter()
            .map(|it| it.join().unwrap_or_else(|_| failed()))
            .collect()
    });
    for result in results {
        match result {
            Ok(true) => {}
            Ok(false) => return Err(NO_NUMBERS.to_owned()),
            Err(error) => return Err(format!("cannot be quantised: {error}")),
        }
    }
    Ok(blocks)
}

/// `count` rows from `first` on, as f32.
fn numbers(
    view: &View<'_>,
    columns: usize,
    first: usize,
    count: usize,
    delta: Option<&Delta<'_>>,
) -> Result<Vec<f32>> {
    let a_row = columns * view.dtype.size_in_bytes();
    let bytes = &view.bytes[first * a_row..(first + count) * a_row];
    let stored = Tensor::from_raw_buffer(bytes, view.dtype, &[count, columns], &Device::Cpu)?;
    let mut numbers = stored.to_dtype(DType::F32)?;
    if let Some(delta) = delta {
        numbers = (numbers + delta.rows(first, count)?)?;
    }
    numbers.flatten_all()?.to_vec1()
}
