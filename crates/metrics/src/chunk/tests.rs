use binnacle_model::STALE_NAN;
use binnacle_stdx::random::Random;

use super::*;

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|v| v.to_bits()).collect()
}

fn round_trip(values: &[f64], effort: Effort) -> Vec<u8> {
    let mut out = vec![0xaa];
    encode_values(values, effort, &mut out);
    let mut got = vec![1.5];
    let bytes = out.split_off(1);
    decode_values(&bytes, values.len(), &mut got).expect("just encoded");
    assert_eq!(got[0], 1.5, "appends");
    assert_eq!(bits(&got[1..]), bits(values), "{effort:?} {values:?}");
    bytes
}

fn check_codec(values: &[f64], effort: Effort, want: Codec, bytes_max: usize) {
    let bytes = round_trip(values, effort);
    assert_eq!(codec_of(&bytes), Some(want));
    assert!(bytes.len() <= bytes_max, "{} bytes", bytes.len());
}

fn column(n: usize, f: impl FnMut(usize) -> f64) -> Vec<f64> {
    (0..n).map(f).collect()
}

#[test]
fn the_codec_fits_the_values() {
    let mut random = Random::new(1);
    check_codec(&[5.0; 120], Effort::Quick, Codec::Constant, 2);
    check_codec(&[12.25; 7], Effort::Quick, Codec::Constant, 3);
    check_codec(&[STALE_NAN; 60], Effort::Quick, Codec::Constant, 9);
    check_codec(&[1.0 / 3.0; 60], Effort::Quick, Codec::Constant, 9);
    check_codec(
        &column(120, |i| 1e6 + 15.0 * i as f64),
        Effort::Quick,
        Codec::Packed,
        8,
    );
    let walk = column(120, |_| random.between(0, 15) as f64 / 100.0);
    check_codec(&walk, Effort::Quick, Codec::Packed, 120 / 2 + 5);
    let pages = column(120, |_| random.between(0, 15) as f64 * 4096.0);
    check_codec(&pages, Effort::Quick, Codec::Packed, 120 / 2 + 8);
    let floats = column(120, |_| random.unit() * 50.0 + 64.0);
    check_codec(&floats, Effort::Quick, Codec::PackedBits, 120 * 7);
    // Neighbours that share most bits, but no decimals and no steady step.
    let halves = column(120, |i| {
        f64::from_bits((1023 << 52) | ((i as u64 * 7 % 5) << 20) | 1)
    });
    check_codec(&halves, Effort::Quick, Codec::PackedBits, 120 * 4);
    let noise = column(50, |_| f64::from_bits(random.next_u64()));
    assert!(round_trip(&noise, Effort::Quick).len() <= 1 + 50 * 8);
    let skewed = column(2_000, |_| (random.unit().powi(8) * 1000.0).floor());
    check_codec(&skewed, Effort::Thorough, Codec::Pco, 2_000);
    let again: Vec<f64> = walk.iter().copied().cycle().take(2_000).collect();
    check_codec(&again, Effort::Thorough, Codec::PackedZstd, 300);
}

#[test]
fn a_reset_or_a_stale_marker_does_not_spoil_the_rest() {
    let mut random = Random::new(2);
    let mut total = 1e9;
    let mut counter = column(120, |_| {
        total += random.between(0, 255) as f64;
        total
    });
    let before = round_trip(&counter, Effort::Quick).len();
    for v in &mut counter[60..] {
        *v -= 1e9;
    }
    let reset = round_trip(&counter, Effort::Quick).len();
    assert!(reset <= before + 10, "{before} bytes, with a reset {reset}");
    counter[70] = STALE_NAN;
    let stale = round_trip(&counter, Effort::Quick).len();
    assert!(
        stale <= reset + 10,
        "{reset} bytes, with a stale marker {stale}"
    );
}

/// All kinds of columns, by number.
fn any_column(random: &mut Random, n: usize) -> Vec<f64> {
    let scale = 10f64.powi(random.between(0, 6) as i32);
    let mut total = (random.unit() * scale * 1000.0).floor();
    let kind = random.below(10);
    let extremes = [
        0.0,
        -0.0,
        f64::NAN,
        STALE_NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MAX,
        f64::MIN,
        f64::MIN_POSITIVE,
        5e-324,
        -5e-324,
        f64::from_bits(0x7ff8_dead_beef_0001),
        9_007_199_254_740_993.0,
        4.611_686_018_427_388e18,
        -9.3e18,
        1.0,
        0.1,
        1e15,
        1e-15,
        1e22,
        2_251_799_813_685_248.0,
        2_251_799_813_685_247.5,
    ];
    let mut values = column(n, |i| match kind {
        0 => {
            total += (random.unit() * scale).floor();
            total
        }
        1 => random.between(-4096, 4096) as f64,
        2 => random.between(-100_000, 100_000) as f64 / 10f64.powi((i % 4) as i32),
        3 => random.unit() * scale,
        4 => f64::from_bits(random.next_u64()),
        5 => *random.pick(&extremes),
        6 => f64::from(random.unit() as f32),
        7 => random.next_u64() as i64 as f64,
        8 => total * 1.000_1f64.powi(i as i32),
        _ => total,
    });
    if random.one_in(3) && n > 0 {
        for _ in 0..=random.below(3) {
            let at = random.below(n as u64) as usize;
            values[at] = *random.pick(&extremes);
        }
    }
    values
}

#[test]
fn every_column_comes_back_bit_for_bit() {
    let mut random = Random::new(3);
    for _ in 0..3_000 {
        let n = *random.pick(&[0, 1, 2, 3, 7, 32, 60, 120, 128, 129, 130, 257, 300]);
        let values = any_column(&mut random, n);
        round_trip(&values, Effort::Quick);
    }
    for _ in 0..300 {
        let n = *random.pick(&[1, 2, 60, 500, 2_000]);
        let values = any_column(&mut random, n);
        round_trip(&values, Effort::Thorough);
    }
}

