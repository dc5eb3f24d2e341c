//! Code objects: whose they are, and how they are introduced in the trace.

use crate::{
    object::{Obj, clear_error},
    wire::CodeKind,
};

/// What the hot path must know of a code object. Never freed: an address must not come to mean
/// another one, so the code object itself is kept as well.
#[derive(Debug)]
pub(crate) struct Code {
    /// Its id in the trace; `None` for code that is not the program's.
    pub(crate) id: Option<u32>,
    pub(crate) first_line: i32,
    /// The fast locals in order; dotted names are Python's own and left out.
    pub(crate) locals: Vec<Local>,
    /// Names of the fast locals, as `locals`; for reading them the slow way.
    pub(crate) names: Vec<String>,
    /// Whether names live in fast slots rather than in a dictionary.
    pub(crate) optimized: bool,
    /// Whether it can be suspended.
    pub(crate) suspends: bool,
    /// The instructions, where it must be known how they end the frame.
    pub(crate) instructions: Vec<u8>,
    /// Where the first call of suspendable code was first seen, in bytes of instructions.
    pub(crate) starts_at: std::cell::Cell<Option<i64>>,
}

/// A fast local.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Local {
    /// A name id.
    pub(crate) name: u32,
    /// Which slot of the frame.
    pub(crate) at: usize,
    /// Whether a cell may stand between.
    pub(crate) cell: bool,
}

impl Code {
    /// One that is not the program's.
    pub(crate) fn foreign() -> Self {
        Self {
            id: None,
            first_line: 0,
            locals: Vec::new(),
            names: Vec::new(),
            optimized: true,
            suspends: false,
            instructions: Vec::new(),
            starts_at: std::cell::Cell::new(None),
        }
    }

    /// How the instruction at that offset ends the frame's stay.
    pub(crate) fn ends_at(&self, offset: i64, minor: u8) -> Ends {
        let (returning, yielding): (&[u8], _) = match minor {
            9 | 10 => (&[83], 86),
            11 => (&[83], 150),
            12 => (&[83, 121], 150),
            _ => (&[36, 103], 118),
        };
        let at = usize::try_from(offset).ok();
        match at.and_then(|it| self.instructions.get(it)) {
            Some(it) if returning.contains(it) => Ends::Return,
            Some(it) if *it == yielding => Ends::Yield,
            _ => Ends::Neither,
        }
    }
}

/// What an instruction does to the frame it is the last of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ends {
    /// It ends it.
    Return,
    /// It suspends it.
    Yield,
    /// It is no such instruction: `yield from` before 3.11, or one that raised.
    Neither,
}

/// A code object's own description.
#[derive(Debug)]
pub(crate) struct Description {
    pub(crate) name: String,
    pub(crate) qualname: String,
    pub(crate) first_line: i32,
    pub(crate) kind: CodeKind,
    pub(crate) optimized: bool,
    pub(crate) suspends: bool,
    /// Names and slots of fast locals, and whether they are cells; dotted ones left out.
    pub(crate) locals: Vec<(String, usize, bool)>,
    /// How many of `locals` are parameters.
    pub(crate) parameters: u32,
    pub(crate) instructions: Vec<u8>,
}

mod flag {
    pub(super) const OPTIMIZED: i64 = 0x1;
    pub(super) const VARARGS: i64 = 0x4;
    pub(super) const VARKEYWORDS: i64 = 0x8;
    pub(super) const GENERATOR: i64 = 0x20;
    pub(super) const COROUTINE: i64 = 0x80;
    pub(super) const ASYNC_GENERATOR: i64 = 0x200;
}

/// Reads a code object.
pub(crate) fn describe(code: Obj, minor: u8) -> Description {
    let flags = code.attr_int(c"co_flags");
    let name = code.attr_text(c"co_name");
    let qualname = match minor {
        11.. => code.attr_text(c"co_qualname"),
        _ => name.clone(),
    };
    let suspends = flags & (flag::GENERATOR | flag::COROUTINE | flag::ASYNC_GENERATOR) != 0;
    let optimized = flags & flag::OPTIMIZED != 0;
    let all = match optimized {
        true => locals(code, minor),
        false => hidden(code, minor),
    };
    let parameters = code.attr_int(c"co_argcount")
        + code.attr_int(c"co_kwonlyargcount")
        + i64::from(flags & flag::VARARGS != 0)
        + i64::from(flags & flag::VARKEYWORDS != 0);
    let parameters = all.iter().take(parameters.max(0) as usize);
    let instructions = (suspends || minor == 12)
        .then(|| code.attr(c"co_code"))
        .flatten();
    clear_error();
    Description {
        kind: kind(&name, flags),
        name,
        qualname,
        first_line: code.attr_int(c"co_firstlineno") as i32,
        optimized,
        suspends,
        parameters: parameters.filter(|(name, ..)| is_written(name)).count() as u32,
        locals: all
            .into_iter()
            .filter(|(name, ..)| is_written(name))
            .collect(),
        instructions: instructions.map_or_else(Vec::new, |it| it.byte_slice().to_vec()),
    }
}

/// Whether a name can stand in source. Python names what it makes up itself with a dot, pytest what it
/// takes an `assert` apart into with an `@`.
pub(crate) fn is_written(name: &str) -> bool {
    !name.starts_with(['.', '@'])
}

fn kind(name: &str, flags: i64) -> CodeKind {
    match name {
        "<module>" => CodeKind::Module,
        "<lambda>" => CodeKind::Lambda,
        "<genexpr>" => CodeKind::GeneratorExpression,
        "<listcomp>" | "<setcomp>" | "<dictcomp>" => CodeKind::Comprehension,
        _ if flags & flag::OPTIMIZED == 0 => CodeKind::Class,
        _ if flags & (flag::COROUTINE | flag::ASYNC_GENERATOR) != 0 => CodeKind::Coroutine,
        _ if flags & flag::GENERATOR != 0 => CodeKind::Generator,
        _ => CodeKind::Function,
    }
}

/// Names that live in slots although the body's own live in a dictionary: those of comprehensions, from
/// 3.12 on.
fn hidden(code: Obj, minor: u8) -> Vec<(String, usize, bool)> {
    if minor < 12 {
        return Vec::new();
    }
    let free = code.attr(c"co_freevars").map_or(0, |it| it.tuple().count());
    let mut res = locals(code, minor);
    res.truncate(res.len() - free);
    res.retain(|(name, ..)| !name.starts_with("__"));
    res
}

/// Fast locals with their slots: variables, then cells that are no variables, then free variables.
///
/// Up to 3.10 every cell has a slot behind the variables, and a parameter that is a cell moves there;
/// later it stays where it is.
fn locals(code: Obj, minor: u8) -> Vec<(String, usize, bool)> {
    let names = |key| {
        let tuple = code.attr(key);
        let names = tuple.iter().flat_map(|it| it.tuple()).map(Obj::text);
        names.collect::<Vec<_>>()
    };
    let (variables, cells) = (names(c"co_varnames"), names(c"co_cellvars"));
    let mut res: Vec<_> = variables
        .iter()
        .enumerate()
        .map(|(at, name)| (name.clone(), at, false))
        .collect();
    let mut next = variables.len();
    for cell in cells {
        let known = variables.iter().position(|it| *it == cell);
        match known {
            Some(at) if minor < 11 => {
                (res[at].1, res[at].2) = (next, true);
                next += 1;
            }
            Some(at) => res[at].2 = true,
            None => {
                res.push((cell, next, true));
                next += 1;
            }
        }
    }
    for free in names(c"co_freevars") {
        res.push((free, next, true));
        next += 1;
    }
    res
}
