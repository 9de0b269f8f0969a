use super::{ClusterSettings, HotKeySettings};
use crate::config::Workload;
use crate::config::workload::{CacheSettings, Report};
use crate::model::Kind;
use crate::placement::Placement;
use crate::servers::Address;
use crate::store::Then;

/// Reports what makes no sense about the nodes of the cache.
pub fn check(workload: &Workload, report: &mut Report) {
    let cache = &workload.cache;
    check_alone(cache, report);
    if let Some(cluster) = &cache.cluster {
        check_cluster(cache, cluster, report);
    }
    if cache.is_cluster() && workload.traffic.mix.decrement > 0.0 {
        let help = "use one server, or a mix without decrements";
        report.refuse("traffic.mix.decrement", "the stock and its outbox have to be in one slot", help);
    }
    if !workload.is_sharded() || cache.is_cluster() {
        if cache.hot_keys.is_some_and(|hot| hot.copies > 1) {
            let title = "copies on several nodes, but the cache has one";
            report.refuse("cache.hot_keys", title, "set cache.nodes, or leave it out");
        }
        if report.is_set("cache.placement") {
            let title = "a placement, but the cache has one node";
            report.refuse("cache.placement", title, "set cache.nodes, or leave it out");
        }
        return;
    }
    let nodes = match cache.placed_nodes() {
        Ok(nodes) => nodes,
        Err(refusal) => return report.wrong("cache.nodes", refusal.to_string()),
    };
    match cache.place(&nodes) {
        Ok(placement) => {
            check_breaker(workload, &*placement, report);
            if let Some(hot) = cache.hot_keys {
                check_hot_keys(workload, hot, &*placement, report);
            }
        }
        Err(refusal) => report.unbuildable("cache.placement", &cache.placement, &refusal),
    }
    check_deferred(workload, report);
    if workload.traffic.mix.decrement > 0.0 {
        let help = "use one node, or a mix without decrements";
        report.refuse("cache.nodes", "the stock and its outbox are kept on one node", help);
    }
}

/// Reports what goes with one node only, and nodes that are not all ours or all others'.
fn check_alone(cache: &CacheSettings, report: &mut Report) {
    if cache.nodes.is_one() {
        return;
    }
    if cache.nodes.len() == 0 {
        return report.refuse("cache.nodes", "there must be a node", "write how many: nodes = 3");
    }
    if report.is_set("cache.url") {
        let help = "leave out cache.url, and name each node: nodes = [{ url = \"redis://…\" }, …]";
        report.refuse("cache.url", "one address, but several nodes", help);
    }
    let ours = cache.named_nodes().iter().filter(|node| node.url == Address::Managed).count();
    if ours > 0 && ours < cache.nodes.len() {
        let help = "give the address of each, or of none";
        report.refuse("cache.nodes", "some nodes are ours and others are not", help);
    }
    if cache.maxmemory.is_some_and(|limit| limit.bytes().is_none()) {
        let help = "give the limit of each node in bytes: maxmemory = \"64MB\"";
        report.refuse("cache.maxmemory", "a share of the keys, but several nodes", help);
    }
}

fn check_cluster(cache: &CacheSettings, cluster: &ClusterSettings, report: &mut Report) {
    if cache.maxmemory.is_some_and(|limit| limit.bytes().is_none()) {
        let help = "give the limit of each node in bytes: maxmemory = \"64MB\"";
        report.refuse("cache.maxmemory", "a share of the keys, but several nodes", help);
    }
    if cluster.masters < 3 {
        let help = "write masters = 3 or more";
        report.refuse("cache.cluster.masters", "two masters are no majority when one is gone", help);
    }
    if cluster.node_timeout.0.as_millis() < 100 {
        let help = "write 500ms or more, as for a real network";
        report.refuse("cache.cluster.node_timeout", "nodes ping each other every 100 ms", help);
    }
    for (path, is_set) in [
        ("cache.nodes", !cache.nodes.is_one()),
        ("cache.breaker", !cache.breaker.is_off()),
        ("cache.hot_keys", cache.hot_keys.is_some()),
        ("cache.url", report.is_set("cache.url")),
    ] {
        if is_set {
            let title = format!("{path} and cache.cluster do not go together");
            report.refuse(path, title, "a cluster of our own has its nodes, and places its keys itself");
        }
    }
}

