//! Series and data frames of pandas, by what their managers hold: names of columns and a corner of each.
//!
//! Nothing of pandas is called but getters written in C; the rest is read from dictionaries of instances.
//! Columns of types that keep no array of numpy's (those of Arrow) are named and their values left out.

use crate::{
    arrays::{Lent, is_array, member, put_string},
    bytes::{put_bytes, put_u64},
    kinds::{type_attr, type_text},
    object::{Obj, Owned, clear_error, kind, new_text},
    value::tag,
    values::{Count, Encoder},
};

/// Columns shown of a frame, and rows of each.
const COLUMNS: usize = 12;
const ROWS: usize = 12;

/// Whether objects of a type are series or data frames.
pub(crate) fn is_table(of: Obj) -> bool {
    let bases = type_attr(of, "__mro__");
    bases.iter().flat_map(|it| it.tuple()).any(|it| {
        let name = type_text(it, "__qualname__");
        (name == "DataFrame" || name == "Series")
            && type_text(it, "__module__").split('.').next() == Some("pandas")
    })
}

impl Encoder {
    /// Writes one; `false`, and nothing, if it is not laid out as it should be.
    pub(crate) fn table(&mut self, name: &str, table: Obj, out: &mut Vec<u8>) -> bool {
        let before = out.len();
        let written = self.try_table(name, table, out).is_some();
        if !written {
            out.truncate(before);
        }
        clear_error();
        written
    }

    fn try_table(&mut self, name: &str, table: Obj, out: &mut Vec<u8>) -> Option<()> {
        let attributes = table.instance_dict()?;
        let manager = attributes.item(c"_mgr")?;
        let axes = member(manager, "axes")
            .or_else(|| Some(manager.instance_dict()?.item(c"axes")?.own()))?;
        let axes = axes.is(kind!(PyList_Type)).then_some(axes)?;
        let blocks = member(manager, "blocks")
            .or_else(|| Some(manager.instance_dict()?.item(c"blocks")?.own()))?;
        let id = table.id();
        let rows = axes.list_item(axes.list_len().checked_sub(1)?)?;
        if axes.list_len() == 1 {
            let (values, _) = block(blocks.tuple().next()?)?;
            self.head(name, table, 2, out);
            put_bytes(out, b"");
            self.column(values.as_ref().map(|it| **it), None, length(rows), id, out);
            put_bytes(out, b"index");
            self.labels(rows, id + 1, out);
            return Some(());
        }
        let columns = axes.list_item(0)?;
        let count = length(columns)?;
        let places = places(&blocks, count.min(COLUMNS))?;
        self.head(name, table, 3, out);
        put_bytes(out, b"");
        out.push(tag::LIST);
        put_u64(out, id + 2);
        put_u64(out, count as u64);
        let kept = Count::begin(out);
        for (at, place) in places.iter().enumerate() {
            let (values, row) = place.as_ref()?;
            let column = values.as_ref().map(|it| **it);
            self.column(
                column,
                Some(*row),
                length(rows),
                id + 3 + at as u64 % 8,
                out,
            );
        }
        kept.end(out, places.len() as u64);
        put_bytes(out, b"columns");
        self.labels(columns, id + 1, out);
        put_bytes(out, b"index");
        self.labels(rows, id + 15, out);
        Some(())
    }

    /// A list of one column's first values: those of row `row` of an array of two dimensions.
    fn column(
        &mut self,
        values: Option<Obj>,
        row: Option<usize>,
        len: Option<usize>,
        id: u64,
        out: &mut Vec<u8>,
    ) {
        let lent = values.and_then(Lent::of);
        let lent = lent.filter(|it| {
            let shape = it.shape();
            shape.len() == 1 || shape.len() == 2 && row.is_some_and(|row| (row as isize) < shape[0])
        });
        match lent {
            Some(lent) => self.row(&lent, row.unwrap_or(0), ROWS, id, out),
            None => put_empty(len.unwrap_or(0), id, out),
        }
    }

