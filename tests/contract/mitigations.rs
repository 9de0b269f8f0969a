use std::time::Duration;

use cachebench::mitigation::{MITIGATIONS, Stack};
use cachebench::model::{Failure, Kind, Outcome};
use cachebench::registry::Choice;
use futures_util::future::join_all;

use super::dropped::give_up;
use super::slow::Slow;
use super::{Instance, PREFIX, World, conduct, key, operation, variants, write};

/// How long a load takes.
const LOAD: Duration = Duration::from_millis(20);
const TTL: Duration = Duration::from_secs(2);
/// Longer than any lock, lease or throttle lasts by its defaults.
const ALL_OVER: Duration = Duration::from_secs(30);

/// Every mitigation with its defaults, then with options and in company.
fn stacks() -> Vec<Stack> {
    let with = [
        r#"["xfetch", "lock"]"#,
        r#"["xfetch", "single-flight"]"#,
        r#"["jitter", "single-flight", "lock"]"#,
        r#"["stale-while-revalidate", "lock"]"#,
        r#"["stale-while-revalidate", "single-flight"]"#,
        r#"["negative", "single-flight", "request-budget"]"#,
        r#"["single-flight", "lease"]"#,
        r#"["stale-while-revalidate", "lease"]"#,
        r#"[{"xfetch": {"mode": "async"}}]"#,
        r#"[{"lock": {"waiters": "notify"}}]"#,
        r#"[{"lock": {"waiters": "stale", "keep_stale": "5s"}}]"#,
        r#"[{"lock": {"waiters": "database"}}]"#,
        r#"[{"lock": {"wait": "5ms", "then": "error"}}]"#,
        r#"[{"lease": {"mode": "per-invalidation", "keep_stale": "5s"}}]"#,
        r#"[{"stale-while-revalidate": {"guard": "none", "stale_if_error": "20s"}}]"#,
        r#"[{"request-budget": {"loads": 1}}]"#,
    ];
    let bare = MITIGATIONS.iter().map(|entry| format!("\"{}\"", entry.name));
    bare.chain(with.map(String::from)).map(|text| serde_json::from_str(&text).unwrap()).collect()
}

/// Every strategy that can be guarded with every stack that goes with it.
fn combinations() -> Vec<(Choice, Stack)> {
    let strategies: Vec<_> =
        variants().into_iter().filter(|choice| conduct(choice).can_be_guarded()).collect();
    let all =
        strategies.iter().flat_map(|choice| stacks().into_iter().map(move |stack| (choice.clone(), stack)));
    let fit = all.filter(|(choice, stack)| {
        let parts = cachebench::mitigation::Parts::noop(Some(TTL));
        cachebench::strategy::check_guards(choice, stack.build(&parts).unwrap()).is_ok()
    });
    let fit: Vec<_> = fit.collect();
    // What is refused must not grow unseen: a guard goes with these at the least.
    for entry in MITIGATIONS {
        for strategy in ["cache-aside", "read-through"] {
            let stack: Stack = serde_json::from_str(&format!("\"{}\"", entry.name)).unwrap();
            assert!(fit.contains(&(Choice::named(strategy), stack)), "{strategy} with {}", entry.name);
        }
    }
    fit
}

struct Scene {
    world: World,
    database: Slow,
    label: String,
}

impl Scene {
    async fn of(choice: &Choice, stack: &Stack) -> Scene {
        let world = World { ttl: Some(TTL), mitigation: stack.clone(), ..World::with_rows([1, 2]).await };
        let label = format!("{} with {}", choice.label(), stack.label());
        Scene { world, database: Slow::new(LOAD), label }
    }

    fn instances(&self, choice: &Choice) -> [Instance; 2] {
        self.database.instances(&self.world, choice)
    }
}

/// Many readers at once, over both instances.
async fn readers(instances: &[Instance; 2], count: usize) -> Vec<Outcome> {
    let reads = (0..count).map(|number| instances[number % 2].read(1));
    tokio::time::timeout(ALL_OVER, join_all(reads)).await.unwrap()
}

fn is_row(outcome: &Outcome, body: &str) -> bool {
    matches!(outcome, Outcome::Read { value: Some(value), .. } if value.body == body)
}

/// Whether a caller got the row, or was turned away by a guard that may do so though the database is well.
fn fits(outcome: &Outcome, stack: &Stack) -> bool {
    let sheds = ["article-lock", "request-budget", "error"].iter().any(|name| stack.label().contains(name));
    is_row(outcome, "seeded 1") || sheds && *outcome == Outcome::Failed(Failure::Shed)
}

