//! The recording as a whole: one for the process, used by whichever thread holds the interpreter lock.

#![expect(
    unsafe_code,
    reason = "one recording for the process, guarded by the interpreter lock"
)]

use crate::{
    codes::{self, Code, Local},
    filter::Filter,
    frames::Frames,
    locals::Values,
    names::Names,
    object::{Obj, clear_error},
    source,
    values::Encoder,
    wire::{Record, Stream},
    writer::{Refused, Writer},
};
use std::{
    cell::{Cell, UnsafeCell},
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

/// A run being recorded.
pub(crate) struct Recorder {
    /// `None` once recording has stopped.
    writer: Option<Writer>,
    pub(crate) frames: Frames,
    pub(crate) names: Names,
    filter: Filter,
    files: HashMap<String, u32>,
    codes: HashMap<usize, &'static Code, BuildHasherDefault<Address>>,
    code_count: u32,
    /// The code object of the last event, which most often is that of the next.
    last: (usize, &'static Code),
    threads: u32,
    steps: u64,
    max_steps: u64,
    /// Functions outside the program that were entered at least once.
    skipped: u64,
    event: Vec<u8>,
}

impl Recorder {
    pub(crate) fn new(writer: Writer, encoder: Encoder, filter: Filter, max_steps: u64) -> Self {
        let nothing: &'static Code = Box::leak(Box::new(Code::foreign()));
        Self {
            writer: Some(writer),
            frames: Frames::new(encoder.layout, Values::new(encoder)),
            names: Names::default(),
            filter,
            files: HashMap::new(),
            codes: HashMap::default(),
            code_count: 0,
            last: (0, nothing),
            threads: 0,
            steps: 0,
            max_steps,
            skipped: 0,
            event: Vec::new(),
        }
    }

    /// Whether events are still wanted.
    #[inline(always)]
    pub(crate) fn is_on(&self) -> bool {
        self.writer.is_some()
    }

    /// What is known of a code object; the first time, that is found out.
    #[inline(always)]
    pub(crate) fn code(&mut self, code: Obj) -> &'static Code {
        let at = code.ptr() as usize;
        if self.last.0 == at {
            return self.last.1;
        }
        let known = match self.codes.get(&at) {
            Some(known) => known,
            None => self.meet(code, None),
        };
        self.last = (at, known);
        known
    }

    /// Counts a code object as outside the program.
    pub(crate) fn disown(&mut self, code: Obj) {
        self.remember(code, Code::foreign());
    }

    /// Takes a code object as the program's, in a file of that name and text.
    pub(crate) fn adopt(&mut self, code: Obj, name: &str, text: &str) {
        self.meet(code, Some((name, text)));
    }

    fn remember(&mut self, code: Obj, what: Code) -> &'static Code {
        // Kept for good, so that its address stays its own.
        std::mem::forget(code.own());
        let what: &'static Code = Box::leak(Box::new(what));
        self.codes.insert(code.ptr() as usize, what);
        what
    }

    #[cold]
    fn meet(&mut self, code: Obj, given: Option<(&str, &str)>) -> &'static Code {
        let file_name = code.attr_text(c"co_filename");
        let path = match given {
            Some((name, _)) => Some(name.to_owned()),
            None => self.filter.own(&file_name).map(str::to_owned),
        };
        let Some(path) = path.filter(|_| self.is_on()) else {
            self.skipped += 1;
            return self.remember(code, Code::foreign());
        };
        let file = self.file(&path, given.map(|(_, text)| text));
        let described = codes::describe(code, self.frames.layout.minor);
        let ids: Vec<_> = described
            .locals
            .iter()
            .map(|(it, ..)| self.names.id(it))
            .collect();
        let optimized = described.optimized;
        let record = Record::Code {
            file,
            first_line: described.first_line.max(1) as u32,
            kind: described.kind,
            name: described.name,
            qualname: described.qualname,
            locals: if optimized { ids.clone() } else { Vec::new() },
            parameters: if optimized { described.parameters } else { 0 },
        };
        self.put(&record);
        let id = self.code_count;
        self.code_count += 1;
        let slots = described.locals.iter().zip(&ids);
        let local =
            |(&(_, at, cell), &name): (&(String, usize, bool), &u32)| Local { name, at, cell };
        let what = Code {
            id: Some(id),
            first_line: described.first_line,
            locals: slots.map(local).collect(),
            names: described
                .locals
                .iter()
                .map(|(name, ..)| name.clone())
                .collect(),
            optimized,
            suspends: described.suspends,
            instructions: described.instructions,
            starts_at: Cell::new(None),
        };
        self.remember(code, what)
    }

    fn file(&mut self, path: &str, text: Option<&str>) -> u32 {
        if let Some(&known) = self.files.get(path) {
            return known;
        }
        let source = match text {
            Some(text) => Some(text.to_owned()),
            None => source::read(Path::new(path)),
        };
        let id = self.files.len() as u32;
        self.files.insert(path.into(), id);
        self.put(&Record::File {
            path: path.into(),
            source,
        });
        id
    }

    /// Writes a record that is no event.
    pub(crate) fn put(&mut self, record: &Record) {
        let mut bytes = Vec::new();
        record.write(&mut bytes);
        self.store(&bytes);
    }

    /// Writes text that the program has printed.
    pub(crate) fn printed(&mut self, stream: Stream, bytes: Vec<u8>) {
        self.put(&Record::Output(stream, bytes));
    }

    /// Writes the value of the call that was asked for.
    pub(crate) fn result(&mut self, value: Obj) {
        let mut bytes = Vec::new();
        self.frames.values.encoder.value(value, &mut bytes);
        self.put(&Record::Result(bytes));
    }

    /// Lets `write` put one event together, and stores it behind the names it uses.
    #[inline(always)]
    pub(crate) fn event(&mut self, write: impl FnOnce(&mut Frames, &mut Names, &mut Vec<u8>)) {
        let mut event = std::mem::take(&mut self.event);
        event.clear();
        write(&mut self.frames, &mut self.names, &mut event);
        self.store(&event);
        self.event = event;
    }

    #[inline]
    fn store(&mut self, bytes: &[u8]) {
        if self.names.are_new() {
            let names = self.names.take();
            self.store_plain(&names);
        }
        self.store_plain(bytes);
    }

    #[inline]
    fn store_plain(&mut self, bytes: &[u8]) {
        let Some(writer) = &mut self.writer else {
            return;
        };
        if let Err(refused) = writer.put(bytes) {
            self.stop(Some(match refused {
                Refused::Limit => "recording stopped: the trace has reached its largest size",
                Refused::NoSpace => "recording stopped: there is no space left for the trace",
            }));
        }
    }

    /// Steps recorded so far.
    pub(crate) fn steps(&self) -> u64 {
        self.steps
    }

    /// Counts a step; whether it may still be recorded.
    #[inline(always)]
    pub(crate) fn step(&mut self) -> bool {
        if self.steps == self.max_steps {
            let text = format!("recording stopped after {} steps (--max-steps)", self.steps);
            self.stop(Some(&text));
            return false;
        }
        self.steps += 1;
        true
    }

    /// Says which thread runs, if another one did.
    #[inline(always)]
    pub(crate) fn on_this_thread(&mut self) {
        let thread = THREAD.get();
        let thread = if thread == 0 {
            self.new_thread()
        } else {
            thread
        };
        if self.frames.switch(thread as usize - 1) {
            self.put(&Record::Thread(thread));
        }
    }

    #[cold]
    fn new_thread(&mut self) -> u32 {
        self.threads += 1;
        THREAD.set(self.threads);
        self.threads
    }

    /// Ends the recording; the program goes on.
    #[cold]
    pub(crate) fn stop(&mut self, note: Option<&str>) {
        let Some(mut writer) = self.writer.take() else {
            return;
        };
        let mut bytes = Vec::new();
        if let Some(note) = note {
            Record::Note(note.into()).write(&mut bytes);
        }
        Record::Fact("skipped".into(), self.skipped.to_string()).write(&mut bytes);
        // Nothing more can be done for a file that takes no more.
        let _ = writer.put_past_limit(&bytes);
        writer.close();
    }

    /// Ends the recording in a process that only inherited it.
    pub(crate) fn abandon(&mut self) {
        if let Some(writer) = self.writer.take() {
            writer.abandon();
        }
    }
}

