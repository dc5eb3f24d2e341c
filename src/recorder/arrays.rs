//! Arrays of numbers, by the buffers they lend: numpy's, its scalars, and what pandas keeps in them.
//!
//! A buffer is lent by C alone. Shown are the element type, the shape and a corner; what the corner leaves
//! out is counted by the lists it is made of. Elements that are not plain numbers, texts or objects (dates,
//! records) are not read, and the lists are then empty.

#![expect(unsafe_code, reason = "reads buffers")]

use crate::{
    bytes::{put_bytes, put_u64},
    kinds::type_text,
    object::{Obj, Owned, clear_error, kind},
    opaque,
    value::{Shape, tag},
    values::{Count, Encoder, put_int},
};
use pyo3::ffi::{self, PyObject};
use std::{
    ffi::{CStr, c_char, c_int, c_void},
    ptr, slice,
};

/// As C lays it out in every version.
#[repr(C)]
struct Buffer {
    start: *mut c_void,
    object: *mut PyObject,
    len: isize,
    item: isize,
    readonly: c_int,
    dimensions: c_int,
    format: *mut c_char,
    shape: *mut isize,
    strides: *mut isize,
    suboffsets: *mut isize,
    internal: *mut c_void,
}

unsafe extern "C" {
    fn PyObject_GetBuffer(object: *mut PyObject, view: *mut Buffer, flags: c_int) -> c_int;
    fn PyBuffer_Release(view: *mut Buffer);
}

/// With shape, strides and format, to be read only.
const READ: c_int = 0x1c;

/// Elements shown along each dimension, by how many there are; one dimension goes by the limit of items.
const SIDES: [usize; 4] = [1, usize::MAX, 12, 5];

/// A lent buffer.
pub(crate) struct Lent(Buffer);

impl Drop for Lent {
    fn drop(&mut self) {
        // SAFETY: got from `PyObject_GetBuffer`, released once.
        unsafe { PyBuffer_Release(&raw mut self.0) }
    }
}

/// Whether objects of a type are arrays or their scalars: numpy's own types, and those derived from its
/// array that lend its buffer and no other.
pub(crate) fn is_array(of: Obj) -> bool {
    let numpy = |it: Obj| {
        opaque::type_flags(it) & ffi::Py_TPFLAGS_HEAPTYPE == 0
            && type_text(it, "__module__") == "numpy"
    };
    if numpy(of) {
        return SCALARS.contains(&&*type_text(of, "__name__"))
            || type_text(of, "__name__") == "ndarray";
    }
    let bases = crate::kinds::type_attr(of, "__mro__");
    let derived = bases
        .iter()
        .flat_map(|it| it.tuple())
        .any(|it| numpy(it) && type_text(it, "__name__") == "ndarray");
    let own = crate::object::new_text("__buffer__").and_then(|it| of.lookup(*it));
    derived && own.is_none_or(|it| type_text(it.kind_object(), "__name__") == "wrapper_descriptor")
}

/// Numpy's scalars that are no numbers of Python's.
const SCALARS: &[&str] = &[
    "bool",
    "bool_",
    "int8",
    "int16",
    "int32",
    "int64",
    "longlong",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "ulonglong",
    "float16",
    "float32",
    "longdouble",
    "complex64",
    "clongdouble",
];

impl Lent {
    /// `None` where the object lends none of this kind.
    pub(crate) fn of(object: Obj) -> Option<Self> {
        let mut view = std::mem::MaybeUninit::<Buffer>::zeroed();
        // SAFETY: filled by the callee if it succeeds; an error is cleared.
        unsafe {
            if PyObject_GetBuffer(object.ptr(), view.as_mut_ptr(), READ) != 0 {
                clear_error();
                return None;
            }
            Some(Self(view.assume_init()))
        }
    }

    fn format(&self) -> &[u8] {
        if self.0.format.is_null() {
            return b"B";
        }
        // SAFETY: a text that ends in zero and lives as long as the buffer.
        let format = unsafe { CStr::from_ptr(self.0.format) }.to_bytes();
        // Of a byte order that is not the machine's nothing is read.
        format
            .strip_prefix(b"@")
            .or(format.strip_prefix(b"="))
            .unwrap_or(format)
    }

    pub(crate) fn shape(&self) -> &[isize] {
        if self.0.shape.is_null() {
            return &[];
        }
        // SAFETY: as many as it has dimensions.
        unsafe { slice::from_raw_parts(self.0.shape, self.0.dimensions.max(0) as usize) }
    }

    fn stride(&self, dimension: usize) -> isize {
        if self.0.strides.is_null() {
            return self.0.item;
        }
        // SAFETY: as many as it has dimensions.
        unsafe { *self.0.strides.add(dimension) }
    }