#[tokio::test(start_paused = true)]
async fn guarded_readers_get_the_row_and_nothing_is_left_behind() {
    for (choice, stack) in combinations() {
        let scene = Scene::of(&choice, &stack).await;
        let instances = scene.instances(&choice);
        for round in 0..3 {
            let got = readers(&instances, 20).await;
            assert!(
                got.iter().all(|outcome| fits(outcome, &stack)),
                "{}, round {round}: {got:?}",
                scene.label
            );
            assert!(got.iter().any(|outcome| is_row(outcome, "seeded 1")), "{}", scene.label);
            // Within the lifetime of an entry, near its end, and beyond.
            tokio::time::sleep(TTL.mul_f64(0.9)).await;
            readers(&instances, 20).await;
            tokio::time::sleep(TTL.mul_f64(0.6)).await;
        }
        for instance in &instances {
            instance.strategy.drain().await.unwrap();
        }
        let left = scene.world.cache.lives();
        let beside = left.iter().filter(|(name, _)| name.starts_with(format!("{PREFIX}{{").as_bytes()));
        for (name, lives) in beside {
            let name = String::from_utf8_lossy(name);
            // The throttle of leases, and copies that are kept to be served, end by themselves.
            assert!(name.ends_with("throttle") || name.ends_with("stale"), "{}: {name} is left", scene.label);
            assert!(lives.is_some_and(|lives| lives <= Duration::from_secs(10)), "{}: {name}", scene.label);
        }
        tokio::time::sleep(ALL_OVER).await;
        assert_eq!(scene.world.cache.lives(), [], "{}", scene.label);
    }
}