fn round_trip_times(times: &[i64]) -> usize {
    let mut out = Vec::new();
    encode_times(times, &mut out);
    let mut got = Vec::new();
    decode_times(&out, times.len(), &mut got).expect("just encoded");
    assert_eq!(got, times);
    out.len()
}

#[test]
fn times_come_back() {
    let mut random = Random::new(4);
    let steady: Vec<i64> = (0..2_000).map(|i| 1_700_000_000_000 + i * 15_000).collect();
    assert!(round_trip_times(&steady) <= 10);
    let mut gap = steady;
    for t in &mut gap[1_000..] {
        *t += 3_600_000;
    }
    assert!(round_trip_times(&gap) <= 80);
    for _ in 0..2_000 {
        let n = random.below(300) as usize;
        let jitter = 1 << random.below(62);
        let mut t = random.next_u64() as i64;
        let times: Vec<i64> = (0..n)
            .map(|_| {
                t = t.wrapping_add(random.between(0, jitter));
                t
            })
            .collect();
        round_trip_times(&times);
    }
    round_trip_times(&[i64::MIN, i64::MAX, 0, i64::MAX, i64::MIN]);
}

#[test]
fn statistics_are_right_and_come_back() {
    let check = |values: &[f64], want: Statistics| {
        let got = Statistics::of(values);
        assert_eq!(got, want);
        let mut out = Vec::new();
        got.encode(&mut out);
        let len = out.len();
        out.extend_from_slice(b"behind");
        assert_eq!(Statistics::decode(&out), Ok((got, len)));
    };
    let zero = Statistics {
        count: 0,
        resets: 0,
        first: 0.0,
        last: 0.0,
        min: 0.0,
        max: 0.0,
        sum: 0.0,
    };
    check(&[], zero);
    check(&[STALE_NAN], zero);
    check(
        &[3.0, STALE_NAN, 7.0, 1.5, 2.5],
        Statistics {
            count: 4,
            resets: 1,
            first: 3.0,
            last: 2.5,
            min: 1.5,
            max: 7.0,
            sum: 14.0,
        },
    );
    check(
        &[1.0, 1e100, 1.0, -1e100],
        Statistics {
            count: 4,
            resets: 2,
            first: 1.0,
            last: -1e100,
            min: -1e100,
            max: 1e100,
            sum: 2.0,
        },
    );
    let nan = Statistics::of(&[f64::NAN, 2.0, f64::NAN]);
    assert_eq!((nan.min, nan.max, nan.count), (2.0, 2.0, 3));
    assert!(nan.sum.is_nan());
}

/// Decodes whatever there is; what counts is that it returns, and leaves `out` alone
/// when it fails.
fn decode_any(bytes: &[u8], count: usize) {
    let mut values = vec![7.0];
    match decode_values(bytes, count, &mut values) {
        Ok(()) => assert_eq!(values.len(), 1 + count),
        Err(_) => assert_eq!(values, [7.0]),
    }
    let mut times = vec![7];
    match decode_times(bytes, count, &mut times) {
        Ok(()) => assert_eq!(times.len(), 1 + count),
        Err(_) => assert_eq!(times, [7]),
    }
    // Any outcome will do.
    let _ = Statistics::decode(bytes);
}

#[test]
fn garbage_never_panics() {
    let mut random = Random::new(5);
    for _ in 0..20_000 {
        let mut bytes = vec![0; random.below(80) as usize];
        random.fill(&mut bytes);
        let count = *random.pick(&[0, 1, 2, 60, 129, 2_000]);
        decode_any(&bytes, count);
    }
}

#[test]
fn damaged_chunks_never_panic() {
    let mut random = Random::new(6);
    for round in 0..6_000 {
        let n = *random.pick(&[1, 3, 60, 130, 300]);
        let values = any_column(&mut random, n);
        let effort = if round % 6 == 0 {
            Effort::Thorough
        } else {
            Effort::Quick
        };
        let mut bytes = Vec::new();
        encode_values(&values, effort, &mut bytes);
        for _ in 0..=random.below(3) {
            let at = random.below(bytes.len() as u64) as usize;
            match random.below(4) {
                0 => bytes[at] ^= 1 << random.below(8),
                1 => bytes[at] = random.next_u64() as u8,
                2 => bytes.truncate(at.max(1)),
                _ => bytes.insert(at, random.next_u64() as u8),
            }
        }
        let count = if random.one_in(4) { n + 1 } else { n };
        decode_any(&bytes, count);
    }
}

#[test]
fn every_prefix_and_every_other_count_is_refused() {
    let mut random = Random::new(7);
    for effort in [Effort::Quick, Effort::Thorough] {
        for _ in 0..60 {
            let values = any_column(&mut random, 100);
            let bytes = round_trip(&values, effort);
            for len in 0..bytes.len() {
                let result = decode_values(&bytes[..len], values.len(), &mut Vec::new());
                assert!(
                    result.is_err(),
                    "{len} of {} bytes, {:?}",
                    bytes.len(),
                    codec_of(&bytes)
                );
            }
        }
    }
    let too_many = decode_values(&[1, 0], CHUNK_SAMPLES_MAX + 1, &mut Vec::new());
    assert_eq!(
        too_many,
        Err(ChunkError::TooManySamples(CHUNK_SAMPLES_MAX + 1))
    );
    assert_eq!(
        decode_values(&[0b1111_0001, 0], 3, &mut Vec::new()),
        Err(ChunkError::UnknownCodec(0b1111_0001))
    );
}
