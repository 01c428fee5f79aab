//! From one store to another by a file.

#![allow(clippy::unwrap_used, reason = "in a test the panic is the report")]

use std::fs::File;
use std::io::{self, Cursor, Error, Read, Seek, SeekFrom};
use std::sync::OnceLock;

use jiff::Timestamp;
use lookback_domain::{Environment, OrgId, Preference, Provider, Region, TeamId};
use lookback_moving::{ImportError, Imported, export, import};
use lookback_store::testing::{Model, by, dump, property};
use lookback_store::{KeptPreferences, Lifecycle, Moving, Org, OrgStore, Row, Store, Team};
use lookback_store_postgres::PostgresStore;
use lookback_store_postgres::testing::database;
use lookback_store_sqlite::{Options, SqliteStore};
use proptest::prelude::*;
use tempfile::TempDir;
use uuid::Uuid;

fn sqlite() -> (SqliteStore, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    (SqliteStore::open(&directory.path().join("lookback.db"), &Options::default()).unwrap(), directory)
}

async fn exported(store: &dyn Store, file: &mut File) -> u64 {
    export(store, file, "test", Timestamp::UNIX_EPOCH, &mut |_| {}).await.unwrap()
}

/// What an export writes.
async fn bytes(store: &dyn Store) -> Vec<u8> {
    let mut file = tempfile::tempfile().unwrap();
    exported(store, &mut file).await;
    whole(&mut file)
}

fn whole(file: &mut File) -> Vec<u8> {
    let mut bytes = Vec::new();
    file.rewind().unwrap();
    file.read_to_end(&mut bytes).unwrap();
    bytes
}

async fn imported(bytes: &[u8], store: &dyn Store) -> Result<Imported, ImportError> {
    import(&mut Cursor::new(bytes), store, &mut |_| {}).await
}

fn org(n: u128, name: &str) -> Row {
    Row::Org(Org { id: OrgId(Uuid::from_u128(n)), name: name.to_owned(), created_at: Timestamp::UNIX_EPOCH })
}

/// More than fits between two digests, and than is read at once.
fn many() -> Vec<Row> {
    let at = Timestamp::from_microsecond(1_700_000_000_123_456).unwrap();
    let orgs = (0..1200).map(|n| org(n, &format!("org {n}")));
    let teams = (0..1200_u128).map(|n| {
        Row::Team(Team {
            id: TeamId(Uuid::from_u128(n)),
            org_id: OrgId(Uuid::from_u128(n / 2)),
            name: "line\nbreak".to_owned(),
            region: Region::Eu,
            integration_team_id: Some(format!("{n}")),
            created_at: at,
        })
    });
    let preference = Preference { default: 7.try_into().unwrap(), overrides: [].into() };
    let preferences = (0..1200).map(|n| {
        let providers = [(Provider::Oura, (preference.clone(), at))].into();
        let team_id = TeamId(Uuid::from_u128(n));
        Row::Preferences(KeptPreferences { team_id, environment: Environment::Sandbox, providers })
    });
    orgs.chain(teams).chain(preferences).collect()
}

async fn furnished() -> (SqliteStore, TempDir) {
    let (store, directory) = sqlite();
    store.restore(many()).await.unwrap();
    (store, directory)
}

/// What an export of it writes.
fn written() -> &'static [u8] {
    static WRITTEN: OnceLock<Vec<u8>> = OnceLock::new();
    WRITTEN.get_or_init(|| run(async { bytes(&furnished().await.0).await }))
}

fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap().block_on(test)
}

#[test]
fn whatever_is_in_a_store_arrives_in_another_as_it_was() {
    property::arrives_as_it_was(&async |model: &Model| {
        let (store, _directory) = sqlite();
        let there = bytes(model).await;
        imported(&there, &store).await.unwrap();
        let back = Model::new();
        imported(&bytes(&store).await, &back).await.unwrap();
        assert_eq!(bytes(&back).await, there, "and back again it is the same to the byte");
        dump(&store, 100).await
    });
}