/// Whether a scheme knows one node for each key, and no next one.
fn has_no_order(placement: &dyn Placement) -> bool {
    let first = placement.node(b"any");
    placement.open_node(b"any", &|node| node != first).is_none()
}

/// Reports what would have writes that wait in the cache looked for on another node than they are on.
fn check_deferred(workload: &Workload, report: &mut Report) {
    let cache = &workload.cache;
    if !workload.conduct().defers {
        return;
    }
    let help = "use a strategy whose writes are in the database when they are acknowledged";
    let mut refuse = |path: &str, what: &str| {
        let title = format!("writes that wait in the cache for the database would be lost by {what}");
        report.refuse(path, title, help);
    };
    if cache.breaker.options().is_some_and(|breaker| breaker.then == Then::NextNode) {
        refuse("cache.breaker.then", "sending them to the next node");
    }
    if cache.placement.name == "bounded" {
        refuse("cache.placement", "a placement that goes by the load");
    }
    if cache.hot_keys.is_some_and(|hot| hot.copies > 1) {
        refuse("cache.hot_keys", "copies, each of which waits by itself");
    }
    for (index, fault) in workload.fault.iter().enumerate() {
        if let Some(action) = fault.changes_nodes() {
            refuse(&format!("fault.{index}.{action}"), "placing them on other nodes");
        }
    }
}

fn check_hot_keys(workload: &Workload, hot: HotKeySettings, placement: &dyn Placement, report: &mut Report) {
    if hot.copies > 1 && has_no_order(placement) {
        let scheme = workload.cache.placement.label();
        let title = format!("{scheme} knows one node for each key, and none for a copy");
        report.refuse("cache.hot_keys", title, "use another placement");
    }
    let nodes = workload.cache.nodes.len();
    if hot.copies == 0 || hot.copies > nodes {
        let title = format!("{} copies on {nodes} nodes", hot.copies);
        report.refuse("cache.hot_keys.copies", title, "write from 1 to the number of nodes");
    }
    if hot.rows == 0 {
        report.wrong("cache.hot_keys.rows", "there must be a row to copy");
    }
}

