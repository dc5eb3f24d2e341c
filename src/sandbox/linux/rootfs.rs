//! The file system that a program sees: system libraries and interpreter read-only, five devices, and the
//! box.
#![expect(unsafe_code, reason = "mount_setattr as the kernel has it")]

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::unistd::pivot_root;

use super::namespaces::INSIDE;
use super::status::{During, Failure};
use crate::sandbox::Limits;

/// The writable directory where namespaces make it; elsewhere it is a temporary directory.
pub(super) const BOX: &str = "/box";

/// What every interpreter needs of the system.
pub(super) const SYSTEM: &[&str] = &["/usr", "/lib", "/lib64", "/lib32", "/bin", "/sbin"];

/// The loader's index of libraries: without it programs start, slowly.
pub(super) const LOADER_CACHE: &str = "/etc/ld.so.cache";

/// Devices without memory or effect.
pub(super) const DEVICES: &[&str] = &["null", "zero", "full", "random", "urandom"];

/// Files and directories in the box, more than its own: an empty file takes no quota.
const INODES: usize = 4096;

/// Builds the root, moves into it and lets go of the old one. Leaves us in the box, which is empty.
pub(super) fn build(read_only: &[(PathBuf, PathBuf)], limits: Limits) -> Result<(), Failure> {
    let none = None::<&str>;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)
        .during("make mounts private")?;
    let guarded = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    let base = Some("size=1m,nr_inodes=1024,mode=755");
    mount(Some("tmpfs"), "/tmp", Some("tmpfs"), guarded, base).during("make a root")?;
    fs::create_dir("/tmp/oldroot").during("make a root")?;
    pivot_root("/tmp", "/tmp/oldroot").during("enter the root")?;
    std::env::set_current_dir("/").during("enter the root")?;

    for path in SYSTEM {
        show(Path::new(path), Path::new(path))?;
    }
    for (source, target) in read_only {
        show(source, target)?;
    }
    for path in ["/etc", "/dev", BOX] {
        fs::create_dir_all(path).during("make the root's directories")?;
    }
    show(Path::new(LOADER_CACHE), Path::new(LOADER_CACHE))?;
    let user = format!("box:x:{INSIDE}:{INSIDE}::{BOX}:/bin/false\n");
    fs::write("/etc/passwd", user).during("write /etc/passwd")?;
    fs::write("/etc/group", format!("box:x:{INSIDE}:\n")).during("write /etc/group")?;
    for device in DEVICES {
        let target = Path::new("/dev").join(device);
        fs::write(&target, "").during("make /dev")?;
        let source = Path::new("/oldroot/dev").join(device);
        mount(Some(&source), &target, none, MsFlags::MS_BIND, none).during("make /dev")?;
    }
    let quota = format!(
        "size={},nr_inodes={INODES},mode=700,uid={INSIDE},gid={INSIDE}",
        limits.file_bytes
    );
    let guarded_data = guarded | MsFlags::MS_NOEXEC;
    mount(
        Some("tmpfs"),
        BOX,
        Some("tmpfs"),
        guarded_data,
        Some(&*quota),
    )
    .during("make the box")?;
    // One quota for all that can be written.
    for path in ["/tmp", "/dev/shm"] {
        // What is shown below /tmp has made it a directory already; programs are told of the box's own.
        if !Path::new(path).exists() {
            symlink("/box/tmp", path).during("make /tmp")?;
        }
    }
    umount2("/oldroot", MntFlags::MNT_DETACH).during("leave the old root")?;
    fs::remove_dir("/oldroot").during("leave the old root")?;
    let frozen = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY | guarded;
    mount(none, "/", none, frozen, none).during("freeze the root")?;
    std::env::set_current_dir(BOX).during("enter the box")
}

/// Writes the job's files into a directory, as the user that will own them.
pub(super) fn fill(home: &Path, files: &[PathBuf], bytes: &[Vec<u8>]) -> Result<(), Failure> {
    fs::create_dir(home.join("tmp")).during("make the box's tmp")?;
    for (path, bytes) in files.iter().zip(bytes) {
        let path = home.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).during("make a directory in the box")?;
        }
        fs::write(&path, bytes).during("write a file into the box")?;
    }
    Ok(())
}

/// Lets `source` of the old root be seen at `target`, read-only. What does not exist is not shown; what an
/// earlier mount shows already stays as it is.
fn show(source: &Path, target: &Path) -> Result<(), Failure> {
    let old = Path::new("/oldroot").join(source.strip_prefix("/").unwrap_or(source));
    let Ok(metadata) = fs::symlink_metadata(&old) else {
        return Ok(());
    };
    if fs::symlink_metadata(target).is_ok() {
        return Ok(());
    }
    let step = format!("show {}", target.display());
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent).during(&step)?;
    }
    if metadata.is_symlink() {
        let to = fs::read_link(&old).during(&step)?;
        return symlink(to, target).during(&step);
    }
    if metadata.is_dir() {
        fs::create_dir(target).during(&step)?;
    } else {
        fs::write(target, "").during(&step)?;
    }
    let none = None::<&str>;
    let bind = MsFlags::MS_BIND | MsFlags::MS_REC;
    mount(Some(&old), target, none, bind, none).during(&step)?;
    freeze(target).during(&step)
}

/// Makes a mount and all below it read-only, without devices and set-user-id programs.
fn freeze(target: &Path) -> io::Result<()> {
    #[repr(C)]
    struct Attributes {
        set: u64,
        clear: u64,
        propagation: u64,
        userns: u64,
    }
    let attributes = Attributes {
        set: libc::MOUNT_ATTR_RDONLY | libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV,
        clear: 0,
        propagation: 0,
        userns: 0,
    };
    let path = std::ffi::CString::new(target.as_os_str().as_bytes())?;
    // SAFETY: the path ends in NUL and the attributes have the size that is passed; both outlive the call.
    let done = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            path.as_ptr(),
            libc::AT_RECURSIVE,
            &raw const attributes,
            size_of::<Attributes>(),
        )
    };
    if done < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
