//! Ranges of the calendar as text: `monday:friday`, `-5:-1`, `09:00` to `17:00`.

/// Minutes of a day from a first to a last, the last not included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    /// 0 is midnight.
    pub start_minute: i32,
    /// 1440 is the next midnight.
    pub end_minute: i32,
}

/// From a first to a last, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The first.
    pub begin: i32,
    /// The last.
    pub end: i32,
}

const WEEKDAYS: [&str; 7] = [
    "sunday",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
];

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

impl TimeRange {
    /// From two times of a day.
    ///
    /// # Errors
    /// When one is no `HH:MM` up to `24:00`, or they are not in order.
    pub fn parse(start: &str, end: &str) -> Result<Self, String> {
        if start.is_empty() || end.is_empty() {
            return Err("both start and end times must be provided".to_owned());
        }
        let range = Self {
            start_minute: parse_time(start)?,
            end_minute: parse_time(end)?,
        };
        if range.start_minute >= range.end_minute {
            return Err("start time cannot be equal or greater than end time".to_owned());
        }
        Ok(range)
    }

    pub(super) fn contains(self, minute: i32) -> bool {
        minute >= self.start_minute && minute < self.end_minute
    }
}

/// Minutes of a day as `HH:MM`.
#[must_use]
pub fn print_time(minute: i32) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

fn parse_time(text: &str) -> Result<i32, String> {
    let parse = || {
        let (hour, minute) = text.split_once(':')?;
        let (hour, minute) = (two_digits(hour)?, two_digits(minute)?);
        let total = hour * 60 + minute;
        (minute < 60 && total <= 1440).then_some(total)
    };
    parse().ok_or_else(|| format!("couldn't parse timestamp {text}, invalid format"))
}

fn two_digits(text: &str) -> Option<i32> {
    let digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

impl Range {
    pub(super) fn contains(self, value: i32) -> bool {
        value >= self.begin && value <= self.end
    }

    /// Days of the week.
    ///
    /// # Errors
    /// When a name is none, or they are not in order: a week starts on Sunday.
    pub fn parse_weekdays(text: &str) -> Result<Self, String> {
        let range = parse(text, |day| {
            WEEKDAYS
                .iter()
                .position(|name| *name == day)
                .and_then(|i| i32::try_from(i).ok())
                .ok_or_else(|| format!("{day} is not a valid weekday"))
        })?;
        if range.begin > range.end {
            return Err("start day cannot be before end day".to_owned());
        }
        Ok(range)
    }

    /// Days of the month; negative ones count from its end.
    ///
    /// # Errors
    /// When one is no day, or the range is empty in every month.
    pub fn parse_days_of_month(text: &str) -> Result<Self, String> {
        let range = parse(text, number)?;
        for day in [range.begin, range.end] {
            if day == 0 || !(-31..=31).contains(&day) {
                return Err(format!(
                    "{day} is not a valid day of the month: out of range"
                ));
            }
        }
        if range.begin < 0 && range.end > 0 {
            return Err("end day must be negative if start day is negative".to_owned());
        }
        // In the shortest month; longer ones only move the end further away.
        let least = |day: i32| if day < 0 { 28 + day } else { day };
        if least(range.begin) > least(range.end) {
            return Err(format!(
                "end day {} is always before start day {}",
                range.end, range.begin
            ));
        }
        Ok(range)
    }

    /// Months, by name or number.
    ///
    /// # Errors
    /// When one is none, or they are not in order.
    pub fn parse_months(text: &str) -> Result<Self, String> {
        let range = parse(text, |month| {
            let named = MONTHS.iter().position(|name| *name == month);
            named
                .and_then(|i| i32::try_from(i + 1).ok())
                .or_else(|| number(month).ok())
                .ok_or_else(|| format!("{month} is not a valid month"))
        })?;
        if range.begin > range.end {
            let name = |month: i32| {
                let index = usize::try_from(month).ok().and_then(|m| m.checked_sub(1));
                index.and_then(|i| MONTHS.get(i)).unwrap_or(&"").to_owned()
            };
            let (begin, end) = (name(range.begin), name(range.end));
            return Err(format!("end month {end} is before start month {begin}"));
        }
        Ok(range)
    }

    /// Years.
    ///
    /// # Errors
    /// When one is no number, or they are not in order.
    pub fn parse_years(text: &str) -> Result<Self, String> {
        let range = parse(text, number)?;
        if range.begin > range.end {
            return Err(format!(
                "end year {} is before start year {}",
                range.end, range.begin
            ));
        }
        Ok(range)
    }

    /// As numbers: `3` or `1:5`.
    #[must_use]
    pub fn print(self) -> String {
        if self.begin == self.end {
            self.begin.to_string()
        } else {
            format!("{}:{}", self.begin, self.end)
        }
    }

    /// As days of the week: `monday` or `monday:friday`.
    #[must_use]
    pub fn print_weekdays(self) -> String {
        let name = |day: i32| {
            let index = usize::try_from(day).ok();
            index
                .and_then(|i| WEEKDAYS.get(i))
                .unwrap_or(&"")
                .to_owned()
        };
        if self.begin == self.end {
            name(self.begin).to_owned()
        } else {
            format!("{}:{}", name(self.begin), name(self.end))
        }
    }
}

/// One member, or two with a colon between them; letters of any case.
fn parse(text: &str, member: impl Fn(&str) -> Result<i32, String>) -> Result<Range, String> {
    let text = text.to_lowercase();
    let (begin, end) = text.split_once(':').unwrap_or((&text, &text));
    if end.contains(':') {
        return Err(format!("couldn't parse range {text}, invalid format"));
    }
    Ok(Range {
        begin: member(begin)?,
        end: member(end)?,
    })
}

fn number(text: &str) -> Result<i32, String> {
    text.parse()
        .map_err(|_| format!("strconv.Atoi: parsing {text:?}: invalid syntax"))
}
