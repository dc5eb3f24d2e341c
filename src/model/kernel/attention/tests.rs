//! Attention against the same in products of matrices, and against itself, asked less at a time.

use candle_core::Tensor;
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

/// Keys and values `[.., positions, width]`. As in the cache there is room behind what is filled.
fn remembered(dims: &[usize], seed: u32) -> [Tensor; 2] {
    let positions = dims.len() - 2;
    let mut roomy = dims.to_vec();
    roomy[positions] += 7;
    [1, 2].map(|it| {
        let roomy = random(&roomy, seed ^ it);
        roomy.narrow(positions, 0, dims[positions]).unwrap()
    })
}

/// One query `[width]` over keys and values `[positions, width]` by the book.
fn plain(query: &Tensor, [keys, values]: &[Tensor; 2], scale: f64) -> Vec<f32> {
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

/// What was found, row by row; none where the processor has no kernel.
fn rows_of(found: Option<Tensor>) -> Option<Vec<Vec<f32>>> {
    assert_eq!(found.is_some(), can(), "no kernel is used");
    found.map(|it| it.to_vec2().unwrap())
}

fn tokens(queries: &Tensor, [keys, values]: &[Tensor; 2]) -> Option<Vec<Vec<f32>>> {
    rows_of(of_tokens(queries, keys, values, 0.3).unwrap())
}

fn rows(queries: &Tensor, common: &[Tensor; 2], own: &[Tensor; 2]) -> Option<Vec<Vec<f32>>> {
    let [common, own] = [common, own].map(|it| [&it[0], &it[1]]);
    rows_of(of_rows(queries, common, own, 0.3).unwrap())
}

fn bits(of: &[f32]) -> Vec<u32> {
    of.iter().map(|it| it.to_bits()).collect()
}

/// What the row sees of one head's keys and values, together: `[kv_heads, positions, width]`.
fn joined(common: &[Tensor; 2], own: &[Tensor; 2], row: usize) -> [Tensor; 2] {
    [0, 1].map(|it| Tensor::cat(&[&common[it], &own[it].get(row).unwrap()], 1).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn tokens_see_what_is_before_them(count in 1..40_usize, before in 0..40_usize, shared in 1..3_usize, group in 1..6_usize, wide in 1..12_usize, seed: u32) {
        let (width, positions) = (wide * UNIT, before + count);
        let queries = random(&[shared * group, count, width], seed);
        let seen = remembered(&[shared, positions, width], seed);
        let Some(found) = tokens(&queries, &seen) else { return Ok(()) };
        for (token, found) in found.iter().enumerate() {
            for head in 0..shared * group {
                let seen = [0, 1].map(|it| {
                    let of_head = seen[it].get(head / group).unwrap();
                    of_head.narrow(0, 0, before + token + 1).unwrap()
                });
                let query = queries.get(head).unwrap().get(token).unwrap();
                check(&found[head * width..][..width], &plain(&query, &seen, 0.3));
            }
        }
    }

    #[test]
    fn rows_see_what_is_common_and_their_own(count in 1..40_usize, before in 1..40_usize, after in 1..20_usize, shared in 1..3_usize, group in 1..6_usize, wide in 1..12_usize, seed: u32) {
        let width = wide * UNIT;
        let queries = random(&[count, shared * group, 1, width], seed);
        let common = remembered(&[shared, before, width], seed);
        let own = remembered(&[count, shared, after, width], seed ^ 4);
        let Some(found) = rows(&queries, &common, &own) else { return Ok(()) };
        for (row, found) in found.iter().enumerate() {
            let seen = joined(&common, &own, row);
            for head in 0..shared * group {
                let seen = [0, 1].map(|it| seen[it].get(head / group).unwrap());
                let query = queries.get(row).unwrap().get(head).unwrap().get(0).unwrap();
                check(&found[head * width..][..width], &plain(&query, &seen, 0.3));
            }
        }
    }

    #[test]
    fn a_token_alone_gives_the_same_bits(count in 1..40_usize, before in 0..40_usize, shared in 1..3_usize, group in 1..6_usize, wide in 1..12_usize, seed: u32) {
        let (width, positions) = (wide * UNIT, before + count);
        let queries = random(&[shared * group, count, width], seed);
        let seen = remembered(&[shared, positions, width], seed);
        let Some(found) = tokens(&queries, &seen) else { return Ok(()) };
        for (token, found) in found.iter().enumerate() {
            let query = queries.narrow(1, token, 1).unwrap();
            let seen = [0, 1].map(|it| seen[it].narrow(1, 0, before + token + 1).unwrap());
            let alone = tokens(&query, &seen).unwrap().concat();
            prop_assert_eq!(bits(found), bits(&alone));
            // So does a head.
            let head = |it: &Tensor, from, many| it.narrow(0, from, many).unwrap();
            let query = head(&query, (shared - 1) * group, 1);
            let seen = [0, 1].map(|it| head(&seen[it], shared - 1, 1));
            let alone = tokens(&query, &seen).unwrap().concat();
            prop_assert_eq!(bits(&found[(shared - 1) * group * width..][..width]), bits(&alone));
        }
    }

    #[test]
    fn a_row_gives_the_bits_of_a_token_that_sees_the_same(count in 1..40_usize, before in 1..40_usize, after in 1..20_usize, shared in 1..3_usize, group in 1..6_usize, wide in 1..12_usize, seed: u32) {
        let width = wide * UNIT;
        let queries = random(&[count, shared * group, 1, width], seed);
        let common = remembered(&[shared, before, width], seed);
        let own = remembered(&[count, shared, after, width], seed ^ 4);
        let Some(found) = rows(&queries, &common, &own) else { return Ok(()) };
        for (row, found) in found.iter().enumerate() {
            let seen = joined(&common, &own, row);
            let alone = tokens(&queries.get(row).unwrap(), &seen).unwrap().concat();
            prop_assert_eq!(bits(found), bits(&alone));
        }
    }
}

#[test]
fn scores_far_apart_leave_the_largest_alone() {
    let keys = Tensor::from_vec(vec![-2e4_f32, 3e4, -1e4], (1, 3, 1), &Device::Cpu).unwrap();
    let keys = keys.broadcast_as((1, 3, UNIT)).unwrap();
    let values = random(&[1, 3, UNIT], 5);
    let queries = Tensor::ones((1, 1, UNIT), DType::F32, &Device::Cpu).unwrap();
    let Some(found) = tokens(&queries, &[keys.contiguous().unwrap(), values.clone()]) else {
        return;
    };
    let wanted: Vec<Vec<f32>> = values.get(0).unwrap().to_vec2().unwrap();
    assert_eq!(found[0], wanted[1]);
}

#[test]
fn what_is_no_number_is_seen_in_the_result_of_those_who_see_it_alone() {
    let mut numbers = vec![1.0_f32; 3 * UNIT];
    numbers[2 * UNIT] = f32::NAN;
    let keys = Tensor::from_vec(numbers, (1, 3, UNIT), &Device::Cpu).unwrap();
    let values = random(&[1, 3, UNIT], 5);
    let Some(found) = tokens(&random(&[1, 2, UNIT], 6), &[keys, values]) else {
        return;
    };
    assert!(found[0].iter().all(|it| it.is_finite()));
    assert!(found[1].iter().all(|it| it.is_nan()));
}

#[test]
fn what_does_not_fit_registers_or_is_of_another_kind_is_left_to_products() {
    let [keys, values] = remembered(&[2, 9, 12], 1);
    let queries = random(&[4, 1, 12], 2);
    assert!(of_tokens(&queries, &keys, &values, 0.3).unwrap().is_none());
    let [keys, values] = remembered(&[2, 9, 16], 1);
    let queries = random(&[4, 1, 16], 2).to_dtype(DType::BF16).unwrap();
    assert!(of_tokens(&queries, &keys, &values, 0.3).unwrap().is_none());
}