#[tokio::test(start_paused = true)]
async fn a_database_that_fails_reaches_every_caller_as_an_error_or_as_what_may_be_served_stale() {
    for (choice, stack) in combinations() {
        let scene = Scene::of(&choice, &stack).await;
        let instances = scene.instances(&choice);
        scene.database.fail(true);
        let got = readers(&instances, 20).await;
        assert!(got.iter().all(|outcome| matches!(outcome, Outcome::Failed(_))), "{}: {got:?}", scene.label);
        assert!(got.contains(&Outcome::Failed(Failure::Unavailable)), "{}: {got:?}", scene.label);
        // Once it is well again, so are the callers: nobody waits for a load that failed.
        scene.database.fail(false);
        tokio::time::sleep(ALL_OVER).await;
        let got = instances[0].read(1).await;
        assert!(is_row(&got, "seeded 1"), "{}: {got:?}", scene.label);
        // With an entry that was fresh once, old rows are allowed where the guard says so, and errors are.
        tokio::time::sleep(TTL + Duration::from_millis(1)).await;
        scene.database.fail(true);
        let got = readers(&instances, 20).await;
        // Spread TTLs may be a little longer.
        let may_be_served = ["stale", "jitter"].iter().any(|name| stack.label().contains(name));
        let fit = |outcome: &Outcome| {
            matches!(outcome, Outcome::Failed(_)) || may_be_served && is_row(outcome, "seeded 1")
        };
        assert!(got.iter().all(fit), "{}: {got:?}", scene.label);
        // A failure does not keep anybody from loading once the database is well.
        scene.database.fail(false);
        let got = readers(&instances, 4).await;
        assert!(got.iter().any(|outcome| is_row(outcome, "seeded 1")), "{}: {got:?}", scene.label);
        tokio::time::sleep(Duration::from_secs(1)).await;
        instances[0].read(1).await;
        let before = scene.database.loads();
        instances[0].read(1).await;
        // One for a refresh before the expiry.
        assert!(scene.database.loads() <= before + 1, "{} fills nothing after a failure", scene.label);
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_gives_up_takes_nothing_from_the_others() {
    for (choice, stack) in combinations() {
        let scene = Scene::of(&choice, &stack).await;
        let instances = scene.instances(&choice);
        let leader = async {
            give_up(instances[0].strategy.read(&key(1)), 4).await;
        };
        let others = async {
            tokio::task::yield_now().await;
            readers(&instances, 8).await
        };
        let (_, got) = tokio::join!(leader, others);
        assert!(got.iter().all(|outcome| fits(outcome, &stack)), "{}: {got:?}", scene.label);
        tokio::time::sleep(ALL_OVER).await;
        let got = instances[1].read(1).await;
        assert!(is_row(&got, "seeded 1"), "{}: {got:?}", scene.label);
    }
}

#[tokio::test(start_paused = true)]
async fn the_caller_that_leads_a_flight_may_give_up_and_the_flight_goes_on() {
    let stack: Stack = serde_json::from_str("\"single-flight\"").unwrap();
    let choice = Choice::named("cache-aside");
    let scene = Scene::of(&choice, &stack).await;
    let instances = scene.instances(&choice);
    assert!(!give_up(instances[0].strategy.read(&key(1)), 4).await);
    let got = join_all((0..5).map(|_| instances[0].read(1))).await;
    assert!(got.iter().all(|outcome| is_row(outcome, "seeded 1")), "{got:?}");
    assert_eq!(scene.database.loads(), 1);
    // The control: without the guard each of them loads, the one that gave up too.
    let scene = Scene::of(&choice, &Stack::default()).await;
    let [instance, _] = scene.instances(&choice);
    assert!(!give_up(instance.strategy.read(&key(1)), 4).await);
    join_all((0..5).map(|_| instance.read(1))).await;
    assert_eq!(scene.database.loads(), 6);
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_dies_leaves_the_others_to_recover() {
    for (choice, stack) in combinations() {
        let scene = Scene::of(&choice, &stack).await;
        let [dying, living] = scene.instances(&choice);
        assert!(!give_up(dying.strategy.read(&key(1)), 6).await, "{}", scene.label);
        dying.tasks.abort();
        drop(dying);
        let got = tokio::time::timeout(ALL_OVER, living.read(1)).await.unwrap();
        assert!(fits(&got, &stack), "{}: {got:?}", scene.label);
        tokio::time::sleep(ALL_OVER).await;
        assert!(is_row(&living.read(1).await, "seeded 1"), "{}", scene.label);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_written_is_read_by_its_writer_unless_entries_are_left_alone() {
    for (choice, stack) in combinations() {
        if super::keeps_entries(&choice) {
            continue;
        }
        let scene = Scene::of(&choice, &stack).await;
        let instances = scene.instances(&choice);
        readers(&instances, 4).await;
        for kind in [Kind::Write, Kind::Delete, Kind::Insert] {
            instances[0].version(&operation(kind, 1, "new")).await;
            let got = instances[0].body(1).await;
            let wanted = (kind != Kind::Delete).then(|| "new".into());
            // A copy that is kept for those who need not wait is old by intention.
            if !stack.label().contains("keep_stale") {
                assert_eq!(got, wanted, "{}, {kind:?}", scene.label);
            }
        }
        tokio::time::sleep(ALL_OVER).await;
        assert_eq!(instances[1].body(1).await, Some("new".into()), "{}", scene.label);
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_is_not_followed_by_a_load_that_began_before_it() {
    let choice = Choice::named("cache-aside");
    for (text, old) in [("\"single-flight\"", false), (r#"{"single-flight": {"forget": false}}"#, true)] {
        let scene = Scene::of(&choice, &serde_json::from_str(text).unwrap()).await;
        let [instance, _] = scene.instances(&choice);
        // The database reads the row at the beginning of the load.
        let early = instance.read(1);
        let late = async {
            tokio::time::sleep(LOAD / 2).await;
            instance.version(&write(1, "new")).await;
            instance.read(1).await
        };
        let (_, late) = tokio::join!(early, late);
        let wanted = if old { "seeded 1" } else { "new" };
        assert!(is_row(&late, wanted), "{text}: {late:?}");
        assert_eq!(scene.database.loads() == 1, old, "{text}");
    }
}

/// An entry that is kept, but is past serving, is loaded once for all who wait.
#[tokio::test(start_paused = true)]
async fn readers_of_an_entry_that_is_past_serving_share_one_load() {
    let choice = Choice::named("cache-aside");
    for guard in [r#""lock""#, r#"{"lock": {"waiters": "notify"}}"#, r#""lease""#] {
        let text =
            format!(r#"[{{"stale-while-revalidate": {{"stale": "1s", "stale_if_error": "60s"}}}}, {guard}]"#);
        let scene = Scene::of(&choice, &serde_json::from_str(&text).unwrap()).await;
        let instances = scene.instances(&choice);
        readers(&instances, 2).await;
        assert_eq!(scene.database.loads(), 1, "{text}");
        tokio::time::sleep(TTL + Duration::from_secs(2)).await;
        let got = readers(&instances, 20).await;
        assert!(got.iter().all(|outcome| is_row(outcome, "seeded 1")), "{text}: {got:?}");
        assert_eq!(scene.database.loads(), 2, "{text}");
    }
}

/// A load that never ends does not hold its row for ever.
#[tokio::test(start_paused = true)]
async fn a_load_that_hangs_is_given_up_in_the_end() {
    let choice = Choice::named("cache-aside");
    for (_, stack) in combinations().into_iter().filter(|(strategy, _)| *strategy == choice) {
        let scene = Scene::of(&choice, &stack).await;
        let instances = scene.instances(&choice);
        scene.database.hang(true);
        let reads =
            (0..4).map(|number| tokio::time::timeout(Duration::from_secs(1), instances[number % 2].read(1)));
        join_all(reads).await;
        scene.database.hang(false);
        tokio::time::sleep(2 * ALL_OVER).await;
        for instance in &instances {
            instance.strategy.drain().await.unwrap();
            assert!(is_row(&instance.read(1).await, "seeded 1"), "{}", scene.label);
        }
    }
}
