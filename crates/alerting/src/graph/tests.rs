use binnacle_stdx::random::Random;

use super::layout::THRESHOLD;
use super::{Chart, HEIGHT, Series, Side, Threshold, Unit, WIDTH};

const HOUR_MS: i64 = 3_600_000;
/// 2024-05-06 13:20 UTC.
const NOW_MS: i64 = 1_715_001_600_000;
const BYTES_MAX: usize = 30_000;

fn series(label: &str, f: impl Fn(i64) -> Option<f64>) -> Series {
    let points = (0..=120).map(|i| (NOW_MS - HOUR_MS + i * 30_000, f(i)));
    Series {
        label: label.to_owned(),
        points: points.collect(),
    }
}

fn chart(series: Vec<Series>) -> Chart {
    Chart {
        title: "HighErrorRate".to_owned(),
        subtitle: "rate(http_requests_total{status=~\"5..\"}[5m])".to_owned(),
        series,
        start_ms: NOW_MS - HOUR_MS,
        end_ms: NOW_MS,
        ..Chart::default()
    }
}

/// Reads a picture back: red, green and blue of each pixel.
fn decode(png: &[u8]) -> Vec<[u8; 3]> {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(png));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().expect("a header");
    let mut bytes = vec![0; reader.output_buffer_size().expect("a size")];
    let info = reader.next_frame(&mut bytes).expect("a picture");
    assert_eq!((info.width as usize, info.height as usize), (WIDTH, HEIGHT));
    assert_eq!(info.color_type, png::ColorType::Rgb);
    bytes.as_chunks::<3>().0.to_vec()
}

/// What every picture is.
fn check(chart: &Chart) -> Vec<[u8; 3]> {
    let png = chart.png();
    assert!(png.len() <= BYTES_MAX, "{} bytes: {chart:?}", png.len());
    decode(&png)
}

fn count(pixels: &[[u8; 3]], color: [u8; 3]) -> usize {
    pixels.iter().filter(|pixel| **pixel == color).count()
}

fn wave(i: i64) -> f64 {
    let x = i as f64;
    0.4 + 0.2 * (x / 9.0).sin() + if i > 80 { (x - 80.0) * 0.02 } else { 0.0 }
}

fn ratio() -> Chart {
    let own = series("instance=\"a:9100\"", |i| {
        (!(30..40).contains(&i)).then(|| wave(i))
    });
    Chart {
        thresholds: vec![Threshold {
            value: 0.9,
            side: Side::Above,
        }],
        fires_since_ms: Some(NOW_MS - 8 * 60_000),
        ..chart(vec![own])
    }
}

#[test]
fn a_threshold_and_the_line_are_seen() {
    let pixels = check(&ratio());
    // Five of nine pixels across the plot, two high.
    assert!(count(&pixels, THRESHOLD) > 450, "the threshold");
    assert!(count(&pixels, [9, 105, 218]) > 150, "the line");
    let without = check(&Chart {
        thresholds: Vec::new(),
        ..ratio()
    });
    assert_eq!(count(&without, THRESHOLD), 0);
    assert_eq!(
        pixels[WIDTH * HEIGHT / 2 + WIDTH - 8],
        [255; 3],
        "the ground"
    );
}

#[test]
fn gaps_are_not_drawn_over() {
    let flat = |hole: std::ops::Range<i64>| {
        let flat = series("", move |i| (!hole.contains(&i)).then_some(5.0));
        count(&check(&chart(vec![flat])), [9, 105, 218])
    };
    let (whole, broken) = (flat(0..0), flat(30..90));
    assert!(broken * 10 < whole * 6, "{broken} of {whole}");
    assert!(broken * 10 > whole * 4, "{broken} of {whole}");
    for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let holes = series("", |i| Some(if (30..90).contains(&i) { odd } else { 5.0 }));
        let count = count(&check(&chart(vec![holes])), [9, 105, 218]);
        assert_eq!(count, broken, "{odd}");
    }
}

#[test]
fn eight_series_are_drawn_and_the_others_counted() {
    let many = |n: i64| {
        let all = (0..n).map(|s| series(&format!("i=\"{s}\""), move |_| Some(s as f64)));
        check(&chart(all.collect()))
    };
    assert_eq!(many(20), many(20), "the same chart is the same picture");
    assert_ne!(many(8), many(9), "\"+1 more\"");
    let more = Chart {
        more: 5,
        ..chart(vec![series("", |_| Some(1.0))])
    };
    assert_ne!(
        check(&more),
        check(&Chart {
            more: 0,
            ..more.clone()
        })
    );
}

