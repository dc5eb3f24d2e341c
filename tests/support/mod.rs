//! What the tests of the recorder share.

pub(crate) mod oracle;
pub(crate) mod pythons;
pub(crate) mod replay;
