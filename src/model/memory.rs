//! Memory: what a model will need, what there is, and a refusal with both figures in time.
//!
//! A process that asks for more than there is gets killed, the debugged program's trace with it.

use std::fmt;
use std::fs;
use std::path::Path;

use candle_core::DType;
use candle_core::quantized::GgmlDType;

use super::{Arithmetic, Error, Place, Stored, Weights, kernel};

/// Tokens that must fit for a model to be of use.
const SHORTEST: usize = 1024;

/// Bytes that a model needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// Weights as they are read. What is mapped from a file counts: it is slow when it does not fit.
    pub weights: u64,
    /// Copies of the weights in the order that the processor's instructions want.
    pub packed: u64,
    /// Keys and values of one token.
    pub token: u64,
    /// Tokens that the model can remember.
    pub positions: usize,
}

impl Estimate {
    /// For `weights` on `place`. Reads headers alone. Errs when one cannot be read.
    pub fn of(weights: &Weights, place: &Place) -> Result<Self, Error> {
        let config = &weights.config;
        let (mut bytes, mut packed) = (0, 0);
        for (stored, rows, columns) in weights.shapes()? {
            let kind = match (stored, place.arithmetic) {
                (Stored::Blocks(kind), _) => kind,
                (Stored::Float(_), Arithmetic::Quantised)
                    if 1 < rows && columns.is_multiple_of(32) && place.device.is_cpu() =>
                {
                    GgmlDType::Q8_0
                }
                (Stored::Float(_), arithmetic) => {
                    let size = arithmetic.dtype().size_in_bytes();
                    bytes += (rows * columns * size) as u64;
                    continue;
                }
            };
            let blocks = rows * columns / kind.block_size();
            let stored = blocks * kind.type_size();
            if !place.device.is_cpu() {
                bytes += stored as u64;
                continue;
            }
            // What the kernels read takes the place of what is stored, for all but the embedding.
            match kernel::packed_size(kind, rows, columns) {
                Some(size) => bytes += size as u64,
                None => {
                    bytes += stored as u64;
                    packed += packed_bytes(kind, rows, columns);
                }
            }
        }
        let numbers = 2 * config.layers * config.kv_heads * config.head_width;
        let dtype: DType = place.arithmetic.dtype();
        Ok(Self {
            weights: bytes,
            packed,
            token: (numbers * dtype.size_in_bytes()) as u64,
            positions: config.positions,
        })
    }

    /// With the shortest useful text.
    pub fn least(&self) -> u64 {
        self.weights + self.packed + self.token * self.positions.min(SHORTEST) as u64
    }

    /// With the longest text.
    pub fn most(&self) -> u64 {
        self.weights + self.packed + self.token * self.positions as u64
    }

    /// Errs with the figures when `free` bytes are not enough.
    pub fn check(&self, free: Option<u64>) -> Result<(), Error> {
        match free {
            Some(free) if free < self.least() => Err(Error::Memory {
                what: format!("the model needs {self}"),
                free: gib(free),
            }),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} of weights", gib(self.least()), gib(self.weights))?;
        if 0 < self.packed {
            write!(f, ", {} of packed copies", gib(self.packed))?;
        }
        let tokens = self.positions.min(SHORTEST);
        write!(
            f,
            ", {} for {tokens} tokens)",
            gib(self.token * tokens as u64)
        )
    }
}

/// Bytes in words.
pub fn gib(bytes: u64) -> String {
    let (mib, gib) = (f64::from(1 << 20), f64::from(1 << 30));
    match bytes as f64 {
        small if small < gib / 10.0 => format!("{:.1} MiB", small / mib),
        large => format!("{:.2} GiB", large / gib),
    }
}

