//! What is allocated. Counting needs an allocator of its own, so it is asked for apart from times: with the feature `allocations`.

/// How many allocations `work` makes and how many bytes they have together; `None` where they are not counted.
#[cfg(feature = "allocations")]
pub(crate) fn counted(work: impl FnOnce()) -> Option<(u64, u64)> {
    let counts = allocation_counter::measure(work);
    Some((counts.count_total, counts.bytes_total))
}

/// How many allocations `work` makes and how many bytes they have together; `None` where they are not counted.
#[cfg(not(feature = "allocations"))]
pub(crate) fn counted(_: impl FnOnce()) -> Option<(u64, u64)> {
    None
}
