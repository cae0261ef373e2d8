//! The way to the engine and to those who follow.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use binnacle_guard::{GuardSettings, TailSettings};
use binnacle_model::Labels;
use binnacle_model::event::append::EventRefusal;
use binnacle_model::event::{EventBatch, FieldValue};

use crate::support::{NOW_NS, bare, batch, stand};

#[test]
fn refused_rows_leave_no_gap() {
    let mut settings = bare();
    settings.limits.line_bytes_max = 3;
    let stand = stand(settings);
    let mut rows = EventBatch::default();
    for app in ["a", "b", "c"] {
        rows.begin_stream(&Labels::from_pairs([("app", app)]));
        for i in 0..3i64 {
            let is_long = app == "b" || i == 1;
            rows.push_row(NOW_NS + i, if is_long { b"long" } else { b"ok" });
            for n in 0..i {
                rows.push_field(&format!("f{n}"), FieldValue::Int(n));
            }
        }
    }
    let taken = stand.push(rows);
    assert_eq!(taken.rows, 4);
    assert_eq!(taken.refused, [(EventRefusal::LineTooLong, 5)]);
    let kept = stand.kept.batches.lock();
    assert_eq!(kept[0].streams.len(), 2);
    assert_eq!(kept[0].times_ns, [NOW_NS, NOW_NS + 2, NOW_NS, NOW_NS + 2]);
    drop(kept);
    let a = r#"{app="a"}"#.to_owned();
    let c = r#"{app="c"}"#.to_owned();
    let (ok, fields) = ("ok".to_owned(), "f0=0 f1=1".to_owned());
    assert_eq!(
        stand.rows(),
        [
            (a.clone(), ok.clone(), String::new()),
            (a, ok.clone(), fields.clone()),
            (c.clone(), ok.clone(), String::new()),
            (c, ok, fields),
        ]
    );
}

#[test]
fn nothing_left_is_not_stored() {
    let mut settings = bare();
    settings.limits.line_bytes_max = 3;
    let stand = stand(settings);
    let taken = stand.push(batch(&[("app", "a")], &[b"long"]));
    assert_eq!(taken.rows, 0);
    assert!(stand.kept.batches.lock().is_empty());
    assert_eq!(stand.push(EventBatch::default()).rows, 0);
}

#[test]
fn what_the_engine_refuses_is_told_and_not_followed() {
    let stand = stand(bare());
    let tail = stand.guard.subscribe();
    let mut rows = batch(&[("app", "a")], &[b"one", b"refuse me"]);
    rows.push_field("gone", FieldValue::Int(1));
    rows.push_row(NOW_NS, b"two");
    rows.push_field("stays", FieldValue::Int(1));
    let taken = stand.push(rows);
    assert_eq!(taken.rows, 2);
    assert_eq!(taken.refused, [(EventRefusal::TooOld, 1)]);
    assert_eq!(taken.messages.len(), 1);
    let seen = tail.next().expect("it was published");
    assert_eq!(
        (seen.len(), seen.line(0), seen.line(1)),
        (2, &b"one"[..], &b"two"[..])
    );
    assert_eq!(seen.fields(1).next(), Some(("stays", FieldValue::Int(1))));
    assert!(tail.next().is_none());
}

#[test]
fn a_slow_subscriber_loses_the_oldest() {
    let stand = stand(GuardSettings {
        tail: TailSettings {
            queue_batches_max: 2,
            queue_bytes_max: 1 << 20,
        },
        ..bare()
    });
    let woken = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&woken);
    let slow = stand.guard.subscribe_with(Box::new(move || {
        counter.fetch_add(1, Ordering::Relaxed);
    }));
    for line in [&b"1"[..], b"2", b"3"] {
        stand.push(batch(&[("app", "a")], &[line]));
    }
    assert_eq!(woken.load(Ordering::Relaxed), 3);
    assert_eq!(slow.take_lost(), 1);
    assert_eq!(slow.take_lost(), 0);
    assert_eq!(slow.wait(Duration::ZERO).expect("there").line(0), b"2");
    assert_eq!(slow.next().expect("there").line(0), b"3");
    assert!(slow.wait(Duration::ZERO).is_none());
    assert_eq!(stand.guard.stats().subscribers, 1);
    drop(slow);
    assert_eq!(stand.guard.stats().subscribers, 0);
    stand.push(batch(&[("app", "a")], &[b"4"]));
}

#[test]
fn bytes_of_a_queue_are_bounded() {
    let stand = stand(GuardSettings {
        tail: TailSettings {
            queue_batches_max: 100,
            queue_bytes_max: 1000,
        },
        ..bare()
    });
    let tail = stand.guard.subscribe();
    for _ in 0..10 {
        stand.push(batch(&[("app", "a")], &[&[b'x'; 400]]));
    }
    assert_eq!(tail.take_lost(), 8);
}
