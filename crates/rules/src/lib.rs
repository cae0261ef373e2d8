//! Recording and alerting rules: groups, unit tests, replay, lint.
