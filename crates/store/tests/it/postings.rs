//! Postings come back, small.

use binnacle_stdx::random::Random;
use binnacle_store::postings::{Postings, decode, encode, intersect, union};

fn check(ids: impl IntoIterator<Item = u32>, bytes_max: usize) {
    let postings: Postings = ids.into_iter().collect();
    let mut bytes = Vec::new();
    encode(&postings, &mut bytes);
    assert_eq!(decode(&bytes).expect("just encoded"), postings);
    assert!(
        bytes.len() <= bytes_max,
        "{} bytes for {postings:?}",
        bytes.len()
    );
}

#[test]
fn each_form_fits() {
    let mut random = Random::new(1);
    check([], 1);
    check([5], 2);
    check([100_000], 4);
    check([u32::MAX], 6);
    check([0, u32::MAX], 8);
    check(70_000..170_000, 7);
    check((0..100_000).step_by(20), 5_001);
    check((0..100_000).filter(|_| random.one_in(2)), 17_000);
    check(
        (0..3).flat_map(|i| i * 1_000_000..i * 1_000_000 + 5_000),
        20,
    );
}

#[test]
fn sets_meet_and_join() {
    let set = |ids: &[u32]| ids.iter().copied().collect::<Postings>();
    let sets = || vec![set(&[1, 2, 3, 9]), set(&[2, 3, 4]), set(&[3, 2, 70_000])];
    assert_eq!(intersect(sets()), Some(set(&[2, 3])));
    assert_eq!(intersect(vec![]), None);
    assert_eq!(
        intersect(vec![set(&[1]), set(&[]), set(&[1])]),
        Some(set(&[]))
    );
    assert_eq!(union(sets()), set(&[1, 2, 3, 4, 9, 70_000]));
    assert_eq!(union([]), set(&[]));
}

#[test]
fn garbage_never_panics() {
    let mut random = Random::new(2);
    let mut whole = Vec::new();
    encode(
        &(0..5_000).filter(|_| random.one_in(3)).collect(),
        &mut whole,
    );
    for round in 0..5_000 {
        let mut bytes = if round % 2 == 0 {
            whole.clone()
        } else {
            vec![0; random.below(40) as usize]
        };
        if round % 2 == 1 {
            random.fill(&mut bytes);
        }
        if let Some(first) = bytes.first_mut() {
            *first = random.below(4) as u8;
        }
        if !bytes.is_empty() {
            let at = random.below(bytes.len() as u64) as usize;
            bytes[at] = random.next_u64() as u8;
        }
        // Any set and any error will do.
        let _ = decode(&bytes);
    }
}
