//! The cost of a process, as Linux counts it under `/proc`.

use anyhow::Context as _;

/// Microseconds per tick of `/proc/PID/stat`: USER_HZ is 100 on every supported Linux.
const TICK_MICROS: u64 = 10_000;
/// Fields of `/proc/PID/stat` after the name: its own user and system time, then those of its ended children.
const OWN: [usize; 2] = [11, 12];
const ENDED: [usize; 2] = [13, 14];

/// Microseconds of processor time that a process has used.
pub(crate) fn cpu_micros(pid: u32) -> anyhow::Result<u64> {
    Ok(ticks(pid, &OWN)? * TICK_MICROS)
}

/// The same, including all of its descendants.
pub(crate) fn cpu_micros_of_children(pid: u32) -> anyhow::Result<u64> {
    let mut micros = 0;
    for child in children(pid)? {
        // A child that ended since the listing is counted by its parent next time.
        let own = ticks(child, &OWN).unwrap_or_default() + ticks(child, &ENDED).unwrap_or_default();
        micros += own * TICK_MICROS + cpu_micros_of_children(child).unwrap_or_default();
    }
    Ok(micros)
}

fn ticks(pid: u32, fields: &[usize]) -> anyhow::Result<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, behind_name) = stat.rsplit_once(") ").context("a process has a name")?;
    let fields_of: Vec<&str> = behind_name.split(' ').collect();
    fields.iter().map(|field| Ok(fields_of.get(*field).context("a short stat")?.parse::<u64>()?)).sum()
}

fn children(pid: u32) -> anyhow::Result<Vec<u32>> {
    let mut found = Vec::new();
    for thread in std::fs::read_dir(format!("/proc/{pid}/task"))? {
        let listed = std::fs::read_to_string(thread?.path().join("children")).unwrap_or_default();
        found.extend(listed.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
    }
    Ok(found)
}

/// Restarts [`memory_peak_kib`] from now.
pub(crate) fn forget_memory_peak(pid: u32) -> anyhow::Result<()> {
    Ok(std::fs::write(format!("/proc/{pid}/clear_refs"), "5")?)
}

/// The peak memory of a process, in KiB.
pub(crate) fn memory_peak_kib(pid: u32) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    Ok(peak.trim().trim_end_matches(" kB").parse()?)
}