#[test]
fn whatever_is_in_a_store_arrives_in_postgresql_and_back_as_it_was() {
    property::arrives_as_it_was(&async |model: &Model| {
        let there = bytes(model).await;
        // Where PostgreSQL cannot be had whoever gives it says so.
        let Some(database) = database().await else { return dump(model, 100).await };
        let postgres =
            PostgresStore::open(database.url(), &lookback_store_postgres::Options::default()).await.unwrap();
        imported(&there, &postgres).await.unwrap();
        assert_eq!(imported(&there, &postgres).await.unwrap().new, 0, "it is recognised");
        let back = bytes(&postgres).await;
        assert_eq!(back, there, "what PostgreSQL exports is the same to the byte");
        let (store, _directory) = sqlite();
        imported(&back, &store).await.unwrap();
        dump(&store, 100).await
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_a_part_goes_to_postgresql_and_back() {
    let Some(database) = database().await else { return };
    let postgres =
        PostgresStore::open(database.url(), &lookback_store_postgres::Options::default()).await.unwrap();
    let (source, _directory) = furnished().await;
    let there = bytes(&source).await;
    assert_eq!(imported(&there, &postgres).await.unwrap(), Imported { rows: 3600, new: 3600 });
    assert!(bytes(&postgres).await == there);
    postgres.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_people_write_breaks_a_line() {
    let names = [
        "",
        " ",
        "\n{\"end\":{}}\n",
        "\r\n",
        "\u{2028}\u{85}",
        "\u{0}\u{1}\u{1b}[2J",
        "\\\"\\",
        "🫀\u{10ffff}\u{feff}",
        "{\"org\":{}}",
        &"x".repeat(1 << 20),
    ];
    let model = Model::new();
    model.restore(names.iter().zip(0..).map(|(name, n)| org(n, name)).collect()).await.unwrap();
    let written = bytes(&model).await;
    assert_eq!(written.iter().filter(|&&byte| byte == b'\n').count(), names.len() + 2, "one row a line");
    let (store, _directory) = sqlite();
    assert_eq!(imported(&written, &store).await.unwrap().new, names.len() as u64);
    assert_eq!(dump(&store, 3).await, dump(&model, 100).await);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(0), ..ProptestConfig::default() })]

    #[test]
    fn an_export_that_was_interrupted_goes_on_to_the_same_end(cut in 0.0..1.0) {
        run(async {
            let (store, _directory) = furnished().await;
            let expected = bytes(&store).await;
            let mut file = tempfile::tempfile().unwrap();
            exported(&store, &mut file).await;
            file.set_len((expected.len() as f64 * cut) as u64).unwrap();
            let later = Timestamp::from_second(1).unwrap();
            assert_eq!(export(&store, &mut file, "test", later, &mut |_| {}).await.unwrap(), 3600);
            let text = String::from_utf8(whole(&mut file)).unwrap();
            let (head, rest) = text.split_once('\n').unwrap();
            let began_anew = head.contains("1970-01-01T00:00:01Z");
            assert!(cut < 0.5 || !began_anew, "what is there of more than a part stays");
            if began_anew {
                assert_eq!(imported(text.as_bytes(), &sqlite().0).await.unwrap().rows, 3600);
            } else {
                assert!(format!("{head}\n{rest}").as_bytes() == expected);
            }
        });
    }

    #[test]
    fn an_import_that_was_interrupted_goes_on_to_the_same_end(cut in 0.0..1.0) {
        let written = written();
        run(async {
            let (store, _directory) = sqlite();
            // The file is read three times: before, while, and after it is imported.
            let budget = (written.len() as f64 * 3.0 * cut) as u64;
            let mut failing = Failing { file: Cursor::new(written), budget };
            let interrupted = import(&mut failing, &store, &mut |_| {}).await;
            assert!(matches!(interrupted, Err(ImportError::Io(_))), "{interrupted:?}");
            let there = dump(&store, 1000).await;
            assert!(there[..] == many()[..there.len()], "what is there is a beginning");
            let rest = imported(written, &store).await.unwrap();
            assert_eq!(rest, Imported { rows: 3600, new: 3600 - there.len() as u64 });
            assert!(dump(&store, 1000).await == many());
        });
    }

    #[test]
    fn what_was_cut_short_or_changed_is_refused_and_nothing_happens(at in 0.0..1.0, flip in 1..=255_u8) {
        let mut written = written().to_vec();
        run(async {
            let (store, _directory) = sqlite();
            let at = (written.len() as f64 * at) as usize;
            let cut_short = imported(&written[..at], &store).await.unwrap_err();
            assert!(!cut_short.to_string().is_empty());
            written[at] ^= flip;
            let refused = imported(&written, &store).await.unwrap_err();
            assert!(!matches!(refused, ImportError::Store(_) | ImportError::Missing { .. }), "{refused:?}");
            assert!(dump(&store, 10).await.is_empty());
        });
    }
}

/// A file that cannot be read any more once so many bytes were.
struct Failing<'a> {
    file: Cursor<&'a [u8]>,
    budget: u64,
}

