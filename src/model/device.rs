//! CPU, CUDA, Metal: picks one and the numbers to calculate in, and names both.

use std::fmt;
use std::str::FromStr;

use candle_core::{DType, Device};

use super::{Error, Stored};

/// As given after `--device`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// The first GPU that this build can use, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The CUDA device of this number, from 0.
    Cuda(usize),
    /// The Metal device.
    Metal,
}

impl FromStr for DeviceChoice {
    type Err = Error;

    fn from_str(given: &str) -> Result<Self, Error> {
        match given {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            "metal" => Ok(Self::Metal),
            other => other
                .strip_prefix("cuda:")
                .and_then(|number| number.parse().ok())
                .map(Self::Cuda)
                .ok_or_else(|| Error::Device {
                    device: format!("`{other}`"),
                    reason: "a device is auto, cpu, cuda, cuda:N or metal".to_owned(),
                }),
        }
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(number) => write!(f, "cuda:{number}"),
            Self::Metal => f.write_str("metal"),
        }
    }
}

/// As given after `--dtype`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DtypeChoice {
    /// As the weights are stored; on a CPU 16-bit weights are quantised to 8 bits.
    #[default]
    Auto,
    /// 16 bits, brain format.
    Bf16,
    /// 16 bits, IEEE.
    F16,
    /// 32 bits.
    F32,
}

impl FromStr for DtypeChoice {
    type Err = Error;

    fn from_str(given: &str) -> Result<Self, Error> {
        match given {
            "auto" => Ok(Self::Auto),
            "bf16" => Ok(Self::Bf16),
            "f16" => Ok(Self::F16),
            "f32" => Ok(Self::F32),
            other => Err(Error::Device {
                device: format!("numbers of type `{other}`"),
                reason: "a type is auto, bf16, f16 or f32".to_owned(),
            }),
        }
    }
}

/// What a model calculates in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arithmetic {
    /// Weights and activations of one floating-point type.
    Float(DType),
    /// Weights in blocks, as stored or of 32 bytes with one f16 scale each (Q8_0); activations in f32.
    Quantised,
}

impl Arithmetic {
    /// The type of activations, and of weights that are not quantised.
    pub fn dtype(self) -> DType {
        match self {
            Self::Float(dtype) => dtype,
            Self::Quantised => DType::F32,
        }
    }
}

impl fmt::Display for Arithmetic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Float(dtype) => f.write_str(dtype.as_str()),
            Self::Quantised => f.write_str("q8_0"),
        }
    }
}

/// Where a model runs and what it calculates in.
#[derive(Clone, Debug)]
pub struct Place {
    /// The device, open.
    pub device: Device,
    /// Its name, in words.
    pub name: String,
    /// What is calculated in there.
    pub arithmetic: Arithmetic,
}

impl Place {
    /// The place to run weights that are stored as `stored`. Errs when the device is not there or this
    /// build cannot use it, and when the numbers asked for would be useless on it.
    pub fn choose(device: DeviceChoice, dtype: DtypeChoice, stored: Stored) -> Result<Self, Error> {
        let refused = |reason: String| Error::Device {
            device: device.to_string(),
            reason,
        };
        let (open, name) = match device {
            DeviceChoice::Auto => first_available(),
            DeviceChoice::Cpu => (Device::Cpu, cpu_name()),
            DeviceChoice::Cuda(number) => {
                if !candle_core::utils::cuda_is_available() {
                    return Err(refused(not_built_for("CUDA", "cuda")));
                }
                let open = Device::new_cuda(number).map_err(|error| {
                    refused(format!("it did not open ({error}); try --device cpu"))
                })?;
                (open, device.to_string())
            }
            DeviceChoice::Metal => {
                if !candle_core::utils::metal_is_available() {
                    return Err(refused(not_built_for("Metal", "metal")));
                }
                let open = Device::new_metal(0).map_err(|error| {
                    refused(format!("it did not open ({error}); try --device cpu"))
                })?;
                (open, device.to_string())
            }
        };
        let stored = match (stored, dtype) {
            (Stored::Float(stored), _) => stored,
            (Stored::Blocks(_), DtypeChoice::Auto) => {
                return Ok(Self {
                    device: open,
                    name,
                    arithmetic: Arithmetic::Quantised,
                });
            }
            (Stored::Blocks(kind), _) => {
                return Err(Error::Device {
                    device: format!("{device} in {}", format!("{dtype:?}").to_lowercase()),
                    reason: format!(
                        "its weights are quantised already ({kind:?}); use --dtype auto"
                    ),
                });
            }
        };
        let arithmetic = match (dtype, open.is_cpu()) {
            (DtypeChoice::F32, _) => Arithmetic::Float(DType::F32),
            (DtypeChoice::Auto, true) if stored == DType::F32 => Arithmetic::Float(DType::F32),
            (DtypeChoice::Auto, true) => Arithmetic::Quantised,
            (DtypeChoice::Auto, false) => Arithmetic::Float(stored),
            (DtypeChoice::Bf16, false) => Arithmetic::Float(DType::BF16),
            (DtypeChoice::F16, false) => Arithmetic::Float(DType::F16),
            // Measured: bf16 decodes at a fortieth of q8_0's speed, each weight being widened each time.
            (DtypeChoice::Bf16 | DtypeChoice::F16, true) => {
                return Err(Error::Device {
                    device: "the cpu in 16 bits".to_owned(),
                    reason: "it is many times slower than the rest; \
                             use --dtype auto (8-bit weights) or --dtype f32"
                        .to_owned(),
                });
            }
        };
        Ok(Self {
            device: open,
            name,
            arithmetic,
        })
    }
}

