//! Every value of a trace once, in little room: a value that differs little from an earlier one is held
//! as the difference.

use std::{borrow::Cow, hash::Hasher as _, sync::Arc};

use hashbrown::HashTable;
use recorder::bytes::{Input, put_bytes, put_u64};
use rustc_hash::FxHasher;

use super::{Id, Tape, ValueId};

/// Bytes a chunk; a clone shares every chunk, a change copies at most the newest.
const CHUNK: usize = 1 << 16;
/// Differences on the way to a whole value, at most: what a look-up costs.
const CHAIN: u8 = 32;
/// A value this short is held whole: a difference would be no shorter.
const SHORT: usize = 24;

/// Values by id. Cloning copies one pointer per 1024 values and one per 64 KiB of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Values {
    /// Where each one starts: the chunk, and the byte in it (the low 16 bits).
    starts: Tape<u32>,
    chunks: Vec<Arc<Vec<u8>>>,
    /// Bytes in all chunks.
    bytes: u64,
}

/// The value asked for last, where it is held as a difference: the next one may differ from it.
#[derive(Debug, Default)]
pub(crate) struct Near {
    id: Option<ValueId>,
    bytes: Vec<u8>,
}

/// One value as it is held.
struct Held<'a> {
    /// Which value it differs from and how: bytes kept of that one's start and end.
    base: Option<(ValueId, usize, usize)>,
    /// Differences on the way to a whole value.
    chain: u8,
    bytes: &'a [u8],
}

/// Which values there are, by content. Not a part of [`Values`], so that snapshots share nothing with
/// it.
#[derive(Debug, Default)]
pub(super) struct Interned {
    table: HashTable<(u32, ValueId)>,
}

impl Values {
    /// How many there are.
    pub(super) fn len(&self) -> u32 {
        self.starts.len()
    }

    /// The id the next one gets.
    pub(super) fn end(&self) -> ValueId {
        Id::new(self.starts.len())
    }

    /// Bytes held.
    pub(super) fn weight(&self) -> u64 {
        self.bytes + 4 * u64::from(self.starts.len())
    }

    /// A value's encoding; copied where it is held as a difference. Costs its size at most 33 times.
    pub(super) fn get(&self, id: ValueId) -> Cow<'_, [u8]> {
        let mut held = self.held(id);
        let mut chain = Vec::new();
        while let Some((base, prefix, suffix)) = held.base {
            chain.push((prefix, suffix, held.bytes));
            held = self.held(base);
        }
        if chain.is_empty() {
            return Cow::Borrowed(held.bytes);
        }
        let mut res = held.bytes.to_vec();
        for (prefix, suffix, middle) in chain.into_iter().rev() {
            splice(&mut res, prefix, suffix, middle).expect("written by us");
        }
        Cow::Owned(res)
    }

    /// As [`Self::get`]. Costs its size once where it differs from the one asked for before.
    pub(super) fn get_near<'a>(&'a self, id: ValueId, near: &'a mut Near) -> &'a [u8] {
        if near.id == Some(id) {
            return &near.bytes;
        }
        let held = self.held(id);
        let Some((base, prefix, suffix)) = held.base else {
            return held.bytes;
        };
        match near.id == Some(base) {
            true => splice(&mut near.bytes, prefix, suffix, held.bytes).expect("written by us"),
            false => near.bytes = self.get(id).into_owned(),
        }
        near.id = Some(id);
        &near.bytes
    }

    /// Hands two values to `then`, which is cheapest where the second differs from the first.
    pub(super) fn both<T>(
        &self,
        (a, b): (ValueId, ValueId),
        near: &mut Near,
        then: impl FnOnce(&[u8], &[u8]) -> T,
    ) -> T {
        let held = self.held(a);
        if held.base.is_none() {
            return then(held.bytes, self.get_near(b, near));
        }
        let first = self.get_near(a, near).to_vec();
        then(&first, self.get_near(b, near))
    }

    fn held(&self, id: ValueId) -> Held<'_> {
        let start = self.starts[Id::new(id.raw())];
        let chunk = &self.chunks[(start >> 16) as usize];
        let mut input = Input::new(&chunk[(start & 0xffff) as usize..]);
        let mut number = || input.u64().expect("written by us") as usize;
        let chain = number() as u8;
        let base = (chain != 0).then(|| {
            let back = number() as u32;
            let base = Id::new(id.raw() - back);
            (base, number(), number())
        });
        Held {
            base,
            chain,
            bytes: input.bytes().expect("written by us"),
        }
    }

    /// Appends a value that is `whole`, or the difference from one that is there. `None` when there is
    /// no room for more of them.
    fn push(&mut self, whole: &[u8], from: Option<(ValueId, usize, usize)>) -> Option<ValueId> {
        let id = self.end();
        let mut entry = Vec::with_capacity(32);
        let shorter = from.filter(|(base, prefix, suffix)| {
            SHORT < whole.len()
                && (whole.len() - prefix - suffix) < whole.len() / 2
                && self.held(*base).chain < CHAIN
        });
        match shorter {
            Some((base, prefix, suffix)) => {
                put_u64(&mut entry, u64::from(self.held(base).chain + 1));
                put_u64(&mut entry, u64::from(id.raw() - base.raw()));
                put_u64(&mut entry, prefix as u64);
                put_u64(&mut entry, suffix as u64);
                put_bytes(&mut entry, &whole[prefix..whole.len() - suffix]);
            }
            None => {
                put_u64(&mut entry, 0);
                put_bytes(&mut entry, whole);
            }
        }
        let full = self
            .chunks
            .last()
            .is_none_or(|it| CHUNK < it.len() + entry.len());
        if full {
            self.chunks
                .push(Arc::new(Vec::with_capacity(CHUNK.max(entry.len()))));
        }
        let at = self.chunks.len() - 1;
        let chunk = Arc::make_mut(&mut self.chunks[at]);
        let start = u32::try_from(at << 16 | chunk.len()).ok()?;
        // A chunk shared with a clone was copied just now, to its length.
        chunk.reserve_exact(CHUNK.saturating_sub(chunk.len()).max(entry.len()));
        chunk.extend_from_slice(&entry);
        self.bytes += entry.len() as u64;
        self.starts.push(start);
        Some(id)
    }
}