thread_local! {
    /// The number of this thread in the trace, from 1; 0 before its first event.
    static THREAD: Cell<u32> = const { Cell::new(0) };
}

struct Global {
    recorder: UnsafeCell<Option<Box<Recorder>>>,
    busy: Cell<bool>,
}

// SAFETY: only touched by the thread that holds the interpreter lock; see `with`.
unsafe impl Sync for Global {}

static GLOBAL: Global = Global {
    recorder: UnsafeCell::new(None),
    busy: Cell::new(false),
};

/// Begins the recording of this process.
pub(crate) fn begin(recorder: Recorder) {
    // SAFETY: called once, by the boot code, before anything is traced.
    unsafe { *GLOBAL.recorder.get() = Some(Box::new(recorder)) };
}

/// Works on the recording. `None` when there is none, when it is over, when this is called from within
/// itself, or when it failed: then the recording stops and the program goes on.
#[inline(always)]
pub(crate) fn with<R>(work: impl FnOnce(&mut Recorder) -> R) -> Option<R> {
    if GLOBAL.busy.get() {
        return None;
    }
    // SAFETY: this thread holds the lock, and `busy` keeps a second borrow from being made should the
    // lock change hands, or Python call back, while the first is out.
    let recorder = unsafe { (*GLOBAL.recorder.get()).as_deref_mut() }?;
    if !recorder.is_on() {
        return None;
    }
    GLOBAL.busy.set(true);
    let res = catch_unwind(AssertUnwindSafe(|| work(&mut *recorder)));
    let res = match res {
        Ok(res) => Some(res),
        Err(_) => {
            clear_error();
            let text = "recording stopped: the recorder met something it does not understand";
            // Should even that fail, the file ends with its last whole record.
            let _ = catch_unwind(AssertUnwindSafe(|| recorder.stop(Some(text))));
            None
        }
    };
    GLOBAL.busy.set(false);
    res
}

/// Whether the recording is over (or was never begun).
pub(crate) fn is_over() -> bool {
    // SAFETY: the lock is held; only reads.
    let recorder = unsafe { (*GLOBAL.recorder.get()).as_deref() };
    !recorder.is_some_and(Recorder::is_on)
}

/// Hashes addresses: their low bits say nothing, the others enough.
#[derive(Default)]
struct Address(u64);

impl Hasher for Address {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        bytes
            .iter()
            .for_each(|&it| self.write_usize(usize::from(it)));
    }
    fn write_usize(&mut self, value: usize) {
        self.0 = (value as u64 >> 4 ^ self.0).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}