#[test]
fn values_are_written_as_elsewhere() {
    let check = |unit: Unit, low: f64, high: f64, want: &[&str]| {
        let axis = super::axis::Values::of(unit, [low, high].into_iter());
        let ticks: Vec<_> = axis.ticks().into_iter().map(|(_, text)| text).collect();
        assert_eq!(ticks, want, "{unit:?} {low} {high}");
    };
    check(
        Unit::Number,
        0.0,
        1.0,
        &["0", "0.25", "0.50", "0.75", "1.00"],
    );
    check(Unit::Number, 0.0, 4.0, &["0", "1", "2", "3", "4"]);
    check(
        Unit::Number,
        0.0,
        1_800.0,
        &["0", "0.5k", "1.0k", "1.5k", "2.0k"],
    );
    check(Unit::Number, 0.0, 0.004, &["0", "1m", "2m", "3m", "4m"]);
    check(
        Unit::Number,
        990.0,
        1_000.0,
        &["0.9900k", "0.9925k", "0.9950k", "0.9975k", "1.0000k"],
    );
    check(Unit::Number, -4.0, 4.0, &["-4", "-2", "0", "2", "4"]);
    check(
        Unit::Bytes,
        0.0,
        3.5e9,
        &["0", "1GiB", "2GiB", "3GiB", "4GiB"],
    );
    check(
        Unit::Seconds,
        0.0,
        0.35,
        &["0", "100ms", "200ms", "300ms", "400ms"],
    );
    check(
        Unit::Seconds,
        0.0,
        600.0,
        &["0", "2.5m", "5.0m", "7.5m", "10.0m"],
    );
    check(Unit::Ratio, 0.0, 0.8, &["0", "20%", "40%", "60%", "80%"]);
}

#[test]
fn times_are_hours_and_minutes() {
    let check = |minutes: i64, want: &[&str]| {
        let times = super::axis::Times::new(NOW_MS - minutes * 60_000, NOW_MS);
        let ticks: Vec<_> = times.ticks().into_iter().map(|(_, text)| text).collect();
        assert_eq!(ticks, want, "{minutes}");
    };
    check(
        60,
        &[
            "12:20", "12:30", "12:40", "12:50", "13:00", "13:10", "13:20",
        ],
    );
    check(
        24 * 60,
        &[
            "15:00", "18:00", "21:00", "00:00", "03:00", "06:00", "09:00", "12:00",
        ],
    );
    check(
        4 * 24 * 60,
        &[
            "00:00", "12:00", "00:00", "12:00", "00:00", "12:00", "00:00", "12:00",
        ],
    );
    check(
        6 * 24 * 60,
        &["05-01", "05-02", "05-03", "05-04", "05-05", "05-06"],
    );
}

#[test]
fn whatever_comes_is_drawn() {
    let odd = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        f64::MAX,
        f64::MIN,
        f64::MIN_POSITIVE,
        5e-324,
        -5e-324,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        1e300,
        -1e300,
        1e15,
        1e15 + 0.125,
        1e-24,
        9.99e23,
    ];
    let units = [Unit::Number, Unit::Bytes, Unit::Seconds, Unit::Ratio];
    for (n, a) in odd.into_iter().enumerate() {
        // Neighbours in many combinations, on axes that some of them blow up.
        let all = odd.into_iter().skip(n).enumerate().map(|(at, b)| {
            let t_ms = NOW_MS - HOUR_MS + at as i64 * 180_000;
            Series {
                label: "a".to_owned(),
                points: vec![(t_ms, Some(a)), (t_ms + 90_000, Some(b))],
            }
        });
        let all: Vec<_> = all.collect();
        for own in all.chunks(6) {
            check(&Chart {
                thresholds: vec![Threshold {
                    value: a,
                    side: Side::Below,
                }],
                unit: units[n % 4],
                ..chart(own.to_vec())
            });
        }
        let alone = series("a", |_| Some(a));
        check(&chart(vec![alone]));
    }
    check(&Chart::default());
    for (start_ms, end_ms) in [
        (i64::MIN, i64::MAX),
        (NOW_MS, NOW_MS),
        (5, -5),
        (i64::MAX, i64::MAX),
    ] {
        check(&Chart {
            start_ms,
            end_ms,
            fires_since_ms: Some(end_ms),
            ..ratio()
        });
    }
    let long = "\u{202e}日本\0\n".repeat(500);
    check(&Chart {
        title: long.clone(),
        subtitle: long.clone(),
        series: (0..9).map(|_| series(&long, |_| Some(1.0))).collect(),
        ..ratio()
    });
}

#[test]
fn seeded_charts_are_drawn() {
    for seed in 0..40 {
        let mut random = Random::new(seed);
        let text = |random: &mut Random| -> String {
            let letters = 0..random.below(60);
            letters
                .filter_map(|_| char::from_u32(random.below(0x2_0000) as u32))
                .collect()
        };
        let series_count = random.below(12);
        let all = (0..series_count).map(|_| {
            let points = (0..random.below(200)).map(|_| {
                let t_ms = NOW_MS - HOUR_MS + random.below(4_000_000) as i64;
                let value = f64::from_bits(random.next_u64());
                let near = random.below(1_000) as f64 / 7.0;
                let value = [Some(value), Some(near), Some(near), None][random.below(4) as usize];
                (t_ms, value)
            });
            let points: Vec<_> = points.collect();
            Series {
                label: text(&mut random),
                points,
            }
        });
        let all: Vec<_> = all.collect();
        let sides = [Side::Above, Side::Below, Side::Neither];
        let chart = Chart {
            title: text(&mut random),
            more: random.below(3) as usize,
            thresholds: (0..random.below(3))
                .map(|_| Threshold {
                    value: f64::from_bits(random.next_u64()),
                    side: sides[random.below(3) as usize],
                })
                .collect(),
            fires_since_ms: Some(NOW_MS - random.below(5_000_000) as i64),
            ..chart(all)
        };
        // Noise does not compress: the bound is for what is measured.
        assert_eq!(decode(&chart.png()).len(), WIDTH * HEIGHT, "seed {seed}");
    }
}
