//! Clients, keys, codes and grants of the authorization server: every write is guarded by what was found.

mod applications;
mod logouts;
mod requests;
mod revocations;

use std::time::Duration;

use accounts::audit::{Event, Filter};
use accounts::{TokenDigest, User};
use ids::SessionId;
use rstest_reuse::apply;
use store::{
    ClientRow, ConsentRow, GrantState, Identity, NewCode, NewConsent, NewGrant, NewIdentity, Outcome, Page,
    SigningKeyRow,
};
use tokio::task::JoinSet;

use super::{Database, TestStore, each_database, new_user};

const CLIENT: &str = "c_kitchen";

impl TestStore {
    fn digest(&self) -> TokenDigest {
        TokenDigest::of(&self.entropy.bytes::<32>())
    }

    pub(super) fn client_row(&self) -> ClientRow {
        ClientRow { id: CLIENT.into(), record: "{}".into(), created_at: self.now() }
    }

    async fn user_and_client(&self) -> User {
        assert!(self.create_client(self.client_row(), self.operator()).await.unwrap());
        self.user("ada").await
    }

    fn new_code(&self, user: &User, consent: Option<ConsentRow>) -> NewCode {
        NewCode {
            digest: self.digest(),
            record: "{\"a\":1}".into(),
            expires_at: self.now() + Duration::from_mins(11),
            user: user.id,
            client: CLIENT.into(),
            consent: consent.map(|consent| NewConsent { id: self.entropy.bytes(), consent }),
            pushed: None,
        }
    }

    async fn stored_code(&self, user: &User, consent: Option<ConsentRow>) -> TokenDigest {
        let new = self.new_code(user, consent);
        let digest = new.digest;
        assert_eq!(self.create_code(new, self.by(user.id)).await.unwrap(), Outcome::First);
        digest
    }

    fn state(&self) -> GrantState {
        let expires_at = self.now() + Duration::from_hours(1);
        GrantState { current: Some(self.digest()), record: "{}".into(), expires_at }
    }

    fn new_grant(&self, user: &User, session: Option<SessionId>) -> NewGrant {
        let (id, client) = (self.entropy.bytes(), CLIENT.to_owned());
        let [high, low] = self.entropy.bytes();
        let status_index = Some(u32::from(u16::from_be_bytes([high, low])));
        let logout_session = session;
        NewGrant { id, user: user.id, client, session, logout_session, status_index, state: self.state() }
    }

    /// A row in each table of the authorization server.
    pub(super) async fn fill_oauth(&self, user: &User) {
        assert!(self.create_client(self.client_row(), self.operator()).await.unwrap());
        let key = SigningKeyRow { kid: "a".into(), record: "{}".into(), sealed: vec![0, 255] };
        assert!(self.replace_signing_keys(Vec::new(), vec![key]).await.unwrap());
        let consent = ConsentRow { resource: None, scopes: "openid".into() };
        self.stored_code(user, Some(consent)).await;
        self.granted(user, None).await;
        self.get_or_create_identity(self.new_identity("fay"), self.now()).await.unwrap();
    }

    fn new_identity(&self, name: &str) -> NewIdentity {
        let identity = Identity { issuer: "https://id.example".into(), subject: name.to_owned() };
        NewIdentity { id: self.entropy.bytes(), identity, user: new_user(name) }
    }

    async fn has_grant(&self, id: [u8; 16]) -> bool {
        self.grant(id).await.unwrap().is_some()
    }

    /// A grant, of a code that was redeemed.
    pub(super) async fn granted(&self, user: &User, session: Option<SessionId>) -> NewGrant {
        let (code, grant) = (self.stored_code(user, None).await, self.new_grant(user, session));
        assert_eq!(self.redeem_code(code, grant.clone(), self.now()).await.unwrap(), Outcome::First);
        grant
    }
}

#[apply(each_database)]
#[tokio::test]
async fn client_is_replaced_only_as_it_was_found(database: Database) {
    let test = TestStore::on(database).await;
    let row = test.client_row();
    assert!(test.create_client(row.clone(), test.operator()).await.unwrap());
    assert!(!test.create_client(row.clone(), test.operator()).await.unwrap(), "the id is taken");
    let replace = |record: &str| {
        test.replace_client(row.clone(), record.to_owned(), Event::ClientChanged, test.operator())
    };
    assert!(replace("{\"a\":1}").await.unwrap());
    assert!(!replace("{\"a\":2}").await.unwrap(), "it was changed since");
    let found = test.client(CLIENT).await.unwrap().unwrap();
    assert_eq!((&*found.record, found.created_at), ("{\"a\":1}", row.created_at));
    assert_eq!(test.clients().await.unwrap(), [found]);
    assert!(test.delete_client(CLIENT, test.operator()).await.unwrap());
    assert!(!test.delete_client(CLIENT, test.operator()).await.unwrap());
    assert_eq!(test.client(CLIENT).await.unwrap(), None);
    let log = test.audit_log(Filter::default(), Page::longest(None)).await.unwrap().rows;
    let events: Vec<_> = log.iter().map(|entry| (&*entry.event, entry.detail.as_deref())).collect();
    let names = ["client_deleted", "client_changed", "client_created"];
    assert_eq!(events, names.map(|name| (name, Some(CLIENT))));
}

