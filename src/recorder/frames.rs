//! Frames and events: what the backends report becomes records.

use crate::{
    bytes::{put_bytes, put_i64, put_u64, put_word, short, zigzag},
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

/// A frame that Python runs: its key (see [`Layout::key`]), and the object made of it where that is needed.
pub(crate) type Running = (usize, Option<Obj>);

/// A frame of the program, running or suspended.
pub(crate) struct Frame {
    /// Its number in the trace.
    number: u32,
    /// What identifies it to Python; see [`Layout::key`].
    pub(crate) key: usize,
    /// Where its code object is, if that can be read off the frame; otherwise 0.
    pub(crate) code_at: usize,
    /// The frame object, for reading names the slow way; alive while the frame runs.
    object: usize,
    pub(crate) code: &'static Code,
    line: i32,
    slots: Vec<Slot>,
    namespace: Namespace,
    /// Whether its last record was an exception.
    raised: bool,
}

impl Frame {
    fn new(code: &'static Code) -> Self {
        Self {
            number: 0,
            key: 0,
            code_at: 0,
            object: 0,
            code,
            line: 0,
            slots: Vec::new(),
            namespace: Namespace::default(),
            raised: false,
        }
    }
}

/// One thread's frames, innermost last. What lies past `depth` is room for frames to come.
#[derive(Default)]
struct Lane {
    frames: Vec<Frame>,
    depth: usize,
}

impl Lane {
    fn running(&self) -> &[Frame] {
        &self.frames[..self.depth]
    }

    /// Takes the innermost frame out.
    fn take(&mut self, instead: impl FnOnce(&Frame) -> Frame) -> Option<Frame> {
        let at = self.depth.checked_sub(1)?;
        self.depth = at;
        let frame = &mut self.frames[at];
        let instead = instead(frame);
        Some(std::mem::replace(frame, instead))
    }

    /// Makes a frame the innermost; what had lain there comes back.
    fn put(&mut self, frame: Frame) -> Option<Frame> {
        let at = self.depth;
        self.depth += 1;
        match self.frames.get_mut(at) {
            Some(room) => Some(std::mem::replace(room, frame)),
            None => {
                self.frames.push(frame);
                None
            }
        }
    }
}

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
            lanes: vec![Lane::default()],
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
            self.lanes.push(Lane::default());
        }
        self.current = thread;
        true
    }

    /// The innermost frame of the current thread.
    #[inline(always)]
    pub(crate) fn top(&self) -> Option<&Frame> {
        let lane = &self.lanes[self.current];
        lane.frames.get(lane.depth.wrapping_sub(1))
    }

    /// The code of the innermost frame of the current thread, if that has this key, and its code object
    /// is still the one it had: then it is the frame that runs, and this the thread.
    #[inline(always)]
    pub(crate) fn running(&self, key: usize) -> Option<&'static Code> {
        let top = self.top()?;
        let same = top.key == key && top.code_at != 0 && top.code_at == self.layout.code_at(key);
        same.then_some(top.code)
    }

    /// Whether the last record of the innermost frame was an exception.
    pub(crate) fn has_raised(&self) -> bool {
        self.top().is_some_and(|it| it.raised)
    }

    /// How many frames of the current thread lie inside the one with that key; `None` if none has it.
    pub(crate) fn inside(&self, key: usize) -> Option<usize> {
        let frames = self.lanes[self.current].running();
        frames.iter().rev().position(|it| it.key == key)
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
        (key, frame): Running,
        code: &'static Code,
        line: i32,
        names: &mut Names,
        out: &mut Vec<u8>,
    ) {
        self.count += 1;
        let lane = &mut self.lanes[self.current];
        if lane.depth == lane.frames.len() {
            lane.frames.push(Frame::new(code));
        }
        let new = &mut lane.frames[lane.depth];
        lane.depth += 1;
        new.raised = false;
        (new.number, new.key, new.code) = (self.count, key, code);
        new.object = frame.map_or(0, |it| it.ptr() as usize);
        new.code_at = self.layout.code_at(key);
        new.line = if 0 < line {
            line
        } else {
            code.first_line.max(1)
        };
        let count = code.locals.len();
        if new.slots.len() < count {
            new.slots.resize_with(count, Slot::default);
        }
        new.slots[..count].iter_mut().for_each(Slot::clear);
        if !code.optimized {
            new.namespace.clear();
        }
        out.push(hot::CALL);
        put_u64(out, u64::from(code.id.unwrap_or(0)));
        put_u64(out, new.line as u64);
        writes(new, &self.layout, &mut self.values, names, out);
    }

    /// Writes that a suspended frame runs on and makes it the innermost; whether there is such a frame.
    pub(crate) fn resume(
        &mut self,
        (key, frame): Running,
        line: i32,
        names: &mut Names,
        out: &mut Vec<u8>,
    ) -> bool {
        let Some(mut back) = self.suspended.remove(&key) else {
            return false;
        };
        back.object = frame.map_or(0, |it| it.ptr() as usize);
        if 0 < line {
            back.line = line;
        }
        out.push(hot::RESUME);
        put_u64(out, u64::from(back.number));
        put_u64(out, back.line as u64);
        writes(&mut back, &self.layout, &mut self.values, names, out);
        let room = self.lanes[self.current].put(back);
        self.spare.extend(room);
        true
    }

    /// Writes that the innermost frame is about to run a line.
    #[inline]
    pub(crate) fn line(&mut self, line: i32, names: &mut Names, out: &mut Vec<u8>) {
        self.moved(hot::LINE, line, names, out);
    }

    #[inline]
    fn moved(&mut self, kind: u8, line: i32, names: &mut Names, out: &mut Vec<u8>) {
        let lane = &mut self.lanes[self.current];
        let Some(frame) = lane.frames.get_mut(lane.depth.wrapping_sub(1)) else {
            return;
        };
        let line = if 0 < line { line } else { frame.line };
        match short(zigzag(i64::from(line - frame.line))) {
            Some((delta, len)) => put_word(out, delta << 8 | u64::from(kind), 1 + len),
            None => {
                out.push(kind);
                put_i64(out, i64::from(line - frame.line));
            }
        }
        frame.line = line;
        frame.raised = kind == hot::EXCEPTION;
        writes(frame, &self.layout, &mut self.values, names, out);
    }

    /// Writes that the innermost frame ends with a value, and ends it.
    pub(crate) fn returned(&mut self, line: i32, value: Obj, names: &mut Names, out: &mut Vec<u8>) {
        self.moved(hot::RETURN, line, names, out);
        self.values.put(value, out);
        self.pop();
    }

    /// Writes that the innermost frame is suspended with a value, and puts it aside.
    pub(crate) fn yielded(&mut self, line: i32, value: Obj, names: &mut Names, out: &mut Vec<u8>) {
        self.moved(hot::YIELD, line, names, out);
        self.values.put(value, out);
        let spare = &mut self.spare;
        let instead = |it: &Frame| spare.pop().unwrap_or_else(|| Frame::new(it.code));
        if let Some(frame) = self.lanes[self.current].take(instead) {
            self.suspended.insert(frame.key, frame);
        }
    }

    #[inline(always)]
    fn pop(&mut self) {
        let depth = &mut self.lanes[self.current].depth;
        *depth = depth.saturating_sub(1);
    }

    /// Writes that an exception ends the innermost frame, and ends it.
    pub(crate) fn unwound(&mut self, line: i32, names: &mut Names, out: &mut Vec<u8>) {
        self.moved(hot::UNWIND, line, names, out);
        self.pop();
    }

    /// Ends the innermost frame whose end was not seen. Its names are not read: it is gone.
    pub(crate) fn lost(&mut self, out: &mut Vec<u8>) {
        out.push(hot::UNWIND);
        put_i64(out, 0);
        put_u64(out, 0);
        self.pop();
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
#[inline(always)]
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
            .update((frame.key, frame.object), code, layout, values, names, out)
    } else if layout.fast {
        let slots = layout.slots(frame.key);
        let mut written = 0;
        for (slot, local) in frame.slots.iter_mut().zip(&code.locals) {
            let mut now = crate::layout::slot(slots, local.at);
            if local.cell {
                now = now.and_then(Obj::through_cell);
            }
            written += u64::from(slot.update(local.name, now, values, out));
        }
        written
    } else {
        crate::namespace::update_slowly(frame.object, &mut frame.slots, code, values, out)
    };
    count.end(out, written);
}
