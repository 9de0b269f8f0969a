use std::sync::Arc;
use std::time::Duration;

use cachebench::inventory::{INVENTORIES, Inventory, Parts};
use cachebench::measure::{Sales, StockAudit, Tally};
use cachebench::model::{Key, Outcome, StockLevel};
use cachebench::registry::Choice;
use cachebench::store::memory::{MemoryCache, MemoryDatabase};
use cachebench::store::{Cache, Stock};
use cachebench::traffic::{Random, Stream};
use futures_util::future::join_all;

use super::dropped::give_up;
use super::restless::Restless;
use super::{PREFIX, choice, key, rest};

const ROWS: u64 = 3;
const UNITS: i64 = 25;

/// Two stores with the same stock of each row, and what was sold of it.
struct Shop {
    cache: MemoryCache,
    database: MemoryDatabase,
    sales: Sales,
}

impl Shop {
    async fn new() -> Shop {
        let shop = Shop {
            cache: MemoryCache::default(),
            database: MemoryDatabase::default(),
            sales: Sales::new(ROWS),
        };
        shop.database.fill_stock(ROWS, UNITS);
        for id in 0..ROWS {
            let level = StockLevel { units: UNITS, version: 0 };
            shop.cache.set(&key(id).stock(), level.encode(), None).await.unwrap();
        }
        shop
    }

    /// An instance over restless stores.
    fn inventory(&self, number: usize, choice: &Choice, seed: u64) -> Box<dyn Inventory> {
        let tally = Arc::new(Tally::default());
        let cache: Arc<dyn Cache> = Arc::new(self.cache.share(tally.clone()));
        let stock: Arc<dyn Stock> = Arc::new(self.database.share(tally.clone()));
        let of = 2 * number as u64;
        let parts = Parts {
            cache: Arc::new(Restless::new(cache, seed, of)),
            stock: Arc::new(Restless::new(stock, seed, of + 1)),
            prefix: PREFIX.into(),
            instance: number,
            tally,
            tasks: Default::default(),
        };
        choice.build(INVENTORIES, parts).unwrap()
    }

    /// Takes units, and keeps the books as a lane does; says whether there were enough.
    async fn buy(&self, inventory: &dyn Inventory, key: &Key, units: u32) -> bool {
        self.sales.begin(key.id(), units);
        let Outcome::Decremented { left } = inventory.decrement(key, units).await else {
            panic!("the memory stores fail nobody");
        };
        self.sales.close(key.id(), units, left.is_some());
        left.is_some()
    }

    /// What is sold held against what is left.
    async fn audit(&self) -> StockAudit {
        let mut audit = StockAudit::default();
        for (row, level) in self.database.levels(0..ROWS).await.unwrap() {
            let entry = self.cache.get(&key(row).stock()).await.unwrap();
            let entry = entry.map(|raw| StockLevel::decode(&raw).unwrap());
            audit.add(&self.sales, row, UNITS, entry, level);
        }
        audit
    }
}

