//! x
use super::super::{Page, Request, records::Records};
pub(super) fn write(_r: &Records<'_>, _q: &Request, _p: &mut Page) {}
