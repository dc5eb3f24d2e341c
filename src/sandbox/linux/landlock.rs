//! Which files a program may touch, whatever its other rights, and that it reaches no network and signals
//! nobody outside.

use std::path::PathBuf;

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, path_beneath_rules,
};

/// The newest version whose rights are all asked for; an older kernel enforces those that it knows.
const NEWEST: ABI = ABI::V7;

/// How much of it the kernel took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    /// All of it.
    Fully,
    /// What an older kernel knows.
    Partly,
    /// Nothing: the kernel has no Landlock.
    Not,
}

/// Confines this thread and all that comes of it, for good: `read_only` can be read and run, `writable`
/// read and written but not run, and everything else not even opened.
pub(super) fn confine(read_only: &[PathBuf], writable: &[PathBuf]) -> Result<Held, RulesetError> {
    let all = AccessFs::from_all(NEWEST);
    let never = AccessFs::Execute | AccessFs::MakeBlock | AccessFs::MakeChar | AccessFs::IoctlDev;
    let status = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(all)?
        .handle_access(AccessNet::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?
        .create()?
        .add_rules(path_beneath_rules(read_only, AccessFs::from_read(NEWEST)))?
        .add_rules(path_beneath_rules(writable, all & !never))?
        .restrict_self()?;
    Ok(match status.ruleset {
        RulesetStatus::FullyEnforced => Held::Fully,
        RulesetStatus::PartiallyEnforced => Held::Partly,
        RulesetStatus::NotEnforced => Held::Not,
    })
}