    /// The labels of an axis.
    fn labels(&mut self, axis: Obj, id: u64, out: &mut Vec<u8>) {
        let attributes = axis.instance_dict();
        let of = |key| attributes.as_ref().and_then(|it| it.item(key));
        if let Some(range) = of(c"_range").filter(|it| it.is(kind!(PyRange_Type))) {
            return put_range(range, id, out);
        }
        let numbers = of(c"_data").and_then(numbers);
        let lent = numbers.as_ref().and_then(|it| Lent::of(**it));
        let lent = lent.filter(|it| it.shape().len() == 1);
        match lent {
            Some(lent) => self.row(&lent, 0, ROWS, id, out),
            None => put_empty(length(axis).unwrap_or(0), id, out),
        }
    }
}

/// Values of a block, if numpy holds them, and the places of its columns in the frame.
fn block(block: Obj) -> Option<(Option<Owned>, Vec<usize>)> {
    let of =
        |name, key| member(block, name).or_else(|| Some(block.instance_dict()?.item(key)?.own()));
    let values = of("values", c"values")?;
    // Iterated in C: the places are of a type that pandas compiles.
    let places = of("_mgr_locs", c"_mgr_locs")?;
    let places = is_compiled(*places)
        .then(|| places.iterate())?
        .into_iter()
        .flatten();
    let places = places
        .filter_map(|it| it.int())
        .filter_map(|it| usize::try_from(it).ok());
    Some((numbers(*values), places.collect()))
}

/// The array of numpy's that an array of pandas' is, or is kept in.
fn numbers(array: Obj) -> Option<Owned> {
    match is_array(array.kind_object()) {
        true => Some(array.own()),
        false => {
            // Of other arrays it holds codes of what they stand for.
            const AS_THEY_ARE: [&str; 3] = ["StringArray", "NumpyExtensionArray", "PandasArray"];
            let name = type_text(array.kind_object(), "__name__");
            let held = AS_THEY_ARE
                .contains(&&*name)
                .then(|| member(array, "_ndarray"))?;
            held.filter(|it| is_array(it.kind_object()))
        }
    }
}

/// Whether iterating it runs C code.
fn is_compiled(object: Obj) -> bool {
    let found = new_text("__iter__").and_then(|it| object.kind_object().lookup(*it));
    found.is_some_and(|it| type_text(it.kind_object(), "__name__") == "wrapper_descriptor")
}

/// For each of the first `count` columns, its block's values and its row there.
#[expect(clippy::type_complexity, reason = "named nowhere else")]
fn places(blocks: &Owned, count: usize) -> Option<Vec<Option<(Option<Owned>, usize)>>> {
    let mut res: Vec<_> = (0..count).map(|_| None).collect();
    for it in blocks.tuple() {
        let (values, columns) = block(it)?;
        for (row, column) in columns.into_iter().enumerate() {
            if let Some(place) = res.get_mut(column) {
                *place = Some((values.as_ref().map(|it| it.own()), row));
            }
        }
    }
    Some(res)
}

/// How many labels an axis has.
fn length(axis: Obj) -> Option<usize> {
    let attributes = axis.instance_dict()?;
    if let Some(range) = attributes
        .item(c"_range")
        .filter(|it| it.is(kind!(PyRange_Type)))
    {
        let (start, stop, step) = ends(range)?;
        return Some(((stop - start + step - step.signum()) / step).max(0) as usize);
    }
    let numbers = numbers(attributes.item(c"_data")?)?;
    Lent::of(*numbers)?
        .shape()
        .first()
        .map(|it| (*it).max(0) as usize)
}

fn ends(range: Obj) -> Option<(i64, i64, i64)> {
    let of = |name| range.attr(name)?.int();
    Some((
        of(c"start")?,
        of(c"stop")?,
        of(c"step").filter(|it| *it != 0)?,
    ))
}

fn put_range(range: Obj, id: u64, out: &mut Vec<u8>) {
    let Some((start, stop, step)) = ends(range) else {
        return put_empty(0, id, out);
    };
    put_string(&format!("{start}:{stop}:{step}"), out);
}

/// A list of that length of which nothing was kept.
fn put_empty(len: usize, id: u64, out: &mut Vec<u8>) {
    out.push(tag::LIST);
    put_u64(out, id);
    put_u64(out, len as u64);
    out.push(0);
}