#[apply(each_database)]
#[tokio::test]
async fn keys_are_replaced_only_as_they_were_found(database: Database) {
    let test = TestStore::on(database).await;
    let key = |kid: &str| SigningKeyRow { kid: kid.into(), record: "{}".into(), sealed: vec![0, 255] };
    let first = vec![key("B"), key("a")];
    assert!(test.replace_signing_keys(Vec::new(), first.clone()).await.unwrap());
    assert!(!test.replace_signing_keys(Vec::new(), vec![key("c")]).await.unwrap());
    assert_eq!(test.signing_keys().await.unwrap(), first);
    assert!(test.replace_signing_keys(first, vec![key("c")]).await.unwrap());
    assert_eq!(test.signing_keys().await.unwrap(), [key("c")]);

    assert_eq!(test.data_key().await.unwrap(), None);
    assert!(test.replace_data_key(None, vec![1]).await.unwrap());
    assert!(!test.replace_data_key(None, vec![2]).await.unwrap());
    assert!(!test.replace_data_key(Some(vec![2]), vec![3]).await.unwrap());
    assert!(test.replace_data_key(Some(vec![1]), vec![3]).await.unwrap());
    assert_eq!(test.data_key().await.unwrap(), Some(vec![3]));
}

#[apply(each_database)]
#[tokio::test]
async fn second_use_of_a_code_ends_the_grant_of_the_first(database: Database) {
    let test = TestStore::on(database).await;
    let user = test.user_and_client().await;
    let code = test.stored_code(&user, None).await;
    let (first, second) = (test.new_grant(&user, None), test.new_grant(&user, None));
    assert_eq!(test.redeem_code(code, first.clone(), test.now()).await.unwrap(), Outcome::First);
    assert_eq!(test.code(code).await.unwrap().unwrap().grant, Some(first.id));
    let found = test.grant(first.id).await.unwrap().unwrap();
    assert_eq!((found.user, &*found.client), (user.id, CLIENT));
    assert_eq!(test.redeem_code(code, second.clone(), test.now()).await.unwrap(), Outcome::Replayed);
    assert!(!test.has_grant(first.id).await && !test.has_grant(second.id).await);
    assert_eq!(test.code(code).await.unwrap().unwrap().grant, Some(first.id), "it stays known as used");
}

#[apply(each_database)]
#[tokio::test]
async fn code_that_is_used_by_many_requests_at_once_has_one_winner(database: Database) {
    let test = TestStore::on(database).await;
    let user = test.user_and_client().await;
    let code = test.stored_code(&user, None).await;
    let mut requests = JoinSet::new();
    for _ in 0..16 {
        let (store, grant, now) = (test.store.clone(), test.new_grant(&user, None), test.now());
        requests.spawn(async move { store.redeem_code(code, grant, now).await.unwrap() });
    }
    let outcomes = requests.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::First).count(), 1, "{outcomes:?}");
    assert_eq!(test.sql("SELECT count(*) FROM grants").await, Some(0), "the replay ended the grant");
}

#[apply(each_database)]
#[tokio::test]
async fn deleted_code_and_deleted_user_are_gone(database: Database) {
    let test = TestStore::on(database).await;
    let user = test.user_and_client().await;
    let code = test.stored_code(&user, None).await;
    assert_eq!(test.delete_code(code).await.unwrap(), Outcome::First);
    assert_eq!(test.delete_code(code).await.unwrap(), Outcome::Gone);
    let grant = test.new_grant(&user, None);
    assert_eq!(test.redeem_code(code, grant, test.now()).await.unwrap(), Outcome::Gone);

    let code = test.stored_code(&user, None).await;
    let no_session = test.new_grant(&user, Some(SessionId::new(test.now(), test.entropy.bytes())));
    assert_eq!(test.redeem_code(code, no_session, test.now()).await.unwrap(), Outcome::Gone);
    assert_eq!(test.code(code).await.unwrap().unwrap().grant, None);
}

