//! Frames and events: what the backends report becomes records.

use crate::{
    bytes::{put_bytes, put_i64, put_u64},
    codes::Code,
    exceptions,
    layout::Layout,
    locals::{Slot, Values},
    names::Names,
    namespace::Namespace,
    object::Obj,
    values::Count,
    wire::hot,
};
use std::collections::HashMap;

/// A frame of the program, running or suspended.
pub(crate) struct Frame {
    /// Its number in the trace.
    number: u32,
    /// What identifies it to Python; see [`Layout::key`].
    pub(crate) key: usize,
    /// The frame object, for reading names the slow way; alive while the frame runs.
    object: usize,
    pub(crate) code: &'static Code,
    line: i32,
    slots: Vec<Slot>,
    namespace: Namespace,
}

/// One thread's frames, innermost last.
pub(crate) type Lane = Vec<Frame>;

/// All frames of the run, and the event being written.
pub(crate) struct Frames {
    pub(crate) layout: Layout,
    pub(crate) values: Values,
    lanes: Vec<Lane>,
    /// The thread of the last record, counted from 0.
    current: usize,
    suspended: HashMap<usize, Frame>,
    spare: Vec<Frame>,
    count: u32,
}

impl Frames {
    pub(crate) fn new(layout: Layout, values: Values) -> Self {
        Self {
            layout,
            values,
            lanes: vec![Vec::new()],
            current: 0,
            suspended: HashMap::new(),
            spare: Vec::new(),
            count: 0,
        }
    }

    /// Makes that thread (counted from 0) the current one; whether it was another.
    #[inline]
    pub(crate) fn switch(&mut self, thread: usize) -> bool {
        if thread == self.current {
            return false;
        }
        while self.lanes.len() <= thread {
            self.lanes.push(Vec::new());
        }
        self.current = thread;
        true
    }

    /// The innermost frame of the current thread.
    #[inline(always)]
    pub(crate) fn top(&self) -> Option<&Frame> {
        self.lanes[self.current].last()
    }

    /// How many frames of the current thread lie inside the one with that key; `None` if none has it.
    pub(crate) fn inside(&self, key: usize) -> Option<usize> {
        self.lanes[self.current]
            .iter()
            .rev()
            .position(|it| it.key == key)
    }

    /// Whether a suspended frame has that key.
    pub(crate) fn is_suspended(&self, key: usize) -> bool {
        self.suspended.contains_key(&key)
    }

    /// Forgets a suspended frame: what has its key now is another one.
    pub(crate) fn forget(&mut self, key: usize) {
        if let Some(frame) = self.suspended.remove(&key) {
            self.spare.push(frame);
        }
    }

    /// Writes the call of a new frame and makes it the innermost.
    pub(crate) fn call(
        &mut self,
        frame: Obj,
        code: &'static Code,
        line: i32,
        names: &mut Names,
        out: &mut Vec<u8>,
    ) {
        self.count += 1;
        let key = self.layout.key(frame);
        let mut new = self.spare.pop().unwrap_or_else(|| Frame {
            number: 0,
            key,
            object: 0,
            code,
            line: 0,
            slots: Vec::new(),
            namespace: Namespace::default(),
        });
        (new.number, new.key, new.code) = (self.count, key, code);
        new.object = frame.ptr() as usize;
        new.line = if 0 < line {
            line
        } else {
            code.first_line.max(1)
        };
        new.slots.iter_mut().for_each(Slot::clear);
        new.slots
            .resize_with(code.locals.len().max(new.slots.len()), Slot::default);
        new.namespace.clear();
        out.push(hot::CALL);
        put_u64(out, u64::from(code.id.unwrap_or(0)));
        put_u64(out, new.line as u64);
        writes(&mut new, &self.layout, &mut self.values, names, out);
        self.lanes[self.current].push(new);
    }

