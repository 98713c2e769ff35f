//! Numbers as text: Prometheus' format 0.0.4, and OpenMetrics 1.0, which differs
//! from it in the names of counters and in its end.

use std::fmt::{self, Write as _};

use ostler_control::{Family, FamilyKind, Point, Reading};

/// Which text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Format {
    /// <https://prometheus.io/docs/instrumenting/exposition_formats/>
    Prometheus,
    /// <https://prometheus.io/docs/specs/om/open_metrics_spec/>
    OpenMetrics,
}

impl Format {
    /// What a client that sends this `accept` is given.
    pub(crate) fn accepted(accept: Option<&str>) -> Self {
        let openmetrics = |range: &str| {
            let mut parts = range.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default();
            media.eq_ignore_ascii_case("application/openmetrics-text")
                && parts.all(|part| part.replace(' ', "") != "q=0")
        };
        let ranges = accept.unwrap_or_default();
        if ranges.split(',').any(openmetrics) {
            return Self::OpenMetrics;
        }
        Self::Prometheus
    }

    /// Its media type.
    pub(crate) fn media(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// All of these as one text.
    pub(crate) fn write(self, families: &[Family]) -> String {
        let mut text = String::new();
        for family in families.iter().filter(|f| !f.points.is_empty()) {
            // A String takes all that is written.
            self.family(&mut text, family).unwrap_or_default();
        }
        if self == Self::OpenMetrics {
            text.push_str("# EOF\n");
        }
        text
    }

    fn family(self, text: &mut String, family: &Family) -> fmt::Result {
        let Family {
            name, help, kind, ..
        } = family;
        let total = match kind {
            FamilyKind::Counter => "_total",
            FamilyKind::Gauge | FamilyKind::Histogram => "",
        };
        let told = match self {
            Self::Prometheus => total,
            Self::OpenMetrics => "",
        };
        let kind = match kind {
            FamilyKind::Counter => "counter",
            FamilyKind::Gauge => "gauge",
            FamilyKind::Histogram => "histogram",
        };
        writeln!(text, "# HELP {name}{told} {help}.")?;
        writeln!(text, "# TYPE {name}{told} {kind}")?;
        for Point { labels, value } in &family.points {
            match value {
                Reading::Number(number) => {
                    writeln!(text, "{name}{total}{} {number}", Labels(labels, None))?;
                }
                Reading::Spread {
                    bounds,
                    counts,
                    sum,
                } => {
                    let mut below = 0;
                    let last = std::iter::once(f64::INFINITY);
                    for (bound, count) in bounds.iter().copied().chain(last).zip(counts) {
                        below += count;
                        let labels = Labels(labels, Some(bound));
                        writeln!(text, "{name}_bucket{labels} {below}")?;
                    }
                    let labels = Labels(labels, None);
                    writeln!(text, "{name}_sum{labels} {sum}")?;
                    writeln!(text, "{name}_count{labels} {below}")?;
                }
            }
        }
        Ok(())
    }
}

/// Labels in braces, the bound of a bucket last.
struct Labels<'a>(&'a [(&'static str, String)], Option<f64>);

impl fmt::Display for Labels<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(labels, bound) = self;
        let mut before = '{';
        for (name, value) in *labels {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"");
            let value = value.replace('\n', "\\n");
            write!(f, "{before}{name}=\"{value}\"")?;
            before = ',';
        }
        match bound {
            Some(bound) if bound.is_infinite() => write!(f, "{before}le=\"+Inf\"")?,
            Some(bound) => write!(f, "{before}le=\"{bound:?}\"")?,
            None => {}
        }
        if bound.is_some() || before == ',' {
            f.write_char('}')?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn families() -> Vec<Family> {
        let mut calls = Family::new("calls", FamilyKind::Counter, "Calls");
        let odd = "a\\b\"c\nd".to_owned();
        calls.add(vec![("method", odd), ("code", "OK".to_owned())], 3.0);
        let mut open = Family::new("open", FamilyKind::Gauge, "Open ones");
        open.add(Vec::new(), 0.5);
        let mut took = Family::new("took_seconds", FamilyKind::Histogram, "Times");
        let value = Reading::Spread {
            bounds: &[0.00025, 1.0],
            counts: vec![1, 2, 3],
            sum: 4.5,
        };
        let labels = vec![("method", "m".to_owned())];
        took.points.push(Point { labels, value });
        let none = Family::new("none", FamilyKind::Gauge, "Nothing");
        vec![calls, open, took, none]
    }

    const REST: &str = r#"# HELP open Open ones.
# TYPE open gauge
open 0.5
# HELP took_seconds Times.
# TYPE took_seconds histogram
took_seconds_bucket{method="m",le="0.00025"} 1
took_seconds_bucket{method="m",le="1.0"} 3
took_seconds_bucket{method="m",le="+Inf"} 6
took_seconds_sum{method="m"} 4.5
took_seconds_count{method="m"} 6
"#;

    #[test]
    fn both_texts() {
        let sample = r#"calls_total{method="a\\b\"c\nd",code="OK"} 3"#;
        let prometheus =
            format!("# HELP calls_total Calls.\n# TYPE calls_total counter\n{sample}\n{REST}");
        assert_eq!(Format::Prometheus.write(&families()), prometheus);
        let open = format!("# HELP calls Calls.\n# TYPE calls counter\n{sample}\n{REST}# EOF\n");
        assert_eq!(Format::OpenMetrics.write(&families()), open);
    }

    #[test]
    fn the_client_chooses() {
        for (accept, format) in [
            (None, Format::Prometheus),
            (Some("*/*"), Format::Prometheus),
            (Some("text/plain;version=0.0.4"), Format::Prometheus),
            (
                Some("application/openmetrics-text; q=0, text/plain"),
                Format::Prometheus,
            ),
            (
                Some("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.3"),
                Format::OpenMetrics,
            ),
        ] {
            assert_eq!(Format::accepted(accept), format, "{accept:?}");
        }
    }
}
