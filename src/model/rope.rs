//! Rotary position embedding: which scaling a configuration asks for, and the angles.
//!
//! Su et al. 2021, "RoFormer", arXiv 2104.09864. Unknown scalings are refused: run without its scaling,
//! a model answers fluently and wrongly.

use std::f32::consts::PI;

use candle_core::{Device, Result, Tensor};
use serde_json::{Map, Value};

/// How positions turn into angles.
#[derive(Clone, Debug, PartialEq)]
pub struct Rope {
    /// The base of the geometric series of frequencies.
    pub theta: f32,
    /// What is done to the frequencies to reach longer texts.
    pub scaling: Scaling,
}

/// How frequencies are stretched.
#[derive(Clone, Debug, PartialEq)]
pub enum Scaling {
    /// Not at all.
    None,
    /// All alike: divided by the factor.
    Linear {
        /// At least 1.
        factor: f32,
    },
    /// As Llama 3.1 does: long wavelengths divided by the factor, short ones kept, those between blended.
    Llama3 {
        /// At least 1.
        factor: f32,
        /// Wavelengths above `original / low` are divided.
        low: f32,
        /// Wavelengths below `original / high` are kept. Above `low`.
        high: f32,
        /// The context that the model was first trained with, in tokens.
        original: f32,
    },
    /// Each frequency by its own divisor: what a GGUF file makes of the above.
    Each {
        /// One for each pair of a head's numbers, above 0.
        divisors: Vec<f32>,
    },
}

impl Rope {
    /// Reads every shape that configurations have had: `rope_theta` beside `rope_scaling` with `type` or
    /// `rope_type`, and transformers 5's `rope_parameters`. Errs with a reason.
    pub(super) fn read(config: &Map<String, Value>) -> std::result::Result<Self, String> {
        let (key, scaling) = match (config.get("rope_parameters"), config.get("rope_scaling")) {
            (Some(value), _) if !value.is_null() => ("rope_parameters", Some(value)),
            (_, Some(value)) if !value.is_null() => ("rope_scaling", Some(value)),
            _ => ("rope_scaling", None),
        };
        let none = Map::new();
        let scaling = match scaling {
            Some(value) => value
                .as_object()
                .ok_or_else(|| format!("{key} is not an object"))?,
            None => &none,
        };
        let number = |name: &str| -> std::result::Result<f32, String> {
            let value = scaling.get(name).and_then(Value::as_f64);
            let value = value.ok_or_else(|| format!("{key} has no number {name}"))? as f32;
            if value.is_finite() && value > 0.0 {
                Ok(value)
            } else {
                Err(format!("{key}.{name} is {value}, which is not above 0"))
            }
        };
        let theta = scaling
            .get("rope_theta")
            .or_else(|| config.get("rope_theta"));
        let theta = match theta {
            Some(value) => value.as_f64().ok_or("rope_theta is not a number")? as f32,
            None => 10_000.0,
        };
        if !(theta.is_finite() && theta > 1.0) {
            return Err(format!("rope_theta is {theta}, which is not above 1"));
        }
        let partial = |map: &Map<String, Value>| {
            let share = map.get("partial_rotary_factor").and_then(Value::as_f64);
            share.is_some_and(|share| share != 1.0)
        };
        if partial(config) || partial(scaling) {
            return Err("partial_rotary_factor is not 1, which cannot be run".to_owned());
        }
        let kind = scaling.get("rope_type").or_else(|| scaling.get("type"));
        let scaling = match kind {
            None if scaling.keys().all(|name| name == "rope_theta") => Scaling::None,
            None => return Err(format!("{key} does not name its type")),
            Some(kind) => match kind.as_str() {
                Some("default") => Scaling::None,
                Some("linear") => Scaling::Linear {
                    factor: number("factor")?,
                },
                Some("llama3") => Scaling::Llama3 {
                    factor: number("factor")?,
                    low: number("low_freq_factor")?,
                    high: number("high_freq_factor")?,
                    original: number("original_max_position_embeddings")?,
                },
                _ => {
                    return Err(format!(
                        "{key} asks for {kind} scaling; default, linear and llama3 can be run, \
                         and any other would give wrong answers without a sign"
                    ));
                }
            },
        };
        if let Scaling::Llama3 { low, high, .. } = scaling
            && high <= low
        {
            return Err(format!("{key} has no room between its frequency factors"));
        }
        Ok(Self { theta, scaling })
    }

    /// Radians a position, one for each pair of a head's `width` numbers. In f32 throughout, as the
    /// reference calculates: at position 16,000 a more exact value would be a different one.
    pub(super) fn frequencies(&self, width: usize) -> Vec<f32> {
        let plain = (0..width)
            .step_by(2)
            .map(|i| 1.0 / self.theta.powf(i as f32 / width as f32));
        plain
            .enumerate()
            .map(|(pair, frequency)| self.scaled(pair, frequency))
            .collect()
    }

