//! What the store costs, without HTTP: reads beside the 8 µs of a bare route, durable writes beside the
//! flush of the disk. `cargo bench -p store`; put `TMPDIR` on the disk to be measured.
#![expect(clippy::unwrap_used, reason = "a store that fails has no speed")]

use std::hint::black_box;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use accounts::{Email, Name, NewSession, NewUser, RefreshToken, Role, SessionLimits};
use divan::Bencher;
use divan::counter::ItemsCount;
use ids::{RecipeId, SessionId, Uid, UserId};
use jiff::Timestamp;
use recipes::{Draft, Scalars};
use store::{Context, CreateSession, DatabaseUrl, NewRecipe, Page, Store, Viewer};
use tempfile::TempDir;
use tokio::runtime::Runtime;

fn main() {
    divan::main();
}

// Reads give back a length: the harness keeps what a sample gives back, and thousands of pages at once
// measure the kernel's page faults.

/// Random ids, so that not the same few pages are read again and again.
#[divan::bench(threads = [1, 2], sample_size = 2000)]
fn read_by_key(bencher: Bencher<'_, '_>) {
    let full = &*FULL;
    let seen = AtomicI64::new(1);
    bencher.counter(ItemsCount::new(1_usize)).bench(|| {
        let random = seen.fetch_add(0x9e37_79b9_7f4a_7c15_u64.cast_signed(), Ordering::Relaxed);
        let id = RecipeId::from_i64(random.rem_euclid(ROWS) + 1).unwrap();
        full.runtime.block_on(full.store.recipe(black_box(id), Viewer::Anyone)).unwrap().unwrap().json_len()
    });
}

#[divan::bench(threads = [1, 2], sample_size = 2000)]
fn page_of_20(bencher: Bencher<'_, '_>) {
    let full = &*FULL;
    let page = Page::new(RecipeId::from_i64(ROWS / 2), 20).unwrap();
    bencher.counter(ItemsCount::new(1_usize)).bench(|| {
        let listing = full.store.recipes(black_box(page), Viewer::Anyone, Vec::new());
        full.runtime.block_on(listing).unwrap().rows.into_json().len()
    });
}

#[divan::bench(sample_size = 2000)]
fn user_by_id(bencher: Bencher<'_, '_>) {
    let full = &*FULL;
    let id = UserId::from_i64(1).unwrap();
    bencher.bench(|| full.runtime.block_on(full.store.user(black_box(id))).unwrap().unwrap());
}

/// What a request with an access token reads; beside `user_by_id`, which is what it would without sessions.
#[divan::bench(sample_size = 2000)]
fn user_of_a_session(bencher: Bencher<'_, '_>) {
    let full = &*FULL;
    let (session, user) = (full.log_in(), UserId::from_i64(1).unwrap());
    bencher.bench(|| {
        full.runtime.block_on(full.store.session_user(black_box(session), black_box(user))).unwrap().unwrap()
    });
}

#[divan::bench(args = [1, 32, 128], sample_count = 10, sample_size = 1)]
fn durable_inserts_into_an_empty_table(bencher: Bencher<'_, '_>, tasks: usize) {
    let empty = TestStore::new();
    bencher.counter(ItemsCount::new(TestStore::inserts(tasks))).bench(|| empty.insert(tasks));
}

#[divan::bench(args = [1, 32, 128], sample_count = 10, sample_size = 1)]
fn durable_inserts_behind_100_000(bencher: Bencher<'_, '_>, tasks: usize) {
    let full = &*FULL;
    bencher.counter(ItemsCount::new(TestStore::inserts(tasks))).bench(|| full.insert(tasks));
}

const ROWS: i64 = 100_000;

static FULL: LazyLock<TestStore> = LazyLock::new(|| {
    let test = TestStore::new();
    let user = NewUser {
        name: Name::parse("Alice").unwrap(),
        email: Email::parse("alice@example.com").unwrap(),
        password_hash: None,
        role: Role::User,
    };
    test.runtime.block_on(test.store.create_user(user, noon())).unwrap();
    while test.runtime.block_on(test.store.count_recipes(Viewer::Admin)).unwrap() < ROWS.unsigned_abs() {
        test.insert(256);
    }
    test
});

fn noon() -> Timestamp {
    "2024-05-01T12:00:00Z".parse().unwrap()
}

/// Bytes that differ at each call, spread over the whole range as random ones are.
fn bytes<const N: usize>(random: &AtomicU64) -> [u8; N] {
    let mut bytes = [0; N];
    let step = random.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed).to_be_bytes();
    bytes.iter_mut().zip(step.iter().cycle()).for_each(|(byte, random)| *byte = *random);
    bytes
}

struct TestStore {
    runtime: Runtime,
    store: Store,
    random: Arc<AtomicU64>,
    draft: Draft,
    _folder: TempDir,
}

impl TestStore {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::parse(&format!("sqlite:{}/recipes.db", folder.path().display())).unwrap();
        let draft = serde_json::json!({
            "name": "Chicken Vesuvio",
            "healthLabels": ["Sugar-Conscious", "Keto-Friendly", "Paleo", "Peanut-Free", "Tree-Nut-Free", "Soy-Free"],
            "cookTimeMinutes": 60,
            "prepTimeMinutes": 10,
            "ingredients": [
                "1/2 cup olive oil", "5 cloves garlic, peeled", "2 large russet potatoes, peeled and cut into chunks",
                "1 3-4 pound chicken, cut into 8 pieces", "3/4 cup white wine", "3/4 cup chicken stock",
                "3 tablespoons chopped parsley", "1 tablespoon dried oregano", "Salt and pepper",
                "1 cup frozen peas, thawed",
            ],
        });
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        Self {
            store: runtime.block_on(Store::open(&url, noon())).unwrap(),
            runtime,
            random: Arc::default(),
            draft: Draft::parse(draft.as_object().unwrap(), Scalars::Typed).unwrap(),
            _folder: folder,
        }
    }

    /// A session of the stored user.
    fn log_in(&self) -> SessionId {
        let (now, user) = (noon(), UserId::from_i64(1).unwrap());
        let token = RefreshToken::first(SessionId::new(now, bytes(&self.random)), bytes(&self.random));
        let session = NewSession { token, device: None, address: None };
        let limits = SessionLimits::new(Duration::from_hours(1), Duration::from_hours(1));
        let command = CreateSession { user, password_hash: None, session, limits };
        self.runtime.block_on(self.store.create_session(command, now)).unwrap().unwrap().id
    }

    fn inserts(tasks: usize) -> usize {
        tasks * Self::rounds(tasks)
    }

    fn rounds(tasks: usize) -> usize {
        (4_096 / tasks).clamp(16, 512)
    }

    /// Each task writes, waits until that is on disk, and writes again.
    fn insert(&self, tasks: usize) {
        let rounds = Self::rounds(tasks);
        self.runtime.block_on(async {
            let mut all = tokio::task::JoinSet::new();
            for _ in 0..tasks {
                let (store, random) = (self.store.clone(), Arc::clone(&self.random));
                let draft = self.draft.clone();
                all.spawn(async move {
                    for _ in 0..rounds {
                        let now = noon();
                        let new = NewRecipe::new(&draft, Uid::new(now, bytes(&random)), None);
                        store.create_recipe(new, Context::operator(now)).await.unwrap();
                    }
                });
            }
            all.join_all().await;
        });
    }
}
