//! Attention of queries over what is remembered: no scores are moved, no operation waits for another.
//!
//! A query's result depends on itself and on what it sees alone, to the bit, however many are asked at a time.

use std::ops::{Deref, Range};
use std::sync::OnceLock;

use candle_core::utils::barrier_pool;
use candle_core::{DType, Device, Layout, Result, Storage, Tensor};

use self::together::{Stretch, UNIT, mixed};
use super::tile::{THREADS, can};

pub(super) use lanes::exp;

mod lanes;
mod together;

/// Queries that look at keys and values together: as many as find their own numbers, and what they make of
/// them, near when the next positions come.
const TOGETHER: usize = 32;

/// A tensor's numbers while nobody writes them.
struct Numbers<'a, S> {
    storage: S,
    layout: &'a Layout,
}

impl<S: Deref<Target = Storage>> Numbers<'_, S> {
    /// `length` numbers that lie together, from that at `place`, an index in each of the first dimensions.
    fn from(&self, place: &[usize], length: usize) -> Option<&[f32]> {
        let Storage::Cpu(storage) = &*self.storage else {
            return None;
        };
        let strides = self.layout.stride().iter().zip(place);
        let start = self.layout.start_offset() + strides.map(|(a, b)| a * b).sum::<usize>();
        storage.as_slice::<f32>().ok()?.get(start..start + length)
    }
}

/// The numbers of `of`.
fn numbers(of: &Tensor) -> Numbers<'_, impl Deref<Target = Storage>> {
    let (storage, layout) = of.storage_and_layout();
    Numbers { storage, layout }
}

/// Whether a tensor's rows, along the last dimension, can be read one behind the other, and in registers.
fn readable(of: &Tensor) -> bool {
    let dims = of.dims();
    let strides = of.stride();
    let ends = matches!(
        (dims, strides),
        ([.., wide], [.., row, 1]) if row == wide && wide.is_multiple_of(UNIT)
    );
    of.device().is_cpu() && of.dtype() == DType::F32 && ends
}

/// `queries [heads, tokens, width]`, of which the last token sees all of `keys` and `values`
/// `[kv_heads, positions, width]`, and each before it one position less: `[tokens, heads * width]`. None
/// where products of matrices are to do it.
pub(super) fn of_tokens(
    queries: &Tensor,
    keys: &Tensor,
    values: &Tensor,
    scale: f32,
) -> Result<Option<Tensor>> {
    let (heads, tokens, width) = queries.dims3()?;
    let (shared, positions, _) = keys.dims3()?;
    if !(can() && [queries, keys, values].into_iter().all(readable)) {
        return Ok(None);
    }
    let group = heads / shared;
    let before = positions - tokens;
    let (queries, keys, values) = (numbers(queries), numbers(keys), numbers(values));
    each(tokens, shared, (group, width), |range, head| {
        let mut asked = Vec::with_capacity(range.len() * group * width);
        for token in range.clone() {
            for query in head * group..(head + 1) * group {
                asked.extend_from_slice(queries.from(&[query, token], width)?);
            }
        }
        let stretch = |seen: Range<usize>, first: usize| {
            Some(Stretch {
                keys: keys.from(&[head, seen.start], seen.len() * width)?,
                values: values.from(&[head, seen.start], seen.len() * width)?,
                at: seen.start,
                queries: first * group..range.len() * group,
            })
        };
        // What all see; then each token's own position, which those before it do not see.
        let common = before + range.start + 1;
        let mut stretches = vec![stretch(0..common, 0)?];
        for (earlier, at) in (common..before + range.end).enumerate() {
            stretches.push(stretch(at..at + 1, earlier + 1)?);
        }
        Some(mixed(&asked, width, &stretches, scale))
    })
}

/// `queries [rows, heads, 1, width]`, each of which sees all of `common`, keys and values
/// `[kv_heads, positions, width]`, and then its row of `own [rows, kv_heads, positions, width]`:
/// `[rows, heads * width]`. None where products of matrices are to do it.
pub(super) fn of_rows(
    queries: &Tensor,
    common: [&Tensor; 2],
    own: [&Tensor; 2],
    scale: f32,
) -> Result<Option<Tensor>> {
    let (rows, heads, _, width) = queries.dims4()?;
    let (shared, before, _) = common[0].dims3()?;
    let after = own[0].dim(2)?;
    let all = [queries, common[0], common[1], own[0], own[1]];
    if !(can() && all.into_iter().all(readable)) {
        return Ok(None);
    }
    let group = heads / shared;
    let (queries, common, own) = (numbers(queries), common.map(numbers), own.map(numbers));
    each(rows, shared, (group, width), |range, head| {
        let mut asked = Vec::with_capacity(range.len() * group * width);
        for row in range.clone() {
            asked.extend_from_slice(queries.from(&[row, head * group], group * width)?);
        }
        let mut stretches = vec![Stretch {
            keys: common[0].from(&[head], before * width)?,
            values: common[1].from(&[head], before * width)?,
            at: 0,
            queries: 0..range.len() * group,
        }];
        for (at, row) in range.enumerate() {
            stretches.push(Stretch {
                keys: own[0].from(&[row, head], after * width)?,
                values: own[1].from(&[row, head], after * width)?,
                at: before,
                queries: at * group..(at + 1) * group,
            });
        }
        Some(mixed(&asked, width, &stretches, scale))
    })
}

/// `[rows, heads * group * width]`, from what `of` makes of some of the rows and a head that a group shares,
/// `[rows][group][width]`, on all threads. None where it once makes nothing.
fn each(
    rows: usize,
    heads: usize,
    (group, width): (usize, usize),
    of: impl Fn(Range<usize>, usize) -> Option<Vec<f32>> + Sync,
) -> Result<Option<Tensor>> {
    // Fewer at a time than would do only where a thread would have nothing to do.
    let most = (TOGETHER / group)
        .min(rows / THREADS.div_ceil(heads))
        .max(1);
    let parts = rows.div_ceil(most);
    let of_unit = |unit: usize| {
        let (head, first) = (unit / parts, unit % parts * most);
        (first..rows.min(first + most), head)
    };
    let places: Vec<OnceLock<Option<Vec<f32>>>> =
        (0..heads * parts).map(|_| OnceLock::new()).collect();
    barrier_pool().execute_chunked(places.len(), |units| {
        for unit in units {
            let (range, head) = of_unit(unit);
            places[unit].get_or_init(|| of(range, head));
        }
    });
    let row_of_head = group * width;
    let mut res = vec![0.0; rows * heads * row_of_head];
    for (unit, place) in places.into_iter().enumerate() {
        let Some(found) = place.into_inner().flatten() else {
            return Ok(None);
        };
        let (range, head) = of_unit(unit);
        for (row, found) in range.zip(found.chunks_exact(row_of_head)) {
            res[(row * heads + head) * row_of_head..][..row_of_head].copy_from_slice(found);
        }
    }
    Tensor::from_vec(res, (rows, heads * row_of_head), &Device::Cpu).map(Some)
}

#[cfg(test)]
mod tests;
