//! Figures about streams of any length, in memory that does not grow with
//! them: a caller's series ends when the caller says so, and the limit on an
//! instance's memory does not wait for that.

mod percentiles;
mod series;
mod window;

use analytics::{Analytics, Point, Step, Summary, Window};
use ostler_guest::{Sink, Status, Stream};

use crate::series::Series;
use crate::window::Values;

ostler_guest::service!("wit");

/// The square of a value beyond it, summed up, may be no number any more.
const LARGEST: f64 = 1e150;

struct Service;

impl Analytics for Service {
    fn aggregate(points: Stream<Point>) -> Result<Summary, Status> {
        let mut series = Series::default();
        for (place, point) in points.enumerate() {
            series.add(checked(point?.value, place)?);
        }
        series
            .summary()
            .ok_or_else(|| Status::failed_precondition("a series without a point has no summary"))
    }

    fn rolling(steps: Stream<Step>, mut out: Sink<Window>) -> Result<(), Status> {
        let mut values = Values::default();
        for (place, step) in steps.enumerate() {
            match step? {
                Step::Size(size) => values.resize(size)?,
                Step::Value(value) => out.send(values.push(checked(value, place)?))?,
            }
        }
        Ok(())
    }
}

fn checked(value: f64, place: usize) -> Result<f64, Status> {
    // Neither true of NaN, nor of an infinity.
    if value.abs() <= LARGEST {
        return Ok(value);
    }
    Err(Status::invalid_argument(format!(
        "item {place}: {value} is not between -1e150 and 1e150"
    )))
}

#[cfg(test)]
mod tests {
    use ostler_guest::{Code, testing};

    use super::*;

    fn points(values: impl IntoIterator<Item = f64>) -> Stream<Point> {
        testing::stream(values.into_iter().map(|value| Point { value }))
    }

    #[test]
    fn sums_a_series_up() {
        let summary = Service::aggregate(points([2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0])).unwrap();
        assert_eq!((summary.count, summary.min, summary.max), (8, 2.0, 9.0));
        assert_eq!((summary.mean, summary.variance), (5.0, 4.0));
    }

    #[test]
    fn nothing_has_no_summary() {
        let status = Service::aggregate(points([])).unwrap_err();
        assert_eq!(status.code, Code::FailedPrecondition);
    }

    #[test]
    fn what_is_no_value_is_refused_with_its_place() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e151] {
            let status = Service::aggregate(points([0.0, bad])).unwrap_err();
            assert_eq!(status.code, Code::InvalidArgument);
            assert!(status.message.starts_with("item 1: "), "{status}");
        }
    }

    #[test]
    fn a_broken_stream_is_not_a_short_one() {
        let lost = Status::unavailable("lost");
        let points = testing::broken_stream([Point { value: 1.0 }], lost.clone());
        assert_eq!(Service::aggregate(points), Err(lost));
    }

    #[test]
    fn a_window_rolls() {
        let steps = [
            Step::Size(2),
            Step::Value(1.0),
            Step::Value(3.0),
            Step::Value(-5.0),
        ];
        let (out, sent) = testing::sink();
        assert_eq!(Service::rolling(testing::stream(steps), out), Ok(()));
        let sent: Vec<_> = sent
            .take()
            .into_iter()
            .map(|w| (w.count, w.min, w.max, w.mean))
            .collect();
        assert_eq!(
            sent,
            [(1, 1.0, 1.0, 1.0), (2, 1.0, 3.0, 2.0), (2, -5.0, 3.0, -1.0)]
        );
    }

    #[test]
    fn a_window_has_bounds() {
        for size in [0, 1001] {
            let (out, _) = testing::sink();
            let status = Service::rolling(testing::stream([Step::Size(size)]), out).unwrap_err();
            assert_eq!(status.code, Code::InvalidArgument, "{size}");
        }
    }
}
