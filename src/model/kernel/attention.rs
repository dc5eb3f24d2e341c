//! Attention of few queries over what is remembered: no scores are moved, no operation waits for another.
//!
//! A query's result depends on itself and on what it sees alone, to the bit, however many are asked at a time.
#![expect(
    unsafe_code,
    reason = "a call of what was compiled for a processor that was looked for"
)]

use std::ops::Deref;
use std::sync::OnceLock;

use candle_core::utils::barrier_pool;
use candle_core::{DType, Device, Layout, Result, Storage, Tensor};

use super::tile::can;

/// Tokens of one text up to which this is faster than products of matrices.
const FEW: usize = 16;

/// Numbers added up side by side.
const LANES: usize = 16;

/// Keys and values of some positions, `[positions][width]` each.
struct Part<'a> {
    keys: &'a [f32],
    values: &'a [f32],
}

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

/// Whether a tensor's rows, along the last dimension, can be read one behind the other.
fn readable(of: &Tensor) -> bool {
    let dims = of.dims();
    let strides = of.stride();
    let ends = matches!(
        (dims, strides),
        ([.., wide], [.., row, 1]) if row == wide
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
    let few = can() && tokens <= FEW && [queries, keys, values].into_iter().all(readable);
    if !few {
        return Ok(None);
    }
    let group = heads / shared;
    let (queries, keys, values) = (numbers(queries), numbers(keys), numbers(values));
    let found = each(shared * tokens, |unit| {
        let (head, token) = (unit % shared, unit / shared);
        let mut asked = Vec::with_capacity(group * width);
        for query in head * group..(head + 1) * group {
            asked.extend(queries.from(&[query, token], width)?);
        }
        let seen = (positions + 1 + token - tokens) * width;
        let part = Part {
            keys: keys.from(&[head], seen)?,
            values: values.from(&[head], seen)?,
        };
        Some(mixed(&asked, width, &[part], scale))
    });
    joined(found, (tokens, heads * width))
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
    let found = each(shared * rows, |unit| {
        let (head, row) = (unit % shared, unit / shared);
        let asked = queries.from(&[row, head * group], group * width)?;
        let parts = [
            Part {
                keys: common[0].from(&[head], before * width)?,
                values: common[1].from(&[head], before * width)?,
            },
            Part {
                keys: own[0].from(&[row, head], after * width)?,
                values: own[1].from(&[row, head], after * width)?,
            },
        ];
        Some(mixed(asked, width, &parts, scale))
    });
    joined(found, (rows, heads * width))
}

/// What `of` makes of each number below `units`, on all threads.
fn each(units: usize, of: impl Fn(usize) -> Option<Vec<f32>> + Sync) -> Option<Vec<f32>> {
    let places: Vec<OnceLock<Option<Vec<f32>>>> = (0..units).map(|_| OnceLock::new()).collect();
    barrier_pool().execute_chunked(units, |range| {
        for unit in range {
            places[unit].get_or_init(|| of(unit));
        }
    });
    let found = places.into_iter().map(|it| it.into_inner().flatten());
    found.collect::<Option<Vec<_>>>().map(|it| it.concat())
}

fn joined(found: Option<Vec<f32>>, shape: (usize, usize)) -> Result<Option<Tensor>> {
    found
        .map(|it| Tensor::from_vec(it, shape, &Device::Cpu))
        .transpose()
}

/// What `queries [group][width]` make of the parts, likewise.
fn mixed(queries: &[f32], width: usize, parts: &[Part<'_>], scale: f32) -> Vec<f32> {
    debug_assert!(can(), "no kernel for this processor");
    // SAFETY: nothing gets here unless it `can`.
    unsafe { attended(queries, width, parts, scale) }
}

#[target_feature(enable = "avx2,fma,f16c")]
fn attended(queries: &[f32], width: usize, parts: &[Part<'_>], scale: f32) -> Vec<f32> {
    let total: usize = parts.iter().map(|it| it.keys.len() / width).sum();
    let mut scores = vec![0.0; queries.len() / width * total];
    let keys = parts.iter().flat_map(|it| it.keys.chunks_exact(width));
    for (at, key) in keys.enumerate() {
        let rows = scores.chunks_exact_mut(total);
        for (query, scores) in queries.chunks_exact(width).zip(rows) {
            scores[at] = dot(query, key) * scale;
        }
    }
    for scores in scores.chunks_exact_mut(total) {
        let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut sum = 0.0;
        for score in scores.iter_mut() {
            *score = (*score - most).exp();
            sum += *score;
        }
        for share in scores {
            *share /= sum;
        }
    }
    let mut res = vec![0.0; queries.len()];
    let values = parts.iter().flat_map(|it| it.values.chunks_exact(width));
    for (at, value) in values.enumerate() {
        let rows = scores.chunks_exact(total);
        for (res, shares) in res.chunks_exact_mut(width).zip(rows) {
            let share = shares[at];
            for (res, value) in res.iter_mut().zip(value) {
                *res = share.mul_add(*value, *res);
            }
        }
    }
    res
}

#[target_feature(enable = "avx2,fma,f16c")]
#[inline]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    let (a, b) = (a.chunks(LANES), b.chunks(LANES));
    for (a, b) in a.zip(b) {
        match (<&[f32; LANES]>::try_from(a), <&[f32; LANES]>::try_from(b)) {
            (Ok(a), Ok(b)) => {
                for (at, lane) in lanes.iter_mut().enumerate() {
                    *lane = a[at].mul_add(b[at], *lane);
                }
            }
            _ => {
                for (lane, (a, b)) in lanes.iter_mut().zip(a.iter().zip(b)) {
                    *lane = a.mul_add(*b, *lane);
                }
            }
        }
    }
    let mut half = LANES / 2;
    while 0 < half {
        let (low, high) = lanes.split_at_mut(half);
        for (low, high) in low.iter_mut().zip(high) {
            *low += *high;
        }
        half /= 2;
    }
    lanes[0]
}

#[cfg(test)]
mod tests {
    use candle_nn::ops::softmax_last_dim;
    use proptest::prelude::*;

    use super::*;

    /// Numbers that seem random, `[dims]`.
    fn random(dims: &[usize], seed: u32) -> Tensor {
        let count: usize = dims.iter().product();
        let numbers: Vec<f32> = (0..count as u32)
            .map(|it| {
                let mixed = (it ^ seed).wrapping_mul(0x9e37_79b9);
                ((mixed ^ mixed >> 15) % 2000) as f32 / 500.0 - 2.0
            })
            .collect();
        Tensor::from_vec(numbers, dims, &Device::Cpu).unwrap()
    }

    /// One query `[width]` over keys and values `[positions, width]` by the book.
    fn plain(query: &Tensor, keys: &Tensor, values: &Tensor, scale: f64) -> Vec<f32> {
        let scores = keys.matmul(&query.unsqueeze(1).unwrap()).unwrap();
        let scores = (scores.t().unwrap().contiguous().unwrap() * scale).unwrap();
        let shares = softmax_last_dim(&scores).unwrap();
        let mixed = shares.matmul(values).unwrap();
        mixed.flatten_all().unwrap().to_vec1().unwrap()
    }

    fn check(found: &[f32], wanted: &[f32]) {
        for (found, wanted) in found.iter().zip(wanted) {
            assert!((found - wanted).abs() < 1e-4, "{found} for {wanted}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn tokens_see_what_is_before_them(tokens in 1..6_usize, before in 0..40_usize, shared in 1..3_usize, group in 1..4_usize, wide in 1..20_usize, seed: u32) {
            let (width, positions) = (wide * 2, before + tokens);
            let queries = random(&[shared * group, tokens, width], seed);
            // As in the cache: there is room behind what is filled.
            let [keys, values] = [1, 2].map(|it| random(&[shared, positions + 7, width], seed ^ it));
            let [keys, values] = [&keys, &values].map(|it| it.narrow(1, 0, positions).unwrap());
            let found = of_tokens(&queries, &keys, &values, 0.3).unwrap();
            prop_assume!(can());
            let found: Vec<Vec<f32>> = found.unwrap().to_vec2().unwrap();
            for (token, found) in found.iter().enumerate() {
                for head in 0..shared * group {
                    let seen = before + token + 1;
                    let of = |it: &Tensor| it.get(head / group).unwrap().narrow(0, 0, seen).unwrap();
                    let query = queries.get(head).unwrap().get(token).unwrap();
                    let wanted = plain(&query, &of(&keys), &of(&values), 0.3);
                    check(&found[head * width..][..width], &wanted);
                }
            }
        }

        #[test]
        fn rows_see_what_is_common_and_their_own(rows in 1..6_usize, before in 1..40_usize, after in 1..9_usize, shared in 1..3_usize, group in 1..4_usize, seed: u32) {
            let width = 24;
            let queries = random(&[rows, shared * group, 1, width], seed);
            let common = [1, 2].map(|it| random(&[shared, before + 3, width], seed ^ it));
            let common = [&common[0], &common[1]].map(|it| it.narrow(1, 0, before).unwrap());
            let own = [3, 4].map(|it| random(&[rows, shared, after + 5, width], seed ^ it));
            let own = [&own[0], &own[1]].map(|it| it.narrow(2, 0, after).unwrap());
            let found = of_rows(&queries, [&common[0], &common[1]], [&own[0], &own[1]], 0.3).unwrap();
            prop_assume!(can());
            let found: Vec<Vec<f32>> = found.unwrap().to_vec2().unwrap();
            for (row, found) in found.iter().enumerate() {
                for head in 0..shared * group {
                    let [keys, values] = [0, 1].map(|it| {
                        let common = common[it].get(head / group).unwrap();
                        let own = own[it].get(row).unwrap().get(head / group).unwrap();
                        Tensor::cat(&[common, own], 0).unwrap()
                    });
                    let query = queries.get(row).unwrap().get(head).unwrap().get(0).unwrap();
                    let wanted = plain(&query, &keys, &values, 0.3);
                    check(&found[head * width..][..width], &wanted);
                }
            }
        }
    }
}