impl Interned {
    /// The id of the value that `whole` encodes, given one if it is new. `from`: an earlier value and
    /// how many bytes of its start and end are the same. `None` when no more values fit.
    pub(super) fn id(
        &mut self,
        values: &mut Values,
        whole: &[u8],
        from: Option<(ValueId, usize, usize)>,
    ) -> Option<ValueId> {
        let mut hasher = FxHasher::default();
        hasher.write(whole);
        let hash = hasher.finish();
        let short = (hash >> 32) as u32;
        let spread = |it: u32| u64::from(it).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let known = self.table.find(spread(short), |&(hash, id)| {
            hash == short && *values.get(id) == *whole
        });
        if let Some(&(_, id)) = known {
            return Some(id);
        }
        let id = values.push(whole, from)?;
        self.table
            .insert_unique(spread(short), (short, id), |it| spread(it.0));
        Some(id)
    }
}

/// Replaces what stands between the first `prefix` and the last `suffix` bytes; `None`, and nothing
/// changed, if there are not that many.
pub(super) fn splice(
    bytes: &mut Vec<u8>,
    prefix: usize,
    suffix: usize,
    middle: &[u8],
) -> Option<()> {
    let end = bytes.len().checked_sub(suffix).filter(|it| prefix <= *it)?;
    match end - prefix == middle.len() {
        true => bytes[prefix..end].copy_from_slice(middle),
        false => drop(bytes.splice(prefix..end, middle.iter().copied())),
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_read_as_wholes() {
        let (mut values, mut interned) = (Values::default(), Interned::default());
        let mut now: Vec<u8> = (0..200).collect();
        let mut all = Vec::new();
        let mut id = interned.id(&mut values, &now, None).expect("room");
        all.push((id, now.clone()));
        for n in 0..500usize {
            let at = n * 37 % 190;
            let middle = vec![n as u8, (n >> 8) as u8, 7];
            let (prefix, suffix) = (at, now.len() - at - 2);
            splice(&mut now, prefix, suffix, &middle).expect("within");
            id = interned
                .id(&mut values, &now, Some((id, prefix, suffix)))
                .expect("room");
            all.push((id, now.clone()));
        }
        let (mut near, mut pair) = (Near::default(), Near::default());
        for (at, (id, expected)) in all.iter().enumerate() {
            assert_eq!(*values.get(*id), **expected);
            assert_eq!(values.get_near(*id, &mut near), expected);
            let (other, known) = &all[(at * 7).min(at + 1) % all.len()];
            let both = |a: &[u8], b: &[u8]| assert_eq!((a, b), (&expected[..], &known[..]));
            values.both((*id, *other), &mut pair, both);
        }
        assert!(values.weight() < 500 * 80, "{}", values.weight());
        let count = values.len();
        let again = interned.id(&mut values, &all[77].1, None);
        assert_eq!((again, values.len()), (Some(all[77].0), count));
    }

    #[test]
    fn long_values_and_clones_are_kept() {
        let (mut values, mut interned) = (Values::default(), Interned::default());
        let long = |n: u8| vec![n; 3 * CHUNK];
        let first = interned.id(&mut values, &long(1), None).expect("room");
        let old = values.clone();
        let second = interned.id(&mut values, &long(2), None).expect("room");
        let short = interned.id(&mut values, b"x", None).expect("room");
        assert_eq!((old.len(), values.len()), (1, 3));
        assert_eq!(*old.get(first), *long(1));
        assert_eq!(*values.get(second), *long(2));
        assert_eq!(*values.get(short), *b"x");
    }
}
