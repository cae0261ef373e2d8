//! `/proc/<pid>/stat` (proc(5)).

/// What one process has used.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stat {
    pub(super) user_ticks: u64,
    pub(super) system_ticks: u64,
    pub(super) minor_faults: u64,
    pub(super) major_faults: u64,
    pub(super) threads: u64,
    /// Ticks after boot.
    pub(super) start_ticks: u64,
    pub(super) virtual_bytes: u64,
    pub(super) resident_pages: u64,
}

/// Name and figures of a process.
pub(super) fn parse_stat(text: &str) -> Option<(&str, Stat)> {
    // The name may hold spaces and parentheses: it ends at the last one.
    let open = text.find('(')?;
    let close = text.rfind(')')?;
    let comm = text.get(open + 1..close)?;
    let mut fields = [0u64; 22];
    // The first field after the name is the third of the file.
    for (slot, field) in fields
        .iter_mut()
        .zip(text[close + 1..].split_ascii_whitespace())
    {
        *slot = field.parse().unwrap_or(0);
    }
    let field = |number: usize| fields[number - 3];
    Some((
        comm,
        Stat {
            minor_faults: field(10),
            major_faults: field(12),
            user_ticks: field(14),
            system_ticks: field(15),
            threads: field(20),
            start_ticks: field(22),
            virtual_bytes: field(23),
            resident_pages: field(24),
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses() {
        let text = "42 (a (b) c) S 1 42 42 0 -1 4194560 100 7 3 9 250 50 1 2 20 0 4 0 12345 1000000 256 18446744073709551615";
        let (name, stat) = parse_stat(text).unwrap();
        assert_eq!(name, "a (b) c");
        assert_eq!(
            stat,
            Stat {
                user_ticks: 250,
                system_ticks: 50,
                minor_faults: 100,
                major_faults: 3,
                threads: 4,
                start_ticks: 12345,
                virtual_bytes: 1_000_000,
                resident_pages: 256,
            }
        );
        assert!(parse_stat("nothing").is_none());
        assert!(parse_stat(") (").is_none());
    }
}