#[apply(each_database)]
#[tokio::test]
async fn refresh_token_is_rotated_once(database: Database) {
    let test = TestStore::on(database).await;
    let user = test.user_and_client().await;
    let grant = test.granted(&user, None).await;
    let (current, next) = (grant.state.current.unwrap(), test.state());
    assert_eq!(test.rotate_grant(grant.id, current, next.clone()).await.unwrap(), Outcome::First);
    assert_eq!(test.rotate_grant(grant.id, current, test.state()).await.unwrap(), Outcome::Replayed);
    assert_eq!(test.rotate_grant(grant.id, next.current.unwrap(), next).await.unwrap(), Outcome::First);
    assert_eq!(test.end_grant(grant.id).await.unwrap(), Outcome::First);
    assert_eq!(test.end_grant(grant.id).await.unwrap(), Outcome::Gone);
    assert_eq!(test.rotate_grant(grant.id, current, test.state()).await.unwrap(), Outcome::Gone);
}

#[apply(each_database)]
#[tokio::test]
async fn grant_ends_with_its_session_its_client_and_its_user(database: Database) {
    let test = TestStore::on(database).await;
    let user = test.user_and_client().await;
    let session = test.logs_in(&user).await.session();
    let (bound, offline) = (test.granted(&user, Some(session)).await, test.granted(&user, None).await);
    test.end_session(user.id, session, test.by(user.id)).await.unwrap();
    assert!(!test.has_grant(bound.id).await && test.has_grant(offline.id).await);

    test.delete_client(CLIENT, test.operator()).await.unwrap();
    assert!(!test.has_grant(offline.id).await);

    assert!(test.create_client(test.client_row(), test.operator()).await.unwrap());
    let grant = test.granted(&user, None).await;
    test.remove_user(user.id, test.operator()).await.unwrap();
    assert!(!test.has_grant(grant.id).await);
}

#[apply(each_database)]
#[tokio::test]
async fn consent_is_stored_with_its_code_and_once(database: Database) {
    let test = TestStore::on(database).await;
    let user = test.user_and_client().await;
    let consent = |resource: Option<&str>, scopes: &str| ConsentRow {
        resource: resource.map(str::to_owned),
        scopes: scopes.to_owned(),
    };
    let (plain, api) = (consent(None, "openid"), consent(Some("https://a.example/api"), "openid"));
    for consent in [&plain, &api, &plain] {
        test.stored_code(&user, Some(consent.clone())).await;
    }
    assert_eq!(test.consents(user.id, CLIENT).await.unwrap(), [plain, api]);
    assert_eq!(test.consents(user.id, "c_other").await.unwrap(), []);
}

#[apply(each_database)]
#[tokio::test]
async fn expired_codes_and_grants_are_deleted_on_the_way(database: Database) {
    let test = TestStore::on(database).await;
    let user = test.user_and_client().await;
    for _ in 0..9 {
        test.granted(&user, None).await;
    }
    test.clock.advance(Duration::from_hours(2));
    test.granted(&user, None).await;
    assert_eq!(test.sql("SELECT count(*) FROM codes").await, Some(2), "eight were deleted");
    assert_eq!(test.sql("SELECT count(*) FROM grants").await, Some(2), "eight were deleted");
}

#[apply(each_database)]
#[tokio::test]
async fn cookie_of_pages_finds_the_session_until_it_ends(database: Database) {
    let test = TestStore::on(database).await;
    let user = test.user("ada").await;
    let (session, browser) = (test.logs_in(&user).await.session(), test.digest());
    assert_eq!(test.browser_session(browser).await.unwrap(), None);
    test.set_session_browser(session, browser).await.unwrap();
    let found = test.browser_session(browser).await.unwrap().unwrap();
    assert_eq!((found.session, found.user.id, found.created_at), (session, user.id, test.now()));
    test.end_session(user.id, session, test.by(user.id)).await.unwrap();
    assert_eq!(test.browser_session(browser).await.unwrap(), None);
}

#[apply(each_database)]
#[tokio::test(flavor = "multi_thread")]
async fn identity_becomes_one_user_though_many_requests_see_it_first(database: Database) {
    let test = TestStore::on(database).await;
    let identity = test.new_identity("fay").identity;
    assert_eq!(test.user_of_identity(&identity).await.unwrap(), None);
    let mut requests = JoinSet::new();
    for number in 0..8 {
        let mut new = test.new_identity("fay");
        new.user = new_user(&format!("fay{number}"));
        let (store, now) = (test.store.clone(), test.now());
        requests.spawn(async move { store.get_or_create_identity(new, now).await.unwrap().id });
    }
    let mut ids = requests.join_all().await;
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");
    assert_eq!(test.user_of_identity(&identity).await.unwrap().unwrap().id, ids[0]);
    let other = Identity { issuer: "https://other.example".into(), ..identity };
    assert_eq!(test.user_of_identity(&other).await.unwrap(), None);
}
