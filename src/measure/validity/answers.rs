use super::{Findings, Remark};

pub fn none_completed(findings: &Findings) -> Option<Remark> {
    (findings.metric("operations") == 0.0).then(|| Remark::Reason("no operation completed".into()))
}

pub fn all_failed(findings: &Findings) -> Option<Remark> {
    let (completed, failed) = (findings.metric("operations"), findings.metric("failures"));
    let all = completed > 0.0 && failed == completed;
    all.then(|| Remark::Reason("every operation failed: there is nothing to compare".into()))
}

pub fn corrupt(findings: &Findings) -> Option<Remark> {
    let corrupt = findings.metric("corrupt");
    (corrupt > 0.0)
        .then(|| Remark::Reason(format!("{corrupt} reads returned a body that nobody wrote under their key")))
}

pub fn future(findings: &Findings) -> Option<Remark> {
    let future = findings.metric("future_reads");
    (future > 0.0).then(|| {
        Remark::Reason(format!(
            "{future} reads returned a version that no write can have made yet; is someone else writing our rows?"
        ))
    })
}

/// Both sides' counts, each that differs.
pub fn counters(findings: &Findings) -> impl Iterator<Item = Remark> {
    let uncertain = findings.uncertain;
    let differs = findings.checks.iter().filter(move |check| check.client.abs_diff(check.server) > uncertain);
    differs.map(|check| {
        Remark::Reason(format!(
            "{}: we sent {}, the server counted {}; is someone else using it?",
            check.what, check.client, check.server
        ))
    })
}
