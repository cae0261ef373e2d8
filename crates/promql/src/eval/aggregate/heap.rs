//! A binary heap that sifts as Go's `container/heap` does.
//!
//! Which of several equal series `topk` keeps depends on how the heap moves its
//! elements; people see that, so it is the same here.

/// Puts the last element where it belongs.
pub(super) fn push<T>(heap: &mut Vec<T>, element: T, less: impl Fn(&T, &T) -> bool) {
    heap.push(element);
    let mut at = heap.len() - 1;
    while at > 0 {
        let parent = (at - 1) / 2;
        if !less(&heap[at], &heap[parent]) {
            break;
        }
        heap.swap(at, parent);
        at = parent;
    }
}

/// Puts the first element, which was replaced, where it belongs.
pub(super) fn fix_first<T>(heap: &mut [T], less: impl Fn(&T, &T) -> bool) {
    let mut at = 0;
    loop {
        let left = 2 * at + 1;
        if left >= heap.len() {
            return;
        }
        let right = left + 1;
        let child = if right < heap.len() && less(&heap[right], &heap[left]) {
            right
        } else {
            left
        };
        if !less(&heap[child], &heap[at]) {
            return;
        }
        heap.swap(at, child);
        at = child;
    }
}
