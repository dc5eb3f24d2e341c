//! What a process tree uses, summed: limits that the kernel keeps for each process apart are no limits for
//! a tree.

use std::collections::HashMap;
use std::fs;

use nix::unistd::Pid;

/// What was in use at one look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Use {
    /// Resident bytes that are one process's own.
    pub(super) anonymous: u64,
    /// Those, and resident bytes of shared memory.
    pub(super) resident: u64,
    /// Mapped bytes.
    pub(super) mapped: u64,
    /// Processes and threads.
    pub(super) tasks: u64,
}

/// All descendants of a process, itself not counted.
pub(super) fn descendants(root: Pid) -> Vec<Pid> {
    let mut found = Vec::new();
    let mut next = vec![root];
    while let Some(parent) = next.pop() {
        let Ok(threads) = fs::read_dir(format!("/proc/{parent}/task")) else {
            continue;
        };
        for thread in threads.flatten() {
            let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            for child in children
                .split_whitespace()
                .filter_map(|pid| pid.parse().ok())
            {
                found.push(Pid::from_raw(child));
                next.push(Pid::from_raw(child));
            }
        }
    }
    found
}

/// Sums what these processes use. One that has just ended uses nothing.
pub(super) fn used(processes: &[Pid]) -> Use {
    let mut sum = Use::default();
    for pid in processes {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let anonymous = kilobytes(&status, "RssAnon:");
        sum.anonymous += anonymous;
        sum.resident += anonymous + kilobytes(&status, "RssShmem:");
        sum.mapped += kilobytes(&status, "VmSize:");
        sum.tasks += number(&status, "Threads:");
    }
    sum
}

/// Bytes that these processes have mapped so as to share them, touched or not, each shared object once.
pub(super) fn shareable(processes: &[Pid]) -> u64 {
    let mut objects: HashMap<String, u64> = HashMap::new();
    for pid in processes {
        let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
        for (object, size) in maps.lines().filter_map(shared) {
            let known = objects.entry(object.to_owned()).or_default();
            *known = size.max(*known);
        }
    }
    objects.values().sum()
}

/// The device and inode that a line of `maps` shares for writing, and how many bytes of it.
fn shared(line: &str) -> Option<(&str, u64)> {
    let (range, rest) = line.split_once(' ')?;
    let (from, to) = range.split_once('-')?;
    let size = u64::from_str_radix(to, 16).ok()? - u64::from_str_radix(from, 16).ok()?;
    let object = rest.strip_prefix("rw-s ")?.split_once(' ')?.1;
    Some((object.split("  ").next()?, size))
}

/// How many tasks a user runs on this machine.
pub(super) fn tasks_of(uid: u32) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let Ok(entries) = fs::read_dir("/proc") else {
        return 0;
    };
    entries
        .flatten()
        .filter(|entry| entry.metadata().is_ok_and(|found| found.uid() == uid))
        .filter_map(|entry| fs::read_dir(entry.path().join("task")).ok())
        .map(|tasks| tasks.count() as u64)
        .sum()
}

fn kilobytes(text: &str, key: &str) -> u64 {
    number(text, key) << 10
}

fn number(text: &str, key: &str) -> u64 {
    text.lines()
        .find_map(|line| line.strip_prefix(key))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_seen_with_its_children() {
        let us = Pid::this();
        let used = used(&[us]);
        assert!(1 << 16 < used.resident && used.resident < used.mapped);
        assert!(1 <= used.tasks);
        let mut child = std::process::Command::new("sleep")
            .arg("5")
            .spawn()
            .unwrap();
        let pid = Pid::from_raw(child.id().cast_signed());
        assert!(descendants(us).contains(&pid));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!descendants(us).contains(&pid));
    }

    #[test]
    fn only_shared_writable_mappings_are_shareable() {
        let line = "7f00-8f00 rw-s 00000000 00:01 17   /dev/zero (deleted)";
        assert_eq!(shared(line), Some(("00:01 17", 0x1000)));
        assert_eq!(shared(&line.replace("rw-s", "rw-p")), None);
        assert_eq!(shared("torn"), None);
    }

    #[test]
    fn numbers_are_found_by_their_key() {
        let text = "Name:\tx\nRssAnon:\t     128 kB\nThreads:\t3\n";
        assert_eq!(kilobytes(text, "RssAnon:"), 128 << 10);
        assert_eq!(number(text, "Threads:"), 3);
        assert_eq!(number(text, "Absent:"), 0);
    }
}