    /// The element type as numpy names it.
    pub(crate) fn dtype(&self) -> String {
        let bits = self.0.item * 8;
        match self.format() {
            b"?" => "bool".into(),
            b"b" | b"h" | b"i" | b"l" | b"q" => format!("int{bits}"),
            b"B" | b"H" | b"I" | b"L" | b"Q" => format!("uint{bits}"),
            b"e" | b"f" | b"d" | b"g" => format!("float{bits}"),
            b"Zf" | b"Zd" | b"Zg" => format!("complex{bits}"),
            b"O" => "object".into(),
            [.., b's'] => format!("S{}", self.0.item),
            [.., b'w'] => format!("U{}", self.0.item / 4),
            other => String::from_utf8_lossy(other).into_owned(),
        }
    }

    /// Whether [`Encoder::element`] knows such elements.
    fn is_read(&self) -> bool {
        let format = self.format();
        matches!(format, [.., b's' | b'w'] if format[..format.len() - 1].iter().all(u8::is_ascii_digit))
            || matches!(format, [it] if b"?bhilqBHILQefdO".contains(it))
            || matches!(format, b"Zf" | b"Zd")
    }
}

impl Encoder {
    /// Writes an array or scalar of numpy's.
    pub(crate) fn array(&mut self, name: &str, array: Obj, out: &mut Vec<u8>) {
        let Some(lent) = Lent::of(array) else {
            return self.unlent(name, array, out);
        };
        let scalar = lent.shape().is_empty() && name != "ndarray";
        self.head(name, array, if scalar { 1 } else { 3 }, out);
        put_bytes(out, b"");
        self.corner(&lent, array.id(), out);
        if !scalar {
            put_bytes(out, b"shape");
            put_shape(lent.shape(), array.id() + 15, out);
            put_bytes(out, b"dtype");
            let dtype = match lent.is_read() {
                true => lent.dtype(),
                false => named_dtype(array),
            };
            put_string(&dtype, out);
        }
    }

    /// One whose elements no buffer can show: dates, and records of them.
    fn unlent(&mut self, name: &str, array: Obj, out: &mut Vec<u8>) {
        let shape = member(array, "shape").filter(|it| it.is(kind!(PyTuple_Type)));
        self.head(name, array, 2, out);
        put_bytes(out, b"shape");
        let shape: Vec<_> = shape.iter().flat_map(|it| it.tuple()).collect();
        let shape: Vec<_> = shape
            .iter()
            .filter_map(|it| Some(it.int()? as isize))
            .collect();
        put_shape(&shape, array.id() + 15, out);
        put_bytes(out, b"dtype");
        put_string(&named_dtype(array), out);
    }

    /// The start of an object with that many fields.
    pub(crate) fn head(&mut self, name: &str, object: Obj, fields: u64, out: &mut Vec<u8>) {
        out.push(tag::OBJECT);
        put_u64(out, object.id());
        put_bytes(out, name.as_bytes());
        out.push(Shape::Call as u8);
        put_u64(out, fields);
        put_u64(out, fields);
    }

    /// Writes a corner as lists in lists, or the only element of what has no dimension.
    pub(crate) fn corner(&mut self, lent: &Lent, id: u64, out: &mut Vec<u8>) {
        let side = SIDES[lent.shape().len().min(SIDES.len() - 1)].min(self.limits.items);
        self.side(lent, 0, lent.0.start.cast(), side, id, out);
    }

    /// Writes the start of one row as a list: of an array of two dimensions, or the only one there is.
    pub(crate) fn row(&mut self, lent: &Lent, row: usize, most: usize, id: u64, out: &mut Vec<u8>) {
        let last = lent.shape().len().saturating_sub(1);
        let start = lent.0.start.cast::<u8>().cast_const();
        let start = match last {
            0 => start,
            _ => start.wrapping_offset(lent.stride(0) * row as isize),
        };
        self.side(lent, last, start, most.min(self.limits.items), id, out);
    }

    fn side(
        &mut self,
        lent: &Lent,
        at: usize,
        start: *const u8,
        side: usize,
        id: u64,
        out: &mut Vec<u8>,
    ) {
        let Some(&len) = lent.shape().get(at) else {
            return self.element(lent, start, out);
        };
        out.push(tag::LIST);
        // The inner lists are no objects; numbers beside the array's own tell them apart.
        put_u64(out, id + at as u64);
        put_u64(out, len.max(0) as u64);
        let kept = match lent.is_read() && at < 8 {
            true => side.min(len.max(0) as usize),
            false => 0,
        };
        let count = Count::begin(out);
        for item in 0..kept {
            let offset = lent.stride(at) * item as isize;
            self.side(lent, at + 1, start.wrapping_offset(offset), side, id, out);
        }
        count.end(out, kept as u64);
    }

