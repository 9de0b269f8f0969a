use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::charge::Charge;
use super::site::Site;
use crate::servers::{Carried, ManagedRedis, Proxy, RedisOptions, RunFolder, ServerError};
use crate::store::{Endpoint, Member};

/// The Redis servers of our own that make up the cache of a cell. They end with it.
pub struct Fleet {
    options: RedisOptions,
    folder: RunFolder,
    /// Whether clients find each through a proxy.
    is_proxied: bool,
    nodes: Mutex<Vec<FleetNode>>,
    /// Held by whoever starts some.
    starting: Mutex<()>,
}

/// One of them.
#[derive(Clone)]
pub struct FleetNode {
    pub name: String,
    /// Where it listens itself.
    pub at: Endpoint,
    pub charge: Charge<ManagedRedis>,
    /// What clients find it through, where its network may be cut.
    pub proxy: Option<Arc<Proxy>>,
}

impl FleetNode {
    pub fn port(&self) -> u16 {
        self.charge.lock().server.port()
    }

    /// Where clients find it.
    fn entrance(&self) -> Endpoint {
        match &self.proxy {
            Some(proxy) => format!("redis://127.0.0.1:{}/0", proxy.port()).into(),
            None => self.at.clone(),
        }
    }

    /// It as a node on which clients place keys.
    pub fn member(&self, weight: u32) -> Arc<Member> {
        let member = Member::new(self.name.clone(), weight, self.at.clone());
        Arc::new(match &self.proxy {
            Some(_) => member.behind(self.entrance()),
            None => member,
        })
    }
}

impl Fleet {
    /// Starts so many, called `node-0` and so on.
    ///
    /// # Errors
    /// When one does not start.
    pub fn start(
        options: RedisOptions,
        is_proxied: bool,
        folder: &RunFolder,
        count: usize,
    ) -> Result<Fleet, ServerError> {
        let fleet = Fleet {
            options,
            folder: folder.clone(),
            is_proxied,
            nodes: Mutex::default(),
            starting: Mutex::default(),
        };
        fleet.start_more(count)?;
        Ok(fleet)
    }

    /// Starts so many more, with the numbers that follow.
    ///
    /// # Errors
    /// When one does not start.
    pub fn start_more(&self, count: usize) -> Result<Vec<FleetNode>, ServerError> {
        // One after the other, and without holding what those ask for who look after the nodes.
        let _starting = self.starting.lock().unwrap_or_else(PoisonError::into_inner);
        let first = self.lock().len();
        let mut started = Vec::new();
        for number in first..first + count {
            let redis = ManagedRedis::start(&self.options, &self.folder)?;
            let at = Endpoint::from(redis.url());
            let proxy = match self.is_proxied {
                true => Some(Arc::new(Proxy::start((Ipv4Addr::LOCALHOST, redis.port()).into())?)),
                false => None,
            };
            started.push(FleetNode { name: format!("node-{number}"), at, charge: Charge::new(redis), proxy });
        }
        self.lock().extend(started.iter().cloned());
        Ok(started)
    }

    /// All that were started, in their order.
    pub fn nodes(&self) -> Vec<FleetNode> {
        self.lock().clone()
    }

    /// The node of this number.
    pub fn node(&self, number: usize) -> Option<FleetNode> {
        self.lock().get(number).cloned()
    }

    /// The first one as all there is.
    pub fn only(&self) -> Site {
        // There is one at least, or it would not have started.
        self.node(0)
            .map_or_else(|| Site::one("".into()), |node| Site::One { at: node.entrance(), direct: node.at })
    }

    /// What the proxies have carried so far, where clients go through them.
    pub fn carried(&self) -> Option<Carried> {
        let nodes = self.nodes();
        let each = nodes.iter().map(|node| node.proxy.as_ref().map(|proxy| proxy.carried()));
        each.sum()
    }

    /// The last words of one that has ended and was not killed on purpose.
    pub fn trouble(&self) -> Option<String> {
        self.nodes().iter().find_map(|node| {
            node.charge.if_meant_to_be_up(|redis| (!redis.is_alive()).then(|| redis.log_tail()))
        })
    }

    /// Whether one was killed on purpose and is still down.
    pub fn any_is_down(&self) -> bool {
        self.nodes().iter().any(|node| node.charge.lock().is_down)
    }

    /// Whether the server of this name was ever killed.
    pub fn was_killed(&self, name: &str) -> bool {
        self.nodes().iter().any(|node| node.name == name && node.charge.lock().was_killed)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<FleetNode>> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