impl Read for Failing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.budget).unwrap().min(buffer.len());
        if most == 0 {
            return Err(Error::other("unplugged"));
        }
        let read = self.file.read(&mut buffer[..most])?;
        self.budget -= read as u64;
        Ok(read)
    }
}

impl Seek for Failing<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_another_kind_or_version_is_named_as_such() {
    let (store, _directory) = sqlite();
    let written = String::from_utf8(bytes(&Model::new()).await).unwrap();
    for text in ["", "{", "{}\n", "[1]\n", "{\"org\":{}}\n", "SQLite format 3\0", &"x".repeat(1000)] {
        let refused = imported(text.as_bytes(), &store).await;
        assert!(matches!(refused, Err(ImportError::Foreign)), "{text}: {refused:?}");
    }
    let newer = written.replacen("\"format\":1", "\"format\":2,\"more\":true", 1);
    let refused = imported(newer.as_bytes(), &store).await.unwrap_err();
    assert!(matches!(refused, ImportError::Format { found: 2 }));
    assert!(refused.to_string().contains("format 2 and this program reads format 1"), "{refused}");
    let more = format!("{written}{}", "{}\n");
    assert!(matches!(imported(more.as_bytes(), &store).await, Err(ImportError::Damaged { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_holds_anything_else_is_refused_and_stays_as_it_is() {
    let model = Model::new();
    model.restore(vec![org(1, "one"), org(3, "three")]).await.unwrap();
    let written = bytes(&model).await;
    for (there, differs) in
        [(org(0, "x"), false), (org(2, "x"), false), (org(4, "x"), false), (org(3, "x"), true)]
    {
        let (store, _directory) = sqlite();
        store.restore(vec![there.clone()]).await.unwrap();
        match imported(&written, &store).await {
            Err(ImportError::Occupied { differs: found, .. }) => assert_eq!(found, differs),
            other => panic!("{other:?}"),
        }
        assert_eq!(dump(&store, 10).await, [there]);
    }
    let (store, _directory) = sqlite();
    store.restore(vec![org(3, "three")]).await.unwrap();
    assert_eq!(imported(&written, &store).await.unwrap(), Imported { rows: 2, new: 1 });
    assert_eq!(imported(&written, &store).await.unwrap(), Imported { rows: 2, new: 0 });
    assert_eq!(dump(&store, 10).await, dump(&model, 10).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_does_not_go_on_from_what_has_changed_since() {
    let (store, _directory) = furnished().await;
    let mut file = tempfile::tempfile().unwrap();
    exported(&store, &mut file).await;
    let length = file.metadata().unwrap().len();
    file.set_len(length - 10).unwrap();
    store.rename_org(OrgId(Uuid::nil()), "another".to_owned(), &by()).await.unwrap();
    exported(&store, &mut file).await;
    assert!(whole(&mut file) == bytes(&store).await);
}