    fn element(&mut self, lent: &Lent, at: *const u8, out: &mut Vec<u8>) {
        // SAFETY: within the buffer, by its shape and strides; elements may lie unaligned.
        unsafe {
            match lent.format() {
                b"?" => out.push(if at.read() == 0 {
                    tag::FALSE
                } else {
                    tag::TRUE
                }),
                b"b" => put_int(at.cast::<i8>().read_unaligned().into(), out),
                b"B" => put_int(at.read().into(), out),
                b"h" => put_int(at.cast::<i16>().read_unaligned().into(), out),
                b"H" => put_int(at.cast::<u16>().read_unaligned().into(), out),
                b"i" => put_int(at.cast::<i32>().read_unaligned().into(), out),
                b"I" => put_int(at.cast::<u32>().read_unaligned().into(), out),
                b"l" | b"q" => put_int(at.cast::<i64>().read_unaligned(), out),
                b"L" | b"Q" => put_unsigned(at.cast::<u64>().read_unaligned(), out),
                b"e" => put_double(half(at.cast::<u16>().read_unaligned()), out),
                b"f" => put_double(single(at.cast::<f32>().read_unaligned()), out),
                b"d" => put_double(at.cast::<f64>().read_unaligned(), out),
                b"Zf" => {
                    let [re, im] = at.cast::<[f32; 2]>().read_unaligned();
                    put_complex(single(re), single(im), out);
                }
                b"Zd" => {
                    let [re, im] = at.cast::<[f64; 2]>().read_unaligned();
                    put_complex(re, im, out);
                }
                b"O" => match Obj::new(ptr::read_unaligned(at.cast::<*mut PyObject>())) {
                    Some(it) if 0 < self.nodes => self.encode(it, 1, out),
                    Some(_) => put_text_of("…", out),
                    None => out.push(tag::NONE),
                },
                [.., b's'] => {
                    let bytes = slice::from_raw_parts(at, lent.0.item.max(0) as usize);
                    let end = bytes.iter().rposition(|it| *it != 0).map_or(0, |it| it + 1);
                    out.push(tag::BYTES);
                    put_u64(out, end as u64);
                    put_bytes(out, &bytes[..end.min(self.limits.text)]);
                }
                [.., b'w'] => {
                    let points = (0..lent.0.item / 4)
                        .map(|it| at.cast::<u32>().offset(it).read_unaligned())
                        .take_while(|it| *it != 0);
                    put_string(&points.filter_map(char::from_u32).collect::<String>(), out);
                }
                _ => out.push(tag::NONE),
            }
        }
    }
}

/// What a getter or member written in C says; `None` where the first that an object's type has of that name
/// is anything else.
pub(crate) fn member(object: Obj, name: &str) -> Option<Owned> {
    let key = crate::object::new_text(name)?;
    let descriptor = object.kind_object().lookup(*key)?;
    let kinds = [kind!(PyGetSetDescr_Type), kind!(PyMemberDescr_Type)];
    if !kinds.contains(&descriptor.kind()) {
        return None;
    }
    let res = descriptor.attr(c"__get__")?.call(&[object]);
    clear_error();
    res
}

/// The element type as numpy writes it into files.
fn named_dtype(array: Obj) -> String {
    let dtype = member(array, "dtype").and_then(|it| member(*it, "str"));
    dtype.map_or_else(String::new, |it| it.text())
}

fn put_shape(shape: &[isize], id: u64, out: &mut Vec<u8>) {
    out.push(tag::TUPLE);
    put_u64(out, id);
    put_u64(out, shape.len() as u64);
    put_u64(out, shape.len() as u64);
    shape.iter().for_each(|it| put_int(*it as i64, out));
}

pub(crate) fn put_string(text: &str, out: &mut Vec<u8>) {
    out.push(tag::STR);
    put_u64(out, text.chars().count() as u64);
    put_bytes(out, text.as_bytes());
}

/// A text shown as it is, for what is no value of Python's.
fn put_text_of(text: &str, out: &mut Vec<u8>) {
    crate::values::put_opaque(out, "", text);
}

fn put_unsigned(value: u64, out: &mut Vec<u8>) {
    match i64::try_from(value) {
        Ok(value) => put_int(value, out),
        Err(_) => {
            out.push(tag::BIG_INT);
            put_bytes(out, value.to_string().as_bytes());
            put_u64(out, 0);
        }
    }
}

fn put_double(value: f64, out: &mut Vec<u8>) {
    out.push(tag::FLOAT);
    out.extend_from_slice(&value.to_le_bytes());
}

fn put_complex(re: f64, im: f64, out: &mut Vec<u8>) {
    let sign = if im.is_sign_negative() { "" } else { "+" };
    put_text_of(&format!("({re}{sign}{im}j)"), out);
}

/// The double that is written as shortly as the float: 0.1 and not 0.10000000149011612.
fn single(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(f64::from(value))
}

/// A number of 16 bits.
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (
        i32::from(bits >> 10 & 0x1f),
        f64::from(bits & 0x3ff) / 1024.0,
    );
    sign * match exponent {
        0 => fraction * 2f64.powi(-14),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1.0 + fraction) * 2f64.powi(exponent - 15),
    }
}