fn not_built_for(words: &str, feature: &str) -> String {
    format!(
        "this build cannot use {words}; build it with `--features {feature}`, or use --device cpu"
    )
}

/// A device that exists but does not open must not keep anybody from the CPU when nobody asked for it.
fn first_available() -> (Device, String) {
    if candle_core::utils::cuda_is_available()
        && let Ok(device) = Device::new_cuda(0)
    {
        return (device, "cuda:0".to_owned());
    }
    if candle_core::utils::metal_is_available()
        && let Ok(device) = Device::new_metal(0)
    {
        return (device, "metal".to_owned());
    }
    (Device::Cpu, cpu_name())
}

fn cpu_name() -> String {
    match candle_core::utils::get_num_threads() {
        1 => "cpu, 1 thread".to_owned(),
        threads => format!("cpu, {threads} threads"),
    }
}

/// Environment variables for a process that runs a model beside the program it debugs: they leave one
/// core to that program. The model's threads spin while they wait and lose most of their speed when they
/// are more than the cores. What the person set already is left out, so it wins.
///
/// They are read once, when the first calculation starts: set them when the process is started.
pub fn thread_settings() -> Vec<(&'static str, String)> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    settings_for(cores, |name| std::env::var_os(name).is_some())
}

fn settings_for(cores: usize, is_set: impl Fn(&str) -> bool) -> Vec<(&'static str, String)> {
    let threads = (cores - 1).max(1).to_string();
    ["CANDLE_NUM_THREADS", "RAYON_NUM_THREADS"]
        .into_iter()
        .filter(|name| !is_set(name))
        .map(|name| (name, threads.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use candle_core::quantized::GgmlDType;

    use super::*;

    #[test]
    fn words_for_devices() {
        assert_eq!(
            "cuda:3".parse::<DeviceChoice>().unwrap(),
            DeviceChoice::Cuda(3)
        );
        assert_eq!(
            "cuda".parse::<DeviceChoice>().unwrap(),
            DeviceChoice::Cuda(0)
        );
        let error = "tpu".parse::<DeviceChoice>().unwrap_err().to_string();
        assert_eq!(
            error,
            "cannot run the model on `tpu`: a device is auto, cpu, cuda, cuda:N or metal"
        );
        assert!("fp8".parse::<DtypeChoice>().is_err());
    }

    #[test]
    fn a_cpu_keeps_32_bits_and_quantises_16() {
        let on_cpu = |dtype, stored| Place::choose(DeviceChoice::Cpu, dtype, stored);
        let auto = |dtype| on_cpu(DtypeChoice::Auto, Stored::Float(dtype)).unwrap();
        let float = Arithmetic::Float(DType::F32);
        assert_eq!(auto(DType::F32).arithmetic, float);
        assert_eq!(auto(DType::BF16).arithmetic, Arithmetic::Quantised);
        let forced = on_cpu(DtypeChoice::F32, Stored::Float(DType::F16)).unwrap();
        assert_eq!(forced.arithmetic, float);
        let error = on_cpu(DtypeChoice::Bf16, Stored::Float(DType::BF16)).unwrap_err();
        assert!(error.to_string().contains("use --dtype auto"), "{error}");
        let blocks = Stored::Blocks(GgmlDType::Q4K);
        let error = on_cpu(DtypeChoice::F32, blocks).unwrap_err();
        assert!(error.to_string().contains("quantised already"), "{error}");
        let kept = on_cpu(DtypeChoice::Auto, blocks).unwrap();
        assert_eq!(kept.arithmetic, Arithmetic::Quantised);
    }

    #[cfg(not(any(feature = "cuda", feature = "metal")))]
    #[test]
    fn a_device_that_the_build_lacks_is_a_sentence() {
        for (choice, feature) in [
            (DeviceChoice::Cuda(0), "cuda"),
            (DeviceChoice::Metal, "metal"),
        ] {
            let stored = Stored::Float(DType::F32);
            let error = Place::choose(choice, DtypeChoice::Auto, stored).unwrap_err();
            let wanted = format!("--features {feature}");
            assert!(error.to_string().contains(&wanted), "{error}");
        }
    }

    #[test]
    fn one_core_is_left_and_the_persons_setting_wins() {
        let all = settings_for(8, |_| false);
        assert_eq!(all.len(), 2);
        assert!(all.iter().all(|(_, threads)| threads == "7"));
        assert_eq!(settings_for(1, |_| false)[0].1, "1");
        let some = settings_for(4, |name| name == "CANDLE_NUM_THREADS");
        assert_eq!(some, [("RAYON_NUM_THREADS", "3".to_owned())]);
    }
}
