//! Which system calls a program may make: two filters, compiled once in our process and carried to the
//! supervisor as bytes.
//!
//! The first is an allow-list that answers everything else with ENOSYS, so that libc falls back to older
//! calls (`clone3`, whose flags no filter can read, to `clone`). The second refuses loudly, with EPERM,
//! what a program is known to try.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Width, SeccompCmpOp as Is, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch, sock_filter,
};

use super::syscalls::{ALLOWED, NETWORK, REFUSED, RIGHTS};
use crate::sandbox::Tier;

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// The namespaces that `clone` could make.
const NEW: [i32; 8] = [
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWNS,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWCGROUP,
    0x80, // CLONE_NEWTIME
];

/// Terminal requests that act on whoever reads the terminal next: TIOCSTI, TIOCLINUX, TIOCSCTTY.
const TERMINAL: [u64; 3] = [0x5412, 0x541c, 0x540e];

/// The filters of a tier as bytes, compiled the first time: about a millisecond.
pub(super) fn compiled(tier: Tier) -> Result<&'static [Vec<u8>], String> {
    static FULL: OnceLock<Result<Vec<Vec<u8>>, String>> = OnceLock::new();
    static FILTERED: OnceLock<Result<Vec<Vec<u8>>, String>> = OnceLock::new();
    let cell = match tier {
        Tier::Namespaces => &FULL,
        Tier::Filtered | Tier::Nothing => &FILTERED,
    };
    cell.get_or_init(|| {
        let programs = compile(tier).map_err(|error| {
            format!("cannot build the system call filter of this processor: {error}")
        })?;
        Ok(programs.iter().map(|program| bytes(program)).collect())
    })
    .as_deref()
    .map_err(String::clone)
}

/// Confines this thread for good. Needs `no_new_privs`.
pub(super) fn apply(filters: &[Vec<u8>]) -> Result<(), seccompiler::Error> {
    filters
        .iter()
        .try_for_each(|filter| seccompiler::apply_filter(&program(filter)))
}

fn compile(tier: Tier) -> Result<[BpfProgram; 2], seccompiler::BackendError> {
    let arch: TargetArch = std::env::consts::ARCH.try_into()?;
    let mut refused: Rules = REFUSED
        .iter()
        .chain(NETWORK)
        .map(|call| (*call, Vec::new()))
        .collect();
    if tier != Tier::Namespaces {
        // Landlock does not cover them, and here the user's own files are in reach.
        refused.extend(RIGHTS.iter().map(|call| (*call, Vec::new())));
    }
    let allowed: Rules = ALLOWED
        .iter()
        .chain(refused.keys())
        .chain(RIGHTS)
        .map(|call| (*call, Vec::new()))
        .collect();
    refused.extend(conditional()?);
    Ok([
        SeccompFilter::new(
            allowed,
            SeccompAction::Errno(libc::ENOSYS.unsigned_abs()),
            SeccompAction::Allow,
            arch,
        )?
        .try_into()?,
        SeccompFilter::new(
            refused,
            SeccompAction::Allow,
            SeccompAction::Errno(libc::EPERM.unsigned_abs()),
            arch,
        )?
        .try_into()?,
    ])
}

/// Calls that are refused for some arguments only. Several rules of one call are alternatives.
fn conditional() -> Result<Rules, seccompiler::BackendError> {
    let rule = |arg, width, is, value| -> Result<SeccompRule, seccompiler::BackendError> {
        SeccompRule::new(vec![SeccompCondition::new(arg, width, is, value)?])
    };
    let not = |arg, value| rule(arg, Width::Dword, Is::Ne, value);
    let mut rules = Rules::new();
    let mut clone = Vec::new();
    for flag in NEW {
        let flag = u64::from(flag.cast_unsigned());
        clone.push(rule(0, Width::Qword, Is::MaskedEq(flag), flag)?);
    }
    rules.insert(libc::SYS_clone, clone);
    let mut ioctl = Vec::new();
    for request in TERMINAL {
        ioctl.push(rule(1, Width::Dword, Is::Eq, request)?);
    }
    rules.insert(libc::SYS_ioctl, ioctl);
    // Only within the process: a pair of Unix sockets reaches nobody.
    let unix = u64::from(libc::AF_UNIX.cast_unsigned());
    rules.insert(libc::SYS_socketpair, vec![not(0, unix)?]);
    // Only on oneself.
    rules.insert(libc::SYS_prlimit64, vec![not(0, 0)?]);
    rules.insert(libc::SYS_sched_setaffinity, vec![not(0, 0)?]);
    rules.insert(libc::SYS_setpriority, vec![not(0, 0)?, not(1, 0)?]);
    Ok(rules)
}

fn bytes(program: &[sock_filter]) -> Vec<u8> {
    program
        .iter()
        .flat_map(|step| {
            let [code_0, code_1] = step.code.to_le_bytes();
            let [k_0, k_1, k_2, k_3] = step.k.to_le_bytes();
            [code_0, code_1, step.jt, step.jf, k_0, k_1, k_2, k_3]
        })
        .collect()
}

fn program(bytes: &[u8]) -> BpfProgram {
    bytes
        .as_chunks::<8>()
        .0
        .iter()
        .map(
            |&[code_0, code_1, jt, jf, k_0, k_1, k_2, k_3]| sock_filter {
                code: u16::from_le_bytes([code_0, code_1]),
                jt,
                jf,
                k: u32::from_le_bytes([k_0, k_1, k_2, k_3]),
            },
        )
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_survives_the_way_to_the_supervisor() {
        for tier in [Tier::Namespaces, Tier::Filtered] {
            let programs = compile(tier).unwrap();
            for (one, carried) in programs.iter().zip(compiled(tier).unwrap()) {
                assert_eq!(one, &program(carried));
                assert!(one.len() <= 4096, "the kernel takes no longer program");
            }
        }
    }

    #[test]
    fn nothing_is_both_allowed_and_refused() {
        for call in REFUSED.iter().chain(NETWORK).chain(RIGHTS) {
            assert!(
                !ALLOWED.contains(call),
                "system call {call} is in two lists"
            );
        }
    }
}