/// Every inventory with its defaults, and one whose relay is busy.
fn variants() -> Vec<Choice> {
    let mut variants: Vec<_> = INVENTORIES.iter().map(|entry| Choice::named(entry.name)).collect();
    variants.push(choice(r#"{"outbox": {"relay_every": "1ms", "batch": 3}}"#));
    variants
}

/// Sixteen clients at two instances buy until nothing is left, or almost; then all is drained.
async fn sell_out(choice: &Choice, seed: u64, each: u32) -> StockAudit {
    let shop = Shop::new().await;
    let inventories = [0, 1].map(|number| shop.inventory(number, choice, seed));
    let shop = &shop;
    join_all((0..16).map(|client: u64| {
        let inventory = &inventories[client as usize % 2];
        let mut random = Random::new(seed, Stream::Arrival, client);
        async move {
            for _ in 0..each {
                let units = 1 + random.below(3) as u32;
                shop.buy(&**inventory, &key(random.below(ROWS)), units).await;
            }
        }
    }))
    .await;
    for inventory in &inventories {
        inventory.drain().await.unwrap();
    }
    shop.audit().await
}

#[tokio::test(start_paused = true)]
async fn no_inventory_sells_what_is_not_there_and_the_cache_always_adds_up() {
    for choice in variants() {
        for seed in 0..30 {
            let audit = sell_out(&choice, seed, 4).await;
            let label = format!("{}, seed {seed}: {audit:?}", choice.label());
            assert_eq!((audit.oversold, audit.negative, audit.unaccounted_cache), (0, 0, 0), "{label}");
            assert!(audit.sold > 60 && audit.indeterminate == 0, "{label}");
            assert_eq!(audit.left_cache, Some(3 * UNITS - audit.sold as i64), "{label}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_guarded_level_and_an_outbox_lose_no_sale() {
    for choice in variants().into_iter().filter(|choice| choice.name != "set-level") {
        for (seed, each) in (0..30).flat_map(|seed| [(seed, 1), (seed, 4)]) {
            let audit = sell_out(&choice, seed, each).await;
            let wrong = (audit.lost_updates, audit.unaccounted_database);
            assert_eq!(wrong, (0, 0), "{}, seed {seed}: {audit:?}", choice.label());
        }
    }
}

/// The control: what the article's listing does to the last of several writes.
#[tokio::test(start_paused = true)]
async fn a_level_that_is_set_may_be_overwritten_by_an_older_one() {
    let mut lost = 0;
    for seed in 0..30 {
        let audit = sell_out(&Choice::named("set-level"), seed, 4).await;
        assert_eq!(audit.lost_updates, audit.unaccounted_database);
        lost += u64::from(audit.lost_updates > 0);
    }
    assert!(lost > 15, "only {lost} of 30 histories lost a sale");
}

#[tokio::test(start_paused = true)]
async fn a_row_whose_stock_the_cache_lost_is_sold_by_the_database_to_its_last_unit() {
    for choice in variants() {
        let shop = Shop::new().await;
        let inventory = shop.inventory(0, &choice, 7);
        let row = key(1);
        for _ in 0..5 {
            assert!(shop.buy(&*inventory, &row, 2).await);
        }
        shop.cache.delete(&row.stock()).await.unwrap();
        for _ in 0..15 {
            assert!(shop.buy(&*inventory, &row, 1).await, "{}", choice.label());
        }
        assert!(!shop.buy(&*inventory, &row, 1).await, "{}", choice.label());
        inventory.drain().await.unwrap();
        let audit = shop.audit().await;
        assert_eq!((audit.sold, audit.left_database), (25, 50), "{}: {audit:?}", choice.label());
        assert_eq!(audit.left_cache, Some(50), "nobody puts the entry back");
    }
}

#[tokio::test(start_paused = true)]
async fn a_relay_that_is_dropped_anywhere_carries_each_intent_once() {
    let quiet = choice(r#"{"outbox": {"relay_every": "1h", "batch": 2}}"#);
    for polls in 1..80 {
        let shop = Shop::new().await;
        let first = shop.inventory(0, &quiet, polls);
        for units in [1, 2, 3, 1, 2] {
            assert!(shop.buy(&*first, &key(0), units).await);
        }
        give_up(first.drain(), polls).await;
        // Another process takes the place of the first.
        drop(first);
        let second = shop.inventory(0, &quiet, polls + 1_000);
        assert!(shop.buy(&*second, &key(0), 1).await);
        give_up(second.drain(), polls).await;
        second.drain().await.unwrap();
        let audit = shop.audit().await;
        let seen = (audit.sold, audit.left_database, audit.left_cache);
        assert_eq!(seen, (10, 65, Some(65)), "dropped at poll {polls}: {audit:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_decrement_that_is_dropped_anywhere_is_in_doubt_and_nothing_else_is() {
    for choice in variants() {
        let shop = Shop::new().await;
        let inventory = shop.inventory(0, &choice, 3);
        let mut random = Random::new(3, Stream::Arrival, 0);
        for turn in 0..40 {
            let row = key(random.below(ROWS));
            give_up(Box::pin(shop.buy(&*inventory, &row, 1)), 1 + random.below(10)).await;
            if turn % 10 == 0 {
                rest().await;
            }
        }
        let drained = tokio::time::timeout(Duration::from_secs(60), inventory.drain()).await;
        drained.unwrap_or_else(|_| panic!("{} does not drain", choice.label())).unwrap();
        let audit = shop.audit().await;
        let label = format!("{}: {audit:?}", choice.label());
        assert!(audit.sold > 5 && audit.indeterminate > 5, "{label}");
        let wrong = (audit.unaccounted_cache, audit.unaccounted_database, audit.lost_updates, audit.oversold);
        assert_eq!(wrong, (0, 0, 0, 0), "{label}");
    }
}