/// What candle's packed copy of a matrix takes: it makes one for the instructions of today's x86
/// processors at the first product, and keeps the original.
fn packed_bytes(kind: GgmlDType, rows: usize, columns: usize) -> u64 {
    let numbers = (rows * columns) as u64;
    #[cfg(target_arch = "x86_64")]
    {
        if !rows.is_multiple_of(16) || !columns.is_multiple_of(256) {
            return 0;
        }
        let avx2 = is_x86_feature_detected!("avx2");
        let dots = is_x86_feature_detected!("avx512vnni") || is_x86_feature_detected!("avxvnni");
        match kind {
            GgmlDType::Q4K if avx2 => numbers * 3 / 4,
            GgmlDType::Q6K if avx2 => numbers * 5 / 4,
            GgmlDType::Q8_0 if dots => numbers * 34 / 32,
            _ => 0,
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = columns;
        match kind {
            GgmlDType::Q4_0
            | GgmlDType::Q4K
            | GgmlDType::Q5K
            | GgmlDType::Q6K
            | GgmlDType::Q8_0
                if rows.is_multiple_of(8) =>
            {
                numbers / kind.block_size() as u64 * kind.type_size() as u64
            }
            _ => 0,
        }
    }
}

/// Bytes that can still be had where `place` is; none where that is not known.
pub fn free(place: &Place) -> Option<u64> {
    match &place.device {
        candle_core::Device::Cpu => machine(Path::new("/")),
        #[cfg(feature = "cuda")]
        candle_core::Device::Cuda(_) => {
            let info = candle_core::cuda_backend::cudarc::driver::result::mem_get_info();
            info.ok().map(|(free, _)| free as u64)
        }
        _ => None,
    }
}

/// The lesser of what the machine has left and what this process's control groups allow. `root` holds
/// `proc` and `sys`.
fn machine(root: &Path) -> Option<u64> {
    let text = fs::read_to_string(root.join("proc/meminfo")).ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"));
    let kib: u64 = line?.trim().strip_suffix("kB")?.trim().parse().ok()?;
    let mut least = kib * 1024;
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    let own = groups.lines().find_map(|line| line.strip_prefix("0::"));
    let mut path = own.map_or("", |path| path.trim_start_matches('/'));
    let mounted = root.join("sys/fs/cgroup");
    loop {
        let group = mounted.join(path);
        let number = |name: &str| -> Option<u64> {
            fs::read_to_string(group.join(name))
                .ok()?
                .trim()
                .parse()
                .ok()
        };
        // A group without a limit says `max`, which is no number.
        if let (Some(most), Some(used)) = (number("memory.max"), number("memory.current")) {
            // What files' pages hold can be had back.
            let statistics = fs::read_to_string(group.join("memory.stat")).unwrap_or_default();
            let cached = statistics
                .lines()
                .find_map(|line| line.strip_prefix("inactive_file ")?.parse::<u64>().ok());
            least = least.min(most.saturating_sub(used) + cached.unwrap_or(0));
        }
        match path.rsplit_once('/') {
            Some((parent, _)) => path = parent,
            None if path.is_empty() => return Some(least),
            None => path = "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strictest_group_counts() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write(
            "proc/meminfo",
            "MemTotal: 9999 kB\nMemAvailable:    4000 kB\n",
        );
        assert_eq!(machine(root.path()), Some(4_096_000));
        write("proc/self/cgroup", "0::/a/b\n");
        write("sys/fs/cgroup/a/b/memory.max", "max\n");
        write("sys/fs/cgroup/a/memory.max", "3000000\n");
        write("sys/fs/cgroup/a/memory.current", "1000000\n");
        write("sys/fs/cgroup/a/memory.stat", "anon 5\ninactive_file 500\n");
        assert_eq!(machine(root.path()), Some(2_000_500));
        assert_eq!(machine(&root.path().join("none")), None);
    }

    #[test]
    fn what_does_not_fit_is_refused_with_the_figures() {
        let estimate = Estimate {
            weights: 7 << 30,
            packed: 7 << 30,
            token: 1 << 20,
            positions: 16_384,
        };
        assert_eq!(estimate.least(), 15 << 30);
        assert_eq!(estimate.most(), 30 << 30);
        assert!(estimate.check(None).is_ok());
        assert!(estimate.check(Some(15 << 30)).is_ok());
        let sentence = estimate.check(Some(14 << 30)).unwrap_err().to_string();
        assert!(sentence.contains("15.00 GiB (7.00 GiB of weights, 7.00 GiB of packed copies"));
        assert!(sentence.contains("14.00 GiB"), "{sentence}");
    }
}
