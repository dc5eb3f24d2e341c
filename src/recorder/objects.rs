//! Objects whose types are not built in, to bytes: by their fields, or by a text.

use crate::{
    bytes::{put_bytes, put_u64},
    kinds::{Inner, Kind, Place, Shown, built_in_base},
    object::{Obj, kind},
    opaque::{self, How},
    value::{Shape, tag},
    values::{Count, Encoder, put_float, put_opaque},
    views::{self, View},
};

impl Encoder {
    /// `nodes` are those that were left in front of the object.
    pub(crate) fn other(&mut self, object: Obj, (depth, nodes): (u32, u32), out: &mut Vec<u8>) {
        // Lent out so that the encoder can go on using itself; nested look-ups of types are rare.
        let mut kinds = std::mem::take(&mut self.kinds);
        let shown = kinds.of(object, &self.layout);
        self.kinds = kinds;
        let around = self.watch;
        let noted = match &shown.kind {
            // What the program's own code says of an object may be another thing each time.
            _ if self.own_repr.is_on => false,
            // Of these the name is noted once it is written.
            Kind::Opaque(How::Function) => true,
            _ => !self.asks(&shown, object) && self.note_object(&shown, object, depth),
        };
        if !noted {
            let write = |this: &mut Self, object, depth, out: &mut Vec<u8>| {
                if !this.own_repr(&shown, object, out) {
                    this.shown(&shown, object, depth, out);
                }
            };
            return self.again(object, (depth, nodes), out, write);
        }
        let start = out.len();
        self.shown(&shown, object, depth, out);
        self.watch = around;
        if matches!(shown.kind, Kind::Opaque(How::Function)) {
            self.note_function(object, (depth, nodes), start..out.len());
        }
    }

    fn shown(&mut self, shown: &Shown, object: Obj, depth: u32, out: &mut Vec<u8>) {
        if self.own_repr(shown, object, out) {
            return;
        }
        // Fields borrow from these while they are written.
        let (attributes, arguments, owned);
        let mut fields = Vec::new();
        let mut shape = Shape::Call;
        match &shown.kind {
            Kind::Array => return self.array(&shown.name, object, out),
            Kind::Table if self.table(&shown.name, object, out) => return,
            Kind::Table => shape = Shape::Bare,
            Kind::Opaque(how) => match opaque::text(*how, object) {
                Some(text) => return put_opaque(out, &shown.name, &text),
                None => shape = Shape::Bare,
            },
            Kind::Exception => {
                arguments = opaque::exception_arguments(object);
                let items = arguments.iter().flat_map(|it| it.tuple());
                fields.extend(items.map(|it| (String::new(), Part::Value(it))));
            }
            Kind::View(view) => match views::behind(object) {
                Some(dict) => fields.push((String::new(), Part::View(*view, dict))),
                None => shape = Shape::Bare,
            },
            Kind::Proxy => {
                let mapping = opaque::behind_view(object);
                fields.extend(mapping.map(|it| (String::new(), Part::Value(it))));
            }
            Kind::NamedTuple(names) => {
                let items = names.iter().cloned().zip(object.tuple());
                fields.extend(items.map(|(name, it)| (name, Part::Value(it))));
            }
            Kind::Enum => {
                attributes = object.instance_dict();
                let of = |key| attributes.as_ref().and_then(|it| it.item(key));
                let name = of(c"_name_").filter(|it| it.is(kind!(PyUnicode_Type)));
                match name.zip(of(c"_value_")) {
                    Some((name, value)) => {
                        shape = Shape::Enum;
                        fields.push((name.text(), Part::Value(value)));
                    }
                    None => shape = Shape::Bare,
                }
            }
            Kind::Holder(inner) => {
                let base = inner
                    .collection()
                    .and_then(|it| built_in_base(object.kind_object(), it));
                let member = inner.member().zip(base);
                owned = member.and_then(|((_, name), base)| opaque::base_attr(*base, name, object));
                let member = inner.member().zip(owned.as_ref());
                let member =
                    member.filter(|((place, _), it)| *place == Place::Before || !it.is_none());
                fields.push((String::new(), Part::Inner(*inner)));
                if let Some(((Place::Before, _), value)) = member {
                    fields.insert(0, (String::new(), Part::Value(**value)));
                } else if let Some(((Place::After, name), value)) = member {
                    fields.push((name.into(), Part::Value(**value)));
                }
                let all = shown.attributes(object);
                fields.extend(all.iter().map(|(name, it)| (name, Part::Value(it))));
                return self.object(shown, shape, object, depth, out, &fields);
            }
            Kind::Plain => {
                let all = shown.attributes(object);
                fields.extend(all.iter().map(|(name, it)| (name, Part::Value(it))));
                // Of the types made in C only namespaces have attributes that are the program's.
                let namespace = shown.has_dict && opaque::is_made_in_c(object.kind_object());
                if fields.is_empty() && !namespace {
                    shape = Shape::Bare;
                }
                return self.object(shown, shape, object, depth, out, &fields);
            }
        }
        self.object(shown, shape, object, depth, out, &fields);
    }

    fn object(
        &mut self,
        shown: &Shown,
        shape: Shape,
        object: Obj,
        depth: u32,
        out: &mut Vec<u8>,
        fields: &[(String, Part)],
    ) {
        let id = object.id();
        if self.path.contains(&(id as usize)) {
            out.push(tag::CYCLE);
            put_u64(out, id);
            out.push(tag::OBJECT);
            return;
        }
        out.push(tag::OBJECT);
        put_u64(out, id);
        put_bytes(out, shown.name.as_bytes());
        out.push(shape as u8);
        put_u64(out, fields.len() as u64);
        let count = Count::begin(out);
        let mut kept = 0;
        if 0 < depth {
            for (name, part) in fields.iter().take(self.limits.items) {
                if self.nodes == 0 {
                    break;
                }
                put_bytes(out, name.as_bytes());
                match part {
                    Part::Value(value) => {
                        self.path.push(id as usize);
                        self.encode(*value, depth - 1, out);
                        self.path.pop();
                    }
                    Part::Inner(inner) => self.inner(*inner, object, depth, out),
                    Part::View(view, dict) => self.view(*view, (object, *dict), depth, out),
                }
                kept += 1;
            }
        }
        count.end(out, kept);
    }

    /// Writes what an object of a derived type holds as its base type would, at the object's own depth.
    fn inner(&mut self, inner: Inner, object: Obj, depth: u32, out: &mut Vec<u8>) {
        match inner {
            Inner::List => self.list(object, depth, out),
            Inner::Tuple => self.tuple(object, depth, out),
            Inner::Set => self.set(object, depth, out),
            Inner::Dict | Inner::DefaultDict => self.dict(object, depth, out),
            Inner::Ordered => self.ordered(object, depth, out),
            Inner::Deque => self.deque(object, depth, out),
            Inner::Int => self.int(object, out),
            Inner::Float => put_float(object, out),
            Inner::Str => self.string(object, out),
            Inner::Bytes => self.bytes(object, false, out),
            Inner::ByteArray => self.bytes(object, true, out),
        }
    }
}

/// What stands behind a field's name.
enum Part {
    Value(Obj),
    /// The object itself, as its base type sees it.
    Inner(Inner),
    /// What that dict holds, as the view that the object is shows it.
    View(View, Obj),
}
