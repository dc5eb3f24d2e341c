//! 8-bit copies of 16-bit weights, kept between runs: quantising costs minutes, mapping a file nothing.
//!
//! A copy is named by what went into it, written beside its place and renamed into it. Of two programs that
//! want the same copy one makes it while the other waits.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, UNIX_EPOCH};

use candle_core::quantized::{GgmlDType, QStorage, QTensor};
use sha2::{Digest as _, Sha256};

use super::gguf::{Gguf, Names};
use super::{Error, Watch, Weights, quantise};

/// Less is quantised faster than it is looked up.
const WORTH: u64 = 64 << 20;

/// Raised when copies are written differently.
const VERSION: u32 = 1;

/// Of tensors in a GGUF file, in bytes.
const ALIGNMENT: u64 = 32;

/// The copy of the matrices of `weights` in `folder`, made now if it is not there. None where a copy is not
/// worth its room, or there is no room for it. Errs when it was stopped, and when the weights are damaged.
pub(super) fn copy(
    weights: &Weights,
    folder: &Path,
    watch: &Watch<'_>,
) -> Result<Option<Gguf>, Error> {
    let Some((matrices, files)) = weights.copied() else {
        return Ok(None);
    };
    let bytes = matrices
        .iter()
        .map(|(_, view)| view.bytes.len() as u64)
        .sum::<u64>();
    let Some(path) = place(folder, &files).filter(|_| WORTH <= bytes) else {
        return Ok(None);
    };
    if let Ok(found) = Gguf::open(&path, Names::Hub) {
        return Ok(Some(found));
    }
    if fs::create_dir_all(folder).is_err() {
        return Ok(None);
    }
    let Ok(lock) = File::create(path.with_extension("lock")) else {
        return Ok(None);
    };
    // Released when the file is closed, however this program ends.
    while let Err(error) = lock.try_lock() {
        if !matches!(error, fs::TryLockError::WouldBlock) {
            return Ok(None);
        }
        watch.tell(0.0)?;
        thread::sleep(Duration::from_millis(50));
    }
    if let Ok(found) = Gguf::open(&path, Names::Hub) {
        return Ok(Some(found));
    }
    match written(weights, &path, watch) {
        Ok(()) => Ok(Gguf::open(&path, Names::Hub).ok()),
        // A full disk keeps nobody from quantising in memory.
        Err(Failed::Disk) => Ok(None),
        Err(Failed::Model(error)) => Err(error),
    }
}

/// Where copies are kept: `XDG_CACHE_HOME` or `~/.cache`, in `monologue/q8_0`.
pub fn folder() -> Option<PathBuf> {
    let set = |name: &str| {
        std::env::var_os(name)
            .filter(|it| !it.is_empty())
            .map(PathBuf::from)
    };
    let root = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")))?;
    Some(root.join("monologue/q8_0"))
}

/// The name that a copy of `files` has: of their places, sizes and times.
fn place(folder: &Path, files: &[PathBuf]) -> Option<PathBuf> {
    let mut hash = Sha256::new();
    hash.update(VERSION.to_le_bytes());
    for file in files {
        let real = file.canonicalize().ok()?;
        let metadata = fs::metadata(&real).ok()?;
        let changed = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        hash.update(real.as_os_str().as_encoded_bytes());
        hash.update(metadata.len().to_le_bytes());
        hash.update(changed.as_nanos().to_le_bytes());
    }
    let hash = hash.finalize();
    let name: String = hash
        .iter()
        .take(12)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Some(folder.join(name).with_extension("gguf"))
}

enum Failed {
    Disk,
    Model(Error),
}

impl From<io::Error> for Failed {
    fn from(_: io::Error) -> Self {
        Self::Disk
    }
}

/// Writes the copy to `path`, one matrix in memory at a time.
fn written(weights: &Weights, path: &Path, watch: &Watch<'_>) -> Result<(), Failed> {
    let Some((matrices, _)) = weights.copied() else {
        return Ok(());
    };
    let block = GgmlDType::Q8_0;
    let sizes: Vec<u64> = matrices
        .iter()
        .map(|(_, view)| {
            (view.shape[0] * (view.shape[1] / block.block_size()) * block.type_size()) as u64
        })
        .collect();
    let folder = path.parent().ok_or(Failed::Disk)?;
    if !room(folder, sizes.iter().sum()) {
        return Err(Failed::Disk);
    }
    let mut out = BufWriter::new(tempfile::NamedTempFile::new_in(folder)?);
    let header = header(
        &matrices
            .iter()
            .map(|(name, view)| (name.as_str(), [view.shape[0], view.shape[1]]))
            .collect::<Vec<_>>(),
        &sizes,
    );
    out.write_all(&header)?;
    let (mut done, all) = (0, sizes.iter().sum::<u64>().max(1));
    for ((name, view), size) in matrices.iter().zip(&sizes) {
        watch
            .tell(done as f32 / all as f32)
            .map_err(Failed::Model)?;
        let wrong = |what: String| Failed::Model(weights.wrong(name, &what));
        let blocks = quantise::rows(view, weights.delta(name).as_ref()).map_err(wrong)?;
        let blocks = QTensor::new(
            QStorage::Cpu(Box::new(blocks)),
            (view.shape[0], view.shape[1]),
        );
        let blocks = blocks.map_err(|error| wrong(error.to_string()))?;
        out.write_all(&blocks.data().map_err(|error| wrong(error.to_string()))?)?;
        out.write_all(&vec![0; padding(*size) as usize])?;
        done += size;
    }
    let file = out
        .into_inner()
        .map_err(|error| Failed::from(error.into_error()))?;
    file.as_file().sync_all()?;
    file.persist(path)
        .map_err(|error| Failed::from(error.error))?;
    Ok(())
}

