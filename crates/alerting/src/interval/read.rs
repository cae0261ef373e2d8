//! An interval in the configuration.

use binnacle_config::reader::Reader;
use binnacle_config::yaml::Out;

use super::range::print_time;
use super::{Location, Range, TimeInterval, TimeRange};

/// Takes the fields of one interval.
pub fn read(r: &mut Reader<'_>) -> TimeInterval {
    let times = r.sections("times", "both start and end times must be provided", |r| {
        read_times(r)
    });
    TimeInterval {
        times: r
            .has("times")
            .then(|| times.into_iter().flatten().collect()),
        weekdays: ranges(r, "weekdays", Range::parse_weekdays, Range::print_weekdays),
        days_of_month: ranges(r, "days_of_month", Range::parse_days_of_month, Range::print),
        months: ranges(r, "months", Range::parse_months, Range::print),
        years: ranges(r, "years", Range::parse_years, Range::print),
        location: read_location(r),
    }
}

fn read_times(r: &mut Reader<'_>) -> Option<TimeRange> {
    let (start, end) = (r.text("start_time"), r.text("end_time"));
    match TimeRange::parse(&start, &end) {
        Ok(range) => {
            r.show("start_time", Out::Text(print_time(range.start_minute)));
            r.show("end_time", Out::Text(print_time(range.end_minute)));
            Some(range)
        }
        Err(why) => {
            let key = if why.contains(&end) && !end.is_empty() {
                "end_time"
            } else {
                "start_time"
            };
            r.refuse(key, why);
            None
        }
    }
}

/// `None` when the field is not there: it then holds always.
fn ranges(
    r: &mut Reader<'_>,
    key: &'static str,
    parse: impl Fn(&str) -> Result<Range, String>,
    print: impl Fn(Range) -> String,
) -> Option<Vec<Range>> {
    let texts = r.texts(key);
    if !r.has(key) {
        return None;
    }
    let mut ranges = Vec::with_capacity(texts.len());
    for text in texts {
        match parse(&text.value) {
            Ok(range) => ranges.push(range),
            Err(why) => r.refuse_at(text.at, why),
        }
    }
    let out = ranges.iter().map(|range| Out::Text(print(*range)));
    r.show(key, Out::List(out.collect()));
    Some(ranges)
}

fn read_location(r: &mut Reader<'_>) -> Option<Location> {
    let text = r.text("location");
    if !r.has("location") {
        return None;
    }
    Location::parse(&text)
        .inspect(|location| r.show("location", Out::Text(location.name().to_owned())))
        .inspect_err(|why| r.refuse("location", why.as_str()))
        .ok()
}
