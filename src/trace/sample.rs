//! What traces made by tests begin with.

use recorder::wire::{CodeKind, Record};

/// The file `/a.py`, number 0, with that source; and its module, code number 0.
pub(crate) fn module(source: Option<&str>) -> [Record; 2] {
    [
        Record::File {
            path: "/a.py".into(),
            source: source.map(Into::into),
        },
        Record::Code {
            file: 0,
            first_line: 1,
            kind: CodeKind::Module,
            name: "<module>".into(),
            qualname: "<module>".into(),
            locals: Vec::new(),
            parameters: 0,
        },
    ]
}
