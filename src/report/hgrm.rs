use hdrhistogram::Histogram;

/// Of a histogram of three significant digits, as all of ours that are told.
const SUB_BUCKETS: u32 = 2048;

/// The percentile distribution of a histogram of nanoseconds, in the text format of HdrHistogram's plotters;
/// values in microseconds.
pub fn percentiles(histogram: &Histogram<u64>) -> String {
    let mut text =
        format!("{:>12} {:>14} {:>10} {:>14}\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
    let mut count = 0;
    for step in histogram.iter_quantiles(5) {
        count += step.count_since_last_iteration();
        let quantile = step.quantile_iterated_to();
        let value = step.value_iterated_to() as f64 / 1_000.0;
        let inverse = if quantile < 1.0 { format!("{:14.2}", 1.0 / (1.0 - quantile)) } else { String::new() };
        text += &format!("{value:12.3} {quantile:14.12} {count:10} {inverse}\n");
    }
    text + &format!(
        "#[Mean    = {:12.3}, StdDeviation   = {:12.3}]\n#[Max     = {:12.3}, Total count    = {:12}]\n\
         #[Buckets = {:12}, SubBuckets     = {:12}]\n#[values are microseconds]\n",
        histogram.mean() / 1_000.0,
        histogram.stdev() / 1_000.0,
        histogram.max() as f64 / 1_000.0,
        histogram.len(),
        histogram.buckets(),
        SUB_BUCKETS,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_of_values_counts_everything() {
        let mut histogram = Histogram::<u64>::new_with_bounds(1, 60_000_000_000, 3).unwrap();
        (1..=1_000u64).for_each(|us| histogram.record(us * 1_000).unwrap());
        let text = percentiles(&histogram);
        let last = text.lines().rfind(|line| !line.starts_with('#')).unwrap();
        let fields: Vec<&str> = last.split_whitespace().collect();
        assert_eq!(fields[1..], ["1.000000000000", "1000"], "{text}");
        assert!(text.contains("Total count    =         1000"));
    }
}
