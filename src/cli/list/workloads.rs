use super::aligned;
use crate::cli::Printer;
use crate::cli::init::shipped;

/// Prints the workloads that come with the program, each with its question.
pub fn print(printer: &Printer) {
    let row = |workload: shipped::Shipped| vec![workload.name.to_owned(), workload.question()];
    let rows: Vec<_> = shipped::all().map(row).collect();
    printer.data(&aligned(&rows));
}