    /// Writes that a suspended frame runs on and makes it the innermost; whether there is such a frame.
    pub(crate) fn resume(
        &mut self,
        frame: Obj,
        line: i32,
        names: &mut Names,
        out: &mut Vec<u8>,
    ) -> bool {
        let key = self.layout.key(frame);
        let Some(mut back) = self.suspended.remove(&key) else {
            return false;
        };
        back.object = frame.ptr() as usize;
        if 0 < line {
            back.line = line;
        }
        out.push(hot::RESUME);
        put_u64(out, u64::from(back.number));
        put_u64(out, back.line as u64);
        writes(&mut back, &self.layout, &mut self.values, names, out);
        self.lanes[self.current].push(back);
        true
    }

    /// Writes that the innermost frame is about to run a line.
    #[inline]
    pub(crate) fn line(&mut self, line: i32, names: &mut Names, out: &mut Vec<u8>) {
        self.moved(hot::LINE, line, names, out);
    }

    #[inline]
    fn moved(&mut self, kind: u8, line: i32, names: &mut Names, out: &mut Vec<u8>) {
        let Some(frame) = self.lanes[self.current].last_mut() else {
            return;
        };
        out.push(kind);
        let line = if 0 < line { line } else { frame.line };
        put_i64(out, i64::from(line - frame.line));
        frame.line = line;
        writes(frame, &self.layout, &mut self.values, names, out);
    }

    /// Writes that the innermost frame ends with a value, and ends it.
    pub(crate) fn returned(&mut self, line: i32, value: Obj, names: &mut Names, out: &mut Vec<u8>) {
        self.moved(hot::RETURN, line, names, out);
        self.values.put(value, out);
        self.spare.extend(self.lanes[self.current].pop());
    }

    /// Writes that the innermost frame is suspended with a value, and puts it aside.
    pub(crate) fn yielded(&mut self, line: i32, value: Obj, names: &mut Names, out: &mut Vec<u8>) {
        self.moved(hot::YIELD, line, names, out);
        self.values.put(value, out);
        if let Some(frame) = self.lanes[self.current].pop() {
            self.suspended.insert(frame.key, frame);
        }
    }

    /// Writes that an exception ends the innermost frame, and ends it.
    pub(crate) fn unwound(&mut self, line: i32, names: &mut Names, out: &mut Vec<u8>) {
        self.moved(hot::UNWIND, line, names, out);
        self.spare.extend(self.lanes[self.current].pop());
    }

    /// Ends the innermost frame whose end was not seen. Its names are not read: it is gone.
    pub(crate) fn lost(&mut self, out: &mut Vec<u8>) {
        out.push(hot::UNWIND);
        put_i64(out, 0);
        put_u64(out, 0);
        self.spare.extend(self.lanes[self.current].pop());
    }

    /// Writes that an exception was raised in the innermost frame, or arrived there.
    pub(crate) fn raised(&mut self, line: i32, value: Obj, names: &mut Names, out: &mut Vec<u8>) {
        self.moved(hot::EXCEPTION, line, names, out);
        let (name, message) = exceptions::describe(value);
        put_bytes(out, name.as_bytes());
        put_bytes(out, message.as_bytes());
        self.values.put(value, out);
    }
}

/// Appends what changed in a frame since its last event.
#[inline]
fn writes(
    frame: &mut Frame,
    layout: &Layout,
    values: &mut Values,
    names: &mut Names,
    out: &mut Vec<u8>,
) {
    let count = Count::begin(out);
    let code = frame.code;
    let written = if !code.optimized {
        frame
            .namespace
            .update((frame.key, frame.object), layout, values, names, out)
    } else if layout.fast {
        let slots = layout.slots(frame.key);
        let mut written = 0;
        for (slot, &(name, at)) in frame.slots.iter_mut().zip(&code.locals) {
            let now = crate::layout::slot(slots, at).and_then(Obj::through_cell);
            written += u64::from(slot.update(name, now, values, out));
        }
        written
    } else {
        crate::namespace::update_slowly(frame.object, &mut frame.slots, code, values, out)
    };
    count.end(out, written);
}