    fn scaled(&self, pair: usize, frequency: f32) -> f32 {
        match &self.scaling {
            Scaling::None => frequency,
            Scaling::Linear { factor } => frequency / factor,
            Scaling::Each { divisors } => frequency / divisors.get(pair).unwrap_or(&1.0),
            &Scaling::Llama3 {
                factor,
                low,
                high,
                original,
            } => {
                let wavelength = 2.0 * PI / frequency;
                if wavelength < original / high {
                    return frequency;
                }
                if original / low < wavelength {
                    return frequency / factor;
                }
                let share = (original / wavelength - low) / (high - low);
                (1.0 - share) * frequency / factor + share * frequency
            }
        }
    }

    /// Cosines and sines of positions 0 to `positions` (exclusive), f32 `[positions, width / 2]` each.
    pub(super) fn table(
        &self,
        width: usize,
        positions: usize,
        device: &Device,
    ) -> Result<(Tensor, Tensor)> {
        let frequencies = self.frequencies(width);
        let mut cosines = Vec::with_capacity(positions * frequencies.len());
        let mut sines = Vec::with_capacity(positions * frequencies.len());
        for position in 0..positions {
            for frequency in &frequencies {
                let (sine, cosine) = (position as f32 * frequency).sin_cos();
                cosines.push(cosine);
                sines.push(sine);
            }
        }
        let shape = (positions, frequencies.len());
        Ok((
            Tensor::from_vec(cosines, shape, device)?,
            Tensor::from_vec(sines, shape, device)?,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> std::result::Result<Rope, String> {
        Rope::read(
            serde_json::from_str::<Value>(json)
                .unwrap()
                .as_object()
                .unwrap(),
        )
    }

    #[test]
    fn linear_in_every_shape() {
        let wanted = Rope {
            theta: 100_000.0,
            scaling: Scaling::Linear { factor: 4.0 },
        };
        for json in [
            r#"{"rope_theta":100000,"rope_scaling":{"type":"linear","factor":4}}"#,
            r#"{"rope_theta":1e5,"rope_scaling":{"rope_type":"linear","factor":4.0}}"#,
            r#"{"rope_parameters":{"rope_type":"linear","factor":4.0,"rope_theta":100000.0}}"#,
            r#"{"rope_theta":1e5,"rope_parameters":{"type":"linear","factor":4.0}}"#,
            r#"{"rope_theta":1e5,"rope_parameters":null,"rope_scaling":{"type":"linear","factor":4}}"#,
        ] {
            assert_eq!(read(json).as_ref(), Ok(&wanted), "{json}");
        }
    }

    #[test]
    fn none_in_every_shape() {
        for json in [
            r#"{"rope_theta":10000}"#,
            "{}",
            r#"{"rope_scaling":null}"#,
            r#"{"rope_scaling":{"rope_type":"default"}}"#,
            r#"{"rope_parameters":{"rope_theta":10000}}"#,
        ] {
            let rope = read(json).unwrap();
            assert_eq!(
                (rope.theta, rope.scaling),
                (10_000.0, Scaling::None),
                "{json}"
            );
        }
    }

    #[test]
    fn what_cannot_be_run_is_refused() {
        for (json, part) in [
            (r#"{"rope_scaling":{"type":"yarn","factor":4}}"#, "yarn"),
            (
                r#"{"rope_scaling":{"type":"dynamic","factor":2}}"#,
                "dynamic",
            ),
            (r#"{"rope_scaling":{"factor":4}}"#, "does not name its type"),
            (r#"{"rope_scaling":{"type":"linear"}}"#, "no number factor"),
            (
                r#"{"rope_scaling":{"type":"linear","factor":0}}"#,
                "not above 0",
            ),
            (
                r#"{"rope_scaling":{"type":"llama3","factor":8}}"#,
                "low_freq_factor",
            ),
            (r#"{"rope_scaling":"linear"}"#, "not an object"),
            (r#"{"rope_theta":"x"}"#, "not a number"),
            (r#"{"rope_theta":0}"#, "not above 1"),
            (r#"{"partial_rotary_factor":0.5}"#, "partial_rotary_factor"),
        ] {
            let reason = read(json).unwrap_err();
            assert!(reason.contains(part), "{json}: {reason}");
        }
    }

    #[test]
    fn llama3_keeps_short_wavelengths_and_divides_long_ones() {
        let json = r#"{"rope_theta":500000,"rope_scaling":{"rope_type":"llama3","factor":8,
            "low_freq_factor":1,"high_freq_factor":4,"original_max_position_embeddings":8192}}"#;
        let scaled = read(json).unwrap().frequencies(128);
        let plain = read(r#"{"rope_theta":500000}"#).unwrap().frequencies(128);
        assert_eq!(scaled[0], plain[0]);
        assert_eq!(scaled[63], plain[63] / 8.0);
        let between = scaled
            .iter()
            .zip(&plain)
            .filter(|(s, p)| **s < **p && **p / 8.0 < **s);
        assert_ne!(between.count(), 0);
    }
}
