//! A disk whose power can be cut: an ext4 file system in an image file, mounted through a loop device. Its shutdown call, which
//! the file-system testers use for this, ends every write at once and leaves the journal unflushed; what was not synced is gone.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

/// The image and where it is mounted.
pub(crate) struct Disk {
    image: PathBuf,
    mount: PathBuf,
}

impl Disk {
    /// Makes and mounts the file system, and cuts its power once to see that this machine lets it. The image is sparse: of its size,
    /// only what is written takes room.
    pub(crate) fn create(folder: &Path, size: &str) -> anyhow::Result<Disk> {
        let disk = Disk { image: folder.join("disk.img"), mount: folder.join("disk") };
        std::fs::create_dir(&disk.mount)?;
        run(Command::new("truncate").args(["-s", size]).arg(&disk.image))?;
        run(Command::new("mkfs.ext4").args(["-q", "-F", "-E", "lazy_itable_init=1"]).arg(&disk.image))?;
        disk.mount()?;
        disk.cut_power()?;
        disk.remount()?;
        Ok(disk)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.mount
    }

    /// EXT4_IOC_SHUTDOWN with NOLOGFLUSH.
    pub(crate) fn cut_power(&self) -> anyhow::Result<()> {
        const SCRIPT: &str = "import fcntl, os, struct, sys\n\
            fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587d, struct.pack('I', 2))";
        run(Command::new("python3").args(["-c", SCRIPT]).arg(&self.mount))
    }

    /// Power is back: the journal is replayed.
    pub(crate) fn remount(&self) -> anyhow::Result<()> {
        run(Command::new("umount").arg(&self.mount))?;
        self.mount()
    }

    /// An empty disk.
    pub(crate) fn empty(&self) -> anyhow::Result<()> {
        for entry in std::fs::read_dir(&self.mount)? {
            let path = entry?.path();
            if path.is_dir() { std::fs::remove_dir_all(path)? } else { std::fs::remove_file(path)? }
        }
        Ok(())
    }

    fn mount(&self) -> anyhow::Result<()> {
        run(Command::new("mount").args(["-o", "loop"]).arg(&self.image).arg(&self.mount))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // It may not have been mounted; either way nothing is left to do about it.
        let _ = Command::new("umount").arg("-l").arg(&self.mount).output();
    }
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| name.clone())?;
    if !output.status.success() {
        bail!("{name}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
