//! Parts of a date, in UTC, from seconds since the Unix epoch.
//!
//! Days are turned into dates by Howard Hinnant's `civil_from_days`, which holds
//! for all years that 64 bits of seconds reach.

use crate::functions::FunctionId;

const DAY: i64 = 86_400;

/// What the function says of a time, when it is one about dates.
pub(crate) fn part(id: FunctionId) -> Option<fn(f64) -> f64> {
    use FunctionId as F;
    Some(match id {
        F::Minute => |v| whole(v).rem_euclid(3600).div_euclid(60) as f64,
        F::Hour => |v| whole(v).rem_euclid(DAY).div_euclid(3600) as f64,
        F::DayOfWeek => |v| (days(v) + 4).rem_euclid(7) as f64,
        F::DayOfMonth => |v| civil(days(v)).2 as f64,
        F::DayOfYear => |v| {
            let days = days(v);
            (days - days_of(civil(days).0, 1, 1) + 1) as f64
        },
        F::DaysInMonth => |v| {
            let (year, month, _) = civil(days(v));
            let (next_year, next) = if month == 12 {
                (year + 1, 1)
            } else {
                (year, month + 1)
            };
            (days_of(next_year, next, 1) - days_of(year, month, 1)) as f64
        },
        F::Month => |v| civil(days(v)).1 as f64,
        F::Year => |v| civil(days(v)).0 as f64,
        _ => return None,
    })
}

/// Whole seconds, towards zero; what does not fit is the nearest that does.
fn whole(seconds: f64) -> i64 {
    seconds as i64
}

fn days(seconds: f64) -> i64 {
    whole(seconds).div_euclid(DAY)
}

/// Year, month and day of a day since the Unix epoch.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// The day since the Unix epoch of a date.
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted_month = (month + 9) % 12;
    let day_of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_come_apart_and_together() {
        let check = |days: i64, want: (i64, i64, i64)| {
            assert_eq!(civil(days), want);
            assert_eq!(days_of(want.0, want.1, want.2), days);
        };
        check(0, (1970, 1, 1));
        check(-1, (1969, 12, 31));
        check(11_016, (2000, 2, 29));
        check(16_495, (2015, 3, 1));
        for days in -1_000_000..1_000_000 {
            let (year, month, day) = civil(days);
            assert_eq!(days_of(year, month, day), days);
        }
    }

    #[test]
    fn parts() {
        let check = |id, seconds: f64, want: f64| {
            assert_eq!(part(id).map(|f| f(seconds)), Some(want), "{id:?} {seconds}");
        };
        check(FunctionId::DayOfWeek, 0.0, 4.0);
        check(FunctionId::Hour, -1.0, 23.0);
        check(FunctionId::Minute, 1_136_239_445.9, 4.0);
        check(FunctionId::DaysInMonth, 1_456_790_399.0, 29.0);
        check(FunctionId::DayOfYear, 1_483_228_799.0, 366.0);
        check(FunctionId::Year, 1_483_228_799.0, 2016.0);
    }
}