fn check_breaker(workload: &Workload, placement: &dyn Placement, report: &mut Report) {
    let Some(breaker) = workload.cache.breaker.options() else { return };
    let timeout = workload.traffic.timeout.of(Kind::Read);
    if breaker.timeout >= timeout {
        let title = format!("a node may take {}, operations time out after {timeout}", breaker.timeout);
        report.refuse("cache.breaker.timeout", title, "let it be shorter, or raise traffic.timeout");
    }
    if breaker.failures == 0 {
        report.wrong("cache.breaker.failures", "a circuit opens after 1 failure at least");
    }
    if breaker.then == Then::NextNode && has_no_order(placement) {
        let scheme = workload.cache.placement.label();
        let title = match workload.cache.nodes.len() {
            1 => "there is no next node".to_owned(),
            _ => format!("{scheme} knows one node for each key, and no next one"),
        };
        report.refuse("cache.breaker.then", title, "use then = \"database\", or another placement");
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::tests::{problems, refused, told};

    #[test]
    fn what_makes_no_sense_is_told_with_its_place() {
        let ring = "ttl = \"5s\"\nplacement = \"ring\"";
        let both = "nodes = [{ url = \"redis://h\" }, {}]";
        let twice = "nodes = [{ url = \"redis://h\" }, { url = \"redis://h\" }]";
        let weighed = "placement = \"jump\"\nnodes = [{ weight = 2 }, {}]";
        let next = "nodes = 3\nplacement = \"slots\"\nbreaker = { then = \"next-node\" }";
        let slow = "nodes = 3\nbreaker = { timeout = \"1h\" }";
        refused(&[
            ("ttl = \"5s\"", ring, 10, "the cache has one node"),
            ("ttl = \"5s\"", both, 9, "some nodes are ours and others are not"),
            ("ttl = \"5s\"", twice, 9, "two nodes are called `h:6379`"),
            ("ttl = \"5s\"", weighed, 9, "jump has no weights"),
            ("ttl = \"5s\"", next, 11, "slots knows one node for each key"),
            ("ttl = \"5s\"", slow, 10, "a node may take 3600s"),
            ("ttl = \"5s\"", "url = \"redis://h\"\nnodes = 2", 9, "one address, but several nodes"),
            ("ttl = \"5s\"", "nodes = 3\nhot_keys = { rows = 1, copies = 4 }", 10, "4 copies on 3 nodes"),
            ("ttl = \"5s\"", "cluster = { masters = 2 }", 9, "expected 3 to 32, found 2"),
            ("ttl = \"5s\"", "cluster = {}\nnodes = 2", 10, "do not go together"),
        ]);
    }

    #[test]
    fn one_node_has_a_placement_where_others_join_it() {
        let text = "name = \"test\"\n[data]\nrows = 100\n[traffic]\nload = { open = { rate = 10 } }\n\
            duration = \"1s\"\n[cache]\nplacement = \"modulo\"\n";
        assert!(problems(text).contains("the cache has one node"));
        assert_eq!(problems(&format!("{text}[[fault]]\nat = \"500ms\"\nadd_nodes = 2\n")), "");
    }

    #[test]
    fn writes_that_wait_in_the_cache_are_not_looked_for_on_another_node() {
        let deferred = |cache: &str| {
            problems(&format!(
                "name = \"w\"\nstrategy = \"write-behind\"\n[data]\nrows = 9\n[traffic]\n\
                 load = {{ closed = {{ clients = 1 }} }}\nduration = \"9s\"\n[cache]\nnodes = 3\n{cache}\n"
            ))
        };
        assert_eq!(deferred(""), "");
        for (cache, line) in [
            ("breaker = { then = \"next-node\" }", 10),
            ("placement = \"bounded\"", 10),
            ("hot_keys = { rows = 1, copies = 2 }", 10),
            ("[[fault]]\nat = \"1s\"\nadd_nodes = 1", 12),
            ("[[fault]]\nat = \"1s\"\nremove = { node = 0 }", 12),
        ] {
            told(&deferred(cache), line, "writes that wait in the cache");
        }
    }

    #[test]
    fn what_is_no_address_of_one_node_is_told_and_so_is_what_is_set_of_servers_of_others() {
        let nodes = |url: &str| format!("nodes = [{{ url = \"{url}\" }}, {{ url = \"redis://h\" }}]");
        let (cluster, database) = (nodes("redis+cluster://c"), nodes("postgres://u:secret@d"));
        let limited = nodes("redis://g") + "\nmaxmemory = \"9MB\"";
        let shared = "maxmemory = \"10% of keys\"\ncluster = {}";
        let lone = "nodes = 3\nplacement = \"slots\"\nhot_keys = { rows = 1, copies = 2 }";
        refused(&[
            ("ttl = \"5s\"", &cluster, 9, "is no address of a Redis"),
            ("ttl = \"5s\"", &database, 9, "postgres://u:***@d is no address of a Redis"),
            ("ttl = \"5s\"", &limited, 10, "not ours is not reconfigured"),
            ("ttl = \"5s\"", shared, 9, "a share of the keys, but several nodes"),
            ("ttl = \"5s\"", lone, 11, "slots knows one node for each key, and none for a copy"),
        ]);
    }
}
