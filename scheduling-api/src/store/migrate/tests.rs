use std::{collections::BTreeSet, fs, path::Path};

use super::*;
use crate::store::{Location, StoreSettings};

#[test]
fn every_file_is_listed_once_and_numbered_alike() {
    for folder in ["sqlite", "postgres"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(folder);
        let files: BTreeSet<String> = fs::read_dir(path)
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        let listed: BTreeSet<String> =
            MIGRATIONS.iter().map(|migration| format!("{}.sql", migration.name)).collect();
        assert_eq!(files, listed, "{folder}");
    }
    for pair in MIGRATIONS.windows(2) {
        assert!(pair[0].number < pair[1].number);
    }
    for migration in MIGRATIONS {
        assert!(migration.name.starts_with(&format!("{:04}_", migration.number)));
    }
}

#[tokio::test]
async fn a_migration_that_fails_half_way_leaves_the_old_schema_serving() {
    let folder = Folder::new("half-way");
    let location = Location::Sqlite(folder.0.join("bedside.db"));
    let store = Store::open(&StoreSettings::at(location.clone())).await.unwrap();
    let broken = Migration {
        number: 9999,
        name: "9999_broken",
        sqlite: "ALTER TABLE clinic ADD COLUMN motto TEXT; INSERT INTO nowhere VALUES (1);",
        postgres: "",
    };
    let error = run(&store, &[broken]).await.unwrap_err();
    assert!(matches!(error, StoreError::Schema(_)), "{error:?}");
    let mut tx = store.read(Scope::Platform).await.unwrap();
    assert!(tx.rows("SELECT motto FROM clinic", vec![]).await.is_err());
    assert!(tx.rows("SELECT name FROM clinic", vec![]).await.unwrap().is_empty());
    drop(tx);
    store.close().await;
    assert!(Store::open(&StoreSettings::at(location)).await.is_ok());
}

#[tokio::test]
async fn an_edited_migration_is_refused() {
    let folder = Folder::new("edited");
    let location = Location::Sqlite(folder.0.join("bedside.db"));
    let store = Store::open(&StoreSettings::at(location)).await.unwrap();
    let edited = Migration {
        number: 1,
        name: "0001_foundation",
        sqlite: "SELECT 1;",
        postgres: "SELECT 1;",
    };
    assert!(matches!(run(&store, &[edited]).await, Err(StoreError::Schema(_))));
}

/// A folder of this test's own, removed at its end.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("bedside-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
