//! Dictionaries against a sorted vector.

use std::collections::BTreeSet;

use binnacle_stdx::random::Random;
use binnacle_store::dictionary::{Dictionary, encode};

fn strings(random: &mut Random, n: u64) -> Vec<Vec<u8>> {
    let words = [
        "",
        "a",
        "ab",
        "instance",
        "instance-",
        "node_cpu",
        "node_cpu_seconds_total",
        "ü",
    ];
    let set: BTreeSet<Vec<u8>> = (0..n)
        .map(|_| format!("{}{}", random.pick(&words), random.below(n)).into_bytes())
        .chain(words.iter().map(|w| w.as_bytes().to_vec()))
        .collect();
    set.into_iter().collect()
}

#[test]
fn a_dictionary_is_a_sorted_vector() {
    let mut random = Random::new(1);
    for n in [0, 1, 10, 30, 1_000] {
        let want = strings(&mut random, n);
        let mut bytes = Vec::new();
        encode(want.iter().map(Vec::as_slice), &mut bytes);
        let dictionary = Dictionary::open(&bytes).expect("open");
        assert_eq!(dictionary.len(), want.len());
        let mut got = Vec::new();
        for (i, string) in want.iter().enumerate() {
            assert!(dictionary.get(i as u32, &mut got).expect("get"));
            assert_eq!(&got, string);
            assert_eq!(dictionary.find(string).expect("find"), Some(i as u32));
        }
        assert!(!dictionary.get(want.len() as u32, &mut got).expect("get"));
        assert!(!dictionary.get(u32::MAX, &mut got).expect("get"));
        for prefix in [
            "",
            "a",
            "b",
            "i",
            "instance",
            "instance-1",
            "node_cpu1",
            "zzz",
            "ü",
            "\u{7f}",
        ] {
            let prefix = prefix.as_bytes();
            let range = dictionary.prefix_range(prefix).expect("range");
            let matching: Vec<u32> = (0..want.len() as u32)
                .filter(|&i| want[i as usize].starts_with(prefix))
                .collect();
            assert_eq!(range.clone().collect::<Vec<_>>(), matching, "{prefix:?}");
            let below = want.iter().filter(|s| s.as_slice() < prefix).count();
            assert_eq!(
                dictionary.lower_bound(prefix).expect("bound") as usize,
                below
            );
            let mut walk = dictionary.walk(range.clone());
            let mut walked = Vec::new();
            while let Some((id, string)) = walk.next_string().expect("walk") {
                assert_eq!(string, want[id as usize]);
                walked.push(id);
            }
            assert_eq!(walked, matching);
            let exact = want.iter().position(|s| s == prefix).map(|i| i as u32);
            assert_eq!(dictionary.find(prefix).expect("find"), exact);
        }
    }
}

#[test]
fn an_empty_dictionary_has_nothing() {
    let mut bytes = Vec::new();
    encode([], &mut bytes);
    let dictionary = Dictionary::open(&bytes).expect("open");
    assert!(dictionary.is_empty());
    assert_eq!(dictionary.find(b"a").expect("find"), None);
    assert_eq!(dictionary.prefix_range(b"").expect("range"), 0..0);
}

#[test]
fn mutated_dictionaries_never_panic() {
    let mut random = Random::new(2);
    let want = strings(&mut random, 100);
    let mut whole = Vec::new();
    encode(want.iter().map(Vec::as_slice), &mut whole);
    for _ in 0..5_000 {
        let mut bytes = whole.clone();
        for _ in 0..=random.below(3) {
            let at = random.below(bytes.len() as u64) as usize;
            match random.below(3) {
                0 => bytes[at] = random.next_u64() as u8,
                1 => bytes.truncate(at.max(1)),
                _ => bytes.insert(at, random.next_u64() as u8),
            }
        }
        if let Ok(dictionary) = Dictionary::open(&bytes) {
            // Any answer and any error will do, but no panic.
            let _ = dictionary.find(b"node_cpu17");
            let _ = dictionary.prefix_range(b"instance");
            let mut walk = dictionary.walk(0..u32::MAX);
            while let Ok(Some(_)) = walk.next_string() {}
        }
    }
}
