//! A disk whose power can be cut: an ext4 file system in an image file, mounted through a loop device. The shutdown ioctl that
//! file-system testers use stops every write at once and leaves the journal unflushed: whatever was not synced is lost.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};

/// The image and where it is mounted.
pub(crate) struct Disk {
    image: PathBuf,
    mount: PathBuf,
}

impl Disk {
    /// Creates and mounts the file system, and cuts its power once to check that this machine allows it. The image is sparse.
    pub(crate) fn create(folder: &Path, size: &str) -> anyhow::Result<Disk> {
        let mut disk = Disk { image: folder.join("disk.img"), mount: folder.join("disk") };
        std::fs::create_dir(&disk.mount)?;
        output(tool("truncate").args(["-s", size]).arg(&disk.image))?;
        output(tool("mkfs.ext4").args(["-q", "-F", "-E", "lazy_itable_init=1"]).arg(&disk.image))?;
        disk.mount()?;
        disk.power_switch()?.cut()?;
        disk.remount()?;
        Ok(disk)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.mount
    }

    /// Starts the process that will cut the power.
    pub(crate) fn power_switch(&self) -> anyhow::Result<PowerSwitch> {
        // EXT4_IOC_SHUTDOWN with NOLOGFLUSH.
        const SCRIPT: &str = "import fcntl, os, struct, sys\n\
            disk = os.open(sys.argv[1], os.O_RDONLY)\n\
            print('ready', flush=True)\n\
            if sys.stdin.readline():\n    fcntl.ioctl(disk, 0x8004587d, struct.pack('I', 2))";
        let mut command = tool("python3");
        command.args(["-c", SCRIPT]).arg(&self.mount);
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut switch = PowerSwitch { child: child.context("python3")? };
        let mut ready = String::new();
        BufReader::new(switch.child.stdout.take().context("the switch's output")?).read_line(&mut ready)?;
        ensure!(ready == "ready\n", "python3: {}", switch.stderr());
        Ok(switch)
    }

    /// Restores power and replays the journal.
    pub(crate) fn remount(&mut self) -> anyhow::Result<()> {
        patiently(tool("umount").arg(&self.mount))?;
        self.mount()?;
        if self.sync().is_ok() {
            return Ok(());
        }
        // A mount namespace created while the disk was mounted (a starting container, `unshare -m`) still holds the file system
        // that was shut down, and mounting the same image returns that one. A copy is a new disk.
        patiently(tool("umount").arg(&self.mount))?;
        let copy = self.image.with_added_extension("copy");
        output(tool("cp").arg("--sparse=always").arg(&self.image).arg(&copy))?;
        std::fs::remove_file(&self.image)?;
        self.image = copy;
        self.mount()?;
        self.sync().context("the disk after its power came back")
    }

    /// Fails if the file system is shut down.
    fn sync(&self) -> anyhow::Result<()> {
        Ok(std::fs::File::open(&self.mount)?.sync_all()?)
    }

    /// Deletes everything on the disk.
    pub(crate) fn empty(&self) -> anyhow::Result<()> {
        for entry in std::fs::read_dir(&self.mount)? {
            let path = entry?.path();
            if path.is_dir() { std::fs::remove_dir_all(path)? } else { std::fs::remove_file(path)? }
        }
        Ok(())
    }

    fn mount(&self) -> anyhow::Result<()> {
        patiently(tool("mount").args(["-o", "loop"]).arg(&self.image).arg(&self.mount))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // The disk may not be mounted, and a failure here can only be ignored.
        let _ = tool("umount").arg("-l").arg(&self.mount).output();
    }
}

/// A process that has opened the disk and waits for a line. Starting it takes longer than many a burst, so it is started early.
pub(crate) struct PowerSwitch {
    child: Child,
}

impl PowerSwitch {
    pub(crate) fn cut(mut self) -> anyhow::Result<()> {
        self.child.stdin.take().context("the switch's input")?.write_all(b"cut\n")?;
        let status = self.child.wait()?;
        ensure!(status.success(), "python3: {}", self.stderr());
        Ok(())
    }

    fn stderr(&mut self) -> String {
        let mut message = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            // A process that has ended may have closed its pipe already.
            let _ = stderr.read_to_string(&mut message);
        }
        message.trim().lines().last().unwrap_or_default().to_owned()
    }
}

impl Drop for PowerSwitch {
    fn drop(&mut self) {
        // The process holds the disk open, unless it has cut the power and ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program of the system. An ordinary user's PATH lacks the folders of mkfs.ext4.
fn tool(name: &str) -> Command {
    tool_in(&std::env::var("PATH").unwrap_or_default(), name)
}

fn tool_in(path: &str, name: &str) -> Command {
    let mut command = Command::new(name);
    command.env("PATH", format!("{path}:/usr/sbin:/sbin"));
    command
}

/// A process that another test is starting briefly holds this one's files, and another disk may get the same loop device.
fn patiently(command: &mut Command) -> anyhow::Result<()> {
    const TRIES: usize = 20;
    for _ in 1..TRIES {
        if output(command).is_ok() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    output(command)
}

fn output(command: &mut Command) -> anyhow::Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| name.clone())?;
    if !output.status.success() {
        bail!("{name}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::announce;

    struct Namespace(Child);

    impl Drop for Namespace {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    /// Regression: the disk stayed shut down, and the harness reported that its writer had lost everything.
    #[test]
    fn the_power_comes_back_while_another_mount_namespace_holds_the_disk() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let mut disk = match Disk::create(folder.path(), "64M") {
            Ok(disk) => disk,
            Err(refusal) => {
                announce(&format!("NO POWER CUTS on a loop mount here ({refusal:#}): nothing can hold the disk"));
                return Ok(());
            }
        };
        let mut kept = std::fs::File::create(disk.path().join("kept"))?;
        kept.write_all(b"kept")?;
        kept.sync_all()?;
        drop(kept);
        for _ in 0..2 {
            let script = "echo ready; exec sleep 600";
            let namespace = tool("unshare").args(["-m", "sh", "-c", script]).stdout(Stdio::piped()).spawn()?;
            let mut namespace = Namespace(namespace);
            let mut ready = String::new();
            BufReader::new(namespace.0.stdout.take().context("its output")?).read_line(&mut ready)?;
            disk.power_switch()?.cut()?;
            disk.remount()?;
            assert_eq!(std::fs::read(disk.path().join("kept"))?, b"kept");
            std::fs::write(disk.path().join("new"), b"new")?;
            disk.sync()?;
        }
        Ok(())
    }

    /// Regression: an ordinary user, who may have loop mounts, ran without power cuts because these programs were not found.
    #[test]
    fn the_programs_of_the_system_are_found_from_an_ordinary_users_path() {
        for name in ["mkfs.ext4", "mount", "umount"] {
            let version = tool_in("/nowhere:/usr/bin:/bin", name).arg("-V").output();
            assert!(version.as_ref().is_ok_and(|output| output.status.success()), "{name}: {version:?}");
        }
    }
}
