//! What a figure shows, as plain data: how it is drawn is `svg`'s part, and the same numbers stand in its table.

/// One figure with the numbers behind it.
pub struct Figure {
    /// What is shown, as a heading: "Read latency by percentile".
    pub title: String,
    /// What a reader sees in it, in a sentence or two: the figure's text for those who do not see it.
    pub description: String,
    /// One panel, or several small ones that share their axes' ranges.
    pub panels: Vec<Panel>,
    /// The numbers behind the figure; the first row is the header.
    pub table: Vec<Vec<String>>,
}

/// One plot under a title of its own; the title is empty where a figure has one panel.
pub struct Panel {
    pub title: String,
    pub plot: Plot,
}

/// A kind of plot.
pub enum Plot {
    Chart(Chart),
    Bars(Bars),
    Intervals(Intervals),
}

/// Lines over a common x.
pub struct Chart {
    pub x: Axis,
    pub y: Axis,
    pub series: Vec<Series>,
    /// Moments and stretches on the x axis: faults, expiries.
    pub marks: Vec<Mark>,
}

/// One axis.
pub struct Axis {
    /// What it is, with its unit where ticks do not carry it: "seconds since the start".
    pub title: String,
    pub scale: Scale,
    /// How a tick is written: `duration_us`, `share` …
    pub write: fn(f64) -> String,
    /// The least and the most that is shown at least; the data may widen it.
    pub at_least: Option<(f64, f64)>,
}

/// How values lie on an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    Linear,
    /// Powers of ten; values that are not above 0 are left out.
    Log,
    /// Quantiles from 0 to 1 by their nines: 0, 90 %, 99 %, 99.9 % are as far from each other.
    Nines,
}

/// One line of a chart.
pub struct Series {
    /// As the legend calls it.
    pub name: String,
    pub shape: Shape,
    /// In the order of x; a NaN y is a gap.
    pub points: Vec<(f64, f64)>,
    /// Which colour of the palette, and which marker and dash pattern with it, so that colour is never alone.
    pub colour: usize,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Shape {
    Line,
    /// Holds its value until the next x.
    Step,
    /// A line that is known or computed and not measured: drawn dashed, without markers.
    Reference,
    /// Markers alone.
    Points,
}

/// A moment on the x axis, or a stretch of it.
pub struct Mark {
    pub from: f64,
    /// Its end, where it is a stretch.
    pub until: Option<f64>,
    /// A word or two.
    pub label: String,
}

/// Horizontal bars, grouped by what they belong to; markers instead where the axis is logarithmic.
pub struct Bars {
    /// The values' axis; it begins at 0 unless it is logarithmic.
    pub x: Axis,
    /// The parts of each group, as the legend calls them; one part has no legend.
    pub parts: Vec<String>,
    /// Whether the parts of a group are laid end to end.
    pub are_stacked: bool,
    pub groups: Vec<Group>,
}

/// One group of bars.
pub struct Group {
    pub label: String,
    /// A value for each part; nothing where it was not measured.
    pub values: Vec<Option<f64>>,
}

/// Differences with their intervals, one below the other.
pub struct Intervals {
    pub x: Axis,
    /// No difference.
    pub zero: f64,
    /// Where a difference begins to count, on both sides of zero.
    pub limits: Option<(f64, f64)>,
    pub rows: Vec<Interval>,
}

/// One difference.
pub struct Interval {
    pub label: String,
    pub low: f64,
    pub middle: f64,
    pub high: f64,
    /// What it is judged to be, in a word: "regressed".
    pub verdict: String,
    pub tone: Tone,
}

/// What colour stands beside a word.
#[derive(Clone, Copy, PartialEq)]
pub enum Tone {
    Plain,
    Good,
    Bad,
    Doubtful,
}
