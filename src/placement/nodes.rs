use crate::registry::OptionsError;

/// The nodes that keys are placed on, in an order: at least one, each with a name of its own and a weight above 0.
///
/// The name, and not the place in the order, is what a node is known by when others come and go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nodes(Vec<(String, u32)>);

impl Nodes {
    /// Nodes of these names and weights.
    ///
    /// # Errors
    /// When there is none or too many, a name comes twice, or a weight is 0 or beyond [`Nodes::HEAVIEST`].
    pub fn new(nodes: Vec<(String, u32)>) -> Result<Nodes, OptionsError> {
        let wrong = |text: String| Err(OptionsError(text));
        if nodes.is_empty() || nodes.len() > Nodes::MOST {
            return wrong(format!("{} nodes, but there can be from 1 to {}", nodes.len(), Nodes::MOST));
        }
        for (place, (name, weight)) in nodes.iter().enumerate() {
            if nodes[..place].iter().any(|(other, _)| other == name) {
                return wrong(format!("two nodes are called `{name}`"));
            }
            if !(1..=Nodes::HEAVIEST).contains(weight) {
                return wrong(format!(
                    "node `{name}` has the weight {weight}; write 1 to {}",
                    Nodes::HEAVIEST
                ));
            }
        }
        Ok(Nodes(nodes))
    }

    /// So many nodes of the same weight, called `node-0` and so on.
    ///
    /// # Errors
    /// When there is none, or too many.
    pub fn numbered(count: usize) -> Result<Nodes, OptionsError> {
        Nodes::new((0..count).map(|number| (format!("node-{number}"), 1)).collect())
    }

    /// As many as Redis Cluster has slots for is more than a table of a scheme bears; this is what all of them do.
    pub const MOST: usize = 1_024;
    /// A ring puts its virtual nodes out as often as a node weighs.
    pub const HEAVIEST: u32 = 64;

    #[expect(clippy::len_without_is_empty, reason = "there is at least one")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    pub fn weights(&self) -> impl Iterator<Item = u32> {
        self.0.iter().map(|(_, weight)| *weight)
    }

    /// The place of the node of this name.
    pub fn place(&self, name: &str) -> Option<usize> {
        self.names().position(|other| other == name)
    }

    /// How many they are, for a scheme that has no weights.
    ///
    /// # Errors
    /// When they do not all weigh the same.
    pub(super) fn alike(&self, scheme: &str) -> Result<usize, OptionsError> {
        match self.are_alike() {
            true => Ok(self.len()),
            false => Err(OptionsError(format!("{scheme} has no weights: give all nodes the same"))),
        }
    }

    /// Whether all weigh the same.
    pub fn are_alike(&self) -> bool {
        let first = self.0[0].1;
        self.weights().all(|weight| weight == first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(nodes: &[(&str, u32)]) -> String {
        Nodes::new(nodes.iter().map(|(name, weight)| ((*name).into(), *weight)).collect()).unwrap_err().0
    }

    #[test]
    fn nodes_have_names_of_their_own_and_a_weight() {
        assert_eq!(Nodes::numbered(3).unwrap().names().collect::<Vec<_>>(), ["node-0", "node-1", "node-2"]);
        assert_eq!(refused(&[]), "0 nodes, but there can be from 1 to 1024");
        assert_eq!(refused(&[("a", 1), ("b", 1), ("a", 2)]), "two nodes are called `a`");
        assert_eq!(refused(&[("a", 0)]), "node `a` has the weight 0; write 1 to 64");
    }
}
