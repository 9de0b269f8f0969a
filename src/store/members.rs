use std::ops::RangeInclusive;

/// A node of a Redis Cluster, as one of its nodes sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterMember {
    /// Its name in the cluster, 40 hexadecimal digits.
    pub id: String,
    /// Where clients find it; empty where the node that was asked does not know.
    pub host: String,
    pub port: u16,
    /// Whether it is the node that was asked.
    pub is_asked: bool,
    pub is_master: bool,
    /// The id of the master whose replica it is.
    pub replica_of: Option<String>,
    /// The slots that it holds; those on their way in or out are its holder's.
    pub slots: Vec<RangeInclusive<u16>>,
    /// Whether the node that was asked is connected to it.
    pub is_linked: bool,
    /// Whether it is held to have failed, by the cluster or by the node that was asked.
    pub is_failed: bool,
    /// Whether it is yet to introduce itself.
    pub is_new: bool,
}

impl ClusterMember {
    /// How many slots it holds.
    pub fn slot_count(&self) -> usize {
        self.slots.iter().map(|range| usize::from(range.end() - range.start()) + 1).sum()
    }

    /// Reads the answer to CLUSTER NODES; a line that is none is left out.
    pub(crate) fn read(nodes: &str) -> Vec<ClusterMember> {
        nodes.lines().filter_map(ClusterMember::read_line).collect()
    }

    /// `id host:port@bus[,name] flags master ping pong epoch link slot …`
    fn read_line(line: &str) -> Option<ClusterMember> {
        let mut words = line.split_ascii_whitespace();
        let (id, address, flags, master) = (words.next()?, words.next()?, words.next()?, words.next()?);
        let link = words.nth(3)?;
        // An address of IPv6 has colons of its own.
        let (host, port) = address.split(['@', ',']).next()?.rsplit_once(':')?;
        let has = |flag: &str| flags.split(',').any(|it| it == flag);
        Some(ClusterMember {
            id: id.into(),
            host: host.into(),
            port: port.parse().ok()?,
            is_asked: has("myself"),
            is_master: has("master"),
            replica_of: (master != "-").then(|| master.into()),
            slots: words.filter_map(range).collect(),
            is_linked: has("myself") || link == "connected",
            is_failed: has("fail") || has("fail?"),
            is_new: has("handshake") || has("noaddr"),
        })
    }
}

/// `17` or `17-19`; one that is on its way (`[17->-…]`) is no range.
fn range(word: &str) -> Option<RangeInclusive<u16>> {
    let (first, last) = word.split_once('-').unwrap_or((word, word));
    Some(first.parse().ok()?..=last.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODES: &str = "\
        07c37d 127.0.0.1:30004@31004,hostname4 slave e7d1ee 0 1426238317239 4 connected\n\
        67ed2d ::1:30002@31002 master,fail? - 0 1426238316232 2 disconnected 5461-10922 16000\n\
        e7d1ee 127.0.0.1:30001@31001 myself,master - 0 0 1 connected 0-5460 [5461->-67ed2d]\n\
        aaaaaa :0@0 master,noaddr - 0 0 0 disconnected\n";

    #[test]
    fn the_lines_of_cluster_nodes_are_read() {
        let members = ClusterMember::read(NODES);
        let [replica, failing, asked, unknown] = &members[..] else { panic!("{members:?}") };
        assert_eq!((&*replica.host, replica.port, replica.is_master), ("127.0.0.1", 30_004, false));
        assert_eq!(replica.replica_of.as_ref(), Some(&asked.id));
        assert_eq!((&*failing.host, failing.is_failed, failing.is_linked), ("::1", true, false));
        assert_eq!(
            (failing.slots.clone(), failing.slot_count()),
            (vec![5_461..=10_922, 16_000..=16_000], 5_463)
        );
        assert!(asked.is_asked && asked.is_master && asked.is_linked && !asked.is_new);
        assert_eq!(asked.slot_count(), 5_461);
        assert!(unknown.is_new && unknown.host.is_empty());
    }
}
