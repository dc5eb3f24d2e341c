//! The extension module: what `boot.py` calls.

#![expect(unsafe_code, reason = "the C API of Python")]

use crate::{boot, layout::Layout, object::Obj};
use pyo3::{exceptions::PySystemExit, ffi, prelude::*};
use std::{io::Write, sync::OnceLock};

static LAYOUT: OnceLock<Layout> = OnceLock::new();

/// Called by a function whose first locals are this module and the two arguments.
#[pyfunction]
fn prove(py: Python<'_>, first: Bound<'_, PyAny>, second: Bound<'_, PyAny>) {
    let mut layout = Layout::new(py.version_info().minor);
    // SAFETY: all are alive for this call.
    unsafe {
        let frame = Obj::new(ffi::PyEval_GetFrame().cast());
        let locals = (Obj::new(first.as_ptr()), Obj::new(second.as_ptr()));
        if let (Some(frame), (Some(first), Some(second))) = (frame, locals) {
            layout.prove_frame(frame, first, second);
            let names = Obj::new(ffi::PyEval_GetGlobals());
            if let Some(function) = names.and_then(|it| it.item(c"prove")) {
                layout.prove_function(function);
            }
        }
    }
    let _ = LAYOUT.set(layout);
}

/// Runs the program under the recorder, to its end.
#[pyfunction]
fn run(py: Python<'_>) -> PyResult<()> {
    let version = py.version_info().minor;
    let layout = LAYOUT
        .get()
        .copied()
        .unwrap_or_else(|| Layout::new(version));
    match boot::run(layout) {
        Ok(0) => Ok(()),
        Ok(status) => Err(PySystemExit::new_err(status)),
        Err(message) => {
            // Not through `sys.stderr`: the program's streams are its own by now.
            let _ = writeln!(std::io::stderr(), "monologue: {message}");
            // SAFETY: ends the process at once; nothing of the program has run.
            unsafe { libc::_exit(125) }
        }
    }
}

/// What CPython loads.
#[pymodule]
#[pyo3(name = "_monologue")]
mod extension {
    #[pymodule_export]
    use super::{prove, run};
}
