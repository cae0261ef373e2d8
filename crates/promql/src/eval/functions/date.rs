//! Parts of a date, in UTC, from seconds since the Unix epoch.

use binnacle_model::calendar::{date_of, day_of, days_in_month};

use crate::functions::FunctionId;

const DAY: i64 = 86_400;

/// What the function says of a time, when it is one about dates.
pub(crate) fn part(id: FunctionId) -> Option<fn(f64) -> f64> {
    use FunctionId as F;
    Some(match id {
        F::Minute => |v| whole(v).rem_euclid(3600).div_euclid(60) as f64,
        F::Hour => |v| whole(v).rem_euclid(DAY).div_euclid(3600) as f64,
        F::DayOfWeek => |v| (days(v) + 4).rem_euclid(7) as f64,
        F::DayOfMonth => |v| date_of(days(v)).2 as f64,
        F::DayOfYear => |v| {
            let days = days(v);
            (days - day_of(date_of(days).0, 1, 1) + 1) as f64
        },
        F::DaysInMonth => |v| {
            let (year, month, _) = date_of(days(v));
            days_in_month(year, month) as f64
        },
        F::Month => |v| date_of(days(v)).1 as f64,
        F::Year => |v| date_of(days(v)).0 as f64,
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

#[cfg(test)]
mod tests {
    use super::*;

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