/// A GGUF header (version 3) without keys, up to the first tensor.
fn header(tensors: &[(&str, [usize; 2])], sizes: &[u64]) -> Vec<u8> {
    let mut out = b"GGUF".to_vec();
    out.extend(3_u32.to_le_bytes());
    out.extend((tensors.len() as u64).to_le_bytes());
    out.extend(0_u64.to_le_bytes());
    let mut offset = 0_u64;
    for ((name, [rows, columns]), size) in tensors.iter().zip(sizes) {
        out.extend((name.len() as u64).to_le_bytes());
        out.extend(name.as_bytes());
        out.extend(2_u32.to_le_bytes());
        out.extend((*columns as u64).to_le_bytes());
        out.extend((*rows as u64).to_le_bytes());
        // Q8_0's number in the format.
        out.extend(8_u32.to_le_bytes());
        out.extend(offset.to_le_bytes());
        offset += size + padding(*size);
    }
    let unaligned = out.len() as u64;
    out.extend(vec![0; padding(unaligned) as usize]);
    out
}

fn padding(length: u64) -> u64 {
    length.next_multiple_of(ALIGNMENT) - length
}

/// Whether the disk keeps a twentieth free beside `bytes`.
#[cfg(target_os = "linux")]
fn room(folder: &Path, bytes: u64) -> bool {
    nix::sys::statvfs::statvfs(folder).is_ok_and(|disk| {
        let free = disk.blocks_available() * disk.fragment_size();
        bytes + bytes / 20 < free
    })
}

/// Elsewhere a full disk is found out while writing.
#[cfg(not(target_os = "linux"))]
fn room(_: &Path, _: u64) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::ops::ControlFlow;

    use candle_core::{DType, Device, Tensor};

    use super::*;

    #[test]
    fn a_copy_holds_what_quantising_gives() {
        let dir = tempfile::tempdir().unwrap();
        super::super::tiny_model::write(dir.path());
        let weights = Weights::open(dir.path()).unwrap();
        let path = dir.path().join("copy.gguf");
        let mut ask = |_: f32| ControlFlow::Continue(());
        let watch = Watch::new(&mut ask);
        assert!(written(&weights, &path, &watch).is_ok());
        let copy = Gguf::open(&path, Names::Hub).unwrap();
        let (matrices, _) = weights.copied().unwrap();
        assert!(10 < matrices.len());
        for (name, view) in matrices {
            let shape = (view.shape[0], view.shape[1]);
            let copied = copy.matrix(&name, shape, &Device::Cpu).unwrap();
            let blocks = quantise::rows(&view, None).unwrap();
            let fresh = QTensor::new(QStorage::Cpu(Box::new(blocks)), shape).unwrap();
            assert_eq!(copied.data().unwrap(), fresh.data().unwrap(), "{name}");
        }
        let mut stop = |_: f32| ControlFlow::Break(());
        let stopped = written(&weights, &path, &Watch::new(&mut stop));
        assert!(matches!(stopped, Err(Failed::Model(Error::Stopped))));
    }

    #[test]
    fn two_that_want_one_copy_make_it_once() {
        let dir = tempfile::tempdir().unwrap();
        super::super::tiny_model::write(dir.path());
        let file = dir.path().join("model.safetensors");
        let mut tensors: HashMap<String, Tensor> =
            candle_core::safetensors::load(&file, &Device::Cpu).unwrap();
        let large = Tensor::ones((8192, 4096 + 64), DType::BF16, &Device::Cpu).unwrap();
        tensors.insert("large.weight".to_owned(), large);
        candle_core::safetensors::save(&tensors, &file).unwrap();
        let folder = dir.path().join("cache");
        let run = || {
            let weights = Weights::open(dir.path()).unwrap();
            let mut told = 0;
            let mut ask = |share: f32| {
                told += usize::from(0.0 < share);
                ControlFlow::Continue(())
            };
            assert!(
                copy(&weights, &folder, &Watch::new(&mut ask))
                    .unwrap()
                    .is_some()
            );
            told
        };
        let counts = thread::scope(|scope| {
            let both = [scope.spawn(run), scope.spawn(run)];
            both.map(|it| it.join().unwrap())
        });
        assert_eq!(
            counts.iter().filter(|told| 0 < **told).count(),
            1,
            "{counts:?}"
        );
        // One copy, one lock, and nothing half-written.
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
    }
}
