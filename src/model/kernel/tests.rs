//! The kernels against the same products in plain numbers.
#![cfg(target_arch = "x86_64")]
#![expect(clippy::print_stderr, reason = "what is skipped is said")]

use std::borrow::Cow;

use candle_core::quantized::{GgmlDType, QStorage, QTensor};
use candle_core::{Device, Tensor};
use half::f16;
use proptest::prelude::*;

use super::avx2::EIGHT;
use super::packed::SLAB;
use super::{Packed, tile};

/// Whether the kernels can be tested here: also where candle's are used instead.
fn able() -> bool {
    let able = tile::can();
    if !able {
        eprintln!("skipped: this processor has no AVX2");
    }
    able
}

/// What the kernels make of it.
fn ours(weight: &QTensor, x: &Tensor) -> Vec<Vec<f32>> {
    let packed = Packed::of(weight).unwrap().unwrap();
    let products = tile::products(&[&packed], x).unwrap();
    products.unwrap()[0].to_vec2().unwrap()
}

/// The same in plain numbers.
fn plainly(weight: &QTensor, x: &Tensor) -> Vec<Vec<f32>> {
    let plain = weight.dequantize(&Device::Cpu).unwrap();
    let product = x.matmul(&plain.t().unwrap()).unwrap();
    product.to_vec2().unwrap()
}

/// A matrix `[rows, columns]` of random blocks with sane scales.
fn matrix(
    kind: GgmlDType,
    (rows, columns): (usize, usize),
    mut random: impl FnMut() -> u8,
) -> QTensor {
    let size = kind.type_size();
    let mut bytes: Vec<u8> = (0..rows * columns / kind.block_size() * size)
        .map(|_| random())
        .collect();
    for block in bytes.chunks_exact_mut(size) {
        let mut scale = |at: usize| {
            let size = f32::from(block[at]) / 4096.0 - 0.02;
            block[at..at + 2].copy_from_slice(&f16::from_f32(size).to_le_bytes());
        };
        match kind {
            GgmlDType::Q4K => [0, 2].into_iter().for_each(&mut scale),
            GgmlDType::Q6K => scale(208),
            _ => scale(0),
        }
    }
    let storage = QStorage::from_data(Cow::Owned(bytes), &Device::Cpu, kind).unwrap();
    QTensor::new(storage, (rows, columns)).unwrap()
}

fn check(kind: GgmlDType, (tokens, columns, rows): (usize, usize, usize), seed: u64) {
    let mut state = seed | 1;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    let weight = matrix(kind, (rows, columns), &mut random);
    let x: Vec<f32> = (0..tokens * columns)
        .map(|_| f32::from(random()) / 64.0 - 2.0)
        .collect();
    let x = Tensor::from_vec(x, (tokens, columns), &Device::Cpu).unwrap();
    let (found, wanted) = (ours(&weight, &x), plainly(&weight, &x));
    let plain = weight.dequantize(&Device::Cpu).unwrap();
    let plain = plain.to_vec2::<f32>().unwrap();
    for (token, row) in found.iter().enumerate() {
        for (at, number) in row.iter().enumerate() {
            // Each activation is off by half a step at most, 2/127/2 or 2/32767/2; errors add up as a random
            // walk does.
            let most = if kind == GgmlDType::Q8_0 { 2e-4 } else { 0.03 };
            let norm = plain[at].iter().map(|it| it * it).sum::<f32>().sqrt();
            let off = (number - wanted[token][at]).abs();
            assert!(
                off <= norm * most + 1e-4,
                "{kind:?} {token} {at}: {number} for {}",
                wanted[token][at]
            );
        }
    }
    // One row at a time gives the same bits.
    for (token, among) in found.iter().enumerate() {
        let alone = x.narrow(0, token, 1).unwrap().contiguous().unwrap();
        assert_eq!(&ours(&weight, &alone)[0], among);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn products_are_those_of_the_numbers(tokens in 1..20_usize, pieces in 1..4_usize, more in 0..8_usize, rows in 1..70_usize, seed: u64) {
        if able() {
            for (kind, more) in [(GgmlDType::Q8_0, more * 32), (GgmlDType::Q4K, 0), (GgmlDType::Q6K, 0)] {
                check(kind, (tokens, pieces * 256 + more, rows), seed);
            }
        }
    }
}

/// More rows than a slab has, and fewer than a multiple of eight.
#[test]
fn every_slab_is_in_its_place() {
    if able() {
        for kind in [GgmlDType::Q8_0, GgmlDType::Q4K, GgmlDType::Q6K] {
            check(kind, (9, 512, 2 * SLAB * EIGHT + 21), 7);
        }
    }
}

#[test]
fn the_extremes_do_not_overflow() {
    if !able() {
        return;
    }
    for (kind, byte) in [
        (GgmlDType::Q8_0, 0x80),
        (GgmlDType::Q8_0, 0x7f),
        (GgmlDType::Q4K, 0xff),
        (GgmlDType::Q6K, 0x7f),
    ] {
        let weight = matrix(kind, (3, 512), || byte);
        let x = Tensor::from_vec(vec![-3.0_f32; 512], (1, 512), &Device::Cpu).unwrap();
        let (found, wanted) = (ours(&weight, &x), plainly(&weight, &x));
        for (found, wanted) in found[0].iter().zip(&wanted[0]) {
            assert!(
                (found - wanted).abs() <= wanted.abs() * 1e-3 + 1e-3,
                "{kind:?}: {found} for {wanted}"
            );
        }
    }
}

#[test]
fn what_is_no_number_stays_none() {
    if !able() {
        return;
    }
    let weight = matrix(GgmlDType::Q8_0, (3, 64), || 3);
    for bad in [f32::NAN, f32::INFINITY] {
        let mut x = vec![1.0_f32; 64];
        x[40] = bad;
        let x = Tensor::from_vec(x, (1, 64), &Device::Cpu).unwrap();
        let found = ours(&weight, &x);
        assert!(found[0].iter().all(|it| it.is_nan()), "{found:?}");
    }
}
